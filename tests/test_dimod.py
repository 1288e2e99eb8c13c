"""The dimod face: what its answers are, seeds, and where reads start."""

import inspect
import json
import unittest
from collections.abc import Callable
from typing import Any

import dimod
import dimod.testing
import numpy as np
import pytest

from magnetite.dimod import Neal, SimulatedAnnealingSampler
from tools.bqms import ZERO_BIASES, oddly_labelled, samples, spin_glass


@pytest.fixture
def sampler() -> SimulatedAnnealingSampler:
    return SimulatedAnnealingSampler()


@pytest.fixture
def theirs() -> Any:
    return pytest.importorskip("dwave.samplers").SimulatedAnnealingSampler()


# Conformance


@dimod.testing.load_sampler_bqm_tests(SimulatedAnnealingSampler)
@pytest.mark.filterwarnings(ZERO_BIASES)
class TestConformance(unittest.TestCase):
    def test_api(self) -> None:
        dimod.testing.assert_sampler_api(SimulatedAnnealingSampler())


def test_signature_begins_with_theirs_and_adds_keywords_only(theirs: Any) -> None:
    ours = list(inspect.signature(SimulatedAnnealingSampler().sample).parameters.values())
    dwave = list(inspect.signature(theirs.sample).parameters.values())
    for mine, original in zip(ours, dwave[:-1], strict=False):
        assert (mine.name, mine.default, mine.kind) == (
            original.name,
            original.default,
            original.kind,
        )
    extras = ours[len(dwave) - 1 :]
    assert extras[-1].kind is inspect.Parameter.VAR_KEYWORD
    assert {extra.kind for extra in extras[:-1]} == {inspect.Parameter.KEYWORD_ONLY}


def test_parameters_and_properties_hold_theirs(theirs: Any) -> None:
    ours = SimulatedAnnealingSampler()
    for name, related in theirs.parameters.items():
        assert ours.parameters[name] == related
    for name, value in theirs.properties.items():
        assert ours.properties[name] == value
    accepted = inspect.signature(ours.sample).parameters
    assert set(ours.parameters) == set(accepted) - {"bqm", "kwargs"}


def test_parameters_are_each_samplers_own() -> None:
    SimulatedAnnealingSampler().parameters["mine"] = []
    assert "mine" not in SimulatedAnnealingSampler().parameters


def test_neal_is_an_alias() -> None:
    assert Neal is SimulatedAnnealingSampler


def test_context_manager_closes(sampler: SimulatedAnnealingSampler) -> None:
    with sampler as entered:
        assert entered is sampler
        assert len(entered.sample(spin_glass(4), num_reads=2)) == 2
    sampler.close()


def test_unknown_keyword_warns_and_is_ignored(sampler: SimulatedAnnealingSampler) -> None:
    with pytest.warns(dimod.exceptions.SamplerUnknownArgWarning, match="'sweeps'"):
        assert len(sampler.sample(spin_glass(4), num_reads=3, sweeps=5)) == 3


# The form of the answer


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, object])
def test_answer_is_in_the_callers_terms(
    sampler: SimulatedAnnealingSampler, vartype: str, dtype: type
) -> None:
    bqm = oddly_labelled(vartype, dtype)
    sampleset = sampler.sample(bqm, num_reads=9, num_sweeps=30, seed=4)
    assert sampleset.vartype is bqm.vartype
    assert set(sampleset.variables) == set(bqm.variables)
    assert samples(sampleset).shape == (9, 3)
    assert samples(sampleset).dtype == np.int8
    assert sampleset.record.energy.dtype == np.float64
    assert (sampleset.record.num_occurrences == 1).all()
    dimod.testing.assert_sampleset_energies(sampleset, bqm)


def test_the_callers_model_is_left_alone(sampler: SimulatedAnnealingSampler) -> None:
    bqm = spin_glass().change_vartype("BINARY", inplace=False)
    before = bqm.copy()
    sampler.sample(bqm, num_reads=2, num_sweeps=5)
    assert bqm.vartype is dimod.BINARY
    assert bqm == before


def test_ising_and_qubo_forms(sampler: SimulatedAnnealingSampler) -> None:
    ising = sampler.sample_ising([0.0, 0.5], {(0, 1): -1.0}, num_reads=4, seed=1)
    assert ising.vartype is dimod.SPIN
    assert ising.first.sample == {0: -1, 1: -1}
    qubo = sampler.sample_qubo({("a", "a"): -1.0, ("a", "b"): 2.0}, num_reads=4, seed=1)
    assert qubo.vartype is dimod.BINARY
    assert qubo.first.sample == {"a": 1, "b": 0}


def test_reads_find_the_ground_state(sampler: SimulatedAnnealingSampler) -> None:
    bqm = spin_glass(12)
    exact = dimod.ExactSolver().sample(bqm).first.energy
    assert sampler.sample(bqm, num_reads=20, seed=1).first.energy == pytest.approx(exact)


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
@pytest.mark.filterwarnings(ZERO_BIASES)
def test_empty_bqm(sampler: SimulatedAnnealingSampler, vartype: str) -> None:
    bqm = dimod.BinaryQuadraticModel({}, {}, 1.5, vartype)
    sampleset = sampler.sample(bqm, num_reads=3)
    assert samples(sampleset).shape == (3, 0)
    assert sampleset.vartype is bqm.vartype
    assert sampleset.record.energy.tolist() == [1.5] * 3
    assert min(sampleset.info["timing"].values()) > 0


def test_info_has_the_keys_of_theirs(sampler: SimulatedAnnealingSampler, theirs: Any) -> None:
    bqm = spin_glass()
    ours, dwave = sampler.sample(bqm, seed=1).info, theirs.sample(bqm, seed=1).info
    assert set(dwave) <= set(ours)
    assert set(dwave["timing"]) <= set(ours["timing"])
    for name in dwave["timing"]:
        assert isinstance(ours["timing"][name], int)
        assert ours["timing"][name] > 0
    assert ours["beta_range"] == pytest.approx(dwave["beta_range"], rel=1e-12)
    assert ours["beta_schedule_type"] == "geometric"
    assert ours["seed"] == 1


def test_answer_can_be_written_as_json(sampler: SimulatedAnnealingSampler) -> None:
    sampleset = sampler.sample(spin_glass(5), num_reads=2, seed=1)
    again = dimod.SampleSet.from_serializable(json.loads(json.dumps(sampleset.to_serializable())))
    assert (samples(again) == samples(sampleset)).all()


# Seeds and initial states


def test_seed_repeats(sampler: SimulatedAnnealingSampler) -> None:
    bqm = spin_glass()
    first = sampler.sample(bqm, num_reads=5, num_sweeps=20, seed=9)
    again = sampler.sample(bqm, num_reads=5, num_sweeps=20, seed=9)
    other = sampler.sample(bqm, num_reads=5, num_sweeps=20, seed=10)
    assert (samples(first) == samples(again)).all()
    assert (samples(first) != samples(other)).any()


def test_reads_of_one_call_differ(sampler: SimulatedAnnealingSampler) -> None:
    sampleset = sampler.sample(spin_glass(30), num_reads=8, num_sweeps=1, seed=0)
    assert len(np.unique(samples(sampleset), axis=0)) == 8


def test_samples_do_not_depend_on_threads_or_further_reads(
    sampler: SimulatedAnnealingSampler,
) -> None:
    bqm = spin_glass()
    one = sampler.sample(bqm, num_reads=40, num_sweeps=20, seed=9, num_threads=1)
    two = sampler.sample(bqm, num_reads=40, num_sweeps=20, seed=9, num_threads=2)
    few = sampler.sample(bqm, num_reads=7, num_sweeps=20, seed=9)
    assert (samples(one) == samples(two)).all()
    assert (samples(one)[:7] == samples(few)).all()


def test_seed_none_follows_numpys_global_stream(sampler: SimulatedAnnealingSampler) -> None:
    state = np.random.get_state()
    try:
        np.random.seed(5)
        first = sampler.sample(spin_glass(), num_sweeps=3)
        second = sampler.sample(spin_glass(), num_sweeps=3)
        np.random.seed(5)
        again = sampler.sample(spin_glass(), num_sweeps=3)
    finally:
        np.random.set_state(state)
    assert first.info["seed"] != second.info["seed"]
    assert (samples(first) == samples(again)).all()


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.SeedSequence])
def test_seeds_of_numpy(sampler: SimulatedAnnealingSampler, make: Callable[[int], Any]) -> None:
    bqm = spin_glass()
    first = sampler.sample(bqm, num_reads=3, num_sweeps=5, seed=make(1))
    again = sampler.sample(bqm, num_reads=3, num_sweeps=5, seed=make(1))
    replayed = sampler.sample(bqm, num_reads=3, num_sweeps=5, seed=first.info["seed"])
    assert (samples(first) == samples(again)).all()
    assert (samples(first) == samples(replayed)).all()


@pytest.mark.parametrize("seed", [0, 1, np.int64(7), 2**31 - 1])
def test_seeds_at_the_ends(sampler: SimulatedAnnealingSampler, seed: int) -> None:
    assert sampler.sample(spin_glass(4), seed=seed).info["seed"] == seed


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_zero_sweeps_return_the_initial_states_of_theirs(
    sampler: SimulatedAnnealingSampler, theirs: Any, vartype: str
) -> None:
    bqm = spin_glass().change_vartype(vartype)
    ours = sampler.sample(bqm, num_reads=5, num_sweeps=0, seed=11)
    dwave = theirs.sample(bqm, num_reads=5, num_sweeps=0, seed=11)
    assert ours.variables == dwave.variables
    assert (samples(ours) == samples(dwave)).all()
    assert ours.record.energy == pytest.approx(dwave.record.energy)


def test_initial_states_in_either_vartype(sampler: SimulatedAnnealingSampler) -> None:
    bqm = dimod.BinaryQuadraticModel({"a": -1.0, "b": 1.0}, {}, 0.0, "SPIN")
    for states in ({"a": 1, "b": -1}, {"a": 1, "b": 0}, ([[-1, 1]], ["b", "a"])):
        sampleset = sampler.sample(bqm, num_sweeps=0, initial_states=states)
        assert sampleset.first.sample == {"a": 1, "b": -1}


def test_number_of_reads_follows_the_initial_states(sampler: SimulatedAnnealingSampler) -> None:
    bqm = spin_glass(3)
    states = np.array([[1, 1, 1], [-1, -1, -1]], dtype=np.int8)
    common: dict[str, Any] = {"initial_states": states, "num_sweeps": 0, "seed": 2}
    assert (samples(sampler.sample(bqm, **common)) == states).all()
    assert (samples(sampler.sample(bqm, num_reads=1, **common)) == states[:1]).all()
    tiled = sampler.sample(bqm, num_reads=5, initial_states_generator="tile", **common)
    assert (samples(tiled) == states[[0, 1, 0, 1, 0]]).all()
    drawn = samples(sampler.sample(bqm, num_reads=50, **common))
    assert (drawn[:2] == states).all()
    assert len(np.unique(drawn[2:], axis=0)) > 2


def test_too_few_initial_states_are_refused(sampler: SimulatedAnnealingSampler) -> None:
    with pytest.raises(ValueError, match="insufficient number of initial states"):
        sampler.sample(
            spin_glass(2), num_reads=2, initial_states=[1, 1], initial_states_generator="none"
        )
    with pytest.raises(ValueError, match="mismatch between variables"):
        sampler.sample(spin_glass(2), initial_states={0: 1})


def test_initial_states_are_left_alone(sampler: SimulatedAnnealingSampler) -> None:
    states = np.ones((3, 6), dtype=np.int8)
    sampler.sample(spin_glass(6), initial_states=states, num_sweeps=10, seed=1)
    assert (states == 1).all()
