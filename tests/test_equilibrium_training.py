"""Verdicts on trained machines hold what they promise: samples are as good later as at k steps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.likelihood import two_sample_scores

pytestmark = pytest.mark.slow


def from_random_start(rbm: mg.RBM, count: int, num_steps: int) -> np.ndarray:
    start = np.random.default_rng(3).random((count, rbm.n_visible)) < 0.5
    return rbm.gibbs(start, num_steps=num_steps, seed=5)[0]


def test_in_equilibrium_late_samples_look_like_those_of_the_training(data_dir: Path) -> None:
    X = (np.load(data_dir / "digits" / "digits.npz")["X"] > 7).astype(np.float64)
    X = X[np.random.default_rng(1).permutation(len(X))]
    learnt, others = X[:1000], X[1000:]
    monitor = mg.training.EquilibriumMonitor(every=50)
    kept: list[Any] = []
    rbm = mg.RBM(64, 32)
    result = rbm.fit(
        learnt,
        negative=mg.PCD(num_chains=2 * len(others), steps="auto"),
        optimizer=mg.SGD(0.05),
        epochs=50,
        monitor_every=50,
        callbacks=[monitor, lambda progress: kept.append(progress.negative)],
        seed=1,
    )
    samples = kept[-1].states(), from_random_start(rbm, 2 * len(others), 10_000)
    now, late = (
        np.mean([two_sample_scores(half, others).aats for half in np.split(rows, 2)])
        for rows in samples
    )
    print(f"{monitor.verdicts[-1]}; AATS {now:.3f} at k, {late:.3f} after 10,000 steps")
    assert monitor.verdicts[-1]
    assert result.history["equilibrium"][-1] == 1
    assert 1 < result.history["steps"][-1] < 100
    assert abs(late - now) < 0.03


def test_contrastive_divergence_learns_a_machine_that_is_out_of_equilibrium(data_dir: Path) -> None:
    with np.load(data_dir / "mnist_binary" / "mnist_threshold.npz") as file:
        X = file["train.data"][:5000].astype(np.float32)
    learnt, others, rows = X[:4000], X[4000:4500], X[4500:]
    rbm = mg.RBM(784, 64)
    rbm.fit(
        learnt, negative=mg.CD(), optimizer=mg.SGD(0.05, momentum=0.9), epochs=20,
        monitor_every=20, seed=1,
    )  # fmt: skip
    at_k = rbm.gibbs(rows, num_steps=1, seed=4)[0]
    verdict = mg.training.equilibrium(rbm, at_k, num_steps=500, seed=1)
    now = two_sample_scores(at_k, others).aats
    late = two_sample_scores(from_random_start(rbm, 500, 1000), others).aats
    print(f"{verdict}; AATS {now:.3f} at k, {late:.3f} after 1,000 steps")
    assert not verdict
    assert verdict.drift > 0.5
    assert late - now > 0.2
