"""Deep belief networks for scikit-learn: conformance, labels of any type, calibration, digits."""

import pickle
import warnings

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn", reason="needs scikit-learn")

from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.model_selection import GridSearchCV, train_test_split  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import MinMaxScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

import magnetite as mg  # noqa: E402
from magnetite.sklearn import DBNClassifier, DBNRegressor, DBNTransformer  # noqa: E402

SMALL = {"layer_sizes": (8, 5), "n_iter": 2, "random_state": 0, "n_jobs": 1}
ONE = {"layer_sizes": (20,), "n_iter": 5, "random_state": 0, "n_jobs": 1}
RATES = {"fine_tune_learning_rate": 0.1, "fine_tune_iter": 25}
SHORT = SMALL | {"layer_sizes": (8,), "n_iter": 1}
FAST = {"fine_tune_learning_rate": 0.2, "fine_tune_iter": 5, "visible": "gaussian"}
RNG = np.random.default_rng(1)
X = RNG.random((90, 6))
LABELS = np.where(X[:, 0] > X[:, 1], "left", "right")

NOT_IN_BITS = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "batches of repeated rows are others: weights are worth repeated rows in the mean alone"
    )
    for kind in ("dense", "sparse")
}


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [
        DBNTransformer(**SHORT),
        DBNClassifier(**SHORT, **FAST, early_stopping=True),
        DBNRegressor(**SHORT, **FAST),
    ],
    expected_failed_checks=lambda estimator: NOT_IN_BITS,
)
def test_conformance(estimator, check) -> None:
    check(estimator)


def test_features_are_those_of_the_stack() -> None:
    model = DBNTransformer(**SMALL).fit(X)
    assert isinstance(model.dbn_, mg.DBN)
    np.testing.assert_allclose(model.transform(X), model.dbn_.transform(X), atol=1e-12)
    assert model.get_feature_names_out()[0] == "dbntransformer0"
    assert model.transform(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("kind", [DBNTransformer, DBNClassifier, DBNRegressor])
def test_results_depend_on_the_seed_and_not_on_jobs(kind) -> None:
    y = LABELS if kind is DBNClassifier else X[:, 0]

    def result(n_jobs: int, seed: int) -> np.ndarray:
        options = SMALL | {"n_jobs": n_jobs, "random_state": seed}
        options |= {} if kind is DBNTransformer else {"fine_tune_iter": 2}
        model = kind(**options).fit(X, y)
        use = model.predict_proba if kind is DBNClassifier else None
        return (use or getattr(model, "transform", None) or model.predict)(X)

    np.testing.assert_array_equal(result(1, 0), result(2, 0))
    assert (result(1, 0) != result(1, 1)).any()


@pytest.mark.parametrize(
    "labels", [("left", "right"), (3, -1), (True, False), (0.0, 2.0), (np.int8(4), np.int8(7))]
)
def test_labels_of_any_type(labels) -> None:
    y = np.where(LABELS == "left", *labels)
    model = DBNClassifier(**ONE, **RATES).fit(X, y)
    assert model.classes_.tolist() == sorted(np.unique(y).tolist())
    assert model.predict(X).dtype == y.dtype
    assert model.score(X, y) > 0.85
    assert model.predict_proba(X).shape == (90, 2)


def test_objects_are_labels_too() -> None:
    y = LABELS.astype(object)
    model = DBNClassifier(**ONE, **RATES).fit(X, y)
    assert set(model.predict(X)) <= {"left", "right"}
    model.calibrate(X, RNG.permutation(y) if model.score(X, y) == 1 else y)


def test_labels_that_training_has_not_seen() -> None:
    model = DBNClassifier(**SMALL, fine_tune_iter=2).fit(X, LABELS)
    y = LABELS.copy()
    y[:9] = "up"
    with pytest.warns(UserWarning, match="training has not seen, which count as errors: 'up'"):
        assert model.score(X, y) <= 0.9
    with pytest.raises(ValueError, match="y must hold labels of training, got 'up'"):
        model.calibrate(X, y)


def test_weights_of_zero_are_rows_left_out() -> None:
    """Rows that count nothing change nothing: half of the labels are wrong."""
    wrong = np.where(LABELS == "left", "right", "left")
    rows, y = np.vstack([X, X]), np.concatenate([LABELS, wrong])
    weights = np.repeat([1.0, 0.0], 90)
    model = DBNClassifier(**ONE, **RATES)
    assert model.fit(rows, y, sample_weight=weights).score(X, LABELS) > 0.9
    assert model.fit(rows, y, sample_weight=weights[::-1]).score(X, LABELS) < 0.1
    model.set_params(early_stopping=True)
    weighted = model.fit(rows, y, sample_weight=weights).predict_proba(X)
    np.testing.assert_array_equal(weighted, model.fit(X, LABELS).predict_proba(X))


def test_temperatures() -> None:
    noisy = np.where(RNG.random(90) < 0.2, RNG.permutation(LABELS), LABELS)
    model = DBNClassifier(**ONE, **RATES).fit(X[:60], noisy[:60])
    plain, hot = model.predict_proba(X), model.predict_proba(X, temperature=10)
    assert model.temperature_ == 1
    assert hot.max(axis=1).mean() < plain.max(axis=1).mean()
    before = model.predict(X)
    model.calibrate(X[60:], noisy[60:])
    assert model.temperature_ != 1
    np.testing.assert_array_equal(model.predict(X), before)
    fixed = DBNClassifier(**ONE, **RATES, temperature=10).fit(X[:60], noisy[:60])
    np.testing.assert_allclose(fixed.predict_proba(X), hot)


def test_rows_can_be_held_out_for_the_temperature() -> None:
    noisy = np.where(RNG.random(90) < 0.4, RNG.permutation(LABELS), LABELS)
    model = DBNClassifier(**ONE, **RATES, calibration_fraction=0.4).fit(X, noisy)
    assert model.temperature_ != 1
    easy, y = np.repeat(np.eye(6)[:2], 20, axis=0), np.repeat([0, 1], 20)
    with pytest.warns(UserWarning, match="the temperature stays 1"):
        DBNClassifier(**ONE, **RATES, calibration_fraction=0.2).fit(easy, y)


@pytest.mark.parametrize("name", ["validation_fraction", "calibration_fraction"])
@pytest.mark.filterwarnings("ignore:the temperature stays")
def test_fewer_rows_may_be_held_out_than_there_are_classes(name: str) -> None:
    y = np.arange(90) % 6
    options = {"fine_tune_iter": 1, "early_stopping": name == "validation_fraction", name: 0.03}
    assert DBNClassifier(**SMALL, **options).fit(X, y).predict_proba(X).shape == (90, 6)


def test_early_stopping_stops() -> None:
    noise = RNG.permutation(LABELS)
    model = DBNClassifier(
        **SMALL | {"batch_size": 10},
        fine_tune_learning_rate=0.02,
        fine_tune_iter=300,
        early_stopping=True,
        n_iter_no_change=5,
    )
    history = model.fit(X, noise).history_
    assert len(history["epoch"]) < 300
    assert "validation_error" in history


def test_regression_of_one_and_of_several() -> None:
    y = np.column_stack([100 * X[:, 0], X[:, 1] - X[:, 2]])
    model = DBNRegressor(**ONE, **RATES | {"fine_tune_iter": 50})
    assert model.fit(X, y).score(X, y) > 0.8
    assert model.predict(X).shape == (90, 2)
    assert model.fit(X, y[:, 0]).predict(X).shape == (90,)
    assert model.fit(X, y[:, :1]).predict(X).shape == (90, 1)


def test_pipelines_searches_and_pickles() -> None:
    pipe = make_pipeline(MinMaxScaler(), DBNClassifier(**ONE, **RATES))
    search = GridSearchCV(pipe, {"dbnclassifier__dropout": [0.0, 0.2]}, cv=2).fit(5 * X, LABELS)
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(again.predict(5 * X), search.predict(5 * X))
    assert clone(again[-1]).get_params() == again[-1].get_params()


def test_data_that_are_no_chances_are_warned_of() -> None:
    with pytest.warns(UserWarning, match="X goes from 0 to 5: scale it"):
        DBNTransformer(**SMALL).fit(np.vstack([X * 0, X * 0 + 5]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DBNTransformer(**SMALL).fit(X)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"layer_sizes": ()}, ValueError, "layer_sizes must have at least one size"),
        ({"layer_sizes": 5}, TypeError, "layer_sizes must be a list of sizes, got 5"),
        ({"layer_sizes": "55"}, TypeError, "layer_sizes must be a list of sizes"),
        ({"layer_sizes": (5, 0)}, ValueError, "layer_sizes must be at least 1, got 0"),
        ({"visible": "spin"}, ValueError, "visible must be one of 'binary', 'gaussian'"),
        ({"algorithm": "ml"}, ValueError, "algorithm must be 'cd' or 'pcd'"),
        ({"n_iter": -1}, ValueError, "n_iter must be"),
        ({"batch_size": 0}, ValueError, "^batch_size must be at least 1, got 0"),
        ({"early_stopping": "a"}, TypeError, "early_stopping must be True or False, got 'a'"),
        ({"dropout": 1.0}, ValueError, "dropout must be at least 0 and below 1"),
        ({"fine_tune_iter": -1}, ValueError, "fine_tune_iter must be at least 0"),
        ({"fine_tune_learning_rate": -1.0}, ValueError, "fine_tune_learning_rate must be"),
        ({"fine_tune_weight_decay": -1.0}, ValueError, "fine_tune_weight_decay must be"),
        (
            {"early_stopping": True, "validation_fraction": 0},
            ValueError,
            "validation_fraction must be above 0",
        ),
        ({"calibration_fraction": 1.0}, ValueError, "calibration_fraction must be at least 0"),
        ({"temperature": 0.0}, ValueError, "temperature must be positive"),
    ],
)
def test_options_that_are_none(options, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        DBNClassifier(**SMALL | options).fit(X, LABELS)


def test_one_class_is_none() -> None:
    with pytest.raises(ValueError, match="y must have two classes at least"):
        DBNClassifier(**SMALL).fit(X, np.zeros(90))


@pytest.mark.slow
def test_digits() -> None:
    rows, y = load_digits(return_X_y=True)
    train, test, y_train, y_test = train_test_split(rows / 16, y, test_size=0.2, random_state=0)
    # Of 360 rows one run's share has a standard error of 0.009: three runs.
    models = [DBNClassifier(early_stopping=True, random_state=s, n_jobs=1) for s in (1, 2, 3)]
    scores = [model.fit(train, y_train).score(test, y_test) for model in models]
    assert np.mean(scores) >= 0.97, scores
