"""Conditional machines: learning, series, files, bad input, a real film."""

import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

import magnetite as mg
from magnetite.relatives.conditional_fit import ridge_regression
from magnetite.relatives.history import stack_history

Floats = NDArray[np.float64]
NAMES = (
    "weights",
    "visible_bias",
    "hidden_bias",
    "condition_to_visible",
    "condition_to_hidden",
    "visible_precision",
)


def switched_patterns(rows: int = 400, seed: int = 1) -> tuple[Floats, Floats]:
    """Pairs of equal bits where the condition is 0, of opposite ones where it is 1."""
    rng = np.random.default_rng(seed)
    u, first = rng.integers(0, 2, (2, rows, 1)).astype(float)
    return np.concatenate([first, np.abs(first - u)], axis=1), u


def awake(model: mg.ConditionalRBM) -> mg.ConditionalRBM:
    """Let it start far from zero, where what depends on three units has no slope."""
    rng = np.random.default_rng(1)
    for name in ("weights", "condition_to_hidden"):
        values = getattr(model, name)
        values[...] = rng.standard_normal(values.shape)
    return model


def parameters(model: mg.ConditionalRBM) -> Floats:
    return np.concatenate([np.ravel(getattr(model, name)) for name in NAMES])


def test_hidden_units_learn_what_conditions_do_to_correlations() -> None:
    X, u = switched_patterns()
    model = awake(mg.ConditionalRBM(2, 6, n_condition=1))
    options: dict[str, Any] = {"epochs": 50, "monitor_every": 50, "optimizer": mg.Adam(0.06)}
    model.fit(X, conditions=u, batch_size=50, seed=1, **options)
    held_out = switched_patterns(200, seed=2)
    found = model.log_likelihood(*held_out).value
    assert found > -0.8  # -ln 2 at best
    model.condition_to_hidden[...] = 0
    assert model.log_likelihood(*held_out).value < -1.2  # -2 ln 2 without


def test_likelihoods_rise_by_following_a_condition() -> None:
    rng = np.random.default_rng(1)
    u = rng.standard_normal((400, 2))
    X = (rng.random((400, 3)) < 1 / (1 + np.exp(-u @ [[3, 0, -1], [0, 2, 1]]))).astype(float)
    model = mg.ConditionalRBM(3, 1, n_condition=2)
    options: dict[str, Any] = {"epochs": 30, "monitor_every": 30, "optimizer": mg.SGD(0.3)}
    model.fit(X, conditions=u, seed=1, **options)
    blind = mg.ConditionalRBM(3, 1, n_condition=2)
    blind.fit(X, conditions=np.zeros_like(u), seed=1, **options)
    some = X[:100], u[:100]
    gain = model.log_likelihood(*some).value - blind.log_likelihood(*some).value
    assert gain > 0.4
    assert abs(model.condition_to_visible[0, 0] - 3) < 1
    assert abs(model.condition_to_visible[0, 1]) < 0.7


# Where learning begins.


def test_gaussian_units_begin_at_ridge_regression() -> None:
    rng = np.random.default_rng(1)
    u = rng.standard_normal((300, 3)) + 2
    X = u @ rng.standard_normal((3, 2)) + 0.3 * rng.standard_normal((300, 2)) + 5
    weights = rng.random(300)
    units = mg.units.Gaussian(learn_variance=True)
    model = mg.ConditionalRBM(2, 1, n_condition=3, visible=units, dtype="float64")
    model.fit(X, conditions=u, epochs=0, sample_weight=weights, ridge=1e-9, seed=1)
    design = np.concatenate([u, np.ones((300, 1))], axis=1) * np.sqrt(weights)[:, None]
    wanted = np.linalg.lstsq(design, X * np.sqrt(weights)[:, None], rcond=None)[0]
    q = model.visible_precision
    np.testing.assert_allclose(model.condition_to_visible / q, wanted[:3], atol=1e-6)
    np.testing.assert_allclose(model.visible_bias / q, wanted[3], atol=1e-5)
    residuals = np.average((X - u @ wanted[:3] - wanted[3]) ** 2, axis=0, weights=weights)
    np.testing.assert_allclose(1 / q, residuals, rtol=1e-6)


def test_ridge_regression_shrinks_to_the_mean() -> None:
    rng = np.random.default_rng(1)
    u, x = rng.standard_normal((2, 50, 1))
    ones = np.ones(50)
    small, large = (ridge_regression(x, u, ones, ridge)[0] for ridge in (1e-9, 1.0))
    assert large[0, 0] == pytest.approx(small[0, 0] / 2, rel=1e-6)
    coefficients, offsets, variances = ridge_regression(x, np.zeros((50, 1)), ones, 0.1)
    assert (coefficients[0, 0], offsets[0]) == (0, pytest.approx(x.mean()))
    assert variances[0] == pytest.approx(x.var())


def test_without_ridge_learning_begins_at_no_regression() -> None:
    rng = np.random.default_rng(1)
    u = rng.standard_normal((200, 1))
    model = mg.ConditionalRBM(1, 1, n_condition=1, visible="gaussian")
    model.fit(2 * u, conditions=u, epochs=0, ridge=None, seed=1)
    assert not model.condition_to_visible.any()
    model.fit(2 * u, conditions=u, epochs=60, initial=None, optimizer=mg.SGD(0.1), seed=1)
    assert model.condition_to_visible[0, 0] == pytest.approx(2, abs=0.1)


def test_an_error_of_a_callback_keeps_what_was_learnt() -> None:
    def fail(progress: Any) -> None:
        raise ValueError("no more")

    X, u = switched_patterns(60)
    model = mg.ConditionalRBM(2, 3, n_condition=1)
    with pytest.raises(ValueError, match="no more"):
        model.fit(X, conditions=u, callbacks=[fail], seed=1)
    assert model.weights.any()


def test_interrupted_simulations_give_the_frames_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    model, turns = series_model(), []
    whole = model.simulate(X4, 5, seed=1)
    module = sys.modules["magnetite.relatives.conditional_draws"]
    advance = module.advance_chains

    def interrupted(*arguments: Any) -> Any:
        turns.append(1)
        if len(turns) == 4:
            raise KeyboardInterrupt
        return advance(*arguments)

    monkeypatch.setattr(module, "advance_chains", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        model.simulate(X4, 5, seed=1)
    np.testing.assert_array_equal(caught.value.result, whole[:, :3])  # type: ignore[attr-defined]


def test_a_machine_that_has_learnt_goes_on() -> None:
    X, u = switched_patterns(60)
    model = mg.ConditionalRBM(2, 3, n_condition=1)
    model.fit(X, conditions=u, epochs=2, seed=1)
    before = parameters(model)
    model.fit(X, conditions=u, epochs=0, seed=2)
    np.testing.assert_array_equal(parameters(model), before)


# Runs.


def test_no_bit_hangs_on_threads() -> None:
    X, u = switched_patterns(90)
    found = []
    for seed, threads in ((4, 1), (4, 2), (5, 1)):
        model = mg.ConditionalRBM(2, 3, n_condition=1)
        model.fit(X, conditions=u, epochs=3, batch_size=20, num_threads=threads, seed=seed)
        found.append(parameters(model))
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()


def test_a_training_that_was_broken_off_goes_on_at_the_same_bits(tmp_path: Path) -> None:
    X, u = switched_patterns(90)
    options: dict[str, Any] = {"conditions": u, "epochs": 6, "batch_size": 20}
    whole, parts = (mg.ConditionalRBM(2, 3, n_condition=1) for _ in range(2))
    whole.fit(X, seed=3, **options)

    def stop(progress: Any) -> bool:
        return bool(progress.epoch == 3)

    path = tmp_path / "checkpoint.npz"
    parts.fit(X, checkpoint=path, callbacks=[stop], seed=3, **options)
    assert (parameters(parts) != parameters(whole)).any()
    parts = mg.ConditionalRBM(2, 3, n_condition=1)
    parts.fit(X, checkpoint=path, resume=True, **options)
    np.testing.assert_array_equal(parameters(parts), parameters(whole))


def test_validation_and_early_stopping_watch_predictions() -> None:
    series = np.sin(np.arange(400) / 3)[:, None] + np.arange(2)
    model = mg.ConditionalRBM(2, 4, order=2, visible="gaussian")
    stop = mg.training.EarlyStopping("validation_prediction_error", mode="min", patience=2)
    run = model.fit_series(
        [series[:150], series[150:300]],
        validation=series[300:],
        epochs=8,
        callbacks=[stop],
        seed=1,
    )
    frames, past = stack_history(series[300:], 2)
    errors = run.history["validation_prediction_error"]
    assert errors.min() < 0.01
    best = ((model.predict(past, num_steps=5) - frames) ** 2).mean()
    assert best == pytest.approx(errors.min(), rel=1e-4)


def test_sparse_rows_are_learnt_as_others() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    X, u = switched_patterns(60)
    found = []
    for rows, conditions in ((X, u), (sparse.csr_array(X), sparse.csr_array(u))):
        model = mg.ConditionalRBM(2, 3, n_condition=1)
        model.fit(rows, conditions=conditions, epochs=2, seed=1)
        found.append(parameters(model))
    np.testing.assert_array_equal(found[0], found[1])


def test_a_start_without_a_checkpoint_is_a_function_of_the_seed(tmp_path: Path) -> None:
    X, u = switched_patterns(60)
    made, again = (mg.ConditionalRBM(2, 3, n_condition=1) for _ in range(2))
    path = tmp_path / "none-yet.npz"
    run = made.fit(X, conditions=u, epochs=2, checkpoint=path, resume=True)
    again.fit(X, conditions=u, epochs=2, seed=run.info["seed"])
    np.testing.assert_array_equal(parameters(made), parameters(again))


def test_missing_values_are_drawn_given_the_others_and_the_conditions() -> None:
    X, u = switched_patterns(400)
    holes = X.copy()
    holes[::5, 0] = np.nan
    model = awake(mg.ConditionalRBM(2, 6, n_condition=1))
    options: dict[str, Any] = {"epochs": 50, "monitor_every": 50, "optimizer": mg.Adam(0.04)}
    model.fit(holes, conditions=u, batch_size=50, seed=1, **options)
    assert model.log_likelihood(X[:100], u[:100]).value > -0.8


def test_files_copies_and_pickles_hold_the_model(tmp_path: Path) -> None:
    units = [("binary", 1), (mg.units.Gaussian(learn_variance=True), 1)]
    X, u = switched_patterns(60)
    covariate = mg.ConditionalRBM(2, 3, n_condition=1, visible=units)
    covariate.fit(X, conditions=u, epochs=2, seed=1)
    series = mg.ConditionalRBM(2, 3, order=2, hidden="spin", dtype="float64")
    series.fit_series(X, epochs=2, seed=1)
    for number, model in enumerate((covariate, series)):
        path = tmp_path / f"{number}.npz"
        model.save(path)
        for other in (mg.load(path), model.copy(), pickle.loads(pickle.dumps(model))):
            assert type(other) is mg.ConditionalRBM
            assert (repr(other), other.dtype) == (repr(model), model.dtype)
            wide = other.astype("float64")
            assert (repr(wide), wide.dtype) == (repr(model), np.float64)
            np.testing.assert_array_equal(parameters(wide), parameters(model))
            np.testing.assert_array_equal(parameters(other), parameters(model))
            other.weights[...] = 0
        assert model.weights.any()
    assert repr(covariate) == ("ConditionalRBM(1 binary + 1 gaussian, 3 binary, 1 condition)")
    assert repr(series) == "ConditionalRBM(2 binary, 3 spin, order 2)"


# Bad input.

X4, U4 = switched_patterns(4)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"X": X4 + 1}, ValueError, "X must hold 0 or 1 where its units are binary"),
        ({"X": X4[:, :1]}, ValueError, r"X must have shape \(rows, 2\), got \(4, 1\)"),
        ({"X": X4[:0], "conditions": U4[:0]}, ValueError, "at least one"),
        ({"X": [["a", "b"]]}, TypeError, "X must hold numbers"),
        ({"conditions": U4[:3]}, ValueError, "as many rows, at least one, got 4 and 3"),
        ({"conditions": X4}, ValueError, r"conditions must have shape \(rows, 1\)"),
        (
            {"conditions": U4.ravel()},
            ValueError,
            r"conditions must have shape \(rows, 1\), got \(4,",
        ),
        ({"conditions": U4 * np.nan}, ValueError, "conditions must be finite"),
        ({"conditions": U4 + 1e300}, ValueError, "conditions must be finite, got inf"),
        ({"negative": mg.PCD()}, TypeError, "chains hold the conditions of their rows"),
        ({"negative": mg.CD}, TypeError, "negative must be mg.CD"),
        ({"initial": "zero"}, ValueError, "initial must be 'data' or None"),
        ({"ridge": 0.0}, ValueError, "ridge must be positive and finite, or None, got 0"),
        ({"ridge": "small"}, TypeError, "ridge must be a real number"),
        ({"validation": X4}, TypeError, "validation must be a pair"),
        ({"validation": (X4 + 1, U4)}, ValueError, "validation must hold 0 or 1"),
        ({"sample_weight": [1, 2]}, ValueError, r"sample_weight must have shape \(4,\)"),
        ({"epochs": -1}, ValueError, "epochs must be at least 0"),
        ({"seed": -1}, ValueError, "seed must be non-negative"),
        ({"means": 1}, TypeError, "means must be True or False, got 1"),
        ({"means": np.True_, "X": X4 + 1}, ValueError, "X must hold numbers from 0 to 1"),
        ({"colour": 1}, TypeError, "colour"),
    ],
)
def test_data_and_options_that_break_a_rule_are_refused(
    options: Any, error: type[Exception], message: str
) -> None:
    model = mg.ConditionalRBM(2, 2, n_condition=1)
    given = {"X": X4, "conditions": U4} | options
    with pytest.raises(error, match=message):
        model.fit(given.pop("X"), **given)
    assert not parameters(model).any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: mg.ConditionalRBM(2, 2), ValueError, "n_condition or order must be given"),
        (
            lambda m: mg.ConditionalRBM(2, 2, n_condition=1, order=1),
            ValueError,
            "n_condition or order must be given, and not both",
        ),
        (lambda m: mg.ConditionalRBM(2, 2, order=0), ValueError, "order must be at least 1"),
        (lambda m: mg.ConditionalRBM(0, 2, order=1), ValueError, "n_visible must be at least 1"),
        (lambda m: mg.ConditionalRBM(2, 2.0, order=1), TypeError, "n_hidden must be an integer"),
        (
            lambda m: mg.ConditionalRBM(2, 2, order=1, visible="grey"),
            ValueError,
            "visible must be one of",
        ),
        (lambda m: m.given([1.0, 2.0]), ValueError, "condition must have shape"),
        (lambda m: m.given([[1.0], [2.0]]), ValueError, "condition must have shape"),
        (lambda m: m.predict(U4, method="exact"), ValueError, "method must be one of"),
        (lambda m: m.predict(U4, num_chains=0), ValueError, "num_chains must be at least 1"),
        (lambda m: m.free_energy(X4, U4[:1]), ValueError, "as many rows"),
        (lambda m: m.simulate(X4, 3), ValueError, "order must be given"),
        (lambda m: m.fit_series(X4), ValueError, "order must be given"),
        (lambda m: series_model().simulate(X4[:1], 3), ValueError, "with at least 2 frames"),
        (lambda m: series_model().simulate(X4 + 1, 3), ValueError, "history must hold 0 or 1"),
        (lambda m: series_model().fit_series(X4[:2]), ValueError, "more than 2 frames, got 2"),
        (lambda m: series_model().fit_series([X4, X4[:, :1]]), ValueError, "as many columns"),
        (lambda m: stack_history(X4[:, 0], 1), ValueError, r"shape \(frames, n\)"),
        (lambda m: stack_history(X4 * np.nan, 1), ValueError, "series must be finite"),
    ],
)
def test_arguments_that_break_a_rule_are_refused(
    call: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(mg.ConditionalRBM(2, 2, n_condition=1))


def series_model() -> mg.ConditionalRBM:
    return mg.ConditionalRBM(2, 2, order=2)


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(0, 5), st.integers(1, 3)),
        elements=st.sampled_from([0.0, 1.0, -3.0, 1e30, 1e300, np.nan, np.inf]),
    )
)
def test_any_series_is_learnt_or_refused(series: Floats) -> None:
    model = mg.ConditionalRBM(2, 2, order=1, visible="gaussian", dtype="float64")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit_series(series, epochs=1, seed=1)
    except (ValueError, mg.training.TrainingDiverged) as error:
        assert "series" in str(error) or "X must" in str(error) or "diverges" in str(error)
    else:
        assert np.isfinite(parameters(model)).all()


# A real film.


@pytest.mark.slow
def test_the_next_frame_of_a_film_is_foretold_better_than_by_the_last(data_dir: Path) -> None:
    with np.load(data_dir / "freyfaces" / "freyfaces.npz") as arrays:
        film = arrays["X"].astype(np.float64) / 255
    split = len(film) * 4 // 5
    mean = film[:split].mean(axis=0)
    axes = np.linalg.svd(film[:split] - mean, full_matrices=False)[2][:10].T
    frames = (film - mean) @ axes
    frames /= frames[:split].std()
    learnt, rest = frames[:split], frames[split - 1 :]
    units = mg.units.Gaussian(learn_variance=True)
    model = mg.ConditionalRBM(10, 20, order=1, visible=units)
    model.fit_series(learnt, epochs=5, optimizer=mg.SGD(0.001, momentum=0.9), seed=1)
    X, past = stack_history(rest, 1)
    error, persistence = (
        np.sqrt(((guess - X) ** 2).mean()) for guess in (model.predict(past), past)
    )
    before = stack_history(learnt, 1)
    slopes, offsets, _ = ridge_regression(*before, np.ones(split - 1), 1e-3)
    linear = np.sqrt(((past @ slopes + offsets - X) ** 2).mean())
    assert error < 0.9 * persistence
    assert error < 1.02 * linear
