"""`magnetite.solve`: answers, options, control, resuming."""

import itertools
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import magnetite as mg
from magnetite.control import Progress


def spin_glass(n: int = 60, degree: int = 6, seed: int = 0) -> mg.Ising:
    rng = np.random.default_rng(seed)
    i, j = np.triu_indices(n, 1)
    chosen = rng.random(i.size) < degree / n
    weights = rng.choice([-1.0, 1.0], chosen.sum())
    return mg.Ising((i[chosen], j[chosen], weights), np.zeros(n))


@settings(deadline=None, max_examples=25)
@given(
    n=st.integers(1, 10),
    scale=st.sampled_from([1e-200, 1.0, 1e200]),
    seed=st.integers(0, 2**32 - 1),
    integers=st.booleans(),
)
def test_small_qubos_are_solved(n: int, scale: float, seed: int, integers: bool) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-2, 3, (n, n)).astype(float) if integers else rng.normal(size=(n, n))
    model = mg.Qubo(scale * matrix)
    result = mg.solve(model, num_rounds=2, num_best=3, seed=seed)
    states = np.array(list(itertools.product([0, 1], repeat=n)))
    best = np.einsum("ki,ij,kj->k", states, scale * matrix, states).min()
    assert result.best.energy == pytest.approx(best, abs=1e-11 * scale * n * n)
    np.testing.assert_array_equal(result.energies, model.energies(result.states))
    assert np.all(np.diff(result.energies) >= 0)
    assert len(np.unique(result.states, axis=0)) == len(result.states) <= 3


def test_rounds_make_it_a_function_of_the_seed() -> None:
    model = spin_glass(200, 8)
    one, other = (mg.solve(model, num_rounds=6, seed=3, num_threads=k) for k in (1, 3))
    np.testing.assert_array_equal(one.states, other.states)
    assert one.info["rounds"] == other.info["rounds"]
    assert one.info["deterministic"]
    assert one.info["stop_reason"] == "completed"
    assert len(one.info["rounds"]) == 6
    again = mg.solve(model, num_rounds=6, seed=one.info["seed"])
    np.testing.assert_array_equal(one.states, again.states)


def test_says_what_each_round_did() -> None:
    result = mg.solve(spin_glass(300, 8), num_rounds=6, seed=1)
    first, *others = result.info["rounds"]
    assert first["step"] == "anneal"
    assert {this["step"] for this in others} == {"breed"}
    assert all(this["clusters"] >= 1 for this in others)
    means = [this["mean_energy"] for this in result.info["rounds"]]
    assert means == sorted(means, reverse=True)
    left = result.info["reduced_to"]
    assert 0 < left["num_variables"] < 300
    assert left["num_couplings"] <= result.info["sweeps_done"]


def test_time_limit_and_target() -> None:
    model = spin_glass(300, 8)
    began = time.perf_counter()
    timed = mg.solve(model, time_limit=0.3, seed=1)
    assert 0.25 < time.perf_counter() - began < 1.5
    assert timed.info["stop_reason"] == "time_limit"
    assert not timed.info["deterministic"]
    reached = mg.solve(model, target_energy=timed.energies[-1], seed=1)
    assert reached.info["stop_reason"] == "target_energy"
    assert reached.best.energy <= timed.energies[-1]


def test_no_time_at_all_gives_a_state() -> None:
    model = spin_glass(200, 8)
    result = mg.solve(model, time_limit=0.0, seed=1)
    assert result.states.shape == (1, 200)
    assert model.energies(result.states).tolist() == [result.best.energy]


def test_initial_states_are_never_beaten_by_the_answer() -> None:
    model = spin_glass(200)
    good = mg.solve(model, num_rounds=15, seed=1)
    kept = mg.solve(model, initial_states=good.states, time_limit=0.0, seed=2)
    assert kept.best.energy == good.best.energy
    later = mg.solve(model, initial_states=good.best.state, num_rounds=2, seed=2)
    assert later.best.energy <= good.best.energy


def test_clamps_hold_in_the_models_own_values() -> None:
    graph = {(i, j): 1.0 for i, j in itertools.combinations(range(8), 2)}
    result = mg.solve(mg.maxcut(graph), clamp={0: 1, 1: 1, 2: 1, 3: 1, 4: 1}, num_rounds=2, seed=1)
    assert result.best_objective == 15.0
    assert (result.states[:, :5] == 1).all()
    everything = mg.solve(mg.maxcut(graph), clamp=dict.fromkeys(range(8), -1), seed=1)
    assert everything.is_optimal
    assert everything.best_objective == 0.0


def test_proves_what_reduction_or_elimination_solves() -> None:
    ring = mg.Ising({(i, (i + 1) % 99): 1.0 for i in range(99)})
    result = mg.solve(ring, seed=1)
    assert (result.best.energy, result.is_optimal) == (-97.0, True)
    assert result.info["reduced_to"] == {"num_variables": 0, "num_couplings": 0}
    square = mg.maxcut({(i, j): 1.0 for i, j in itertools.combinations(range(15), 2)})
    dense = mg.solve(square, seed=1)
    assert (dense.best_objective, dense.is_optimal) == (56.0, True)
    assert dense.info["reduced_to"]["num_variables"] == 15
    assert not mg.solve(spin_glass(300, 8), num_rounds=1, seed=1).is_optimal


def test_callback_is_told_and_stops() -> None:
    seen: list[Progress] = []

    def enough(progress: Progress) -> bool:
        seen.append(progress)
        return progress.round >= 2

    model = spin_glass(400, 10)
    result = mg.solve(model, callback=enough, num_rounds=500, seed=1)
    assert result.info["stop_reason"] == "callback"
    assert seen[-1].best_energy == result.best.energy
    assert model.energies(seen[-1].best_state[None]).tolist() == [result.best.energy]
    assert seen[-1].sweeps_done > 0
    assert 0 < seen[-1].fraction < 0.5


def test_ctrl_c_loses_nothing() -> None:
    def interrupt(progress: Progress) -> bool:
        if progress.round >= 1:
            raise KeyboardInterrupt
        return False

    model = spin_glass(200, 10)
    with pytest.raises(KeyboardInterrupt) as caught:
        mg.solve(model, callback=interrupt, seed=1)
    found: Any = caught.value
    assert found.result.info["stop_reason"] == "interrupted"
    kept = mg.solve(model, callback=interrupt, seed=1, on_interrupt="return")
    assert kept.states.shape[1] == 200


def test_resumes_to_the_same_bits(tmp_path: Path) -> None:
    model, path = spin_glass(300, 12), tmp_path / "run.npz"
    whole = mg.solve(model, num_rounds=10, seed=5)
    stop = mg.solve(
        model, num_rounds=10, seed=5, checkpoint=path, callback=lambda progress: progress.round >= 1
    )
    assert 0 < len(stop.info["rounds"]) < 10
    resumed = mg.resume(path)
    np.testing.assert_array_equal(resumed.states, whole.states)
    assert resumed.info["rounds"] == whole.info["rounds"]


def test_saves_and_loads(tmp_path: Path) -> None:
    result = mg.solve(spin_glass(200, 8), num_rounds=2, seed=1)
    result.save(tmp_path / "result.npz")
    loaded = mg.load(tmp_path / "result.npz")
    np.testing.assert_array_equal(loaded.states, result.states)
    assert loaded.info["rounds"] == result.info["rounds"]
    assert "16 best states of 200 variables" in repr(loaded)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_rounds": 0}, "num_rounds must be at least 1, got 0"),
        ({"num_best": 0}, "num_best must be at least 1, got 0"),
        ({"time_limit": -1.0}, "time_limit must be a non-negative number of seconds"),
        ({"target_energy": float("nan")}, "target_energy must be a number, got nan"),
        ({"initial_states": np.ones((65, 60), np.int8)}, "initial_states must be at most 64"),
        ({"clamp": {60: 1}}, "clamp names 60"),
        ({"num_threads": 0}, "num_threads must be at least 1"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mg.solve(spin_glass(), **options)


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(TypeError, match="wrap couplings as"):
        mg.solve(np.ones((3, 3)))  # type: ignore[arg-type]
