"""Callbacks of a training: those that are used again, and what early stopping goes by."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.training import EarlyStopping, TrainingProgress
from tools.training import bars_and_stripes, mean_log_likelihood

X = bars_and_stripes(3)


def told(*figures: float) -> Any:
    """A callback that records these figures, epoch by epoch."""
    left = iter(figures)

    def record(progress: TrainingProgress) -> None:
        progress.record(log_likelihood=next(left))

    return record


def test_early_stopping_begins_anew_with_every_fit() -> None:
    stop = EarlyStopping("log_likelihood", patience=2)
    first, second, alone = mg.RBM(9, 4), mg.RBM(9, 4), mg.RBM(9, 4)
    assert first.fit(X, callbacks=[told(9, 8, 7, 6), stop], epochs=4, seed=1).info["epochs"] == 3
    result = second.fit(X, callbacks=[told(1, 2, 3), stop], epochs=3, seed=2)
    assert result.info["stop_reason"] == "completed"
    alone.fit(X, epochs=3, seed=2)
    np.testing.assert_array_equal(second.weights, alone.weights)
    # Nor does it give back the weights of another training where this one has no epoch.
    alone.fit(X, callbacks=[stop], epochs=0)
    assert not stop.parameters


def test_a_trajectory_begins_anew_with_every_fit() -> None:
    trajectory = mg.training.Trajectory()
    counts = []
    for hidden, seed in ((4, 1), (3, 2), (3, 2)):
        rbm = mg.RBM(9, hidden)
        rbm.fit(X, callbacks=[trajectory], epochs=5, seed=seed)
        assert {machine.n_hidden for machine in trajectory.machines} == {hidden}
        np.testing.assert_array_equal(trajectory.machines[-1].weights, rbm.weights)
        counts.append(trajectory.updates)
    assert counts[1] == counts[2]


def test_verdicts_are_those_of_the_last_fit() -> None:
    monitor = mg.training.EquilibriumMonitor(every=1, num_steps=40)
    for _ in range(2):
        mg.RBM(9, 4).fit(X, callbacks=[monitor], epochs=2, seed=1)
        assert len(monitor.verdicts) == 2


def test_a_callback_is_started_before_it_is_restored(tmp_path: Any) -> None:
    class Noted:
        def __init__(self) -> None:
            self.calls: list[str] = []

        def start(self, rbm: mg.RBM) -> None:
            self.calls.append("start")

        def __call__(self, progress: TrainingProgress) -> None:
            self.calls.append("epoch")

        def state(self) -> dict[str, Any]:
            return {}

        def restore(self, state: dict[str, Any]) -> None:
            self.calls.append("restore")

    noted, options = Noted(), {"checkpoint": tmp_path / "training.npz", "resume": True}
    for epochs in (1, 2):
        mg.RBM(9, 4).fit(X, callbacks=[noted], epochs=epochs, optimizer=mg.SGD(0.01), **options)
    assert noted.calls == ["start", "epoch", "start", "restore", "epoch"]


@pytest.mark.parametrize("options", [{}, {"monitor": "free_energy_gap", "limit": 1.0}])
def test_figures_of_validation_rows_need_them_before_work_starts(options: Any) -> None:
    rbm, asked = mg.RBM(9, 4), []
    with pytest.raises(ValueError, match=r"validation must be given to stop by '.*', a figure of"):
        rbm.fit(X, callbacks=[asked.append, EarlyStopping(**options)], epochs=2, seed=1)
    assert not asked and not rbm.weights.any()


def test_figures_that_are_nan_are_skipped() -> None:
    nan, stop = np.nan, EarlyStopping("log_likelihood", patience=2)
    figures = told(nan, nan, nan, 1, nan, 0, nan, 0, 5)
    assert mg.RBM(9, 4).fit(X, callbacks=[figures, stop], epochs=9, seed=1).info["epochs"] == 8


def test_a_figure_that_is_always_nan_is_warned_of() -> None:
    options: dict[str, Any] = {"validation": X / 2, "means": True, "epochs": 3, "seed": 1}
    with pytest.warns(UserWarning, match="'validation_pseudo_log_likelihood' has been nan in ever"):
        run = mg.RBM(9, 4).fit(X / 2, callbacks=[EarlyStopping()], **options)
    assert run.info["epochs"] == 3


@pytest.mark.parametrize(
    ("monitor", "mode", "epochs"),
    [
        ("log_likelihood", None, 9),
        ("log_likelihood", "min", 3),
        ("reconstruction_error", None, 3),
        ("energy_of_likelihood", "max", 9),
        ("energy_of_likelihood", "min", 3),
    ],
)
def test_what_is_better_is_known_or_said(monitor: str, mode: str | None, epochs: int) -> None:
    def record(progress: TrainingProgress) -> None:
        progress.record(**{monitor: progress.epoch})

    stop = EarlyStopping(monitor, mode=mode, patience=2)
    result = mg.RBM(9, 4).fit(X, callbacks=[record, stop], epochs=9, seed=1)
    assert result.info["epochs"] == epochs


def test_what_is_better_must_be_said_of_other_figures() -> None:
    with pytest.raises(ValueError, match="mode must be 'max' or 'min' for the monitor 'r_hat', go"):
        EarlyStopping("r_hat")
    with pytest.raises(ValueError, match="mode must be one of 'max', 'min', got 'more'"):
        EarlyStopping("r_hat", mode="more")
    EarlyStopping("r_hat", limit=1.01)


def test_callbacks_are_told_may_record_and_may_stop() -> None:
    class Watch:
        def __init__(self) -> None:
            self.updates: list[int] = []
            self.finished = False

        def __call__(self, progress: TrainingProgress) -> bool:
            progress.record(mine=progress.epoch**2)
            return progress.epoch == 3

        def after_update(self, progress: TrainingProgress) -> None:
            self.updates.append(progress.updates)

        def finish(self, rbm: mg.RBM) -> None:
            self.finished = True

    watch, last = Watch(), []
    result = mg.RBM(9, 4).fit(X, callbacks=[watch, last.append], epochs=9, batch_size=8, seed=1)
    assert result.info["stop_reason"] == "callback"
    assert result.history["mine"].tolist() == [1, 4, 9]
    assert watch.updates == [1, 2, 3, 4, 5, 6] and watch.finished
    assert [progress.epoch for progress in last] == [1, 2, 3]  # asked even where the first stops


def test_early_stopping_gives_back_the_best_epoch() -> None:
    figures = iter([1.0, 3.0, 2.0, 2.5, 0.0, 9.0])
    seen: list[NDArray[Any]] = []

    def figure(progress: TrainingProgress) -> None:
        progress.record(my_log_likelihood=next(figures))
        seen.append(progress.rbm.weights.copy())

    stop = mg.training.EarlyStopping("my_log_likelihood", mode="max", patience=3)
    rbm = mg.RBM(9, 4)
    result = rbm.fit(X, callbacks=[figure, stop], epochs=6, seed=1)
    assert result.info["epochs"] == 5
    np.testing.assert_array_equal(rbm.weights, seen[1])
    gap = mg.training.EarlyStopping("free_energy_gap", limit=-1e9, patience=2, restore_best=False)
    assert mg.RBM(9, 4).fit(X, validation=X, callbacks=[gap], seed=1).info["epochs"] == 2
    speed = mg.training.EarlyStopping("speed", mode="max")
    with pytest.raises(KeyError, match="monitor must be a column of the history, got 'speed'"):
        mg.RBM(9, 4).fit(X, callbacks=[speed], epochs=2, seed=1)


def test_evaluate_records_likelihoods() -> None:
    class Judged(mg.RBM):
        def log_likelihood(self, data: Any, **options: Any) -> mg.Estimate:
            value = mean_log_likelihood(self, np.asarray(data, np.float32))
            return mg.Estimate(value, 0.0, (value - 1, value + 1), 1.0, True, "")

    rbm = Judged(9, 4)
    history = rbm.fit(X, callbacks=[mg.training.Evaluate(X, every=2)], epochs=5, seed=1).history
    assert np.isnan(history["log_likelihood"]).tolist() == [True, False, True, False, False]
    assert history["log_likelihood_low"][-1] == pytest.approx(mean_log_likelihood(rbm, X) - 1)


def test_a_figure_of_validation_rows_that_a_training_has_not_is_missed_at_once() -> None:
    stop = mg.training.EarlyStopping()  # by the pseudo-likelihood, which a DBM has not
    with pytest.raises(KeyError, match="got 'validation_pseudo_log_likelihood'") as caught:
        mg.DBM([9, 4, 2]).fit(X, validation=X, callbacks=[stop], epochs=50, seed=1)
    assert caught.value.result.info["epochs"] == 1
