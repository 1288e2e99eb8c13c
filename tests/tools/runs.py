"""Models and comparisons that the tests of runs share."""

from typing import Any

import numpy as np

import magnetite as mg
from magnetite.results import AnnealResult


def random_model(n: int = 60, degree: float = 4.0, seed: int = 0) -> mg.Ising:
    rng = np.random.default_rng(seed)
    couplings = np.triu(rng.normal(size=(n, n)) * (rng.random((n, n)) < degree / n), 1)
    return mg.Ising(couplings, rng.normal(size=n))


def complete_model(n: int = 40) -> mg.Ising:
    return mg.Ising(np.triu(np.random.default_rng(1).choice([-1.0, 1.0], (n, n)), 1))


def dyadic_qubo(n: int = 30) -> mg.Qubo:
    return mg.Qubo(np.random.default_rng(2).integers(-8, 9, (n, n)) / 4)


MODELS = {
    "sparse": random_model(),
    "complete": complete_model(),
    "qubo": dyadic_qubo(),
    "one": mg.Ising({}, {"only": 1.0}),
    "none": mg.Ising(np.zeros((0, 0))),
    "free": mg.Ising(np.zeros((3, 3))),
}
CHAIN = mg.Ising({(i, i + 1): 1.0 for i in range(200)})


def endless(**options: Any) -> dict[str, Any]:
    """Return the options of a run that no test waits for the end of."""
    return {"num_reads": 64, "num_sweeps": 5_000_000, "seed": 1, **options}


def assert_equal_runs(one: AnnealResult, other: AnnealResult) -> None:
    assert one.states.tolist() == other.states.tolist()
    assert one.energies.tolist() == other.energies.tolist()
    assert one.sweeps_done.tolist() == other.sweeps_done.tolist()
    assert one.best.energy == other.best.energy
    assert one.best.state.tolist() == other.best.state.tolist()
