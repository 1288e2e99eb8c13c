"""Joint training of deep Boltzmann machines: gradients, centring, chains, resuming."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from tools.deep import SIZES, bits, deep_machine, log_probabilities
from tools.training import bars_and_stripes

STEP = {
    "negative": mg.Exact(),
    "mean_field_steps": 1000,
    "mean_field_tolerance": 1e-14,
    "initial": None,
    "epochs": 1,
    "batch_size": 1000,
    "seed": 1,
}


def some_rows(size: int, rows: int = 7) -> Any:
    return bits(size)[np.random.default_rng(2).integers(2**size, size=rows)]


@pytest.mark.parametrize("sizes", SIZES)
def test_a_step_is_the_gradient_of_the_bound(sizes: tuple[int, ...]) -> None:
    dbm, X = deep_machine(sizes), some_rows(sizes[0])

    def bound() -> float:
        return dbm.log_likelihood_bound(X, tolerance=1e-13).value

    learnt, rate, width = dbm.copy(), 1e-3, 1e-5
    learnt.fit(X, gradient="plain", optimizer=mg.SGD(rate), **STEP)
    for before, after in zip(dbm.weights + dbm.biases, learnt.weights + learnt.biases, strict=True):
        gradient = (after - before) / rate
        for at in np.ndindex(before.shape):
            value = before[at]
            before[at] = value + width
            above = bound()
            before[at] = value - width
            below = bound()
            before[at] = value
            assert gradient[at] == pytest.approx((above - below) / (2 * width), abs=1e-6)


def test_absent_weights_stay_absent() -> None:
    dbm = mg.DBM([6, 4, 3, 5, 2])
    penalties = [mg.training.L1(1e-3), mg.training.MaxNorm(2.0), mg.training.SparsityTarget(0.3)]
    dbm.fit(some_rows(6, 40), penalties=penalties, epochs=3, batch_size=10, seed=1)
    weights = dbm.to_rbm().weights
    assert all(w.any() for w in dbm.weights)
    for block in dbm._fold.absent():
        assert not weights[block].any()


@pytest.mark.parametrize("gradient", ["centered", "standardized"])
@pytest.mark.parametrize("sizes", SIZES)
def test_centred_training_does_not_depend_on_which_value_is_called_one(
    sizes: tuple[int, ...], gradient: str
) -> None:
    """The same machine with visible units flipped learns the same distribution of flipped data."""
    dbm, X = deep_machine(sizes), some_rows(sizes[0], 30)
    flipped = dbm.copy()
    flipped.weights[0][:] = -dbm.weights[0]
    flipped.biases[0][:] = -dbm.biases[0]
    flipped.biases[1][:] = dbm.biases[1] + dbm.weights[0].sum(axis=0)
    every = log_probabilities(dbm)
    np.testing.assert_allclose(log_probabilities(flipped)[::-1], every, atol=1e-10)
    options = STEP | {"epochs": 10, "gradient": gradient, "optimizer": mg.SGD(0.1)}
    dbm.fit(X, **options)
    flipped.fit(1 - X, **options)
    assert np.abs(log_probabilities(dbm) - every).max() > 0.1
    np.testing.assert_allclose(
        log_probabilities(flipped)[::-1], log_probabilities(dbm), rtol=0, atol=1e-10
    )


def test_plain_training_does_depend_on_it() -> None:
    dbm, X = deep_machine((4, 3, 2)), some_rows(4, 30)
    flipped = dbm.copy()
    flipped.weights[0][:] = -dbm.weights[0]
    flipped.biases[0][:] = -dbm.biases[0]
    flipped.biases[1][:] = dbm.biases[1] + dbm.weights[0].sum(axis=0)
    options = STEP | {"epochs": 10, "gradient": "plain", "optimizer": mg.SGD(0.1)}
    dbm.fit(X, **options)
    flipped.fit(1 - X, **options)
    assert np.abs(log_probabilities(flipped)[::-1] - log_probabilities(dbm)).max() > 1e-3


@pytest.mark.parametrize(
    ("negative", "sizes"),
    [
        (mg.PCD(100, steps=2), (9, 8, 6)),
        (mg.PCD(100, steps=2), (9, 8, 6, 4)),
        (mg.FastPCD(100), (9, 8, 6)),
        (mg.CD(steps=5), (9, 8, 6, 4)),
        (mg.TemperedPCD(num_chains=20), (9, 8, 6)),
    ],
    ids=lambda part: type(part).__name__,
)
def test_bars_and_stripes_become_likely(negative: Any, sizes: tuple[int, ...]) -> None:
    X = bars_and_stripes(3)
    dbm = mg.DBM(sizes)
    options = {"negative": negative, "optimizer": mg.Adam(mg.training.Cosine(0.05)), "seed": 1}
    result = dbm.fit(X, epochs=300, batch_size=16, monitor_every=300, **options)
    independent = 9 * np.log(2)
    assert -dbm.log_likelihood_bound(X).value < 0.75 * independent
    assert result.history["mean_field_converged"][-1] > 0.5


def test_the_exact_gradient_reaches_the_data() -> None:
    """Nothing exceeds the entropy of the data, 2.5993 nats."""
    X = bars_and_stripes(3)
    dbm = mg.DBM([9, 8, 4])
    dbm.fit(X, negative=mg.Exact(), optimizer=mg.Adam(0.1), epochs=200, batch_size=16, seed=1)
    bound, exact = dbm.log_likelihood_bound(X), dbm.log_likelihood(X)
    assert -2.9 < bound.value <= exact.value <= -2.5992


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_do_not_depend_on_threads(dtype: str) -> None:
    X = np.random.default_rng(1).random((100, 80)) < 0.3
    machines = []
    for threads in (1, 3):
        dbm = mg.DBM([80, 60, 40, 30], dtype=dtype)
        result = dbm.fit(X, epochs=2, batch_size=50, validation=X[:50], seed=3, num_threads=threads)
        machines.append((dbm, result))
    for dbm, result in machines[1:]:
        for name, array in dbm.parameters.items():
            np.testing.assert_array_equal(array, machines[0][0].parameters[name])
        for name in set(result.history) - {"seconds"}:
            np.testing.assert_array_equal(result.history[name], machines[0][1].history[name])


class Stop:
    """Ctrl-C after some updates."""

    def __init__(self, updates: int) -> None:
        self.updates = updates

    def __call__(self, progress: mg.training.TrainingProgress) -> None:
        pass

    def after_update(self, progress: mg.training.TrainingProgress) -> None:
        if progress.updates == self.updates:
            raise KeyboardInterrupt


def test_a_training_that_was_cut_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    X = np.random.default_rng(1).random((100, 12)) < 0.3
    options: dict[str, Any] = {"epochs": 4, "batch_size": 20, "validation": X[:9]}
    options |= {"optimizer": mg.SGD(0.1, momentum=0.5)}
    whole, parts = mg.DBM([12, 8, 6, 4]), mg.DBM([12, 8, 6, 4])
    expected = whole.fit(X, seed=5, **options)
    path = tmp_path / "checkpoint.npz"
    cut = parts.fit(
        X, seed=5, callbacks=[Stop(7)], checkpoint=path, on_interrupt="return", **options
    )
    assert cut.info["stop_reason"] == "interrupted"
    assert cut.info["updates"] == 7
    fresh = mg.DBM([12, 8, 6, 4])
    found = fresh.fit(X, checkpoint=path, resume=True, **options)
    for name, array in whole.parameters.items():
        np.testing.assert_array_equal(array, fresh.parameters[name])
    np.testing.assert_array_equal(whole.transform(X), fresh.transform(X))  # with its start
    for name in set(expected.history) - {"seconds"}:
        np.testing.assert_array_equal(found.history[name], expected.history[name])
    for ours, theirs in zip(whole.chains, fresh.chains, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_checkpoint_of_another_machine_is_refused(tmp_path: Path) -> None:
    """Also of one that folds to the same restricted machine."""
    path, X = tmp_path / "checkpoint.npz", some_rows(4, 10)
    mg.DBM([4, 3, 2, 1]).fit(X, epochs=1, checkpoint=path, seed=1)
    with pytest.raises(ValueError, match=r"the machine must be .*DBM\(4, 3, 2, 1\), got DBM\(4, 4"):
        mg.DBM([4, 4, 2]).fit(X, epochs=1, checkpoint=path, resume=True)
    with pytest.raises(ValueError, match=r"mean_field_steps must be .* 10, got 9"):
        mg.DBM([4, 3, 2, 1]).fit(X, epochs=1, checkpoint=path, resume=True, mean_field_steps=9)


def test_history_and_info_tell_the_training() -> None:
    dbm, X = mg.DBM([6, 4, 3]), some_rows(6, 50)
    result = dbm.fit(X, epochs=3, batch_size=10, validation=X[:20], seed=1)
    assert repr(result) == "TrainingResult(3 epochs, 15 updates, completed)"
    assert sorted(result.history) == [
        "epoch",
        "free_energy_gap",
        "mean_abs_weight",
        "mean_field_converged",
        "mean_field_iterations",
        "reconstruction_error",
        "saturated",
        "seconds",
        "update_ratio",
        "updates",
    ]
    assert result.info["mean_field_steps"] == 10
    np.testing.assert_allclose(dbm.data_means, X.mean(axis=0))
    assert [states.shape for states in dbm.chains] == [(10, 6), (10, 4), (10, 3)]
    assert all(np.isin(states, (0, 1)).all() for states in dbm.chains)


def test_the_free_energy_gap_is_that_of_bounds() -> None:
    dbm, X = mg.DBM([6, 4, 3], dtype="float64"), some_rows(6, 50)
    options = {"mean_field_steps": 1000, "mean_field_tolerance": 1e-12}
    result = dbm.fit(X[:30], epochs=2, validation=X[30:], seed=1, **options)
    train, other = (dbm.log_likelihood_bound(rows, log_z=0.0).value for rows in (X[:30], X[30:]))
    assert result.history["free_energy_gap"][-1] == pytest.approx(train - other, abs=1e-9)


def test_callbacks_see_the_deep_machine() -> None:
    seen: list[Any] = []
    dbm, X = mg.DBM([6, 4, 3]), some_rows(6, 50)

    def watch(progress: mg.training.TrainingProgress) -> None:
        seen.append(progress.rbm)
        progress.record(bound=seen[-1].log_likelihood_bound(X).value)

    stop = mg.training.EarlyStopping("bound", mode="max", patience=1, min_change=10.0)
    result = dbm.fit(X, epochs=9, callbacks=[watch, stop], optimizer=mg.SGD(0.5), seed=1)
    assert seen == [dbm, dbm]
    assert result.info["stop_reason"] == "callback"
    # The best epoch is the first: its parameters are back.
    assert dbm.log_likelihood_bound(X).value == pytest.approx(result.history["bound"][0], abs=1e-4)


def test_equilibrium_and_likelihoods_are_watched() -> None:
    """Chains are those of all even layers, likelihoods those of the visible one."""
    dbm, X = mg.DBM([6, 4, 3], dtype="float64"), some_rows(6, 50)
    monitor = mg.training.EquilibriumMonitor(every=2, num_steps=200)
    watch = mg.training.Evaluate(X, every=2)
    result = dbm.fit(X, epochs=2, batch_size=10, callbacks=[monitor, watch], seed=1)
    assert np.isfinite(result.history["r_hat"][-1])
    expected = dbm.log_likelihood(X).value
    assert result.history["log_likelihood"][-1] == pytest.approx(expected, abs=1e-12)


def test_rows_may_have_weights_and_come_in_chunks() -> None:
    X = some_rows(6, 20)
    weighted, repeated = mg.DBM([6, 4, 3], dtype="float64"), mg.DBM([6, 4, 3], dtype="float64")
    options = STEP | {"initial": "data", "optimizer": mg.SGD(0.1)}
    weighted.fit(X, sample_weight=np.arange(20) % 2 + 1, **options)
    repeated.fit(np.concatenate([X, X[1::2]]), **options)
    np.testing.assert_allclose(weighted.biases[0], repeated.biases[0], atol=1e-12)
    np.testing.assert_allclose(weighted.weights[1], repeated.weights[1], atol=1e-12)
    chunks = mg.DBM([6, 4, 3])
    result = chunks.fit([X[:7], X[7:]], epochs=2, batch_size=5, seed=1)
    assert result.info["updates"] == 8
    result = chunks.fit(iter([X[:7], X[7:]]), epochs=1, batch_size=5, seed=1)  # of unknown length
    assert result.info["updates"] == 4


def test_saturated_units_are_told() -> None:
    X = some_rows(6, 50)
    biases = [np.zeros(6), [9.0, 0.0, -9.0, 0.0], [0.0, 9.0, 0.0]]
    dbm = mg.DBM([6, 4, 3], biases=biases)
    result = dbm.fit(X, optimizer=mg.SGD(1e-9), initial=None, epochs=1, seed=1)
    assert result.history["saturated"] == [3 / 7]


def test_a_training_goes_on_from_the_activities_of_the_last() -> None:
    dbm, X = mg.DBM([6, 4, 3]), some_rows(6, 50)
    optimizer = mg.SGD(mg.training.Cosine(0.5))
    dbm.fit(X, optimizer=optimizer, epochs=100, batch_size=10, offset_rate=0.05, seed=1)
    before = dbm.transform(X)
    activities = dbm._mean_activities()
    assert np.abs(activities - 0.5).max() > 0.05
    np.testing.assert_allclose(activities, before.mean(axis=0), atol=0.05)
    dbm.fit(X, epochs=0, seed=2)
    np.testing.assert_array_equal(dbm._mean_activities(), activities)
    np.testing.assert_array_equal(dbm.transform(X), before)


@pytest.mark.parametrize("rate", [1e6, 1e38])
def test_a_rate_that_is_too_high_leaves_the_last_good_machine(rate: float) -> None:
    dbm, X = mg.DBM([6, 4, 3]), some_rows(6, 50)
    dbm.fit(X, epochs=1, seed=1)
    before = dbm.copy()
    with pytest.raises(mg.training.TrainingDiverged, match="as it was after epoch 0"):
        dbm.fit(X, optimizer=mg.SGD(rate), batch_size=5, epochs=100, seed=1)
    for name, array in before.parameters.items():
        np.testing.assert_array_equal(array, dbm.parameters[name])
    np.testing.assert_array_equal(dbm.transform(X), before.transform(X))


def test_a_time_limit_stops_the_training() -> None:
    result = mg.DBM([6, 4, 3]).fit(some_rows(6, 50), epochs=10**6, time_limit=0.05, seed=1)
    assert result.info["stop_reason"] == "time_limit"
