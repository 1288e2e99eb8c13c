"""What a deep Boltzmann machine reaches on MNIST, all of its layers learnt together.

Of 784, 500 and 1,000 units. Needs the folder that MAGNETITE_DATA names. The bound on the test rows
is printed beside the -84.62 nats of Salakhutdinov and Hinton (2009), whose layers were trained one
by one first. The binarisation is the sampled one, unless --binarisation says otherwise::

    python benches/dbm.py mnist --epochs 150 --steps 2 --rate 0.03 --save dbm.npz
    python benches/dbm.py mnist --load dbm.npz --epochs 0   # measures a machine that was saved
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import magnetite as mg
from learn import Rows, mnist

PUBLISHED = -84.62


def train(dbm: mg.DBM, rows: Rows, args: argparse.Namespace) -> dict[str, Any]:
    """Have a machine learn the rows; return what its training was."""
    run = dbm.fit(
        rows,
        negative=mg.PCD(num_chains=100, steps=args.steps),
        optimizer=mg.SGD(mg.training.Cosine(args.rate)),
        epochs=args.epochs,
        batch_size=100,
        monitor_every=args.epochs,
        checkpoint=args.checkpoint,
        resume=args.checkpoint is not None,
        progress=sys.stderr.isatty(),
        num_threads=args.threads,
        seed=args.seed,
    )
    if args.save is not None:
        dbm.save(args.save)
    return {
        "epochs": run.info["epochs"],
        "steps": args.steps,
        "rate": args.rate,
        "updates": run.info["updates"],
        "learning_seconds": round(run.info["seconds"], 1),
    }


def measure(dbm: mg.DBM, test: Rows, args: argparse.Namespace) -> dict[str, Any]:
    """Return the bound with its bracket, and that of log Z."""
    started = time.perf_counter()
    found = dbm.log_likelihood_bound(
        test,
        num_betas=args.betas,
        time_limit=args.time_limit,
        num_threads=args.threads,
        progress=sys.stderr.isatty(),
        seed=args.seed,
    )
    return {
        "low": found.bracket[0],
        "high": found.bracket[1],
        "value": found.value,
        "log_z": found.log_z.bracket,
        "reason": found.reason,
        "iterations": round(float(found.mean_field.iterations.mean()), 1),
        "converged": float(found.mean_field.converged.mean()),
        "published": PUBLISHED,
        "measuring_seconds": round(time.perf_counter() - started, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["mnist"])
    parser.add_argument("--binarisation", choices=["sampled", "threshold"], default="sampled")
    parser.add_argument("--epochs", type=int, default=100, help="0 measures only (default 100)")
    parser.add_argument("--steps", type=int, default=5, help="block Gibbs steps (default 5)")
    parser.add_argument("--rate", type=float, default=0.02, help="falls to zero (default 0.02)")
    parser.add_argument("--betas", type=int, default=10_000, help="of annealing (default 10,000)")
    parser.add_argument("--time-limit", type=float, metavar="SECONDS", help="of annealing")
    parser.add_argument("--threads", type=int, help="all cores by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the machine here")
    parser.add_argument("--load", type=Path, metavar="FILE", help="begin with this machine")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="go on from here, if there")
    args = parser.parse_args()
    if "MAGNETITE_DATA" not in os.environ:
        print("MNIST is looked for in the folder that MAGNETITE_DATA names", file=sys.stderr)
        return 2
    rows, test = mnist(args.binarisation)
    dbm = mg.DBM([784, 500, 1000]) if args.load is None else mg.load(args.load)
    facts = train(dbm, rows, args) if args.epochs else {}
    figures = {"binarisation": args.binarisation} | facts | measure(dbm, test, args)
    figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(figures), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
