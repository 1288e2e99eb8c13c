"""The public function `log_partition`."""

import math
import time
from dataclasses import replace

import numpy as np

from magnetite._checks import check_choice, check_count
from magnetite.control import Callback, Control, check_control
from magnetite.estimates import Estimate
from magnetite.exact import exact
from magnetite.importance import annealed_log_partition
from magnetite.models import Model, ModelLike
from magnetite.options import SeedLike, check_beta, check_seed, check_threads
from magnetite.plans import as_model
from magnetite.starts import ClampLike, check_clamp
from magnetite.summing import Problem
from magnetite.temper import temper
from magnetite.temper_result import TemperResult

__all__ = ["log_partition"]

METHODS = ("auto", "exact", "tempering", "annealing")

# "auto" sums exactly up to so many variables by enumeration, or table entries by elimination.
QUICK_VARIABLES = 24
QUICK_ENTRIES = 2**22

# An estimate is out of its bounds where it is so many errors beyond them.
APART = 4.0

# Bounds may be sharp, and all values rounded.
ROUNDING = 1e-9

# Replicas that annealing goes back from: draws of the coldest rung that are worth one each.
STARTS = 64


def log_partition(
    model: ModelLike,
    *,
    beta: float = 1.0,
    method: str = "auto",
    num_ladders: int = 4,
    num_sweeps: int = 4000,
    clamp: ClampLike = None,
    seed: SeedLike = None,
    num_threads: int | None = None,
    time_limit: float | None = None,
    callback: Callback | None = None,
    progress: bool = False,
    on_interrupt: str = "raise",
) -> Estimate:
    """Estimate log Z, the logarithm of the sum of exp(-beta E) over all states.

    Parameters
    ----------
    model : Ising, Qubo, BoltzmannMachine or maxcut(...)
        The energy.
    beta : float, default 1
        Inverse temperature.
    method : "auto" (default), "exact", "tempering" or "annealing"
        "exact": `magnetite.exact`. "tempering": replica exchange from beta = 0, its draws joined
        by multistate reweighting and checked against the bounds of thermodynamic integration.
        "annealing": annealed importance sampling up from beta = 0, and down from draws of replica
        exchange. "auto": exact where that takes a moment, else tempering.
    num_ladders, num_sweeps : int, default 4 and 4000
        Of the replica exchange, as for `magnetite.temper`; chains and betas of annealing follow.
    clamp, seed, num_threads
        As for `magnetite.anneal`.
    time_limit : float, optional
        Seconds, which only cut: ladders that are cut give what their draws bear, annealing nothing.
        Exact sums know no limit.
    callback, progress, on_interrupt
        As for `magnetite.anneal`; the callback and the bar follow the replica exchange. An
        interrupt carries its `TemperResult` as ``.result``.

    Returns
    -------
    Estimate
        Value, one standard error, and a bracket: two errors to each side, or what annealing bounds.
        Refused, with the reason, when the ladders are not in equilibrium, were stopped before
        they had enough draws, or when two ways disagree.

    Raises
    ------
    ValueError, TypeError
        An option breaks its rule, or the model is too large for ``method="exact"``.

    Notes
    -----
    Mean energies fall with beta, so that ``-sum_k w_k U(b_k) <= log Z(b_K) - log Z(b_0) <= -sum_k
    w_k U(b_{k+1})`` over the gaps ``w_k = b_{k+1} - b_k`` of a ladder. The reweighted value must
    lie between these, within four errors. (The integral itself would have to be known far better
    between the rungs than a ladder with a wide last gap lets it.)

    References
    ----------
    Shirts and Chodera, J. Chem. Phys. 129 (2008) 124105; Neal, Stat. Comput. 11 (2001) 125.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.Ising({(i, (i + 1) % 12): 1.0 for i in range(12)})
    >>> print(mg.log_partition(model, beta=1.0))
    13.5605 +- 0
    >>> estimate = mg.log_partition(model, beta=1.0, method="tempering", seed=1)
    >>> abs(estimate.value - 13.5605) < 4 * estimate.error
    True
    """
    control = check_control(
        started=time.perf_counter(),
        time_limit=time_limit,
        target_energy=None,
        callback=callback,
        progress=progress,
        checkpoint=None,
        checkpoint_interval=math.inf,
        on_interrupt=on_interrupt,
    )
    model = as_model(model)
    method = check_choice("method", method, METHODS)
    beta = check_beta("beta", beta)
    held = check_clamp(model, clamp)
    threads = check_threads(num_threads)
    num_free = model.num_variables - held.sites.size
    if method == "exact" or (method == "auto" and _is_quick(Problem(model, held, threads, 2**26))):
        found = exact(model, beta=beta, clamp=clamp, num_threads=threads, progress=progress)
        return _sure(found.log_z)
    if math.isinf(beta):
        raise ValueError(f"beta must be finite for method={method!r}, got inf")
    if beta == 0:
        return _sure(num_free * math.log(2))
    replay = check_seed(seed).replay
    ladders = check_count("num_ladders", num_ladders, 2)
    sweeps = check_count("num_sweeps", num_sweeps, 128)
    run = temper(
        model,
        beta_range=(0.0, beta),
        num_ladders=ladders,
        num_sweeps=sweeps,
        clamp=clamp,
        store_states=False,
        observe_interval=0,
        seed=replay,
        num_threads=threads,
        time_limit=control.time_limit,
        callback=callback,
        progress=progress,
        on_interrupt=on_interrupt,
    )
    refused = _complaint(run)
    if refused:
        return Estimate.refused(refused)
    if method == "annealing":
        return _annealed(model, run, clamp, replay, threads, control)
    return _tempered(run)


def _is_quick(problem: Problem) -> bool:
    """Tell whether an exact sum takes but a moment."""
    if problem.num_free <= QUICK_VARIABLES:
        return True
    return problem.tree().entries <= QUICK_ENTRIES


def _sure(log_z: float) -> Estimate:
    return Estimate(log_z, 0.0, (log_z, log_z), math.inf, True, "")


def _complaint(run: TemperResult) -> str:
    """Say why nothing follows from a run; nothing where something does."""
    ended = run.info["stop_reason"]
    if ended != "completed" and not run.info["tuned"]:
        return f"the run was ended ({ended}) before the ladder was tuned"
    if not run.equilibration.verdict:
        reasons = "; and ".join(run.equilibration.verdict.reasons)
        return f"the ladders are not in equilibrium: {reasons}"
    return ""


def _tempered(run: TemperResult) -> Estimate:
    """Return log Z at the coldest rung, by reweighting, if integration allows it."""
    joined = run.log_partition(float(run.betas[-1]))
    if not joined.reliable:
        return joined
    low, high = _bounds(run)
    slack = APART * joined.error + ROUNDING * abs(joined.value)
    if low.bracket[0] - slack <= joined.value <= high.bracket[1] + slack:
        return joined
    return Estimate.refused(
        f"reweighting says {joined.value:.6g} +- {joined.error:.2g}, but integration of the mean "
        f"energies bounds log Z between {low} and {high}: take more sweeps"
    )


def _bounds(run: TemperResult) -> tuple[Estimate, Estimate]:
    """Return a lower and an upper bound of log Z at the coldest rung, with `APART` errors aside.

    Errors of the rungs are added up as they are, not their squares: rungs are not independent.
    """
    widths, energies = np.diff(run.betas), run.mean_energy
    start = run.num_free * math.log(2)
    found = []
    for rungs in (slice(None, -1), slice(1, None)):
        value = start - float(widths @ energies.value[rungs])
        error = float(widths @ energies.error[rungs])
        bracket = (value - APART * error, value + APART * error)
        found.append(Estimate(value, error, bracket, math.inf, True, ""))
    return found[0], found[1]


def _widened(estimate: Estimate, other: float) -> Estimate:
    """Return an estimate whose bracket holds another value, too."""
    low, high = estimate.bracket
    return replace(estimate, bracket=(min(low, other), max(high, other)))


def _annealed(
    model: Model,
    run: TemperResult,
    clamp: ClampLike,
    seed: int,
    num_threads: int,
    control: Control,
) -> Estimate:
    """Return log Z by annealing up from beta = 0, and down from draws of the coldest rung."""
    if run.info["stop_reason"] != "completed":
        return Estimate.refused(f"the run was ended ({run.info['stop_reason']}) before annealing")
    memory = run.equilibration.autocorrelation_time[-1]
    num_ladders = len(run.states)
    thin = max(1, math.ceil(2 * memory.value))
    more = temper(
        model,
        betas=run.betas,
        num_ladders=num_ladders,
        num_sweeps=thin * math.ceil(STARTS / num_ladders),
        warmup=thin,
        thin=thin,
        cluster_moves=False,
        observe_interval=0,
        store_states=True,
        initial_states=run.states.reshape(-1, model.num_variables),
        clamp=clamp,
        seed=np.random.SeedSequence([seed, 1]),
        num_threads=num_threads,
        time_limit=max(0.0, control.time_left()),
        on_interrupt=control.on_interrupt,
    )
    if more.info["stop_reason"] != "completed":
        return Estimate.refused(f"the run was ended ({more.info['stop_reason']}) before annealing")
    found = annealed_log_partition(
        model,
        float(run.betas[-1]),
        num_betas=max(2, run.energies.shape[2]),
        equilibrium_states=more.draws[:, -1].reshape(-1, model.num_variables),
        clamp=clamp,
        seed=np.random.SeedSequence([seed, 2]),
        num_threads=num_threads,
        time_limit=max(0.0, control.time_left()),
    )
    # The bounds of either direction may miss the value of both together by chance.
    return (
        _widened(found.estimate, found.estimate.value)
        if found.estimate.reliable
        else found.estimate
    )
