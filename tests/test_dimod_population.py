"""The dimod face of population annealing."""

import inspect
import json
import unittest

import dimod
import dimod.testing
import numpy as np
import pytest

from magnetite.control import Progress
from magnetite.dimod import PopulationAnnealingSampler
from tools.bqms import oddly_labelled, samples, spin_glass

SMALL = {"population": 50, "num_populations": 2, "seed": 1}


@pytest.fixture
def sampler() -> PopulationAnnealingSampler:
    return PopulationAnnealingSampler()


@dimod.testing.load_sampler_bqm_tests(PopulationAnnealingSampler)
class TestConformance(unittest.TestCase):
    def test_api(self) -> None:
        dimod.testing.assert_sampler_api(PopulationAnnealingSampler())


def test_parameters_are_the_keywords(sampler: PopulationAnnealingSampler) -> None:
    accepted = inspect.signature(sampler.sample).parameters
    assert list(sampler.parameters) == [n for n in accepted if n not in ("bqm", "kwargs")]
    sampler.parameters["mine"] = []
    assert "mine" not in PopulationAnnealingSampler().parameters


def test_unknown_keyword_warns_and_is_ignored(sampler: PopulationAnnealingSampler) -> None:
    with pytest.warns(dimod.exceptions.SamplerUnknownArgWarning, match="'sweeps'"):
        assert len(sampler.sample(spin_glass(4), sweeps=5, **SMALL)) == 100


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, object])
def test_answer_is_in_the_callers_terms(
    sampler: PopulationAnnealingSampler, vartype: str, dtype: type
) -> None:
    bqm = oddly_labelled(vartype, dtype)
    before = bqm.copy()
    sampleset = sampler.sample(bqm, **SMALL)
    assert sampleset.vartype is bqm.vartype
    assert set(sampleset.variables) == set(bqm.variables)
    assert samples(sampleset).shape == (100, 3)
    assert samples(sampleset).dtype == np.int8
    dimod.testing.assert_sampleset_energies(sampleset, bqm)
    assert bqm == before


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_log_partition_is_that_of_the_bqm(
    sampler: PopulationAnnealingSampler, vartype: str
) -> None:
    bqm = spin_glass(8).change_vartype(vartype, inplace=False)
    energies = dimod.ExactSolver().sample(bqm).record.energy
    found = sampler.sample(bqm, beta=0.3, seed=1).info["log_partition"]
    assert found["reliable"]
    assert found["reason"] == ""
    truth = np.log(np.exp(-0.3 * energies).sum())
    assert abs(found["value"] - truth) < 4 * found["error"] < 0.5


def test_num_reads_are_spread_over_the_populations(sampler: PopulationAnnealingSampler) -> None:
    every = samples(sampler.sample(spin_glass(), **SMALL))
    some = samples(sampler.sample(spin_glass(), num_reads=8, **SMALL))
    assert some.tolist() == every[[0, 12, 25, 37, 50, 62, 75, 87]].tolist()
    with pytest.raises(ValueError, match=r"num_reads must be at most population .* 100, got 101"):
        sampler.sample(spin_glass(), num_reads=101, **SMALL)


def test_the_ground_state_is_found(sampler: PopulationAnnealingSampler) -> None:
    bqm = spin_glass(12)
    exact = dimod.ExactSolver().sample(bqm).first.energy
    assert sampler.sample(bqm, **SMALL).first.energy == pytest.approx(exact)


def test_clamp_in_the_callers_values(sampler: PopulationAnnealingSampler) -> None:
    bqm = spin_glass(5).change_vartype("BINARY", inplace=False)
    sampleset = sampler.sample(bqm, clamp={0: 1, 3: 0}, **SMALL)
    columns = [sampleset.variables.index(v) for v in (0, 3)]
    assert (samples(sampleset)[:, columns] == [1, 0]).all()


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_empty_bqm(sampler: PopulationAnnealingSampler, vartype: str) -> None:
    bqm = dimod.BinaryQuadraticModel({}, {}, 1.5, vartype)
    sampleset = sampler.sample(bqm, **SMALL)
    assert samples(sampleset).shape == (100, 0)
    assert set(sampleset.record.energy) == {1.5}
    assert min(sampleset.info["timing"].values()) > 0


def test_answer_can_be_written_as_json(sampler: PopulationAnnealingSampler) -> None:
    sampleset = sampler.sample(spin_glass(5), **SMALL)
    again = dimod.SampleSet.from_serializable(json.loads(json.dumps(sampleset.to_serializable())))
    assert (samples(again) == samples(sampleset)).all()


def test_an_exception_of_the_callback_carries_samples(sampler: PopulationAnnealingSampler) -> None:
    def fail(progress: Progress) -> bool:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough") as caught:
        sampler.sample(spin_glass(5), callback=fail, **SMALL)
    assert len(caught.value.result) == 100  # type: ignore[attr-defined]


def test_refused(sampler: PopulationAnnealingSampler) -> None:
    with pytest.raises(ValueError, match="population must be at least 2, got 1"):
        sampler.sample(spin_glass(4), population=1)
    with pytest.raises(ValueError, match="clamp names 'x', which is no variable of the bqm"):
        sampler.sample(spin_glass(4), clamp={"x": 1})
    bqm = dimod.BinaryQuadraticModel({"a": float("nan")}, {}, 0.0, "SPIN")
    with pytest.raises(ValueError, match="biases must be finite, got nan for 'a'"):
        sampler.sample(bqm)
