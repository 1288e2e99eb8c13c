"""Machines are learnt through `fit` with tempered chains, trajectories and automatic steps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg

BARS = np.array(
    [np.repeat(b, 4) for b in np.ndindex(2, 2, 2, 2)]
    + [np.tile(b, 4) for b in np.ndindex(2, 2, 2, 2)],
    np.float64,
)
"""Bars and stripes of 4 x 4: 32 images, on average ln p = -3.379 at best."""
SMALL = BARS[:, :8]


def log_likelihood(rbm: mg.RBM, v: np.ndarray) -> float:
    h = rbm.hidden.states(0, 2**rbm.n_hidden)
    return float(-rbm.free_energy(v).mean() - np.logaddexp.reduce(-rbm.hidden_free_energy(h)))


NEGATIVES: dict[str, Any] = {
    "tempered": mg.TemperedPCD(num_chains=50, num_betas=4, adapt_every=20),
    "trajectory": mg.TrajectoryPCD(num_chains=50, exchange_rate=0.5),
    "auto": mg.PCD(num_chains=50, steps="auto"),
}


@pytest.mark.parametrize("name", NEGATIVES)
def test_the_likelihood_rises(name: str) -> None:
    rbm = mg.RBM(8, 4, dtype="float64")
    rbm.fit(SMALL, negative=NEGATIVES[name], epochs=300, batch_size=32, optimizer=mg.Adam(0.02),
            monitor_every=300, seed=1)  # fmt: skip
    independent = 8 * np.log(0.5)
    entropy = np.unique(SMALL, axis=0, return_counts=True)[1] / 32
    best = float((entropy * np.log(entropy)).sum())
    assert log_likelihood(rbm, SMALL) > independent + 0.35 * (best - independent)


@pytest.mark.parametrize("name", NEGATIVES)
def test_a_training_goes_on_from_its_checkpoint_to_the_same_bits(name: str, tmp_path: Path) -> None:
    def fitted(epochs: int, **more: Any) -> tuple[mg.RBM, mg.training.Trajectory]:
        rbm, trajectory = mg.RBM(8, 4), mg.training.Trajectory(spacing=1.3)
        rbm.fit(SMALL, negative=NEGATIVES[name], epochs=epochs, batch_size=8, seed=1,
                optimizer=mg.SGD(0.2), callbacks=[trajectory], **more)  # fmt: skip
        return rbm, trajectory

    whole, its = fitted(30)
    path = tmp_path / "checkpoint.npz"
    fitted(17, checkpoint=path)
    again, other = fitted(30, checkpoint=path, resume=True)
    np.testing.assert_array_equal(again.weights, whole.weights)
    np.testing.assert_array_equal(again.visible_bias, whole.visible_bias)
    # The machine at the break was saved, as that of a training that had ended.
    assert set(its.updates) <= set(other.updates)
    assert set(other.updates) - set(its.updates) <= {68}
    for update, rbm in zip(its.updates, its.machines, strict=True):
        same = other.machines[other.updates.index(update)]
        np.testing.assert_array_equal(same.weights, rbm.weights)


def test_a_trajectory_as_a_callback_ends_with_the_trained_machine() -> None:
    rbm, trajectory = mg.RBM(8, 4), mg.training.Trajectory()
    rbm.fit(SMALL, epochs=400, batch_size=32, optimizer=mg.Adam(0.02), callbacks=[trajectory],
            monitor_every=400, negative=mg.PCD(num_chains=100), seed=1)  # fmt: skip
    assert trajectory.updates[0] == 1
    assert trajectory.updates[-1] == 400
    assert 3 < len(trajectory.machines) < 60
    np.testing.assert_array_equal(trajectory.machines[-1].weights, rbm.weights)
    samples = trajectory.sample(200, num_rounds=50, seed=1)
    assert samples.exchange_rates.min() > 0.2
    assert samples.round_trips > 100


def test_figures_of_ladders_and_verdicts_are_in_the_history(capsys: Any) -> None:
    monitor = mg.training.EquilibriumMonitor(every=2, num_steps=100, verbose=True)
    result = mg.RBM(8, 4).fit(
        SMALL, negative=mg.TemperedPCD(num_chains=30, num_betas=3), epochs=4, batch_size=8,
        callbacks=[monitor], seed=1,
    )  # fmt: skip
    for name in ("round_trips", "exchange_rate", "r_hat", "ess", "autocorrelation_time"):
        assert np.isfinite(result.history[name]).tolist() == [False, True, False, True]
    assert len(monitor.verdicts) == 2
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed] == ["epoch 2", "epoch 4"]
    assert result.history["round_trips"][3] > result.history["round_trips"][1] > 0


def test_few_chains_are_judged_too() -> None:
    monitor = mg.training.EquilibriumMonitor(every=1, num_steps=40)
    mg.RBM(8, 4).fit(SMALL, negative=mg.PCD(num_chains=3), epochs=1, callbacks=[monitor], seed=1)
    assert np.isfinite(monitor.verdicts[0].r_hat)


@pytest.mark.parametrize(("epochs", "tested"), [(1, [1]), (4, [4]), (7, [5, 7]), (10, [5, 10])])
def test_a_monitor_tests_the_last_epoch_too(epochs: int, tested: list[int]) -> None:
    monitor = mg.training.EquilibriumMonitor(every=5, num_steps=40)
    history = mg.RBM(8, 4).fit(SMALL, epochs=epochs, callbacks=[monitor], seed=1).history
    assert history["epoch"][np.isfinite(history["equilibrium"])].tolist() == tested


def test_a_monitor_tests_seldom_and_some_of_many_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test costs: 2 * num_chains * num_steps Gibbs steps of a chain."""
    tested = []

    def counted(rbm: mg.RBM, v: Any, **options: Any) -> mg.training.Equilibrium:
        tested.append(len(v))
        return mg.training.equilibrium(rbm, v, **options)

    monkeypatch.setattr("magnetite.training.equilibrium_monitor.equilibrium", counted)
    rbm, pcd = mg.RBM(8, 4), mg.PCD(num_chains=120)
    for options in ({}, {"every": 10, "num_chains": 30}):
        monitor = mg.training.EquilibriumMonitor(num_steps=40, **options)
        rbm.fit(SMALL, negative=pcd, epochs=10, callbacks=[monitor], seed=1)
    assert tested == [50, 30]


def test_without_chains_a_monitor_needs_rows() -> None:
    def fitted(**options: Any) -> mg.training.TrainingResult:
        monitor = mg.training.EquilibriumMonitor(**{"every": 1, "num_steps": 40} | options)
        return mg.RBM(8, 4).fit(
            SMALL, negative=mg.CD(), epochs=1, batch_size=8, callbacks=[monitor], seed=1
        )

    with pytest.raises(TypeError, match="rows must be given where the negative phase has no"):
        fitted()
    assert np.isfinite(fitted(rows=SMALL, steps=3).history["r_hat"][0])
    with pytest.raises(ValueError, match="every must be at least 1, got 0"):
        fitted(every=0)


@pytest.mark.slow
def test_bars_and_stripes_are_learnt_by_tempered_chains() -> None:
    """Within 0.3 nats of the best, where plain persistent chains of as many states are not."""
    found = {}
    negatives = {
        "PCD": mg.PCD(num_chains=100),
        "TemperedPCD": mg.TemperedPCD(num_chains=100, num_betas=5),
        "TrajectoryPCD": mg.TrajectoryPCD(num_chains=100),
    }
    for name, negative in negatives.items():
        rbm = mg.RBM(16, 8, dtype="float64")
        rbm.fit(BARS, negative=negative, optimizer=mg.Adam(0.003), epochs=6000, batch_size=32,
                monitor_every=6000, seed=1)  # fmt: skip
        found[name] = log_likelihood(rbm, BARS)
    print(found)
    assert found["TemperedPCD"] > -3.379 - 0.3
    assert found["TrajectoryPCD"] > -3.379 - 0.3
    assert found["PCD"] < found["TemperedPCD"]
