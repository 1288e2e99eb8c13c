"""Anomalies by free energy."""

import math
import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from magnetite.sklearn.base import RBMTransformer
from magnetite.sklearn.gaussian import GaussianRBM
from magnetite.sklearn.options import new_seed

__all__ = ["RBMAnomalyDetector"]

ROUNDING = 1 + 1e-12
"""So that 49 times 1/49 counts as 1."""


class RBMAnomalyDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """Detector of rows that a restricted Boltzmann machine finds unlikely.

    A row's score is minus its free energy: the logarithm of its density but for a constant. The
    threshold is a quantile of the scores of rows that training has not seen, so that of new rows
    like them at most a share `false_alarm_rate` is called an anomaly (split conformal prediction).

    Rows with missing values (nan) are refused, unless a pipeline fills them before the machine: the
    density of fewer columns is on another scale, for which one threshold means nothing.

    Parameters
    ----------
    estimator : estimator, default None
        One of `BernoulliRBM`, `GaussianRBM`, `CategoricalRBM`, or a `sklearn.pipeline.Pipeline`
        that ends with one; a `GaussianRBM` by default. A `CategoricalRBM` knows only categories
        among the rows of training, unless it is given its `categories`; rows with others are
        refused.
    false_alarm_rate : float, default 0.1
        Share of ordinary rows that may be called anomalies, between 0 and 0.5.
    calibration_fraction : float, default 0.2
        Share of the rows that only the threshold is made of.
    random_state : int, RandomState or None
        Fixes the split, and all parts of the estimator that have no random state of their own.

    Attributes
    ----------
    estimator_ : estimator
        The fitted machine.
    offset_ : float
        The threshold of the scores; minus infinity, and a warning, where there are fewer than
        ``1 / false_alarm_rate - 1`` rows of calibration: no threshold keeps the rate then.

    References
    ----------
    Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, J. Am. Stat. Assoc. 113 (2018) 1094.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.sklearn import RBMAnomalyDetector
    >>> X = np.random.default_rng(1).normal(size=(200, 2))
    >>> detector = RBMAnomalyDetector(random_state=1).fit(X)
    >>> detector.predict([[0.0, 0.0], [9.0, 9.0]]).tolist()
    [1, -1]
    """

    def __init__(
        self,
        estimator: RBMTransformer | Pipeline | None = None,
        *,
        false_alarm_rate: float = 0.1,
        calibration_fraction: float = 0.2,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.false_alarm_rate = false_alarm_rate
        self.calibration_fraction = calibration_fraction
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit machine and threshold.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        for name in ("false_alarm_rate", "calibration_fraction"):
            value = getattr(self, name)
            if not 0 < value <= 0.5:
                raise ValueError(f"{name} must be above 0 and at most 0.5, got {value!r}")
        estimator = GaussianRBM() if self.estimator is None else self.estimator
        machine = (_steps(estimator) or [estimator])[-1]
        if not isinstance(machine, RBMTransformer):
            raise TypeError(
                "estimator must be one of magnetite.sklearn's machines, or a Pipeline that ends "
                f"with one, got {machine!r}"
            )
        X = self._checked(X, estimator, reset=True)
        seed = new_seed(self.random_state)
        self.estimator_ = clone(estimator)
        undecided = [
            name
            for name, value in self.estimator_.get_params().items()
            if name.rpartition("__")[2] == "random_state" and value is None
        ]
        self.estimator_.set_params(**dict.fromkeys(undecided, seed))
        train, held_out = X, X
        if (X.shape[0] if hasattr(X, "shape") else len(X)) > 1:
            train, held_out = train_test_split(
                X, test_size=self.calibration_fraction, random_state=seed
            )
        self.estimator_.fit(train)
        self._encoded(train)  # refuses what a pipeline has left missing
        scores = np.sort(self._scores(held_out))
        # The k-th smallest of m scores has a share of at most k / (m + 1) of new ones below it.
        rank = math.floor(self.false_alarm_rate * (len(scores) + 1) * ROUNDING)
        self.offset_ = float(scores[rank - 1]) if rank else -math.inf
        if not rank:
            needed = math.ceil(1 / self.false_alarm_rate / ROUNDING) - 1
            warnings.warn(
                f"a false_alarm_rate of {self.false_alarm_rate:g} needs {needed} rows of "
                f"calibration at least, and there are {len(scores)}: no row will be called an "
                "anomaly",
                UserWarning,
                stacklevel=2,
            )
        return self

    def _checked(self, X: Any, estimator: Any, *, reset: bool) -> Any:
        """Return checked data, or what only a pipeline can check, as it is."""
        if isinstance(estimator, Pipeline):
            return validate_data(self, X, skip_check_array=True, reset=reset)
        categorical = get_tags(estimator).input_tags.categorical
        valid = validate_data(
            self,
            X,
            accept_sparse=False if categorical else "csr",
            dtype=None if categorical else (np.float64, np.float32),
            ensure_all_finite="allow-nan",
            reset=reset,
        )
        _refuse_missing(valid, "NaN")
        return valid

    def _encoded(self, X: Any) -> Any:
        """Return what the machine gets of the data, without anything missing."""
        *before, machine = _steps(self.estimator_)
        for step in before:
            X = step.transform(X)
        data = machine._encode(X, fitting=False)
        _refuse_missing(data, "NaN, or a category that training did not show,")
        return data

    def _scores(self, X: Any) -> NDArray[np.float64]:
        # Not the machine's own `score_samples`, which for bits is a pseudo-likelihood.
        scores: NDArray[np.float64] = _steps(self.estimator_)[-1]._log_densities(self._encoded(X))
        refused = np.isnan(scores)
        if refused.any():
            row = int(np.argmax(refused))
            raise ValueError(f"X must have a density in every row, got a score of nan in row {row}")
        return scores

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Return minus the free energy of each row: low for anomalies.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self._scores(self._checked(X, self.estimator_, reset=False))

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return how far each row's score lies above the threshold: negative for anomalies.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Return -1 for anomalies and 1 for all other rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        known = isinstance(self.estimator, BaseEstimator)
        tags.input_tags = get_tags(self.estimator if known else GaussianRBM()).input_tags
        tags.input_tags.allow_nan = False
        return tags


def _refuse_missing(data: Any, what: str) -> None:
    """Refuse dense or sparse rows in which something is missing (nan)."""
    missing = np.ravel((data != data).sum(axis=1) > 0)
    if missing.any():
        row = int(np.argmax(missing))
        raise ValueError(
            f"X must have a value everywhere, got {what} in row {row}: densities of fewer columns "
            "are on another scale, for which the threshold means nothing. Fill rows first "
            "(`rbm_.inpaint` of a fitted machine, or an imputer in the pipeline), or compare "
            "`score_samples` of a machine among rows that miss the same columns"
        )


def _steps(estimator: Any) -> list[Any]:
    """Return the transformers of a pipeline, the last of which is the machine."""
    if not isinstance(estimator, Pipeline):
        return [estimator]
    steps = [step for _, step in estimator.steps if step is not None]
    return [part for step in steps if step != "passthrough" for part in _steps(step)]
