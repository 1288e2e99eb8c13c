"""A training that was broken off and goes on ends at the same bits as one that was not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.training import TrainingProgress
from tools.training import bars_and_stripes, machine, some_data

PARAMETERS = ("weights", "visible_bias", "hidden_bias", "visible_precision", "hidden_precision")
X = np.tile(bars_and_stripes(3), (3, 1))
HOLES = X.copy()
HOLES[::5, 2:5] = np.nan
LEARNED = mg.units.Gaussian(learn_variance=True)


def stop_after(updates: int) -> Any:
    class Stop:
        def __call__(self, progress: TrainingProgress) -> None: ...

        def after_update(self, progress: TrainingProgress) -> None:
            if progress.updates == updates:
                raise KeyboardInterrupt

    return Stop()


def chunks() -> Iterator[Any]:
    yield X[:20]
    yield X[20:]


CASES: dict[str, dict[str, Any]] = {
    "CD": {"negative": mg.CD(2)},
    "PCD, momentum": {"negative": mg.PCD(num_chains=6), "optimizer": mg.SGD(0.05, momentum=0.9)},
    "fast PCD, Adam": {"negative": mg.FastPCD(), "optimizer": mg.Adam()},
    "exact": {"negative": mg.Exact(), "gradient": "standardized"},
    "missing values": {"X": HOLES},
    "chunks": {"X": chunks},
    "penalties": {"penalties": [mg.training.L1(), mg.training.SparsityTarget(0.1)]},
    "gaussian": {"visible": LEARNED},
    "schedule": {"optimizer": mg.SGD(mg.training.Cosine(0.1))},
    "early stopping": {"validation": X, "stopping": True},
}


@pytest.mark.parametrize("updates", [4, 10, 11])
@pytest.mark.parametrize("case", CASES)
def test_resumed_training_is_the_same_to_the_bit(case: str, updates: int, tmp_path: Path) -> None:
    options = {"epochs": 6, "batch_size": 10, "seed": 3} | CASES[case]
    data, visible = options.pop("X", X), options.pop("visible", "binary")
    stopping = options.pop("stopping", False)

    def callbacks() -> list[Any]:
        return [mg.training.EarlyStopping(patience=2)] if stopping else []

    whole = mg.RBM(9, 4, visible=visible)
    wanted = whole.fit(data, callbacks=callbacks(), **options)

    path = tmp_path / "training.npz"
    with pytest.raises(KeyboardInterrupt):
        mg.RBM(9, 4, visible=visible).fit(
            data, callbacks=[*callbacks(), stop_after(updates)], checkpoint=path, **options
        )
    resumed = mg.RBM(9, 4, visible=visible)
    found = resumed.fit(
        data, callbacks=callbacks(), checkpoint=path, resume=True, num_threads=3, **options
    )
    for name in PARAMETERS:
        np.testing.assert_array_equal(getattr(resumed, name), getattr(whole, name), err_msg=name)
    for name in wanted.history.keys() - {"seconds"}:
        np.testing.assert_array_equal(found.history[name], wanted.history[name], err_msg=name)
    assert (np.diff(found.history["seconds"]) > 0).all()
    if "negative" not in options:
        for a, b in zip(resumed.chains, whole.chains, strict=True):
            np.testing.assert_array_equal(a, b)


def test_callables_and_penalties_of_ones_own_go_on(tmp_path: Path) -> None:
    """Their addresses are others in the next process."""

    class Pull(mg.training.Penalty):
        pass

    path, kept = tmp_path / "training.npz", []
    for epochs in (1, 2):
        options = {"optimizer": mg.SGD(lambda clock: 0.1), "penalties": [Pull()]}
        kept.append(options)  # so that the next ones lie elsewhere
        result = mg.RBM(9, 4).fit(X, epochs=epochs, checkpoint=path, resume=True, **options)
        assert len(result.history["epoch"]) == epochs
    assert " at 0x" not in str(result.info)
    with pytest.raises(ValueError, match="penalties must be that of the checkpoint"):
        mg.RBM(9, 4).fit(X, checkpoint=path, resume=True, **options | {"penalties": []})


def test_a_training_may_be_made_longer(tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    whole, parts = mg.RBM(9, 4), mg.RBM(9, 4)
    steady = mg.SGD(0.01)  # the default's rate depends on how long the training is
    whole.fit(X, optimizer=steady, epochs=5, seed=1)
    parts.fit(X, optimizer=steady, epochs=2, seed=1, checkpoint=path, resume=True)  # no file yet
    result = parts.fit(X, optimizer=steady, epochs=5, checkpoint=path, resume=True)
    np.testing.assert_array_equal(whole.weights, parts.weights)
    assert (result.info["seed"], result.info["epochs"]) == (1, 5)


def test_checkpoints_are_written_on_the_way(tmp_path: Path) -> None:
    path, seen = tmp_path / "training.npz", []

    def look(progress: TrainingProgress) -> None:
        seen.append(path.exists())

    mg.RBM(9, 4).fit(
        X, epochs=3, batch_size=10, checkpoint=path, checkpoint_interval=1e-9, callbacks=[look]
    )
    assert all(seen)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 7}, "batch_size must be that of the checkpoint .*, 100, got 7"),
        ({"seed": 2}, "seed must be that of the checkpoint to go on with it, 1, or None, got 2"),
        ({"optimizer": mg.Adam()}, "optimizer must be that of the checkpoint"),
        ({"penalties": [mg.training.L2()]}, "penalties must be that of the checkpoint"),
    ],
)
def test_other_options_are_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    mg.RBM(9, 4).fit(X, epochs=1, seed=1, checkpoint=path)
    with pytest.raises(ValueError, match=message):
        mg.RBM(9, 4).fit(X, checkpoint=path, resume=True, **options)


def test_other_files_and_machines_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "machine.npz"
    rbm = machine("binary", "binary")
    rbm.save(path)
    with pytest.raises(ValueError, match="holds a magnetite RBM, not a training checkpoint"):
        rbm.fit(some_data(rbm), checkpoint=path, resume=True)
    rbm.fit(some_data(rbm), checkpoint=path, epochs=1)
    with pytest.raises(ValueError, match=r"RBM\(4 binary, 2 binary\).* got RBM\(9 binary, 4 bin"):
        mg.RBM(9, 4).fit(X, checkpoint=path, resume=True)
    with pytest.raises(ValueError, match=r"holds a magnetite training checkpoint: .*resume=True"):
        mg.resume(path)
    with pytest.raises(ValueError, match="the number of rows of X must be that of the checkpoint"):
        machine("binary", "binary").fit(some_data(rbm, rows=9), checkpoint=path, resume=True)
