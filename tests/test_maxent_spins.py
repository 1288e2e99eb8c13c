"""Fields and couplings from moments: exact and by sampling, and moments that no spins have."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import magnetite as mg


def glass(n: int, seed: int, strength: float = 0.6) -> mg.Ising:
    rng = np.random.default_rng(seed)
    rows, cols = np.triu_indices(n, 1)
    couplings = rng.normal(size=rows.size) * strength / np.sqrt(n)
    return mg.Ising((rows, cols, couplings), 0.3 * rng.normal(size=n))


def moments(model: mg.Ising) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return exact means and the matrix of correlations of a model with all couplings."""
    found = mg.exact(model)
    matrix = np.eye(model.num_variables)
    matrix[tuple(found.edges)] = matrix[tuple(found.edges[::-1])] = found.correlations
    return found.mean, matrix


@given(st.integers(0, 2**32), st.integers(2, 6), st.floats(0.01, 2.0))
@settings(max_examples=40)
def test_models_are_found_again(seed: int, n: int, strength: float) -> None:
    model = glass(n, seed, strength)
    fit = mg.MaxEnt.spins(*moments(model))
    np.testing.assert_allclose(fit.model.core.fields(), model.core.fields(), atol=1e-6)
    np.testing.assert_allclose(fit.model.core.edges()[2], model.core.edges()[2], atol=1e-6)


def test_ten_spins() -> None:
    model = glass(10, seed=1)
    mean, matrix = moments(model)
    fit = mg.MaxEnt.spins(mean, matrix)
    assert (fit.method, fit.reliable, fit.reason) == ("exact", True, "")
    np.testing.assert_allclose(fit.model.core.fields(), model.core.fields(), rtol=0, atol=1e-6)
    np.testing.assert_allclose(fit.model.core.edges()[2], model.core.edges()[2], rtol=0, atol=1e-6)
    again = mg.exact(fit.model)
    np.testing.assert_allclose(again.mean, mean, rtol=0, atol=1e-9)
    np.testing.assert_allclose(again.correlations, matrix[tuple(fit.edges)], rtol=0, atol=1e-9)
    np.testing.assert_allclose(fit.mean, mean, rtol=0, atol=1e-9)
    assert np.abs(fit.differences).max() < 1e-9
    assert not fit.errors.any()


def test_pairs_that_are_not_given_have_no_coupling() -> None:
    """A ring: correlations of its edges are matched, and only those are coupled."""
    model = mg.Ising({(k, (k + 1) % 8): -0.5 for k in range(8)}, np.linspace(-0.2, 0.3, 8))
    found = mg.exact(model)
    for method in ("exact", "sampling"):
        pairs = (*found.edges[::-1], found.correlations)
        fit = mg.MaxEnt.spins(found.mean, pairs, method=method, seed=1)
        assert fit.edges.tolist() == found.edges.tolist()
        tolerance = 1e-9 if method == "exact" else 0.03
        np.testing.assert_allclose(fit.model.core.edges()[2], -0.5, rtol=0, atol=tolerance)


def test_moments_by_sampling() -> None:
    """Judged by exact moments of what was found: within errors of all draws of the climb."""
    mean, matrix = moments(glass(12, seed=2))
    fit = mg.MaxEnt.spins(mean, matrix, method="sampling", seed=1)
    assert (fit.method, fit.reliable) == ("sampling", True)
    again = mg.exact(fit.model)
    target = np.concatenate([mean, matrix[tuple(fit.edges)]])
    truth = np.concatenate([again.mean, again.correlations])
    assert np.abs((truth - target) / fit.errors).max() < 3
    assert np.abs(fit.differences / fit.errors).max() < 4  # of 78
    assert np.sqrt(np.mean((fit.differences / fit.errors) ** 2)) < 1.3
    # The errors are those of the moments.
    reported = np.concatenate([fit.mean, fit.correlations]) - truth
    assert 0.7 < np.sqrt(np.mean((reported / fit.errors) ** 2)) < 1.3


def test_more_spins_than_can_be_listed() -> None:
    model = glass(18, seed=3, strength=0.4)
    drawn = mg.sample(model, num_chains=200, num_sweeps=1000, kernel="gibbs", seed=1)
    fit = mg.MaxEnt.spins(drawn.mean, (*drawn.edges, drawn.correlations), num_steps=150, seed=2)
    assert fit.reliable
    np.testing.assert_allclose(fit.model.core.fields(), model.core.fields(), atol=0.03)
    np.testing.assert_allclose(fit.model.core.edges()[2], model.core.edges()[2], atol=0.03)


def test_a_climb_that_is_too_short_says_so() -> None:
    mean, matrix = moments(glass(8, seed=4, strength=2.0))
    fit = mg.MaxEnt.spins(mean, matrix, method="sampling", num_steps=2, seed=1)
    assert not fit.reliable
    assert re.search(r"missed by .* standard errors .* take more num_steps", fit.reason)
    assert "unreliable: moments are missed" in repr(fit)


def test_a_seed_gives_the_same_bits_at_any_thread_count() -> None:
    mean, matrix = moments(glass(5, seed=5))
    options: dict[str, Any] = {"method": "sampling", "num_steps": 5, "seed": 7}
    one, two = (mg.MaxEnt.spins(mean, matrix, num_threads=k, **options) for k in (1, 2))
    assert one.model.core.fields().tolist() == two.model.core.fields().tolist()
    assert one.errors.tolist() == two.errors.tolist()


def test_one_spin() -> None:
    for method in ("exact", "sampling"):
        fit = mg.MaxEnt.spins([0.5], [[1.0]], method=method, seed=1)
        np.testing.assert_allclose(fit.model.core.fields(), -np.arctanh(0.5), atol=0.02)


def three(c: float) -> NDArray[np.float64]:
    return np.full((3, 3), c) + (1 - c) * np.eye(3)


@pytest.mark.parametrize(
    ("means", "correlations", "message"),
    [
        ([], [[]], "means must be a vector of at least one mean, got shape (0,)"),
        ([[0.1]], [[1.0]], "means must be a vector"),
        ([0.1, 1.0], np.eye(2), "means must lie between -1 and 1, got 1.0 at index 1"),
        ([0.1, np.nan], np.eye(2), "means must be finite, got nan at index 1"),
        ([0.1, 0.1], np.eye(3), "correlations must have shape (2, 2), got (3, 3)"),
        ([0.1, 0.1], [[1, 0.1], [0.2, 1]], "correlations must be symmetric"),
        ([0.1, 0.1], [[0.99, 0.1], [0.1, 1]], "not covariances: 1 on the diagonal, got 0.99 at"),
        ([0.1, 0.1], [[1, 1.0], [1.0, 1]], "all four states, got 1.0 at index (0, 1)"),
        ([0.9, 0.9], np.eye(2), "all four states, got 0.0 at index (0, 1), with means 0.9 and 0.9"),
        ([0.1, 0.1], ([0], [1]), "correlations must be a matrix or (rows, cols, values), got 2"),
        ([0.1, 0.1], ([0], [1], [0.1, 0.2]), "as many rows, cols and values, got 1, 1 and 2"),
        ([0.1, 0.1], ([0], [2], [0.1]), "correlations must be of pairs of different spins below 2"),
        ([0.1, 0.1], ([1], [1], [0.1]), "correlations must be of pairs of different spins below 2"),
        ([0.1, 0.1], ([0, 1], [1, 0], [0.1, 0.1]), "correlations must give each pair once"),
        (np.zeros(3), three(-0.4), "inside the convex hull of the features"),
        (np.zeros(3), three(-1 / 3), "on its boundary"),
    ],
)
def test_moments_refused(means: Any, correlations: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        mg.MaxEnt.spins(means, correlations)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "newton"}, "method must be one of 'auto', 'exact', 'sampling', got 'newton'"),
        ({"num_chains": 1}, "num_chains must be at least 2, got 1"),
        ({"num_steps": 0}, "num_steps must be at least 1, got 0"),
        ({"rate": 0.0}, "rate must be positive and finite, got 0.0"),
    ],
)
def test_options_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        mg.MaxEnt.spins([0.0, 0.0], np.eye(2), **options)
    with pytest.raises(ValueError, match="method must be 'sampling' for more than 20 spins, got"):
        mg.MaxEnt.spins(np.zeros(21), np.eye(21), method="exact")
