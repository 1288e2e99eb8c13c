"""The classifier for scikit-learn: its conformance suite, digits, temperature, and bad input."""

import pickle
import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

sklearn = pytest.importorskip("sklearn", reason="needs scikit-learn")

from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_digits, make_blobs  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.metrics import log_loss  # noqa: E402
from sklearn.model_selection import cross_val_score, train_test_split  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import MinMaxScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

import magnetite as mg  # noqa: E402
from magnetite.sklearn import RBMClassifier  # noqa: E402

SMALL: dict[str, Any] = {
    "n_components": 8,
    "n_iter": 15,
    "learning_rate": 0.1,
    "random_state": 0,
    "n_jobs": 1,
}
QUICK: dict[str, Any] = {**SMALL, "n_iter": 5, "learning_rate": 0.2}
X, Y = make_blobs(150, centers=3, random_state=1)


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([RBMClassifier(**QUICK, calibration_fraction=0.2)])
def test_conformance(estimator: Any, check: Any) -> None:
    check(estimator)


def digits() -> list[NDArray[Any]]:
    pixels, labels = load_digits(return_X_y=True)
    split: list[NDArray[Any]] = train_test_split(
        pixels, labels, test_size=0.2, random_state=0, stratify=labels
    )
    return split


def test_digits_are_told_apart_better_than_by_a_linear_model() -> None:
    train, test, y, y_test = digits()
    linear = make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=1000)).fit(train, y)
    options: dict[str, Any] = {"n_iter": 7, "learning_rate": 0.02, "random_state": 1, "n_jobs": 1}
    train, test = train.astype(np.float32), test.astype(np.float32)
    accuracy = RBMClassifier(**options).fit(train, y).score(test, y_test)
    assert accuracy >= 0.95
    assert accuracy > linear.score(test, y_test)
    binary = make_pipeline(MinMaxScaler(), RBMClassifier(visible="binary", **options))
    assert binary.fit(train, y).score(test, y_test) >= 0.95


def test_calibrated_chances_are_likelier() -> None:
    """Labels of which a third are wrong, by a machine that has learnt its rows by heart."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(900, 40))
    y = np.where(rng.random(900) < 1 / 3, rng.integers(0, 2, 900), (x[:, 0] > 0).astype(int))
    options: dict[str, Any] = {"objective": "discriminative", "n_iter": 25, "learning_rate": 0.05}
    options |= {"random_state": 0, "n_jobs": 1}
    sure = RBMClassifier(50, **options).fit(x[:300], y[:300])
    sober = RBMClassifier(50, calibration_fraction=0.5, **options).fit(x[:300], y[:300])
    assert sure.temperature_ == 1.0 < sober.temperature_
    raw = sober.predict_proba(x[300:], temperature=1.0)
    assert log_loss(y[300:], sober.predict_proba(x[300:])) < log_loss(y[300:], raw)
    assert sure.calibrate(x[300:], y[300:]).temperature_ > 1.0
    warm = RBMClassifier(50, temperature=3.0, **options).fit(x[:300], y[:300])
    np.testing.assert_array_equal(warm.rbm_.rbm.weights, sure.rbm_.rbm.weights)
    np.testing.assert_array_equal(
        warm.predict_proba(x), sure.rbm_.predict_proba(x, temperature=3.0)
    )


@pytest.mark.parametrize("labels", [["b", "a", "c"], [10, -1, 3], [1.0, 0.0, 8.0]])
def test_any_labels_are_learnt(labels: list[Any]) -> None:
    y = np.array(labels)[Y]
    fitted = RBMClassifier(**SMALL).fit(X, y)
    assert fitted.classes_.tolist() == sorted(labels)
    assert fitted.score(X, y) > 0.95
    assert fitted.predict_proba(X).shape == (150, 3)


def test_the_scale_of_a_column_does_not_matter() -> None:
    scaled = RBMClassifier(**SMALL).fit(X * [1e-3, 1e4], Y)
    plain = RBMClassifier(**SMALL).fit(X, Y)
    assert scaled.score(X * [1e-3, 1e4], Y) == plain.score(X, Y) > 0.95


def test_copies_and_threads_have_the_same_bits() -> None:
    one = RBMClassifier(**SMALL).fit(X, Y)
    two = clone(one).set_params(n_jobs=2).fit(X, Y)
    kept = pickle.loads(pickle.dumps(one))
    for other in (two, kept):
        np.testing.assert_array_equal(other.predict_proba(X), one.predict_proba(X))
    assert repr(one).startswith("RBMClassifier(learning_rate=0.1, n_components=8")
    assert isinstance(one.rbm_, mg.ClassificationRBM)
    assert isinstance(one.rbm_.rbm.visible.groups[0][0], mg.units.Gaussian)


def test_sparse_data_are_the_same_data_and_machines_can_be_saved(tmp_path: Any) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    bits = (np.random.default_rng(1).random((60, 8)) < 0.3).astype(float)
    y = bits[:, 0].astype(int)
    for visible in ("binary", "gaussian"):
        dense = RBMClassifier(**SMALL, visible=visible).fit(bits, y)
        other = RBMClassifier(**SMALL, visible=visible).fit(sparse.csr_array(bits), y)
        found = other.predict_proba(sparse.csr_array(bits))
        np.testing.assert_allclose(found, dense.predict_proba(bits), rtol=1e-6)
        dense.rbm_.save(tmp_path / "machine.npz")
        again = mg.load(tmp_path / "machine.npz")
        np.testing.assert_array_equal(again.predict_proba(bits), dense.predict_proba(bits))


def test_it_can_be_validated_across() -> None:
    assert cross_val_score(RBMClassifier(**SMALL), X, Y, cv=3).min() > 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"objective": "best"},
            "objective must be one of 'hybrid', 'discriminative', 'generative'",
        ),
        ({"visible": "spin"}, "visible must be one of 'gaussian', 'binary', got 'spin'"),
        ({"alpha": -1.0}, "alpha must be at least 0 and finite, got -1.0"),
        ({"temperature": 0.0}, "temperature must be positive and finite, got 0.0"),
        ({"calibration_fraction": 1.0}, "calibration_fraction must be at least 0 and below 1"),
        ({"calibration_fraction": 0.999}, "calibration_fraction must leave a row to learn, got"),
        ({"n_components": 0}, "n_components must be at least 1, got 0"),
        ({"n_iter": -1}, "n_iter must be at least 0, got -1"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"n_steps": 0}, "n_steps must be at least 1, got 0"),
        ({"algorithm": "x"}, "algorithm must be 'cd' or 'pcd', got 'x'"),
        ({"learning_rate": -1.0}, "learning_rate must be at least 0 and finite, got -1.0"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0 and finite, got -1.0"),
        ({"gradient": "x"}, "gradient must be one of 'plain', 'centered', 'standardized'"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        RBMClassifier(**{**SMALL, **options}).fit(X, Y)


def test_values_beyond_bits_are_warned_of_where_they_are_learnt() -> None:
    with pytest.warns(UserWarning, match="0 to 1.*or take visible='gaussian'") as caught:
        RBMClassifier(**SMALL, visible="binary").fit(3 + X, Y)
    assert caught[0].filename == __file__
    RBMClassifier(**SMALL, visible="binary", objective="discriminative").fit(3 + X, Y)


def test_no_temperature_is_made_up() -> None:
    y = (X[:, 0] > X[:, 0].mean()).astype(int)
    far = X + 100 * y[:, None]
    with pytest.warns(UserWarning, match=r"the temperature stays 1 \(no temperature is") as caught:
        fitted = RBMClassifier(**SMALL, calibration_fraction=0.2).fit(far, y)
    assert caught[0].filename == __file__
    with pytest.raises(ValueError, match="the lower the temperature, the likelier"):
        fitted.calibrate(far, y)
    assert fitted.temperature_ == 1.0


def test_labels_that_training_has_not_seen() -> None:
    fitted = RBMClassifier(**SMALL).fit(X, Y)
    with pytest.warns(UserWarning, match="training has not seen, which count as errors: 9"):
        assert fitted.score(X, np.where(np.arange(150) < 50, 9, Y)) < 0.7
    with pytest.raises(ValueError, match="y must hold labels of training, got 9"):
        fitted.calibrate(X, Y + 9 * (Y == 0))


def test_bad_data_are_refused() -> None:
    fitted = RBMClassifier(**SMALL).fit(X, Y)
    with pytest.raises(ValueError, match="1d array"):
        fitted.calibrate(X, X)
    with pytest.raises(ValueError, match="y must have two classes at least, got one class"):
        RBMClassifier(**SMALL).fit(X, np.zeros(150))
    with pytest.raises(ValueError, match="Unknown label type"):
        RBMClassifier(**SMALL).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        RBMClassifier(**SMALL).fit(X, Y[:9])
    with pytest.raises(ValueError, match="contains NaN"):
        fitted.predict(X * np.nan)
    with pytest.raises(ValueError, match="X has 1 features, but RBMClassifier is expecting 2"):
        fitted.predict(X[:, :1])
    with pytest.raises(TypeError, match="verbose must be an integer, got 'a'"):
        RBMClassifier(**SMALL, verbose="a").fit(X, Y)
    with pytest.raises(TypeError, match="n_jobs must be an integer or None, got '2'"):
        RBMClassifier(n_jobs="2").fit(X, Y)
