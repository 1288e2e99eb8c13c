"""The dimod face of exact sums."""

import inspect
import json
import math
import unittest
from typing import Any

import dimod
import dimod.testing
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magnetite.dimod import ExactSolver
from tools.bqms import samples, spin_glass


@pytest.fixture
def solver() -> ExactSolver:
    return ExactSolver()


@dimod.testing.load_sampler_bqm_tests(ExactSolver)
class TestConformance(unittest.TestCase):
    def test_api(self) -> None:
        dimod.testing.assert_sampler_api(ExactSolver())


def ring(num_variables: int, vartype: str = "SPIN") -> Any:
    """Return an antiferromagnetic ring."""
    J = {(i, (i + 1) % num_variables): 1.0 for i in range(num_variables)}
    return dimod.BinaryQuadraticModel.from_ising({}, J).change_vartype(vartype, inplace=False)


def test_parameters_are_the_keywords(solver: ExactSolver) -> None:
    accepted = inspect.signature(solver.sample).parameters
    assert list(solver.parameters) == [n for n in accepted if n not in ("bqm", "kwargs")]
    for related in solver.parameters.values():
        assert set(related) <= set(solver.properties)


def test_unknown_keyword_warns_and_is_ignored(solver: ExactSolver) -> None:
    with pytest.warns(dimod.exceptions.SamplerUnknownArgWarning, match="'num_reads'"):
        assert len(solver.sample(spin_glass(4), num_reads=5)) == 16


# Small models: as dimod's own


LABELS = st.one_of(st.integers(-3, 3), st.text("xyz", min_size=1), st.tuples(st.integers(0, 2)))
BIASES = st.floats(-10, 10, width=32)


@st.composite
def bqms(draw: st.DrawFn) -> Any:
    labels = draw(st.lists(LABELS, min_size=1, max_size=7, unique=True))
    pairs = [(u, v) for k, u in enumerate(labels) for v in labels[:k]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return dimod.BinaryQuadraticModel(
        {label: draw(BIASES) for label in labels},
        {pair: draw(BIASES) for pair in chosen},
        draw(BIASES),
        draw(st.sampled_from(["SPIN", "BINARY"])),
    )


@given(bqm=bqms())
def test_small_models_as_dimod_solves_them(bqm: Any) -> None:
    before = bqm.copy()
    ours, theirs = ExactSolver().sample(bqm), dimod.ExactSolver().sample(bqm)
    assert ours.vartype is theirs.vartype
    assert ours.variables == theirs.variables
    assert (samples(ours) == samples(theirs)).all()
    assert (ours.record.energy == theirs.record.energy).all()
    assert ours.info["ground_energy"] == pytest.approx(theirs.first.energy, abs=1e-9)
    low = -theirs.record.energy.min()
    log_z = low + np.log(np.exp(-theirs.record.energy - low).sum())
    assert ours.info["log_z"] == pytest.approx(log_z, abs=1e-9)
    assert bqm == before


@pytest.mark.parametrize("num_variables", [17, 18])
def test_all_are_kept_up_to_eighteen_variables(solver: ExactSolver, num_variables: int) -> None:
    bqm = ring(num_variables, "BINARY")
    ours, theirs = solver.sample(bqm), dimod.ExactSolver().sample(bqm)
    assert (samples(ours) == samples(theirs)).all()
    assert (ours.record.energy == theirs.record.energy).all()
    assert ours.info["keep"] == "all"


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_empty_bqm_has_one_empty_sample(solver: ExactSolver, vartype: str) -> None:
    sampleset = solver.sample(dimod.BinaryQuadraticModel({}, {}, 1.5, vartype), beta=2.0)
    assert samples(sampleset).shape == (1, 0)
    assert sampleset.vartype is dimod.as_vartype(vartype)
    assert sampleset.record.energy.tolist() == [1.5]
    assert (sampleset.info["degeneracy"], sampleset.info["log_z"]) == (1, -3.0)


# Larger ones: ground states


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
@pytest.mark.parametrize("num_variables", [19, 101])
def test_ground_states_above(solver: ExactSolver, vartype: str, num_variables: int) -> None:
    # One bond of an odd ring is broken: any, and both ways around.
    bqm = ring(num_variables, vartype)
    sampleset = solver.sample(bqm, beta=0.5, num_ground_states=1000)
    info = sampleset.info
    assert (info["keep"], info["degeneracy"]) == ("ground", 2 * num_variables)
    assert len(np.unique(samples(sampleset), axis=0)) == len(sampleset) == 2 * num_variables
    assert sampleset.vartype is bqm.vartype
    assert sampleset.record.energy == pytest.approx(2.0 - num_variables)
    high, low = math.log(2 * math.cosh(0.5)), math.log(2 * math.sinh(0.5))
    log_z = num_variables * high + math.log1p(-math.exp(num_variables * (low - high)))
    assert info["log_z"] == pytest.approx(log_z, rel=1e-12)
    assert len(solver.sample(bqm, num_ground_states=3)) == 3


def test_keep_says_which_samples(solver: ExactSolver) -> None:
    few = solver.sample(ring(7), keep="ground")
    assert (len(few), few.info["degeneracy"], few.info["keep"]) == (14, 14, "ground")
    many = solver.sample(ring(19), keep="all")
    assert len(many) == 2**19
    assert int((many.record.energy == many.first.energy).sum()) == 38


def test_sums_at_a_beta(solver: ExactSolver) -> None:
    bqm = spin_glass(10)
    energies = dimod.ExactSolver().sample(bqm).record.energy
    weights = np.exp(-0.3 * (energies - energies.min()))
    weights /= weights.sum()
    mean = weights @ energies
    info = solver.sample(bqm, beta=0.3).info
    assert info["mean_energy"] == pytest.approx(mean)
    assert info["heat_capacity"] == pytest.approx(0.09 * (weights @ (energies - mean) ** 2))
    assert info["entropy"] == pytest.approx(-weights @ np.log(weights))
    assert min(info["timing"].values()) > 0


def test_clamp_in_the_callers_values(solver: ExactSolver) -> None:
    bqm = spin_glass(8).change_vartype("BINARY", inplace=False)
    sampleset = solver.sample(bqm, clamp={0: 1, 3: 0})
    assert len(np.unique(samples(sampleset), axis=0)) == len(sampleset) == 2**6
    columns = [sampleset.variables.index(v) for v in (0, 3)]
    assert (samples(sampleset)[:, columns] == [1, 0]).all()
    dimod.testing.assert_sampleset_energies(sampleset, bqm)


def test_held_variables_do_not_count(solver: ExactSolver) -> None:
    assert len(solver.sample(ring(20), clamp={0: 1, 3: -1})) == 2**18
    assert len(solver.sample(ring(20), clamp={0: 1})) == 1


def test_answer_can_be_written_as_json(solver: ExactSolver) -> None:
    sampleset = solver.sample(spin_glass(5))
    again = dimod.SampleSet.from_serializable(json.loads(json.dumps(sampleset.to_serializable())))
    assert (samples(again) == samples(sampleset)).all()
    assert again.info["log_z"] == sampleset.info["log_z"]


@pytest.mark.parametrize(
    ("num_variables", "keywords", "words"),
    [
        (25, {"keep": "all"}, r"keep='all' would return 2\*\*25 samples, .* at most 2\*\*24"),
        (31, {"method": "enumeration"}, "at most 30 free variables, got 31"),
        (4, {"keep": "best"}, "keep must be one of 'auto', 'all', 'ground', got 'best'"),
        (4, {"beta": -1.0}, "beta must be non-negative, got -1.0"),
        (4, {"num_ground_states": 0}, "num_ground_states must be at least 1, got 0"),
        (4, {"clamp": {"x": 1}}, "clamp names 'x', which is no variable of the bqm"),
    ],
    ids=str,
)
def test_refused(
    solver: ExactSolver, num_variables: int, keywords: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        solver.sample(ring(num_variables), **keywords)


def test_biases_that_are_no_numbers_are_refused(solver: ExactSolver) -> None:
    bqm = dimod.BinaryQuadraticModel({"a": 1.0}, {("a", "b"): float("inf")}, 0.0, "SPIN")
    with pytest.raises(ValueError, match=r"biases must be finite, got inf for \('.', '.'\)"):
        solver.sample(bqm)
