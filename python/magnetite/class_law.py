"""What tells classes apart by logits: predictions, and chances that can be calibrated."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_weights
from magnetite.calibration import check_temperature, fit_temperature, softmax
from magnetite.labels import Labels

__all__ = ["ClassLaw"]


class ClassLaw(ABC):
    """A law of classes given data; base of `ClassificationRBM` and `networks.Classifier`."""

    temperature: float
    """What `predict_proba` divides the logits by: 1 until `calibrate` finds a better one."""

    _labels: Labels

    @abstractmethod
    def logits(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[Any]:
        """Return ``ln p(class | x)`` but for a constant of each row, shape (rows, classes)."""

    @property
    def classes(self) -> NDArray[Any]:
        """The labels, in the order of the columns of `predict_proba`."""
        return self._labels.names.copy()

    def predict_proba(
        self,
        X: ArrayLike,
        *,
        temperature: float | None = None,
        num_threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Return the chance of every class, ``softmax(logits / temperature)``.

        Parameters
        ----------
        X : array_like or sparse matrix
            The data, as for `logits`.
        temperature : float, optional
            Above 1 makes chances more alike, below 1 less; none changes which class is the most
            probable. By default what `calibrate` has found, and 1 before.
        num_threads : int, optional
            As for `magnetite.sample`; the result does not depend on it.

        Returns
        -------
        ndarray of float64, shape (rows, classes)
            Columns in the order of `classes`.

        Examples
        --------
        >>> import numpy as np
        >>> import magnetite as mg
        >>> layers = [mg.networks.Dense(np.eye(2), activation="softmax", dtype="float64")]
        >>> net = mg.networks.Classifier(layers, classes=2)
        >>> x = np.log([[1, 4]])
        >>> net.predict_proba(x).round(3), net.predict_proba(x, temperature=2).round(3)
        (array([[0.2, 0.8]]), array([[0.333, 0.667]]))
        """
        t = check_temperature(self.temperature if temperature is None else temperature)
        return softmax(self.logits(X, num_threads=num_threads).astype(np.float64) / t)

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[Any]:
        """Return the most probable class of every row.

        Parameters
        ----------
        X, num_threads
            As for `predict_proba`.

        Returns
        -------
        ndarray, shape (rows,)
            Labels; the first of those that are equally probable.

        Examples
        --------
        >>> import magnetite as mg
        >>> machine = mg.ClassificationRBM(2, 3, classes=["no", "yes"])
        >>> machine.rbm.visible_bias[-1] = 1.0
        >>> machine.predict([[0, 0], [1, 1]]).tolist()
        ['yes', 'yes']
        """
        return self._labels.named(self.logits(X, num_threads=num_threads).argmax(axis=1))

    def score(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> float:
        """Return the share of rows whose most probable class is their label.

        Parameters
        ----------
        X, num_threads
            As for `predict_proba`; one row at least.
        y : array_like, shape (rows,)
            Their labels.
        sample_weight : array_like, shape (rows,), optional
            What every row counts.

        Examples
        --------
        >>> import magnetite as mg
        >>> machine = mg.ClassificationRBM(1, 1, classes=2)
        >>> machine.rbm.visible_bias[-1] = 1.0
        >>> machine.score([[0], [1], [1], [0]], [1, 1, 1, 0])
        0.75
        """
        logits, numbers = self._beside_labels(X, y, num_threads)
        weights = check_weights("sample_weight", sample_weight, len(logits))
        return float(np.average(logits.argmax(axis=1) == numbers, weights=weights))

    def calibrate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> float:
        """Set the temperature to that at which held-out labels are the most probable; return it.

        No prediction changes, only how sure `predict_proba` is: it is then as often right as it
        says. Take rows that were not learnt: about those that were, it is too sure.

        Parameters
        ----------
        X, num_threads
            As for `predict_proba`; one row at least.
        y : array_like, shape (rows,)
            Their labels.
        sample_weight : array_like, shape (rows,), optional
            What every row counts.

        Returns
        -------
        float
            The temperature, see `magnetite.calibration.fit_temperature`; `temperature` from now on.

        Raises
        ------
        ValueError
            If no temperature is the best one: where all rows are predicted rightly, the lower the
            better; where labels are no better predicted than by guessing, the higher. The
            temperature stays what it was.

        Examples
        --------
        A machine that says 98 % where it is right in three of four cases:

        >>> import magnetite as mg
        >>> machine = mg.ClassificationRBM(1, 1, classes=2)
        >>> machine.rbm.visible_bias[-1] = 4.0
        >>> temperature = machine.calibrate([[0], [1], [1], [0]], [1, 1, 1, 0])
        >>> machine.predict_proba([[1]]).round(4)
        array([[0.25, 0.75]])
        """
        logits, numbers = self._beside_labels(X, y, num_threads)
        self.temperature = fit_temperature(logits, numbers, sample_weight=sample_weight)
        return self.temperature

    def _beside_labels(
        self, X: ArrayLike, y: ArrayLike, num_threads: int | None
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return the logits of at least one row, and the numbers of their labels."""
        logits = self.logits(X, num_threads=num_threads)
        if not len(logits):
            raise ValueError("X must have at least one row, got none")
        return logits, self._labels.numbers("y", y, len(logits))
