"""Block Gibbs chains of a machine, in slices between which Ctrl-C is answered."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite.interrupts import Interrupts
from magnetite.layers import Draws, Layers, Pair
from magnetite.options import SeedLike, check_seed
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["advance_chains", "fill_missing", "start_chains"]

SLICE_SECONDS = 0.05
"""Work between two looks for Ctrl-C."""

BLOCK_WORK = 2**30
"""Products of a step that are made at once: so many take less time than Ctrl-C may wait."""

FILL_ENTRIES = 2**22
"""States that filling missing values holds at once, of all chains and both layers."""

UNIT_WORK = 64
"""What drawing a unit costs, in products."""


def _blocks(rbm: "RBM", num_rows: int) -> Iterator[slice]:
    """Yield rows, as many at once as a step may take without a look for Ctrl-C."""
    work = rbm.n_visible * rbm.n_hidden + UNIT_WORK * (rbm.n_visible + rbm.n_hidden)
    size = max(1, BLOCK_WORK // work)
    for start in range(0, num_rows, size):
        yield slice(start, start + size)


def start_chains(
    rbm: "RBM",
    betas: NDArray[np.float64],
    seed: SeedLike,
    num_threads: int | None,
    first_chain: int = 0,
) -> Array:
    """Return a visible state for every beta, drawn from the visible biases alone."""
    v = np.empty((len(betas), rbm.n_visible), rbm.dtype)
    layers, pair, key = rbm.layers(num_threads), rbm.pair, check_seed(seed).key
    for at in _blocks(rbm, len(v)):
        nothing = np.zeros((len(v[at]), rbm.n_hidden), rbm.dtype)
        draws = Draws(key, first_chain + at.start, 0)
        v[at] = layers.visible(nothing, pair, betas[at], draws)[1]
    return v


def advance_chains(
    rbm: "RBM",
    v: Array,
    num_steps: int,
    betas: NDArray[np.float64],
    held: NDArray[np.bool_] | None,
    seed: SeedLike,
    num_threads: int | None,
    first_chain: int = 0,
) -> Array:
    """Draw hidden states given `v`, make steps of both, `v` in place; return the hidden states.

    Row r is the chain `first_chain` + r of all that the seed gives.

    Raises
    ------
    KeyboardInterrupt
        Within about half a second of Ctrl-C.
    """
    h = np.empty((len(v), rbm.n_hidden), rbm.dtype)
    layers, pair, key = rbm.layers(num_threads), rbm.pair, check_seed(seed).key
    with Interrupts() as interrupts:
        for at in _blocks(rbm, len(v)):
            _answer(interrupts)
            draws = Draws(key, first_chain + at.start, 0)
            h[at] = layers.hidden(v[at], pair, betas[at], draws)[1]
            free = None if held is None else held[at]
            _steps(interrupts, layers, v[at], h[at], pair, betas[at], draws, num_steps, free)
    _answer(interrupts)
    return h


def fill_missing(
    rbm: "RBM",
    known: Array,
    num_steps: int,
    num_chains: int,
    seed: SeedLike,
    num_threads: int | None,
) -> Array:
    """Return rows with their nan filled, a few rows at once; see `RBM.inpaint`."""
    first, run = np.random.SeedSequence(check_seed(seed).key).spawn(2)
    result, layers = known.copy(), rbm.layers(num_threads)
    size = max(1, FILL_ENTRIES // (num_chains * (rbm.n_visible + rbm.n_hidden)))
    for start in range(0, len(known), size):
        some = known[start : start + size]
        rows = np.repeat(some, num_chains, axis=0)
        held, betas, chain = ~np.isnan(rows), np.ones(len(rows)), start * num_chains
        begun = start_chains(rbm, betas, first, num_threads, chain)
        filled = np.where(held, rows, begun)
        h = advance_chains(rbm, filled, num_steps, betas, held, run, num_threads, chain)
        for at in _blocks(rbm, len(h)):
            filled[at] = layers.visible(h[at], rbm.pair, betas[at])[0]
        means = filled.reshape(len(some), num_chains, -1).mean(axis=1)
        result[start : start + size] = np.where(np.isnan(some), means, some)
    return result


def _steps(
    interrupts: Interrupts,
    layers: Layers,
    v: Array,
    h: Array,
    pair: Pair,
    betas: NDArray[np.float64],
    draws: Draws,
    num_steps: int,
    held: NDArray[np.bool_] | None,
) -> None:
    """Make steps in place, numbered from 1: the streams are the same whatever the slices."""
    done, count = 0, 1
    while done < num_steps:
        _answer(interrupts)
        count = min(count, num_steps - done)
        began = time.perf_counter()
        layers.gibbs(v, h, pair, betas, draws._replace(step=1 + done), count, held)
        seconds = max(time.perf_counter() - began, 1e-6)
        done += count
        count = max(1, min(16 * count, int(count * SLICE_SECONDS / seconds)))


def _answer(interrupts: Interrupts) -> None:
    if interrupts.pending:
        raise KeyboardInterrupt
