"""Feed-forward networks: what classifiers, regressors and autoencoders share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from magnetite._checks import check_count, check_parameters, check_weights
from magnetite.labels import ClassesLike
from magnetite.networks.backprop import Passes, names
from magnetite.networks.dense import ACTIVATIONS, Dense, check_stack
from magnetite.networks.fit import fit
from magnetite.networks.losses import Loss
from magnetite.networks.rows import Columns
from magnetite.options import SeedLike, check_threads
from magnetite.stored import Stored
from magnetite.training.data import Matrix
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.networks.autoencoder import Autoencoder
    from magnetite.networks.classifier import Classifier
    from magnetite.networks.regressor import Regressor

__all__ = ["Network"]

NUMBERS_AT_ONCE = 2**22
"""Inputs, or outputs of the widest layer, that are in memory at a time."""


class Network(Stored, ABC):
    """A stack of layers, each of which takes the outputs of the one below; base of three kinds.

    `Network.classifier`, `Network.regressor` and `Network.autoencoder` make one from machines that
    were trained without labels; `fit` goes on by back-propagation.

    Parameters
    ----------
    layers : list of Dense
        From the inputs up; copied, in the dtype of the first.

    Raises
    ------
    TypeError, ValueError
        If the layers do not chain, or softmax is not last.

    References
    ----------
    Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science
    313 (2006) 504: machines trained one above the other, unrolled, and then fine-tuned.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> X = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> y = np.repeat(["left", "right"], 50)
    >>> rbm = mg.RBM(4, 3)
    >>> _ = rbm.fit(X, epochs=20, seed=1)
    >>> net = mg.Network.classifier([rbm], classes=["left", "right"])
    >>> net
    Classifier(4-3-2, sigmoid, softmax)
    >>> net.fit(X, y, optimizer=mg.Adam(0.02), epochs=20, seed=1)
    TrainingResult(20 epochs, 20 updates, completed)
    >>> net.predict([[1, 1, 0, 0]]).tolist()
    ['left']
    """

    layers: Sequence[Dense]
    """From the inputs up; the arrays of their weights and biases are what training changes."""

    def __init__(self, layers: Sequence[Dense]) -> None:
        checked = check_stack(layers)
        self.layers = tuple(layer.as_type(checked[0].weights.dtype) for layer in checked)

    def __repr__(self) -> str:
        sizes = "-".join(str(n) for n in (self.n_inputs, *(x.n_outputs for x in self.layers)))
        kinds = dict.fromkeys(layer.activation for layer in self.layers)
        return f"{type(self).__name__}({sizes}, {', '.join(kinds)})"

    # Made of machines.

    @staticmethod
    def classifier(
        layers: Sequence[Any],
        classes: ClassesLike,
        *,
        activation: str = "sigmoid",
        dtype: DTypeLike | None = None,
        seed: SeedLike = None,
    ) -> "Classifier":
        """Return a classifier: machines, and a softmax layer above them without weights yet.

        Parameters
        ----------
        layers : list of RBM, or list of int
            Machines, each with as many visible units as the one below has hidden ones (binary
            hidden units become sigmoid, spins tanh, Gaussian ones linear, rectified ones relu).
            Sizes instead, the inputs first, give random weights: what pre-training is compared to.
        classes : int or sequence
            The labels, two or more, of any types; a number of them stands for 0, 1, 2 and so on.
        activation : "sigmoid" (default), "tanh" or "relu"
            Of layers with random weights.
        dtype : "float32" or "float64", optional
            That of the machines by default; float32 without any.
        seed : int, numpy.random.SeedSequence, numpy.random.Generator or None
            Of random weights.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Network.classifier([64, 100, 50], classes=10, activation="relu", seed=1)
        Classifier(64-100-50-10, relu, softmax)
        """
        from magnetite.networks.classifier import classifier

        return classifier(layers, classes, activation=activation, dtype=dtype, seed=seed)

    @staticmethod
    def regressor(
        layers: Sequence[Any],
        num_outputs: int = 1,
        *,
        activation: str = "sigmoid",
        dtype: DTypeLike | None = None,
        seed: SeedLike = None,
    ) -> "Regressor":
        """Return a regressor: machines, and a linear layer above them without weights yet.

        Parameters
        ----------
        layers, activation, dtype, seed
            As for `classifier`.
        num_outputs : int
            Columns of the targets, 1 by default.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Network.regressor([mg.RBM(8, 5)], num_outputs=2)
        Regressor(8-5-2, sigmoid, linear)
        """
        from magnetite.networks.regressor import regressor

        return regressor(layers, num_outputs, activation=activation, dtype=dtype, seed=seed)

    @staticmethod
    def autoencoder(layers: Sequence[Any], *, dtype: DTypeLike | None = None) -> "Autoencoder":
        """Return an autoencoder: machines upwards to a code, and down again with ``W^T``.

        The weights up and down are equal to begin with; training changes each on its own. Sigmoid
        outputs (of binary visible units) are trained by the Bernoulli cross-entropy, others by the
        squared error. A linear code is that of Gaussian hidden units in the top machine.

        Parameters
        ----------
        layers : list of RBM
            Machines, each with as many visible units as the one below has hidden ones.
        dtype : "float32" or "float64", optional
            That of the machines by default.

        Examples
        --------
        >>> import magnetite as mg
        >>> net = mg.Network.autoencoder([mg.RBM(8, 5), mg.RBM(5, 2, hidden="gaussian")])
        >>> net
        Autoencoder(8-5-2-5-8, sigmoid, linear)
        >>> net.encode([[0] * 8]).shape
        (1, 2)
        """
        from magnetite.networks.autoencoder import autoencoder

        return autoencoder(layers, dtype=dtype)

    # What kinds of networks differ in.

    _loss: Loss
    _has_targets = True

    @abstractmethod
    def _targets(self, y: Any, rows: int, name: str) -> Any:
        """Return checked targets of so many rows; None where the rows themselves are."""

    def _begin(self, y: Any, weights: NDArray[np.float64]) -> Any:
        """Return the checked targets of a training that begins, which may change the network."""
        return self._targets(y, len(weights), "y")

    def _figures(self, last: Array, targets: Any, weights: NDArray[np.float64]) -> dict[str, float]:
        """Return figures of validation rows, given the last layer's inputs; weights sum to one."""
        return {"loss": float(weights @ self._loss.rows(last, targets))}

    # Parameters.

    @property
    def n_inputs(self) -> int:
        """Columns that come in."""
        return self.layers[0].n_inputs

    @property
    def n_outputs(self) -> int:
        """Columns that go out."""
        return self.layers[-1].n_outputs

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the parameters, and of all work with them."""
        return self.layers[0].weights.dtype

    @property
    def parameters(self) -> dict[str, Array]:
        """All that training changes, by name; no copies."""
        return {
            name: array
            for number, layer in enumerate(self.layers)
            for name, array in zip(names(number), (layer.weights, layer.bias), strict=True)
        }

    def assign(self, parameters: Mapping[str, Array]) -> None:
        """Take parameters, by name, in place."""
        own = self.parameters
        for name, value in check_parameters(own, parameters).items():
            own[name][...] = value

    @property
    def _columns(self) -> Columns:
        return Columns(self.n_inputs, self.dtype)

    def copy(self) -> Self:
        """Return a network of its own with the same parameters.

        Examples
        --------
        >>> import magnetite as mg
        >>> net = mg.Network.regressor([2, 3], seed=1)
        >>> net.copy().layers[0].weights is net.layers[0].weights
        False
        """
        return self._from_archive(self._content())

    def _content(self) -> dict[str, Any]:
        """Return what a file holds."""
        layers = [(layer.activation, layer.weights, layer.bias) for layer in self.layers]
        return {"layers": layers}

    @classmethod
    def _from_archive(cls, content: Mapping[str, Any]) -> Self:
        """Undo `_content`."""
        layers = [
            Dense(weights, bias, activation=activation, dtype=weights.dtype)
            for activation, weights, bias in content["layers"]
        ]
        return cls(layers, **{name: x for name, x in content.items() if name != "layers"})

    # Use.

    fit = fit

    def outputs(
        self, X: ArrayLike, *, depth: int | None = None, num_threads: int | None = None
    ) -> Array:
        """Return what a layer gives for rows of inputs; the last one by default.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (rows, n_inputs)
            Any finite numbers.
        depth : int, optional
            How many layers to pass, 1 to all of them.
        num_threads : int, optional
            As for `magnetite.sample`; the result does not depend on it.

        Returns
        -------
        ndarray, shape (rows, columns of that layer)

        Examples
        --------
        >>> import magnetite as mg
        >>> net = mg.Network.classifier([2, 3], classes=2, seed=1)
        >>> net.outputs([[0, 1]]).tolist(), net.outputs([[0, 1]], depth=1).shape
        ([[0.5, 0.5]], (1, 3))
        """
        layers = self.layers
        if depth is not None:
            if check_count("depth", depth, 1) > len(layers):
                raise ValueError(f"depth must be at most {len(layers)}, got {depth!r}")
            layers = layers[:depth]
        return ACTIVATIONS[layers[-1].activation](self._last(X, layers, num_threads))

    def loss(
        self,
        X: ArrayLike,
        y: Any = None,
        *,
        sample_weight: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> float:
        """Return the mean loss of rows, what `fit` makes small.

        Cross-entropy in nats for classifiers, half the squared error for regressors (of targets in
        units of their deviation in training), and for autoencoders the Bernoulli cross-entropy, in
        nats, or half the squared error.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        num_threads : int, optional
            As for `magnetite.sample`; the result does not depend on it.

        Examples
        --------
        >>> import magnetite as mg
        >>> round(mg.Network.classifier([2, 3], classes=2).loss([[0, 1]], [0]), 4)  # ln 2
        0.6931
        """
        rows = Matrix(self._columns, X)
        targets = self._targets(y, len(rows), "y")
        weights = check_weights("sample_weight", sample_weight, len(rows))
        found = self._scored(rows, targets, weights / weights.sum(), num_threads)
        return found["loss"]

    def _scored(
        self,
        rows: Matrix,
        targets: Any,
        weights: NDArray[np.float64],
        num_threads: int | None = None,
        passes: Passes | None = None,
    ) -> dict[str, float]:
        """Return figures of rows, worked block by block; the weights sum to one."""
        passes = passes or Passes(self.layers, check_threads(num_threads))
        found: dict[str, float] = {}
        pairs, size = passes.pairs(), self._rows_at_once
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            x = self._columns.visible_states(rows.take(part), first_row=start)
            of_part = x if targets is None else targets[part]
            figures = self._figures(passes.outputs(x, pairs), of_part, weights[part])
            found = {name: found.get(name, 0.0) + value for name, value in figures.items()}
        return found

    @property
    def _rows_at_once(self) -> int:
        widest = max(self.n_inputs, *(layer.n_outputs for layer in self.layers))
        return max(1, NUMBERS_AT_ONCE // widest)

    def _last(self, X: Any, layers: Sequence[Dense], num_threads: int | None) -> Array:
        """Return the inputs of the activation of the last of some layers."""
        columns = replace(self._columns, n_visible=layers[0].n_inputs, chances=False)
        given: Any = X.tocsr() if hasattr(X, "tocsr") else np.atleast_2d(np.asarray(X))
        columns.check_shape("X", given.shape)
        passes, size = Passes(layers, check_threads(num_threads)), self._rows_at_once
        pairs = passes.pairs()
        result: Array = np.empty((given.shape[0], layers[-1].n_outputs), self.dtype)
        for start in range(0, len(result), size):
            x = columns.visible_states(given[start : start + size], first_row=start)
            result[start : start + size] = passes.outputs(x, pairs)
        return result
