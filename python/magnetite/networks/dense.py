"""A layer of a feed-forward network: weights, biases and an activation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from magnetite._checks import check_choice, check_finite
from magnetite.units.base import Array, Units
from magnetite.units.continuous import Gaussian
from magnetite.units.discrete import Binary, Categorical, Spin

__all__ = ["ACTIVATIONS", "Activation", "Dense"]


@dataclass(frozen=True)
class Activation:
    """What makes an output of an input: the mean of a unit, maybe cut at zero.

    Parameters
    ----------
    units : function of a number of columns
        Returns units whose mean, given the input, the output is.
    slope : function, optional
        Derivative of an output by its own input, made of the outputs; None where outputs depend on
        each other's inputs, which only the last layer's may.
    cut : bool
        Whether negative means become zero.
    """

    units: Callable[[int], Units]
    slope: Callable[[Array], Array | float] | None
    cut: bool = False

    def __call__(self, inputs: Array) -> Array:
        """Return the outputs of rows of inputs."""
        columns = inputs.shape[1]
        means = self.units(columns).means(inputs, np.ones(columns, inputs.dtype))
        return self.finish(means)

    def finish(self, means: Array) -> Array:
        """Return the outputs of the units' means, which may change in place."""
        return np.maximum(means, 0, out=means) if self.cut else means


ACTIVATIONS = {
    "sigmoid": Activation(lambda n: Binary(), lambda y: y * (1 - y)),
    "tanh": Activation(lambda n: Spin(), lambda y: 1 - y * y),
    "relu": Activation(lambda n: Gaussian(), lambda y: (y > 0).astype(y.dtype), cut=True),
    "linear": Activation(lambda n: Gaussian(), lambda y: 1.0),
    "softmax": Activation(Categorical, None),
}


class Dense:
    """One layer: ``outputs = activation(inputs @ weights + bias)``.

    Parameters
    ----------
    weights : array_like, shape (n_inputs, n_outputs)
        What training changes in place, with the biases.
    bias : array_like, shape (n_outputs,), optional
        Zeros by default.
    activation : "sigmoid" (default), "tanh", "relu", "linear" or "softmax"
        The last of these for the last layer of a network alone.
    dtype : "float32" (default) or "float64"
        Of the parameters.

    Raises
    ------
    ValueError
        If a shape is wrong, a number not finite, or the activation unknown.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.networks.Dense([[1.0], [2.0]], activation="tanh")
    Dense(2, 1, tanh)
    """

    def __init__(
        self,
        weights: ArrayLike,
        bias: ArrayLike | None = None,
        *,
        activation: str = "sigmoid",
        dtype: DTypeLike = "float32",
    ) -> None:
        kind = np.dtype(dtype)
        if kind not in (np.float32, np.float64):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {kind.name!r}")
        self.weights: Array = np.array(weights, kind, order="C")
        if self.weights.ndim != 2 or 0 in self.weights.shape:
            raise ValueError(
                f"weights must have shape (n_inputs, n_outputs), got {self.weights.shape}"
            )
        columns = self.weights.shape[1:]
        self.bias: Array = np.zeros(columns, kind) if bias is None else np.array(bias, kind)
        if self.bias.shape != columns:
            raise ValueError(f"bias must have shape {columns}, got {self.bias.shape}")
        check_finite("weights", self.weights)
        check_finite("bias", self.bias)
        self.activation = check_choice("activation", activation, tuple(ACTIVATIONS))

    def __repr__(self) -> str:
        return f"Dense({self.n_inputs}, {self.n_outputs}, {self.activation})"

    @property
    def n_inputs(self) -> int:
        """Columns that come in."""
        return int(self.weights.shape[0])

    @property
    def n_outputs(self) -> int:
        """Columns that go out."""
        return int(self.weights.shape[1])

    def as_type(self, dtype: DTypeLike) -> "Dense":
        """Return a copy with parameters of this dtype."""
        return Dense(self.weights, self.bias, activation=self.activation, dtype=dtype)


def check_stack(layers: Any) -> Sequence[Dense]:
    """Return layers of which each takes what the one before it gives; refuse others."""
    if not isinstance(layers, list | tuple) or not layers:
        raise TypeError(f"layers must be a list of layers, and not empty, got {layers!r}")
    for number, layer in enumerate(layers):
        if not isinstance(layer, Dense):
            raise TypeError(
                "layers must be magnetite.networks.Dense, got "
                f"{type(layer).__name__} as layer {number}"
            )
        if number and layers[number - 1].n_outputs != layer.n_inputs:
            raise ValueError(
                f"layers must chain: layer {number} has {layer.n_inputs} inputs, and layer "
                f"{number - 1} gives {layers[number - 1].n_outputs}"
            )
        if number < len(layers) - 1 and ACTIVATIONS[layer.activation].slope is None:
            raise ValueError(f"layers must have softmax last, got it as layer {number}")
    return layers
