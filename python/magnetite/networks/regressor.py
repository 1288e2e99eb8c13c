"""Networks that give real numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from magnetite._checks import check_count, check_finite, real_array
from magnetite.networks.dense import ACTIVATIONS, Dense
from magnetite.networks.losses import SquaredError
from magnetite.networks.network import Network
from magnetite.networks.unroll import encoder, output_layer
from magnetite.options import SeedLike
from magnetite.units.base import Array

__all__ = ["Regressor", "regressor"]


def regressor(
    layers: Any, num_outputs: int, *, activation: str, dtype: DTypeLike | None, seed: SeedLike
) -> "Regressor":
    """Return `Network.regressor`."""
    columns = check_count("num_outputs", num_outputs, 1, bits=31)
    below = encoder(layers, activation=activation, dtype=dtype, seed=seed)
    return Regressor([*below, output_layer(below[-1], columns, "linear")])


class Regressor(Network):
    """A network whose outputs are real numbers; made by `Network.regressor`.

    Targets are learnt in units of their deviation: a prediction is
    ``means + deviations * outputs``. The first `fit` takes both from its targets.

    Parameters
    ----------
    layers : list of Dense
        The last one with a column a target, and not softmax.
    means, deviations : array_like, shape (n_outputs,), optional
        Of the targets.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> X = np.random.default_rng(1).random((500, 3))
    >>> y = 100 + 10 * X @ [1.0, 2.0, 3.0]
    >>> net = mg.Network.regressor([3, 20], activation="tanh", seed=1)
    >>> _ = net.fit(X, y, optimizer=mg.Adam(mg.training.Cosine(0.01)), epochs=60, seed=1)
    >>> bool(np.abs(net.predict(X) - y).mean() < 0.5)
    True
    """

    def __init__(
        self,
        layers: Sequence[Dense],
        means: ArrayLike | None = None,
        deviations: ArrayLike | None = None,
    ) -> None:
        super().__init__(layers)
        last = self.layers[-1]
        if ACTIVATIONS[last.activation].slope is None:
            raise ValueError(f"layers must not end with {last.activation} in a regressor")
        self.means = None if means is None else real_array("means", means)
        self.deviations = None if deviations is None else real_array("deviations", deviations)
        self._loss = SquaredError(last.activation)

    def _content(self) -> dict[str, Any]:
        return super()._content() | {"means": self.means, "deviations": self.deviations}

    def _targets(self, y: Any, rows: int, name: str, *, fitting: bool = False) -> Array:
        """Return targets in units of their deviation, shape (rows, n_outputs)."""
        shape = (rows, self.n_outputs)
        wanted = f"{(rows,)} or {shape}" if self.n_outputs == 1 else f"{shape}"
        if y is None:
            raise ValueError(f"{name} must have shape {wanted}, got None")
        targets = real_array(name, y)
        if targets.shape != shape and (self.n_outputs > 1 or targets.shape != (rows,)):
            raise ValueError(f"{name} must have shape {wanted}, got {targets.shape}")
        check_finite(name, targets)
        targets = targets.reshape(shape)
        if fitting and self.means is None:
            self.means, deviations = targets.mean(axis=0), targets.std(axis=0)
            self.deviations = np.where(deviations > 0, deviations, 1.0)
        means, deviations = self._scale()
        scaled: Array = ((targets - means) / deviations).astype(self.dtype)
        return scaled

    def _scale(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        columns = self.n_outputs
        means = np.zeros(columns) if self.means is None else self.means
        return means, np.ones(columns) if self.deviations is None else self.deviations

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float64]:
        """Return the targets that the network expects.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (rows, n_inputs)
            Any finite numbers.
        num_threads : int, optional
            As for `magnetite.sample`; the result does not depend on it.

        Returns
        -------
        ndarray of float64, shape (rows,), or (rows, n_outputs) where there are several
        """
        means, deviations = self._scale()
        outputs: NDArray[np.float64] = means + deviations * self.outputs(X, num_threads=num_threads)
        return outputs[:, 0] if self.n_outputs == 1 else outputs
