"""What is watched of chains: their energies, and where they are along the strongest weights."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite.layers import Layers
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Observables"]

DIRECTIONS = 3


class Observables:
    """Numbers of joint states in which slow chains show.

    The energy, and the visible states along the left singular vectors of the largest singular
    values of the weights: learning amplifies those first, and states that they tell apart are far
    from each other. All sums are by einsum, so that no bit hangs on a number of threads.
    """

    def __init__(self, rbm: "RBM", layers: Layers) -> None:
        self.rbm, self.layers = rbm, layers
        count = min(DIRECTIONS, *rbm.weights.shape)
        # Any start will do that is not orthogonal to what is looked for.
        rows = np.arange(rbm.n_visible)
        self.directions = orthonormal(np.cos(np.outer(np.arange(1, count + 1), rows + 0.5)))

    def turn(self, rounds: int = 2) -> None:
        """Bring the directions closer to the singular vectors, by orthogonal iteration."""
        weights = np.asarray(self.rbm.weights, np.float64)
        if not weights.any():
            return
        for _ in range(rounds):
            hidden = np.einsum("ki,ij->kj", self.directions, weights)
            self.directions = orthonormal(np.einsum("kj,ij->ki", hidden, weights))

    def places(self, v: Array) -> NDArray[np.float64]:
        """Return where visible states are along the directions, shape (rows, directions)."""
        places: NDArray[np.float64] = np.einsum("ri,ki->rk", v, self.directions, dtype=np.float64)
        return places

    def of(self, v: Array, h: Array) -> dict[str, NDArray[np.float64]]:
        """Return each of the numbers, shape (rows,), by its name."""
        ones, pair = np.ones(len(v)), self.rbm.pair
        energies = pair.visible.energies(v, ones) + pair.hidden.energies(h, ones)
        energies -= self.layers.interactions(v, h, pair)
        places = self.places(v)
        named = {f"place along direction {k + 1}": places[:, k] for k in range(places.shape[1])}
        return {"energy": energies} | named


def orthonormal(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows made orthogonal, one after another, and of length 1; zeros where none is left.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.training.observables import orthonormal
    >>> orthonormal(np.array([[3.0, 4.0], [1.0, 0.0]])).round(2).tolist()
    [[0.6, 0.8], [0.8, -0.6]]
    """
    result = np.zeros_like(rows)
    for k, row in enumerate(rows):
        size = np.sqrt(np.einsum("i,i->", row, row))
        for _ in range(2):  # the second time takes away what rounding left
            row = row - np.einsum("m,mi->i", np.einsum("mi,i->m", result[:k], row), result[:k])
        length = np.sqrt(np.einsum("i,i->", row, row))
        if length > 1e-10 * size:
            result[k] = row / length
    return result
