"""What classifiers share: labels of any type, and chances at a temperature."""

import warnings
from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from magnetite._checks import check_real
from magnetite.calibration import check_temperature
from magnetite.class_law import ClassLaw
from magnetite.sklearn.options import threads_of

__all__ = ["CalibratedClassifier"]


class CalibratedClassifier(ClassifierMixin, ABC):  # type: ignore[misc]
    """Base of the classifiers: predictions by `_law`, and its temperature.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    temperature_ : float
        What log-chances are divided by in `predict_proba`.
    """

    classes_: NDArray[Any]
    temperature: float
    calibration_fraction: float
    n_jobs: int | None

    _validated: Any
    """A method that returns checked data."""

    @property
    @abstractmethod
    def _law(self) -> ClassLaw:
        """The fitted model; its classes are numbers, in the order of `classes_`."""

    @property
    def temperature_(self) -> float:
        """What log-chances are divided by in `predict_proba`."""
        return self._law.temperature

    # Fitting.

    def _numbered(self, y: NDArray[Any]) -> NDArray[np.intp]:
        """Take the labels of training; return their numbers."""
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must have two classes at least, got one class, {y[0]!r}")
        return codes

    def _check_calibration(self) -> tuple[float, float]:
        """Return the temperature, and the share of rows held out to find a better one."""
        share = check_real("calibration_fraction", self.calibration_fraction)
        if not 0 <= share < 1:
            raise ValueError(f"calibration_fraction must be at least 0 and below 1, got {share!r}")
        return check_temperature(self.temperature), share

    def _calibrate_if_possible(self, X: Any, codes: NDArray[Any], weights: Any = None) -> None:
        """Find the temperature by rows held out of `fit`, the caller; warn if none is best."""
        try:
            self._law.calibrate(
                X, codes, sample_weight=weights, num_threads=threads_of(self.n_jobs)
            )
        except ValueError as error:
            warnings.warn(
                f"the temperature stays {self.temperature_:g} ({error})", UserWarning, stacklevel=3
            )

    # Use.

    def calibrate(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Set the temperature to that at which held-out labels are the most probable.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows that `fit` has not seen.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default None
            What every row counts.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a label is none of training, or no temperature is the best; see
            `magnetite.calibration.fit_temperature`.
        """
        check_is_fitted(self)
        labels, data = column_or_1d(y), self._validated(X)
        if unseen := self._unseen(labels):
            raise ValueError(f"y must hold labels of training, got {', '.join(unseen)}")
        codes = np.searchsorted(self.classes_, labels)
        self._law.calibrate(
            data, codes, sample_weight=sample_weight, num_threads=threads_of(self.n_jobs)
        )
        return self

    def _unseen(self, y: Any) -> list[str]:
        known = set(self.classes_.tolist())
        return [repr(x) for x in dict.fromkeys(np.asarray(y).tolist()) if x not in known]

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label of every row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        codes = self._law.predict(self._validated(X), num_threads=threads_of(self.n_jobs))
        labels: NDArray[Any] = self.classes_[codes]
        return labels

    def predict_proba(self, X: Any, temperature: float | None = None) -> NDArray[np.float64]:
        """Return the chance of every class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        temperature : float, default None
            What log-chances are divided by; `temperature_` by default.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        check_is_fitted(self)
        return self._law.predict_proba(
            self._validated(X), temperature=temperature, num_threads=threads_of(self.n_jobs)
        )

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of rows whose label is predicted.

        Labels that training has not seen count as errors, with a warning that names them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default None
            What every row counts.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        if unseen := self._unseen(column_or_1d(y)):
            warnings.warn(
                "y has labels that training has not seen, which count as errors: "
                f"{', '.join(unseen)}",
                UserWarning,
                stacklevel=2,
            )
        return float(super().score(X, y, sample_weight))
