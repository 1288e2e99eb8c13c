"""Draws of a stack: chains of the top machine, and one pass down."""

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_choice, check_count
from magnetite.deep.passes import checked_rows, draw_down, spawned
from magnetite.likelihood.annealed import Annealer
from magnetite.likelihood.bases import bridge, choose_base, flat_base
from magnetite.likelihood.population import tempered_population
from magnetite.likelihood.watch import Watch
from magnetite.models.chains import start_chains
from magnetite.models.rbm import RBM
from magnetite.options import SeedLike, check_threads
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.deep.dbn import DBN

__all__ = ["generate"]

METHODS = ("gibbs", "tempered")
STARTS = ("auto", "chains", "biases")


def generate(
    self: "DBN",
    num_samples: int = 1,
    *,
    method: str = "gibbs",
    num_steps: int = 1000,
    start: str | ArrayLike = "auto",
    max_rounds: int = 4096,
    means: bool = True,
    seed: SeedLike = None,
    num_threads: int | None = None,
) -> Array:
    """Return visible states that the network draws, or their means given the layer above.

    The top machine is sampled by chains; then each layer below is drawn given the one above, once.

    Parameters
    ----------
    num_samples : int
        Draws, 1 by default.
    method : "gibbs" (default) or "tempered"
        Block Gibbs chains, one a draw; or replica exchange of 8 ladders, whose runs are doubled
        until they pass their tests of equilibrium, with several draws from each.
    num_steps : int
        Of each Gibbs chain, 1,000 by default.
    start : "auto" (default), "chains", "biases" or array_like
        Where Gibbs chains start: at the top machine's persistent chains, taken in turn; as if it
        had no weights; or at given states of its visible layer, taken in turn. "auto" takes the
        persistent chains where training has left any, else the biases.
    max_rounds : int
        Replica exchange ends after so many rounds, 4,096 by default, with a warning if its tests
        of equilibrium are not passed.
    means : bool
        Whether to return means of the visible units given the layer above (the default), which
        make better pictures, or draws of them.
    seed, num_threads
        As for `magnetite.sample`; the result does not depend on the number of threads.

    Returns
    -------
    ndarray, shape (num_samples, n_visible)

    Raises
    ------
    TypeError, ValueError
        An argument breaks its rule; the message names it.
    AttributeError
        If `start` is "chains" and there are none.

    Examples
    --------
    >>> import magnetite as mg
    >>> dbn = mg.DBN([mg.RBM(3, 2, visible_bias=[9, -9, 9]), mg.RBM(2, 2)])
    >>> dbn.generate(2, num_steps=10, means=False, seed=1).tolist()
    [[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]]
    """
    count = check_count("num_samples", num_samples, 1, bits=31)
    rounds = check_count("max_rounds", max_rounds, 1, bits=31)
    steps, threads = check_count("num_steps", num_steps), check_threads(num_threads)
    top, (first, run, down) = self.layers[-1], spawned(seed, 3)
    if check_choice("method", method, METHODS) == "gibbs":
        v = _starts(top, count, start, first, threads)
        h = top.gibbs(v, num_steps=steps, seed=run, num_threads=threads)[1]
    else:
        h = _tempered(top, count, rounds, run, threads)
    return draw_down(self.layers, h, down, means=means)


def _starts(
    top: RBM,
    count: int,
    start: str | ArrayLike,
    seed: np.random.SeedSequence,
    num_threads: int,
) -> Array:
    """Return states of the top machine's visible layer where chains start."""
    if isinstance(start, str):
        where = check_choice("start", start, STARTS)
        if where == "biases" or (where == "auto" and top._chains is None):
            return start_chains(top, np.ones(count), seed, num_threads)
        states = top.chains[0]
    else:
        states = checked_rows(top, "start", start)
    return states[np.arange(count) % len(states)]


def _tempered(
    top: RBM, count: int, max_rounds: int, seed: np.random.SeedSequence, num_threads: int
) -> Array:
    """Return hidden states of the top machine by replica exchange."""
    base = choose_base(top, None) or flat_base(top)
    annealer = Annealer(top.layers(num_threads), bridge(top.pair.copied(), base))
    run, last = seed.spawn(2)
    drawn = tempered_population(annealer, count, run, max_rounds, Watch.nothing())
    if not drawn.verdict:
        warnings.warn(
            f"the draws are not in equilibrium: {'; '.join(drawn.verdict.reasons)}",
            RuntimeWarning,
            stacklevel=3,
        )
    return top.sample_hidden(drawn.v, seed=last)
