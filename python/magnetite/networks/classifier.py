"""Networks that tell classes apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from magnetite.calibration import check_temperature, fit_temperature, softmax
from magnetite.labels import ClassesLike, Labels
from magnetite.networks.dense import Dense
from magnetite.networks.losses import CrossEntropy
from magnetite.networks.network import Network
from magnetite.networks.unroll import encoder, output_layer
from magnetite.options import SeedLike
from magnetite.units.base import Array

__all__ = ["Classifier", "classifier"]


def classifier(
    layers: Any,
    classes: ClassesLike,
    *,
    activation: str,
    dtype: DTypeLike | None,
    seed: SeedLike,
) -> "Classifier":
    """Return `Network.classifier`."""
    labels = Labels(classes)
    below = encoder(layers, activation=activation, dtype=dtype, seed=seed)
    return Classifier([*below, output_layer(below[-1], len(labels), "softmax")], labels.names)


class Classifier(Network):
    """A network whose outputs are the chances of classes; made by `Network.classifier`.

    Parameters
    ----------
    layers : list of Dense
        The last one softmax, with a column a class.
    classes : int or sequence
        How many classes there are, called 0, 1, ...; or their labels.
    temperature : float
        What the inputs of the last layer are divided by for chances, 1 by default.

    Attributes
    ----------
    classes : ndarray
        The labels, in the order of the outputs.
    temperature : float
        That of `predict_proba`; `calibrate` sets it, and `fit` makes it 1 again.

    Examples
    --------
    >>> import magnetite as mg
    >>> net = mg.Network.classifier([2, 3], classes=["no", "yes"], seed=1)
    >>> net.predict_proba([[0, 1]]).tolist()
    [[0.5, 0.5]]
    """

    def __init__(
        self, layers: Sequence[Dense], classes: ClassesLike, temperature: float = 1.0
    ) -> None:
        super().__init__(layers)
        self._labels, self.temperature = Labels(classes), check_temperature(temperature)
        last = self.layers[-1]
        if last.activation != "softmax" or last.n_outputs != len(self._labels):
            raise ValueError(
                f"layers must end with softmax and {len(self._labels)} outputs, one a class, "
                f"got {last.activation} and {last.n_outputs}"
            )
        self._loss = CrossEntropy()

    @property
    def classes(self) -> NDArray[Any]:
        """The labels, in the order of the outputs."""
        return self._labels.names.copy()

    def _content(self) -> dict[str, Any]:
        names = self._labels.names
        plain = names.tolist() if names.dtype == object else names
        return super()._content() | {"classes": plain, "temperature": self.temperature}

    def _targets(self, y: Any, rows: int, name: str) -> NDArray[np.int64]:
        """Return the numbers of the classes; refuse labels that are none."""
        return self._labels.numbers(name, y, rows)

    def _begin(self, y: Any, weights: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the numbers of the classes; forget the temperature of the weights so far."""
        codes: NDArray[np.int64] = super()._begin(y, weights)
        self.temperature = 1.0
        return codes

    def _figures(
        self, last: Array, targets: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> dict[str, float]:
        error = float(weights @ (last.argmax(axis=1) != targets))
        return super()._figures(last, targets, weights) | {"error": error}

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[Any]:
        """Return the most probable class of every row.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (rows, n_inputs)
            Any finite numbers.
        num_threads : int, optional
            As for `magnetite.sample`; the result does not depend on it.

        Returns
        -------
        ndarray, shape (rows,)
            Labels; the first of those that are equally probable.
        """
        return self._labels.named(self.logits(X, num_threads=num_threads).argmax(axis=1))

    def logits(self, X: ArrayLike, *, num_threads: int | None = None) -> Array:
        """Return the inputs of the softmax, shape (rows, classes): log-chances, but for a constant.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Network.classifier([2, 3], classes=2, seed=1).logits([[0, 1]]).tolist()
        [[0.0, 0.0]]
        """
        return self._last(X, self.layers, num_threads)

    def predict_proba(
        self,
        X: ArrayLike,
        *,
        temperature: float | None = None,
        num_threads: int | None = None,
    ) -> Array:
        """Return the chance of every class, ``softmax(logits / temperature)``.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (rows, n_inputs)
            Any finite numbers.
        temperature : float, optional
            Above 1 makes chances more alike, below 1 less; none changes which class is the most
            probable. By default that of the network: 1, or what `calibrate` has found.
        num_threads : int, optional
            As for `magnetite.sample`; the result does not depend on it.

        Returns
        -------
        ndarray of float64, shape (rows, classes)

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

    def calibrate(
        self,
        X: ArrayLike,
        y: Any,
        *,
        sample_weight: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> float:
        """Set the temperature to that at which held-out labels are the most probable; return it.

        No class changes, only how sure `predict_proba` is. Take rows that `fit` has not seen: of
        rows that it has, the network is too sure.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (rows, n_inputs)
            Held-out rows.
        y : array_like, shape (rows,)
            Their labels.
        sample_weight : array_like, shape (rows,), optional
            What every row counts.
        num_threads : int, optional
            As for `magnetite.sample`; the result does not depend on it.

        Returns
        -------
        float
            The temperature, see `magnetite.calibration.fit_temperature`.

        Raises
        ------
        ValueError
            If no temperature is the best one: where the network is right about every row, the
            lower the better; where it is no better than guessing, the higher. The temperature
            stays what it was.

        Examples
        --------
        A network that says 80 % where it is right in two of three cases:

        >>> import numpy as np
        >>> import magnetite as mg
        >>> layers = [mg.networks.Dense(np.eye(2), activation="softmax", dtype="float64")]
        >>> net = mg.networks.Classifier(layers, classes=2)
        >>> X = np.log([[1, 4], [1, 4], [1, 4]])
        >>> round(net.calibrate(X, [1, 1, 0]), 6)
        2.0
        >>> net.predict_proba(X[:1]).round(3)
        array([[0.333, 0.667]])
        """
        logits = self.logits(X, num_threads=num_threads)
        codes = self._targets(y, len(logits), "y")
        self.temperature = fit_temperature(logits, codes, sample_weight=sample_weight)
        return self.temperature
