"""Planted states are ground states: by enumeration where that can be, else tile by tile."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.planted import Planted


def all_spins(n: int) -> NDArray[np.int8]:
    return (2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1) - 1).astype(np.int8)


def least_energy(model: mg.Ising) -> float:
    """Return the ground energy by trying all states, one of each pair of opposite ones."""
    n = model.num_variables
    return float(model.energies(all_spins(n - 1) @ np.eye(n - 1, n, dtype=np.int8) + last(n)).min())


def last(n: int) -> NDArray[np.int8]:
    up = np.zeros(n, np.int8)
    up[-1] = 1
    return up


@pytest.mark.parametrize("entries", ["gaussian", "sign"])
@pytest.mark.parametrize("n", [2, 3, 9, 14])
@pytest.mark.parametrize("alpha", [0.26, 0.75, 1.5])
def test_wishart_plants_a_ground_state(entries: Any, n: int, alpha: float) -> None:
    for seed in range(5):
        problem = mg.planted.wishart(n, alpha, entries=entries, seed=seed)
        assert problem.model.energies(problem.state) == problem.energy
        assert least_energy(problem.model) == pytest.approx(problem.energy, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("n", [8, 9])
def test_wishart_of_signs_is_whole(n: int) -> None:
    problem = mg.planted.wishart(n, 1.0, entries="sign", seed=1)
    weights = problem.model.polynomial().weights
    assert (weights == np.round(weights)).all()
    assert least_energy(problem.model) == problem.energy


def test_wishart_has_the_published_law() -> None:
    """Couplings W W^T / n, where entries of W have variance 1 and correlation -1 / (n - 1)."""
    n, alpha, repeats = 12, 0.5, 2000
    gauged = []
    for seed in range(repeats):
        problem = mg.planted.wishart(n, alpha, seed=seed)
        energy = problem.model.polynomial()
        t = problem.state.astype(float)
        gauged.append((energy.weights * t[energy.rows] * t[energy.cols]).mean())
    mean, error = np.mean(gauged), np.std(gauged, ddof=1) / np.sqrt(repeats)
    assert abs(mean - -alpha / (n - 1)) < 4 * error


def test_tiles_plant_a_ground_state() -> None:
    for seed in range(8):
        chances = np.random.default_rng(seed).dirichlet(np.ones(4))
        problem = mg.planted.tile_2d(4, probabilities=chances, seed=seed)
        assert least_energy(problem.model) == problem.energy


def test_tiles_have_the_ground_states_of_their_class() -> None:
    """A lattice of one class is made of plaquettes with so many ground states, and no others."""
    edges = [(0, 1), (0, 4), (1, 5), (4, 5)]
    for count in range(4):
        chances = np.eye(4)[count]
        problem = mg.planted.tile_2d(4, probabilities=chances, seed=count)
        weights = dict(zip(*pairs_of(problem), strict=True))
        tile = {pair: weights[pair] for pair in edges}  # that of the corner (0, 0)
        energies = np.array(
            [sum(w * s[i] * s[j] for (i, j), w in tile.items()) for s in all_spins(6)]
        )
        best = energies.min()
        assert np.count_nonzero(energies == best) == 2 * (count + 1) * 2**2  # spins 2, 3 are free
        assert sorted(map(abs, tile.values())) == [1.0] * (count + 1) + [2.0] * (3 - count)


def pairs_of(problem: Planted) -> tuple[list[tuple[int, int]], list[float]]:
    energy = problem.model.polynomial()
    pairs = list(zip(energy.rows.tolist(), energy.cols.tolist(), strict=True))
    return pairs, energy.weights.tolist()


@pytest.mark.parametrize(("kind", "broken", "states"), [(0, 2, 8), (1, 2, 4), (2, 3, 16)])
def test_cells_have_the_planted_state_as_ground_state(kind: int, broken: int, states: int) -> None:
    """All 48 orientations of a cell, by enumeration of its 8 spins."""
    problem = mg.planted.tile_3d(6, probabilities=np.eye(3)[kind], seed=kind)
    assert problem.model.core.num_couplings == 3 * 6**3  # no coupling belongs to two cells
    assert problem.energy == -(12 - 2 * broken) * 6**3 / 4
    weights = dict(zip(*pairs_of(problem), strict=True))
    seen = set()
    spins = all_spins(8)
    for z in range(6):
        for y in range(z % 2, 6, 2):
            for x in range(z % 2, 6, 2):
                sites = [
                    (x + (u & 1)) % 6 + 6 * ((y + (u >> 1 & 1)) % 6) + 36 * ((z + (u >> 2)) % 6)
                    for u in range(8)
                ]
                cell = [
                    (
                        u,
                        u | bit,
                        weights[min(sites[u], sites[u | bit]), max(sites[u], sites[u | bit])],
                    )
                    for bit in (1, 2, 4)
                    for u in range(8)
                    if not u & bit
                ]
                energies = sum(w * spins[:, i] * spins[:, j] for i, j, w in cell)
                planted = sum(
                    w * problem.state[sites[i]] * problem.state[sites[j]] for i, j, w in cell
                )
                assert energies.min() == planted == -(12 - 2 * broken)
                assert np.count_nonzero(energies == planted) == states
                seen.add(
                    frozenset(
                        (i, j)
                        for i, j, w in cell
                        if w * problem.state[sites[i]] * problem.state[sites[j]] > 0
                    )
                )
    assert len(seen) > 4  # orientations differ


MAKERS: list[Callable[[Any], Planted]] = [
    lambda seed: mg.planted.wishart(8, 1.0, seed=seed),
    lambda seed: mg.planted.wishart(8, 1.0, entries="sign", seed=seed),
    lambda seed: mg.planted.tile_2d(4, seed=seed),
    lambda seed: mg.planted.tile_3d(4, seed=seed),
]


@pytest.mark.parametrize("make", MAKERS)
def test_seeds_and_the_gauge(make: Callable[[Any], Planted]) -> None:
    one, again, other = make(1), make(np.random.SeedSequence(1)), make(2)
    assert one.state.tolist() == again.state.tolist()
    assert one.model.polynomial().weights.tolist() == again.model.polynomial().weights.tolist()
    assert one.model.polynomial().weights.tolist() != other.model.polynomial().weights.tolist()
    ups = np.array([make(seed).state for seed in range(100)])
    # Hidden: each spin is up in about half of the problems.
    assert (np.abs(ups.mean(axis=0)) < 5 / np.sqrt(len(ups))).all()
    assert one.state.dtype == np.int8


def test_annealing_finds_what_was_planted() -> None:
    for problem in (
        mg.planted.wishart(24, 1.0, entries="sign", seed=3),
        mg.planted.tile_2d(8, seed=3),
        mg.planted.tile_3d(4, probabilities=(0.2, 0.5, 0.3), seed=3),
    ):
        result = mg.anneal(problem.model, num_sweeps=5000, target_energy=problem.energy, seed=1)
        assert result.best.energy == problem.energy


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: mg.planted.wishart(1, 1.0), "n must be at least 2, got 1"),
    (lambda: mg.planted.wishart(8, 0.0), "alpha must give at least one column, alpha "),
    (lambda: mg.planted.wishart(8, float("nan")), "alpha must be finite, got nan"),
    (lambda: mg.planted.wishart(8, "1"), "alpha must be a real number, got str"),  # type: ignore
    (lambda: mg.planted.wishart(8, 1, entries="x"), "entries must be one of"),  # type: ignore
    (lambda: mg.planted.wishart(8, 1, seed=-1), "seed must be non-negative, got -1"),
    (lambda: mg.planted.tile_2d(5), "size must be even, got 5"),
    (lambda: mg.planted.tile_3d(2), "size must be at least 4, got 2"),
    (
        lambda: mg.planted.tile_2d(4, probabilities=(1, 0, 0)),
        "probabilities must be 4 numbers, got shape (3,)",
    ),
    (
        lambda: mg.planted.tile_3d(4, probabilities=(1, 0, 0.5)),
        "probabilities must be non-negative and sum to 1, got [1.0, 0.0, 0.5]",
    ),
    (
        lambda: mg.planted.tile_3d(4, probabilities=(2, -1, 0)),
        "probabilities must be non-negative and sum to 1, got [2.0, -1.0, 0.0]",
    ),
    (
        lambda: mg.planted.tile_3d(4, probabilities=(np.nan, 1, 0)),
        "probabilities must be finite, got nan at index 0",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input(call: Callable[[], Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert str(caught.value).startswith(message)
