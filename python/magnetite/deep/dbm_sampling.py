"""Draws of a deep Boltzmann machine: the methods `DBM.gibbs` and `DBM.sample`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_mask
from magnetite.models.chains import start_chains
from magnetite.options import SeedLike, check_seed
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.deep.dbm import DBM

__all__ = ["gibbs", "sample"]


def gibbs(
    self: "DBM",
    v: ArrayLike,
    *,
    hidden: Sequence[ArrayLike] | None = None,
    num_steps: int = 1,
    beta: float | ArrayLike = 1.0,
    clamp: ArrayLike | None = None,
    seed: SeedLike = None,
    num_threads: int | None = None,
) -> tuple[Array, ...]:
    """Advance block Gibbs chains, one a row, and return the states of all layers.

    The odd layers are drawn given the even ones first; a step then draws the even layers, the
    visible one among them, given the odd ones, and the odd ones given those.

    Parameters
    ----------
    v : array_like, shape (rows, n_visible)
        Where the visible layer starts.
    hidden : sequence of array_like, shapes (rows, n_l), optional
        Where the hidden layers start; what the odd ones hold does not matter. By default the even
        ones are drawn from their biases alone.
    num_steps : int
        Steps, 1 by default.
    beta : float, or array_like of shape (rows,)
        Inverse temperature, at least 0, of all chains or of each.
    clamp : array_like of bool, shape (n_visible,) or (rows, n_visible), optional
        Visible units that keep their value. With all of them, the hidden layers are drawn given
        the data.
    seed, num_threads
        As for `magnetite.sample`; the result does not depend on the number of threads.

    Returns
    -------
    v, h1, h2, ... : ndarrays, shapes (rows, n_l)

    Examples
    --------
    >>> import magnetite as mg
    >>> dbm = mg.DBM([2, 1, 1], weights=[[[9.0], [9.0]], [[18.0]]], biases=[[-4, -4], [-9], [-9]])
    >>> v, h1, h2 = dbm.gibbs([[1, 1], [1, 1]], num_steps=5, clamp=[True, False], seed=1)
    >>> v.tolist(), h2.tolist()
    ([[1.0, 1.0], [1.0, 1.0]], [[1.0], [1.0]])
    """
    states, folded, n = self.visible_states(v), self._folded, self.n_visible
    start, run = np.random.SeedSequence(check_seed(seed).key).spawn(2)
    if hidden is None:
        betas = folded._betas(beta, len(states))
        even = start_chains(folded, betas, start, num_threads)
        even[:, :n] = states
    else:
        even, _ = self._fold.sides(self._layers(states, hidden))
    held = None
    if clamp is not None:
        held = np.zeros(even.shape, np.bool_)
        held[:, :n] = check_mask("clamp", clamp, states.shape)
    even, odd = folded.gibbs(
        even, num_steps=num_steps, beta=beta, clamp=held, seed=run, num_threads=num_threads
    )
    return self._fold.layers(even, odd)


def sample(
    self: "DBM",
    num_samples: int = 1,
    *,
    num_steps: int = 1000,
    beta: float | ArrayLike = 1.0,
    seed: SeedLike = None,
    num_threads: int | None = None,
) -> Array:
    """Return visible states of independent chains that start from the biases alone.

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
    >>> mg.DBM([3, 2, 2], biases=[[9, -9, 9], [0, 0], [0, 0]]).sample(num_steps=10, seed=1).tolist()
    [[1.0, 0.0, 1.0]]
    """
    even = self._folded.sample(
        num_samples, num_steps=num_steps, beta=beta, seed=seed, num_threads=num_threads
    )
    return np.ascontiguousarray(even[:, : self.n_visible])
