"""Results: what they hold, how they print, that they pickle, save, and go to other packages."""

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.results import AnnealResult, Result, SampleResult

LABELS = ("a", ("b", 2), 3, frozenset({"d"}))


def spin_model() -> mg.Ising:
    edges = {(LABELS[i], LABELS[i + 1]): weight for i, weight in enumerate((1.0, -2.0, 0.5))}
    return mg.Ising(edges, {"a": 0.25}, offset=0.125)


def bit_model() -> mg.Qubo:
    return mg.Qubo(np.array([[-1.0, 2.0], [0.0, -1.0]]))


@pytest.fixture
def annealed() -> AnnealResult:
    return mg.anneal(
        spin_model(), num_reads=5, num_sweeps=20, num_best=3, trajectory=4, seed=1, num_threads=1
    )


@pytest.fixture
def sampled() -> SampleResult:
    return mg.sample(
        bit_model(), num_chains=6, num_sweeps=30, store_states=True, seed=1, num_threads=1
    )


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal, arrays and tuples of arrays bit for bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype == float)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def assert_same(one: Result, other: Result) -> None:
    assert type(one) is type(other)
    for field in dataclasses.fields(one):
        assert same(getattr(one, field.name), getattr(other, field.name)), field.name


def test_pickle(annealed: AnnealResult, sampled: SampleResult) -> None:
    for result in (annealed, sampled):
        assert_same(pickle.loads(pickle.dumps(result)), result)


def test_save_and_load(annealed: AnnealResult, sampled: SampleResult, tmp_path: Path) -> None:
    for result in (annealed, sampled):
        result.save(tmp_path / "result.npz")
        assert_same(mg.load(tmp_path / "result.npz"), result)


def test_results_are_frozen(annealed: AnnealResult) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        annealed.info = {}  # type: ignore[misc]


def test_energies_are_the_models(annealed: AnnealResult) -> None:
    model = spin_model()
    assert annealed.energies.dtype == np.float64
    assert annealed.energies.tolist() == model.energies(annealed.states).tolist()
    assert annealed.best.energy == model.energies(annealed.best.state) == annealed.energies.min()
    assert annealed.best_energies is not None
    assert annealed.best_states is not None
    assert annealed.best_energies.tolist() == model.energies(annealed.best_states).tolist()
    assert (np.diff(annealed.best_energies) >= 0).all()
    assert len(np.unique(annealed.best_states, axis=0)) == 3


def test_best_assignment(annealed: AnnealResult) -> None:
    assert annealed.best_assignment == dict(zip(LABELS, annealed.best.state.tolist(), strict=True))


def test_maximisation_has_its_own_sign() -> None:
    model = mg.maxcut({(0, 1): 1.0, (1, 2): 1.0, (0, 2): 1.0})
    result = mg.anneal(model, num_reads=4, num_sweeps=20, seed=1)
    assert result.objective_name == "cut"
    assert result.best_objective == 2.0
    assert result.objectives.tolist() == model.objective(result.states).tolist()
    assert "best energy -1 (cut 2)" in repr(result)


def test_repr(annealed: AnnealResult, sampled: SampleResult) -> None:
    assert repr(annealed).startswith("<AnnealResult: 5 reads of 4 variables; best energy -")
    assert "completed after" in repr(annealed)
    assert repr(sampled).startswith("<SampleResult: 6 chains of 30 draws of 2 variables; best ")


def test_info(annealed: AnnealResult) -> None:
    info = annealed.info
    assert info["seed"] == 1
    assert info["beta_range"] == spin_model().annealing_range()
    assert info["beta_schedule"] == "geometric"
    assert (info["kernel"], info["scan"], info["keep"]) == ("metropolis", "sequential", "best")
    assert (info["num_reads"], info["num_sweeps"], info["first_chain"]) == (5, 20, 0)
    assert (info["num_threads"], info["precision"]) == (1, 24)
    assert info["stop_reason"] == "completed"
    assert info["deterministic"] is True
    assert info["reads_done"] == 5
    assert set(info["timing"]) == {"preprocessing", "sampling", "postprocessing"}
    assert all(seconds >= 0 for seconds in info["timing"].values())
    assert set(info["versions"]) == {"magnetite", "numpy", "python"}
    assert info["versions"]["magnetite"] == mg.__version__
    assert isinstance(info["path"], str)
    assert isinstance(info["simd"], str)
    (only,) = info["rounds"]
    assert (only["num_reads"], only["num_sweeps"]) == (5, 20)
    assert only["best_energy"] == annealed.best.energy


@pytest.mark.parametrize("n", [10, 60])
@pytest.mark.parametrize("offset", [0.0, 0.25])
def test_exact_sums_are_saved_with_their_problem(n: int, offset: float, tmp_path: Path) -> None:
    labels = [("site", i) for i in range(n)]
    edges = {(labels[i], labels[i + 1]): (-1.0) ** (i // 3) + offset for i in range(n - 1)}
    model = mg.Qubo(edges, offset=0.1 + 0.2, sense="maximise")
    result = mg.exact(model, beta=0.3, clamp={("site", 1): 1, ("site", 5): 0}, num_ground_states=3)
    result.save(tmp_path / "exact.npz")
    again = mg.load(tmp_path / "exact.npz")
    assert repr(again) == repr(result)
    for field in dataclasses.fields(result):
        one, other = getattr(result, field.name), getattr(again, field.name)
        if isinstance(one, np.ndarray):
            assert (one.dtype, one.tolist()) == (other.dtype, other.tolist())
        elif field.name == "levels" and one is not None:
            assert [part.tolist() for part in one] == [part.tolist() for part in other]
        elif field.name != "_problem":
            assert one == other
    betas = [0.0, 0.7, np.inf]
    for curve, other in zip(
        vars(result.thermodynamics(betas)).values(),
        vars(again.thermodynamics(betas)).values(),
        strict=True,
    ):
        assert str(curve) == str(other)
    if n == 10:
        assert again.states().tolist() == result.states().tolist()
        assert again.probabilities.tolist() == result.probabilities.tolist()


def test_trajectory(annealed: AnnealResult) -> None:
    sweeps, energies = annealed.trajectory
    assert energies.shape == (5, sweeps.size)
    assert sweeps.size <= 4
    without = mg.anneal(spin_model(), num_reads=2, num_sweeps=5)
    with pytest.raises(AttributeError, match="run with trajectory= a number of points"):
        without.trajectory  # noqa: B018


@pytest.mark.parametrize("num_best", [0, 1, 2, 100])
def test_num_best(num_best: int) -> None:
    result = mg.anneal(bit_model(), num_reads=8, num_sweeps=20, num_best=num_best, seed=1)
    if num_best == 0:
        assert result.best_states is None
        assert result.best_energies is None
        return
    assert result.best_states is not None
    assert result.best_energies is not None
    assert result.best_states.shape == (result.best_energies.size, 2)
    assert result.best_energies.size == min(num_best, result.best_energies.size) <= 4
    assert result.best_energies[0] == result.best.energy


def test_means_are_those_of_the_draws(sampled: SampleResult) -> None:
    draws = sampled.draws.reshape(-1, 2).astype(float)
    assert sampled.mean == pytest.approx(draws.mean(axis=0), abs=1e-12)
    rows, columns = sampled.edges
    expected = (draws[:, rows] * draws[:, columns]).mean(axis=0)
    assert sampled.correlations == pytest.approx(expected, abs=1e-12)
    assert sampled.mean_energy.value == pytest.approx(sampled.energies.mean())


def test_to_dimod_spins(annealed: AnnealResult) -> None:
    dimod = pytest.importorskip("dimod")
    sampleset = annealed.to_dimod()
    assert sampleset.vartype is dimod.SPIN
    assert list(sampleset.variables) == list(annealed.variables)
    assert sampleset.record.sample.tolist() == annealed.states.tolist()
    assert sampleset.record.energy.tolist() == annealed.energies.tolist()
    assert sampleset.info["seed"] == 1


def test_to_dimod_bits(sampled: SampleResult) -> None:
    dimod = pytest.importorskip("dimod")
    sampleset = sampled.to_dimod()
    assert sampleset.vartype is dimod.BINARY
    assert len(sampleset) == 6 * 30
    last = mg.sample(bit_model(), num_chains=3, num_sweeps=4, seed=1)
    assert last.to_dimod().record.energy.tolist() == last.energies[:, -1].tolist()
    assert last.to_dimod().record.sample.tolist() == last.states.tolist()


def test_to_dimod_without_draws() -> None:
    pytest.importorskip("dimod")
    result = mg.sample(bit_model(), num_chains=3, num_sweeps=0, seed=1)
    assert result.to_dimod().record.energy.tolist() == result.last_energies.tolist()
    assert result.last_energies.tolist() == bit_model().energies(result.states).tolist()


def test_to_xarray(annealed: AnnealResult, sampled: SampleResult) -> None:
    pytest.importorskip("xarray")
    dataset = annealed.to_xarray()
    assert dict(dataset.sizes) == {"read": 5, "site": 4}
    assert dataset["energies"].values.tolist() == annealed.energies.tolist()
    dataset = sampled.to_xarray()
    assert dict(dataset.sizes) == {"chain": 6, "draw": 30, "site": 2, "end": 2, "edge": 1}
    assert dataset["mean"].values.tolist() == pytest.approx(
        dataset["draws"].mean(("chain", "draw"))
    )
