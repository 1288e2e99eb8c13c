"""Replica exchange of a +-J cube: ours beside peapods, and what exchange and measurement cost."""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

Record = dict[str, Any]

# Length of the cube; sweeps of ours, so many that a new best state is rare; and of peapods.
SIZES = {16: (16_000, 300), 32: (2000, 30)}
BETAS = np.linspace(0.4, 2.0, 32)
NUM_LADDERS = 2
NUM_THREADS = 2
FOLDER = Path(__file__).parents[1]


def lattice(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the edges (rows, columns, +-1) of a periodic cube."""
    sites = np.arange(size**3).reshape(size, size, size)
    rows = np.tile(sites.ravel(), 3)
    columns = np.concatenate([np.roll(sites, -1, axis).ravel() for axis in range(3)])
    return rows, columns, np.random.default_rng(size).choice([-1.0, 1.0], rows.size)


def ours(size: int, sweeps: int, seed: int, *, bare: bool = False) -> float:
    """Return our updates/s; `bare` without exchanges and measurements."""
    import magnetite as mg

    model = mg.Ising(lattice(size))
    rest: dict[str, Any] = {"swap_interval": 2 * sweeps, "observe_interval": 0, "thin": sweeps}
    # Linear betas leave some neighbours of the larger cube apart, and a warning says so.
    warnings.simplefilter("ignore", RuntimeWarning)
    result = mg.temper(
        model,
        betas=BETAS,
        num_ladders=NUM_LADDERS,
        num_sweeps=sweeps,
        warmup=0,
        cluster_moves=False,
        seed=seed,
        num_threads=NUM_THREADS,
        **(rest if bare else {}),
    )
    return size**3 * BETAS.size * NUM_LADDERS * sweeps / result.info["timing"]["sampling"]


def peapods(size: int, sweeps: int) -> float:
    """Return the updates/s of peapods; it shows a bar on standard error that nobody asked for."""
    from peapods import Ising

    model = Ising(
        (size, size, size),
        couplings="bimodal",
        temperatures=1 / BETAS[::-1],
        n_replicas=NUM_LADDERS,
    )
    started = time.perf_counter()
    model.sample(sweeps, pt_interval=1, warmup_ratio=0.0)
    seconds = time.perf_counter() - started
    return size**3 * BETAS.size * NUM_LADDERS * sweeps / seconds


def in_subprocess(size: int, sweeps: int) -> float:
    """Measure peapods in a process of its own, whose pool of threads has the size that ours has."""
    done = subprocess.run(
        [sys.executable, "-m", "comparing.tempering", str(size), str(sweeps)],
        cwd=FOLDER,
        env={**os.environ, "RAYON_NUM_THREADS": str(NUM_THREADS)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout.splitlines()[-1]))


def measure(repeats: int, sizes: dict[int, tuple[int, int]] = SIZES) -> list[Record]:
    """Measure all in turn, so often, and return medians."""
    there = importlib.util.find_spec("peapods") is not None
    records = []
    for size, (sweeps, peer_sweeps) in sizes.items():
        rates: dict[str, list[float]] = {"full": [], "bare": [], "peapods": []}
        for repeat in range(repeats):
            rates["full"].append(ours(size, sweeps, repeat))
            rates["bare"].append(ours(size, sweeps, repeat, bare=True))
            if there:
                rates["peapods"].append(in_subprocess(size, peer_sweeps))
        middle = {name: statistics.median(found or [0.0]) for name, found in rates.items()}
        shares = [1 - full / bare for full, bare in zip(rates["full"], rates["bare"], strict=True)]
        records.append(
            {
                "size": size,
                "rungs": BETAS.size,
                "updates_per_second": middle["full"],
                "overhead": statistics.median(shares),
                "peapods": middle["peapods"] if there else None,
            }
        )
    return records


if __name__ == "__main__":
    print(json.dumps(peapods(int(sys.argv[1]), int(sys.argv[2]))))
