"""Forward and backward through the layers of a network, with the core's products.

The core shares out a product by rows, never by threads: outputs and gradients are the same bits
for every number of threads.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from magnetite.layers import Pair, Side, make_layers
from magnetite.networks.dense import ACTIVATIONS, Dense
from magnetite.units.base import Array
from magnetite.units.continuous import Gaussian
from magnetite.units.layer import Layer

__all__ = ["Masks", "Passes", "Trace", "names"]

Masks = Sequence[Array | None]


class Trace(NamedTuple):
    """What a pass forward leaves for the one backward.

    `inputs` of every layer (where units were dropped, without these), the `outputs` that they were
    made of, and the `last` layer's inputs to its activation.
    """

    inputs: list[Array]
    outputs: list[Array]
    last: Array


class Passes:
    """Passes through layers, made once for a number of threads.

    An input of units is a mean of Gaussian ones, so that one product serves all activations; the
    last layer's is left to the loss.

    Parameters
    ----------
    layers : list of Dense
        Their parameters may change between passes.
    num_threads : int
        Of the products.

    References
    ----------
    Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature
    323 (1986) 533, equations 4 to 7.
    """

    def __init__(self, layers: Sequence[Dense], num_threads: int) -> None:
        self.layers = layers
        self.kinds = [ACTIVATIONS[layer.activation] for layer in layers[:-1]]
        units = [kind.units(1) for kind in self.kinds] + [Gaussian()]
        sides = [
            (Layer(((Gaussian(), layer.n_inputs),)), Layer(((unit, layer.n_outputs),)))
            for layer, unit in zip(layers, units, strict=True)
        ]
        self.products = [make_layers(below, above, num_threads) for below, above in sides]
        self.precisions = [
            tuple(side.precisions().astype(layer.bias.dtype) for side in pair)
            for layer, pair in zip(layers, sides, strict=True)
        ]

    def pairs(self) -> list[Pair]:
        """Return the parameters of now, which must stay as they are while these are in use."""
        return [
            Pair(
                layer.weights,
                Side.plain(np.zeros_like(below), below),
                Side.plain(layer.bias, above),
            ).lasting()
            for layer, (below, above) in zip(self.layers, self.precisions, strict=True)
        ]

    def forward(self, x: Array, pairs: Sequence[Pair], masks: Masks) -> Trace:
        """Return what a pass leaves; the inputs of each layer are multiplied by its mask."""
        inputs, outputs, ones = [], [], np.ones(len(x))
        for number, (product, pair) in enumerate(zip(self.products, pairs, strict=True)):
            outputs.append(x)
            mask = masks[number]
            inputs.append(x if mask is None else x * mask)
            x = product.hidden(inputs[-1], pair, ones)[0]
            if number < len(self.kinds):
                x = self.kinds[number].finish(x)
        return Trace(inputs, outputs, x)

    def outputs(self, x: Array, pairs: Sequence[Pair]) -> Array:
        """Return the last layer's inputs to its activation."""
        return self.forward(x, pairs, [None] * len(pairs)).last

    def descent(
        self,
        trace: Trace,
        slope: Array,
        weights: NDArray[np.float64],
        pairs: Sequence[Pair],
        masks: Masks,
        into: dict[str, Array],
    ) -> dict[str, Array]:
        """Return minus the gradient of the weighted sum of the rows' losses.

        `slope` is the losses' derivative by `trace.last`, `masks` what the inputs were multiplied
        by, and `into` has a matrix for the gradient of each layer's weights.
        """
        found, nothing, ones = dict(into), np.zeros(1), np.ones(len(slope))
        for number in reversed(range(len(pairs))):
            product, x, (w, b) = self.products[number], trace.inputs[number], names(number)
            none = np.zeros_like(pairs[number].visible.bias), np.zeros_like(slope[0])
            # Rows of the negative phase count negatively: this is ascent of minus the loss.
            sums = product.moments(x[:1], slope[:1], nothing, x, slope, weights, *none, found[w])
            found[b] = sums[1]
            if number:
                slope = product.visible(slope, pairs[number], ones)[0]
                derivative = self.kinds[number - 1].slope
                assert derivative is not None  # only a last layer may have none
                slope *= derivative(trace.outputs[number])
                if (mask := masks[number]) is not None:
                    slope *= mask
        return found


def names(number: int) -> tuple[str, str]:
    """Return what the weights and the bias of a layer are called."""
    return f"weights_{number}", f"bias_{number}"
