"""Small machines of every pair of units, and their laws by enumeration."""

import numpy as np
from numpy.typing import NDArray

import magnetite as mg

DISCRETE = {"binary": "binary", "spin": "spin", "categorical": mg.units.Categorical(3)}
CONTINUOUS = {"gaussian": mg.units.Gaussian(0.7), "relu": mg.units.ReLU(0.5)}
KINDS = DISCRETE | CONTINUOUS
# Pairs of layers that can both be listed, and those of which one can.
PAIRS = [(v, h) for v in DISCRETE for h in DISCRETE]
ALL_PAIRS = [(v, h) for v in KINDS for h in KINDS if v in DISCRETE or h in DISCRETE]
MIXED = [("binary", 2), (mg.units.Gaussian(0.5), 1), (mg.units.Categorical(3), 3), ("relu", 1)]


def machine(
    visible: str, hidden: str, *, n: int = 6, m: int = 3, scale: float = 0.5, seed: int = 1
) -> mg.RBM:
    """Return a float64 machine with random weights and biases."""
    rng = np.random.default_rng(seed)
    return mg.RBM(
        n,
        m,
        visible=KINDS[visible],
        hidden=KINDS[hidden],
        weights=scale * rng.normal(size=(n, m)),
        visible_bias=0.5 * rng.normal(size=n),
        hidden_bias=0.5 * rng.normal(size=m),
        dtype="float64",
    )


def all_visible(rbm: mg.RBM) -> NDArray[np.float64]:
    """Return all visible states."""
    return rbm.visible.states(0, round(rbm.visible.num_states))


def all_hidden(rbm: mg.RBM) -> NDArray[np.float64]:
    """Return all hidden states."""
    return rbm.hidden.states(0, round(rbm.hidden.num_states))


def joint_law(rbm: mg.RBM, beta: float = 1.0) -> NDArray[np.float64]:
    """Return p(v, h) over `all_visible` x `all_hidden`, straight from the energies."""
    v, h = all_visible(rbm), all_hidden(rbm)
    energies = rbm.energy(np.repeat(v, len(h), axis=0), np.tile(h, (len(v), 1)))
    weights = np.exp(-beta * (energies - energies.min())).reshape(len(v), len(h))
    law: NDArray[np.float64] = weights / weights.sum()
    return law


def numbers_of(states: NDArray[np.floating], among: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the row number of each state among all."""
    index = {row.tobytes(): number for number, row in enumerate(among)}
    found = [index[row.tobytes()] for row in np.asarray(states, np.float64)]
    return np.array(found, np.int64)
