"""Log Z by annealed importance sampling in both directions, and what the two say of each other."""

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite import _core
from magnetite._checks import check_choice, check_count
from magnetite.control import SLICE_SECONDS, Control
from magnetite.estimates import Estimate
from magnetite.memory import check_memory
from magnetite.models import Model, ModelLike
from magnetite.options import (
    KERNELS,
    SCANS,
    SeedLike,
    check_beta,
    check_seconds,
    check_seed,
    check_threads,
)
from magnetite.plans import as_model, check_kernel
from magnetite.starts import Clamp, ClampLike, check_clamp, check_initial_states
from magnetite.weights import bridged_log_ratio, log_mean_weight

__all__ = [
    "AnnealedPartition",
    "annealed_log_partition",
    "bridged_log_ratio",
    "log_mean_weight",
]

FloatArray = NDArray[np.float64]

APART = 3.0
"""The two directions are said to disagree when they are so many standard errors apart."""

PILOT_REPLICAS = 256
PILOT_CULLING = 0.05
SCHEDULES = ("adaptive", "linear")


@dataclass(frozen=True, eq=False)
class AnnealedPartition:
    """Log Z by annealed importance sampling.

    Attributes
    ----------
    estimate : Estimate
        Log Z. Its `bracket` goes from two errors below `forward` to two errors above `reverse`,
        and has no upper end without `reverse`.
    forward : Estimate
        From beta = 0: at most log Z on average (a stochastic lower bound).
    reverse : Estimate or None
        From equilibrium draws down to beta = 0: at least log Z on average, if they are that.
    betas : ndarray of float64
        The schedule (num_betas,), ascending from 0.
    forward_log_weights, reverse_log_weights : ndarray of float64
        One a chain; the mean of the weights estimates ``Z(beta) / Z(0)``, and its inverse. They
        and `betas` are empty where a time limit came first.
    """

    estimate: Estimate
    forward: Estimate
    reverse: Estimate | None
    betas: FloatArray
    forward_log_weights: FloatArray
    reverse_log_weights: FloatArray | None


def annealed_log_partition(
    model: ModelLike,
    beta: float,
    *,
    num_chains: int = 256,
    num_betas: int = 2000,
    schedule: str = "adaptive",
    equilibrium_states: ArrayLike | None = None,
    kernel: str | None = None,
    scan: str = "sequential",
    clamp: ClampLike = None,
    seed: SeedLike = None,
    num_threads: int | None = None,
    time_limit: float | None = None,
) -> AnnealedPartition:
    """Estimate log Z by annealed importance sampling, with a bracket where there is equilibrium.

    Parameters
    ----------
    model : Ising, Qubo, BoltzmannMachine or maxcut(...)
        The energy.
    beta : float
        Inverse temperature, finite.
    num_chains : int, default 256
        Chains that go forward.
    num_betas : int, default 2000
        Betas from 0 to `beta`, both included; a chain makes a sweep at each but the first.
    schedule : "adaptive" (default) or "linear"
        Steps of equal spread of the weights, from a small run of population annealing; or equal.
    equilibrium_states : array, optional
        Independent draws at `beta`, shape (k, n), in the model's own values: k chains go back
        from them. The upper end of the bracket stands and falls with their being just that.
    kernel, scan, clamp, seed, num_threads
        As for `magnetite.sample`.
    time_limit : float, optional
        Seconds; a chain that is not at its end has no weight, so that all is refused then.

    Returns
    -------
    AnnealedPartition
        With both directions the value is Bennett's acceptance ratio of the two, and is refused
        where they disagree.

    References
    ----------
    Neal, Stat. Comput. 11 (2001) 125, equation 5; Burda, Grosse and Salakhutdinov, AISTATS (2015)
    102; Grosse, Ghahramani and Adams, arXiv:1511.02543.

    Examples
    --------
    >>> import magnetite as mg
    >>> from magnetite.importance import annealed_log_partition
    >>> model = mg.Ising({(0, 1): 1.0, (1, 2): 1.0})
    >>> found = annealed_log_partition(model, 0.5, num_betas=100, seed=1).estimate
    >>> abs(found.value - 2.3197) < 4 * found.error  # 3 ln 2 + 2 ln cosh 0.5
    True
    """
    control = Control(time.perf_counter(), check_seconds("time_limit", time_limit))
    model = as_model(model)
    last = check_beta("beta", beta)
    if math.isinf(last):
        raise ValueError("beta must be finite, got inf")
    held = check_clamp(model, clamp)
    starts = check_initial_states(model, equilibrium_states, held)
    options: dict[str, Any] = {
        "seed": check_seed(seed).key,
        "kernel": check_kernel(kernel, model, KERNELS),
        "scan": check_choice("scan", scan, SCANS),
        "clamped": held.sites,
        "clamped_values": held.spins,
        "num_threads": check_threads(num_threads),
    }
    chains = check_count("num_chains", num_chains, 2, bits=32)
    count = check_count("num_betas", num_betas, 2, bits=32)
    num_starts = 0 if starts is None else len(starts)
    check_memory(
        {
            f"states of num_chains={chains}": 6 * chains * model.num_variables,
            f"betas of num_betas={count}": 40 * count,
        }
    )
    try:
        betas = _betas(model, last, count, schedule, chains + num_starts, options, control)
        forward = _log_weights(model, betas, None, chains, 0, options, control)
        reverse = None
        if starts is not None:
            down = np.ascontiguousarray(betas[::-1])
            reverse = _log_weights(model, down, starts, num_starts, chains, options, control)
    except TimeoutError as error:
        return _unfinished(str(error), both=starts is not None)
    return _joined(_log_states(model, held), forward, reverse, betas)


def _carry_out(run: _core.AisRun | _core.PopulationRun, control: Control) -> None:
    """Carry a run to its end in short slices, or raise TimeoutError; Ctrl-C raises between two."""
    while (left := control.time_left()) > 0:
        if run.advance(min(SLICE_SECONDS, left)):
            return
    raise TimeoutError(
        f"time_limit={control.time_limit:.4g} ended the run before all chains had their weights: "
        "take fewer betas or fewer chains"
    )


def _unfinished(reason: str, *, both: bool) -> AnnealedPartition:
    refused, none = Estimate.refused(reason), np.empty(0)
    reverse, weights = (refused, none) if both else (None, None)
    return AnnealedPartition(refused, refused, reverse, none, none, weights)


def _log_states(model: Model, held: Clamp) -> float:
    """Return log Z at beta = 0."""
    return (model.num_variables - held.sites.size) * math.log(2)


def _betas(
    model: Model,
    last: float,
    count: int,
    schedule: str,
    first_chain: int,
    options: dict[str, Any],
    control: Control,
) -> FloatArray:
    linear = np.linspace(0.0, last, count)
    if check_choice("schedule", schedule, SCHEDULES) == "linear" or last == 0:
        return linear
    pilot = _core.PopulationRun(
        model.core,
        first_chain=first_chain,
        population=PILOT_REPLICAS,
        num_populations=1,
        betas=(last, PILOT_CULLING),
        sweeps_per_step=1,
        **options,
    )
    _carry_out(pilot, control)
    found = pilot.steps()[0]
    # Steps of the pilot cull the same share each: they are equal in what chains shall go through.
    places = np.linspace(0.0, found.size - 1.0, count)
    return np.interp(places, np.arange(found.size), found)


def _log_weights(
    model: Model,
    betas: FloatArray,
    starts: NDArray[np.int8] | None,
    num_chains: int,
    first_chain: int,
    options: dict[str, Any],
    control: Control,
) -> FloatArray:
    run = _core.AisRun(
        model.core,
        first_chain=first_chain,
        num_chains=num_chains,
        betas=betas,
        initial_states=starts,
        **options,
    )
    _carry_out(run, control)
    return run.log_weights()


def _joined(
    log_states: float, forward: FloatArray, reverse: FloatArray | None, betas: FloatArray
) -> AnnealedPartition:
    """Make one of both directions."""
    up = _shifted(log_mean_weight(forward), 1.0, log_states)
    down = None if reverse is None else _shifted(log_mean_weight(reverse), -1.0, log_states)
    if down is None or reverse is None:
        estimate = up
        if up.reliable:
            bracket = (up.bracket[0], math.inf)
            estimate = Estimate(up.value, up.error, bracket, up.ess, True, "")
    else:
        estimate = _bridged(log_states, forward, reverse, up, down)
    return AnnealedPartition(estimate, up, down, betas, forward, reverse)


def _shifted(estimate: Estimate, sign: float, by: float) -> Estimate:
    """Return `by` plus or minus an estimate."""
    if not estimate.reliable:
        return estimate
    value, error = by + sign * estimate.value, estimate.error
    return Estimate(value, error, (value - 2 * error, value + 2 * error), estimate.ess, True, "")


def _bridged(
    log_states: float, forward: FloatArray, reverse: FloatArray, up: Estimate, down: Estimate
) -> Estimate:
    """Return the estimate from both directions, or why they do not make one."""
    for name, one in (("forward", up), ("reverse", down)):
        if not one.reliable:
            return Estimate.refused(f"{name}: {one.reason}")
    apart = abs(up.value - down.value)
    if apart > APART * math.hypot(up.error, down.error) + 1e-9 * abs(up.value):
        remedy = "take more betas, or starts that are draws at that beta"
        if down.value < up.value:
            remedy = "the given states are hardly draws at that beta"
        return Estimate.refused(
            f"forward {up.value:.6g} +- {up.error:.2g} and reverse {down.value:.6g} +- "
            f"{down.error:.2g} disagree: {remedy}"
        )
    ratio, error = bridged_log_ratio(forward, reverse)
    bracket = (up.bracket[0], down.bracket[1])
    return Estimate(log_states + ratio, error, bracket, up.ess + down.ess, True, "")
