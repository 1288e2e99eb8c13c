"""Every Ising, QUBO and MaxCut file of the data folder loads, and means what it should.

The folder is the one that MAGNETITE_DATA names; without it these tests are skipped.
"""

import csv
import gzip
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.models import MaxCut, Model

# Family -> class and sense of what its files hold.
FAMILIES: dict[str, tuple[type[Model], str]] = {
    "gset": (MaxCut, "maximise"),
    "sg3d": (MaxCut, "maximise"),
    "torus": (MaxCut, "maximise"),
    "biqmac_rudy": (MaxCut, "maximise"),
    "biqmac_ising": (MaxCut, "maximise"),
    "biqmac_be": (mg.Qubo, "minimise"),
    "biqmac_gka": (mg.Qubo, "minimise"),
    "orlib_bqp": (mg.Qubo, "minimise"),
    "qplib": (mg.Qubo, "minimise"),
    "planted": (mg.Ising, "minimise"),
}


@cache
def listed(data_dir: Path, family: str) -> list[dict[str, str]]:
    """Return the rows of the table of best values that are about files of pair energies."""
    with open(data_dir / "best_known.csv", newline="") as table:
        return [
            row
            for row in csv.DictReader(table)
            if row["family"] == family and "xorsat" not in row["instance"]
        ]


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("family", FAMILIES)
def test_files_mean_what_their_lines_say(data_dir: Path, family: str, every: int) -> None:
    kind, sense = FAMILIES[family]
    rows = listed(data_dir, family)[::every]
    assert rows
    rng = np.random.default_rng(1)
    for row in rows:
        model = mg.read(data_dir / row["file"])
        assert type(model) is kind, row["file"]
        assert model.sense == sense
        assert model.num_variables == int(row["n"]), row["file"]
        assert model.core.num_couplings <= int(row["m"]), row["file"]  # zeros are dropped
        up = rng.integers(0, 2, model.num_variables)
        state = up if kind is mg.Qubo else 2 * up - 1
        assert model.energies(state) == plain_energy(data_dir / row["file"], state), row["file"]


def plain_energy(path: Path, state: NDArray[np.int64]) -> float:
    """Read a file the slow way and return the energy of one state, by the folder's conventions."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    lines = [line.split() for line in text.splitlines() if line.strip() and line[0] not in "#cp"]
    counted_once = path.suffix in (".qubo", ".ising")
    energy = 0
    for i, j, weight in lines if counted_once else lines[1:]:
        first, second = (int(i), int(j)) if counted_once else (int(i) - 1, int(j) - 1)
        times = 2 if ".sparse" in path.name and first != second else 1
        energy += times * int(float(weight)) * int(state[first]) * int(state[second])
    return energy


@pytest.mark.parametrize("family", ["gset", "sg3d", "torus"])
def test_stored_solutions_have_their_value(data_dir: Path, family: str) -> None:
    files = {row["instance"]: row["file"] for row in listed(data_dir, family)}
    solutions = sorted((data_dir / family / "solutions").glob("*.sol"))
    assert solutions
    for solution in solutions:
        name, value = solution.stem.rsplit("_", 1)
        model = mg.read(data_dir / files[name])
        sides = [2 * int(side) - 1 for side in solution.read_text().strip()]
        assert model.objective(sides) == int(value), solution.name


@pytest.mark.parametrize(
    "name",
    ["p3000.1", *(pytest.param(name, marks=pytest.mark.slow) for name in ("p3000.4", "p5000.1"))],
)
def test_palubeckis(data_dir: Path, name: str) -> None:
    with np.load(data_dir / "palubeckis" / f"{name}.npz") as stored:
        diagonal, upper = stored["diag"], stored["upper"]
        state, value = stored["x"], int(stored["x_value"])
    matrix = np.zeros((diagonal.size, diagonal.size))
    matrix[np.triu_indices(diagonal.size, 1)] = upper
    model = mg.Qubo(matrix + matrix.T + np.diag(diagonal), sense="maximise")
    assert model.objective(state) == value


def test_sherrington_kirkpatrick_ground_energies(data_dir: Path) -> None:
    for size in range(10, 101, 10):
        with np.load(data_dir / "sk" / f"SK1_N{size}.npz") as stored:
            couplings, ground = stored["J"], stored["E0"]
        for matrix, energy in zip(couplings, ground.tolist(), strict=True):
            model = mg.Ising(matrix)
            assert model.core.num_couplings == size * (size - 1) // 2
            if size == 10:
                states = 2 * (np.arange(1024)[:, None] >> np.arange(10) & 1) - 1
                assert model.energies(states).min() == energy


def test_k2000_is_the_same_in_both_forms(data_dir: Path) -> None:
    model = mg.read(data_dir / "k2000" / "WK2000_1.rud.gz")
    assert isinstance(model, MaxCut)
    assert model.total_weight == -1040
    with np.load(data_dir / "k2000" / "WK2000_1.npz") as stored:
        signs = np.unpackbits(stored["upper_bits"])[: 2000 * 1999 // 2]
    weights = model.polynomial().weights
    positive = int((weights > 0).sum())
    assert weights.size == signs.size
    assert positive in (int(signs.sum()), signs.size - int(signs.sum()))


@pytest.mark.parametrize(("instance", "other"), [("bqp50_1", "bqp50-1"), ("bqp100_1", "bqp100-1")])
def test_the_same_qubo_in_two_formats(data_dir: Path, instance: str, other: str) -> None:
    """The .qubo files are the originals of qbsolv, which maximised: energies are the negative."""
    folder = data_dir / "orlib_bqp"
    literal = mg.read(folder / "qubo_format" / f"{instance}.qubo")
    negated = mg.read(folder / f"{other}.sparse.gz")
    states = np.random.default_rng(1).integers(0, 2, (50, literal.num_variables))
    assert literal.energies(states).tolist() == (-negated.energies(states)).tolist()


def test_one_qubo_in_qplib_and_orlib(data_dir: Path) -> None:
    """The same matrix, with its variables in another order."""
    qplib = mg.read(data_dir / "qplib" / "QPLIB_5922.qubo").polynomial()
    orlib = mg.read(data_dir / "orlib_bqp" / "bqp500-2.sparse.gz").polynomial()
    assert sorted(qplib.linear) == sorted(orlib.linear)
    assert sorted(qplib.weights) == sorted(orlib.weights)


@pytest.mark.parametrize("name", ["N24_1", "N24_2", "N48_1", "N48_2"])
def test_products_of_three_spins(data_dir: Path, name: str) -> None:
    path = data_dir / "planted" / f"xorsat3_{name}.ising"
    model = mg.read(path)
    lines = [line.split() for line in path.read_text().splitlines() if line[0] != "#"]
    i, j, k, weights = np.array(lines, np.int64).T
    number = weights.size
    assert model.num_variables == 2 * number
    found = mg.anneal(model, num_sweeps=20_000, target_energy=-number, seed=1)
    assert found.best.energy == -number  # planted
    spins = found.states[:, :number]
    products = (weights * spins[:, i] * spins[:, j] * spins[:, k]).sum(axis=1)
    assert (found.energies >= products).all()
    assert products.min() == -number


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("gset/G1.txt.gz", "a.rud.gz"),
        ("biqmac_be/be100.1.sparse.gz", "a.sparse"),
        ("biqmac_be/be100.1.sparse.gz", "a.bqp"),
        ("qplib/QPLIB_3506.qubo", "a.qubo"),
        ("planted/tile3d_L6_1.ising", "a.coo"),
        ("torus/torusg3-15.mc.gz", "a.qubo"),
    ],
)
def test_real_files_written_and_read_again(
    data_dir: Path, tmp_path: Path, file: str, name: str
) -> None:
    model = mg.read(data_dir / file)
    mg.write(model, tmp_path / name)
    again = mg.read(tmp_path / name)
    spins = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (20, model.num_variables))
    ours = model.energies(model.from_spins(spins))
    assert again.energies(again.from_spins(spins)).tolist() == ours.tolist()
