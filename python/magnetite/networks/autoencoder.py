"""Networks that find short codes of rows, and rows of codes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from magnetite._checks import check_count
from magnetite.networks.dense import ACTIVATIONS, Dense
from magnetite.networks.losses import BernoulliCrossEntropy, Loss, SquaredError
from magnetite.networks.network import Network
from magnetite.networks.rows import Columns
from magnetite.networks.unroll import decoder, encoder
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Autoencoder", "autoencoder"]


def autoencoder(
    layers: Any, *, down: Sequence["RBM"] | None = None, dtype: DTypeLike | None = None
) -> "Autoencoder":
    """Return `Network.autoencoder`; `down` are other machines for the way down."""
    up = encoder(layers, dtype=dtype)
    if not all(hasattr(layer, "hidden_bias") for layer in layers):
        raise TypeError(f"layers must be machines for an autoencoder, got {layers!r}")
    machines = layers if down is None else down
    return Autoencoder([*up, *decoder(machines, up[0].weights.dtype)], len(up))


class Autoencoder(Network):
    """A network that gives back its inputs through a code; made by `Network.autoencoder`.

    Parameters
    ----------
    layers : list of Dense
        Up to the code, and down to as many outputs as inputs.
    code_depth : int
        How many of them lead up to the code.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> X = np.repeat(np.eye(4), 25, axis=0)
    >>> rbm = mg.RBM(4, 3)
    >>> _ = rbm.fit(X, epochs=50, seed=1)
    >>> net = mg.Network.autoencoder([rbm])
    >>> _ = net.fit(X, optimizer=mg.Adam(0.05), epochs=200, seed=1)
    >>> net.predict(np.eye(4)).round().tolist() == np.eye(4).tolist()
    True
    """

    _has_targets = False

    def __init__(self, layers: Sequence[Dense], code_depth: int) -> None:
        super().__init__(layers)
        self.code_depth = check_count("code_depth", code_depth, 1)
        if self.code_depth >= len(self.layers) or self.n_outputs != self.n_inputs:
            raise ValueError(
                f"layers must lead up to a code and down to {self.n_inputs} outputs, got {self!r} "
                f"with a code_depth of {code_depth}"
            )
        last = self.layers[-1].activation
        if ACTIVATIONS[last].slope is None:
            raise ValueError(f"layers must not end with {last} in an autoencoder")
        self._loss: Loss = BernoulliCrossEntropy() if last == "sigmoid" else SquaredError(last)

    def _content(self) -> dict[str, Any]:
        return super()._content() | {"code_depth": self.code_depth}

    def _targets(self, y: Any, rows: int, name: str) -> None:
        """Return None: the rows themselves are the targets."""
        if y is not None:
            raise ValueError(f"{name} must be None for an autoencoder, whose targets are the rows")

    @property
    def _columns(self) -> Columns:
        chances = isinstance(self._loss, BernoulliCrossEntropy)
        return Columns(self.n_inputs, np.dtype(self.dtype), chances)

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> Array:
        """Return the rows as the network gives them back, shape (rows, n_inputs)."""
        return self.outputs(X, num_threads=num_threads)

    def encode(self, X: ArrayLike, *, num_threads: int | None = None) -> Array:
        """Return the codes of rows, shape (rows, size of the code).

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Network.autoencoder([mg.RBM(4, 2)]).encode([[0, 1, 1, 0]]).tolist()
        [[0.5, 0.5]]
        """
        return self.outputs(X, depth=self.code_depth, num_threads=num_threads)

    def decode(self, codes: ArrayLike, *, num_threads: int | None = None) -> Array:
        """Return the rows of codes, shape (rows, n_inputs).

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Network.autoencoder([mg.RBM(4, 2)]).decode([[0.5, 0.5]]).tolist()
        [[0.5, 0.5, 0.5, 0.5]]
        """
        down = self.layers[self.code_depth :]
        return ACTIVATIONS[down[-1].activation](self._last(codes, down, num_threads))
