"""The faces for scikit-learn: missing values in fits, features and scores."""

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

sklearn = pytest.importorskip("sklearn", reason="needs scikit-learn")

from sklearn.impute import SimpleImputer  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils import get_tags  # noqa: E402

import magnetite as mg  # noqa: E402
from magnetite.sklearn import (  # noqa: E402
    BernoulliRBM,
    CategoricalRBM,
    GaussianRBM,
    RBMAnomalyDetector,
)

SMALL: dict[str, Any] = {"n_components": 4, "random_state": 0, "learning_rate": 0.1, "n_iter": 10}
RNG = np.random.default_rng(1)
BITS = (RNG.random((200, 6)) < np.where(RNG.random((200, 1)) < 0.5, 0.2, 0.8)).astype(np.float64)
REALS = RNG.normal(size=(200, 1)) + 0.5 * RNG.normal(size=(200, 6))


def holed(X: NDArray[np.float64], share: float = 0.2) -> NDArray[np.float64]:
    holes = np.random.default_rng(2).random(X.shape) < share
    holes[:, 0] = False
    return np.where(holes, np.nan, X)


def posterior(rbm: mg.RBM, v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hidden means given the known bits of a row, by sums over the others."""
    missing = np.flatnonzero(np.isnan(v))
    rows = np.repeat(v[None], 2 ** len(missing), axis=0)
    rows[:, missing] = np.arange(len(rows))[:, None] >> np.arange(len(missing)) & 1
    logs = -rbm.free_energy(rows)
    p = np.exp(logs - np.logaddexp.reduce(logs))
    return p @ rbm.hidden_means(rows)


def test_features_are_means_over_what_is_missing() -> None:
    X = holed(BITS, 0.4)[:30]
    rbm = BernoulliRBM(**SMALL).fit(BITS)
    rbm.components_ = 2 * np.random.default_rng(3).normal(size=(4, 6))
    exact = np.array([posterior(rbm.rbm_, row) for row in X])
    found = rbm.transform(X)
    np.testing.assert_allclose(found, exact, atol=0.2)
    assert abs((found - exact).mean()) < 0.01
    np.testing.assert_array_equal(found, rbm.transform(X))
    whole = ~np.isnan(X).any(axis=1)
    assert 0 < whole.sum() < 30
    np.testing.assert_array_equal(found[whole], rbm.transform(X[whole]))


def test_scores_are_densities_of_what_is_there() -> None:
    X = holed(REALS)
    rbm = GaussianRBM(**SMALL).fit(X)
    log_z = rbm.rbm_.log_partition().value
    wanted = rbm.rbm_.log_probabilities(X) + log_z
    np.testing.assert_allclose(rbm.score_samples(X), wanted, atol=1e-9)
    assert rbm.score(X) == pytest.approx(wanted.mean() - log_z)


def test_pseudo_likelihoods_are_of_known_bits() -> None:
    X = holed(BITS, 0.5)[:20]
    rbm = BernoulliRBM(**SMALL).fit(X)
    exact = []
    for row in X:
        ln_p = 0.0
        for column in np.flatnonzero(~np.isnan(row)):
            flipped = row.copy()
            flipped[column] = 1 - row[column]
            pair = rbm.rbm_.log_probabilities([row, flipped])
            ln_p += pair[0] - np.logaddexp(*pair)
        exact.append(ln_p)
    scores = []
    for state in range(25):
        rbm.random_state = state
        scores.append(rbm.score_samples(X).mean())
    error = np.std(scores, ddof=1) / np.sqrt(len(scores))
    assert abs(np.mean(scores) - np.mean(exact)) < 4 * error
    assert rbm.score(X) == pytest.approx(rbm.rbm_.log_likelihood(X).value, abs=1e-9)


@pytest.mark.parametrize(("kind", "data"), [(BernoulliRBM, BITS), (GaussianRBM, REALS)])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_machines_learn_from_what_is_there(kind: type, data: Any, method: str) -> None:
    rbm, X = kind(**SMALL), holed(data)
    for _ in range(10 if method == "partial_fit" else 1):
        getattr(rbm, method)(X)
    if kind is GaussianRBM:
        np.testing.assert_allclose(1 / rbm.rbm_.visible_precision, np.nanvar(X, axis=0), 1e-6)
    drawn = rbm.sample(2000, n_steps=50).mean(axis=0)
    np.testing.assert_allclose(drawn, np.nanmean(X, axis=0), atol=0.2)


@pytest.mark.parametrize("kind", [BernoulliRBM, GaussianRBM])
def test_sparse_rows_are_the_same_rows(kind: type) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    X = holed(BITS)
    rbm, other = kind(**SMALL).fit(X), kind(**SMALL).fit(sparse.csr_array(X))
    for name in ("transform", "score_samples"):
        found = getattr(rbm, name)(X)
        np.testing.assert_allclose(getattr(other, name)(sparse.csr_array(X)), found, atol=1e-9)


def test_a_column_without_values_waits_for_later_parts() -> None:
    X = REALS.copy()
    X[:100, 2] = np.nan
    rbm = GaussianRBM(**SMALL).partial_fit(X[:100]).partial_fit(X[100:])
    assert np.isfinite(rbm.transform(X)).all()
    with pytest.raises(ValueError, match="X must have a value in every column"):
        GaussianRBM(**SMALL).fit(X[:100])


def test_what_cannot_be(monkeypatch: Any) -> None:
    monkeypatch.setattr("magnetite.sklearn.base.NUMBERS_AT_ONCE", 12)  # of two rows
    X = BITS.copy()
    rbm = BernoulliRBM(**SMALL).fit(X)
    X[3] = np.nan
    for work in (rbm.transform, rbm.score_samples, rbm.fit):
        with pytest.raises(ValueError, match="a value in every row, got nan only in row 3"):
            work(X)
    with pytest.raises(ValueError, match="contains NaN"):
        rbm.gibbs(X)
    with pytest.raises(ValueError, match="contains infinity"):
        rbm.transform(np.where(np.isnan(X), np.inf, X))


@pytest.mark.parametrize("kind", ["machine", "sparse", "pipeline"])
def test_a_threshold_means_nothing_where_values_are_missing(kind: str) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    machine: Any = GaussianRBM(**SMALL)
    if kind == "pipeline":
        machine = make_pipeline(StandardScaler(), machine)
    make = sparse.csr_array if kind == "sparse" else np.asarray
    detector = RBMAnomalyDetector(machine, random_state=1).fit(make(REALS))
    X = REALS.copy()
    X[7, 2] = np.nan
    for work in (detector.predict, detector.decision_function, detector.score_samples):
        with pytest.raises(ValueError, match=r"got NaN.* in row 7: .* another scale"):
            work(make(X))
    for row in (7, 8):  # one of training, one of calibration
        with pytest.raises(ValueError, match=r"got NaN.* in row .* another scale"):
            RBMAnomalyDetector(machine, random_state=1).fit(make(np.roll(X, row - 7, axis=0)))
    assert not get_tags(detector).input_tags.allow_nan


def test_anomalies_among_rows_that_a_pipeline_fills() -> None:
    machine = make_pipeline(SimpleImputer(), GaussianRBM(**SMALL))
    detector = RBMAnomalyDetector(machine, random_state=1).fit(holed(REALS))
    odd = [[0, np.nan, 0, 0, 0, 0], [9, np.nan, -9, 9, np.nan, 0]]
    assert detector.predict(odd).tolist() == [1, -1]


def test_rows_without_a_density_are_no_ordinary_rows(monkeypatch: Any) -> None:
    detector = RBMAnomalyDetector(GaussianRBM(**SMALL), random_state=1).fit(REALS)
    densities = GaussianRBM._log_densities

    def refused(rbm: GaussianRBM, data: Any) -> Any:
        scores = densities(rbm, data)
        scores[3] = np.nan
        return scores

    monkeypatch.setattr(GaussianRBM, "_log_densities", refused)
    for work in (detector.predict, detector.score_samples, detector.fit):
        with pytest.raises(ValueError, match="a score of nan in row 3"):
            work(REALS)


def test_many_missing_values_are_annealed_over() -> None:
    X = np.full((1, 48), np.nan)
    X[:, :24] = 1
    rbm = BernoulliRBM(24, n_iter=1, random_state=0).fit(np.ones((10, 48)))
    rbm.components_ = np.zeros((24, 48))
    free = np.logaddexp(0, rbm.intercept_visible_)
    known = rbm.intercept_visible_[:24].sum() + free[24:].sum()
    known += np.logaddexp(0, rbm.intercept_hidden_).sum()
    found = super(BernoulliRBM, rbm).score_samples(X)
    np.testing.assert_allclose(found, known, atol=1e-3)


def test_the_score_is_the_mean_of_scores_less_log_z(monkeypatch: Any) -> None:
    rbm = BernoulliRBM(24, n_iter=1, random_state=0).fit(np.ones((10, 48)))
    rbm.components_ = np.random.default_rng(3).normal(size=(24, 48))
    X = np.where(np.arange(48) < 24, np.nan, np.ones((2, 48)))
    monkeypatch.setattr("magnetite.sklearn.missing.NUM_BETAS", 10)
    log_z = mg.Estimate(7.0, 0.0, (7.0, 7.0), np.inf, True, "")
    monkeypatch.setattr(mg.RBM, "log_partition", lambda *_, **__: log_z)
    assert rbm.score(X) == super(BernoulliRBM, rbm).score_samples(X).mean() - 7


def test_refused_rows_are_annealed_again(monkeypatch: Any) -> None:
    rbm = BernoulliRBM(24, n_iter=1, random_state=0).fit(np.ones((10, 48)))
    rbm.components_ = 3 * np.random.default_rng(3).normal(size=(24, 48))
    X = np.random.default_rng(4).integers(0, 2, (3, 48)).astype(np.float64)
    X[:, :24] = np.nan
    few, more = (rbm.rbm_.log_probabilities(X, log_z=0.0, seed=1, num_betas=n) for n in (6, 60))
    assert np.isnan(few).any()
    monkeypatch.setattr("magnetite.sklearn.missing.NUM_BETAS", 6)
    found = super(BernoulliRBM, rbm).score_samples(X)
    refused = np.full(3, np.nan)
    monkeypatch.setattr(mg.RBM, "log_probabilities", lambda _, v, **__: refused[: len(v)].copy())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(rbm.score_samples(X)).all()
    np.testing.assert_allclose(found[np.isnan(few)], more[np.isnan(few)], atol=3)


WORDS = np.array([["a", "x", "k"], ["b", "y", "k"], ["b", "z", "k"]], dtype=object)[
    np.arange(60) % 3
]


def with_hole(value: object) -> NDArray[Any]:
    X = WORDS.copy()
    X[0, 1] = value
    return X


def test_missing_categories_are_no_category() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    X = with_hole(np.nan)
    rbm = CategoricalRBM(**SMALL).fit(X)
    assert [list(found) for found in rbm.encoder_.categories_] == [["a", "b"], [*"xyz"], ["k"]]
    known = rbm.encoder_.transform(X[:1])
    known[0, 2:5] = np.nan
    log_z = rbm.rbm_.log_partition().value
    wanted = rbm.rbm_.log_probabilities(known) + log_z
    np.testing.assert_allclose(rbm.score_samples(X)[:1], wanted, atol=1e-9)
    assert np.isfinite(rbm.transform(X)).all()
    assert set(rbm.sample(20, n_steps=10)[:, 1]) <= {"x", "y", "z"}
    frame = pandas.DataFrame(X)
    np.testing.assert_array_equal(
        CategoricalRBM(**SMALL).fit(frame).transform(frame), rbm.transform(X)
    )
    numbers = np.array([[0.0, 5.0], [1.0, np.nan], [1.0, 7.0]])
    rbm = CategoricalRBM(**SMALL).fit(numbers)
    assert [found.tolist() for found in rbm.encoder_.categories_] == [[0, 1], [5, 7]]
    with pytest.raises(ValueError, match="got nan only in column 1"):
        rbm.fit(np.array([["a", np.nan], ["b", np.nan]], dtype=object))
    named = CategoricalRBM(**SMALL, categories=[["a", "b"], ["x", "y", "z", np.nan], ["k"]]).fit(X)
    np.testing.assert_array_equal(named.components_, CategoricalRBM(**SMALL).fit(X).components_)
    with pytest.raises(ValueError, match=r"categories must have .* got nan only in column 1"):
        named.set_params(categories=[["a", "b"], [np.nan], ["k"]]).fit(X)


def test_unknown_categories_are_refused_or_missing() -> None:
    X, missing = with_hole("new"), with_hole(np.nan)
    rbm = CategoricalRBM(**SMALL).fit(WORDS)
    for work in (rbm.transform, rbm.score_samples, rbm.score, rbm.partial_fit):
        with pytest.raises(
            ValueError, match=r"known categories, got 'new' at index \(0, 1\): name"
        ):
            work(X)
    rbm.set_params(handle_unknown="missing")
    for name in ("transform", "score_samples", "score"):
        work = getattr(rbm, name)
        np.testing.assert_array_equal(work(X), work(missing))
    assert np.isfinite(rbm.partial_fit(X).components_).all()
    new = np.array([*WORDS[:2], ["p", np.nan, "q"]], dtype=object)
    for work in (rbm.transform, rbm.score_samples, rbm.partial_fit):
        with pytest.raises(ValueError, match=r"got only unknown ones, such as 'p', in row 2"):
            work(new)
    detector = RBMAnomalyDetector(rbm, random_state=1).fit(WORDS)
    for rows in (X, missing):
        with pytest.raises(ValueError, match=r"got NaN.* in row 0: .* another scale"):
            detector.decision_function(rows)
    with pytest.raises(
        ValueError, match="handle_unknown must be one of 'error', 'missing', got 'x'"
    ):
        rbm.set_params(handle_unknown="x").fit(X)
