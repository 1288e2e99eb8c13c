"""The public function `log_partition`."""

import math
from dataclasses import replace

import numpy as np

from magnetite._checks import check_choice, check_count
from magnetite.diagnostics import thermodynamic_integration
from magnetite.estimates import Estimate
from magnetite.exact import exact
from magnetite.importance import annealed_log_partition
from magnetite.models import Model
from magnetite.options import SeedLike, check_beta, check_seed, check_threads
from magnetite.plans import check_model
from magnetite.starts import ClampLike, check_clamp
from magnetite.summing import Problem
from magnetite.temper import temper
from magnetite.temper_result import TemperResult

__all__ = ["log_partition"]

METHODS = ("auto", "exact", "tempering", "annealing")

# "auto" sums exactly up to so many variables by enumeration, or table entries by elimination.
QUICK_VARIABLES = 24
QUICK_ENTRIES = 2**22

# Two estimates of the same draws disagree when they are so many of their errors apart.
APART = 4.0

# Replicas that annealing goes back from: draws of the coldest rung that are worth one each.
STARTS = 64


def log_partition(
    model: Model,
    *,
    beta: float = 1.0,
    method: str = "auto",
    num_ladders: int = 4,
    num_sweeps: int = 4000,
    clamp: ClampLike = None,
    seed: SeedLike = None,
    num_threads: int | None = None,
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
        by multistate reweighting and checked against thermodynamic integration. "annealing":
        annealed importance sampling up from beta = 0, and down from draws of replica exchange.
        "auto": exact where that takes a moment, else tempering.
    num_ladders, num_sweeps : int, default 4 and 4000
        Of the replica exchange, as for `magnetite.temper`; chains and betas of annealing follow.
    clamp, seed, num_threads
        As for `magnetite.anneal`.

    Returns
    -------
    Estimate
        Value, one standard error, and a bracket: two errors to each side, widened to what the
        second estimate says. Refused, with the reason, when the ladders are not in equilibrium or
        the two estimates disagree.

    Raises
    ------
    ValueError, TypeError
        An option breaks its rule, or the model is too large for ``method="exact"``.

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
    check_model(model)
    method = check_choice("method", method, METHODS)
    beta = check_beta("beta", beta)
    held = check_clamp(model, clamp)
    threads = check_threads(num_threads)
    num_free = model.num_variables - held.sites.size
    if method == "exact" or (method == "auto" and _is_quick(Problem(model, held, threads, 2**26))):
        return _sure(exact(model, beta=beta, clamp=clamp, num_threads=threads).log_z)
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
    )
    if not run.equilibration.verdict:
        reasons = "; and ".join(run.equilibration.verdict.reasons)
        return Estimate.refused(f"the ladders are not in equilibrium: {reasons}")
    if method == "annealing":
        return _annealed(model, run, clamp, replay, threads)
    return _tempered(run)


def _is_quick(problem: Problem) -> bool:
    """Tell whether an exact sum takes but a moment."""
    if problem.num_free <= QUICK_VARIABLES:
        return True
    return problem.tree().entries <= QUICK_ENTRIES


def _sure(log_z: float) -> Estimate:
    return Estimate(log_z, 0.0, (log_z, log_z), math.inf, True, "")


def _tempered(run: TemperResult) -> Estimate:
    """Return log Z at the coldest rung, by reweighting, if integration agrees."""
    joined = run.log_partition(float(run.betas[-1]))
    if not joined.reliable:
        return joined
    integral = thermodynamic_integration(run.independent_energies, run.betas).log_z_ratios[-1]
    if not integral.reliable:
        return joined
    other = run.num_free * math.log(2) + integral.value
    spread = math.hypot(joined.error, integral.error)
    if abs(other - joined.value) > APART * spread:
        return Estimate.refused(
            f"reweighting {joined.value:.6g} +- {joined.error:.2g} and integration {other:.6g} +- "
            f"{integral.error:.2g} disagree: take more sweeps"
        )
    return _widened(joined, other)


def _widened(estimate: Estimate, other: float) -> Estimate:
    """Return an estimate whose bracket holds another value, too."""
    low, high = estimate.bracket
    return replace(estimate, bracket=(min(low, other), max(high, other)))


def _annealed(
    model: Model, run: TemperResult, clamp: ClampLike, seed: int, num_threads: int
) -> Estimate:
    """Return log Z by annealing up from beta = 0, and down from draws of the coldest rung."""
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
    )
    assert more.draws is not None
    found = annealed_log_partition(
        model,
        float(run.betas[-1]),
        num_betas=max(2, run.energies.shape[2]),
        equilibrium_states=more.draws[:, -1].reshape(-1, model.num_variables),
        clamp=clamp,
        seed=seed,
        num_threads=num_threads,
    )
    # The bounds of either direction may miss the value of both together by chance.
    return (
        _widened(found.estimate, found.estimate.value)
        if found.estimate.reliable
        else found.estimate
    )
