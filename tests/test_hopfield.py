"""Hopfield networks: stored patterns are fixed points, recall, capacity, the equal machine."""

import itertools
import math
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

import magnetite as mg
from tools.states import all_states

RULES = ("hebbian", "pseudoinverse")
PATTERNS = hnp.arrays(
    np.int8, st.tuples(st.integers(1, 5), st.integers(1, 7)), elements=st.sampled_from([-1, 1])
)


def random_patterns(count: int, sites: int, seed: int = 1) -> NDArray[np.int8]:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (count, sites))


def projection(patterns: NDArray[np.int8]) -> NDArray[np.float64]:
    return np.linalg.pinv(patterns.astype(float), rcond=1e-10) @ patterns


@given(PATTERNS)
@settings(max_examples=40)
def test_energies_are_those_of_the_rules(patterns: NDArray[np.int8]) -> None:
    couplings = {
        "hebbian": patterns.T.astype(float) @ patterns / patterns.shape[1],
        "pseudoinverse": projection(patterns),
    }
    for rule, w in couplings.items():
        network = mg.Hopfield.from_patterns(patterns, rule=rule)
        s = all_states(network).astype(float)
        off = w - np.diag(np.diag(w))
        expected = -np.einsum("ki,ij,kj->k", s, off, s) / 2
        np.testing.assert_allclose(network.energies(s), expected, atol=1e-11)


@given(PATTERNS, st.sampled_from(RULES))
@settings(max_examples=40)
def test_the_machine_has_the_energy_up_to_its_constant(
    patterns: NDArray[np.int8], rule: str
) -> None:
    network = mg.Hopfield.from_patterns(patterns, rule=rule)
    rbm, states = network.to_rbm(), all_states(network)
    independent = np.linalg.matrix_rank(patterns)
    assert rbm.n_hidden == (len(patterns) if rule == "hebbian" else independent)
    shift = rbm.n_hidden * (1 + math.log(2 * math.pi)) / 2
    energies = network.energies(states)
    np.testing.assert_allclose(rbm.free_energy(states) + shift, energies, rtol=0, atol=1e-10)
    cold = rbm.free_energy(states, beta=2.5)  # the same distribution at every beta
    np.testing.assert_allclose(cold - cold[0], energies - energies[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("rule", RULES)
def test_energies_of_a_large_machine(rule: str) -> None:
    network = mg.Hopfield.from_patterns(random_patterns(40, 300), rule=rule)
    rbm, states = network.to_rbm(), random_patterns(20, 300, seed=2)
    shift = rbm.n_hidden * (1 + math.log(2 * math.pi)) / 2
    np.testing.assert_allclose(
        rbm.free_energy(states) + shift, network.energies(states), rtol=0, atol=1e-10
    )


@given(PATTERNS)
@settings(max_examples=40)
def test_projected_patterns_stay(patterns: NDArray[np.int8]) -> None:
    found = mg.Hopfield.from_patterns(patterns, rule="pseudoinverse").recall(patterns, seed=1)
    assert found.converged.all()
    np.testing.assert_array_equal(found.states, patterns)
    np.testing.assert_array_equal(found.overlaps.diagonal(), 1.0)


@given(PATTERNS, st.sampled_from(RULES), st.integers(0, 2**32))
@settings(max_examples=40)
def test_recall_stays_at_fixed_points_and_ends_at_them(
    patterns: NDArray[np.int8], rule: str, seed: int
) -> None:
    """A fixed point, by enumeration: no state a flip away is lower. Ties do not move it."""
    network = mg.Hopfield.from_patterns(patterns, rule=rule)
    states = all_states(network)
    energies = network.energies(states)
    flips = np.arange(len(states))[:, None] ^ (1 << np.arange(network.num_variables))
    fixed = (energies[flips] >= energies[:, None] - 1e-10).all(axis=1)
    found = network.recall(states, seed=seed)
    assert (found.states[fixed] == states[fixed]).all()
    assert (network.energies(found.states) <= energies + 1e-10).all()
    ends = ((found.states > 0) << np.arange(network.num_variables)).sum(axis=1)
    np.testing.assert_array_equal(found.converged, fixed[ends])
    assert found.converged.all()


def test_recall_mends_cues() -> None:
    patterns = random_patterns(10, 200)
    network = mg.Hopfield.from_patterns(patterns)
    cues = patterns.copy()
    cues[:, ::10] *= -1
    found = network.recall(cues, seed=1)
    np.testing.assert_array_equal(found.states, patterns)
    np.testing.assert_array_equal(found.overlaps, network.overlaps(patterns))
    np.testing.assert_array_equal(network.overlaps(patterns[0]), found.overlaps[0])
    assert repr(found) == ("<Recall: 10 states of 200 spins, 10 converged; mean best overlap 1>")


def test_a_cue_does_not_depend_on_its_neighbours_and_threads() -> None:
    network = mg.Hopfield.from_patterns(random_patterns(30, 100))
    cues = random_patterns(40, 100, seed=2)
    together = network.recall(cues, seed=3, num_threads=2)
    assert len(np.unique(network.recall(cues[:1].repeat(2, axis=0), seed=3).states, axis=0)) == 1
    for k in (0, 17, 39):
        alone = network.recall(cues[k], seed=3, num_threads=1)
        np.testing.assert_array_equal(alone.states[0], together.states[k])
    assert (network.recall(cues, seed=4).states != together.states).any()


def test_sweeps_run_out() -> None:
    network = mg.Hopfield.from_patterns(random_patterns(30, 100))
    cues = random_patterns(40, 100, seed=2)
    none = network.recall(cues, max_sweeps=0, seed=1)
    np.testing.assert_array_equal(none.states, cues)
    assert not none.converged.any()
    one = network.recall(cues, max_sweeps=1, seed=1)
    assert 0 <= one.converged.sum() < 40
    assert network.recall(cues, seed=1).converged.all()


def test_spins_without_couplings_keep_their_values() -> None:
    network = mg.Hopfield.from_patterns([[1, 1, 1, 1], [1, 1, 1, -1]])
    for last, seed in itertools.product([-1, 1], range(8)):
        *others, kept = network.recall([1, 1, -1, last], seed=seed).states[0].tolist()
        assert kept == last
        assert len(set(others)) == 1


def test_capacity() -> None:
    """Recall is whole at a load of 0.05 and gone past 0.138; projections store up to n / 2."""
    found = mg.Hopfield.capacity(300, [0.05, 0.3], num_networks=2, seed=1)
    assert found.num_patterns.tolist() == [15, 90]
    assert found.overlaps.value[0] > 0.9999
    assert found.overlaps.value[1] < 0.5
    assert found.overlaps.reliable.all()
    projected = mg.Hopfield.capacity(
        100, [0.25], rule="pseudoinverse", num_networks=2, flipped=0.05, seed=1
    )
    assert projected.overlaps.value[0] > 0.999
    assert repr(projected) == "<Capacity: 1 at load 0.25>"


def test_it_is_an_ising_model_for_all(tmp_path: Path) -> None:
    network = mg.Hopfield.from_patterns([[1, 1, 1, -1, -1, 1, -1]])
    assert abs(mg.anneal(network, num_reads=2, num_sweeps=50, seed=1).best.energy + 3) < 1e-12
    copy = pickle.loads(pickle.dumps(network))
    assert (copy.rule, copy.patterns.tolist()) == (network.rule, network.patterns.tolist())
    mg.anneal(network, num_reads=2, num_sweeps=5, seed=1, checkpoint=tmp_path / "run")
    assert mg.resume(tmp_path / "run").best.energy < 0


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ([[1, 0, 1]], "patterns must hold -1 or 1, got 0.0 at index (0, 1); for bits x take"),
        ([[1, -1], [1, 2]], "patterns must hold -1 or 1, got 2.0 at index (1, 1)"),
        ([[1, math.nan]], "patterns must hold -1 or 1, got nan at index (0, 1)"),
        ([1, -1], "patterns must have shape (p, n), p and n at least 1, got shape (2,)"),
        (np.empty((0, 3)), "patterns must have shape (p, n), p and n at least 1, got shape (0, 3)"),
        ([[1], [1, 1]], "patterns must be an array of numbers"),
    ],
)
def test_patterns_refused(patterns: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        mg.Hopfield.from_patterns(patterns)


def test_other_input_refused() -> None:
    network = mg.Hopfield.from_patterns([[1, -1, 1]])
    with pytest.raises(TypeError, match=r"use Hopfield\.from_patterns"):
        mg.Hopfield([[1, -1]])
    with pytest.raises(TypeError, match="patterns must hold real numbers"):
        mg.Hopfield.from_patterns([["a", "b"]])
    with pytest.raises(ValueError, match="rule must be one of 'hebbian', 'pseudoinverse', got 3"):
        mg.Hopfield.from_patterns([[1, -1]], rule=3)
    with pytest.raises(ValueError, match="states must hold -1 or 1, got 0 at index"):
        network.recall([0, 1, 1])
    with pytest.raises(ValueError, match="max_sweeps must be at least 0, got -1"):
        network.recall([1, 1, 1], max_sweeps=-1)
    for options, message in (
        ({"loads": [0.1, -1.0]}, "loads must be positive, got -1.0 at index 1"),
        ({"loads": []}, "loads must be a vector of at least one load"),
        ({"flipped": 1.5}, "flipped must be from 0 to 1, got 1.5"),
        ({"num_networks": 1}, "num_networks must be at least 2, got 1"),
        ({"num_sites": 0}, "num_sites must be at least 1, got 0"),
    ):
        chosen: dict[str, Any] = {"num_sites": 10, "loads": [0.1], **options}
        with pytest.raises(ValueError, match=re.escape(message)):
            mg.Hopfield.capacity(chosen.pop("num_sites"), chosen.pop("loads"), **chosen)
