"""Fine-tuning of stacks: what its parts learn, that it raises the bound, how it is broken off."""

import functools
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.deep.directed import Directed
from magnetite.training.plan import check_plan
from magnetite.training.schedules import Clock
from tools.stacks import exact_values, small_stack
from tools.training import KINDS, bars_and_stripes, machine, some_data

X = np.tile(bars_and_stripes(3), (4, 1))
OPTIONS: dict[str, Any] = {"epochs": 4, "batch_size": 16, "seed": 3}
PARAMETERS = ("weights", "visible_bias", "hidden_bias")


@functools.cache
def once_trained(sizes: tuple[int, ...]) -> mg.DBN:
    dbn = mg.DBN(sizes, dtype="float64")
    dbn.fit(X, epochs=50, batch_size=16, seed=1, monitor_every=50)
    return dbn


def trained(*sizes: int) -> mg.DBN:
    return once_trained(sizes).copy()


def all_weights(dbn: mg.DBN) -> list[Any]:
    return [getattr(rbm, name) for rbm in (*dbn.layers, *dbn.recognition) for name in PARAMETERS]


# Its parts.


@pytest.mark.parametrize("gradient", ["plain", "centered"])
@pytest.mark.parametrize("target", ["visible", "hidden"])
@pytest.mark.parametrize("kind", ["binary", "spin", "categorical", "gaussian"])
def test_a_step_follows_the_gradient_of_the_conditional_law(
    kind: str, target: Any, gradient: str
) -> None:
    """By finite differences along the step: the change of ln p is the square of the gradient."""
    rbm = machine(KINDS[kind], "binary" if target == "visible" else KINDS[kind])
    if kind == "gaussian" and target == "hidden":
        rbm = machine("binary", KINDS[kind])
    v, h = some_data(rbm), rbm.sample_hidden(some_data(rbm), seed=3)
    weights = np.arange(1.0, 8.0) / 28

    def mean_log_probability() -> float:
        energies = rbm.energy(v, h)
        rest = rbm.hidden_free_energy(h) if target == "visible" else rbm.free_energy(v)
        return float(weights @ (rest - energies))

    before = {name: getattr(rbm, name).copy() for name in PARAMETERS}
    rate = 1e-6
    plan = check_plan(
        rbm,
        negative=mg.CD(),
        optimizer=mg.SGD(rate),
        batch_size=7,
        gradient=gradient,
        offset_rate=0.01,
        precision_rate=0.0,
        penalties=(),
        initial=None,
        shuffle=True,
        seed=1,
    )
    learner, first = Directed(rbm, target, plan, 1), mean_log_probability()
    learner.learn(v, h, weights, Clock(0, 0.0, 0.0))
    gain = (mean_log_probability() - first) / rate
    steps = {name: (getattr(rbm, name) - before[name]) / rate for name in PARAMETERS}
    # The bias of the units that are given is no part of the law.
    assert not steps["hidden_bias" if target == "visible" else "visible_bias"].any()
    if gradient == "plain":
        assert gain == pytest.approx(sum((step**2).sum() for step in steps.values()), rel=1e-3)
    source = h if target == "visible" else v
    offset = weights @ source if gradient == "centered" else 0 * source[0]
    own = steps["visible_bias" if target == "visible" else "hidden_bias"]
    along = steps["weights"] if target == "visible" else steps["weights"].T
    # In coordinates that are centred on the source, it is the gradient, too.
    centred = own + along @ offset
    assert gain == pytest.approx((along**2).sum() + (centred**2).sum(), rel=1e-3)


# What it reaches.


def test_it_raises_the_exact_bound() -> None:
    rows = np.tile(bars_and_stripes(3), (10, 1))
    dbn = mg.DBN([9, 4, 4], dtype="float64")
    learnt = {"batch_size": 40, "optimizer": mg.SGD(0.15, momentum=0.9), "monitor_every": 100}
    dbn.fit(rows, epochs=60, pass_up="samples", seed=1, **learnt)
    before = exact_values(dbn, rows[:16])
    dbn.fine_tune(rows, epochs=100, seed=1, **learnt)
    after = exact_values(dbn, rows[:16])
    assert after[1].mean() > before[1].mean() + 0.3
    assert after[0].mean() > before[0].mean()
    assert (after[1] < after[0]).all()


@pytest.mark.slow
def test_it_raises_the_bound_of_digits_that_were_not_learnt(data_dir: Path) -> None:
    """Log Z of the top machine is exact; the draws' errors are hundredths of what is gained."""
    with np.load(data_dir / "digits" / "digits.npz") as archive:
        images = (archive["X"] > 7).astype(np.float32)
    images = images[np.random.default_rng(1).permutation(len(images))]
    learnt, rest = images[:1400], images[1400:]
    dbn = mg.DBN([64, 50, 20])
    options = {"batch_size": 50, "monitor_every": 1000, "seed": 1}
    steps = mg.SGD(mg.training.Cosine(0.05, begin=0.5))
    dbn.fit(learnt, epochs=100, optimizer=steps, pass_up="samples", **options)
    before = dbn.log_likelihood_bound(rest, seed=1)
    steps = mg.SGD(mg.training.Cosine(0.05, begin=0.5), momentum=0.9)
    dbn.fine_tune(learnt, epochs=50, optimizer=steps, **options)
    after = dbn.log_likelihood_bound(rest, seed=1)
    assert after.bracket[0] > before.bracket[1] + 0.5


def test_the_way_up_learns_in_the_sleep_phase_alone() -> None:
    """Of a network whose way down is right, sleep alone brings the way up near what is best."""
    dbn = small_stack(4, 3, 3, scale=1.5)
    rows = dbn.generate(1000, means=False, num_steps=50, seed=1)
    dbn.untie()
    dbn.recognition[0].weights[:] = 0.1
    before = exact_values(dbn, rows[:50])
    options = {"negative": mg.PCD(), "batch_size": 100, "optimizer": mg.SGD(0.05)}
    dbn.fine_tune(rows, epochs=40, monitor_every=40, seed=1, **options)
    after = exact_values(dbn, rows[:50])
    assert (after[0] - after[1]).mean() < 0.5 * (before[0] - before[1]).mean()


def test_the_way_down_and_the_way_up_are_untied() -> None:
    dbn = trained(9, 6, 4)
    tied = dbn.transform(X)
    assert dbn.recognition == dbn.layers
    dbn.fine_tune(X, epochs=3, seed=1)
    assert (dbn.recognition[0].weights != dbn.layers[0].weights).any()
    assert dbn.recognition[-1] is dbn.layers[-1]
    assert (dbn.transform(X) != tied).any()
    again = dbn.copy()
    again.tie()
    assert again.recognition == again.layers
    dbn.fit(X, epochs=0)
    assert dbn.recognition == dbn.layers


@pytest.mark.parametrize(
    ("visible", "hidden"), [("spin", "spin"), ("gaussian", "binary"), ("binary", "gaussian")]
)
@pytest.mark.parametrize(
    "negative", [mg.CD(2), mg.PCD(), mg.FastPCD(), mg.TemperedPCD(num_chains=9)]
)
def test_all_kinds_of_units_and_of_negative_phases(
    visible: Any, hidden: Any, negative: Any
) -> None:
    dbn = small_stack(4, 3, 3, 2, visible=visible, hidden=hidden, scale=0.2)
    rows = dbn.generate(50, means=False, num_steps=5, seed=1)
    run = dbn.fine_tune(rows, epochs=3, negative=negative, validation=rows[:9], seed=1)
    assert np.isfinite(run.history["validation_reconstruction_error"]).all()


def test_precisions_stay() -> None:
    dbn = small_stack(4, 3, 3, visible=mg.units.Gaussian(0.5, learn_variance=True), scale=0.3)
    rows = dbn.generate(50, means=False, num_steps=5, seed=1)
    dbn.fine_tune(rows, epochs=3, optimizer=mg.Adam(0.01), seed=1)
    np.testing.assert_array_equal(dbn.layers[0].visible_precision, 2)


# Seeds, threads, breaks.


def test_whole_weights_are_worth_repeated_rows_in_the_top_machine() -> None:
    one, other = trained(9, 6, 4), trained(9, 6, 4)
    counts = np.arange(1, 17)
    plain = {"epochs": 1, "batch_size": 1000, "optimizer": mg.SGD(0.0), "seed": 1}
    one.fine_tune(X[:16], sample_weight=counts, **plain)
    other.fine_tune(np.repeat(X[:16], counts, axis=0), **plain)
    np.testing.assert_allclose(one.layers[-1].data_means, other.layers[-1].data_means, atol=1e-12)


def test_the_bits_do_not_depend_on_the_number_of_threads() -> None:
    one, three = trained(9, 6, 5, 4), trained(9, 6, 5, 4)
    one.fine_tune(X, num_threads=1, **OPTIONS)
    three.fine_tune(X, num_threads=3, **OPTIONS)
    for a, b in zip(all_weights(one), all_weights(three), strict=True):
        np.testing.assert_array_equal(a, b)


def stop_after(updates: int) -> Any:
    class Stop:
        def __call__(self, progress: Any) -> None: ...

        def after_update(self, progress: Any) -> None:
            if progress.updates == updates:
                signal.raise_signal(signal.SIGINT)

    return Stop()


@pytest.mark.parametrize("updates", [3, 4, 10])
@pytest.mark.parametrize(
    ("negative", "optimizer"),
    [(mg.CD(2), mg.SGD(0.01, momentum=0.9)), (mg.PCD(), mg.Adam())],
    ids=["CD", "PCD"],
)
def test_ctrl_c_loses_nothing_and_the_training_goes_on(
    updates: int, negative: Any, optimizer: Any, tmp_path: Path
) -> None:
    path = tmp_path / "training.npz"
    options = OPTIONS | {"negative": negative, "optimizer": optimizer}
    whole, broken = trained(9, 6, 5, 4), trained(9, 6, 5, 4)
    resumed = broken.copy()
    wanted = whole.fine_tune(X, **options)
    with pytest.raises(KeyboardInterrupt) as caught:
        broken.fine_tune(X, checkpoint=path, callbacks=[stop_after(updates)], **options)
    assert caught.value.result.info["updates"] == updates  # type: ignore[attr-defined]
    resumed.layers[0].hidden_bias += 1  # what it is before counts for nothing
    found = resumed.fine_tune(X, checkpoint=path, resume=True, **options)
    np.testing.assert_array_equal(resumed.layers[-1].data_means, whole.layers[-1].data_means)
    for a, b in zip(all_weights(resumed), all_weights(whole), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(
        found.history["reconstruction_error"], wanted.history["reconstruction_error"]
    )


def test_the_checkpoint_of_another_network_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    trained(9, 6, 5, 4).fine_tune(X, checkpoint=path, **OPTIONS)
    other = trained(9, 7, 5, 4)
    with pytest.raises(ValueError, match="the machine must be that of the checkpoint"):
        other.fine_tune(X, checkpoint=path, resume=True, **OPTIONS)
    with pytest.raises(ValueError, match="the machine must be that of the checkpoint"):
        mg.RBM(5, 4).fit(np.tile(X[:, :5], (1, 1)), checkpoint=path, resume=True, **OPTIONS)


def test_streams_of_its_machines_begin_anew() -> None:
    dbn = trained(9, 6, 4)
    dbn.layers[0].partial_fit(X)
    dbn.layers[1].partial_fit(X[:, :6])
    dbn.fine_tune(X, epochs=1, seed=1)
    assert [rbm._stream for rbm in dbn.layers] == [None, None]


def test_early_stopping_restores_all_machines() -> None:
    dbn, seen = trained(9, 6, 4), []

    class Note:
        def __call__(self, progress: Any) -> None:
            assert progress.model is dbn
            seen.append({name: value.copy() for name, value in dbn.parameters.items()})

    stop = mg.training.EarlyStopping("reconstruction_error", mode="min", patience=2)
    run = dbn.fine_tune(X, callbacks=[Note(), stop], optimizer=mg.SGD(0.3), epochs=50, seed=1)
    best = int(np.argmin(run.history["reconstruction_error"]))
    assert best < len(seen) - 1
    for name, value in dbn.parameters.items():
        np.testing.assert_array_equal(value, seen[best][name], err_msg=name)


def test_a_training_that_diverges_goes_back() -> None:
    dbn = trained(9, 6, 4)
    before = [array.copy() for array in all_weights(dbn)]
    with pytest.raises(mg.training.TrainingDiverged, match="lower the learning rate"):
        dbn.fine_tune(X, optimizer=mg.SGD(1e30), seed=1)
    for a, b in zip(all_weights(dbn), before, strict=True):
        np.testing.assert_array_equal(a, b)


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "columns": ({"X": X[:, :4]}, ValueError, r"X must have shape \(rows, 9\)"),
    "no rows": ({"X": X[:0]}, ValueError, "X must have at least one row"),
    "missing": ({"X": np.where(X == 1, np.nan, X)}, ValueError, "X must hold 0 or 1"),
    "validation": ({"validation": X + 1}, ValueError, "validation must hold 0 or 1"),
    "weights": ({"sample_weight": [1.0]}, ValueError, r"sample_weight must have shape \(64,\)"),
    "negative": ({"negative": mg.PCD}, TypeError, "negative must be an object like"),
    "sums": ({"negative": mg.Exact()}, ValueError, "negative must draw states"),
    "optimizer": ({"optimizer": 0.1}, TypeError, "optimizer must be an object like"),
    "gradient": ({"gradient": "standardized"}, ValueError, "gradient must be one of 'plain'"),
    "epochs": ({"epochs": -1}, ValueError, "epochs must be at least 0"),
    "batch_size": ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
    "resume": ({"resume": True}, ValueError, "resume must be False without a checkpoint"),
    "callbacks": ({"callbacks": [3]}, TypeError, "callbacks must be callable, got 3"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_before_work_starts(case: str) -> None:
    options, error, message = BAD[case]
    dbn = small_stack(9, 3, 2)
    with pytest.raises(error, match=message):
        dbn.fine_tune(**{"X": X, **options})
    assert dbn.recognition == dbn.layers


def test_what_cannot_be_fine_tuned_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 machines"):
        mg.DBN([machine("binary", "binary")]).fine_tune(X[:, :4])
    with pytest.raises(ValueError, match=r"layers\[0\] has no weights yet: call fit first"):
        mg.DBN([9, 6, 4]).fine_tune(X)
