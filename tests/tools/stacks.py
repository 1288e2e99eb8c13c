"""Small stacks of machines whose probabilities can be summed over all hidden states."""

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
from tools.training import log_z, machine

Floats = NDArray[np.float64]


def small_stack(
    *sizes: int, visible: Any = "binary", hidden: Any = "binary", scale: float = 1.0
) -> mg.DBN:
    """A stack of float64 with random parameters."""
    kinds = [visible, *[hidden] * (len(sizes) - 1)]
    return mg.DBN(
        [
            machine(kinds[i], hidden, n, m, scale=scale, seed=i + 1)
            for i, (n, m) in enumerate(itertools.pairwise(sizes))
        ]
    )


def untied_stack(*sizes: int, **options: Any) -> mg.DBN:
    """The same, whose way up has parameters of its own."""
    dbn, other = small_stack(*sizes, **options), small_stack(*sizes, **options)
    for rbm in other.layers:
        rbm.weights *= 0.7
        rbm.hidden_bias += 0.2
    dbn._untied = other.layers[:-1]
    return dbn


def joint_terms(dbn: mg.DBN, rows: Floats) -> tuple[Floats, Floats]:
    """ln p(v, h) and ln q(h | v) of rows v, for all states h of the layers below the top one."""
    layers = [rbm.hidden for rbm in dbn.layers[:-1]]
    every = [layer.states(0, round(layer.num_states)) for layer in layers]
    log_p, log_q = [], []
    for states in itertools.product(*every):
        below, p, q = rows, np.zeros(len(rows)), np.zeros(len(rows))
        for down, up, state in zip(dbn.layers, dbn.recognition, states, strict=False):
            h = np.tile(state, (len(rows), 1))
            p += down.hidden_free_energy(h) - down.energy(below, h)
            q += up.free_energy(below) - up.energy(below, h)
            below = h
        log_p.append(p - dbn.layers[-1].free_energy(below) - log_z(dbn.layers[-1]))
        log_q.append(q)
    return np.array(log_p), np.array(log_q)


def exact_values(dbn: mg.DBN, rows: Floats) -> tuple[Floats, Floats]:
    """ln p(v) of every row, and its variational bound, exactly."""
    log_p, log_q = joint_terms(dbn, rows)
    return np.logaddexp.reduce(log_p), (np.exp(log_q) * (log_p - log_q)).sum(axis=0)
