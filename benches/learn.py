"""What restricted Boltzmann machines of ours reach on MNIST, and how long that takes.

Needs the folder that MAGNETITE_DATA names. The two binarisations of MNIST, one sampled and one cut
at 0.5, differ by more than three nats: every figure names its file::

    python benches/learn.py cells               # 16 hidden units, exact likelihoods (minutes)
    python benches/learn.py sampled threshold   # 500 hidden units, brackets (20 minutes each)
    python benches/learn.py sampled --save rbm.npz --pictures docs/pictures
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
import magnetite.plots

Rows = NDArray[np.float32]

# PyDeep's documentation, RBM_MNIST_small: mean log-likelihood of the test part.
CELLS = {
    ("normal", "centered"): -142.56,
    ("normal", "plain"): -149.05,
    ("flipped", "centered"): -142.09,
    ("flipped", "plain"): -183.36,
}


def mnist(binarisation: str) -> tuple[Rows, Rows]:
    """Return 60,000 rows to learn from (training and validation part), and 10,000 to test."""
    folder = Path(os.environ["MAGNETITE_DATA"]) / "mnist_binary"
    with np.load(folder / f"mnist_{binarisation}.npz") as archive:
        parts = {
            name: archive[f"{name}.data"].astype(np.float32) for name in ("train", "valid", "test")
        }
    return np.concatenate([parts["train"], parts["valid"]]), parts["test"]


def cell(images: str, gradient: str, seed: int = 1) -> dict[str, Any]:
    """Return the exact test log-likelihood of 16 hidden units learnt by PCD-1."""
    train, test = mnist("threshold")
    if images == "flipped":
        train, test = 1 - train, 1 - test
    rbm = mg.RBM(784, 16)
    started = time.perf_counter()
    rbm.fit(
        train,
        negative=mg.PCD(num_chains=100, steps=1),
        optimizer=mg.SGD(0.01),
        gradient=gradient,
        epochs=50,
        batch_size=100,
        monitor_every=50,
        seed=seed,
    )
    seconds = time.perf_counter() - started
    found = rbm.log_likelihood(test)
    return {
        "images": images,
        "gradient": gradient,
        "test": found.value,
        "published": CELLS[images, gradient],
        "seconds": seconds,
    }


def large(
    binarisation: str, *, epochs: int, seed: int, save: Path | None, pictures: Path | None
) -> dict[str, Any]:
    """Return the bracket of the test log-likelihood of 500 hidden units."""
    train, test = mnist(binarisation)
    rbm = mg.RBM(784, 500)
    started = time.perf_counter()
    run = rbm.fit(
        train,
        negative=mg.PCD(num_chains=100, steps=5),
        optimizer=mg.SGD(mg.training.Cosine(0.05, 0.0005, begin=0.2)),
        epochs=epochs,
        batch_size=100,
        monitor_every=epochs,
        progress=sys.stderr.isatty(),
        seed=seed,
    )
    learning = time.perf_counter() - started
    if save is not None:
        rbm.save(save)
    if pictures is not None:
        draw(rbm, test, pictures)
    found = rbm.log_likelihood(test, seed=seed)
    low, high = found.bracket
    return {
        "binarisation": binarisation,
        "low": low,
        "high": high,
        "value": found.value,
        "reliable": found.reliable,
        "reason": found.reason,
        "updates": run.info["updates"],
        "learning_seconds": learning,
        "seconds": time.perf_counter() - started,
    }


def draw(rbm: mg.RBM, test: Rows, folder: Path) -> None:
    """Write pictures of a machine of digits: filters, samples by tempering, completed digits."""
    import matplotlib.pyplot as plt

    shape = (28, 28)
    rows = test[np.arange(0, 10 * 97, 97)].copy()
    known = rows.copy()
    known[:, 392:] = np.nan
    # Chains from data that were left alone for long, shown as means.
    _, h = rbm.gibbs(test[np.arange(30) * 101], num_steps=5000, seed=1)
    filled = rbm.inpaint(known, num_steps=500, num_chains=1, seed=1)
    folder.mkdir(parents=True, exist_ok=True)
    for name, axes in (
        ("filters", mg.plots.filters(rbm, shape, num_filters=32)),
        ("samples", mg.plots.samples(rbm.visible_means(h), shape)),
        ("inpainting", mg.plots.inpainting(known, filled, shape, original=rows)),
    ):
        axes.figure.savefig(folder / f"mnist_{name}.png", dpi=80)
        plt.close(axes.figure)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="+", choices=["cells", "sampled", "threshold"])
    parser.add_argument("--epochs", type=int, default=180, help="of 500 hidden units (default 180)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the last machine here")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw it into this folder")
    args = parser.parse_args()
    if "MAGNETITE_DATA" not in os.environ:
        print("MNIST is looked for in the folder that MAGNETITE_DATA names", file=sys.stderr)
        return 2
    for what in args.what:
        if what == "cells":
            for images, gradient in CELLS:
                print(json.dumps(cell(images, gradient, args.seed)), flush=True)
        else:
            found = large(
                what, epochs=args.epochs, seed=args.seed, save=args.save, pictures=args.pictures
            )
            print(json.dumps(found), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
