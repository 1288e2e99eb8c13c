"""`sample` keeps exact draws exact: the Python end of the matrix in the Rust tests."""

import numpy as np
import pytest

import magnetite as mg
from magnetite.models import Model
from tools.laws import all_states, boltzmann, chi_square_excess, state_numbers

NUM_CHAINS = 40_000
RNG = np.random.default_rng(7)
REALS = np.triu(RNG.normal(size=(5, 5)), 1)
BETA = 0.5
MODELS: dict[str, Model] = {
    "ising": mg.Ising(REALS, RNG.normal(size=5)),
    "integers": mg.Ising({(i, (i + 1) % 5): (-1) ** i for i in range(5)}, {0: 1, 3: -2}),
    "qubo": mg.Qubo(np.round(2 * REALS) + np.diag([1.0, -1, 0, 2, -2])),
    "boltzmann": mg.BoltzmannMachine(2 * REALS, RNG.normal(size=5)),
}


def excess(
    model: Model, beta: float, sweeps: int, kernel: str, scan: str, held: dict[int, int]
) -> float:
    """Return the excess of the chi-square of chains that start at exact draws at `BETA`."""
    law = boltzmann(model, BETA, held)
    starts = np.random.default_rng(1).choice(len(law), NUM_CHAINS, p=law)
    result = mg.sample(
        model,
        beta=beta,
        num_chains=None,
        num_sweeps=sweeps,
        warmup=0,
        kernel=kernel,
        scan=scan,
        initial_states=all_states(model)[starts],
        clamp=held or None,
        moments=False,
        seed=3,
    )
    numbers = state_numbers(model, result.states)
    # Independent draws differ with probability 1 - sum p^2; chains that are stuck stay far below.
    assert sweeps < 16 or (numbers != starts).mean() > 0.5 * (1 - law @ law)
    return chi_square_excess(np.bincount(numbers, minlength=len(law)), law)


@pytest.mark.parametrize("held", [{}, {1: 1}], ids=["free", "clamped"])
@pytest.mark.parametrize("scan", ["sequential", "permutation", "random"])
@pytest.mark.parametrize("kernel", ["metropolis", "gibbs"])
@pytest.mark.parametrize("name", MODELS)
def test_exact_draws_stay_exact(name: str, kernel: str, scan: str, held: dict[int, int]) -> None:
    for sweeps in (1, 4, 16):
        assert excess(MODELS[name], BETA, sweeps, kernel, scan, held) < 1


@pytest.mark.parametrize("factor", [0.9, 1.1])
@pytest.mark.parametrize("kernel", ["metropolis", "gibbs"])
@pytest.mark.parametrize("name", MODELS)
def test_a_wrong_beta_is_noticed(name: str, kernel: str, factor: float) -> None:
    assert excess(MODELS[name], factor * BETA, 16, kernel, "sequential", {}) > 1


@pytest.mark.parametrize("kernel", ["metropolis", "gibbs"])
def test_beta_zero_is_uniform_after_every_sweep(kernel: str) -> None:
    model = MODELS["ising"]
    for sweeps in (1, 2, 3):
        result = mg.sample(
            model,
            beta=0.0,
            num_chains=NUM_CHAINS,
            num_sweeps=sweeps,
            warmup=0,
            kernel=kernel,
            initial_states=np.ones(5, np.int8),
            moments=False,
            seed=sweeps,
        )
        counts = np.bincount(state_numbers(model, result.states), minlength=32)
        assert chi_square_excess(counts, np.full(32, 1 / 32)) < 1
