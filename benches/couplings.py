"""Couplings of spins that are learnt from exact draws, by the likelihood and without it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
from magnetite.boltzmann import Chains, Enumeration
from magnetite.training import Cosine

Array = NDArray[np.float64]


def spin_glass(n: int = 16, seed: int = 1) -> mg.BoltzmannMachine:
    """Return spins of which each two are coupled at random."""
    rng = np.random.default_rng(seed)
    rows, cols = np.triu_indices(n, 1)
    couplings = rng.standard_normal(rows.size) * 0.6 / np.sqrt(n)
    return mg.BoltzmannMachine((rows, cols, couplings), values="spin")


def exact_draws(machine: mg.BoltzmannMachine, count: int, seed: int) -> Array:
    """Return independent draws, by the law of all states."""
    n = machine.num_variables
    states = 2.0 * (np.arange(2**n)[:, None] >> np.arange(n) & 1) - 1
    logs = -np.asarray(machine.energies(states))
    chances = np.exp(logs - logs.max())
    chosen = np.random.default_rng(seed).choice(len(states), count, p=chances / chances.sum())
    return states[chosen]


WAYS: dict[str, dict[str, Any]] = {
    "likelihood": {"positive": Enumeration(), "negative": Enumeration()},
    "likelihood by chains": {"positive": Enumeration(), "negative": Chains(2000)},
    "pseudo_likelihood": {"objective": "pseudo_likelihood"},
    "ratio_matching": {"objective": "ratio_matching"},
    "probability_flow": {"objective": "probability_flow"},
}


def recovered(draws: Array, way: str, seed: int, epochs: int = 200) -> Array:
    """Return the couplings that are learnt from draws."""
    machine = mg.BoltzmannMachine.from_graph(np.ones((16, 16)) - np.eye(16), values="spin")
    machine.fit(
        draws,
        batch_size=len(draws),
        optimizer=mg.Adam(Cosine(0.05, 0.0005)),
        epochs=epochs,
        monitor_every=epochs,
        seed=seed,
        **WAYS[way],
    )
    return machine.weights


def couplings(
    seed: int, *, counts: Sequence[int] = (500, 5_000, 50_000), ways: Sequence[str] = tuple(WAYS)
) -> dict[str, Any]:
    """Return errors of couplings by the number of draws, their slope, and how far ways differ."""
    true = spin_glass()
    draws = exact_draws(true, max(counts), seed)
    found: dict[str, Any] = {}
    likeliest = recovered(draws, "likelihood", seed)
    error = float(np.sqrt(np.mean((likeliest - true.weights) ** 2)))
    for way in ways:
        learnt = [recovered(draws[:count], way, seed) for count in counts]
        errors = [float(np.sqrt(np.mean((w - true.weights) ** 2))) for w in learnt]
        slope = np.polyfit(np.log(counts), np.log(errors), 1)[0]
        apart = np.abs(learnt[-1] - likeliest)
        found[way] = {
            "errors": [round(e, 5) for e in errors],
            "slope": round(float(slope), 3),
            "from_likelihood_in_errors": round(float(np.sqrt(np.mean(apart**2))) / error, 3),
            "largest_in_errors": round(float(apart.max()) / error, 2),
        }
    return found
