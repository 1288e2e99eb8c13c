"""Exact sums against known values: Kaufman's lattices, transfer matrices, proven ground states."""

import csv
import math
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite import instances
from tools.lattice import lattice_energy, log_partition, square_lattice

CRITICAL = math.log(1 + math.sqrt(2)) / 2
# Of the 4 x 4 torus: beta, log Z, from Kaufman's formula; and its density of states.
LOG_Z = [
    (0.2, 11.7714703585),
    (0.4, 14.5610930238),
    (CRITICAL, 15.5219154588),
    (0.5, 17.1053671187),
    (0.6, 20.0565328843),
]
COUNTS = [2, 32, 64, 424, 1728, 6688, 13568, 20524, 13568, 6688, 1728, 424, 64, 32, 2]
LEVELS = [-32, *range(-24, 25, 4), 32]


def test_density_of_states_of_the_smallest_lattice() -> None:
    levels = mg.exact(square_lattice(4)).levels
    assert levels is not None
    assert levels.energies.tolist() == LEVELS
    assert levels.counts.tolist() == COUNTS


@pytest.mark.parametrize("method", ["enumeration", "elimination"])
@pytest.mark.parametrize(("beta", "log_z"), LOG_Z)
def test_log_z_of_the_smallest_lattice(beta: float, log_z: float, method: str) -> None:
    result = mg.exact(square_lattice(4), beta=beta, method=method)
    assert result.log_z == pytest.approx(log_z, rel=0, abs=6e-11)  # as many digits as are given
    assert result.degeneracy == 2
    np.testing.assert_allclose(result.mean, 0, atol=1e-15)


@pytest.mark.parametrize("size", [4, 6, 8])
def test_lattices_by_elimination(size: int) -> None:
    betas = np.array([0.2, 0.4, CRITICAL, 0.6])
    curves = mg.exact(square_lattice(size), method="elimination").thermodynamics(betas)
    for k, beta in enumerate(betas.tolist()):
        assert curves.log_z.value[k] == pytest.approx(log_partition(size, beta), rel=1e-12)
        # The formula is differentiated numerically, with a step of 1e-4.
        energy = size**2 * lattice_energy(size, beta)
        assert curves.energy.value[k] == pytest.approx(energy, rel=1e-6)


def counted_states(data_dir: Path, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    with open(data_dir / "physics/ising2d_density_of_states.csv", encoding="ascii") as file:
        rows = [row for row in csv.DictReader(file) if int(row["L"]) == size]
    return np.array([float(r["E"]) for r in rows]), np.array([float(r["count"]) for r in rows])


def close(value: float, exact: float) -> None:
    assert value == pytest.approx(exact, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("size", [4, 6, 8])
def test_lattices_against_counted_states(data_dir: Path, size: int) -> None:
    energies, counts = counted_states(data_dir, size)
    result = mg.exact(square_lattice(size), beta=0.3, method="elimination")
    assert (result.ground_energy, result.degeneracy) == (energies[0], counts[0])
    betas = np.array([0.0, 0.1, 0.44, 1.0])
    curves = result.thermodynamics(np.append(betas, math.inf))
    for k, beta in enumerate(betas.tolist()):
        weights = counts * np.exp(-beta * (energies - energies[0]))
        mean = weights @ energies / weights.sum()
        variance = weights @ (energies - mean) ** 2 / weights.sum()
        close(curves.log_z.value[k], np.log(weights.sum()) - beta * energies[0])
        close(curves.energy.value[k], mean)
        close(curves.entropy.value[k], np.log(weights.sum()) + beta * (mean - energies[0]))
        close(curves.heat_capacity.value[k], beta**2 * variance)
    close(curves.entropy.value[-1], math.log(counts[0]))
    close(curves.energy.value[-1], energies[0])


def test_heat_capacity_of_lattices(data_dir: Path) -> None:
    with open(data_dir / "physics/ising2d_finite_torus_exact.csv", encoding="ascii") as file:
        rows = [r for r in csv.DictReader(file) if int(r["L"]) <= 8]
    assert rows
    for row in rows:
        size = int(row["L"])
        at = mg.exact(square_lattice(size), beta=1 / float(row["T"]), method="elimination")
        capacity = float(row["heat_capacity_per_spin"])
        assert at.log_z / size**2 == pytest.approx(float(row["lnZ_per_spin"]), rel=1e-12)
        assert at.heat_capacity / size**2 == pytest.approx(capacity, rel=1e-10)


@pytest.mark.parametrize("name", ["n10_1", "n14_2", "n16_3"])
@pytest.mark.parametrize("method", ["enumeration", "elimination"])
def test_dense_models(data_dir: Path, name: str, method: str) -> None:
    with np.load(data_dir / f"physics/ising_dense_{name}.npz") as known:
        model = mg.Ising(-known["J"], -known["h"])
        for k, beta in enumerate(known["beta"].tolist()):
            result = mg.exact(model, beta=beta, method=method)
            assert result.log_z == pytest.approx(known["lnZ"][k], rel=1e-12)
            assert result.mean_energy == pytest.approx(known["energy"][k], rel=1e-11)
            np.testing.assert_allclose(result.mean, known["mean"][k], rtol=0, atol=1e-12)
            pairs = known["corr"][k][tuple(result.edges)]
            np.testing.assert_allclose(result.correlations, pairs, rtol=0, atol=1e-12)
        assert result.ground_energy == pytest.approx(float(known["E_min"]), rel=1e-14)
        assert result.ground_states.tolist() == [known["s_min"].tolist()]


def test_rings(data_dir: Path) -> None:
    with open(data_dir / "physics/ising1d_ring_exact.csv", encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        n, field, beta = int(row["N"]), float(row["h"]), 1 / float(row["T"])
        ring = mg.Ising({(i, (i + 1) % n): -1.0 for i in range(n)}, np.full(n, -field))
        result = mg.exact(ring, beta=beta)
        assert result.log_z / n == pytest.approx(float(row["lnZ_per_spin"]), rel=1e-12)
        assert result.mean_energy / n == pytest.approx(float(row["energy_per_spin"]), rel=1e-11)
        magnetisation = float(row["magnetisation"])
        np.testing.assert_allclose(result.mean, magnetisation, rtol=1e-11, atol=1e-12)


def sk(data_dir: Path, sizes: tuple[int, ...]) -> None:
    for size in sizes:
        with np.load(data_dir / "sk" / f"SK1_N{size}.npz") as stored:
            couplings, ground = stored["J"], stored["E0"]
        for matrix, energy in zip(couplings, ground.tolist(), strict=True):
            result = mg.exact(mg.Ising(matrix), method="enumeration")
            assert result.ground_energy == energy
            states = result.ground_states
            assert result.degeneracy == len(states) == len(np.unique(states, axis=0))
            assert (np.asarray(mg.Ising(matrix).energies(states)) == energy).all()


def test_sherrington_kirkpatrick_ground_states(data_dir: Path) -> None:
    sk(data_dir, (10, 20))


@pytest.mark.slow
def test_sherrington_kirkpatrick_ground_states_of_thirty(data_dir: Path) -> None:
    sk(data_dir, (30,))


def transfer(couplings: NDArray[np.float64], fields: NDArray[np.float64], beta: float) -> float:
    """Return log Z of an open chain, site by site."""
    spins = np.array([-1.0, 1.0])
    logs = -beta * fields[0] * spins
    for coupling, field in zip(couplings, fields[1:], strict=True):
        energies = coupling * np.outer(spins, spins) + field * spins
        logs = np.logaddexp.reduce(logs[:, None] - beta * energies, axis=0)
    return float(np.logaddexp.reduce(logs))


def quickest(model: mg.Ising, **options: float) -> float:
    def took() -> float:
        started = time.perf_counter()
        mg.exact(model, **options)  # type: ignore[arg-type]
        return time.perf_counter() - started

    return min(took() for _ in range(3))


def test_long_chain_against_the_transfer_matrix() -> None:
    n, beta = 10_000, 0.7
    rng = np.random.default_rng(4)
    couplings, fields = rng.normal(size=n - 1), rng.normal(size=n)
    model = mg.Ising((np.arange(n - 1), np.arange(1, n), couplings), fields)
    result = mg.exact(model, beta=beta)
    assert result.log_z == pytest.approx(transfer(couplings, fields, beta), rel=1e-12)
    assert result.info["width"] == 1
    assert quickest(model) < 1


def test_long_tree() -> None:
    n, beta = 10_000, 0.7
    rng = np.random.default_rng(4)
    parents, couplings = rng.integers(0, np.arange(1, n)), rng.normal(size=n - 1)
    model = mg.Ising((np.arange(1, n), parents, couplings))
    result = mg.exact(model, beta=beta)
    exact = n * math.log(2) + np.log(np.cosh(beta * couplings)).sum()
    assert result.log_z == pytest.approx(exact, rel=1e-12)
    assert result.ground_energy == pytest.approx(-np.abs(couplings).sum(), rel=1e-12)
    assert result.degeneracy == 2
    weights = model.core.edges()[2]
    np.testing.assert_allclose(result.correlations, -np.tanh(beta * weights), rtol=0, atol=1e-11)
    assert quickest(model) < 1


def test_long_ladder() -> None:
    """Log Z from the eigenvalues of a 4 x 4 transfer matrix."""
    rungs, beta = 5_000, 0.6
    left, right = np.arange(0, 2 * rungs, 2), np.arange(1, 2 * rungs, 2)
    rows = np.concatenate([left, left[:-1], right[:-1]])
    cols = np.concatenate([right, left[1:], right[1:]])
    model = mg.Ising((rows, cols, np.full(rows.size, -1.0)))
    spins = np.array([[a, b] for a in (-1, 1) for b in (-1, 1)])
    rung = np.exp(beta * spins.prod(axis=1) / 2)
    matrix = np.exp(beta * spins @ spins.T) * np.outer(rung, rung)
    values, vectors = np.linalg.eigh(matrix)
    ends = vectors.T @ rung
    shares = (values / values[-1]) ** (rungs - 1) @ ends**2
    exact = (rungs - 1) * math.log(values[-1]) + math.log(shares)
    result = mg.exact(model, beta=beta)
    assert result.log_z == pytest.approx(exact, rel=1e-12)
    assert (result.ground_energy, result.degeneracy) == (-float(rows.size), 2)
    assert quickest(model) < 1


def test_ground_state_of_the_shipped_glass_is_too_wide_and_says_so() -> None:
    with pytest.raises(ValueError, match=r"elimination needs tables of width 2\d "):
        mg.exact(instances.load("torus_12x60"))


@pytest.mark.slow
def test_planar_glass_of_some_width() -> None:
    """A 16 x 40 lattice, open: its lowest energy by elimination, its states by annealing."""
    site = np.arange(16 * 40).reshape(40, 16)
    rows = np.concatenate([site[:, 1:].ravel(), site[1:].ravel()])
    cols = np.concatenate([site[:, :-1].ravel(), site[:-1].ravel()])
    signs = np.random.default_rng(2).choice([-1.0, 1.0], rows.size)
    model = mg.Ising((rows, cols, signs))
    result = mg.exact(model, beta=2.0, num_ground_states=10)
    assert (np.asarray(model.energies(result.ground_states)) == result.ground_energy).all()
    assert (
        mg.anneal(model, num_reads=64, num_sweeps=3000, seed=1).best.energy == result.ground_energy
    )
