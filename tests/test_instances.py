"""What ships is what its maker makes, and its optimum is proven by other means than annealing."""

from importlib import resources

import numpy as np
import pytest

import magnetite as mg
from magnetite import instances
from tools.torus import Torus, ground_state_energy, make_torus

# name -> width, length, seed: everything there is to know about a torus
TORI = {"torus_12x60": (12, 60, 1)}


def exhaustive_minimum(torus: Torus) -> int:
    n = torus.around.size
    states = 1 - 2 * ((np.arange(1 << n)[:, None] >> np.arange(n)) & 1)
    energies = np.zeros(1 << n, np.int64)
    for i, j, weight in torus.edges():
        energies += weight * states[:, i] * states[:, j]
    return int(energies.min())


@pytest.mark.parametrize(("width", "length"), [(3, 3), (3, 4), (4, 3), (3, 5), (4, 4), (5, 3)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_transfer_matrix_equals_exhaustive_search(width: int, length: int, seed: int) -> None:
    torus = make_torus(width, length, seed)
    assert ground_state_energy(torus, block=3) == exhaustive_minimum(torus)


@pytest.mark.parametrize("coupling", [-1, 1])
def test_transfer_matrix_knows_the_closed_forms(coupling: int) -> None:
    # A ferromagnet satisfies all 2n bonds; an antiferromagnet too, on a torus with both sides even.
    bonds = np.full((8, 6), coupling, np.int16)
    assert ground_state_energy(Torus(around=bonds, along=bonds)) == -2 * 48


def test_every_instance_has_its_proof() -> None:
    assert set(instances.names()) == set(TORI)


@pytest.mark.parametrize("name", instances.names())
def test_file_is_what_its_maker_makes(name: str) -> None:
    shipped = resources.files(instances) / f"{name}.rud"
    assert shipped.read_text(encoding="ascii") == make_torus(*TORI[name]).rudy()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "torus_12x60" else [])
        for name in instances.names()
    ],
)
def test_optimum_is_proven(name: str) -> None:
    torus = make_torus(*TORI[name])
    energy = ground_state_energy(torus)
    model = instances.load(name)
    assert model.energy_to_objective(energy) == instances.best_known(name)
    total = sum(weight for _, _, weight in torus.edges())
    assert (total - energy) / 2 == instances.best_known(name)


@pytest.mark.parametrize("name", instances.names())
def test_annealing_reaches_the_optimum(name: str) -> None:
    model = instances.load(name)
    result = mg.anneal(model, num_reads=64, num_sweeps=5000, seed=1)
    state, energy = result.best
    assert model.objective(state) == instances.best_known(name)
    assert model.energy_to_objective(energy) == instances.best_known(name)
    assert energy == result.energies.min()


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="name must be one of torus_12x60, got 'torus'"):
        instances.load("torus")
    with pytest.raises(ValueError, match="name must be one of torus_12x60, got ''"):
        instances.best_known("")
