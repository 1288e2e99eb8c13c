"""The dimod face: schedules, and what it refuses."""

import itertools
import math
from typing import Any

import dimod
import numpy as np
import pytest

from magnetite.dimod import SimulatedAnnealingSampler
from tools.bqms import samples, spin_glass


@pytest.fixture
def sampler() -> SimulatedAnnealingSampler:
    return SimulatedAnnealingSampler()


@pytest.fixture
def theirs() -> Any:
    return pytest.importorskip("dwave.samplers").SimulatedAnnealingSampler()


def test_default_beta_range_is_theirs(sampler: SimulatedAnnealingSampler) -> None:
    pairs = itertools.combinations(range(40), 2)
    rng = np.random.default_rng(0)
    bqm = dimod.BinaryQuadraticModel(
        {}, {pair: float(rng.choice([-1, 1])) for pair in pairs}, 0.0, "SPIN"
    )
    hot, cold = sampler.sample(bqm, num_sweeps=2).info["beta_range"]
    assert hot == pytest.approx(0.008886502314871094, rel=1e-14)
    assert cold == pytest.approx(4.147024820051014, rel=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_default_beta_range_of_random_models_is_theirs(
    sampler: SimulatedAnnealingSampler, theirs: Any, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    bqm = dimod.generators.gnm_random_bqm(15, 40, "BINARY", random_state=seed)
    bqm.add_linear_from({v: float(b) for v, b in enumerate(rng.integers(-2, 3, 15))})
    ours = sampler.sample(bqm, num_sweeps=2).info["beta_range"]
    assert ours == pytest.approx(theirs.sample(bqm, num_sweeps=2).info["beta_range"], rel=1e-9)


def test_all_zero_biases_warn_and_give_a_fixed_range(sampler: SimulatedAnnealingSampler) -> None:
    bqm = dimod.BinaryQuadraticModel({0: 0.0, 1: 0.0}, {(0, 1): 0.0}, 0.0, "SPIN")
    with pytest.warns(UserWarning, match="all biases of the bqm are zero"):
        assert sampler.sample(bqm).info["beta_range"] == [0.1, 1]


def test_info_gives_the_range_back_as_it_was(sampler: SimulatedAnnealingSampler) -> None:
    bqm = spin_glass(4)
    assert sampler.sample(bqm, beta_range=(0.1, 3)).info["beta_range"] == (0.1, 3)
    assert sampler.sample(bqm, beta_range=[2.0, 0.5]).info["beta_range"] == [2.0, 0.5]
    custom = sampler.sample(bqm, beta_schedule_type="custom", beta_schedule=[1.0, 2.0])
    assert custom.info["beta_range"] is None
    assert custom.info["beta_schedule_type"] == "custom"


def test_two_ways_to_say_one_schedule_give_the_same_samples(
    sampler: SimulatedAnnealingSampler,
) -> None:
    bqm = spin_glass()
    common: dict[str, Any] = {"num_reads": 6, "seed": 3}
    for kind, points in (
        ("linear", np.linspace(0.1, 3.0, 20)),
        ("geometric", np.geomspace(0.1, 3.0, 20)),
    ):
        named = sampler.sample(
            bqm, [0.1, 3.0], num_sweeps=60, num_sweeps_per_beta=3, beta_schedule_type=kind, **common
        )
        custom = sampler.sample(
            bqm, beta_schedule_type="custom", beta_schedule=points, num_sweeps_per_beta=3, **common
        )
        repeated = sampler.sample(
            bqm, beta_schedule_type="custom", beta_schedule=np.repeat(points, 3), **common
        )
        assert (samples(named) == samples(custom)).all()
        assert (samples(named) == samples(repeated)).all()


def test_one_beta_is_the_last_of_the_range(sampler: SimulatedAnnealingSampler) -> None:
    bqm = spin_glass()
    common: dict[str, Any] = {"num_reads": 6, "seed": 3}
    one = sampler.sample(bqm, beta_range=(0, 3.0), num_sweeps=4, num_sweeps_per_beta=4, **common)
    custom = sampler.sample(bqm, beta_schedule_type="custom", beta_schedule=[3.0] * 4, **common)
    assert (samples(one) == samples(custom)).all()


def test_schedules_that_are_fine(sampler: SimulatedAnnealingSampler) -> None:
    bqm = spin_glass(4)
    sampler.sample(bqm, beta_range=(3.0, 0.1))
    sampler.sample(bqm, beta_range=np.array([0.1, 2.0]))
    sampler.sample(bqm, beta_schedule_type="custom", beta_schedule=[math.inf])
    sampler.sample(bqm, beta_schedule_type="custom", beta_schedule=(1, 2), beta_range=(1, 2))
    sampler.sample(bqm, beta_schedule_type="custom", beta_schedule=(1, 2), num_sweeps=2)
    sampler.sample(bqm, num_sweeps=np.int64(4), num_sweeps_per_beta=np.int32(2))


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"num_sweeps": -1}, ValueError, "num_sweeps must be at least 0, got -1"),
        ({"num_sweeps": 10.0}, TypeError, "num_sweeps must be an integer, got 10.0"),
        (
            {"num_sweeps": 10, "num_sweeps_per_beta": 3},
            ValueError,
            "num_sweeps must be divisible by num_sweeps_per_beta, got 10 and 3",
        ),
        (
            {"num_sweeps_per_beta": 0},
            ValueError,
            "num_sweeps_per_beta must be at least 1, got 0",
        ),
        (
            {"num_sweeps_per_beta": 1.5},
            TypeError,
            "num_sweeps_per_beta must be an integer, got 1.5",
        ),
        ({"beta_range": 5}, TypeError, "beta_range must be a pair of betas, got 5"),
        (
            {"beta_range": (1.0,)},
            ValueError,
            r"beta_range must hold two values, first and last, got \(1.0,\)",
        ),
        ({"beta_range": (-1, 1)}, ValueError, r"beta_range must be non-negative, got \(-1, 1\)"),
        ({"beta_range": (1, math.nan)}, ValueError, r"beta_range must be non-negative, got \(1, n"),
        (
            {"beta_range": (1, math.inf)},
            ValueError,
            r"beta_range must be finite to be interpolated, got \(1, inf\)",
        ),
        (
            {"beta_range": (0, 1)},
            ValueError,
            r"beta_range must be positive for beta_schedule_type='geometric', got \(0, 1\)",
        ),
        ({"beta_range": ("a", 1)}, ValueError, r"beta_range must be a sequence of numbers, got"),
        (
            {"beta_schedule_type": "asd"},
            ValueError,
            "beta_schedule_type must be one of 'linear', 'geometric', 'custom', got 'asd'",
        ),
        (
            {"beta_schedule": [1.0]},
            ValueError,
            "beta_schedule must be None unless beta_schedule_type is 'custom', "
            "got beta_schedule_type='geometric'",
        ),
        (
            {"beta_schedule_type": "custom"},
            ValueError,
            "beta_schedule must be given for beta_schedule_type='custom', got None",
        ),
        (
            {"beta_schedule_type": "custom", "beta_schedule": [0.1, "x"]},
            ValueError,
            r"beta_schedule must be a sequence of numbers, got \[0.1, 'x'\]",
        ),
        (
            {"beta_schedule_type": "custom", "beta_schedule": []},
            ValueError,
            r"beta_schedule must be a sequence of at least one beta, got shape \(0,\)",
        ),
        (
            {"beta_schedule_type": "custom", "beta_schedule": [[1.0, 2.0]]},
            ValueError,
            r"beta_schedule must be a sequence of at least one beta, got shape \(1, 2\)",
        ),
        (
            {"beta_schedule_type": "custom", "beta_schedule": [1.0, -0.3]},
            ValueError,
            "beta_schedule must be non-negative, got -0.3 at index 1",
        ),
        (
            {"beta_schedule_type": "custom", "beta_schedule": [math.nan]},
            ValueError,
            "beta_schedule must be non-negative, got nan at index 0",
        ),
        (
            {"beta_schedule_type": "custom", "beta_schedule": [1, 2], "num_sweeps": 3},
            ValueError,
            r"num_sweeps must be None or len\(beta_schedule\) \* num_sweeps_per_beta = 2, got 3",
        ),
        (
            {"beta_schedule_type": "custom", "beta_schedule": [1, 2], "beta_range": (1, 3)},
            ValueError,
            r"beta_range must be None or the end points of beta_schedule, \(1.0, 2.0\), "
            r"got \(1, 3\)",
        ),
        ({"seed": 2**31}, ValueError, r"seed must be in 0..2\*\*31 - 1, got 2147483648"),
        ({"seed": -1}, ValueError, r"seed must be in 0..2\*\*31 - 1, got -1"),
        ({"seed": 1.5}, TypeError, "seed must be an integer, .* got 1.5"),
        ({"seed": "abc"}, TypeError, "seed must be an integer, .* got 'abc'"),
        ({"num_reads": 0}, ValueError, "num_reads must be at least 1, got 0"),
        ({"num_reads": 1.5}, TypeError, "num_reads must be an integer, got 1.5"),
        ({"interrupt_function": 3}, TypeError, "interrupt_function must be callable, got 3"),
        ({"callback": 3}, TypeError, "callback must be callable, got 3"),
        (
            {"proposal_acceptance_criteria": "Glauber"},
            ValueError,
            "proposal_acceptance_criteria must be 'Metropolis' or 'Gibbs', got 'Glauber'",
        ),
        (
            {"initial_states_generator": "x"},
            ValueError,
            "initial_states_generator must be one of 'random', 'tile', 'none', got 'x'",
        ),
        ({"keep": "all"}, ValueError, "keep must be one of"),
        ({"time_limit": -1.0}, ValueError, "time_limit must be"),
        ({"num_threads": 0}, ValueError, "num_threads must be"),
        ({"clamp": {9: 1}}, ValueError, "clamp names 9, which is no variable of the bqm"),
        ({"clamp": {0: 0}}, ValueError, "clamp values must be -1 or 1, got 0 for 0"),
        ({"clamp": [1]}, TypeError, r"clamp must be a dict {label: value}, got list"),
        ({"num_sweeps": 10**13}, MemoryError, "betas of num_sweeps=10000000000000 "),
        (
            {
                "beta_schedule_type": "custom",
                "beta_schedule": [1, 2],
                "num_sweeps_per_beta": 10**13,
            },
            MemoryError,
            "betas of num_sweeps=20000000000000 ",
        ),
        ({"num_reads": 10**13}, MemoryError, "initial states of num_reads=10000000000000 "),
    ],
)
def test_refusals(
    sampler: SimulatedAnnealingSampler,
    keywords: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        sampler.sample(spin_glass(4), **keywords)


# Theirs, refused in the same way (TypeError or ValueError)


@pytest.mark.parametrize(
    "keywords",
    [
        {"beta_range": (1,)},
        {"beta_range": (-1, 1)},
        {"beta_range": 5},
        {"beta_range": (0, 1)},
        {"num_sweeps": 10.0},
        {"num_sweeps": -1},
        {"num_sweeps": 10, "num_sweeps_per_beta": 3},
        {"num_sweeps_per_beta": 0},
        {"num_sweeps_per_beta": 1.5},
        {"beta_schedule": [1.0]},
        {"beta_schedule_type": "custom"},
        {"beta_schedule_type": "custom", "beta_schedule": []},
        {"beta_schedule_type": "custom", "beta_schedule": "ab"},
        {"beta_schedule_type": "custom", "beta_schedule": [-1.0]},
        {"beta_schedule_type": "custom", "beta_schedule": [1, 2], "num_sweeps": 3},
        {"beta_schedule_type": "custom", "beta_schedule": [1, 2], "beta_range": (1, 3)},
        {"beta_schedule_type": "asd"},
        {"initial_states_generator": "x"},
        {"initial_states_generator": "none"},
        {"initial_states_generator": "tile"},
        {"num_reads": 1.5},
        {"num_reads": 0},
        {"proposal_acceptance_criteria": "x"},
        {"interrupt_function": 3},
        {"seed": 2**31},
        {"seed": -1},
        {"seed": 1.5},
        {"initial_states": {"other": 1}},
    ],
    ids=str,
)
def test_refusals_have_the_type_of_theirs(
    sampler: SimulatedAnnealingSampler, theirs: Any, keywords: dict[str, Any]
) -> None:
    bqm = spin_glass(4)
    with pytest.raises((TypeError, ValueError)) as refused:
        theirs.sample(bqm, **keywords)
    with pytest.raises(refused.type):
        sampler.sample(bqm, **keywords)


@pytest.mark.parametrize(
    ("linear", "quadratic", "offset", "message"),
    [
        ({"a": math.nan}, {}, 0.0, "biases must be finite, got nan for 'a'"),
        ({}, {("a", "b"): math.inf}, 0.0, r"biases must be finite, got inf for \('b', 'a'\)"),
        ({"a": 1.0}, {}, -math.inf, "the offset must be finite, got -inf"),
    ],
)
@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_biases_that_are_not_finite_are_refused(
    sampler: SimulatedAnnealingSampler,
    linear: dict[str, float],
    quadratic: dict[tuple[str, str], float],
    offset: float,
    message: str,
    vartype: str,
) -> None:
    bqm = dimod.BinaryQuadraticModel(linear, quadratic, offset, vartype)
    with pytest.raises(ValueError, match=message):
        sampler.sample(bqm)
