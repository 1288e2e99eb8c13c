"""Times to solution: the formula, its error against repetition, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import magnetite as mg
from magnetite.storage import read_archive, write_archive
from magnetite.times import time_to_solution

RING = {(i, (i + 1) % 9): 1.0 for i in range(9)}
MODEL = mg.maxcut(RING)  # a best cut of 8


def test_the_formula() -> None:
    found = time_to_solution(50, 200, 0.5)
    assert found.value == pytest.approx(0.5 * math.log(0.01) / math.log(0.75))
    assert found.ess == 200.0
    assert time_to_solution(50, 200, 0.5, quantile=0.5).value == pytest.approx(
        0.5 * math.log(0.5) / math.log(0.75)
    )
    sure = time_to_solution(2000, 2000, 0.5)
    assert (sure.value, sure.bracket, sure.error) == (0.5, (0.5, 0.5), 0.0)
    few = time_to_solution(3, 3, 0.5)
    assert few.value == few.bracket[0] == 0.5 < few.bracket[1]
    assert few.error > 0


def test_no_success_is_a_lower_bound() -> None:
    found = time_to_solution(0, 64, 0.5)
    assert (found.value, found.reliable) == (math.inf, False)
    assert found.reason == "none of 64 trials succeeded: a lower bound"
    # (4 / 64) / (1 + 4 / 64): the largest p for which no success is within two deviations
    assert found.bracket == (pytest.approx(0.5 * math.log(0.01) / math.log(1 - 4 / 68)), math.inf)


@given(st.integers(1, 1000), st.data(), st.floats(0.01, 0.999))
def test_bracket_and_order(trials: int, data: st.DataObject, quantile: float) -> None:
    successes = data.draw(st.integers(0, trials))
    found = time_to_solution(successes, trials, 0.25, quantile=quantile)
    assert 0.25 <= found.bracket[0] <= found.value <= found.bracket[1]
    if successes < trials:
        better = time_to_solution(successes + 1, trials, 0.25, quantile=quantile)
        assert better.value <= found.value


@pytest.mark.parametrize("p", [0.1, 0.3, 0.7])
def test_brackets_cover_and_errors_are_standard_deviations(p: float) -> None:
    trials, repeats = 500, 4000
    truth = math.log(0.01) / math.log(1 - p)
    drawn = np.random.default_rng(1).binomial(trials, p, repeats)
    found = [time_to_solution(int(k), trials, 1.0) for k in drawn]
    covered = np.mean([e.bracket[0] <= truth <= e.bracket[1] for e in found])
    assert abs(covered - 0.9545) < 4 * math.sqrt(0.9545 * 0.0455 / repeats) + 0.01
    values = np.array([e.value for e in found])
    deviation = values[np.isfinite(values)].std()
    assert np.median([e.error for e in found]) == pytest.approx(deviation, rel=0.15)


def test_of_a_run() -> None:
    result = mg.anneal(MODEL, num_reads=200, num_sweeps=4, beta_range=(0.5, 1.5), seed=1)
    successes = int((result.objectives >= 8).sum())
    assert 0 < successes < 200
    seconds = result.info["timing"]["sampling"] / 200
    assert mg.tts(result, target=8) == time_to_solution(successes, 200, seconds)
    assert mg.tts(result, target=8, quantile=0.9).value < mg.tts(result, target=8).value
    assert mg.tts(result, target=8 + 1e-12) == mg.tts(result, target=8)  # within rounding
    assert not mg.tts(result, target=9).reliable
    assert mg.tts(result, target=0).value == seconds
    ising = mg.anneal(mg.Ising(RING), num_reads=200, num_sweeps=4, beta_range=(0.5, 1.5), seed=1)
    assert (ising.sense, result.sense) == ("minimise", "maximise")
    assert mg.tts(ising, target=-7).bracket[0] > 0
    assert mg.tts(ising, target=-7).ess == 200
    assert (ising.energies <= -7).sum() == successes


def test_sense_survives_a_file(tmp_path: Any) -> None:
    result = mg.anneal(MODEL, num_reads=4, num_sweeps=10, seed=1)
    result.save(tmp_path / "a.npz")
    assert mg.load(tmp_path / "a.npz").sense == "maximise"
    drawn = mg.sample(MODEL, num_chains=2, num_sweeps=3, seed=1)
    assert drawn.sense == "maximise"


def test_results_of_before_say_their_sense(tmp_path: Any) -> None:
    """Version 1 of the archive was first written without it."""
    for model, sense in ((MODEL, "maximise"), (mg.Ising(RING), "minimise")):
        path = tmp_path / "old.npz"
        mg.anneal(model, num_reads=2, num_sweeps=2, seed=1).save(path)
        kind, content = read_archive(path)
        del content["sense"]
        write_archive(path, kind, content)
        assert mg.load(path).sense == sense


def test_runs_whose_reads_were_stopped_or_chosen_are_refused() -> None:
    stopped = mg.anneal(MODEL, num_sweeps=100_000, target_energy=-7, seed=1)
    found = mg.tts(stopped, target=8)
    assert not found.reliable
    assert math.isnan(found.value)
    assert "ended by target_energy" in found.reason
    filled = mg.anneal(MODEL, time_limit=0.1, seed=1)
    assert "ended by time_limit" in mg.tts(filled, target=8).reason


def test_runs_of_a_search_are_trials() -> None:
    problem = mg.planted.wishart(24, 0.75, entries="sign", seed=3)
    runs = [
        mg.temper(problem.model, num_sweeps=10, betas=[0.05, 0.1, 0.3], seed=seed)
        for seed in range(40)
    ]
    successes = sum(run.best.energy <= problem.energy + 1e-9 for run in runs)
    assert 0 < successes < 40
    seconds = float(np.mean([sum(run.info["timing"].values()) for run in runs]))
    assert mg.tts(runs, target=problem.energy) == time_to_solution(successes, 40, seconds)
    solved = [mg.solve(MODEL, num_rounds=1, seed=seed) for seed in range(3)]
    found = mg.tts(solved, target=8)
    assert (found.reliable, found.ess) == (True, 3.0)
    assert not mg.tts(solved, target=9).reliable


def test_runs_that_were_stopped_are_refused() -> None:
    glass = mg.Ising(np.triu(np.random.default_rng(1).normal(size=(60, 60)), 1))
    stopped = mg.solve(glass, target_energy=0.0, num_rounds=9, seed=1)
    cut = [mg.solve(glass, time_limit=0.05, seed=seed) for seed in range(2)]
    assert mg.tts(cut, target=0.0).reliable
    for runs in ([stopped], [*cut, stopped]):
        found = mg.tts(runs, target=0.0)
        assert found.reason.startswith("a run was ended by target_energy, and runs must all be of")
    mixed = [mg.solve(glass, num_rounds=k, seed=k) for k in (1, 2)]
    with pytest.raises(ValueError, match=r"one length, got num_rounds=2 at index 1 after 1"):
        mg.tts(mixed, target=0.0)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((2, 1, 1.0), {}, "successes must be at most the 1 trials, got 2"),
        ((-1, 1, 1.0), {}, "successes must be at least 0, got -1"),
        ((0, 0, 1.0), {}, "trials must be at least 1, got 0"),
        ((0, 1, 0.0), {}, "seconds_per_trial must be positive and finite, got 0"),
        ((0, 1, math.nan), {}, "seconds_per_trial must be positive and finite, got nan"),
        ((0, 1, 1.0), {"quantile": 1.0}, "quantile must be between 0 and 1, got 1.0"),
        ((0, 1, 1.0), {"quantile": 0}, "quantile must be between 0 and 1, got 0"),
        ((0.5, 1, 1.0), {}, "successes must be an integer, got 0.5"),
    ],
)
def test_bad_input(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        time_to_solution(*arguments, **options)
    assert str(caught.value) == message


def test_bad_results_and_targets() -> None:
    with pytest.raises(TypeError, match=r"^result must be an AnnealResult or a list of results, g"):
        mg.tts({}, target=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="result must hold at least one run, got none"):
        mg.tts([], target=1)
    solved = mg.solve(MODEL, seed=1)
    with pytest.raises(TypeError, match=r"one SolveResult, which is a single trial: give a list"):
        mg.tts(solved, target=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="results of one kind, got AnnealResult at index 1 after"):
        mg.tts([solved, mg.anneal(MODEL, num_reads=2, num_sweeps=2, seed=1)], target=1)
    result = mg.anneal(MODEL, num_reads=2, num_sweeps=2, seed=1)
    for target, message in ((math.nan, "finite, got nan"), ("8", "a real number, got str")):
        with pytest.raises((ValueError, TypeError), match=f"^target must be {message}"):
            mg.tts(result, target=target)  # type: ignore[arg-type]
