"""Deep belief networks."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from magnetite._checks import check_count, check_parameters
from magnetite.deep.bound import log_likelihood_bound, log_probability_bounds
from magnetite.deep.fine_tune import fine_tune
from magnetite.deep.generate import generate
from magnetite.deep.greedy import fit
from magnetite.deep.passes import draws_up, means_up
from magnetite.deep.stacking import stacked
from magnetite.deep.unrolling import to_autoencoder, to_classifier, to_regressor
from magnetite.models.rbm import RBM
from magnetite.models.rbm_files import content_of_rbm, rbm_of_content
from magnetite.options import SeedLike
from magnetite.stored import Stored
from magnetite.units.base import Array, Units
from magnetite.units.layer import Layer, LayerLike

__all__ = ["DBN"]


class DBN(Stored):
    """A deep belief network: a stack of restricted Boltzmann machines.

    The top machine is a distribution of its visible layer; each machine below says what a layer
    draws given the one above: ``p(v, h1, ..., hL) = p(v | h1) p(h1 | h2) ... p(h(L-1), hL)``. On
    the way up, ``q(h1 | v) q(h2 | h1) ...`` stands for the hidden layers' distribution given
    data: the same machines' other conditional law, until `fine_tune` unties the two.

    Parameters
    ----------
    layers : list of int, or of RBM
        Sizes of all layers, the visible one first, at least 2; or machines, each of which has the
        hidden layer of the one below as its visible layer. They become the layers, without copies.
    visible : str, Units, or list of (str or Units, int), optional
        The kind of visible units, as for `RBM`: "binary" by default.
    hidden : str or Units, optional
        The kind of all hidden units: "binary" by default. For others in each layer, give machines.
    dtype : "float32" (default) or "float64", optional
        Of the parameters.

    Attributes
    ----------
    layers : tuple of RBM
        The machines from below: what `generate` draws from.

    Raises
    ------
    TypeError, ValueError
        If sizes are none, or layers do not fit on each other.

    References
    ----------
    Hinton, Osindero and Teh, "A fast learning algorithm for deep belief nets", Neural Computation
    18 (2006) 1527.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> X = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> dbn = mg.DBN([4, 3, 2])
    >>> dbn
    DBN(4 binary, 3 binary, 2 binary)
    >>> _ = dbn.fit(X, epochs=10, seed=1)
    >>> dbn.transform(X).shape
    (100, 2)
    """

    layers: tuple[RBM, ...]

    def __init__(
        self,
        layers: Sequence[int] | Sequence[RBM],
        *,
        visible: LayerLike | None = None,
        hidden: str | Units | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        self.layers = stacked(layers, visible, hidden, dtype)
        self._untied: tuple[RBM, ...] | None = None

    def __repr__(self) -> str:
        kinds = [self.layers[0].visible, *(rbm.hidden for rbm in self.layers)]
        return f"DBN({', '.join(kind.describe() for kind in kinds)})"

    @property
    def n_visible(self) -> int:
        """Columns of the visible layer."""
        return self.layers[0].n_visible

    @property
    def visible(self) -> Layer:
        """The visible layer."""
        return self.layers[0].visible

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the parameters."""
        return self.layers[0].dtype

    def visible_states(
        self, v: ArrayLike, *, name: str = "v", missing: bool = False, first_row: int = 0
    ) -> Array:
        """Return visible states as a checked matrix of the network's dtype.

        With `missing`, nan stands for a value that is not known; of more than one machine it is
        refused.

        Raises
        ------
        TypeError, ValueError
            Names the first wrong value and its place.
        """
        single = len(self.layers) == 1
        return self.layers[0].visible_states(
            v, name=name, missing=missing and single, first_row=first_row
        )

    @property
    def recognition(self) -> tuple[RBM, ...]:
        """The machines whose hidden layers are drawn on the way up, as many as `layers`.

        The last is that of `layers`; so are the others until `fine_tune` unties them: then only
        their weights and hidden biases count, and of the machines in `layers` below the last only
        weights and visible biases.

        Examples
        --------
        >>> import magnetite as mg
        >>> dbn = mg.DBN([4, 3, 2])
        >>> dbn.recognition == dbn.layers
        True
        """
        return self.layers if self._untied is None else (*self._untied, self.layers[-1])

    @property
    def parameters(self) -> dict[str, Array]:
        """All that training changes, by name; no copies.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.DBN([4, 3, 2]).parameters["layers[1].weights"].shape
        (3, 2)
        """
        machines = {f"layers[{number}]": rbm for number, rbm in enumerate(self.layers)}
        for number, rbm in enumerate(self._untied or ()):
            machines[f"recognition[{number}]"] = rbm
        return {
            f"{machine}.{name}": value
            for machine, rbm in machines.items()
            for name, value in rbm.parameters.items()
        }

    def assign(self, parameters: Mapping[str, Array]) -> None:
        """Take parameters, by name, in place."""
        own = self.parameters
        for name, value in check_parameters(own, parameters).items():
            own[name][...] = value

    def tie(self) -> None:
        """Let the way up have the parameters of the way down again."""
        self._untied = None

    def untie(self) -> None:
        """Give the way up parameters of its own, at first those of the way down."""
        if self._untied is None:
            self._untied = tuple(rbm.copy() for rbm in self.layers[:-1])

    def transform(self, X: ArrayLike, *, depth: int | None = None) -> Array:
        """Return means of a hidden layer, each layer given the means of the one below.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (rows, n_visible)
            Visible states, or means of them (chances instead of bits).
        depth : int, optional
            How many machines to go up: 1 is the first hidden layer; all by default.

        Returns
        -------
        ndarray, shape (rows, size of the layer)

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.DBN([4, 3, 2]).transform([[0, 1, 1, 0]], depth=1).tolist()
        [[0.5, 0.5, 0.5]]
        """
        machines = self._up_to(depth)
        return means_up(machines, self.layers[0]._visible_numbers("X", X))

    def sample_hidden(
        self, X: ArrayLike, *, depth: int | None = None, seed: SeedLike = None
    ) -> Array:
        """Return a draw of a hidden layer for every row, each layer given the draw below.

        Parameters
        ----------
        X, depth
            As for `transform`.
        seed
            As for `magnetite.sample`.

        Returns
        -------
        ndarray, shape (rows, size of the layer)

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.DBN([4, 3, 2]).sample_hidden([[0, 1, 1, 0]], seed=1).shape
        (1, 2)
        """
        machines = self._up_to(depth)
        *_, drawn = draws_up(machines, self.layers[0]._visible_numbers("X", X), seed)
        return drawn

    def _up_to(self, depth: int | None) -> tuple[RBM, ...]:
        if depth is None:
            return self.recognition
        count = check_count("depth", depth, 1)
        if count > len(self.layers):
            raise ValueError(f"depth must be at most {len(self.layers)}, got {count}")
        return self.recognition[:count]

    fit = fit
    fine_tune = fine_tune
    to_classifier = to_classifier
    to_regressor = to_regressor
    to_autoencoder = to_autoencoder
    generate = generate
    log_likelihood_bound = log_likelihood_bound
    log_probability_bounds = log_probability_bounds

    def copy(self) -> Self:
        """Return a network of its own with the same parameters.

        Examples
        --------
        >>> import magnetite as mg
        >>> dbn = mg.DBN([4, 3, 2])
        >>> dbn.copy().layers[0] is dbn.layers[0]
        False
        """
        other = type(self)([rbm.copy() for rbm in self.layers])
        if self._untied is not None:
            other._untied = tuple(rbm.copy() for rbm in self._untied)
        return other

    def _content(self) -> dict[str, Any]:
        untied = self._untied
        return {
            "layers": [content_of_rbm(rbm) for rbm in self.layers],
            "untied": None if untied is None else [content_of_rbm(rbm) for rbm in untied],
        }

    @classmethod
    def _from_archive(cls, content: dict[str, Any]) -> Self:
        dbn = cls([rbm_of_content(part) for part in content["layers"]])
        if content["untied"] is not None:
            dbn._untied = tuple(rbm_of_content(part) for part in content["untied"])
        return dbn
