"""Restricted Boltzmann machines: an epoch of CD-1, and persistent chains, beside other packages.

All do the same products on the same data with two threads. Ours skip zeros of the data: shares of
the rate of a dense product are shares of the work that a dense program would do.
"""

import contextlib
import functools
import importlib.util
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

try:
    from threadpoolctl import threadpool_limits
except ImportError:  # without scikit-learn
    threadpool_limits = None

if TYPE_CHECKING:
    import magnetite as mg

Record = dict[str, Any]
Data = NDArray[np.float32]

ROWS, VISIBLE, HIDDEN, BATCH = 20_000, 784, 500, 100
CHAINS, STEPS = 2000, 20
THREADS = 2
EPOCHS_OF_A_RUN = 10
RATE = 0.05
# Products of an epoch of CD-1: three between the layers, two of statistics.
EPOCH_FLOPS = 5 * 2 * ROWS * VISIBLE * HIDDEN
STEP_FLOPS = 2 * 2 * CHAINS * VISIBLE * HIDDEN


def data() -> tuple[str, Data]:
    """Return thresholded MNIST where it is at hand, else bits as dense as it, and which it is."""
    folder = os.environ.get("MAGNETITE_DATA")
    path = Path(folder) / "mnist_binary" / "mnist_threshold.npz" if folder else None
    if path is None or not path.exists():
        bits = np.random.default_rng(1).random((ROWS, VISIBLE)) < 0.13
        return "random bits, 13 % ones", np.asarray(bits, np.float32)
    with np.load(path) as archive:
        rows = next(archive[name] for name in archive.files if "train" in name)
    return "MNIST cut at 0.5", np.ascontiguousarray(rows[:ROWS].reshape(ROWS, VISIBLE), np.float32)


def ours(rows: Data) -> float:
    """Return the seconds of an epoch of ours."""
    import magnetite as mg

    rbm = mg.RBM(VISIBLE, HIDDEN)
    started = time.perf_counter()
    rbm.fit(
        rows,
        negative=mg.CD(steps=1),
        optimizer=mg.SGD(RATE),
        epochs=EPOCHS_OF_A_RUN,
        batch_size=BATCH,
        monitor_every=EPOCHS_OF_A_RUN,
        seed=1,
        num_threads=THREADS,
    )
    return (time.perf_counter() - started) / EPOCHS_OF_A_RUN


def scikit_learn(rows: Data) -> float:
    """Return the seconds of an epoch of scikit-learn's, which is PCD-1: the same products."""
    from sklearn.neural_network import BernoulliRBM

    rbm = BernoulliRBM(HIDDEN, learning_rate=RATE, batch_size=BATCH, random_state=1)
    rbm.n_iter = EPOCHS_OF_A_RUN
    started = time.perf_counter()
    rbm.fit(rows)
    return (time.perf_counter() - started) / EPOCHS_OF_A_RUN


def plain_numpy(rows: Data) -> float:
    """Return the seconds of an epoch of a straightforward NumPy program."""
    rng = np.random.default_rng(1)
    w = rng.normal(0, 0.01, (VISIBLE, HIDDEN)).astype(np.float32)
    b, c = np.zeros(VISIBLE, np.float32), np.zeros(HIDDEN, np.float32)
    rate = np.float32(RATE / BATCH)
    started = time.perf_counter()
    for start in range(0, ROWS, BATCH):
        v = rows[start : start + BATCH]
        h_mean = 1 / (1 + np.exp(-(v @ w + c)))
        h = (rng.random(h_mean.shape, np.float32) < h_mean).astype(np.float32)
        v_mean = 1 / (1 + np.exp(-(h @ w.T + b)))
        v_new = (rng.random(v_mean.shape, np.float32) < v_mean).astype(np.float32)
        h_new = 1 / (1 + np.exp(-(v_new @ w + c)))
        w += rate * (v.T @ h_mean - v_new.T @ h_new)
        b += rate * (v - v_new).sum(axis=0)
        c += rate * (h_mean - h_new).sum(axis=0)
    return time.perf_counter() - started


def plain_torch(rows: Data) -> float:
    """Return the seconds of an epoch of a straightforward torch program."""
    import torch

    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    everything = torch.from_numpy(rows)
    w = 0.01 * torch.randn(VISIBLE, HIDDEN)
    b, c = torch.zeros(VISIBLE), torch.zeros(HIDDEN)
    rate = RATE / BATCH
    started = time.perf_counter()
    for v in everything.split(BATCH):
        h_mean = torch.sigmoid(v @ w + c)
        v_new = torch.bernoulli(torch.sigmoid(torch.bernoulli(h_mean) @ w.T + b))
        h_new = torch.sigmoid(v_new @ w + c)
        w += rate * (v.T @ h_mean - v_new.T @ h_new)
        b += rate * (v - v_new).sum(0)
        c += rate * (h_mean - h_new).sum(0)
    return time.perf_counter() - started


def our_chains(rows: Data) -> float:
    """Return the seconds of a step of ours for all chains."""
    rbm = trained()
    start = rows[:CHAINS]
    rbm.gibbs(start, num_steps=1, seed=1, num_threads=THREADS)
    started = time.perf_counter()
    rbm.gibbs(start, num_steps=STEPS, seed=1, num_threads=THREADS)
    return (time.perf_counter() - started) / STEPS


def chains_of_rbms(rows: Data) -> float:
    """Return the seconds of a step of `rbms` for all chains, of the same machine."""
    import torch
    from rbms.bernoulli_bernoulli.classes import BBRBM

    torch.set_num_threads(THREADS)
    rbm = trained()
    theirs = BBRBM(
        weight_matrix=torch.from_numpy(rbm.weights),
        vbias=torch.from_numpy(rbm.visible_bias),
        hbias=torch.from_numpy(rbm.hidden_bias),
    )
    chains = theirs.init_chains(CHAINS, start_v=torch.from_numpy(rows[:CHAINS]))
    chains = theirs.sample_state(chains, n_steps=1)
    started = time.perf_counter()
    theirs.sample_state(chains, n_steps=STEPS)
    return (time.perf_counter() - started) / STEPS


@functools.cache
def trained() -> "mg.RBM":
    """Return a machine after an epoch: its chains look like data."""
    import magnetite as mg

    rbm = mg.RBM(VISIBLE, HIDDEN)
    rbm.fit(data()[1], negative=mg.CD(), optimizer=mg.SGD(RATE), epochs=1, seed=1)
    return rbm


def gemm(rows: Data) -> float:
    """Return the seconds of a product of NumPy's that has the size of a half step of the chains."""
    v, w = rows[:CHAINS], trained().weights
    v @ w
    started = time.perf_counter()
    for _ in range(STEPS):
        v @ w
    return (time.perf_counter() - started) / STEPS


Way = tuple[str, str, Callable[[Data], float]]

EPOCHS: list[Way] = [
    ("magnetite", "magnetite", ours),
    ("scikit-learn", "sklearn", scikit_learn),
    ("plain torch", "torch", plain_torch),
    ("plain NumPy", "numpy", plain_numpy),
]
STATES: list[Way] = [("magnetite", "magnetite", our_chains), ("rbms", "rbms", chains_of_rbms)]


def measure(repeats: int) -> list[Record]:
    """Return medians of what can be measured here, all in turn in one run, and ratios to ours."""
    name_of_data, rows = data()
    seconds: dict[tuple[str, str], list[float]] = {}
    rates = []
    limits = threadpool_limits(THREADS) if threadpool_limits else contextlib.nullcontext()
    with limits:
        for _ in range(max(repeats, 3)):
            rates.append(STEP_FLOPS / 2 / gemm(rows))
            for task, ways in (("epoch of CD-1", EPOCHS), ("step of 2,000 chains", STATES)):
                for name, package, run in ways:
                    if importlib.util.find_spec(package):
                        seconds.setdefault((task, name), []).append(run(rows))
    rate = median(rates)
    records = []
    for (task, name), times in seconds.items():
        own = median(seconds[task, "magnetite"])
        flops = EPOCH_FLOPS if task.startswith("epoch") else STEP_FLOPS
        records.append(
            {
                "task": task,
                "data": name_of_data,
                "package": name,
                "seconds": median(times),
                "ratio": median(times) / own,
                "gflops": flops / median(times) / 1e9,
                "share_of_gemm": flops / median(times) / rate,
            }
        )
    return records
