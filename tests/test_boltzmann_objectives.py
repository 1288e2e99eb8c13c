"""Objectives of fully visible machines: their gradients, and couplings learnt by each."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.boltzmann import (
    Chains,
    MinimumProbabilityFlow,
    Objective,
    Parameters,
    PseudoLikelihood,
    RatioMatching,
    Rows,
)
from tools.boltzmann import law, machine, visible_rows

OBJECTIVES = (PseudoLikelihood(), RatioMatching(), MinimumProbabilityFlow())


@pytest.mark.parametrize("values", ["binary", "spin"])
@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_objectives_have_their_gradients(objective: Objective, values: str) -> None:
    model = machine(values, visible=[3, 0, 1, 2, 5, 4], scale=0.5)
    rows = visible_rows(model, 5)
    spins = np.where(rows == 1, 1, -1).astype(np.int8)
    data = Rows(spins, np.array([0.1, 0.2, 0.3, 0.0, 0.4]))
    topology, parameters = model._topology, model._parameters
    gradient = objective.gradient(topology, parameters, data)
    step = 1e-6
    for part in (0, 1):
        for k in range(parameters[part].size):
            values_of = []
            for sign in (1, -1):
                arrays = [array.copy() for array in parameters]
                arrays[part][k] += sign * step
                values_of.append(objective.value(topology, Parameters(*arrays), data))
            slope = (values_of[0] - values_of[1]) / (2 * step)
            assert gradient[part][k] == pytest.approx(slope, abs=1e-7)


def test_pseudo_likelihood_is_the_sum_of_conditionals() -> None:
    model = machine(visible=range(6))
    states, chances = law(model)
    rows = visible_rows(model, 5)
    expected = 0.0
    for row in rows:
        for site in range(6):
            same = np.delete(states == row, site, axis=1).all(axis=1)
            both = chances[same]
            expected += np.log(chances[same & (states[:, site] == row[site])][0] / both.sum()) / 5
    spins = (2 * rows - 1).astype(np.int8)
    data = Rows(spins, np.full(5, 0.2))
    found = PseudoLikelihood().value(model._topology, model._parameters, data)
    assert found == pytest.approx(expected)


def exact_draws(model: mg.BoltzmannMachine, count: int, seed: int) -> NDArray[np.float64]:
    states, chances = law(model)
    return states[np.random.default_rng(seed).choice(len(states), count, p=chances)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"negative": Chains(num_chains=500)},
        *({"objective": objective} for objective in OBJECTIVES),
    ],
    ids=str,
)
def test_couplings_are_recovered(options: dict[str, Any]) -> None:
    """Errors are of the size that the number of draws leaves."""
    true = machine("spin", visible=range(6), scale=0.5)
    found = mg.BoltzmannMachine.from_graph(_graph(true), values="spin")
    data = exact_draws(true, 5000, 1)
    found.fit(
        data,
        optimizer=mg.Adam(mg.training.Cosine(0.05, 0.0005)),
        epochs=120,
        batch_size=len(data),
        monitor_every=120,
        seed=1,
        **options,
    )
    error = np.sqrt(np.mean((found.weights - true.weights) ** 2))
    # The Fisher information of a coupling is at most 1.
    assert 0.3 / np.sqrt(len(data)) < error < 4 / np.sqrt(len(data))


def _graph(model: mg.BoltzmannMachine) -> tuple[Any, Any, Any]:
    return (*model.edges, np.ones(model.weights.size))


def test_phases_belong_to_the_likelihood() -> None:
    model = mg.BoltzmannMachine.from_graph(np.ones((3, 3)) - np.eye(3))
    with pytest.raises(ValueError, match="positive and negative must be None for objective="):
        model.fit([[0, 1, 1]], objective="ratio_matching", negative=Chains())
