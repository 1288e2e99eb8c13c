"""`temper` on the real core: shapes, exact means at every rung, ladders that tune themselves."""

import math
import re
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
import magnetite.memory
from magnetite.control import Progress
from magnetite.models import Model
from magnetite.temper_result import TemperResult
from tools.lattice import lattice_energy, square_lattice
from tools.laws import all_states, boltzmann
from tools.small import BETAS, BITS, GLASS, RNG, SPINS


def same(one: TemperResult, other: TemperResult) -> bool:
    return (
        bool((one.states == other.states).all())
        and np.array_equal(one.energies, other.energies, equal_nan=True)
        and np.array_equal(one.betas, other.betas)
        and np.array_equal(one.swap_rates, other.swap_rates)
        and np.array_equal(one.single_sums, other.single_sums)
        and one.best.energy == other.best.energy
        and bool((one.best.state == other.best.state).all())
    )


@pytest.mark.parametrize("model", [SPINS, BITS], ids=["spins", "bits"])
@pytest.mark.parametrize("options", [{}, {"kernel": "gibbs", "swaps": "stochastic"}], ids=str)
def test_means_of_every_rung_are_exact(model: Model, options: dict[str, Any]) -> None:
    result = mg.temper(
        model, betas=BETAS, num_ladders=200, num_sweeps=200, observe_interval=1, moments=True,
        cluster_moves=True, seed=1, **options,
    )  # fmt: skip
    states = all_states(model).astype(float)
    rows, columns = result.edges
    for rung, beta in enumerate(BETAS):
        law = boltzmann(model, beta)
        of_ladders = result.energies[:, rung].mean(axis=1)
        error = of_ladders.std(ddof=1) / math.sqrt(200)
        assert abs(of_ladders.mean() - law @ model.energies(all_states(model))) < 5 * error
        # Means of variables: the error of 200 ladders, were each of them but one draw.
        spread = 1 / math.sqrt(200)
        assert (np.abs(result.mean[rung] - law @ states) < 3 * spread).all()
        second = law @ (states[:, rows] * states[:, columns])
        assert (np.abs(result.correlations[rung] - second) < 3 * spread).all()


def test_shapes() -> None:
    result = mg.temper(GLASS, betas=BETAS, num_ladders=4, num_sweeps=90, thin=4, seed=1)
    assert result.states.shape == (4, 4, 60)
    assert result.energies.shape == result.objectives.shape == (4, 4, 22)
    assert result.betas.tolist() == BETAS
    assert result.swap_rates.shape == (3,)
    assert result.round_trips.shape == (4,)
    assert result.from_hot[0] == 1.0 and result.from_hot[-1] == 0.0
    assert result.single_sums.shape == (4, 4, 64, 6)
    assert result.pair_sums.shape == (2, 4, 64, 6)
    assert result.overlaps.shape[0] == 4
    np.testing.assert_allclose(
        GLASS.energies(result.states.reshape(-1, 60)).reshape(4, 4), result.last_energies
    )
    assert result.info["stop_reason"] == "completed"
    assert result.info["deterministic"] is True


def test_what_is_not_measured_is_zero() -> None:
    result = mg.temper(GLASS, betas=BETAS, num_sweeps=90, observe_interval=0, seed=1)
    assert result.counts.shape == (64,) and not result.counts.any()
    assert result.single_sums.shape == (2, 4, 64, 6) and not result.single_sums.any()
    assert result.pair_sums.shape == (1, 4, 64, 6) and not result.pair_sums.any()
    assert np.isfinite(result.mean_energy.value).all()
    with pytest.raises(ValueError, match="magnetisations were not measured"):
        result.magnetisation  # noqa: B018


def test_sums_of_observables_are_asked_for_before_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(magnetite.memory, "available_memory", lambda: 2 * 10**8)
    options: dict[str, Any] = {"betas": [0.1, 0.2, 0.3], "num_ladders": 40_000, "seed": 1}
    pair = mg.Ising({(0, 1): 1.0})
    with pytest.raises(MemoryError, match="sums of observables of 40000 x 3 replicas"):
        mg.temper(pair, num_sweeps=1, **options)
    mg.temper(pair, num_sweeps=1, observe_interval=0, **options)


def test_more_ladders_than_can_be_counted_are_refused() -> None:
    with pytest.raises((MemoryError, ValueError)):
        mg.temper(GLASS, betas=BETAS, num_ladders=2**62, num_sweeps=1, seed=1)


def test_energies_of_a_finite_lattice() -> None:
    betas = [0.2, 0.3, 0.4, 0.44]
    result = mg.temper(square_lattice(8), betas=betas, num_ladders=24, num_sweeps=2000, seed=2)
    for rung, beta in enumerate(betas):
        of_ladders = result.energies[:, rung].mean(axis=1) / 64
        error = of_ladders.std(ddof=1) / math.sqrt(24)
        assert abs(of_ladders.mean() - lattice_energy(8, beta)) < 4.5 * error


def test_an_automatic_ladder_has_equal_rates() -> None:
    result = mg.temper(GLASS, beta_range=(0.0, 3.0), num_ladders=8, num_sweeps=2000, seed=1)
    assert result.betas[0] == 0.0 and result.betas[-1] == 3.0
    assert (np.diff(result.betas) > 0).all()
    # The rates scatter by what the last tuning round has seen, and its two ends.
    assert result.swap_rates.min() > 0.3 and result.swap_rates.max() < 0.8
    assert result.round_trips.min() > 0
    rounds = result.info["rounds"]
    assert len(rounds) > 2 and rounds[-1]["barrier"] == pytest.approx(
        (1 - result.swap_rates).sum(), rel=0.2
    )
    again = mg.temper(GLASS, betas=result.betas, num_sweeps=200, cluster_moves=False, seed=1)
    assert again.betas.tolist() == result.betas.tolist()
    assert again.info["rounds"] == []


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_do_not_show(threads: int) -> None:
    options: dict[str, Any] = {"num_sweeps": 400, "num_ladders": 3, "seed": 4}
    one = mg.temper(GLASS, **options, num_threads=1)
    assert same(mg.temper(GLASS, **options, num_threads=threads), one)


def test_clusters_move_only_where_they_do_not_percolate() -> None:
    assert not mg.temper(GLASS, num_sweeps=100, cluster_moves=False, seed=1).cluster_rungs.any()
    complete = mg.Ising(np.triu(RNG.normal(size=(40, 40)), 1))
    assert not mg.temper(complete, num_sweeps=100, seed=1).cluster_rungs.any()
    assert mg.temper(GLASS, num_sweeps=100, cluster_moves=True, seed=1).cluster_rungs.all()
    ring = mg.Ising({(i, (i + 1) % 100): 1.0 for i in range(100)})
    result = mg.temper(ring, num_sweeps=400, seed=1)
    assert result.cluster_rungs.any()
    assert result.clusters[result.cluster_rungs, 0].min() > 0
    assert result.clusters[~result.cluster_rungs].sum() == 0


@cache
def uncut(betas: str) -> tuple[dict[str, Any], TemperResult]:
    """Return options of a run, and the run."""
    given = BETAS if betas == "given" else betas
    options: dict[str, Any] = {"betas": given, "num_sweeps": 20_000, "seed": 5}
    return options, mg.temper(GLASS, **options)


@pytest.mark.parametrize("stop", [1, 2, 4])
@pytest.mark.parametrize("betas", ["auto", "given"])
def test_resumed_to_the_same_bits(stop: int, betas: str, tmp_path: Path) -> None:
    options, whole = uncut(betas)
    slices = []

    def callback(progress: Progress) -> bool:
        slices.append(progress)
        return len(slices) == stop

    path = tmp_path / "run.npz"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        mg.temper(GLASS, **options, checkpoint=path, callback=callback, num_threads=2)
    resumed = mg.resume(path, num_threads=1)
    assert isinstance(resumed, TemperResult)
    assert same(resumed, whole)
    assert resumed.info["rounds"] == whole.info["rounds"]
    assert resumed.info["deterministic"] is True


@pytest.mark.parametrize("threads", [2, 4])
def test_resumed_with_more_threads(threads: int, tmp_path: Path) -> None:
    torus = mg.Ising(
        {
            (12 * i + j, 12 * (i + down) % 144 + (j + 1 - down) % 12): RNG.choice([-1.0, 1.0])
            for i in range(12)
            for j in range(12)
            for down in (0, 1)
        }
    )
    options: dict[str, Any] = {
        "betas": np.linspace(0.1, 1.0, 16), "num_sweeps": 3000, "cluster_moves": False, "seed": 5,
    }  # fmt: skip
    path = tmp_path / "run.npz"
    mg.temper(torus, **options, checkpoint=path, callback=lambda progress: True, num_threads=1)
    resumed = mg.resume(path, num_threads=threads)
    assert isinstance(resumed, TemperResult)
    assert same(resumed, mg.temper(torus, **options, num_threads=1))


def test_saved_and_loaded(tmp_path: Path) -> None:
    result = mg.temper(GLASS, betas=BETAS, num_sweeps=100, seed=1)
    result.save(tmp_path / "run.npz")
    loaded = mg.load(tmp_path / "run.npz")
    assert isinstance(loaded, TemperResult)
    assert same(loaded, result)
    assert loaded.info == result.info


def test_a_time_limit_is_filled() -> None:
    result = mg.temper(GLASS, time_limit=0.6, seed=1)
    assert result.info["tuned"] and result.info["stop_reason"] == "time_limit"
    assert not result.info["deterministic"]
    assert not np.isnan(result.energies).all()
    assert sum(result.info["timing"].values()) < 1.5


def test_too_little_time_returns_what_there_is() -> None:
    with pytest.warns(RuntimeWarning, match="still being tuned"):
        result = mg.temper(GLASS, num_sweeps=10**6, time_limit=0.0, seed=1)
    assert not result.info["tuned"]
    assert result.best.energy == GLASS.energies(result.best.state)
    assert result.info["stop_reason"] == "time_limit"


def test_a_target_stops() -> None:
    ground = mg.anneal(GLASS, num_reads=64, seed=1).best.energy
    result = mg.temper(GLASS, num_sweeps=10**6, target_energy=ground, seed=1)
    assert result.info["stop_reason"] == "target_energy"
    assert result.best.energy == ground


@pytest.mark.parametrize("keywords", [{}, {"betas": [0.1, 1.0]}, {"time_limit": 0.1}], ids=str)
def test_a_model_without_variables(keywords: dict[str, Any]) -> None:
    result = mg.temper(mg.Ising({}, offset=1.5), num_sweeps=None, seed=1, **keywords)
    assert result.states.shape == (2, result.betas.size, 0)
    assert set(result.energies[~np.isnan(result.energies)].tolist()) == {1.5}
    assert result.best.energy == 1.5


def test_frozen_ladders_are_told_of() -> None:
    with pytest.warns(RuntimeWarning, match="as good as cut there"):
        mg.temper(GLASS, betas=[0.1, 50.0], num_sweeps=200, seed=1)
    with pytest.warns(RuntimeWarning, match="20 rungs change .* a ladder of 2 would do"):
        mg.temper(GLASS, betas=np.linspace(0.5, 0.51, 20), num_sweeps=50, seed=1)
    tuned = mg.temper(GLASS, num_sweeps=1000, seed=1)  # at most twice as many, and full vectors
    with pytest.warns(RuntimeWarning, match="100 rungs change .* a ladder of 1?[0-9] would do"):
        mg.temper(GLASS, num_rungs=100, num_sweeps=1000, seed=1)
    assert tuned.betas.size < 24


def test_clamped_sites_stay() -> None:
    result = mg.temper(GLASS, betas=BETAS, clamp={0: -1, 5: 1}, num_sweeps=100, seed=1)
    assert (result.states[:, :, 0] == -1).all() and (result.states[:, :, 5] == 1).all()


def test_xarray_has_arviz_dimensions() -> None:
    pytest.importorskip("xarray")
    result = mg.temper(GLASS, betas=BETAS, num_sweeps=50, seed=1)
    assert "draws" not in result.to_xarray()
    result = mg.temper(GLASS, betas=BETAS, num_sweeps=50, store_states=True, seed=1)
    dataset = result.to_xarray()
    assert dataset.draws.dims == ("chain", "draw", "beta", "site")
    assert dataset.draws.shape == (2, 50, 4, 60)
    assert result.draws[:, :, -1].tolist() == result.states.tolist()
    assert dataset.energies.dims == ("chain", "draw", "beta")
    assert dataset.beta.values.tolist() == BETAS
    assert float(dataset.energies[1, 7, 2]) == result.energies[1, 2, 7]
    result = mg.temper(GLASS, betas=BETAS, num_sweeps=500, moments=True, seed=1)
    dataset = result.to_xarray()
    for name in ("correlations", "correlations_error"):
        assert dataset[name].dims == ("beta", "edge")
        assert dataset[name].values.tolist() == getattr(result, name).tolist()
    for name in ("mean", "mean_error"):
        assert dataset[name].dims == ("beta", "site")
    assert dataset.edges.values.tolist() == result.edges.tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"betas": [1.0]}, "betas must be a vector of at least 2 values"),
        ({"betas": [0.5, 0.2]}, "betas must ascend, got 0.5 before 0.2 at index 0"),
        ({"betas": [0.5, 0.5]}, "betas must ascend"),
        ({"betas": [-0.5, 0.2]}, "betas must be finite and non-negative, got -0.5 at index 0"),
        ({"betas": [0.5, np.nan]}, "betas must be finite and non-negative, got nan at index 1"),
        ({"betas": [0.5, np.inf]}, "betas must be finite"),
        ({"betas": list(np.arange(600.0))}, "betas must hold at most 512 values, got 600"),
        ({"betas": "best"}, "betas must be 'auto' or a vector of ascending betas, got 'best'"),
        ({"betas": [0.1, 1.0], "num_rungs": 3}, "num_rungs must be None when betas are given"),
        ({"betas": [0.1, 1.0], "beta_range": (0, 1)}, "beta_range must be None"),
        ({"beta_range": (1.0, 0.5)}, "beta_range must be two finite betas"),
        ({"beta_range": (0.1, np.inf)}, "beta_range must be two finite betas"),
        ({"beta_range": (0.1, 1.0, 2.0)}, "beta_range must be two betas, first and last, got 3"),
        ({"beta_range": (-0.1, 1.0)}, "beta_range[0] must be non-negative, got -0.1"),
        ({"num_rungs": 1}, "num_rungs must be at least 2, got 1"),
        ({"num_rungs": 5000}, "num_rungs must be at most 512, got 5000"),
        ({"num_ladders": 0}, "num_ladders must be at least 1"),
        ({"num_sweeps": 0}, "num_sweeps must be at least 1"),
        ({"thin": 0}, "thin must be at least 1"),
        ({"swaps": "all"}, "swaps must be one of"),
        ({"swap_interval": 0}, "swap_interval must be at least 1"),
        ({"kernel": "dwave"}, "kernel must be one of 'metropolis', 'gibbs'"),
        ({"cluster_moves": True, "num_ladders": 1}, "num_ladders must be at least 2"),
        ({"cluster_moves": "yes"}, "cluster_moves must be 'auto', True or False, got 'yes'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        mg.temper(GLASS, **options)


def test_cluster_moves_on_a_dense_model_are_refused() -> None:
    assert not mg.temper(GLASS, num_sweeps=100, cluster_moves=False, seed=1).cluster_rungs.any()
    complete = mg.Ising(np.triu(np.ones((40, 40)), 1))
    with pytest.raises(ValueError, match="cluster_moves need a sparse model, got 39 couplings"):
        mg.temper(complete, cluster_moves=True)
    with pytest.raises(TypeError, match="cluster_moves"):
        mg.temper(complete, cluster_moves=1.5)  # type: ignore[arg-type]


def test_a_long_time_limit_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("magnetite.stages.MOST_BYTES", 100_000)
    result = mg.temper(GLASS, time_limit=0.5, seed=1)
    assert result.info["thin"] > 1
    assert 24 * result.energies.size <= 120_000
