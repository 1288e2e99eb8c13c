"""Networks that tell classes apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from magnetite.calibration import check_temperature
from magnetite.class_law import ClassLaw
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


class Classifier(ClassLaw, Network):
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

    def logits(self, X: ArrayLike, *, num_threads: int | None = None) -> Array:
        """Return the inputs of the softmax, shape (rows, classes): log-chances, but for a constant.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Network.classifier([2, 3], classes=2, seed=1).logits([[0, 1]]).tolist()
        [[0.0, 0.0]]
        """
        return self._last(X, self.layers, num_threads)
