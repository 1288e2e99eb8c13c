"""Layers of a network from machines, or from sizes alone."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from magnetite._checks import check_choice, check_count
from magnetite.networks.dense import Dense
from magnetite.options import SeedLike, check_seed
from magnetite.units.base import Array
from magnetite.units.layer import Layer

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["decoder", "encoder", "output_layer"]

LIKE_UNITS = {"binary": "sigmoid", "spin": "tanh", "gaussian": "linear", "relu": "relu"}
"""The activation that is the mean of a unit given its input (of a rectified one, without noise)."""

HIDDEN = ("sigmoid", "tanh", "relu")


def encoder(
    layers: Any,
    *,
    activation: str = "sigmoid",
    dtype: DTypeLike | None = None,
    seed: SeedLike = None,
) -> list[Dense]:
    """Return a layer of each machine, or random ones between sizes.

    Parameters
    ----------
    layers : list of RBM, or list of int
        Machines, each with as many visible units as the one below has hidden ones; or at least two
        numbers of columns, the inputs first.
    activation : "sigmoid", "tanh" or "relu"
        Of random layers; those of machines are what their hidden units are.
    dtype : "float32", "float64" or None
        By default that of the machines, and float32 without any.
    seed : int, SeedSequence, Generator or None
        Of random weights.

    Raises
    ------
    TypeError, ValueError
        If machines do not chain, or have hidden units that no activation stands for.
    """
    if not isinstance(layers, list | tuple) or not layers:
        raise TypeError(f"layers must be a list of machines or of sizes, got {layers!r}")
    check_choice("activation", activation, HIDDEN)
    if all(hasattr(layer, "hidden_bias") for layer in layers):
        _check_chain(layers)
        kind = layers[0].dtype if dtype is None else dtype
        return [_upwards(rbm, number, kind) for number, rbm in enumerate(layers)]
    sizes = [check_count("layers", size, 1, bits=31) for size in layers]
    if len(sizes) < 2:
        raise ValueError(f"layers must have two sizes at least, inputs first, got {sizes}")
    return _random(sizes, activation, "float32" if dtype is None else dtype, seed)


def _check_chain(machines: Sequence["RBM"]) -> None:
    for number, (below, above) in enumerate(pairwise(machines)):
        if below.n_hidden != above.n_visible:
            raise ValueError(
                f"layers must chain: machine {number + 1} has {above.n_visible} visible units, "
                f"and machine {number} has {below.n_hidden} hidden ones"
            )


def _upwards(rbm: "RBM", number: int, dtype: DTypeLike) -> Dense:
    """Return the hidden means given the visible units, as a layer."""
    activation = _activation(rbm.hidden, f"hidden units of machine {number}")
    q = np.where(rbm.hidden_precision > 0, rbm.hidden_precision, 1)
    return Dense(rbm.weights / q, rbm.hidden_bias / q, activation=activation, dtype=dtype)


def decoder(machines: Sequence["RBM"], dtype: DTypeLike) -> list[Dense]:
    """Return the visible means given the hidden units, as layers from the top machine down."""
    layers = []
    for number, rbm in reversed(list(enumerate(machines))):
        activation = _activation(rbm.visible, f"visible units of machine {number}")
        q = np.where(rbm.visible_precision > 0, rbm.visible_precision, 1)
        weights, bias = rbm.weights.T / q, rbm.visible_bias / q
        layers.append(Dense(weights, bias, activation=activation, dtype=dtype))
    return layers


def _activation(layer: Layer, where: str) -> str:
    kinds = {units.kind for units, _ in layer.groups}
    if len(kinds) > 1 or not kinds <= LIKE_UNITS.keys():
        raise TypeError(
            f"layers must have {', '.join(LIKE_UNITS)} units, of one kind a layer, "
            f"got {layer.describe()} as {where}"
        )
    return LIKE_UNITS[kinds.pop()]


def _random(sizes: Sequence[int], activation: str, dtype: DTypeLike, seed: SeedLike) -> list[Dense]:
    """Return layers with weights of a variance that neither blows signals up nor damps them.

    Uniform within ``sqrt(6 / (n + m))``: Glorot and Bengio, "Understanding the difficulty of
    training deep feedforward neural networks", AISTATS (2010), equation 16; four times that for
    sigmoids, whose slope at 0 is a quarter; relu, which halves the variance, takes sqrt(6 / n).
    """
    rng = np.random.default_rng(check_seed(seed).key)
    layers = []
    for n, m in pairwise(sizes):
        limit = math.sqrt(6 / n) if activation == "relu" else math.sqrt(6 / (n + m))
        weights = rng.uniform(-1, 1, (n, m)) * limit * (4 if activation == "sigmoid" else 1)
        layers.append(Dense(weights, activation=activation, dtype=dtype))
    return layers


def output_layer(below: Dense, num_outputs: int, activation: str) -> Dense:
    """Return a last layer without weights: all its outputs are the same until it learns."""
    weights: Array = np.zeros((below.n_outputs, num_outputs), below.weights.dtype)
    return Dense(weights, activation=activation, dtype=below.weights.dtype)
