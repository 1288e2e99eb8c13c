"""Scores on real digits, each against its own few lines of NumPy."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
import magnetite.likelihood.enumerate as enumerate_states
from magnetite import memory
from magnetite.likelihood import TwoSampleScores, scores, two_sample_scores
from magnetite.likelihood.enumerate import Enumeration, exact_draws
from magnetite.likelihood.watch import Watch


@pytest.fixture(scope="module")
def digits(data_dir: Path) -> Any:
    """Return the 8 x 8 digits as bits."""
    file = next((data_dir / "digits").glob("*.npz"))
    with np.load(file) as arrays:
        pixels = next(arrays[name] for name in arrays.files if arrays[name].ndim == 2)
    return (pixels > 8).astype(np.float64)


@pytest.fixture(scope="module")
def rbm() -> mg.RBM:
    rng = np.random.default_rng(1)
    bias = [0.5 * rng.normal(size=n) for n in (64, 16)]
    weights = 0.4 * rng.normal(size=(64, 16))
    return mg.RBM(
        64, 16, weights=weights, visible_bias=bias[0], hidden_bias=bias[1], dtype="float64"
    )


def free_energies(rbm: mg.RBM, v: Any) -> Any:
    """Return the textbook formula."""
    inputs = v @ rbm.weights + rbm.hidden_bias
    return -(v @ rbm.visible_bias) - np.logaddexp(0, inputs).sum(axis=1)


def test_exact_pseudo_likelihood(rbm: mg.RBM, digits: Any) -> None:
    v, total = digits[:200], np.zeros(200)
    for i in range(64):
        other = v.copy()
        other[:, i] = 1 - other[:, i]
        gap = free_energies(rbm, other) - free_energies(rbm, v)
        total -= np.log1p(np.exp(-gap))
    np.testing.assert_allclose(rbm.pseudo_log_likelihood(v), total, atol=1e-10)


def test_one_bit_is_the_formula_of_scikit_learn(rbm: mg.RBM, digits: Any) -> None:
    """``-n log(1 + exp(F(v) - F(v')))`` with one bit of each row turned."""
    v = digits[:300]
    found = rbm.pseudo_log_likelihood(v, num_sites=1, seed=7)
    turned = np.stack([np.abs(v - np.eye(64)[i]) for i in range(64)])
    energies = np.stack([free_energies(rbm, rows) for rows in turned])
    formula = -64 * np.logaddexp(0, -(energies - free_energies(rbm, v)))
    assert np.abs(formula - found).min(axis=0).max() < 1e-10
    chosen = np.abs(formula - found).argmin(axis=0)
    assert len(np.unique(chosen)) > 50


def test_free_energy_gap(rbm: mg.RBM, digits: Any) -> None:
    gap = free_energies(rbm, digits[1000:]).mean() - free_energies(rbm, digits[:1000]).mean()
    assert rbm.free_energy_gap(digits[:1000], digits[1000:]) == pytest.approx(gap, abs=1e-10)


def test_log_likelihood(rbm: mg.RBM, digits: Any) -> None:
    inputs = rbm.hidden.states(0, 2**16) @ rbm.weights.T + rbm.visible_bias
    own = rbm.hidden.states(0, 2**16) @ rbm.hidden_bias
    log_z = np.logaddexp.reduce(own + np.logaddexp(0, inputs).sum(axis=1))
    mean = float((-free_energies(rbm, digits)).mean() - log_z)
    assert rbm.log_likelihood(digits).value == pytest.approx(mean, abs=1e-10)


def oracle(a: Any, b: Any) -> TwoSampleScores:
    """Return two-sample scores with loops over pairs of rows."""
    n = len(a)
    d = np.array([[((x - y) ** 2).sum() for y in np.r_[a, b]] for x in np.r_[a, b]])
    nearest = np.where(np.eye(2 * n, dtype=bool), np.inf, d)
    tied = nearest == nearest.min(1)[:, None]
    own_a = tied[:n, :n].sum(1) / tied[:n].sum(1)
    own_b = tied[n:, n:].sum(1) / tied[n:].sum(1)
    width = np.sqrt(np.median(d[np.triu_indices(2 * n, 1)]))
    k = np.exp(-d / (2 * width**2))
    same = [(block.sum() - n) / (n * (n - 1)) for block in (k[:n, :n], k[n:, n:])]
    cov = np.cov(a.T, bias=True) - np.cov(b.T, bias=True)
    return TwoSampleScores(
        aats_data=own_b.mean(),
        aats_samples=own_a.mean(),
        mmd=sum(same) - 2 * k[:n, n:].mean(),
        bandwidth=width,
        mean_error=np.sqrt(((a.mean(0) - b.mean(0)) ** 2).mean()),
        covariance_error=np.sqrt((cov[np.triu_indices(len(cov))] ** 2).mean()),
    )


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_two_sample_scores(digits: Any, noise: float) -> None:
    rng = np.random.default_rng(2)
    a, b = digits[:150], digits[150:300]
    a = np.where(rng.random(a.shape) < noise, 1 - a, a)
    found, expected = two_sample_scores(a, b), oracle(a, b)
    for name in vars(expected):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-10), name


def test_copies_are_found_out(digits: Any) -> None:
    rows = np.unique(digits[:300], axis=0)
    found = two_sample_scores(rows, rows)
    assert (found.aats_data, found.aats_samples) == (0.0, 0.0)
    assert (found.mean_error, found.covariance_error) == (0.0, 0.0)


@pytest.mark.parametrize("scale", [1.0, 1 / 3])
def test_samples_of_one_discrete_law_are_alike(scale: float) -> None:
    """Every row has many copies in both samples; so it does where distances are rounded."""
    rng = np.random.default_rng(1)
    a, b = (scale * rng.integers(0, 2, (400, 4)) for _ in range(2))
    found = two_sample_scores(a, b)
    assert found.aats_data == pytest.approx(0.5, abs=0.02)
    assert found.aats_samples == pytest.approx(0.5, abs=0.02)


def test_two_samples_of_one_value() -> None:
    found = two_sample_scores(np.ones((5, 2)), np.ones((5, 2)))
    assert found.aats == pytest.approx(4 / 9)
    assert (found.mmd, found.bandwidth) == (0.0, 0.0)


def peak(work: Callable[[], object]) -> int:
    """Return the most memory that NumPy held at a time, in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_what_is_claimed() -> None:
    a, b = np.random.default_rng(1).normal(size=(2, 600, 3))
    claim = scores.BYTES_A_PAIR * 600**2
    assert 0.9 * claim < peak(lambda: two_sample_scores(a, b)) < 1.05 * claim
    enumeration = Enumeration.of(mg.RBM(20, 18), 1)
    claim = enumerate_states.BYTES_A_STATE * 2**18
    seed, watch = np.random.SeedSequence(1), Watch.nothing()
    assert 0.9 * claim < peak(lambda: exact_draws(enumeration, 10, seed, watch)) < 1.1 * claim


def test_what_cannot_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 30 * 100**2)
    with pytest.raises(MemoryError, match="the distances of all pairs"):
        two_sample_scores(np.zeros((100, 2)), np.ones((100, 2)))
    with pytest.raises(MemoryError, match="the probabilities of all states"):
        exact_draws(Enumeration.of(mg.RBM(20, 14), 1), 1, np.random.SeedSequence(1), Watch())


@pytest.mark.parametrize(
    ("samples", "data", "message"),
    [
        (np.zeros((3, 2)), np.zeros((4, 2)), "the same shape"),
        (np.zeros((1, 2)), np.zeros((1, 2)), "at least 2 rows"),
        (np.zeros(3), np.zeros(3), r"samples must have shape \(rows, columns\)"),
        (np.full((2, 2), np.nan), np.zeros((2, 2)), "samples must be finite"),
    ],
)
def test_wrong_samples_are_refused(samples: Any, data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        two_sample_scores(samples, data)
