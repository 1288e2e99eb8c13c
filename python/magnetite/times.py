"""Time to solution: how long a heuristic takes until it has most probably succeeded."""

import math
from collections.abc import Sequence

import numpy as np

from magnetite._checks import check_count, check_finite, check_real
from magnetite.estimates import Estimate
from magnetite.results import AnnealResult, Result

__all__ = ["time_to_solution", "tts"]

_TOLERANCE = 1e-9  # relative; sums of real weights differ in their last digits
_SPREAD = 2.0  # standard errors to each side of a bracket


def tts(
    result: AnnealResult | Sequence[Result], *, target: float, quantile: float = 0.99
) -> Estimate:
    """Return the time until some trial has reached the target with probability `quantile`.

    ``TTS = t ln(1 - quantile) / ln(1 - p)``, and ``t`` where ``p >= quantile``. Here p is the share
    of the trials whose objective is as good as the target, and t the seconds that a trial takes,
    with all ``info["num_threads"]`` threads at work: a time to solution holds for that number.

    The reads of an anneal are trials, of ``info["timing"]["sampling"]`` over their number each. In
    any other run replicas exchange, or members recombine, so that all of it together is but one
    trial: give the results of many runs that differ in the seed alone. A trial then takes the mean
    of the sum of ``info["timing"]``.

    Parameters
    ----------
    result : AnnealResult or sequence of Result
        An anneal that ended by count, so that its reads were not stopped or chosen; or runs of one
        sampler (`SolveResult`, `TemperResult` ..), a trial each, that all ended by count or all by
        time limit, not at a target.
    target : float
        What a trial must reach, in the objective's own sense: a cut of 13359, a difference of 0.
    quantile : float
        Probability of success that is asked for, between 0 and 1.

    Returns
    -------
    Estimate
        Seconds. `bracket` and `error` are those of `time_to_solution`; a lower bound, with value
        infinity, where no trial reached the target; refused where trials were stopped or chosen.

    Raises
    ------
    TypeError, ValueError
        If `result` is a single run of another sampler, results are of different kinds or lengths,
        the target is not finite, or `quantile` out of range.

    Notes
    -----
    Roennow et al., Science 345, 420 (2014). It depends on the number of sweeps: compare solvers at
    the number that makes it smallest. The error does not know how t varies from run to run.

    Examples
    --------
    >>> import magnetite as mg
    >>> problem = mg.planted.wishart(16, 1.0, entries="sign", seed=1)
    >>> result = mg.anneal(problem.model, num_reads=100, num_sweeps=20, seed=1)
    >>> time = mg.tts(result, target=problem.energy)
    >>> time.reliable, time.bracket[0] < time.value < time.bracket[1]
    (True, True)
    >>> runs = [mg.solve(problem.model, num_rounds=1, seed=seed) for seed in range(20)]
    >>> mg.tts(runs, target=problem.energy).ess
    20.0
    """
    goal = check_real("target", target)
    check_finite("target", np.float64(goal))
    _check_quantile(quantile)
    runs = _checked_runs(result)
    kinds: tuple[str, ...]
    if isinstance(result, AnnealResult):
        objectives, kinds = result.objectives, ("completed",)
        seconds = result.info["timing"]["sampling"] / max(1, objectives.size)
        remedy = "and its reads are not all whole: give num_reads and num_sweeps, and no limit"
    else:
        objectives = np.array([run.best_objective for run in runs])
        kinds = ("completed", "time_limit")
        seconds = float(np.mean([sum(run.info["timing"].values()) for run in runs]))
        _check_lengths(runs)
        remedy = "and runs must all be of one length: give the number of sweeps or rounds to all"
    reasons = {run.info["stop_reason"] for run in runs}
    for reason in sorted(reasons):
        if reason not in kinds or len(reasons) > 1:
            return Estimate.refused(f"a run was ended by {reason}, {remedy}, and no target")
    slack = _TOLERANCE * max(1.0, abs(goal))
    if runs[0].sense == "maximise":
        reached = objectives >= goal - slack
    else:
        reached = objectives <= goal + slack
    return time_to_solution(int(reached.sum()), objectives.size, seconds, quantile=quantile)


def _checked_runs(result: object) -> Sequence[Result]:
    """Return the runs that trials are taken from; refuse what is none."""
    if isinstance(result, AnnealResult):
        return [result]
    if isinstance(result, Result):
        raise TypeError(
            "result must be an AnnealResult or a list of results, got one "
            f"{type(result).__name__}, which is a single trial: give a list of runs that "
            "differ in their seeds"
        )
    if not isinstance(result, Sequence) or isinstance(result, str | bytes):
        raise TypeError(
            f"result must be an AnnealResult or a list of results, got {type(result).__name__}"
        )
    if not result:
        raise ValueError("result must hold at least one run, got none")
    for number, run in enumerate(result):
        if not isinstance(run, Result) or type(run) is not type(result[0]):
            raise TypeError(
                f"result must hold results of one kind, got {type(run).__name__} at index "
                f"{number} after {type(result[0]).__name__}"
            )
    return result


def _check_lengths(runs: Sequence[Result]) -> None:
    """Refuse runs that were to end by different counts."""
    for name in ("num_rounds", "num_sweeps", "num_reads"):
        first, *others = (run.info.get(name) for run in runs)
        for number, other in enumerate(others, start=1):
            if other != first and runs[number].info["stop_reason"] == "completed":
                raise ValueError(
                    f"result must hold runs of one length, got {name}={other} at index {number} "
                    f"after {first}"
                )


def time_to_solution(
    successes: int, trials: int, seconds_per_trial: float, *, quantile: float = 0.99
) -> Estimate:
    """Return the time to solution of trials that succeed or not; see `tts`.

    Parameters
    ----------
    successes, trials : int
        How many of how many independent trials reached the target.
    seconds_per_trial : float
        Time of a trial, positive.
    quantile : float
        Probability of success that is asked for, between 0 and 1.

    Returns
    -------
    Estimate
        The value is that of ``p = successes / trials``. The bracket is the time at the ends of the
        score interval of p two standard errors wide to each side (Wilson 1927: those p for which
        the number of successes is within two standard deviations of the expected one), and the
        error a quarter of its width. `ess` is `trials`. Without any success the value and the
        upper end are infinite, and the lower end is a bound.

    Raises
    ------
    TypeError, ValueError
        If there are more successes than trials, no trial, or an argument is out of range.

    Examples
    --------
    >>> from magnetite.times import time_to_solution
    >>> print(time_to_solution(40, 100, 0.1))
    0.901515 +- 0.15
    >>> time_to_solution(0, 100, 0.1).bracket
    (11.741..., inf)
    """
    trials = check_count("trials", trials, 1)
    successes = check_count("successes", successes)
    if successes > trials:
        raise ValueError(f"successes must be at most the {trials} trials, got {successes}")
    seconds = check_real("seconds_per_trial", seconds_per_trial)
    if not 0 < seconds < math.inf:
        raise ValueError(f"seconds_per_trial must be positive and finite, got {seconds:g}")
    _check_quantile(quantile)
    share = successes / trials
    low, high = _score_interval(share, trials)
    bracket = _time(high, seconds, quantile), _time(low, seconds, quantile)
    if successes == 0:
        reason = f"none of {trials} trials succeeded: a lower bound"
        return Estimate(math.inf, math.inf, bracket, float(trials), False, reason)
    error = (bracket[1] - bracket[0]) / (2 * _SPREAD)
    return Estimate(_time(share, seconds, quantile), error, bracket, float(trials), True, "")


def _time(share: float, seconds: float, quantile: float) -> float:
    if share >= quantile:
        return seconds
    if share <= 0:
        return math.inf
    return seconds * math.log1p(-quantile) / math.log1p(-share)


def _score_interval(share: float, trials: int) -> tuple[float, float]:
    """Return the shares p with ``(share - p)**2 <= z**2 p (1 - p) / trials``."""
    z2 = _SPREAD**2 / trials
    centre = (share + z2 / 2) / (1 + z2)
    half = math.sqrt(z2 * share * (1 - share) + z2 * z2 / 4) / (1 + z2)
    low = 0.0 if share == 0 else centre - half
    return low, min(1.0, centre + half)


def _check_quantile(quantile: float) -> None:
    value = check_real("quantile", quantile)
    if not 0 < value < 1:
        raise ValueError(f"quantile must be between 0 and 1, got {quantile}")
