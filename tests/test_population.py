"""`population_anneal` on the real core: exact draws and log Z, honest errors, bits, checkpoints."""

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import magnetite as mg
from magnetite.control import Progress
from magnetite.models import Model
from magnetite.population_result import PopulationResult
from tools.lattice import log_partition, square_lattice
from tools.laws import all_states, boltzmann, chi_square_excess, state_numbers
from tools.runs import MODELS, random_model

RNG = np.random.default_rng(3)
SPINS = mg.Ising(np.triu(RNG.normal(size=(5, 5)), 1), RNG.normal(size=5), offset=1.5)
BITS = mg.Qubo(RNG.normal(size=(5, 5)), offset=-2.0)
MACHINE = mg.BoltzmannMachine(np.triu(RNG.normal(size=(5, 5)), 1), RNG.normal(size=5))
GLASS = mg.Ising(np.triu(RNG.normal(size=(20, 20)), 1) / math.sqrt(20))
LARGE = random_model(300)
KNOWN = ("log_z", "log_z_variance", "mean_energy", "energy_variance", "culled", "num_families")


def exact_log_z(model: Model, beta: float) -> float:
    energies = np.asarray(model.energies(all_states(model)))
    lowest = float(energies.min())
    return float(np.log(np.exp(-beta * (energies - lowest)).sum()) - beta * lowest)


def assert_equal_runs(one: PopulationResult, other: PopulationResult) -> None:
    assert one.states.tolist() == other.states.tolist()
    assert one.best.energy == other.best.energy
    assert one.best.state.tolist() == other.best.state.tolist()
    for name in ("betas", "energies", "families", "rho_t", *KNOWN):
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True), name


@pytest.mark.parametrize("model", [SPINS, BITS, MACHINE], ids=["spins", "bits", "machine"])
@pytest.mark.parametrize("kernel", ["metropolis", "gibbs"])
@pytest.mark.parametrize("scan", ["sequential", "permutation", "random"])
def test_draws_and_log_z_are_exact(model: Model, kernel: str, scan: str) -> None:
    result = mg.population_anneal(
        model,
        beta=0.6,
        population=500,
        num_populations=40,
        sweeps_per_step=20,
        kernel=kernel,
        scan=scan,
        seed=1,
    )
    law = boltzmann(model, 0.6)
    counts = np.bincount(state_numbers(model, result.states.reshape(-1, 5)), minlength=len(law))
    assert chi_square_excess(counts, law) < 1
    ends = result.log_z[:, -1]
    error = ends.std(ddof=1) / math.sqrt(40)
    assert abs(ends.mean() - exact_log_z(model, 0.6)) < 4.5 * error
    mean_energy = result.mean_energy[:, -1]
    truth = float(law @ np.asarray(model.energies(all_states(model))))
    error = mean_energy.std(ddof=1) / math.sqrt(40)
    assert abs(mean_energy.mean() - truth) < 4.5 * error


def ferromagnet() -> tuple[Model, float, float]:
    """Return the 4 x 4 torus, a beta deep in its order, and log Z."""
    return square_lattice(4), 1.0, log_partition(4, 1.0)


@pytest.mark.parametrize("name", ["ferromagnet", pytest.param("glass", marks=pytest.mark.slow)])
def test_the_error_is_honest(name: str) -> None:
    """Of 100 seeds at least 90 are within two errors, and the errors are as large as they say."""
    if name == "glass":
        model, beta, truth = GLASS, 5.0, exact_log_z(GLASS, 5.0)
    else:
        model, beta, truth = ferromagnet()
    estimates = [
        mg.population_anneal(
            model, beta=beta, population=1200, sweeps_per_step=2, seed=seed, num_threads=1
        ).log_partition
        for seed in range(100)
    ]
    assert all(estimate.reliable for estimate in estimates)
    values = np.array([estimate.value for estimate in estimates])
    errors = np.array([estimate.error for estimate in estimates])
    assert (np.abs(values - truth) <= 2 * errors).sum() >= 90
    # The spread of 100 values is known to 7 %.
    assert 0.75 < values.std(ddof=1) / math.sqrt((errors**2).mean()) < 1.25
    assert abs(values.mean() - truth) < 4 * values.std(ddof=1) / 10


def test_both_signs_of_a_magnet_are_there() -> None:
    model, beta, _ = ferromagnet()
    result = mg.population_anneal(model, beta=beta, num_populations=20, seed=2)
    up = (result.states.mean(axis=2) > 0).mean(axis=1)
    error = up.std(ddof=1) / math.sqrt(20)
    assert error < 0.05
    assert abs(up.mean() - 0.5) < 4 * error


def test_every_beta_on_the_way_is_right() -> None:
    result = mg.population_anneal(SPINS, beta=2.0, num_populations=10, seed=4)
    curve = result.curve()
    assert result.betas[0] == 0.0
    assert result.betas[-1] == 2.0
    assert (np.diff(result.betas) > 0).all()
    assert curve.log_z[0] == pytest.approx(5 * math.log(2), rel=1e-12)
    assert curve.log_z_error[0] == 0.0
    energies = np.asarray(SPINS.energies(all_states(SPINS)))
    for k, beta in enumerate(result.betas.tolist()):
        truth = exact_log_z(SPINS, beta)
        assert abs(curve.log_z[k] - truth) <= 4.5 * curve.log_z_error[k] + 1e-12
        energy = float(boltzmann(SPINS, beta) @ energies)
        assert abs(curve.mean_energy[k] - energy) < 4.5 * curve.mean_energy_error[k]


def test_shapes_and_info() -> None:
    result = mg.population_anneal(BITS, population=50, num_populations=3, beta=1.0, seed=1)
    num_betas = result.betas.size
    assert result.states.shape == (3, 50, 5)
    assert result.states.dtype == np.int8
    assert set(np.unique(result.states)) == {0, 1}
    assert result.energies.shape == result.objectives.shape == result.families.shape == (3, 50)
    for name in KNOWN:
        assert getattr(result, name).shape == (3, num_betas)
    assert result.energies.ravel().tolist() == BITS.energies(result.states.reshape(-1, 5)).tolist()
    assert result.best.energy <= result.energies.min()
    assert result.mean_energy[:, -1] == pytest.approx(result.energies.mean(axis=1))
    assert result.energy_variance[:, -1] == pytest.approx(result.energies.var(axis=1))
    assert 0 < result.culled.max() < 0.4
    sizes = [np.bincount(families, minlength=50) for families in result.families]
    assert [(size > 0).sum() for size in sizes] == result.num_families[:, -1].tolist()
    assert [(size**2).sum() / 50 for size in sizes] == pytest.approx(result.rho_t[:, -1].tolist())
    info = result.info
    assert (info["beta"], info["population"], info["num_populations"]) == (1.0, 50, 3)
    assert (info["betas"], info["culling"], info["sweeps_per_step"]) == ("auto", 0.05, 5)
    assert info["sweeps_done"] == 5 * (num_betas - 1)
    assert info["stop_reason"] == "completed"
    assert info["deterministic"] is True
    assert "3 populations of 50 replicas of 5 variables" in repr(result)


def test_the_default_end_is_the_cold_end() -> None:
    result = mg.population_anneal(SPINS, population=20, seed=1)
    assert result.betas[-1] == SPINS.annealing_range()[1]
    assert result.best.energy == pytest.approx(float(SPINS.energies(all_states(SPINS)).min()))


def test_given_betas_are_taken() -> None:
    betas = [0.0, 0.1, 0.5, 0.6]
    result = mg.population_anneal(SPINS, betas=betas, population=20, seed=1)
    assert result.betas.tolist() == betas
    assert result.info["betas"] == "given"
    none = mg.population_anneal(SPINS, betas=[0.0], population=20, seed=1)
    assert none.log_partition.value == pytest.approx(5 * math.log(2))


@pytest.mark.parametrize("culling", [0.02, 0.1, 0.3])
def test_steps_cull_as_many_as_asked(culling: float) -> None:
    result = mg.population_anneal(LARGE, beta=1.0, culling=culling, population=500, seed=1)
    culled = result.culled.mean(axis=0)[1:-1]
    assert culled.mean() == pytest.approx(culling, rel=0.1)


@pytest.mark.parametrize("name", MODELS)
def test_threads_change_nothing(name: str) -> None:
    runs = [
        mg.population_anneal(
            MODELS[name], beta=0.5, population=37, num_populations=3, seed=5, num_threads=threads
        )
        for threads in (1, 2, 5)
    ]
    assert_equal_runs(runs[0], runs[1])
    assert_equal_runs(runs[0], runs[2])


def test_populations_elsewhere_are_the_same_populations() -> None:
    options: dict[str, Any] = {"betas": np.linspace(0, 0.5, 6), "population": 30, "seed": 5}
    whole = mg.population_anneal(LARGE, num_populations=4, **options)
    part = mg.population_anneal(LARGE, num_populations=2, first_chain=60, **options)
    assert part.states.tolist() == whole.states[2:].tolist()
    assert part.log_z.tolist() == whole.log_z[2:].tolist()


@pytest.mark.parametrize("clamp", [{0: -1, 3: 1}, ([0, 3], [-1, 1])])
def test_clamped_sites(clamp: Any) -> None:
    result = mg.population_anneal(SPINS, beta=0.7, clamp=clamp, num_populations=20, seed=3)
    assert (result.states[:, :, [0, 3]] == [-1, 1]).all()
    states = all_states(SPINS)
    energies = np.asarray(SPINS.energies(states[(states[:, [0, 3]] == [-1, 1]).all(axis=1)]))
    estimate = result.log_partition
    assert result.log_z[:, 0] == pytest.approx(np.full(20, 3 * math.log(2)))
    assert abs(estimate.value - np.log(np.exp(-0.7 * energies).sum())) < 4 * estimate.error


@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(1, 3), st.floats(0.0, 3.0))
@settings(max_examples=30)
def test_any_size_runs(seed: int, population: int, num_populations: int, beta: float) -> None:
    result = mg.population_anneal(
        SPINS, beta=beta, population=population, num_populations=num_populations, seed=seed
    )
    assert result.betas[-1] == beta
    assert (result.rho_t >= 1 - 1e-12).all()
    assert (result.rho_t <= population + 1e-9).all()
    assert np.isfinite(result.log_z).all()
    assert (result.log_z_variance >= 0).all()


def test_a_population_that_is_too_small_is_not_trusted() -> None:
    estimate = mg.population_anneal(GLASS, beta=5.0, population=100, seed=1).log_partition
    assert not estimate.reliable
    assert math.isnan(estimate.value)
    assert "must be below population/100, got population=100" in estimate.reason


def test_populations_that_disagree_are_not_trusted() -> None:
    result = mg.population_anneal(SPINS, beta=1.0, seed=1)
    assert result.log_partition.reliable
    result.log_z[0, -1] += 1.0
    assert "the populations disagree: log Z from" in result.log_partition.reason


def test_a_model_without_energies_is_exact() -> None:
    estimate = mg.population_anneal(MODELS["free"], beta=1.0, population=10, seed=1).log_partition
    assert (estimate.value, estimate.error) == (pytest.approx(3 * math.log(2)), 0.0)


def test_time_limit_cuts() -> None:
    result = mg.population_anneal(
        LARGE, beta=5.0, population=20_000, sweeps_per_step=50, time_limit=0.2, seed=1
    )
    assert result.info["stop_reason"] == "time_limit"
    assert result.info["deterministic"] is False
    assert 0 <= result.betas[-1] < 5.0
    assert "the run was stopped at beta" in result.log_partition.reason


def test_target_and_callback_stop() -> None:
    endless: dict[str, Any] = {"beta": 5.0, "population": 5000, "sweeps_per_step": 500, "seed": 1}
    result = mg.population_anneal(LARGE, **endless, target_energy=-100.0)
    assert result.info["stop_reason"] == "target_energy"
    assert result.best.energy <= -100.0
    seen: list[Progress] = []

    def callback(progress: Progress) -> bool:
        seen.append(progress)
        return len(seen) == 3

    result = mg.population_anneal(LARGE, **endless, callback=callback)
    assert result.info["stop_reason"] == "callback"
    assert all(0 <= progress.fraction <= 1 for progress in seen)
    assert seen[-1].best_state.shape == (300,)


@cache
def uncut(betas: str) -> tuple[dict[str, Any], PopulationResult]:
    """Return options of a run, and the run."""
    options: dict[str, Any] = {"population": 100, "sweeps_per_step": 25, "seed": 5}
    if betas == "auto":
        options |= {"beta": 2.0, "culling": 0.1}
    else:
        options |= {"betas": np.linspace(0, 2, 100)}
    return options, mg.population_anneal(LARGE, **options)


@pytest.mark.parametrize("stop", [1, 2, 4])
@pytest.mark.parametrize("betas", ["auto", "given"])
def test_resumed_to_the_same_bits(stop: int, betas: str, tmp_path: Path) -> None:
    options, whole = uncut(betas)
    seen = []

    def callback(progress: Progress) -> bool:
        seen.append(progress)
        return len(seen) == stop

    path = tmp_path / "run.npz"
    cut = mg.population_anneal(LARGE, **options, checkpoint=path, callback=callback)
    assert cut.info["stop_reason"] == "callback"
    resumed = mg.resume(path, num_threads=1)
    assert isinstance(resumed, PopulationResult)
    assert_equal_runs(resumed, whole)


def test_saved_and_loaded(tmp_path: Path) -> None:
    result = mg.population_anneal(MODELS["qubo"], population=30, seed=1)
    result.save(tmp_path / "result.npz")
    loaded = mg.load(tmp_path / "result.npz")
    assert isinstance(loaded, PopulationResult)
    assert_equal_runs(loaded, result)
    assert loaded.info == result.info


def test_other_containers() -> None:
    result = mg.population_anneal(BITS, population=30, beta=1.0, seed=1)
    sampleset = result.to_dimod()
    assert sampleset.vartype.name == "BINARY"
    assert sampleset.record.energy.tolist() == result.energies.ravel().tolist()
    dataset = result.to_xarray()
    assert dataset.states.dims == ("chain", "draw", "site")
    assert dataset.log_z.sel(beta=1.0).shape == (2,)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"beta": -1.0}, ValueError, "beta must be non-negative, got -1.0"),
        ({"beta": math.nan}, ValueError, "beta must be non-negative, got nan"),
        ({"beta": math.inf}, ValueError, "beta must be finite, got inf"),
        ({"beta": "cold"}, TypeError, "beta must be a real number, got str"),
        ({"beta": 1.0, "betas": [0.0, 1.0]}, ValueError, "beta must be None when betas are given"),
        ({"betas": []}, ValueError, r"betas must be a vector of at least 1 value, got shape \(0,"),
        ({"betas": [[0.0]]}, ValueError, r"vector of at least 1 value, got shape \(1, 1\)"),
        ({"betas": [0.1, 0.2]}, ValueError, "betas must begin with 0, .* got 0.1 at index 0"),
        ({"betas": [0.0, 0.2, 0.1]}, ValueError, "must ascend, got 0.2 before 0.1 at index 1"),
        ({"betas": [0.0, 0.2, 0.2]}, ValueError, "must ascend, got 0.2 before 0.2 at index 1"),
        ({"betas": [0.0, math.nan]}, ValueError, "betas must be finite, got nan at index 1"),
        ({"betas": [0.0, math.inf]}, ValueError, "betas must be finite, got inf at index 1"),
        ({"betas": "geometric"}, ValueError, "betas must be one of 'auto', got 'geometric'"),
        ({"population": 1}, ValueError, "population must be at least 2, got 1"),
        ({"population": 2.5}, TypeError, "population must be an integer, got 2.5"),
        ({"num_populations": 0}, ValueError, "num_populations must be at least 1, got 0"),
        ({"culling": 0.0}, ValueError, "culling must be between 0 and 1, both excluded, got 0.0"),
        ({"culling": math.nan}, ValueError, "culling must be between 0 and 1, .* got nan"),
        ({"sweeps_per_step": 0}, ValueError, "sweeps_per_step must be at least 1, got 0"),
        ({"initial_states": np.ones(5)}, ValueError, "initial_states must be None: replicas start"),
        ({"kernel": "heat"}, ValueError, "kernel must be one of 'metropolis', 'gibbs', 'dwave'"),
        ({"population": 10**9, "num_populations": 10**6}, MemoryError, "1000000 x 1000000000 rep"),
    ],
)
def test_refused(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        mg.population_anneal(SPINS, **options)


def test_no_model() -> None:
    with pytest.raises(TypeError, match="model must be a magnetite model, got ndarray"):
        mg.population_anneal(np.eye(2))  # type: ignore[arg-type]


def test_labels_that_no_file_can_hold_are_refused_before_the_run(tmp_path: Path) -> None:
    calls: list[Progress] = []
    model = mg.Ising({(object(), "b"): 1.0})
    with pytest.raises(ValueError, match=r"of type object cannot be written to a file; labels may"):
        mg.population_anneal(model, checkpoint=tmp_path / "run.npz", callback=calls.append)
    assert calls == []
