"""`resume`: the same bits as a run that never stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.control import Progress
from magnetite.results import AnnealResult
from tools.runs import CHAIN, MODELS, assert_equal_runs, dyadic_qubo


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("stop", [1, 2, 3])
def test_resumed_to_the_same_bits(name: str, stop: int, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "num_reads": 40,
        "num_sweeps": 4000,
        "seed": 5,
        "num_best": 5,
        "trajectory": 7,
        "initial_states": np.full(MODELS[name].num_variables, MODELS[name].values[1]),
    }
    slices = []

    def callback(progress: Progress) -> bool:
        slices.append(progress)
        return len(slices) == stop

    path = tmp_path / "run.npz"
    whole = mg.anneal(MODELS[name], **options)
    mg.anneal(MODELS[name], **options, checkpoint=path, callback=callback, num_threads=2)
    resumed = mg.resume(path, num_threads=1)
    assert isinstance(resumed, AnnealResult)
    assert_equal_runs(resumed, whole)
    assert resumed.best_states is not None
    assert whole.best_states is not None
    assert resumed.best_states.tolist() == whole.best_states.tolist()
    assert resumed.trajectory is not None
    assert whole.trajectory is not None
    assert resumed.trajectory.energies.tolist() == whole.trajectory.energies.tolist()
    assert resumed.variables == whole.variables
    assert resumed.info["stop_reason"] == "completed"
    assert resumed.info["deterministic"] is True


def test_resumed_again_and_again(tmp_path: Path) -> None:
    options: dict[str, Any] = {"num_reads": 32, "num_sweeps": 3000, "seed": 5}
    path = tmp_path / "run.npz"
    result = mg.anneal(MODELS["sparse"], **options, checkpoint=path, time_limit=0.0)
    for _ in range(1000):
        if result.info["stop_reason"] == "completed":
            break
        result = mg.resume(path, time_limit=0.02)
    assert_equal_runs(result, mg.anneal(MODELS["sparse"], **options))
    assert_equal_runs(mg.resume(path), result)


@pytest.mark.parametrize("model", [dyadic_qubo(), mg.maxcut({("a", "b"): 1.0}), CHAIN])
def test_model_and_clamp_come_back(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    held = {model.variables[0]: model.values[0]}
    options: dict[str, Any] = {"num_reads": 4, "num_sweeps": 30, "seed": 1, "clamp": held}
    mg.anneal(model, **options, checkpoint=path, time_limit=0.0)
    resumed, whole = mg.resume(path), mg.anneal(model, **options)
    assert isinstance(resumed, AnnealResult)
    assert_equal_runs(resumed, whole)
    assert resumed.objectives.tolist() == whole.objectives.tolist()
    assert resumed.objective_name == model.objective_name


def test_filling_has_the_time_it_had_left(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    first = mg.anneal(
        CHAIN,
        time_limit=600.0,
        seed=1,
        checkpoint=path,
        callback=lambda progress: progress.round == 2,
    )
    resumed = mg.resume(path, time_limit=0.3)
    assert isinstance(resumed, AnnealResult)
    assert resumed.best.energy <= first.best.energy
    assert resumed.info["rounds"][:2] == first.info["rounds"][:2]
    assert resumed.info["reads_done"] >= first.info["reads_done"]
    assert len(resumed.states) == 64
    stopped = mg.resume(path, callback=lambda progress: True)
    assert stopped.info["stop_reason"] in ("callback", "time_limit")


def test_resuming_writes_where_it_read(tmp_path: Path) -> None:
    path, other = tmp_path / "run.npz", tmp_path / "other.npz"
    mg.anneal(MODELS["sparse"], num_sweeps=10, seed=1, time_limit=0.0, checkpoint=path)
    before = path.read_bytes()
    mg.resume(path, checkpoint=other)
    assert path.read_bytes() == before
    mg.resume(path)
    assert path.read_bytes() != before
    assert sorted(tmp_path.iterdir()) == [other, path]


class Halved(mg.Ising):
    """A model class that is not the package's own."""

    __slots__ = ()


def test_a_class_of_the_users_own_is_resumed_as_the_one_it_is_made_from(tmp_path: Path) -> None:
    options: dict[str, Any] = {"num_reads": 4, "num_sweeps": 50, "seed": 5}
    model, path = Halved({(0, 1): 0.5}), tmp_path / "run.npz"
    mg.anneal(model, **options, checkpoint=path, time_limit=0.0)
    assert_equal_runs(mg.resume(path), mg.anneal(model, **options))


@pytest.mark.parametrize("sampler", [mg.anneal, mg.sample])
def test_labels_that_no_file_can_hold_are_refused_before_the_run(
    sampler: Callable[..., object], tmp_path: Path
) -> None:
    label = object()
    model = mg.Ising({(label, "b"): 1.0})
    calls: list[Progress] = []
    with pytest.raises(ValueError, match=r"of type object cannot be written to a file; labels may"):
        sampler(model, checkpoint=tmp_path / "run.npz", callback=calls.append)
    assert calls == []
    sampler(model, num_sweeps=10)
