"""Time to solution: how long a heuristic takes until it has most probably succeeded."""

import math

import numpy as np

from magnetite._checks import check_count, check_finite, check_real
from magnetite.estimates import Estimate
from magnetite.results import AnnealResult

__all__ = ["time_to_solution", "tts"]

_TOLERANCE = 1e-9  # relative; sums of real weights differ in their last digits
_SPREAD = 2.0  # standard errors to each side of a bracket


def tts(result: AnnealResult, *, target: float, quantile: float = 0.99) -> Estimate:
    """Return the time until some read has reached the target with probability `quantile`.

    ``TTS = t_read ln(1 - quantile) / ln(1 - p)``, and ``t_read`` where ``p >= quantile``. Here p
    is the share of the reads whose objective is as good as the target, and ``t_read`` the seconds
    of sampling (``info["timing"]["sampling"]``) over the number of reads, with all
    ``info["num_threads"]`` threads at work: a time to solution holds for that number.

    Parameters
    ----------
    result : AnnealResult
        Of a run that ended by count: its reads must not have been stopped or chosen.
    target : float
        What a read must reach, in the objective's own sense: a cut of 13359, a difference of 0.
    quantile : float
        Probability of success that is asked for, between 0 and 1.

    Returns
    -------
    Estimate
        Seconds. `bracket` and `error` are those of `time_to_solution`; a lower bound, with value
        infinity, where no read reached the target; refused where reads were stopped or chosen.

    Raises
    ------
    TypeError, ValueError
        If `result` is of another sampler, the target is not finite, or `quantile` out of range.

    Notes
    -----
    Roennow et al., Science 345, 420 (2014). It depends on the number of sweeps: compare solvers at
    the number that makes it smallest. The error does not know how ``t_read`` varies from run to
    run.

    Examples
    --------
    >>> import magnetite as mg
    >>> problem = mg.planted.wishart(16, 1.0, entries="sign", seed=1)
    >>> result = mg.anneal(problem.model, num_reads=100, num_sweeps=20, seed=1)
    >>> time = mg.tts(result, target=problem.energy)
    >>> time.reliable, time.bracket[0] < time.value < time.bracket[1]
    (True, True)
    """
    if not isinstance(result, AnnealResult):
        raise TypeError(f"result must be that of an anneal, got {type(result).__name__}")
    goal = check_real("target", target)
    check_finite("target", np.float64(goal))
    _check_quantile(quantile)
    info = result.info
    if info["stop_reason"] != "completed":
        return Estimate.refused(
            f"the run was ended by {info['stop_reason']}, and its reads are not all whole: "
            "give num_reads and num_sweeps, and no limit or target"
        )
    slack = _TOLERANCE * max(1.0, abs(goal))
    if result.sense == "maximise":
        reached = result.objectives >= goal - slack
    else:
        reached = result.objectives <= goal + slack
    num_reads = len(result.objectives)
    seconds = info["timing"]["sampling"] / num_reads
    return time_to_solution(int(reached.sum()), num_reads, seconds, quantile=quantile)


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
