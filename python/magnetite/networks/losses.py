"""What networks are trained to make small, and its derivative by the last layer's inputs.

A loss is of one row: that of several is the weighted mean. All are made of the inputs of the last
layer, where logarithms of chances are exact however small these are.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from magnetite.networks.dense import ACTIVATIONS
from magnetite.units.base import Array
from magnetite.units.discrete import Binary, Categorical

__all__ = ["BernoulliCrossEntropy", "CrossEntropy", "Loss", "SquaredError"]

Floats = NDArray[np.float64]


class Loss(Protocol):
    """A loss with the activation that it belongs to."""

    def rows(self, inputs: Array, targets: Any) -> Floats:
        """Return the loss of every row."""
        ...

    def slope(self, inputs: Array, targets: Any) -> Array:
        """Return its derivative by the inputs."""
        ...


@dataclass(frozen=True)
class CrossEntropy:
    """``-ln p_k`` of the class k of a row, ``p = softmax(inputs)``; targets are numbers of classes.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.networks.losses import CrossEntropy
    >>> CrossEntropy().rows(np.log([[1.0, 3.0]]), np.array([1])).round(4)  # ln(4 / 3)
    array([0.2877])
    """

    def rows(self, inputs: Array, targets: NDArray[np.intp]) -> Floats:
        """Return the loss of every row."""
        x = np.asarray(inputs, np.float64)
        log_norms = Categorical(x.shape[1]).log_norms(x, np.zeros(x.shape[1]))[:, 0]
        result: Floats = log_norms - x[np.arange(len(x)), targets]
        return result

    def slope(self, inputs: Array, targets: NDArray[np.intp]) -> Array:
        """Return its derivative by the inputs: chances less what is so."""
        chances = ACTIVATIONS["softmax"](inputs)
        chances[np.arange(len(chances)), targets] -= 1
        return chances


@dataclass(frozen=True)
class BernoulliCrossEntropy:
    """``-sum_i t_i ln p_i + (1 - t_i) ln(1 - p_i)``, ``p = sigmoid(inputs)``; targets in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.networks.losses import BernoulliCrossEntropy
    >>> BernoulliCrossEntropy().rows(np.zeros((1, 2)), np.array([[0.0, 1.0]])).round(4)  # 2 ln 2
    array([1.3863])
    """

    def rows(self, inputs: Array, targets: Array) -> Floats:
        """Return the loss of every row."""
        terms = Binary().log_norms(inputs, inputs) - targets * inputs
        result: Floats = terms.sum(axis=1, dtype=np.float64)
        return result

    def slope(self, inputs: Array, targets: Array) -> Array:
        """Return its derivative by the inputs."""
        return ACTIVATIONS["sigmoid"](inputs) - targets


@dataclass(frozen=True)
class SquaredError:
    """``sum_i (y_i - t_i)**2 / 2`` with the outputs y of an activation that has a slope.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.networks.losses import SquaredError
    >>> SquaredError("linear").rows(np.array([[3.0, 1.0]]), np.array([[1.0, 1.0]]))
    array([2.])
    """

    activation: str

    def rows(self, inputs: Array, targets: Array) -> Floats:
        """Return the loss of every row."""
        errors = ACTIVATIONS[self.activation](inputs) - targets
        result: Floats = np.einsum("ri,ri->r", errors, errors, dtype=np.float64) / 2
        return result

    def slope(self, inputs: Array, targets: Array) -> Array:
        """Return its derivative by the inputs."""
        activation = ACTIVATIONS[self.activation]
        outputs = activation(inputs)
        assert activation.slope is not None
        result: Array = (outputs - targets) * activation.slope(outputs)
        return result
