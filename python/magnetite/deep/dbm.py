"""The deep Boltzmann machine."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from magnetite._checks import check_count, check_finite, real_array
from magnetite.deep.dbm_bound import log_likelihood, log_likelihood_bound, log_partition
from magnetite.deep.dbm_fit import fit
from magnetite.deep.dbm_fold import Fold
from magnetite.deep.dbm_mean_field import Inference, MeanField, check_steps, check_tolerance
from magnetite.deep.dbm_sampling import gibbs, sample
from magnetite.models.layered import LayeredModel
from magnetite.models.learned import Learned
from magnetite.models.rbm import RBM
from magnetite.stored import Stored
from magnetite.units.base import Array
from magnetite.units.discrete import Binary
from magnetite.units.layer import Layer

__all__ = ["DBM"]

BITS = Binary()


class DBM(Learned, Stored):
    """Layers of bits, each coupled to the next: ``E = -v^T W1 h1 - h1^T W2 h2 - ... - biases``.

    ``p(v) = sum_h exp(-E(v, h1, h2, ...)) / Z``. A new machine has no weights; `fit` learns all
    layers together, or give them.

    The layers of even number are independent of each other given those of odd number. So the
    machine is an `RBM` with ``[v | h2 | ...]`` on one side and ``[h1 | h3 | ...]`` on the other,
    which `to_rbm` returns, and is sampled, trained and evaluated as one.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the visible one first, and two hidden ones at least.
    weights : sequence of array_like, shapes (sizes[l], sizes[l + 1]), optional
        ``W1, W2, ...``; zeros by default.
    biases : sequence of array_like, shapes (sizes[l],), optional
        Of all layers, the visible one first; zeros by default.
    dtype : "float32" (default) or "float64"
        Of the parameters, and of all work with them. Energies are always float64.

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two hidden layers, a shape does not fit the sizes, or a number is
        not finite.

    References
    ----------
    Salakhutdinov and Hinton, "Deep Boltzmann machines", AISTATS (2009) 448, section 2.

    Examples
    --------
    >>> import magnetite as mg
    >>> dbm = mg.DBM([2, 2, 1], weights=[[[1.0, 0.0], [0.0, 2.0]], [[0.0], [4.0]]])
    >>> dbm
    DBM(2, 2, 1)
    >>> dbm.energy([[1, 1]], [[1, 1]], [[1]])
    array([-7.])
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        weights: Sequence[ArrayLike] | None = None,
        biases: Sequence[ArrayLike] | None = None,
        dtype: DTypeLike = "float32",
    ) -> None:
        self._fold = fold = Fold(_check_sizes(sizes))
        self._folded = RBM(fold.num_even, fold.num_odd, dtype=dtype)
        pairs = tuple(zip(fold.sizes, fold.sizes[1:], strict=False))
        self._set("weights", weights, self.weights, pairs)
        self._set("biases", biases, self.biases, tuple((size,) for size in fold.sizes))

    def _set(
        self,
        name: str,
        given: Sequence[ArrayLike] | None,
        views: Sequence[Array],
        shapes: Sequence[tuple[int, ...]],
    ) -> None:
        if given is None:
            return
        if not hasattr(given, "__len__"):
            raise TypeError(f"{name} must be a list of {len(shapes)} arrays, got {given!r}")
        if len(given) != len(shapes):
            raise ValueError(f"{name} must be {len(shapes)} arrays, got {len(given)}")
        for i, (view, value, shape) in enumerate(zip(views, given, shapes, strict=True)):
            with np.errstate(over="ignore"):  # infinities are refused below
                array = real_array(f"{name}[{i}]", value).astype(self.dtype)
            if array.shape != shape:
                raise ValueError(f"{name}[{i}] must have shape {shape}, got {array.shape}")
            check_finite(f"{name}[{i}]", array)
            view[...] = array

    def __repr__(self) -> str:
        return f"DBM({', '.join(map(str, self.sizes))})"

    # Its parts.

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of each layer, the visible one first."""
        return self._fold.sizes

    @property
    def n_visible(self) -> int:
        """Units of the visible layer."""
        return self.sizes[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the parameters."""
        return self._folded.dtype

    @property
    def visible(self) -> Layer:
        """The visible layer: bits."""
        return Layer(((BITS, self.n_visible),))

    @property
    def weights(self) -> tuple[Array, ...]:
        """``W1, W2, ...``, shapes (sizes[l], sizes[l + 1]): views, which may be written to."""
        return self._fold.weights(self._folded.weights)

    @property
    def biases(self) -> tuple[Array, ...]:
        """Biases of all layers, the visible one first: views, which may be written to."""
        return self._fold.layers(self._folded.visible_bias, self._folded.hidden_bias)

    @property
    def data_means(self) -> NDArray[np.float64] | None:  # type: ignore[override]
        """Means of the data that the machine was last fitted to, shape (n_visible,)."""
        means = self._folded.data_means
        return None if means is None else means[: self.n_visible]

    @property
    def parameters(self) -> dict[str, Array]:
        """What training changes, as `to_rbm` has it: the arrays themselves, no copies."""
        return self._folded.parameters

    def assign(self, parameters: Mapping[str, Array]) -> None:
        """Take parameters, by name, in place."""
        self._folded.assign(parameters)

    @property
    def chains(self) -> tuple[Array, ...]:
        """States of the persistent chains of the last training, layer by layer.

        Raises
        ------
        AttributeError
            If there was no training, or one without persistent chains.
        """
        even, odd = super().chains
        return self._fold.layers(even, odd)

    # States and energies.

    def visible_states(
        self, v: ArrayLike, *, name: str = "v", missing: bool = False, first_row: int = 0
    ) -> Array:
        """Return visible states as a checked matrix of the machine's dtype; nan is refused.

        Raises
        ------
        TypeError, ValueError
            Names the first wrong value and its place.
        """
        return self._states(0, v, name, first_row)

    def _states(self, layer: int, value: Any, name: str, first_row: int = 0) -> Array:
        states = self._folded._matrix(name, value, self.sizes[layer])
        Layer(((BITS, self.sizes[layer]),)).check(name, states, first_row=first_row)
        return states

    def _layers(self, v: ArrayLike, hidden: Sequence[ArrayLike]) -> list[Array]:
        """Return checked states of all layers, as many rows of each."""
        if len(hidden) != len(self.sizes) - 1:
            raise ValueError(
                f"hidden must be states of {len(self.sizes) - 1} layers, got {len(hidden)}"
            )
        layers = [self._states(0, v, "v")]
        for i, states in enumerate(hidden, 1):
            layers.append(self._states(i, states, f"h{i}"))
            if len(layers[i]) != len(layers[0]):
                raise ValueError(
                    f"h{i} must have as many rows as v, {len(layers[0])}, got {len(layers[i])}"
                )
        return layers

    def energy(self, v: ArrayLike, *hidden: ArrayLike) -> NDArray[np.float64]:
        """Return E(v, h1, h2, ...) of every row, float64.

        Examples
        --------
        >>> import magnetite as mg
        >>> dbm = mg.DBM([1, 1, 1], biases=[[1.0], [0.0], [-3.0]])
        >>> dbm.energy([[1], [0]], [[1], [1]], [[1], [0]])
        array([2., 0.])
        """
        return self._folded.energy(*self._fold.sides(self._layers(v, hidden)))

    # Inference.

    def mean_field(
        self,
        v: ArrayLike,
        *,
        max_iterations: int = 1000,
        tolerance: float = 1e-5,
        num_threads: int | None = None,
    ) -> MeanField:
        """Return means of the hidden units given data, by mean-field equations.

        They begin at the mean activities of training (1/2 without one), and are passed through
        from the odd layers to the even ones and back. No pass lowers the bound on ``ln p(v)``;
        where means approach a fixed point slowly, rows may not converge, which the result says.

        Parameters
        ----------
        v : array_like, shape (rows, n_visible)
            Visible states.
        max_iterations : int
            Passes, 1,000 at most by default; rows that have converged are left alone.
        tolerance : float
            Change of a mean in a pass up to which a row has converged, 1e-5 by default.
        num_threads : int, optional
            As for `magnetite.sample`; the result does not depend on it.

        Returns
        -------
        MeanField

        References
        ----------
        Salakhutdinov and Hinton, "Deep Boltzmann machines", AISTATS (2009) 448, section 2.2.

        Examples
        --------
        >>> import magnetite as mg
        >>> dbm = mg.DBM([2, 1, 1], weights=[[[1.0], [-1.0]], [[3.0]]])
        >>> found = dbm.mean_field([[1, 0], [0, 1]])
        >>> found
        <MeanField: 2 rows, 2 converged, at most 6 iterations>
        >>> found.means[1].round(3).tolist()
        [[0.949999988079071], [0.9290000200271606]]
        """
        states = self.visible_states(v)
        steps = check_steps("max_iterations", max_iterations)
        at_most = check_tolerance("tolerance", tolerance)
        inference = Inference(self._folded, self.n_visible, num_threads)
        pair = self._folded.pair.lasting()
        found = inference.run_blocks(states, self._mean_activities(), pair, steps, at_most)
        _, *means = self._fold.layers(found.even, found.odd)
        return MeanField(means=tuple(means), iterations=found.iterations, converged=found.converged)

    def _mean_activities(self) -> Array:
        """Return means of the even hidden units, as far as training has told."""
        means = self._folded.data_means
        if means is None:
            return np.full(self._fold.num_even - self.n_visible, 0.5, self.dtype)
        return means[self.n_visible :].astype(self.dtype)

    def transform(self, v: ArrayLike, *, layer: int = -1, **options: Any) -> Array:
        """Return the mean-field means of a hidden layer, shape (rows, n_l): features of data.

        Parameters
        ----------
        v : array_like, shape (rows, n_visible)
            Visible states.
        layer : int
            Which hidden layer: 1 for the first, -1 (default) for the last.
        **options
            Those of `mean_field`.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.DBM([3, 2, 4]).transform([[0, 1, 1]], layer=1).tolist()
        [[0.5, 0.5]]
        """
        count = len(self.sizes) - 1
        number = check_count("layer", layer, -count)
        if number == 0 or number > count:
            raise ValueError(
                f"layer must be from 1 to {count}, or from -{count} to -1, got {layer}"
            )
        return self.mean_field(v, **options).means[number - (number > 0)]

    gibbs = gibbs
    sample = sample
    fit = fit

    # What it is worth.

    log_partition = log_partition
    log_likelihood = log_likelihood
    log_likelihood_bound = log_likelihood_bound

    # The same as something else.

    def to_rbm(self) -> RBM:
        """Return the same distribution as an `RBM` of ``[v | h2 | ...]`` and ``[h1 | h3 | ...]``.

        Its weights are ``[[W1], [W2^T]]`` for two hidden layers, ``[[W1, 0], [W2^T, W3]]`` for
        three. It holds copies of the parameters.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.DBM([4, 3, 2]).to_rbm()
        RBM(6 binary, 3 binary)
        """
        return self._folded.copy()

    def to_model(self) -> LayeredModel:
        """Return the energy as a model of the variables ``[v | h1 | h2 ...]``, which samplers take.

        `magnetite.anneal` and all others take the machine itself, and do this. The model holds
        the parameters of now; later training does not change it.

        Examples
        --------
        >>> import magnetite as mg
        >>> dbm = mg.DBM([1, 1, 1], weights=[[[1.0]], [[2.0]]])
        >>> mg.exact(dbm.to_model()).ground_energy
        -3.0
        """
        starts = np.cumsum((0, *self.sizes))
        ends = [np.indices(w.shape).reshape(2, -1) for w in self.weights]
        i = np.concatenate([e[0] + start for e, start in zip(ends, starts, strict=False)])
        j = np.concatenate([e[1] + start for e, start in zip(ends, starts[1:], strict=False)])
        weights = np.concatenate([w.ravel() for w in self.weights]).astype(np.float64)
        biases = np.concatenate(self.biases).astype(np.float64)
        visible = np.arange(biases.size) < self.n_visible
        return LayeredModel((i, j, weights), biases, visible=visible, values="binary")

    def copy(self) -> Self:
        """Return a machine of its own with the same parameters."""
        return self.astype(self.dtype)

    def astype(self, dtype: DTypeLike) -> Self:
        """Return a copy whose parameters are "float32" or "float64"."""
        other = type(self)(self.sizes, weights=self.weights, biases=self.biases, dtype=dtype)
        other._folded.data_means = self._folded.data_means
        return other

    def _content(self) -> dict[str, Any]:
        return {
            "weights": self.weights,
            "biases": self.biases,
            "means": self._folded.data_means,
        }

    @classmethod
    def _from_archive(cls, content: dict[str, Any]) -> Self:
        weights, biases = content["weights"], content["biases"]
        sizes = [len(bias) for bias in biases]
        dbm = cls(sizes, weights=weights, biases=biases, dtype=weights[0].dtype)
        dbm._folded.data_means = content["means"]
        return dbm


def _check_sizes(sizes: Any) -> tuple[int, ...]:
    if isinstance(sizes, str) or not hasattr(sizes, "__iter__"):
        raise TypeError(f"sizes must be a list of layers' units, got {sizes!r}")
    found = tuple(check_count(f"sizes[{i}]", size, 1, 31) for i, size in enumerate(sizes))
    if len(found) < 3:
        raise ValueError(
            f"sizes must have a visible and at least two hidden layers, got {list(found)}; "
            "with one hidden layer the machine is an mg.RBM"
        )
    return found
