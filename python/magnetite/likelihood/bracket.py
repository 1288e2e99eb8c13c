"""Log Z from forward and reverse annealing: the bracket, the one number, and when there is none."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from magnetite.diagnostics.equilibration import Verdict
from magnetite.estimates import Estimate
from magnetite.weights import bridged_log_ratio, effective_weights, log_mean, too_few_weights

__all__ = ["LogPartition", "Weights", "combine", "exact_result", "refused_result"]

FloatArray = NDArray[np.float64]

APART = 3.0
"""The two directions disagree when they are so many standard errors apart."""

NUM_RESAMPLES = 200


@dataclass(frozen=True, eq=False)
class LogPartition:
    """Log Z of a machine, as far as it is known.

    Attributes
    ----------
    estimate : Estimate
        Log Z. Its `bracket` goes from two standard errors below `forward` to two above `reverse`,
        and is given where `value` is refused, too. An end is infinite where nothing bounds it.
    method : str
        "exact" or "annealed".
    forward : Estimate or None
        By annealing from the base to the machine: at most log Z on average (a stochastic lower
        bound: Z is overestimated by a factor of k with a chance of at most 1 / k).
    reverse : Estimate or None
        By annealing back from draws of the machine: at least log Z on average, if they are that.
    equilibrium : Verdict or None
        Whether the reverse chains' starts passed for draws of the machine; without that the
        reverse side bounds nothing.
    betas : ndarray of float64
        The schedule, ascending from 0 to 1.
    forward_log_weights, reverse_log_weights : ndarray of float64
        One a chain, relative to `log_base`.
    log_base : float
        Log Z of the base, where annealing begins.
    info : dict
        The base in words, seed, options, facts of the reverse chains' starts, seconds.

    Examples
    --------
    >>> import magnetite as mg
    >>> found = mg.RBM(4, 3).log_partition()
    >>> print(found)  # 7 ln 2
    4.85203 (exact)
    >>> found.verdict, found.bracket == (found.value, found.value)
    ('exact', True)
    """

    estimate: Estimate
    method: str
    forward: Estimate | None = None
    reverse: Estimate | None = None
    equilibrium: Verdict | None = None
    betas: FloatArray = field(default_factory=lambda: np.empty(0))
    forward_log_weights: FloatArray = field(default_factory=lambda: np.empty(0))
    reverse_log_weights: FloatArray = field(default_factory=lambda: np.empty(0))
    log_base: float = math.nan
    info: dict[str, object] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """Log Z; nan where one number would say more than is known."""
        return self.estimate.value

    @property
    def error(self) -> float:
        """One standard error of the value."""
        return self.estimate.error

    @property
    def bracket(self) -> tuple[float, float]:
        """Between what log Z lies."""
        return self.estimate.bracket

    @property
    def ess(self) -> float:
        """Effective number of weights, of both directions together."""
        return self.estimate.ess

    @property
    def reliable(self) -> bool:
        """Whether the value may be quoted."""
        return self.estimate.reliable

    @property
    def reason(self) -> str:
        """Why it may not; empty if it may."""
        return self.estimate.reason

    @property
    def verdict(self) -> str:
        """Return "exact", "reliable" or "unreliable"."""
        if not self.reliable:
            return "unreliable"
        return "exact" if self.method == "exact" else "reliable"

    def __str__(self) -> str:
        if self.method == "exact" and self.reliable:
            return f"{self.value:.6g} (exact)"
        low, high = self.bracket
        return f"{self.estimate}, bracket [{low:.6g}, {high:.6g}]"

    def __repr__(self) -> str:
        return f"<LogPartition: {self}>"


@dataclass(frozen=True, eq=False)
class Weights:
    """Log weights of chains of one direction.

    Those of one family may depend on each other: errors are made of families.
    """

    logs: FloatArray
    families: NDArray[np.int64]

    @property
    def value(self) -> float:
        """The logarithm of the mean weight."""
        return float(log_mean(self.logs))

    @property
    def ess(self) -> float:
        """Effective number of weights."""
        return effective_weights(self.logs)

    def resamples(self, rng: np.random.Generator) -> list[FloatArray]:
        """Return log weights of families drawn with replacement (Efron's bootstrap)."""
        names = np.unique(self.families)
        if len(names) == len(self.logs):
            return list(self.logs[rng.integers(len(self.logs), size=(NUM_RESAMPLES, len(names)))])
        parts = [self.logs[self.families == name] for name in names]
        drawn = rng.integers(len(parts), size=(NUM_RESAMPLES, len(parts)))
        return [np.concatenate([parts[i] for i in row]) for row in drawn]

    @property
    def small(self) -> float:
        """What the spread of resamples of few families falls short by."""
        count = len(np.unique(self.families))
        return math.sqrt(count / (count - 1)) if count > 1 else math.inf


def exact_result(log_z: float, info: dict[str, object]) -> LogPartition:
    """Return a log Z that is exact."""
    estimate = Estimate(log_z, 0.0, (log_z, log_z), math.inf, True, "")
    return LogPartition(estimate, "exact", info=info)


def refused_result(reason: str, method: str, info: dict[str, object]) -> LogPartition:
    """Return that nothing is known, and why."""
    return LogPartition(Estimate.refused(reason), method, info=info)


def combine(
    log_base: float,
    betas: FloatArray,
    forward: Weights,
    reverse: Weights | None,
    equilibrium: Verdict | None,
    seed: int,
    info: dict[str, object],
    stopped: str = "",
) -> LogPartition:
    """Make one of both directions.

    The value is Bennett's acceptance ratio of the two. It is refused where few weights decide,
    where the directions disagree, and where nothing vouches for the reverse chains' starts. Then
    ends that crossed do not bound: the upper one is taken to be infinite, and the reason says so.
    `stopped` says why the reverse side was not finished, if it was not.
    """
    rng = np.random.default_rng(seed)
    up = _one_way(log_base, 1.0, forward, rng)
    down = None if reverse is None else _one_way(log_base, -1.0, reverse, rng)
    problems = ([stopped] if stopped else []) + _problems(up, down, equilibrium)
    bound = down is not None and equilibrium is not None and bool(equilibrium)
    if down is not None and _below(up, down):
        bound = False
    bracket = (up.bracket[0], down.bracket[1] if bound and down is not None else math.inf)
    if problems or reverse is None or down is None:
        if bracket[0] > bracket[1]:
            problems.append(
                f"the directions crossed (lower end {bracket[0]:.6g}, upper end {bracket[1]:.6g})"
            )
            bracket = (bracket[0], math.inf)
        ess = up.ess + (0.0 if down is None else down.ess)
        reason = "; and ".join(problems)
        estimate = Estimate(math.nan, math.nan, bracket, ess, False, reason)
    else:
        ratio = bridged_log_ratio(forward.logs, reverse.logs)[0]
        value, error = log_base + ratio, _bridged_error(forward, reverse, ratio)
        bracket = (min(bracket[0], value), max(bracket[1], value))
        estimate = Estimate(value, error, bracket, up.ess + down.ess, True, "")
    return LogPartition(
        estimate,
        "annealed",
        up,
        down,
        equilibrium,
        betas,
        forward.logs,
        np.empty(0) if reverse is None else reverse.logs,
        log_base,
        info,
    )


def _bridged_error(forward: Weights, reverse: Weights, ratio: float) -> float:
    """Return the standard error of Bennett's ratio, chains of a family dependent on each other.

    The ratio is where the sum of `chances` over forward chains equals that over reverse chains: the
    error is that of the difference of sums, over its slope (the sandwich formula).
    """
    excess = math.log(forward.logs.size / reverse.logs.size)
    variance = slope = 0.0
    for weights, sign in ((forward, 1.0), (reverse, -1.0)):
        chances = np.exp(-np.logaddexp(0.0, sign * (ratio + excess) - weights.logs))
        slope += float((chances * (1 - chances)).sum())
        names, of = np.unique(weights.families, return_inverse=True)
        sums = np.bincount(of, chances - chances.mean(), minlength=len(names))
        variance += float((sums**2).sum()) * weights.small**2
    return math.sqrt(variance) / slope if slope > 0 else math.inf


def _one_way(log_base: float, sign: float, weights: Weights, rng: np.random.Generator) -> Estimate:
    """Return log Z by one direction; its error by bootstrap over families of chains."""
    value = log_base + sign * weights.value
    means = np.array([log_mean(sample) for sample in weights.resamples(rng)])
    error = float(means.std(ddof=1)) * weights.small
    reason = too_few_weights(weights.logs)
    bracket = (value - 2 * error, value + 2 * error)
    return Estimate(value, error, bracket, weights.ess, not reason, reason)


def _below(up: Estimate, down: Estimate) -> bool:
    """Tell whether the reverse side is below the forward one by more than chance allows."""
    return up.value - down.value > _allowed(up, down)


def _allowed(up: Estimate, down: Estimate) -> float:
    return APART * math.hypot(up.error, down.error) + 1e-6 * max(abs(up.value), 1.0)


def _problems(up: Estimate, down: Estimate | None, equilibrium: Verdict | None) -> list[str]:
    """Say why no single number follows; nothing where one does."""
    found = []
    if not up.reliable:
        found.append(f"forward: {up.reason}")
    if down is None:
        found.append("the forward direction alone bounds log Z from below only")
        return found
    if not down.reliable:
        found.append(f"reverse: {down.reason}")
    if equilibrium is not None and not equilibrium:
        found.append(
            f"the reverse chains' starts are no draws: {'; and '.join(equilibrium.reasons)}"
        )
    if abs(up.value - down.value) > _allowed(up, down):
        remedy = "the reverse chains' starts are hardly draws" if _below(up, down) else "more betas"
        found.append(
            f"forward {up.value:.6g} +- {up.error:.2g} and reverse {down.value:.6g} +- "
            f"{down.error:.2g} disagree ({remedy})"
        )
    return found
