"""`log_partition`: every method against enumeration, and errors as large as they say."""

import importlib
import math
import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.control import Progress
from magnetite.estimates import Estimate
from magnetite.models import Model
from magnetite.options import check_seed
from magnetite.temper_result import TemperResult
from tools.lattice import square_lattice
from tools.laws import all_states

FERROMAGNET = square_lattice(4)
GLASS = mg.Ising(np.triu(np.random.default_rng(5).normal(size=(20, 20)), 1) / math.sqrt(20))
CASES = {
    "critical ferromagnet": (FERROMAGNET, 0.44),
    "cold ferromagnet": (FERROMAGNET, 5.0),
    "spin glass": (GLASS, 5.0),
}


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


@pytest.mark.parametrize(
    ("size", "beta"), [(4, 1.0), (4, 2.0), (5, 1.0), (5, 5.0)], ids=lambda value: f"{value:g}"
)
def test_a_wide_last_gap_of_the_ladder_refuses_nothing(size: int, beta: float) -> None:
    """Below the transition hardly any energy is left, and a rung there would be of no use."""
    model = square_lattice(size)
    truth = mg.log_partition(model, beta=beta, method="exact").value
    for seed in range(3):
        estimate = mg.log_partition(model, beta=beta, method="tempering", seed=seed)
        assert estimate.reliable, estimate.reason
        assert abs(estimate.value - truth) < 4.5 * estimate.error


@pytest.mark.parametrize("miss", [-15.0, 15.0])
def test_a_value_that_no_integral_can_have_is_refused(
    miss: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped = TemperResult.log_partition

    def wrong(self: TemperResult, beta: float) -> Estimate:
        found = wrapped(self, beta)
        return replace(found, value=found.value + miss)

    monkeypatch.setattr(TemperResult, "log_partition", wrong)
    estimate = mg.log_partition(GLASS, beta=5.0, method="tempering", seed=1)
    assert not estimate.reliable
    assert "integration of the mean energies bounds log Z between 53" in estimate.reason


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


@pytest.mark.filterwarnings("ignore:the run was stopped while its ladder")
@pytest.mark.parametrize("method", ["tempering", "annealing"])
def test_a_time_limit_cuts(method: str) -> None:
    began = time.perf_counter()
    estimate = mg.log_partition(
        GLASS, beta=5.0, method=method, num_sweeps=10**6, time_limit=0.3, seed=1
    )
    assert time.perf_counter() - began < 3.0
    assert not estimate.reliable
    assert estimate.reason == "the run was ended (time_limit) before the ladder was tuned"


def test_ladders_that_are_cut_say_what_they_bear() -> None:
    truth = mg.log_partition(GLASS, beta=5.0).value

    def enough(progress: Progress) -> bool:
        return progress.fraction > 0.8

    options: dict[str, Any] = {"num_sweeps": 10_000, "callback": enough, "seed": 1}
    estimate = mg.log_partition(GLASS, beta=5.0, method="tempering", **options)
    assert abs(estimate.value - truth) < 4.5 * estimate.error
    refused = mg.log_partition(GLASS, beta=5.0, method="annealing", **options)
    assert refused.reason == "the run was ended (callback) before annealing"


@pytest.mark.filterwarnings("ignore:the run was stopped while its ladder")
def test_an_interrupt_carries_the_ladders() -> None:
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    options: dict[str, Any] = {"method": "tempering", "callback": interrupt, "seed": 1}
    with pytest.raises(KeyboardInterrupt) as caught:
        mg.log_partition(GLASS, beta=5.0, **options)
    assert isinstance(caught.value.result, TemperResult)  # type: ignore[attr-defined]
    estimate = mg.log_partition(GLASS, beta=5.0, on_interrupt="return", **options)
    assert not estimate.reliable


def test_progress_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    mg.log_partition(GLASS, beta=1.0, method="tempering", progress=True, seed=1)
    assert "100%" in capsys.readouterr().err


def test_annealing_shares_no_stream_with_the_ladders(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("magnetite.log_partition")
    keys = []
    for name in ("temper", "annealed_log_partition"):
        wrapped = getattr(module, name)

        def told(*given: Any, wrapped: Any = wrapped, **options: Any) -> Any:
            keys.append(check_seed(options["seed"]).key)
            return wrapped(*given, **options)

        monkeypatch.setattr(module, name, told)
    assert mg.log_partition(FERROMAGNET, beta=0.4, method="annealing", seed=1).reliable
    assert len(set(keys)) == len(keys) == 3


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
        ({"time_limit": -1.0}, "time_limit must be a non-negative number of seconds, got -1.0"),
        ({"on_interrupt": "stop"}, "on_interrupt must be one of"),
        ({"num_ladders": 1, "method": "tempering"}, "num_ladders must be at least 2, got 1"),
        ({"num_sweeps": 10, "method": "tempering"}, "num_sweeps must be at least 128, got 10"),
    ],
    ids=str,
)
def test_bad_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mg.log_partition(FERROMAGNET, **options)  # type: ignore[arg-type]
