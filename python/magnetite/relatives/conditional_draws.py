"""Methods of `ConditionalRBM` that say what comes next: means, and draws."""

from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_choice, check_count, check_finite, real_array
from magnetite.control import carrying
from magnetite.models.chains import advance_chains
from magnetite.models.rbm import RBM
from magnetite.options import SeedLike, check_seed
from magnetite.relatives.conditioned import foretell
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.relatives.conditional import ConditionalRBM

__all__ = ["predict", "simulate"]

METHODS = ("mean_field", "gibbs")

CHAIN_ENTRIES = 2**22
"""States of chains in memory at a time, of both layers."""


def predict(
    self: "ConditionalRBM",
    conditions: ArrayLike,
    *,
    method: str = "mean_field",
    num_steps: int = 50,
    num_chains: int = 20,
    seed: SeedLike = None,
    num_threads: int | None = None,
) -> Array:
    """Return the means of the visible units given conditions, shape (rows, n_visible).

    Parameters
    ----------
    conditions : array_like, shape (rows, n_condition)
        u; for series, what `stack_history` makes of them.
    method : "mean_field" (default) or "gibbs"
        A fixed point of both layers' means, each given the other's; or means over chains. Where
        weights are large and a condition leaves several answers, mean field settles in one.
    num_steps : int
        Of either, 50 by default; chains start from the mean field.
    num_chains : int
        Chains of "gibbs" a row, 20 by default, whose last means are averaged.
    seed, num_threads
        As for `magnetite.sample`; the result does not depend on the number of threads.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.ConditionalRBM(1, 1, n_condition=1)
    >>> model.condition_to_visible[:] = 2.0
    >>> model.predict([[0.0], [1.0]]).round(2).tolist()
    [[0.5], [0.8799999952316284]]
    """
    check_choice("method", method, METHODS)
    steps, chains = check_count("num_steps", num_steps), check_count("num_chains", num_chains, 1)
    machine, given = self._machine, self._conditions(conditions)
    rows = np.concatenate([np.zeros((len(given), self.n_visible), self.dtype), given], axis=1)
    layers = machine.layers(num_threads)
    means = foretell(layers, machine.pair, rows, steps, *machine.n_free)
    if method == "mean_field":
        return means
    known, result = check_seed(seed).replay, means.copy()
    size = max(1, CHAIN_ENTRIES // (chains * (machine.n_visible + machine.n_hidden)))
    for start in range(0, len(given), size):
        at = slice(start, start + size)
        v = np.repeat(np.concatenate([means[at], given[at]], axis=1), chains, axis=0)
        ones, first = np.ones(len(v)), start * chains
        h = advance_chains(cast(RBM, machine), v, steps, ones, None, known, num_threads, first)
        found = layers.visible(h, machine.pair, ones)[0][:, : self.n_visible]
        result[at] = found.reshape(-1, chains, self.n_visible).mean(axis=1)
    return result


def simulate(
    self: "ConditionalRBM",
    history: ArrayLike,
    num_steps: int,
    *,
    num_chains: int = 1,
    gibbs_steps: int = 30,
    seed: SeedLike = None,
    num_threads: int | None = None,
) -> Array:
    """Draw how a series goes on, each frame given those before it.

    Parameters
    ----------
    history : array_like, shape (frames, n_visible)
        At least `order` frames, the last one last.
    num_steps : int
        Frames to draw.
    num_chains : int
        Independent continuations, 1 by default.
    gibbs_steps : int
        Steps of block Gibbs sampling a frame, 30 by default, from the frame before.
    seed, num_threads
        As for `magnetite.sample`; the result does not depend on the number of threads.

    Returns
    -------
    ndarray, shape (num_chains, num_steps, n_visible)

    Raises
    ------
    TypeError, ValueError
        If the model was made without `order`, or an argument breaks its rule.
    KeyboardInterrupt
        After Ctrl-C; its `.result` are the frames so far.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.ConditionalRBM(1, 1, order=1)
    >>> model.visible_bias[:], model.condition_to_visible[:] = 50.0, -100.0
    >>> model.simulate([[0]], 4, seed=1).ravel().tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    order, n = self._past(), self.n_visible
    frames = real_array("history", history)
    if frames.ndim != 2 or frames.shape[1] != n or len(frames) < order:
        raise ValueError(
            f"history must have shape (frames, {n}) with at least {order} frames, "
            f"got {frames.shape}"
        )
    check_finite("history", frames)
    self._machine.free[0].check("history", frames)
    count, chains = check_count("num_steps", num_steps), check_count("num_chains", num_chains, 1)
    steps = check_count("gibbs_steps", gibbs_steps, 1)
    past = np.tile(frames[: -order - 1 : -1].astype(self.dtype).ravel(), (chains, 1))
    drawn, ones = np.empty((chains, count, n), self.dtype), np.ones(chains)
    seeds = np.random.SeedSequence(check_seed(seed).key).spawn(count)
    for t in range(count):
        rows = np.concatenate([past[:, :n], past], axis=1)
        try:
            advance_chains(cast(RBM, self._machine), rows, steps, ones, None, seeds[t], num_threads)
        except KeyboardInterrupt as interrupt:
            raise carrying(interrupt, drawn[:, :t]) from None
        drawn[:, t] = rows[:, :n]
        past = np.concatenate([rows[:, :n], past[:, : (order - 1) * n]], axis=1)
    return drawn
