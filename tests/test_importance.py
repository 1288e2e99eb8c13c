"""Annealed importance sampling: log Z with honest errors, a bracket, and refusals."""

import math
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.importance import annealed_log_partition, bridged_log_ratio, log_mean_weight
from magnetite.models import Model
from tools.lattice import log_partition, square_lattice
from tools.laws import all_states, boltzmann

RNG = np.random.default_rng(8)
SPINS = mg.Ising(np.triu(RNG.normal(size=(6, 6)), 1), RNG.normal(size=6), offset=1.5)
BITS = mg.Qubo(RNG.normal(size=(6, 6)), offset=-2.0)
GLASS = mg.Ising(np.triu(RNG.normal(size=(20, 20)), 1) / math.sqrt(20))


def exact_log_z(model: Model, beta: float, states: NDArray[np.int8] | None = None) -> float:
    energies = np.asarray(model.energies(all_states(model) if states is None else states))
    lowest = float(energies.min())
    return float(np.log(np.exp(-beta * (energies - lowest)).sum()) - beta * lowest)


def draws(model: Model, beta: float, count: int, seed: int = 1) -> NDArray[np.int8]:
    law = boltzmann(model, beta)
    return all_states(model)[np.random.default_rng(seed).choice(len(law), count, p=law)]


@pytest.mark.parametrize("name", ["ferromagnet", pytest.param("glass", marks=pytest.mark.slow)])
def test_the_error_is_honest(name: str) -> None:
    """Of 100 seeds at least 90 are within two errors."""
    if name == "glass":
        model, beta, truth = GLASS, 5.0, exact_log_z(GLASS, 5.0)
    else:
        model, beta, truth = square_lattice(4), 1.0, log_partition(4, 1.0)
    estimates = [
        annealed_log_partition(model, beta, num_betas=1000, seed=seed, num_threads=1).estimate
        for seed in range(100)
    ]
    assert all(estimate.reliable for estimate in estimates)
    values = np.array([estimate.value for estimate in estimates])
    errors = np.array([estimate.error for estimate in estimates])
    assert (np.abs(values - truth) <= 2 * errors).sum() >= 90
    assert 0.75 < values.std(ddof=1) / math.sqrt((errors**2).mean()) < 1.25


@pytest.mark.parametrize("model", [SPINS, BITS], ids=["spins", "bits"])
@pytest.mark.parametrize("schedule", ["adaptive", "linear"])
def test_the_bracket_holds(model: Model, schedule: str) -> None:
    """With exact draws as starts, over 100 seeds."""
    truth, held, right = exact_log_z(model, 1.5), 0, 0
    for seed in range(100):
        found = annealed_log_partition(
            model,
            1.5,
            num_chains=100,
            num_betas=30,
            schedule=schedule,
            equilibrium_states=draws(model, 1.5, 100, seed),
            seed=seed,
        )
        estimate = found.estimate
        if not estimate.reliable:
            continue
        held += estimate.bracket[0] <= truth <= estimate.bracket[1]
        right += abs(estimate.value - truth) <= 2 * estimate.error
        assert found.reverse is not None
        assert estimate.bracket == (found.forward.bracket[0], found.reverse.bracket[1])
    assert held >= 90
    assert right >= 88


def test_both_directions_are_better_than_one() -> None:
    both = annealed_log_partition(
        SPINS, 1.5, num_betas=30, equilibrium_states=draws(SPINS, 1.5, 256), seed=1
    )
    assert both.reverse is not None
    assert both.estimate.error < min(both.forward.error, both.reverse.error)


@pytest.mark.parametrize(
    ("start", "message"),
    [("random", "the given states are hardly draws at that beta"), ("ground", "take more betas")],
)
def test_starts_that_are_no_draws_are_refused(start: str, message: str) -> None:
    """Starts too hot make log Z too small, below the lower bound; starts too cold too large."""
    states = np.random.default_rng(1).choice([-1, 1], (200, 6))
    if start == "ground":
        every = all_states(SPINS)
        states[:] = every[int(np.argmin(SPINS.energies(every)))]
    found = annealed_log_partition(
        SPINS, 0.3, num_betas=4, schedule="linear", equilibrium_states=states, seed=1
    ).estimate
    assert not found.reliable
    assert math.isnan(found.value)
    assert message in found.reason


def test_too_few_betas_are_refused() -> None:
    estimate = annealed_log_partition(
        GLASS, 20.0, num_betas=3, schedule="linear", num_chains=50, seed=1
    ).estimate
    assert not estimate.reliable
    assert "take more betas or more chains" in estimate.reason


def test_two_betas_are_plain_importance_sampling() -> None:
    found = annealed_log_partition(SPINS, 0.1, num_betas=2, num_chains=64, seed=1)
    assert found.betas.tolist() == [0.0, 0.1]
    energies = -found.forward_log_weights / 0.1
    every = np.asarray(SPINS.energies(all_states(SPINS)))
    assert np.abs(energies[:, None] - every).min(axis=1).max() < 1e-5


def test_clamped_sites() -> None:
    found = annealed_log_partition(SPINS, 0.7, clamp={0: -1, 3: 1}, seed=3).estimate
    states = all_states(SPINS)
    states = states[(states[:, [0, 3]] == [-1, 1]).all(axis=1)]
    assert abs(found.value - exact_log_z(SPINS, 0.7, states)) < 4 * found.error


def test_at_infinite_temperature_it_is_exact() -> None:
    found = annealed_log_partition(SPINS, 0.0, seed=1).estimate
    assert (found.value, found.error) == (pytest.approx(6 * math.log(2)), 0.0)


def test_threads_change_nothing() -> None:
    runs = [annealed_log_partition(GLASS, 2.0, seed=1, num_threads=k) for k in (1, 2, 5)]
    for run in runs[1:]:
        assert run.betas.tolist() == runs[0].betas.tolist()
        assert run.forward_log_weights.tolist() == runs[0].forward_log_weights.tolist()


def test_a_time_limit_refuses() -> None:
    began = time.perf_counter()
    found = annealed_log_partition(
        GLASS, 5.0, num_betas=300_000, equilibrium_states=np.ones((10, 20)), time_limit=0.2
    )
    assert time.perf_counter() - began < 2.0
    for estimate in (found.estimate, found.forward, found.reverse):
        assert estimate is not None
        assert estimate.reason.startswith("time_limit=0.2 ended the run before all chains")
    assert found.betas.size == found.forward_log_weights.size == 0


def test_weights_of_equal_size_have_no_error() -> None:
    estimate = log_mean_weight(np.full(5, -3.0))
    assert (estimate.value, estimate.error, estimate.ess) == (-3.0, 0.0, pytest.approx(5.0))


@pytest.mark.parametrize(
    "sizes",
    [
        (400, 400),
        pytest.param((1000, 100), marks=pytest.mark.slow),
        pytest.param((50, 2000), marks=pytest.mark.slow),
    ],
)
def test_bridging_is_right_and_knows_its_error(sizes: tuple[int, int]) -> None:
    """Normal work of variance s^2 has means 2 - s^2 / 2 and -2 - s^2 / 2 (Crooks 1999)."""
    rng, spread = np.random.default_rng(4), 1.7
    found = np.array(
        [
            bridged_log_ratio(
                rng.normal(2 - spread**2 / 2, spread, sizes[0]),
                rng.normal(-2 - spread**2 / 2, spread, sizes[1]),
            )
            for _ in range(200)
        ]
    )
    off, errors = found[:, 0] - 2.0, found[:, 1]
    assert abs(off.mean()) < 4 * off.std(ddof=1) / math.sqrt(200)
    assert 0.8 < off.std(ddof=1) / math.sqrt((errors**2).mean()) < 1.2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"beta": -1.0}, ValueError, "beta must be non-negative, got -1.0"),
        ({"beta": math.inf}, ValueError, "beta must be finite, got inf"),
        ({"num_chains": 1}, ValueError, "num_chains must be at least 2, got 1"),
        ({"time_limit": math.nan}, ValueError, "time_limit must be a non-negative number"),
        ({"num_betas": 1}, ValueError, "num_betas must be at least 2, got 1"),
        ({"schedule": "steep"}, ValueError, "schedule must be one of 'adaptive', 'linear', got"),
        ({"kernel": "heat"}, ValueError, "kernel must be one of 'metropolis', 'gibbs', 'dwave'"),
        ({"num_chains": 2**31}, MemoryError, "states of num_chains=2147483648"),
    ],
)
def test_refused(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        annealed_log_partition(SPINS, **{"beta": 1.0, **options})
