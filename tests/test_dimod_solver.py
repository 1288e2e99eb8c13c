"""The dimod face of the search."""

import json
import unittest

import dimod
import dimod.testing
import numpy as np
import pytest

from magnetite.dimod import Solver


def spin_glass(vartype: str = "SPIN") -> dimod.BinaryQuadraticModel:
    bqm = dimod.generators.ran_r(1, 12, seed=3)
    for k, label in enumerate(list(bqm.variables)):
        bqm.set_linear(label, 0.25 * (k % 3 - 1))
    return bqm.change_vartype(vartype, inplace=False)


@dimod.testing.load_sampler_bqm_tests(Solver)
class TestConformance(unittest.TestCase):
    def test_api(self) -> None:
        dimod.testing.assert_sampler_api(Solver())


def test_answer_can_be_written_as_json() -> None:
    sampleset = Solver().sample(spin_glass(), num_rounds=2, seed=1)
    again = dimod.SampleSet.from_serializable(json.loads(json.dumps(sampleset.to_serializable())))
    assert (again.record.sample == sampleset.record.sample).all()
    assert all(isinstance(ns, int) and ns > 0 for ns in again.info["timing"].values())


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_finds_the_exact_ground_state(vartype: str) -> None:
    bqm = spin_glass(vartype)
    sampleset = Solver().sample(bqm, num_rounds=2, num_best=4, seed=1)
    best = dimod.ExactSolver().sample(bqm).first.energy
    assert sampleset.first.energy == pytest.approx(best, abs=1e-12)
    assert sampleset.vartype is bqm.vartype
    assert np.all(np.diff(sampleset.record.energy) >= 0)
    assert sampleset.info["deterministic"]


def test_initial_states_and_clamps() -> None:
    bqm = spin_glass("BINARY")
    exact = dimod.ExactSolver().sample(bqm)
    started = Solver().sample(bqm, initial_states=exact.first.sample, time_limit=0.0, seed=1)
    assert started.first.energy == pytest.approx(exact.first.energy, abs=1e-12)
    held = {0: 1, 5: 0}
    clamped = Solver().sample(bqm, clamp=held, num_rounds=2, seed=1)
    fits = [d.energy for d in exact.data() if all(d.sample[v] == x for v, x in held.items())]
    assert clamped.first.energy == pytest.approx(min(fits), abs=1e-12)
    assert all(clamped.first.sample[v] == x for v, x in held.items())


def test_unknown_keywords_warn() -> None:
    with pytest.warns(dimod.exceptions.SamplerUnknownArgWarning, match="num_reads"):
        Solver().sample(spin_glass(), num_rounds=1, num_reads=3)


def test_labels_and_the_empty_model() -> None:
    bqm = dimod.BinaryQuadraticModel({"x": 1.0}, {("x", ("y", 2)): -2.0}, 0.5, "BINARY")
    first = Solver().sample(bqm, num_rounds=1, seed=1).first
    assert (set(first.sample), first.energy) == ({"x", ("y", 2)}, -0.5)
    assert len(Solver().sample(dimod.BinaryQuadraticModel("SPIN"), num_rounds=1)) == 1
