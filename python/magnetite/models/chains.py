"""Block Gibbs chains of a machine, in slices between which Ctrl-C is answered."""

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite.interrupts import Interrupts
from magnetite.layers import Draws, Layers, Pair
from magnetite.options import SeedLike, check_seed
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["advance_chains", "start_chains"]

SLICE_SECONDS = 0.05
"""Work between two looks for Ctrl-C."""

BLOCK_WORK = 2**30
"""Products of a step that are made at once: so many take less time than Ctrl-C may wait."""

UNIT_WORK = 64
"""What drawing a unit costs, in products."""


def start_chains(
    rbm: "RBM", betas: NDArray[np.float64], seed: SeedLike, num_threads: int | None
) -> Array:
    """Return a visible state for every beta, drawn from the visible biases alone."""
    nothing = np.zeros((len(betas), rbm.n_hidden), rbm.dtype)
    draws = Draws(check_seed(seed).key, 0, 0)
    v: Array = rbm.layers(num_threads).visible(nothing, rbm.pair, betas, draws)[1]
    return v


def advance_chains(
    rbm: "RBM",
    v: Array,
    num_steps: int,
    betas: NDArray[np.float64],
    held: NDArray[np.bool_] | None,
    seed: SeedLike,
    num_threads: int | None,
) -> Array:
    """Draw hidden states given `v`, make steps of both, `v` in place; return the hidden states.

    Raises
    ------
    KeyboardInterrupt
        Within about half a second of Ctrl-C.
    """
    h = np.empty((len(v), rbm.n_hidden), rbm.dtype)
    layers, pair, key = rbm.layers(num_threads), rbm.pair, check_seed(seed).key
    work = rbm.n_visible * rbm.n_hidden + UNIT_WORK * (rbm.n_visible + rbm.n_hidden)
    block = max(1, BLOCK_WORK // work)
    with Interrupts() as interrupts:
        for start in range(0, len(v), block):
            at = slice(start, start + block)
            draws = Draws(key, start, 0)
            h[at] = layers.hidden(v[at], pair, betas[at], draws)[1]
            free = None if held is None else held[at]
            _steps(interrupts, layers, v[at], h[at], pair, betas[at], draws, num_steps, free)
    _answer(interrupts)
    return h


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
