"""The dimod face of replica exchange."""

import inspect
import json
import unittest
from typing import Any

import dimod
import dimod.testing
import numpy as np
import pytest

import magnetite as mg
from magnetite.control import Progress
from magnetite.dimod import ParallelTemperingSampler
from tools.bqms import oddly_labelled, samples, spin_glass

SMALL: dict[str, Any] = {"betas": [0.1, 0.4, 1.0], "num_sweeps": 50, "seed": 1}


@pytest.fixture
def sampler() -> ParallelTemperingSampler:
    return ParallelTemperingSampler()


@dimod.testing.load_sampler_bqm_tests(ParallelTemperingSampler)
class TestConformance(unittest.TestCase):
    def test_api(self) -> None:
        dimod.testing.assert_sampler_api(ParallelTemperingSampler())


def test_parameters_are_the_keywords(sampler: ParallelTemperingSampler) -> None:
    accepted = inspect.signature(sampler.sample).parameters
    assert list(sampler.parameters) == [n for n in accepted if n not in ("bqm", "kwargs")]
    for related in sampler.parameters.values():
        assert set(related) <= set(sampler.properties)
    sampler.parameters["mine"] = []
    assert "mine" not in ParallelTemperingSampler().parameters


def test_defaults_are_those_of_temper(sampler: ParallelTemperingSampler) -> None:
    ours = inspect.signature(sampler.sample).parameters
    theirs = inspect.signature(mg.temper).parameters
    for name in set(ours) & set(theirs) - {"kernel"}:
        assert ours[name].default == theirs[name].default, name
    assert ours["kernel"].default == mg.Ising.default_kernel
    assert ours["num_reads"].default == theirs["num_ladders"].default
    assert ours["num_replicas"].default is theirs["num_rungs"].default


def test_unknown_keyword_warns_and_is_ignored(sampler: ParallelTemperingSampler) -> None:
    with pytest.warns(dimod.exceptions.SamplerUnknownArgWarning, match="'sweeps'"):
        assert len(sampler.sample(spin_glass(4), sweeps=5, **SMALL)) == 2


# The form of the answer


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, object])
def test_answer_is_in_the_callers_terms(
    sampler: ParallelTemperingSampler, vartype: str, dtype: type
) -> None:
    bqm = oddly_labelled(vartype, dtype)
    before = bqm.copy()
    sampleset = sampler.sample(bqm, num_reads=5, **SMALL)
    assert sampleset.vartype is bqm.vartype
    assert set(sampleset.variables) == set(bqm.variables)
    assert samples(sampleset).shape == (5, 3)
    assert samples(sampleset).dtype == np.int8
    dimod.testing.assert_sampleset_energies(sampleset, bqm)
    assert sampleset.first.energy == dimod.ExactSolver().sample(bqm).first.energy
    assert bqm == before


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
@pytest.mark.parametrize("keywords", [{}, SMALL], ids=["tuned", "given"])
def test_empty_bqm(
    sampler: ParallelTemperingSampler, vartype: str, keywords: dict[str, Any]
) -> None:
    bqm = dimod.BinaryQuadraticModel({}, {}, 1.5, vartype)
    sampleset = sampler.sample(bqm, num_reads=3, **keywords)
    assert samples(sampleset).shape == (3, 0)
    assert sampleset.vartype is bqm.vartype
    assert set(sampleset.record.energy) == {1.5}
    assert min(sampleset.info["timing"].values()) > 0


def test_info_tells_of_the_ladder(sampler: ParallelTemperingSampler) -> None:
    bqm = spin_glass()
    info = sampler.sample(bqm, num_reads=3, num_sweeps=200, num_replicas=5, seed=1).info
    assert len(info["betas"]) == info["num_rungs"] == 5
    assert len(info["swap_rates"]) == 4
    assert len(info["round_trips"]) == info["num_ladders"] == 3
    assert all(isinstance(ns, int) and ns > 0 for ns in info["timing"].values())
    again = sampler.sample(bqm, betas=info["betas"], num_sweeps=200, seed=1).info
    assert again["betas"] == info["betas"]


def test_answer_can_be_written_as_json(sampler: ParallelTemperingSampler) -> None:
    sampleset = sampler.sample(spin_glass(5), keep="last", **SMALL)
    again = dimod.SampleSet.from_serializable(json.loads(json.dumps(sampleset.to_serializable())))
    assert (samples(again) == samples(sampleset)).all()


# Which states are returned


def test_the_same_run_as_that_of_temper(sampler: ParallelTemperingSampler) -> None:
    bqm = spin_glass()
    sampleset = sampler.sample(bqm, num_reads=4, keep="last", **SMALL)
    result = mg.temper(mg.Ising.from_bqm(bqm), num_ladders=4, **SMALL)
    assert list(sampleset.variables) == list(result.variables)
    assert (samples(sampleset) == result.states[:, -1]).all()
    verdict = result.equilibration.verdict
    assert sampleset.info["equilibrated"] is verdict.equilibrated
    assert sampleset.info["verdict"] == str(verdict)


def test_last_states_are_draws_at_the_coldest_beta(sampler: ParallelTemperingSampler) -> None:
    bqm = spin_glass(8)
    energies = dimod.ExactSolver().sample(bqm).record.energy
    drawn = sampler.sample(
        bqm,
        betas=[0.05, 0.15, 0.3],
        num_reads=1000,
        num_sweeps=30,
        cluster_moves=False,  # reads are then independent
        keep="last",
        seed=1,
    ).record.energy
    error = drawn.std(ddof=1) / np.sqrt(drawn.size)

    def mean_at(beta: float) -> float:
        weights = np.exp(-beta * (energies - energies.min()))
        return float(weights @ energies / weights.sum())

    assert abs(drawn.mean() - mean_at(0.3)) < 4 * error
    assert abs(drawn.mean() - mean_at(0.25)) > 4 * error


def test_best_takes_the_place_of_the_worst(sampler: ParallelTemperingSampler) -> None:
    bqm = spin_glass(20)
    keywords: dict[str, Any] = {"betas": [0.02, 0.05, 0.1], "num_reads": 6, "seed": 1}
    last = sampler.sample(bqm, keep="last", **keywords)
    best = sampler.sample(bqm, keep="best", **keywords)
    low = best.info["best_energy"]
    assert last.record.energy.min() > low == pytest.approx(best.first.energy, abs=1e-9)
    worst = last.record.energy.argmax()
    others = np.arange(6) != worst
    assert (samples(best)[others] == samples(last)[others]).all()
    assert best.record.energy[worst] == best.first.energy
    assert "verdict" not in best.info


def test_best_changes_nothing_where_a_sample_is_as_low(sampler: ParallelTemperingSampler) -> None:
    bqm = dimod.BinaryQuadraticModel.from_ising({}, {("a", "b"): -1.0})
    keywords: dict[str, Any] = {"betas": [1.0, 20.0], "num_reads": 32, "seed": 1}
    last = sampler.sample(bqm, keep="last", **keywords)
    best = sampler.sample(bqm, keep="best", **keywords)
    assert len(np.unique(samples(last), axis=0)) == 2
    assert (samples(best) == samples(last)).all()


def test_the_ground_state_is_found(sampler: ParallelTemperingSampler) -> None:
    bqm = spin_glass(16).change_vartype("BINARY", inplace=False)
    exact = dimod.ExactSolver().sample(bqm).first.energy
    assert sampler.sample(bqm, num_sweeps=200, seed=1).first.energy == pytest.approx(exact)


def test_a_target_that_is_met_is_among_the_samples(sampler: ParallelTemperingSampler) -> None:
    bqm = spin_glass(16)
    target = dimod.ExactSolver().sample(bqm).first.energy
    sampleset = sampler.sample(bqm, target_energy=target, num_sweeps=100_000, seed=1)
    assert sampleset.info["stop_reason"] == "target_energy"
    assert sampleset.first.energy == pytest.approx(target)


# Options


def test_seed_repeats_at_any_number_of_threads(sampler: ParallelTemperingSampler) -> None:
    bqm = spin_glass(30)
    one = sampler.sample(bqm, num_reads=8, num_threads=1, num_sweeps=20, seed=9)
    two = sampler.sample(bqm, num_reads=8, num_threads=2, num_sweeps=20, seed=9)
    other = sampler.sample(bqm, num_reads=8, num_sweeps=20, seed=10)
    assert (samples(one) == samples(two)).all()
    assert (samples(one) != samples(other)).any()


@pytest.mark.parametrize(
    ("asked", "made"), [(1, 1), (1999, 1999), (2000, 2000), (3001, 3003), (10_001, 10_010)]
)
def test_long_runs_are_rounded_up(sampler: ParallelTemperingSampler, asked: int, made: int) -> None:
    keywords: dict[str, Any] = {"betas": [0.1, 0.2], "cluster_moves": False, "seed": 1}
    info = sampler.sample(spin_glass(3), num_sweeps=asked, warmup=0, **keywords).info
    assert info["num_sweeps"] == info["sweeps_done"] == made


def test_a_time_limit_is_filled(sampler: ParallelTemperingSampler) -> None:
    info = sampler.sample(spin_glass(12), time_limit=0.3, keep="last", seed=1).info
    assert info["tuned"] and info["stop_reason"] == "time_limit"
    assert info["sweeps_done"] > 1000
    assert not info["deterministic"]


def test_initial_states_in_either_vartype(sampler: ParallelTemperingSampler) -> None:
    # The fields are too strong for any flip.
    bqm = dimod.BinaryQuadraticModel({"b": 1000.0, "a": -1000.0}, {}, 0.0, "SPIN")
    cold: dict[str, Any] = {"betas": [1.0, 2.0], "num_sweeps": 1, "keep": "last", "seed": 1}
    for states in ({"a": 1, "b": -1}, {"a": 1, "b": 0}, ([[-1, 1]], ["b", "a"])):
        sampleset = sampler.sample(bqm, initial_states=states, **cold)
        assert sampleset.first.sample == {"a": 1, "b": -1}
    given = np.ones((3, 6), dtype=np.int8)
    sampler.sample(spin_glass(6), initial_states=given, **SMALL)
    assert (given == 1).all()
    with pytest.raises(ValueError, match="mismatch between variables"):
        sampler.sample(spin_glass(2), initial_states={0: 1})


def test_clamp_in_the_callers_values(sampler: ParallelTemperingSampler) -> None:
    bqm = spin_glass(5).change_vartype("BINARY", inplace=False)
    sampleset = sampler.sample(bqm, num_reads=8, clamp={0: 1, 3: 0}, **SMALL)
    columns = [sampleset.variables.index(v) for v in (0, 3)]
    assert (samples(sampleset)[:, columns] == [1, 0]).all()


def test_an_exception_of_the_callback_carries_samples(sampler: ParallelTemperingSampler) -> None:
    def fail(progress: Progress) -> bool:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough") as caught:
        sampler.sample(spin_glass(5), num_reads=3, cluster_moves=False, callback=fail, **SMALL)
    assert len(caught.value.result) == 3  # type: ignore[attr-defined]


def test_a_run_cut_while_tuning_warns_and_answers(sampler: ParallelTemperingSampler) -> None:
    with pytest.warns(RuntimeWarning, match="while its ladder was still being tuned"):
        sampleset = sampler.sample(spin_glass(), time_limit=0.0, seed=1)
    assert len(sampleset) == 2
    assert not sampleset.info["tuned"]


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"num_reads": 0}, "num_reads must be at least 1, got 0"),
        ({"num_replicas": 1}, "num_replicas must be at least 2, got 1"),
        ({"num_replicas": 1000}, "num_replicas must be at most 512, got 1000"),
        ({"num_replicas": 3, "betas": [0.1, 1.0]}, "num_replicas must be None when betas are"),
        ({"betas": [1.0, 0.5]}, "betas must ascend, got 1.0 before 0.5 at index 0"),
        ({"beta_range": (1.0, 0.1)}, r"beta_range must be two finite betas \(hot, cold\)"),
        ({"num_reads": 1, "cluster_moves": True}, "num_reads must be at least 2, got 1"),
        ({"keep": "first"}, "keep must be one of 'best', 'last', got 'first'"),
        ({"clamp": {"x": 1}}, "clamp names 'x', which is no variable of the bqm"),
    ],
    ids=str,
)
def test_refused(sampler: ParallelTemperingSampler, keywords: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sampler.sample(spin_glass(4), **keywords)


def test_biases_that_are_no_numbers_are_refused(sampler: ParallelTemperingSampler) -> None:
    bqm = dimod.BinaryQuadraticModel({"a": float("nan")}, {}, 0.0, "SPIN")
    with pytest.raises(ValueError, match="biases must be finite, got nan for 'a'"):
        sampler.sample(bqm)
