"""Two layers of units as an energy: the parameters, energies and conditional laws."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from magnetite._checks import check_count, check_finite, check_parameters, real_array
from magnetite.layers import Draws, Layers, Pair, Side, make_layers
from magnetite.models.normalisable import check_normalisable
from magnetite.options import SeedLike, check_seed, check_threads
from magnetite.units.base import Array
from magnetite.units.layer import LayerLike, make_layer

__all__ = ["PARAMETERS", "Bipartite"]

PARAMETERS = ("weights", "visible_bias", "hidden_bias", "visible_precision", "hidden_precision")


class Bipartite:
    """The energy of two layers of units, without what is done with it; base of `RBM`."""

    weights: Array
    visible_bias: Array
    hidden_bias: Array
    visible_precision: Array
    hidden_precision: Array

    def __init__(
        self,
        n_visible: int,
        n_hidden: int,
        *,
        visible: LayerLike = "binary",
        hidden: LayerLike = "binary",
        weights: ArrayLike | None = None,
        visible_bias: ArrayLike | None = None,
        hidden_bias: ArrayLike | None = None,
        visible_precision: ArrayLike | None = None,
        hidden_precision: ArrayLike | None = None,
        dtype: DTypeLike = "float32",
    ) -> None:
        n, m = check_count("n_visible", n_visible, 1, 31), check_count("n_hidden", n_hidden, 1, 31)
        self.visible, self.hidden = (
            make_layer("visible", visible, n),
            make_layer("hidden", hidden, m),
        )
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {self.dtype.name!r}")
        self.weights = self._array("weights", weights, np.zeros((n, m)))
        self.visible_bias = self._array("visible_bias", visible_bias, np.zeros(n))
        self.hidden_bias = self._array("hidden_bias", hidden_bias, np.zeros(m))
        plain = self.visible.precisions(), self.hidden.precisions()
        self.visible_precision = self._array("visible_precision", visible_precision, plain[0])
        self.hidden_precision = self._array("hidden_precision", hidden_precision, plain[1])
        self._layers: dict[tuple[int, int], Layers] = {}
        check_normalisable(self)

    def _array(self, name: str, given: ArrayLike | None, default: NDArray[np.float64]) -> Array:
        array = np.array(default if given is None else given, self.dtype, order="C")
        if array.shape != default.shape:
            raise ValueError(f"{name} must have shape {default.shape}, got {array.shape}")
        check_finite(name, array)
        if name.endswith("precision") and ((array > 0) != (default > 0)).any():
            raise ValueError(f"{name} must be positive for gaussian and relu units, else 0")
        return array

    @property
    def n_visible(self) -> int:
        """Columns of the visible layer."""
        return int(self.weights.shape[0])

    @property
    def n_hidden(self) -> int:
        """Columns of the hidden layer."""
        return int(self.weights.shape[1])

    @property
    def parameters(self) -> dict[str, Array]:
        """All that training changes, by name; no copies."""
        return {name: getattr(self, name) for name in PARAMETERS}

    def assign(self, parameters: Mapping[str, Array]) -> None:
        """Take parameters, by name, in place."""
        own = self.parameters
        for name, value in check_parameters(own, parameters).items():
            own[name][...] = value

    @property
    def pair(self) -> Pair:
        """The parameters as `layers` take them; no copies."""
        return Pair(
            self.weights,
            Side.plain(self.visible_bias, self.visible_precision),
            Side.plain(self.hidden_bias, self.hidden_precision),
        )

    def layers(self, num_threads: int | None = None) -> Layers:
        """Return what carries out the work: made once for a process and a number of threads."""
        key = os.getpid(), check_threads(num_threads)
        if key not in self._layers:
            self._layers[key] = self._make_layers(key[1])
        return self._layers[key]

    def _make_layers(self, num_threads: int) -> Layers:
        return make_layers(self.visible, self.hidden, num_threads)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_layers": {}}

    # What goes in: rows of states.

    def visible_states(
        self, v: ArrayLike, *, name: str = "v", missing: bool = False, first_row: int = 0
    ) -> Array:
        """Return visible states as a checked matrix of the machine's dtype; no needless copy.

        Parameters
        ----------
        v : array_like or scipy.sparse matrix, shape (rows, n_visible) or (n_visible,)
            Values that the units take.
        name : str
            What messages call it.
        missing : bool
            Whether nan, for a value that is not known, is allowed.
        first_row : int
            What messages call the first row.

        Raises
        ------
        TypeError, ValueError
            Names the first wrong value, its place, and the unit that would take it.
        """
        states = self._matrix(name, v, self.n_visible)
        self.visible.check(name, states, missing=missing, first_row=first_row)
        return states

    def _visible_numbers(self, name: str, v: ArrayLike) -> Array:
        """Return states or means of the visible units, finite numbers, as a matrix."""
        rows = self._matrix(name, v, self.n_visible)
        check_finite(name, rows)
        return rows

    def hidden_states(self, h: ArrayLike, *, name: str = "h") -> Array:
        """Return hidden states as a checked matrix of the machine's dtype."""
        states = self._matrix(name, h, self.n_hidden)
        self.hidden.check(name, states)
        return states

    def _matrix(self, name: str, value: Any, columns: int) -> Array:
        array = np.asarray(value.toarray() if hasattr(value, "toarray") else value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold numbers, got dtype {array.dtype}")
        if array.ndim not in (1, 2) or array.shape[-1] != columns:
            raise ValueError(f"{name} must have shape (rows, {columns}), got {array.shape}")
        return np.ascontiguousarray(np.atleast_2d(array), self.dtype)

    # Energies.

    def energy(self, v: ArrayLike, h: ArrayLike) -> NDArray[np.float64]:
        """Return E(v, h) of every row, float64.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RBM(2, 1, weights=[[1.0], [2.0]]).energy([[1, 1], [1, 0]], [[1], [1]])
        array([-3., -1.])
        """
        v, h = self.visible_states(v), self.hidden_states(h)
        if len(v) != len(h):
            raise ValueError(f"v and h must have as many rows, got {len(v)} and {len(h)}")
        ones = np.ones(len(v))
        own = self.pair.visible.energies(v, ones) + self.pair.hidden.energies(h, ones)
        result: NDArray[np.float64] = own - self.layers().interactions(v, h, self.pair)
        return result

    def free_energy(self, v: ArrayLike, *, beta: float | ArrayLike = 1.0) -> NDArray[np.float64]:
        """Return ``F(v) = -ln(sum_h exp(-beta E(v, h))) / beta`` of every row, float64.

        ``p(v) ~ exp(-F(v))`` at beta = 1.

        Examples
        --------
        >>> import magnetite as mg
        >>> rbm = mg.RBM(2, 1, weights=[[1.0], [2.0]])
        >>> rbm.free_energy([[1, 1]]).round(4)  # -ln(1 + exp(3))
        array([-3.0486])
        """
        v = self.visible_states(v)
        betas = self._betas(beta, len(v), positive=True)
        logs = self.layers().hidden_log_norms(v, self.pair, betas)
        return (self.pair.visible.energies(v, betas) - logs) / betas

    def hidden_free_energy(
        self, h: ArrayLike, *, beta: float | ArrayLike = 1.0
    ) -> NDArray[np.float64]:
        """Return ``-ln(sum_v exp(-beta E(v, h))) / beta`` of every row, float64.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RBM(1, 1, weights=[[1.0]]).hidden_free_energy([[1]]).round(4)  # -ln(1 + e)
        array([-1.3133])
        """
        h = self.hidden_states(h)
        betas = self._betas(beta, len(h), positive=True)
        logs = self.layers().visible_log_norms(h, self.pair, betas)
        return (self.pair.hidden.energies(h, betas) - logs) / betas

    def _betas(
        self, beta: float | ArrayLike, rows: int, *, positive: bool = False
    ) -> NDArray[np.float64]:
        """Return a checked inverse temperature for every row.

        Zero is refused where `positive`, and where nothing but beta normalises a unit.
        """
        betas = real_array("beta", beta)
        if betas.shape not in ((), (rows,)):
            raise ValueError(f"beta must be a number or have shape ({rows},), got {betas.shape}")
        check_finite("beta", betas)
        continuum = bool(self.visible_precision.any() or self.hidden_precision.any())
        wrong = betas <= 0 if positive or continuum else betas < 0
        if wrong.any():
            wanted = "positive" if positive else "at least 0"
            if continuum and not positive:
                wanted = "positive for gaussian and relu units"
            raise ValueError(f"beta must be {wanted}, got {betas[wrong][0]:g}")
        return np.ascontiguousarray(np.broadcast_to(betas, rows))

    # Conditionals.

    def hidden_means(self, v: ArrayLike, *, beta: float | ArrayLike = 1.0) -> Array:
        """Return the means of the hidden units given visible states, shape (rows, n_hidden).

        Visible means (chances instead of bits) are taken too.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RBM(1, 1, weights=[[2.0]]).hidden_means([[1], [0]]).round(3).tolist()
        [[0.8809999823570251], [0.5]]
        """
        v = self._visible_numbers("v", v)
        means: Array = self.layers().hidden(v, self.pair, self._betas(beta, len(v)))[0]
        return means

    def visible_means(self, h: ArrayLike, *, beta: float | ArrayLike = 1.0) -> Array:
        """Return the means of the visible units given hidden states, shape (rows, n_visible).

        Hidden means (chances instead of bits) are taken too.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RBM(1, 1).visible_means([[1]]).tolist()
        [[0.5]]
        """
        h = self._matrix("h", h, self.n_hidden)
        check_finite("h", h)
        means: Array = self.layers().visible(h, self.pair, self._betas(beta, len(h)))[0]
        return means

    def sample_hidden(
        self, v: ArrayLike, *, beta: float | ArrayLike = 1.0, seed: SeedLike = None
    ) -> Array:
        """Return a draw of the hidden units for every row of visible states.

        Visible means (chances instead of bits) are taken too.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RBM(1, 1, weights=[[99.0]]).sample_hidden([[1], [1]]).tolist()
        [[1.0], [1.0]]
        """
        v = self._visible_numbers("v", v)
        draws = Draws(check_seed(seed).key, 0, 0)
        samples: Array = self.layers().hidden(v, self.pair, self._betas(beta, len(v)), draws)[1]
        return samples

    def sample_visible(
        self, h: ArrayLike, *, beta: float | ArrayLike = 1.0, seed: SeedLike = None
    ) -> Array:
        """Return a draw of the visible units for every row of hidden states.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RBM(1, 1, visible_bias=[99.0]).sample_visible([[1], [0]]).tolist()
        [[1.0], [1.0]]
        """
        h = self.hidden_states(h)
        draws = Draws(check_seed(seed).key, 0, 0)
        samples: Array = self.layers().visible(h, self.pair, self._betas(beta, len(h)), draws)[1]
        return samples
