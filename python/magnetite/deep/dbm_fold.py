"""A deep machine folded into two layers: its even layers on one side, its odd ones on the other.

Units of a deep Boltzmann machine are coupled to those of the next layers alone. So the even layers
``[v | h2 | ...]`` are independent given the odd ones ``[h1 | h3 | ...]``, and reverse: the machine
is a restricted one, whose weights are ``[[W1, 0], [W2^T, W3]]`` for three hidden layers. What is
known of restricted machines (sampling, training, log Z) is so known of deep ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from magnetite.units.base import Array

__all__ = ["Fold"]


@dataclass(frozen=True)
class Fold:
    """Where the layers of a deep machine are in the folded one.

    Parameters
    ----------
    sizes : tuple of int
        Units of each layer, the visible one first.

    Examples
    --------
    >>> from magnetite.deep.dbm_fold import Fold
    >>> fold = Fold((4, 3, 2))
    >>> fold.num_even, fold.num_odd, fold.columns(2)
    (6, 3, slice(4, 6, None))
    """

    sizes: tuple[int, ...]

    @property
    def num_even(self) -> int:
        """Units of the even layers, the visible ones among them."""
        return sum(self.sizes[::2])

    @property
    def num_odd(self) -> int:
        """Units of the odd layers."""
        return sum(self.sizes[1::2])

    def columns(self, layer: int) -> slice:
        """Return the columns of a layer on its side."""
        start = sum(self.sizes[layer % 2 : layer : 2])
        return slice(start, start + self.sizes[layer])

    def block(self, layer: int) -> tuple[slice, slice]:
        """Return where the weights between a layer and the next are: even rows, odd columns."""
        even, odd = (layer, layer + 1) if layer % 2 == 0 else (layer + 1, layer)
        return self.columns(even), self.columns(odd)

    def absent(self) -> list[tuple[slice, slice]]:
        """Return the blocks of weights that the folded machine has and the deep one has not."""
        layers = range(len(self.sizes))
        return [
            (self.columns(even), self.columns(odd))
            for even in layers[::2]
            for odd in layers[1::2]
            if abs(even - odd) > 1
        ]

    def weights(self, folded: Array) -> tuple[Array, ...]:
        """Return views of the weights between layers, shapes (sizes[l], sizes[l + 1])."""
        blocks = (folded[self.block(layer)] for layer in range(len(self.sizes) - 1))
        return tuple(b if layer % 2 == 0 else b.T for layer, b in enumerate(blocks))

    def layers(self, even: Array, odd: Array) -> tuple[Array, ...]:
        """Return views of the layers in what has the columns of each side: states, or biases."""
        sides = even, odd
        return tuple(sides[i % 2][..., self.columns(i)] for i in range(len(self.sizes)))

    def sides(self, layers: Sequence[Array]) -> tuple[Array, Array]:
        """Undo `layers`, with copies."""
        return np.concatenate(layers[::2], axis=-1), np.concatenate(layers[1::2], axis=-1)
