"""The restricted Boltzmann machine."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from magnetite._checks import check_count, check_mask
from magnetite.likelihood.partition import log_partition
from magnetite.likelihood.pseudo import pseudo_log_likelihood
from magnetite.likelihood.rows import free_energy_gap, log_likelihood, log_probabilities
from magnetite.models.bipartite import Bipartite
from magnetite.models.chains import advance_chains, fill_missing, start_chains
from magnetite.models.exchange import Exchange
from magnetite.models.layered import LayeredModel, model_of_layers
from magnetite.models.learned import Learned
from magnetite.options import SeedLike, check_seed
from magnetite.stored import Stored
from magnetite.training.fit import fit, partial_fit
from magnetite.units.base import Array

__all__ = ["RBM"]


class RBM(Learned, Exchange, Bipartite, Stored):
    """Two layers of units: ``E(v, h) = -v^T W h - b^T v - c^T h`` plus each unit's own terms.

    Units with a precision (Gaussian, ReLU) add ``q s**2 / 2`` each. A new machine has no weights:
    all its units are independent. `fit` learns them from data; or give them.

    Parameters
    ----------
    n_visible, n_hidden : int
        Columns of the two layers.
    visible, hidden : str, Units, or list of (str or Units, int)
        The kind of units: "binary" (default), "spin", "gaussian", "relu", any object of
        `magnetite.units`, or groups of different kinds with the number of columns of each.
    weights : array_like, shape (n_visible, n_hidden), optional
        W; zeros by default.
    visible_bias, hidden_bias : array_like, shapes (n_visible,) and (n_hidden,), optional
        b and c; zeros by default.
    visible_precision, hidden_precision : array_like, optional
        Precisions, where they differ from those of the kinds of units; zero for discrete units.
    dtype : "float32" (default) or "float64"
        Of the parameters, and of all work with them. Energies are always float64.

    Raises
    ------
    TypeError, ValueError
        If a shape is wrong, a number is not finite, or the weights between units of a continuum
        are so strong that there is no distribution.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> rbm = mg.RBM(3, 2, weights=[[2.0, 0.0], [0.0, -1.0], [1.0, 1.0]], dtype="float64")
    >>> rbm
    RBM(3 binary, 2 binary)
    >>> rbm.energy([[1, 0, 1]], [[1, 0]])
    array([-3.])
    >>> rbm.free_energy([[0, 0, 0]]).round(4)  # -2 ln 2
    array([-1.3863])
    """

    def __repr__(self) -> str:
        return f"RBM({self.visible.describe()}, {self.hidden.describe()})"

    def reconstruct(self, v: ArrayLike) -> Array:
        """Return the visible means given the hidden means given `v`.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RBM(2, 1).reconstruct([[1, 0]]).tolist()
        [[0.5, 0.5]]
        """
        return self.visible_means(self.hidden_means(v))

    def receptive_fields(self, shape: Sequence[int] | None = None) -> Array:
        """Return the weights of every hidden unit, shape (n_hidden, *shape): what it looks for.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RBM(6, 4).receptive_fields((2, 3)).shape
        (4, 2, 3)
        """
        return self.weights.T.reshape(self.n_hidden, *(shape or (self.n_visible,))).copy()

    def gibbs(
        self,
        v: ArrayLike,
        *,
        num_steps: int = 1,
        beta: float | ArrayLike = 1.0,
        clamp: ArrayLike | None = None,
        seed: SeedLike = None,
        num_threads: int | None = None,
    ) -> tuple[Array, Array]:
        """Advance block Gibbs chains, one a row, and return their visible and hidden states.

        The hidden layer is drawn given `v` first; a step then draws the visible layer given the
        hidden one, and the hidden layer given that.

        Parameters
        ----------
        v : array_like, shape (rows, n_visible)
            Where the chains start.
        num_steps : int
            Steps, 1 by default.
        beta : float, or array_like of shape (rows,)
            Inverse temperature, of all chains or of each: not negative, and above 0 where units
            are a continuum, which nothing normalises at 0.
        clamp : array_like of bool, shape (n_visible,) or (rows, n_visible), optional
            Visible units that keep their value; of a category, all columns or none.
        seed, num_threads
            As for `magnetite.sample`; the result does not depend on the number of threads.

        Returns
        -------
        v, h : ndarrays, shapes (rows, n_visible) and (rows, n_hidden)

        Examples
        --------
        >>> import numpy as np
        >>> import magnetite as mg
        >>> rbm = mg.RBM(2, 1, weights=[[9.0], [9.0]], visible_bias=[-4.0, -4.0])
        >>> v, h = rbm.gibbs(np.ones((3, 2)), num_steps=5, clamp=[True, False], seed=1)
        >>> v.tolist()
        [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
        """
        states = self.visible_states(v)
        held = None if clamp is None else check_mask("clamp", clamp, states.shape)
        if held is not None:
            self.visible.check_whole("clamp", held)
        betas = self._betas(beta, len(states))
        v, steps = states.copy(), check_count("num_steps", num_steps)
        return v, advance_chains(self, v, steps, betas, held, seed, num_threads)

    def sample(
        self,
        num_samples: int = 1,
        *,
        num_steps: int = 1000,
        beta: float | ArrayLike = 1.0,
        seed: SeedLike = None,
        num_threads: int | None = None,
    ) -> Array:
        """Return visible states of independent chains that start from the visible biases alone.

        Nothing here says whether `num_steps` were enough: `magnetite.temper` does, and
        `magnetite.sample` with its diagnostics.

        Parameters
        ----------
        num_samples : int
            Chains, 1 by default.
        num_steps : int
            Steps of block Gibbs sampling from the start, 1,000 by default.
        beta, seed, num_threads
            As for `gibbs`.

        Returns
        -------
        ndarray, shape (num_samples, n_visible)

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RBM(3, 2, visible_bias=[9, -9, 9]).sample(2, num_steps=10, seed=1).tolist()
        [[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]]
        """
        count = check_count("num_samples", num_samples, 1, bits=32)
        start, run = np.random.SeedSequence(check_seed(seed).key).spawn(2)
        betas = self._betas(beta, count)
        steps = check_count("num_steps", num_steps)
        v = start_chains(self, betas, start, num_threads)
        advance_chains(self, v, steps, betas, None, run, num_threads)
        return v

    def inpaint(
        self,
        v: ArrayLike,
        *,
        num_steps: int = 200,
        num_chains: int = 20,
        seed: SeedLike = None,
        num_threads: int | None = None,
    ) -> Array:
        """Fill missing values (nan) with their means given the others, sampled by clamped chains.

        Parameters
        ----------
        v : array_like, shape (rows, n_visible)
            Visible states, nan where unknown.
        num_steps : int
            Steps of block Gibbs sampling, 200 by default, the known units held.
        num_chains : int
            Chains a row, 20 by default; their means in the last step are averaged. With one,
            what comes back is the mean given a single draw of the hidden layer.
        seed, num_threads
            As for `gibbs`.

        Returns
        -------
        ndarray, shape (rows, n_visible)
            What was known, and means (chances, for bits) elsewhere.

        Examples
        --------
        >>> import numpy as np
        >>> import magnetite as mg
        >>> rbm = mg.RBM(2, 1, weights=[[9.0], [9.0]], visible_bias=[-4.0, -4.0])
        >>> rbm.inpaint([[1.0, np.nan]], seed=1).round(2).tolist()
        [[1.0, 0.9900000095367432]]
        """
        known = self.visible_states(v, missing=True)
        chains = check_count("num_chains", num_chains, 1, bits=31)
        steps = check_count("num_steps", num_steps)
        return fill_missing(self, known, steps, chains, seed, num_threads)

    def to_model(self) -> LayeredModel:
        """Return the energy as a model of the variables ``[v | h]``, which samplers take.

        `magnetite.anneal` and all others take the machine itself, and do this. The model holds
        the parameters of now; later training does not change it.

        Raises
        ------
        TypeError
            If the units are not all bits, or all spins: `convert` makes them so where there are two
            values a unit.

        Examples
        --------
        >>> import magnetite as mg
        >>> rbm = mg.RBM(2, 1, weights=[[1.0], [-2.0]], hidden_bias=[0.5])
        >>> mg.exact(rbm.to_model()).ground_energy
        -1.5
        """
        return model_of_layers(self)

    def convert(self, *, visible: str, hidden: str) -> "RBM":
        """Return the same distribution with layers of bits as spins, ``s = 2 x - 1``, or reverse.

        Energies change by a constant; every probability stays.

        Parameters
        ----------
        visible, hidden : "binary" or "spin"
            What the layers of the new machine are to be.

        Raises
        ------
        TypeError
            If a layer has units of more than two values.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RBM(1, 1, weights=[[4.0]]).convert(visible="spin", hidden="spin").weights
        array([[1.]], dtype=float32)
        """
        from magnetite.models.layered import convert_layers

        return convert_layers(self, visible, hidden)

    def copy(self) -> Self:
        """Return a machine of its own with the same parameters.

        Examples
        --------
        >>> import magnetite as mg
        >>> rbm = mg.RBM(1, 1)
        >>> other = rbm.copy()
        >>> other.weights[:] = 1
        >>> rbm.weights
        array([[0.]], dtype=float32)
        """
        return self.astype(self.dtype)

    def astype(self, dtype: DTypeLike) -> Self:
        """Return a copy whose parameters are "float32" or "float64".

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RBM(1, 1).astype("float64").weights.dtype
        dtype('float64')
        """
        other = type(self)(
            self.n_visible,
            self.n_hidden,
            visible=self.visible.groups,
            hidden=self.hidden.groups,
            dtype=dtype,
            **self.parameters,
        )
        other.data_means = self.data_means
        return other

    fit = fit
    partial_fit = partial_fit

    def _content(self) -> dict[str, Any]:
        from magnetite.models.rbm_files import content_of_rbm

        return content_of_rbm(self)

    @classmethod
    def _from_archive(cls, content: dict[str, Any]) -> Self:
        from magnetite.models.rbm_files import arguments_of

        rbm = cls(**arguments_of(content))
        rbm.data_means = content["data_means"]
        return rbm

    # What it is worth: see `magnetite.likelihood`.
    log_partition = log_partition
    log_likelihood = log_likelihood
    log_probabilities = log_probabilities
    pseudo_log_likelihood = pseudo_log_likelihood
    free_energy_gap = free_energy_gap
