"""Exact laws of the rungs of small ladders of machines, and how far samples are from them."""

import math

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
from magnetite.layers import Pair
from tools.machines import all_hidden, all_visible, joint_law

Law = NDArray[np.float64]


def both_states(rbm: mg.RBM) -> tuple[Law, Law]:
    """Return all joint states: rows of visible and of hidden ones, the hidden changing fastest."""
    v, h = all_visible(rbm), all_hidden(rbm)
    return np.repeat(v, len(h), axis=0), np.tile(h, (len(v), 1))


def path_law(rbm: mg.RBM, pair: Pair, beta: float) -> Law:
    """Return the law of `both_states` at a beta of a path, which may have a base."""
    v, h = both_states(rbm)
    betas = np.full(len(v), beta)
    product = np.einsum("ri,ij,rj->r", v, pair.weights, h)
    energies = pair.visible.energies(v, betas) + pair.hidden.energies(h, betas) - beta * product
    weights = np.exp(energies.min() - energies)
    law: Law = weights / weights.sum()
    return law


def visible_law(rbm: mg.RBM) -> Law:
    """Return the law of all visible states."""
    law: Law = joint_law(rbm).sum(axis=1)
    return law


def counts_of(states: Law, rows: Law) -> NDArray[np.int64]:
    """Return how often each of `states` is among `rows`."""
    key = 3.0 ** np.arange(states.shape[1])
    codes = states @ key
    order = np.argsort(codes)
    found = order[np.searchsorted(codes[order], rows @ key)]
    return np.bincount(found, minlength=len(states))


def variation(counts: NDArray[np.int64], law: Law) -> float:
    """Return the total variation between counts and a law."""
    return float(0.5 * np.abs(counts / counts.sum() - law).sum())


def noise(law: Law, num_draws: int) -> float:
    """Return the mean total variation of so many independent draws of a law."""
    return float(0.5 * np.sqrt(2 / math.pi * law * (1 - law) / num_draws).sum())
