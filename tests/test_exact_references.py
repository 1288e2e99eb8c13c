"""Results against exact numbers: enumeration, finite lattices, proven ground states."""

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.models import Model
from tools.lattice import square_lattice
from tools.laws import all_states, boltzmann, deviation

RNG = np.random.default_rng(11)
DENSE = np.triu(RNG.normal(size=(8, 8)), 1)
SMALL: dict[str, Model] = {
    "dense reals": mg.Ising(DENSE, RNG.normal(size=8), offset=2.5),
    "sparse signs": mg.Ising({(i, (i + 3) % 8): (-1) ** i for i in range(8)}),
    "qubo": mg.Qubo(np.round(2 * DENSE), offset=-1.0),
    "boltzmann": mg.BoltzmannMachine(DENSE, RNG.normal(size=8)),
}
SE = 5  # standard errors


@pytest.mark.parametrize("scan", ["sequential", "permutation", "random"])
@pytest.mark.parametrize("kernel", ["metropolis", "gibbs"])
@pytest.mark.parametrize("name", SMALL)
def test_means_are_those_of_enumeration(name: str, kernel: str, scan: str) -> None:
    model, beta = SMALL[name], 0.4
    result = mg.sample(
        model,
        beta=beta,
        num_chains=200,
        num_sweeps=400,
        warmup=100,
        thin=2,
        kernel=kernel,
        scan=scan,
        store_states=True,
        seed=5,
    )
    states, law = all_states(model).astype(float), boltzmann(model, beta)
    draws = result.draws.astype(float)
    assert deviation(result.energies, float(law @ model.energies(all_states(model)))) < SE
    np.testing.assert_allclose(
        result.energies.ravel(), model.energies(result.draws.reshape(-1, 8)), rtol=0, atol=1e-5
    )
    for i in range(8):
        assert deviation(draws[:, :, i], float(law @ states[:, i])) < SE
        for j in range(i):
            exact = float(law @ (states[:, i] * states[:, j]))
            assert deviation(draws[:, :, i] * draws[:, :, j], exact) < SE


def test_moments_are_those_of_the_draws() -> None:
    model = SMALL["dense reals"]
    result = mg.sample(model, num_chains=37, num_sweeps=50, thin=3, store_states=True, seed=1)
    draws = result.draws.reshape(-1, 8).astype(float)
    np.testing.assert_allclose(result.mean, draws.mean(axis=0), rtol=0, atol=1e-13)
    products = draws[:, result.edges[0]] * draws[:, result.edges[1]]
    np.testing.assert_allclose(result.correlations, products.mean(axis=0), rtol=0, atol=1e-13)


CRITICAL = math.log(1 + math.sqrt(2)) / 2
# Kaufman's formula, checked against enumeration for L = 4: beta, L, energy a spin.
LATTICES = [
    (0.2, 4, -0.456135369543),
    (0.4, 4, -1.37911648226),
    (CRITICAL, 4, -1.56562378764),
    (0.2, 8, -0.4283680589),
    (0.4, 8, -1.222320643),
    (CRITICAL, 8, -1.491589107),
    (0.2, 16, -0.4282288387),
    (0.4, 16, -1.131317984),
]
# Of the 4 x 4 lattice: beta, <m^2>, <|m|>.
MAGNETISATIONS = [
    (0.2, 0.1751994781, 0.3427656276),
    (0.4, 0.6548257569, 0.7647123932),
    (CRITICAL, 0.7613589086, 0.8438604448),
]


@pytest.mark.parametrize("kernel", ["metropolis", "gibbs"])
@pytest.mark.parametrize(("beta", "size", "energy"), LATTICES)
def test_energy_of_square_lattices(beta: float, size: int, energy: float, kernel: str) -> None:
    result = mg.sample(
        square_lattice(size),
        beta=beta,
        num_chains=256,
        num_sweeps=500,
        warmup=500,
        thin=2,
        kernel=kernel,
        scan="permutation",
        seed=2,
    )
    assert deviation(result.energies / size**2, energy) < SE


@pytest.mark.parametrize(("beta", "square", "absolute"), MAGNETISATIONS)
def test_magnetisation_of_the_smallest_lattice(beta: float, square: float, absolute: float) -> None:
    result = mg.sample(
        square_lattice(4),
        beta=beta,
        num_chains=256,
        num_sweeps=1000,
        warmup=500,
        thin=2,
        store_states=True,
        seed=4,
    )
    magnetisation = result.draws.mean(axis=2)
    assert deviation(magnetisation, 0.0) < SE
    assert deviation(magnetisation**2, square) < SE
    assert deviation(np.abs(magnetisation), absolute) < SE


@pytest.mark.parametrize("kernel", ["metropolis", "gibbs"])
@pytest.mark.parametrize("kind", ["signs", "reals"])
def test_annealing_finds_the_ground_state_of_a_glass(kind: str, kernel: str) -> None:
    rng = np.random.default_rng(20)
    size = (16, 16)
    couplings = rng.choice([-1.0, 1.0], size) if kind == "signs" else rng.normal(size=size)
    model = mg.Ising(np.triu(couplings, 1))
    ground = float(np.asarray(model.energies(all_states(model))).min())
    for seed in range(10):
        result = mg.anneal(model, num_reads=64, num_sweeps=500, kernel=kernel, seed=seed)
        assert result.best.energy == pytest.approx(ground, rel=1e-12, abs=0)
        found = np.isclose(result.energies, ground, rtol=1e-12, atol=0).mean()
        assert found > 0.5


def test_sherrington_kirkpatrick_ground_states(data_dir: Path) -> None:
    for size in range(10, 101, 10):
        with np.load(data_dir / "sk" / f"SK1_N{size}.npz") as stored:
            couplings, ground = stored["J"], stored["E0"]
        for matrix, energy in zip(couplings, ground.tolist(), strict=True):
            result = mg.anneal(mg.Ising(matrix), num_reads=64, num_sweeps=300, seed=1)
            assert result.best.energy == energy, f"SK of {size} spins"


def proven(data_dir: Path, family: str, start: str, largest: int) -> list[dict[str, Any]]:
    """Return the instances of a family, by the start of their names, of at most `largest` sites.

    (The two `.qubo` files of OR-Library problems are their originals, to be maximised.)
    """
    with open(data_dir / "best_known.csv", encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["family"] == family and row["instance"].startswith(start)
        ]
    return [
        row
        for row in rows
        if row["optimal"] == "yes"
        and int(row["n"]) <= largest
        and not row["file"].endswith(".qubo")
    ]


@pytest.mark.parametrize(
    ("family", "start", "largest"),
    [
        ("biqmac_rudy", "g05_", 100),
        ("biqmac_rudy", "pm1", 100),
        ("biqmac_rudy", "pw", 100),
        ("biqmac_rudy", "w0", 100),
        ("biqmac_ising", "t2g", 100),
        ("biqmac_ising", "t3g", 125),
        ("biqmac_be", "be", 100),
        ("orlib_bqp", "bqp", 100),
    ],
)
def test_proven_optima(data_dir: Path, family: str, start: str, largest: int) -> None:
    rows = proven(data_dir, family, start, largest)
    assert rows
    for row in rows:
        result = mg.anneal(mg.read(data_dir / row["file"]), num_reads=64, num_sweeps=500, seed=1)
        assert result.best_objective == float(row["best_known"]), row["instance"]
