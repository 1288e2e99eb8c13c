"""`log_partition`: every method against enumeration, and errors as large as they say."""

import math
import warnings

import numpy as np
import pytest

import magnetite as mg
from magnetite.models import Model
from tools.lattice import square_lattice
from tools.laws import all_states

FERROMAGNET = square_lattice(4)
GLASS = mg.Ising(np.triu(np.random.default_rng(5).normal(size=(20, 20)), 1) / math.sqrt(20))
CASES = {"ferromagnet": (FERROMAGNET, 0.44), "spin glass": (GLASS, 5.0)}


def exact(model: Model, beta: float) -> float:
    energies = model.energies(all_states(model))
    lowest = energies.min()
    return float(np.log(np.exp(-beta * (energies - lowest)).sum()) - beta * lowest)


def scores(name: str, method: str, seeds: range) -> list[float]:
    """Return how many errors each seed's value is off; those that are refused are left out."""
    model, beta = CASES[name]
    truth = mg.log_partition(model, beta=beta, method="exact").value
    found = []
    for seed in seeds:
        estimate = mg.log_partition(model, beta=beta, method=method, seed=seed)
        if estimate.reliable:
            assert estimate.bracket[0] <= estimate.value <= estimate.bracket[1]
            found.append((estimate.value - truth) / estimate.error)
    return found


def test_exact_is_enumeration() -> None:
    small = mg.Qubo(np.random.default_rng(1).normal(size=(9, 9)), offset=2.0)
    for beta in (0.0, 0.5, 3.0):
        estimate = mg.log_partition(small, beta=beta)
        assert estimate.value == pytest.approx(exact(small, beta), rel=1e-12)
        assert estimate.error == 0.0 and estimate.reliable
        assert estimate.bracket == (estimate.value, estimate.value)


def test_auto_sums_narrow_models_exactly_and_tempers_wide_ones() -> None:
    chain = mg.Ising({(i, i + 1): 1.0 for i in range(999)})
    assert mg.log_partition(chain, beta=0.7).value == pytest.approx(
        1000 * math.log(2) + 999 * math.log(math.cosh(0.7)), rel=1e-12
    )
    assert mg.log_partition(square_lattice(16), beta=0.2, seed=1).error > 0.0


@pytest.mark.parametrize("method", ["tempering", "annealing"])
@pytest.mark.parametrize("name", CASES)
def test_estimates_are_right(name: str, method: str) -> None:
    found = np.array(scores(name, method, range(5)))
    assert found.size >= 4
    assert (np.abs(found) < 4.5).all()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["tempering", "annealing"])
@pytest.mark.parametrize("name", CASES)
def test_at_least_ninety_of_a_hundred_lie_within_two_errors(name: str, method: str) -> None:
    found = np.array(scores(name, method, range(100)))
    assert found.size >= 90  # a verdict of the tests for equilibrium may refuse a few
    assert (np.abs(found) < 2).mean() >= 0.9
    # The mean square of scores; 4 standard errors of it for as many normal numbers.
    assert abs((found**2).mean() - 1) < 4 * math.sqrt(2 / found.size) + 0.2


def test_clamped_sites_are_not_summed_over() -> None:
    model = square_lattice(4)
    clamp = {0: 1, 5: -1, 10: 1}
    truth = mg.log_partition(model, beta=0.3, clamp=clamp, method="exact").value
    for method in ("tempering", "annealing"):
        estimate = mg.log_partition(model, beta=0.3, clamp=clamp, method=method, seed=2)
        assert abs(estimate.value - truth) < 4.5 * estimate.error


def test_a_run_out_of_equilibrium_is_refused() -> None:
    hard = mg.Ising(np.triu(np.random.default_rng(2).normal(size=(150, 150)), 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimate = mg.log_partition(
            hard, beta=2.0, method="tempering", num_sweeps=128, num_ladders=2, seed=1
        )
    assert not estimate.reliable and math.isnan(estimate.value)
    assert estimate.reason.startswith("the ladders are not in equilibrium: ")


def test_beta_zero_counts_states() -> None:
    estimate = mg.log_partition(square_lattice(16), beta=0.0, method="tempering")
    assert estimate.value == pytest.approx(256 * math.log(2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "guess"}, "method must be one of"),
        ({"beta": -1.0}, "beta must be non-negative, got -1.0"),
        ({"beta": math.nan}, "beta must be non-negative, got nan"),
        ({"beta": math.inf, "method": "tempering"}, "beta must be finite for method='tempering'"),
        ({"num_ladders": 1, "method": "tempering"}, "num_ladders must be at least 2, got 1"),
        ({"num_sweeps": 10, "method": "tempering"}, "num_sweeps must be at least 128, got 10"),
    ],
    ids=str,
)
def test_bad_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mg.log_partition(FERROMAGNET, **options)  # type: ignore[arg-type]
