"""Graphs, clauses and numbers of the data folder: every file loads, and small ones are solved.

The folder is the one that MAGNETITE_DATA names; without it these tests are skipped.
"""

import csv
import gzip
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import magnetite as mg
from magnetite.models import Clique, GraphColoring, MaxSat, Model, NumberPartition


@cache
def listed(data_dir: Path, family: str) -> dict[str, dict[str, str]]:
    with open(data_dir / "best_known.csv", newline="") as table:
        return {row["instance"]: row for row in csv.DictReader(table) if row["family"] == family}


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("latin1")


def edges_of(path: Path) -> set[tuple[int, int]]:
    """Read the edges the slow way."""
    lines = (line.split() for line in text_of(path).splitlines() if line.startswith("e"))
    return {(min(int(i), int(j)), max(int(i), int(j))) for _, i, j in lines}


def test_every_clique_file_loads(data_dir: Path) -> None:
    for row in listed(data_dir, "dimacs_clique").values():
        model = mg.read(data_dir / row["file"])
        assert isinstance(model, Clique)
        n, m = int(row["n"]), int(row["m"])
        assert model.variables == tuple(range(1, n + 1))
        assert model.core.num_couplings == n * (n - 1) // 2 - m
        edges = edges_of(data_dir / row["file"])
        assert len(edges) == m
        taken = np.random.default_rng(1).choice(n, 6, replace=False)
        state = np.isin(np.arange(n), taken)
        pairs = {(i + 1, j + 1) for i in taken for j in taken if i < j}
        assert model.decode(state).violations.get("pairs not joined", 0) == len(pairs - edges)


def test_every_colouring_file_loads(data_dir: Path) -> None:
    for row in listed(data_dir, "dimacs_color").values():
        path, n = data_dir / row["file"], int(row["n"])
        model = mg.read(path, problem="coloring", num_colors=3)
        assert isinstance(model, GraphColoring)
        assert model.num_variables == 3 * n
        edges = edges_of(path)
        graph = model.graph
        assert {(i + 1, j + 1) for i, j in zip(graph.rows, graph.cols, strict=True)} == edges
        assert len(edges) == int(row["m"])
        colors = np.random.default_rng(1).integers(0, 3, n)
        conflicts = sum(colors[i - 1] == colors[j - 1] for i, j in edges)
        found = model.decode(np.eye(3, dtype=int)[colors].ravel())
        assert found.objective == model.objective(np.eye(3)[colors].ravel()) == conflicts


def test_every_file_of_clauses_loads(data_dir: Path) -> None:
    for row in listed(data_dir, "satlib").values():
        model = mg.read(data_dir / row["file"])
        assert isinstance(model, MaxSat)
        assert model.num_truths == int(row["n"])
        assert len(model.clauses) == int(row["m"])
        state = np.random.default_rng(1).integers(0, 2, model.num_variables)
        text = text_of(data_dir / row["file"]).split("%")[0]
        lines = [line.split() for line in text.splitlines() if line and line[0] not in "cp"]
        truth = {v: bool(state[v - 1]) for v in range(1, model.num_truths + 1)}
        broken = sum(not any(truth[abs(int(v))] == (int(v) > 0) for v in c[:-1]) for c in lines)
        assert model.decode(state).objective == broken
        assert model.objective(state) >= broken


def test_every_file_of_numbers_loads(data_dir: Path) -> None:
    for row in listed(data_dir, "number_partitioning").values():
        model = mg.read(data_dir / row["file"])
        assert isinstance(model, NumberPartition)
        numbers = [int(word) for word in text_of(data_dir / row["file"]).split()]
        assert model.numbers == tuple(numbers)
        state = np.random.default_rng(1).choice([-1, 1], len(numbers))
        difference = abs(int(state @ np.array(numbers)))
        assert model.objective(state) == model.decode(state).difference == difference


SOLVED = {
    "dimacs_clique": ["C125.9", "gen200_p0.9_44", "hamming8-4", "keller4", "p_hat300-1"],
    "dimacs_color": ["myciel3", "myciel4", "myciel5", "queen5_5", "1-FullIns_3", "mug88_1", "huck"],
    "satlib": ["uf20-01", "uf20-010", "uf50-01", "uf50-010", "uf75-01", "uuf50-01"],
    "number_partitioning": [
        "npp_n10_b8",
        "npp_n15_b10",
        "npp_n20_b16",
        "npp_n25_b12",
        "npp_n40_b12",
        "npp_n100_b8",
    ],
}
SOLVED_SLOWLY = {
    "dimacs_clique": ["brock200_2", "C500.9", "gen400_p0.9_55", "p_hat700-1", "p_hat300-2"],
    "dimacs_color": ["queen6_6", "DSJC125.1", "games120", "miles250", "anna", "le450_5a"],
    "satlib": ["uf100-01", "uf125-011", "uf150-016", "uuf100-01"],
    "number_partitioning": ["npp_n30_b20", "npp_n64_b16"],
}


def solve(data_dir: Path, family: str, name: str, num_sweeps: int, num_reads: int) -> None:
    row = listed(data_dir, family)[name]
    best_known = float(row["best_known"])
    path = data_dir / row["file"]
    model: Model
    if family == "dimacs_color":
        model, best_known = mg.read(path, num_colors=int(best_known)), 0.0
    else:
        model = mg.read(path)
    result = mg.anneal(
        model,
        num_reads=num_reads,
        num_sweeps=num_sweeps,
        target_energy=model.objective_to_energy(best_known),
        seed=1,
    )
    assert isinstance(model, Clique | GraphColoring | MaxSat | NumberPartition)
    found = model.decode(result.best.state)
    assert found.feasible
    assert found.objective == result.best_objective == best_known


@pytest.mark.parametrize(("family", "name"), [(f, n) for f in SOLVED for n in SOLVED[f]])
def test_small_ones_are_solved(data_dir: Path, family: str, name: str) -> None:
    solve(data_dir, family, name, num_sweeps=4000, num_reads=256)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "name"), [(f, n) for f in SOLVED_SLOWLY for n in SOLVED_SLOWLY[f]]
)
def test_larger_ones_are_solved(data_dir: Path, family: str, name: str) -> None:
    solve(data_dir, family, name, num_sweeps=20_000, num_reads=1024)
