"""Small Boltzmann machines with hidden units, and their moments by plain sums."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
from magnetite.boltzmann import Context, Moments, Parameters, Phase, Rows
from tools.laws import all_states

Floats = NDArray[np.float64]


class Recorder:
    """An optimiser that makes plain steps and keeps the gradients."""

    def __init__(self, rate: float) -> None:
        self.rate, self.seen = rate, []

    def __repr__(self) -> str:
        return "Recorder"

    def start(self, shapes: Any, dtype: Any) -> Any:
        recorder = self

        class Run:
            def steps(self, gradients: Any, clock: Any) -> mg.training.Steps:
                recorder.seen.append({name: g.copy() for name, g in gradients.items()})
                return mg.training.Steps(gradients, recorder.rate)

            def state(self) -> dict[str, Any]:
                return {}

            def restore(self, state: dict[str, Any]) -> None: ...

        return Run()


def moved(model: mg.BoltzmannMachine, weights: Any, biases: Any) -> mg.BoltzmannMachine:
    """Return a machine of other weights and biases."""
    other = copy.copy(model)
    other._become(Parameters(model.weights + weights, model.biases + biases))
    return other


def slopes_of(
    model: mg.BoltzmannMachine, function: Callable[[mg.BoltzmannMachine], float]
) -> dict[str, Floats]:
    """Return the derivatives of a function of a machine, by finite differences."""
    step, sizes = 1e-5, {"weights": model.weights.size, "biases": model.biases.size}
    found = {name: np.zeros(size) for name, size in sizes.items()}
    for name, size in sizes.items():
        for k in range(size):
            change = {other: np.zeros(count) for other, count in sizes.items()}
            change[name][k] = step
            up = function(moved(model, change["weights"], change["biases"]))
            down = function(moved(model, -change["weights"], -change["biases"]))
            found[name][k] = (up - down) / (2 * step)
    return found


def machine(
    values: Any = "binary",
    num_units: int = 6,
    visible: Any = (0, 2, 5),
    scale: float = 1.0,
    seed: int = 1,
) -> mg.BoltzmannMachine:
    """Return a machine of random weights on a graph that lacks a few pairs."""
    rng = np.random.default_rng(seed)
    rows, cols = np.triu_indices(num_units, 1)
    kept = (rows + 2 * cols) % 5 != 0
    weights = scale * rng.standard_normal(kept.sum())
    edges = rows[kept], cols[kept], weights
    biases = scale * rng.standard_normal(num_units)
    return mg.BoltzmannMachine(edges, biases, visible=visible, values=values)


def law(model: mg.BoltzmannMachine) -> tuple[Floats, Floats]:
    """Return all states, and their probabilities."""
    states = all_states(model).astype(np.float64)
    logs = -np.asarray(model.energies(states))
    weights = np.exp(logs - logs.max())
    return states, weights / weights.sum()


def exact_moments(
    model: mg.BoltzmannMachine, rows: Floats | None = None, weights: Floats | None = None
) -> Moments:
    """Return moments of the machine alone, or given weighted rows of its visible units."""
    states, chances = law(model)
    if rows is not None:
        shares = np.ones(len(rows)) if weights is None else weights
        posterior = np.zeros(len(states))
        for row, share in zip(rows, shares / shares.sum(), strict=True):
            held = chances * (states[:, model.visible] == row).all(axis=1)
            posterior += share * held / held.sum()
        chances = posterior
    first, second = model.edges
    return Moments(chances @ states, chances @ (states[:, first] * states[:, second]))


def visible_rows(model: mg.BoltzmannMachine, count: int = 4, seed: int = 3) -> Floats:
    """Return random values of the visible units."""
    low, high = model.values
    bits = np.random.default_rng(seed).integers(0, 2, (count, model.visible.size))
    return (low + (high - low) * bits).astype(np.float64)


def phase_moments(
    model: mg.BoltzmannMachine,
    phase: Phase,
    rows: Floats | None = None,
    *,
    weights: Floats | None = None,
    updates: int = 1,
    seed: int = 5,
    num_threads: int = 2,
    inputs: Any = (),
) -> list[Moments]:
    """Return what a phase says in each update, held at rows or at `inputs` of them, or alone."""
    clamped = rows is not None and not inputs
    given = visible_rows(model) if rows is None else rows
    shares = np.ones(len(given)) if weights is None else weights
    spins = np.where(given == model.values[1], 1, -1).astype(np.int8)
    clamps = Rows(spins, shares / shares.sum())
    columns = np.array(inputs, np.int64)
    context = Context(model._topology, clamped, len(given), len(given), seed, num_threads, columns)
    run = phase.start(context)
    return [run.moments(model._parameters, clamps, update) for update in range(updates)]


def flat(moments: Moments) -> Floats:
    """Return all moments in one vector."""
    return np.concatenate(moments)
