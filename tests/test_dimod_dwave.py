"""The dimod face: D-Wave's transition rule and statistics, and how a run is stopped."""

import math
import warnings
from typing import Any

import dimod
import dimod.testing
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


ORBIT = "the schedule holds beta = 0"

# D-Wave's transition rule


def test_beta_zero_flips_everything_in_every_sweep(
    sampler: SimulatedAnnealingSampler, theirs: Any
) -> None:
    bqm = spin_glass()
    for num_sweeps in (1, 2, 3):
        keywords: dict[str, Any] = {
            "beta_range": (0, 0),
            "beta_schedule_type": "linear",
            "num_sweeps": num_sweeps,
            "num_reads": 4,
            "seed": 1,
        }
        with pytest.warns(UserWarning, match=ORBIT):
            ours = sampler.sample(bqm, **keywords)
        assert (samples(ours) == samples(theirs.sample(bqm, **keywords))).all()


def test_free_variables_flip_in_every_sweep(
    sampler: SimulatedAnnealingSampler, theirs: Any
) -> None:
    bqm = dimod.BinaryQuadraticModel({v: 0.0 for v in range(6)}, {(0, 1): 1.0}, 0.0, "SPIN")
    keywords: dict[str, Any] = {"num_sweeps": 3, "num_reads": 4, "seed": 1}
    ours, dwave = samples(sampler.sample(bqm, **keywords)), samples(theirs.sample(bqm, **keywords))
    assert (ours[:, 2:] == dwave[:, 2:]).all()


@pytest.mark.parametrize("criteria", ["Metropolis", "Gibbs"])
@pytest.mark.parametrize("num_sweeps", [1, 2, 5])
def test_infinite_beta_descends_step_by_step_as_theirs(
    sampler: SimulatedAnnealingSampler, theirs: Any, criteria: str, num_sweeps: int
) -> None:
    bqm = spin_glass(20)  # real fields: no flip is free
    keywords: dict[str, Any] = {
        "beta_schedule_type": "custom",
        "beta_schedule": [math.inf] * num_sweeps,
        "num_reads": 16,
        "seed": 1,
        "proposal_acceptance_criteria": criteria,
    }
    ours, dwave = samples(sampler.sample(bqm, **keywords)), samples(theirs.sample(bqm, **keywords))
    assert (ours == dwave).all()


@pytest.mark.parametrize(
    "keywords",
    [
        {"proposal_acceptance_criteria": "Gibbs"},
        {"randomize_order": True},
        {"beta_schedule": [0.1]},
    ],
    ids=str,
)
def test_no_warning_where_nothing_is_amiss(
    sampler: SimulatedAnnealingSampler, keywords: dict[str, Any]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler.sample(
            spin_glass(4), **{"beta_schedule_type": "custom", "beta_schedule": [0.0], **keywords}
        )


@pytest.mark.parametrize("criteria", ["gibbs", "GIBBS", "Gibbs", "metropolis", "METROPOLIS"])
def test_case_of_the_criteria_does_not_matter(
    sampler: SimulatedAnnealingSampler, criteria: str
) -> None:
    keywords: dict[str, Any] = {"num_reads": 3, "num_sweeps": 5, "seed": 1}
    given = sampler.sample(spin_glass(), proposal_acceptance_criteria=criteria, **keywords)
    named = sampler.sample(
        spin_glass(), proposal_acceptance_criteria=criteria.capitalize(), **keywords
    )
    assert (samples(given) == samples(named)).all()


def call_means(sampler: Any, bqm: Any, seed: int, **keywords: Any) -> np.ndarray:
    """Return for each of 150 calls the means over its reads of the energy, its square, and spins.

    Calls are independent; with a random order the reads of one of our calls are not.
    """
    rows = []
    for call in range(150):
        sampleset = sampler.sample(bqm, num_reads=25, seed=1000 * seed + call, **keywords)
        energy, spins = sampleset.record.energy, samples(sampleset).astype(float)
        rows.append([energy.mean(), (energy**2).mean(), *spins.mean(axis=0)])
    return np.array(rows)


@pytest.mark.parametrize("randomize_order", [False, True])
@pytest.mark.parametrize("criteria", ["Metropolis", "Gibbs"])
@pytest.mark.parametrize("num_sweeps", [1, 30])
def test_statistics_agree_with_theirs(
    sampler: SimulatedAnnealingSampler,
    theirs: Any,
    num_sweeps: int,
    criteria: str,
    randomize_order: bool,
) -> None:
    bqm = spin_glass(10, seed=3)
    keywords: dict[str, Any] = {
        "beta_range": (0.05, 0.6),
        "num_sweeps": num_sweeps,
        "proposal_acceptance_criteria": criteria,
        "randomize_order": randomize_order,
    }
    ours = call_means(sampler, bqm, 1, **keywords)
    dwave = call_means(theirs, bqm, 2, **keywords)
    error = np.sqrt((ours.var(axis=0, ddof=1) + dwave.var(axis=0, ddof=1)) / len(ours))
    assert (np.abs(ours.mean(axis=0) - dwave.mean(axis=0)) < 4.5 * error).all()


def test_statistics_tell_one_rule_from_the_other(
    sampler: SimulatedAnnealingSampler, theirs: Any
) -> None:
    bqm = spin_glass(10, seed=3)
    keywords: dict[str, Any] = {"beta_range": (0.05, 0.6), "num_sweeps": 1}
    ours = call_means(sampler, bqm, 1, proposal_acceptance_criteria="Gibbs", **keywords)
    dwave = call_means(theirs, bqm, 2, **keywords)
    error = np.sqrt((ours.var(axis=0, ddof=1) + dwave.var(axis=0, ddof=1)) / len(ours))
    assert (np.abs(ours.mean(axis=0) - dwave.mean(axis=0)) > 4.5 * error).any()


# The interrupt function


class Counter:
    """An interrupt function that says stop at its `limit`-th call."""

    def __init__(self, limit: float = math.inf) -> None:
        self.limit = limit
        self.calls = 0

    def __call__(self) -> bool:
        self.calls += 1
        return self.calls >= self.limit


@pytest.mark.parametrize("num_reads", [1, 5, 100])
def test_interrupt_function_is_called_once_a_read(
    sampler: SimulatedAnnealingSampler, num_reads: int
) -> None:
    counter = Counter()
    sampleset = sampler.sample(
        spin_glass(), num_reads=num_reads, num_sweeps=50, interrupt_function=counter
    )
    assert counter.calls == len(sampleset) == num_reads


@pytest.mark.parametrize("limit", [1, 5, 20])
def test_interrupt_function_returns_the_reads_so_far(
    sampler: SimulatedAnnealingSampler, limit: int
) -> None:
    keywords: dict[str, Any] = {"num_reads": 20, "num_sweeps": 50, "seed": 3}
    counter = Counter(limit)
    some = sampler.sample(spin_glass(), interrupt_function=counter, **keywords)
    every = sampler.sample(spin_glass(), **keywords)
    assert counter.calls == len(some) == limit
    assert (samples(some) == samples(every)[:limit]).all()


def test_interrupt_function_ends_a_long_run(sampler: SimulatedAnnealingSampler) -> None:
    counter = Counter(2)
    sampleset = sampler.sample(
        spin_glass(200), num_reads=10**4, num_sweeps=200, num_threads=1, interrupt_function=counter
    )
    assert counter.calls == len(sampleset) == 2


def test_exception_of_the_interrupt_function_is_passed_on(
    sampler: SimulatedAnnealingSampler,
) -> None:
    def fail() -> bool:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more") as raised:
        sampler.sample(spin_glass(), num_reads=3, interrupt_function=fail)
    assert isinstance(raised.value.result, dimod.SampleSet)


def press_ctrl_c(progress: Any) -> bool:
    raise KeyboardInterrupt


def test_ctrl_c_carries_the_samples(sampler: SimulatedAnnealingSampler) -> None:
    bqm = spin_glass(60)
    with pytest.raises(KeyboardInterrupt) as raised:
        sampler.sample(bqm, num_reads=8, num_sweeps=10**6, callback=press_ctrl_c)
    found = raised.value.result  # type: ignore[attr-defined]
    assert len(found) == 8
    dimod.testing.assert_sampleset_energies(found, bqm)


def test_ctrl_c_returns_the_samples(sampler: SimulatedAnnealingSampler) -> None:
    sampleset = sampler.sample(
        spin_glass(60), num_sweeps=10**6, callback=press_ctrl_c, on_interrupt="return"
    )
    assert len(sampleset) == 1
    assert sampleset.info["stop_reason"] == "interrupted"


# Our own run options


def test_time_limit_cuts(sampler: SimulatedAnnealingSampler) -> None:
    bqm = spin_glass(60)
    sampleset = sampler.sample(bqm, num_reads=64, num_sweeps=3 * 10**6, time_limit=0.2)
    assert len(sampleset) == 64
    assert sampleset.info["stop_reason"] == "time_limit"
    assert sampleset.info["timing"]["sampling_ns"] < 5e9
    dimod.testing.assert_sampleset_energies(sampleset, bqm)


def test_target_energy_stops(sampler: SimulatedAnnealingSampler) -> None:
    bqm = spin_glass(12)
    target = dimod.ExactSolver().sample(bqm).first.energy
    sampleset = sampler.sample(
        bqm, num_reads=16, num_sweeps=3 * 10**6, time_limit=60, target_energy=target, keep="best"
    )
    assert sampleset.info["stop_reason"] == "target_energy"
    assert sampleset.first.energy == pytest.approx(target)


def test_callback_sees_progress_and_stops(sampler: SimulatedAnnealingSampler) -> None:
    seen = []

    def stop(progress: Any) -> bool:
        seen.append(progress.best_energy)
        return len(seen) == 2

    sampleset = sampler.sample(spin_glass(60), num_sweeps=3 * 10**6, callback=stop)
    assert len(seen) == 2
    assert sampleset.info["stop_reason"] == "callback"


def test_keep_best_is_never_worse_than_the_last(sampler: SimulatedAnnealingSampler) -> None:
    keywords: dict[str, Any] = {
        "num_reads": 50,
        "beta_range": (2.0, 0.1),
        "num_sweeps": 20,
        "seed": 1,
    }
    last = sampler.sample(spin_glass(), **keywords).record.energy
    best = sampler.sample(spin_glass(), keep="best", **keywords).record.energy
    assert (best <= last).all()
    assert (best < last).any()


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_clamped_variables_hold(sampler: SimulatedAnnealingSampler, vartype: str) -> None:
    bqm = spin_glass(6).relabel_variables(dict(enumerate("fedcba")), inplace=False)
    bqm.change_vartype(vartype)
    low, high = sorted(bqm.vartype.value)
    sampleset = sampler.sample(bqm, num_reads=20, num_sweeps=5, clamp={"a": low, "e": high}, seed=1)
    by_label = sampleset.samples(sorted_by=None)
    assert set(by_label[:, "a"]) == {low}
    assert set(by_label[:, "e"]) == {high}
    dimod.testing.assert_sampleset_energies(sampleset, bqm)


def test_works_inside_composites() -> None:
    composed = dimod.TrackingComposite(SimulatedAnnealingSampler())
    sampleset = composed.sample(spin_glass(5), num_reads=4)
    dimod.testing.assert_sampleset_energies(sampleset, spin_glass(5))
    higher = dimod.HigherOrderComposite(SimulatedAnnealingSampler())
    cubic = dimod.BinaryPolynomial({("a", "b", "c"): -1.0, ("a",): 0.5}, "SPIN")
    assert higher.sample_poly(cubic, num_reads=20, seed=1).first.energy == -1.5
