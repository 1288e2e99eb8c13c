"""`sample` on the real core: shapes, exact means, bits, checkpoints."""

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.control import Progress
from magnetite.results import SampleResult

RNG = np.random.default_rng(3)
SPINS = mg.Ising(np.triu(RNG.normal(size=(5, 5)), 1), RNG.normal(size=5), offset=1.5)
BITS = mg.Qubo(RNG.normal(size=(5, 5)))
LARGE = mg.Ising({(i, i + 1): 1.0 for i in range(300)})


def exact(model: mg.Ising | mg.Qubo, beta: float) -> tuple[Any, Any, float]:
    """Return mean, second moments and mean energy by enumeration."""
    states = np.array(list(itertools.product(model.values, repeat=model.num_variables)))
    energies = model.energies(states)
    weights = np.exp(-beta * (energies - energies.min()))
    weights /= weights.sum()
    return weights @ states, np.einsum("s,si,sj->ij", weights, states, states), weights @ energies


def assert_equal_runs(one: SampleResult, other: SampleResult) -> None:
    assert one.states.tolist() == other.states.tolist()
    assert np.array_equal(one.energies, other.energies, equal_nan=True)
    assert one.best.energy == other.best.energy
    assert np.array_equal(one.mean, other.mean, equal_nan=True)  # type: ignore[arg-type]
    assert np.array_equal(
        one.correlations,
        other.correlations,
        equal_nan=True,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("model", [SPINS, BITS], ids=["spins", "bits"])
@pytest.mark.parametrize("kernel", ["metropolis", "gibbs"])
@pytest.mark.parametrize("scan", ["sequential", "permutation", "random"])
def test_means_are_exact(model: mg.Ising | mg.Qubo, kernel: str, scan: str) -> None:
    beta = 0.4
    result = mg.sample(
        model,
        beta=beta,
        num_chains=500,
        num_sweeps=200,
        kernel=kernel,
        scan=scan,
        store_states=True,
        seed=1,
    )
    mean, second, energy = exact(model, beta)
    chain_means = result.draws.mean(axis=1)
    errors = chain_means.std(axis=0, ddof=1) / math.sqrt(500)
    assert (np.abs(result.mean - mean) < 5 * errors).all()
    rows, columns = result.edges
    products = (result.draws[:, :, rows] * result.draws[:, :, columns]).mean(axis=1)
    errors = products.std(axis=0, ddof=1) / math.sqrt(500)
    assert (np.abs(result.correlations - second[rows, columns]) < 5 * errors).all()
    estimate = result.mean_energy
    assert abs(estimate.value - energy) < 5 * estimate.error


def test_shapes() -> None:
    result = mg.sample(SPINS, num_chains=7, num_sweeps=25, thin=4, store_states=True, seed=1)
    assert result.states.shape == (7, 5)
    assert result.energies.shape == (7, 6)
    assert result.draws.shape == (7, 6, 5)
    assert result.states.tolist() == result.draws[:, -1].tolist()
    flat = result.draws.reshape(-1, 5)
    assert result.energies.ravel().tolist() == pytest.approx(SPINS.energies(flat).tolist())


def test_defaults() -> None:
    result = mg.sample(SPINS, seed=1)
    assert result.energies.shape == (64, 1000)
    assert not hasattr(result, "draws")
    info = result.info
    assert (info["beta"], info["warmup"], info["thin"]) == (1.0, 500, 1)
    assert (info["kernel"], info["scan"]) == ("metropolis", "sequential")
    assert info["stop_reason"] == "completed"
    assert info["deterministic"] is True


def test_thinned_draws_are_every_kth() -> None:
    options: dict[str, Any] = {"num_chains": 3, "num_sweeps": 20, "warmup": 5, "seed": 1}
    every = mg.sample(SPINS, **options)
    fourth = mg.sample(SPINS, **options, thin=4)
    assert fourth.energies.tolist() == every.energies[:, 3::4].tolist()


def test_warmup_is_not_drawn() -> None:
    long = mg.sample(SPINS, num_chains=3, num_sweeps=20, warmup=0, seed=1)
    late = mg.sample(SPINS, num_chains=3, num_sweeps=15, warmup=5, seed=1)
    assert late.energies.tolist() == long.energies[:, 5:].tolist()


def test_without_moments() -> None:
    result = mg.sample(SPINS, num_chains=2, num_sweeps=2, moments=False, seed=1)
    assert not hasattr(result, "mean")
    assert not hasattr(result, "correlations")
    assert not hasattr(result, "edges")


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("num_sweeps", [0, 1])
def test_smallest_runs(n: int, num_sweeps: int) -> None:
    model = mg.Ising(np.zeros((n, n)), np.ones(n))
    result = mg.sample(
        model, num_chains=2, num_sweeps=num_sweeps, warmup=0, store_states=True, seed=1
    )
    assert result.states.shape == (2, n)
    assert result.energies.shape == (2, num_sweeps)
    assert result.draws.shape == (2, num_sweeps, n)
    assert result.best.state.shape == (n,)


@pytest.mark.parametrize("beta", [0.0, math.inf])
def test_extreme_betas(beta: float) -> None:
    result = mg.sample(SPINS, beta=beta, num_chains=50, num_sweeps=50, seed=1)
    assert np.isfinite(result.energies).all()
    if beta == math.inf:
        assert (np.diff(result.energies, axis=1) <= 1e-9).all()


def test_any_number_of_threads() -> None:
    runs = [
        mg.sample(LARGE, num_chains=37, num_sweeps=21, seed=5, num_threads=threads)
        for threads in (1, 2, 5)
    ]
    assert_equal_runs(runs[0], runs[1])
    assert_equal_runs(runs[0], runs[2])


def test_chains_elsewhere_are_the_same_chains() -> None:
    whole = mg.sample(LARGE, num_chains=50, num_sweeps=10, seed=5)
    part = mg.sample(LARGE, num_chains=20, num_sweeps=10, seed=5, first_chain=17)
    assert part.states.tolist() == whole.states[17:37].tolist()
    assert part.energies.tolist() == whole.energies[17:37].tolist()


def test_initial_states_and_clamp() -> None:
    start = np.array([[1, 1, 1, 1, 1], [-1, -1, -1, -1, -1]])
    result = mg.sample(
        SPINS,
        num_chains=None,
        num_sweeps=0,
        warmup=0,
        initial_states=start,
        clamp={0: -1},
    )
    assert result.states.tolist() == [[-1, 1, 1, 1, 1], [-1, -1, -1, -1, -1]]
    drawn = mg.sample(SPINS, num_sweeps=20, clamp={0: -1, 3: 1}, store_states=True)
    assert (drawn.draws[:, :, [0, 3]] == [-1, 1]).all()


@pytest.mark.parametrize("stop", [1, 2])
def test_resumed_to_the_same_bits(stop: int, tmp_path: Path) -> None:
    options: dict[str, Any] = {"num_chains": 40, "num_sweeps": 3000, "seed": 5, "thin": 3}
    seen = []

    def callback(progress: Progress) -> bool:
        seen.append(progress)
        return len(seen) == stop

    path = tmp_path / "run.npz"
    whole = mg.sample(LARGE, **options)
    mg.sample(LARGE, **options, checkpoint=path, callback=callback)
    resumed = mg.resume(path, num_threads=1)
    assert isinstance(resumed, SampleResult)
    assert_equal_runs(resumed, whole)


def test_time_limit_cuts() -> None:
    result = mg.sample(LARGE, num_chains=32, num_sweeps=200_000, warmup=0, time_limit=0.1, seed=1)
    assert result.info["stop_reason"] == "time_limit"
    assert result.info["deterministic"] is False
    assert np.isnan(result.energies).any()


def test_target_and_callback_stop() -> None:
    endless: dict[str, Any] = {"num_chains": 32, "num_sweeps": 200_000, "seed": 1}
    result = mg.sample(LARGE, **endless, target_energy=-50.0)
    assert result.info["stop_reason"] == "target_energy"
    assert result.best.energy <= -50.0
    result = mg.sample(LARGE, **endless, callback=lambda progress: True)
    assert result.info["stop_reason"] == "callback"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"beta": -1.0}, ValueError, "beta must be non-negative, got -1.0"),
        ({"beta": math.nan}, ValueError, "beta must be non-negative, got nan"),
        ({"num_chains": 0}, ValueError, "num_chains must be at least 1, got 0"),
        ({"num_sweeps": -1}, ValueError, "num_sweeps must be at least 0, got -1"),
        ({"warmup": -1}, ValueError, "warmup must be at least 0, got -1"),
        ({"thin": 0}, ValueError, "thin must be at least 1, got 0"),
        ({"kernel": "heat"}, ValueError, "kernel must be one of 'metropolis', 'gibbs', 'dwave'"),
        ({"scan": "snake"}, ValueError, "scan must be one of 'sequential', 'permutation', 'random"),
        ({"num_sweeps": 10**30}, ValueError, r"num_sweeps must be below 2\*\*62, got 1000"),
        ({"warmup": 10**30}, ValueError, r"warmup must be below 2\*\*62, got 1000"),
        ({"thin": 10**30}, ValueError, r"thin must be below 2\*\*62, got 1000"),
        ({"beta": "hot"}, TypeError, "beta must be a real number, got str"),
        ({"clamp": {0: 0}}, ValueError, "clamp values must be -1 or 1, got 0 for 0"),
        ({"num_chains": 10**13}, MemoryError, "energies of num_chains=10000000000000 x 1000 draws"),
        (
            {"num_chains": 10**13, "num_sweeps": 0},
            MemoryError,
            "for last states of num_chains=10000000000000 ",
        ),
        (
            {"initial_states": np.ones((3, 5)), "num_chains": 2},
            ValueError,
            "initial_states must not hold more states than num_chains, got 3",
        ),
    ],
)
def test_refused(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        mg.sample(SPINS, **options)


def test_stored_states_that_do_not_fit_are_refused() -> None:
    with pytest.raises(MemoryError, match="for states of num_chains=1000000 x 1000000 draws "):
        mg.sample(LARGE, num_chains=10**6, num_sweeps=10**8, thin=100, store_states=True)


def test_no_model() -> None:
    with pytest.raises(TypeError, match="model must be a magnetite model, got ndarray"):
        mg.sample(np.eye(2))  # type: ignore[arg-type]
