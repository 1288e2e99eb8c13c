"""Rows with missing values: the sum over all that the missing units may be."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite.layers import Pair, Side
from magnetite.likelihood.annealed import Annealer, base_draws
from magnetite.likelihood.bases import bridge, choose_base, flat_base
from magnetite.likelihood.partition import NUM_BETAS, NUM_CHAINS, PartitionOptions
from magnetite.likelihood.watch import Watch
from magnetite.options import check_seed, check_threads
from magnetite.units.base import Array
from magnetite.units.layer import Layer
from magnetite.weights import log_mean_weight, log_sum

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["matrix_product", "observed_log_weights"]

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

MOST_STATES = 2.0**20
"""Missing values are summed exactly over up to so many states a row."""

BLOCK_ENTRIES = 2**22

CHAIN_ENTRIES = 2**19
"""Chains of so many rows are annealed together that their states have so many entries."""


def observed_log_weights(
    rbm: "RBM", rows: Array, options: PartitionOptions, logs: FloatArray, errors: FloatArray
) -> None:
    """Write ``ln sum exp(-E)`` over the hidden and the missing units, and its error, of each row.

    Exact in float64 where no unit is missing, or the hidden layer or the missing units have few
    states: over those that have fewer. Else by annealing with the observed units held. What is
    written before a run is ended is whole.
    """
    wide = rbm.astype("float64")
    rows64 = np.ascontiguousarray(rows, np.float64)
    missing = np.isnan(rows64)
    partial = missing.any(axis=1)
    errors[~partial] = 0.0
    if not partial.all():
        logs[~partial] = _full(wide, rows64[~partial], options.get("num_threads"))
    if not partial.any():
        return
    watch = Watch(
        options.get("time_limit"), options.get("callback"), options.get("progress", False)
    )
    with watch.stage("missing"):
        layers = {i: _missing_layer(rbm.visible, missing[i]) for i in np.flatnonzero(partial)}
        hidden = rbm.hidden.log_states
        together = [i for i, sites in layers.items() if hidden <= _bound(sites.log_states)]
        if together:
            some = rows64[together]
            with watch.part(0.0, len(together) / len(layers)):
                logs[together] = _over_hidden(wide, some, options.get("num_threads"), watch)
            errors[together] = 0.0
        done, many = len(together), []
        for row, sites in layers.items():
            if hidden <= _bound(sites.log_states):
                continue
            if sites.log_states > math.log(MOST_STATES):
                many.append(row)
                continue
            logs[row] = _over_missing(wide, rows64[row], sites, options.get("num_threads"))
            errors[row] = 0.0
            done += 1
            watch.look(done / len(layers))
        with watch.part(done / len(layers), 1.0):
            for at, *found in _annealed(rbm, rows[many], options, watch):
                logs[many[at]], errors[many[at]] = found


def _bound(log_states: float) -> float:
    """Return up to how many hidden states (the logarithm) are summed for a row instead."""
    return min(log_states, math.log(MOST_STATES))


def _full(wide: "RBM", rows: FloatArray, num_threads: int | None) -> FloatArray:
    """Return the negative free energies of rows without missing values."""
    ones, pair = np.ones(len(rows)), wide.pair
    sums = wide.layers(num_threads).hidden_log_norms(rows, pair, ones)
    return sums - pair.visible.energies(rows, ones)


def _over_hidden(
    wide: "RBM", rows: FloatArray, num_threads: int | None, watch: Watch
) -> FloatArray:
    """Sum over the hidden states; given one, the missing units are independent.

    ``ln sum_h exp(c h - d h**2 / 2 + sum_observed (x_i v_i - a_i v_i**2 / 2) + sum_missing
    Gamma(x_i, a_i))`` with ``x = W h + b``.
    """
    pair, layer = wide.pair, wide.visible
    seen = ~np.isnan(rows)
    filled = np.where(seen, rows, 0.0)
    starts = _first_columns(layer)
    unseen = np.ascontiguousarray((~seen[:, starts]).T, np.float64)
    own = np.einsum("ri,i->r", filled * filled, pair.visible.precision) / 2
    states = round(wide.hidden.num_states)
    block = max(1, BLOCK_ENTRIES // max(len(rows), wide.n_visible))
    total = np.full(len(rows), -np.inf)
    for start in range(0, states, block):
        h = np.ascontiguousarray(wide.hidden.states(start, min(start + block, states)))
        x = matrix_product(h, np.ascontiguousarray(pair.weights.T), num_threads) + pair.visible.bias
        terms = matrix_product(x, np.ascontiguousarray(filled.T), num_threads)
        terms += matrix_product(
            _site_log_norms(layer, x, pair.visible.precision), unseen, num_threads
        )
        terms -= pair.hidden.energies(h, np.ones(len(h)))[:, None]
        total = np.logaddexp(total, log_sum(np.asarray(terms, np.float64), axis=0))
        watch.look(min(1.0, (start + block) / states))
    result: FloatArray = total - own
    return result


def _site_log_norms(layer: Layer, x: FloatArray, q: Array) -> FloatArray:
    """Return the logarithm of every site's normaliser, shape (rows, sites)."""
    parts = [
        np.asarray(units.log_norms(x[:, at], q[at]), np.float64) for units, at in layer.parts()
    ]
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def _first_columns(layer: Layer) -> NDArray[np.int64]:
    """Return the first column of every site."""
    parts = [np.arange(at.start, at.stop, units.width) for units, at in layer.parts()]
    return np.concatenate(parts)


def matrix_product(a: Array, b: Array, num_threads: int | None) -> Array:
    """Return the product of matrices of one dtype; no bit hangs on the number of threads."""
    (_, k), (_, n) = a.shape, b.shape
    threads = check_threads(num_threads)
    layers = _core.Layers([("gaussian", k, 0)], [("gaussian", n, 0)], num_threads=threads)
    one, other = (Side.plain(np.zeros(size, b.dtype), np.ones(size, b.dtype)) for size in (k, n))
    pair = Pair(b, one, other)
    product: Array = layers.hidden(np.ascontiguousarray(a), pair, np.ones(len(a)))[0]
    return product


def _missing_layer(layer: Layer, missing: Mask) -> Layer:
    """Return the layer of the missing units alone."""
    groups = [(units, int(missing[at].sum())) for units, at in layer.parts()]
    return Layer(tuple((units, size) for units, size in groups if size))


def _over_missing(wide: "RBM", row: FloatArray, sites: Layer, num_threads: int | None) -> float:
    """Sum over the states of the missing units of a row."""
    missing, count = np.isnan(row), round(sites.num_states)
    block = max(1, BLOCK_ENTRIES // wide.n_visible)
    parts = []
    for start in range(0, count, block):
        states = sites.states(start, min(start + block, count))
        rows = np.repeat(row[None], len(states), axis=0)
        rows[:, missing] = states
        parts.append(log_sum(_full(wide, rows, num_threads)))
    return float(log_sum(np.array(parts)))


def _annealed(
    rbm: "RBM", rows: Array, options: PartitionOptions, watch: Watch
) -> Iterator[tuple[int, float, float]]:
    """Estimate each row's sum over its missing units by annealing with its others held.

    Chains of many rows go together. Yield the number of a row, the estimate and its error.
    """
    base = choose_base(rbm, options.get("base")) or flat_base(rbm)
    annealer = Annealer(rbm.layers(options.get("num_threads")), bridge(rbm.pair.copied(), base))
    chains = options.get("num_chains", NUM_CHAINS)
    betas = np.linspace(0.0, 1.0, options.get("num_betas", NUM_BETAS))
    betas = betas.astype(rbm.dtype).astype(np.float64)
    words = np.random.SeedSequence([check_seed(options.get("seed")).key, 0])
    seed = int(words.generate_state(1, np.uint64)[0])
    block = max(1, CHAIN_ENTRIES // (chains * max(rbm.n_visible, rbm.n_hidden)))
    for start in range(0, len(rows), block):
        some, first = rows[start : start + block], start * chains
        filled = np.repeat(some, chains, axis=0)
        held = ~np.isnan(filled)
        v = np.where(held, filled, base_draws(annealer, len(filled), seed, first))
        with watch.part(start / len(rows), (start + len(some)) / len(rows)):
            logs = annealer.log_weights(v, betas, seed, watch, held, first)
        for number, of_row in enumerate(logs.reshape(-1, chains), start):
            estimate = log_mean_weight(of_row)
            if estimate.reliable:
                own = _log_held_base(rbm, annealer.pair, rows[number])
                yield number, own + estimate.value, estimate.error
            else:
                yield number, math.nan, math.inf


def _log_held_base(rbm: "RBM", pair: Pair, row: Array) -> float:
    """Return the logarithm of the sum at beta = 0 over the hidden and the missing units."""
    b, a = (np.asarray(part, np.float64) for part in pair.visible[1::2])
    seen, values = ~np.isnan(row), np.nan_to_num(np.asarray(row, np.float64))
    total = float((b * values - a * values * values / 2)[seen].sum())
    sites = _site_log_norms(rbm.visible, b[None], a)[0]
    total += float(sites[~seen[_first_columns(rbm.visible)]].sum())
    c, d = (np.asarray(part[None], np.float64) for part in pair.hidden[1::2])
    return total + float(rbm.hidden.log_norms(c, d)[0])
