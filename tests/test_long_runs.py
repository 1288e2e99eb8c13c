"""Longer runs against exact numbers: large lattices, optima proven or best known."""

import csv
from pathlib import Path

import numpy as np
import pytest

import magnetite as mg
from tools.lattice import lattice_energy, square_lattice
from tools.laws import deviation

pytestmark = pytest.mark.slow

CRITICAL = float(np.log1p(np.sqrt(2)) / 2)
SE = 5  # standard errors


@pytest.mark.parametrize("kernel", ["metropolis", "gibbs"])
@pytest.mark.parametrize("beta", [0.3, CRITICAL, 0.5])
def test_energy_of_large_lattices(beta: float, kernel: str) -> None:
    size = 32
    result = mg.sample(
        square_lattice(size),
        beta=beta,
        num_chains=256,
        num_sweeps=20_000,
        warmup=20_000,
        thin=10,
        kernel=kernel,
        initial_states=np.ones(size**2, np.int8),  # no stripes below the critical temperature
        seed=3,
    )
    assert deviation(result.energies / size**2, lattice_energy(size, beta)) < SE


@pytest.mark.parametrize(("family", "start"), [("biqmac_be", "be"), ("orlib_bqp", "bqp")])
def test_proven_optima_of_250_sites(data_dir: Path, family: str, start: str) -> None:
    with open(data_dir / "best_known.csv", encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["family"] == family
            and row["instance"].startswith(start)
            and row["optimal"] == "yes"
            and int(row["n"]) <= 250
            and not row["file"].endswith(".qubo")  # the originals of two others, to be maximised
        ]
    assert rows
    for row in rows:
        result = mg.anneal(mg.read(data_dir / row["file"]), num_reads=128, num_sweeps=5000, seed=1)
        assert result.best_objective == float(row["best_known"]), row["instance"]


@pytest.mark.parametrize(
    ("name", "num_sweeps", "cut"),
    [
        ("G1", 2000, 11624),
        ("G6", 2000, 2178),
        ("G11", 2000, 564),
        ("G22", 20_000, 13359),
        ("G43", 5000, 6660),
    ],
)
def test_best_known_cuts(data_dir: Path, name: str, num_sweeps: int, cut: int) -> None:
    model = mg.read(data_dir / "gset" / f"{name}.txt.gz")
    result = mg.anneal(model, num_reads=256, num_sweeps=num_sweeps, seed=1)
    assert result.best_objective == cut
