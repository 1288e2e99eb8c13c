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
    ``means + deviations * outputs``. The first `fit` takes both from its targets, if the last layer
    is linear; outputs that are bounded learn targets as they are.

    Parameters
    ----------
    layers : list of Dense
        The last one with a column a target, and not softmax.
    means, deviations : array_like, shape (n_outputs,), optional
        Of the targets; 0 and 1 until the first `fit`.

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
        self.means = None if means is None else self._checked("means", means)
        self.deviations = None if deviations is None else self._checked("deviations", deviations)
        if self.deviations is not None and self.deviations.min() <= 0:
            raise ValueError(f"deviations must be positive, got {self.deviations.min():g}")
        self._loss = SquaredError(last.activation)

    def _content(self) -> dict[str, Any]:
        return super()._content() | {"means": self.means, "deviations": self.deviations}

    def _checked(self, name: str, value: ArrayLike) -> NDArray[np.float64]:
        numbers = real_array(name, value)
        if numbers.shape != (self.n_outputs,):
            raise ValueError(f"{name} must have shape {(self.n_outputs,)}, got {numbers.shape}")
        check_finite(name, numbers)
        return numbers

    def _targets(self, y: Any, rows: int, name: str) -> Array:
        """Return targets in units of their deviation, shape (rows, n_outputs)."""
        means, deviations = self._scale()
        scaled: Array = ((self._numbers(y, rows, name) - means) / deviations).astype(self.dtype)
        return scaled

    def _numbers(self, y: Any, rows: int, name: str) -> NDArray[np.float64]:
        """Return targets as they are, shape (rows, n_outputs)."""
        shape = (rows, self.n_outputs)
        wanted = f"{(rows,)} or {shape}" if self.n_outputs == 1 else f"{shape}"
        if y is None:
            raise ValueError(f"{name} must have shape {wanted}, got None")
        targets = real_array(name, y)
        if targets.shape != shape and (self.n_outputs > 1 or targets.shape != (rows,)):
            raise ValueError(f"{name} must have shape {wanted}, got {targets.shape}")
        check_finite(name, targets)
        return targets.reshape(shape)

    def _begin(self, y: Any, weights: NDArray[np.float64]) -> Array:
        """Return scaled targets; the first ones of a linear layer decide the scale."""
        if self.means is None and self.layers[-1].activation == "linear":
            targets = self._numbers(y, len(weights), "y")
            self.means = np.average(targets, axis=0, weights=weights)
            errors = targets - self.means
            unit = np.abs(errors).max() or 1.0  # so that no square overflows
            squares = np.average((errors / unit) ** 2, axis=0, weights=weights)
            self.deviations = np.where(squares > 0, unit * np.sqrt(squares), 1.0)
        scaled: Array = super()._begin(y, weights)
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
