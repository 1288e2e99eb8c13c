"""The public function `sample`."""

import time
from os import PathLike

from numpy.typing import ArrayLike

from magnetite._checks import check_choice, check_count
from magnetite.checkpoints import check_labels
from magnetite.control import Callback, check_control, drive
from magnetite.memory import check_memory
from magnetite.models import Model, ModelLike
from magnetite.options import (
    KERNELS,
    SCANS,
    SeedLike,
    check_beta,
    check_seed,
    check_threads,
)
from magnetite.plans import SamplePlan, as_model, check_kernel
from magnetite.results import SampleResult
from magnetite.rounds import LANES
from magnetite.sampling import SampleJob
from magnetite.starts import ClampLike, check_clamp, check_initial_states, count_states, tile_states

__all__ = ["sample"]

NUM_CHAINS = 64


def sample(
    model: ModelLike,
    *,
    beta: float = 1.0,
    num_chains: int | None = 64,
    num_sweeps: int = 1000,
    warmup: int | None = None,
    thin: int = 1,
    kernel: str | None = None,
    scan: str = "sequential",
    store_states: bool = False,
    moments: bool = True,
    seed: SeedLike = None,
    num_threads: int | None = None,
    time_limit: float | None = None,
    target_energy: float | None = None,
    callback: Callback | None = None,
    progress: bool = False,
    initial_states: ArrayLike | None = None,
    clamp: ClampLike = None,
    first_chain: int = 0,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_interval: float = 60.0,
    on_interrupt: str = "raise",
) -> SampleResult:
    """Draw states from exp(-beta E) with independent Markov chains, many at once.

    A chain is a function of the seed and its own number alone: not of the threads, nor of the
    chains beside it.

    Parameters
    ----------
    model : Ising, Qubo, BoltzmannMachine or maxcut(...)
        The energy.
    beta : float, default 1
        Inverse temperature; 0 and infinity allowed.
    num_chains : int or None, default 64
        Number of chains; None makes as many as `initial_states` has, 64 where it has no rows.
    num_sweeps : int, default 1000
        Sweeps of each chain after its warm-up (a sweep is n attempted updates).
    warmup : int, optional
        Sweeps before the first draw; half of `num_sweeps`, rounded down, by default.
    thin : int, default 1
        Draw after every so many sweeps: num_draws = num_sweeps // thin.
    kernel : "metropolis" (default), "gibbs" (default for an `RBM`) or "dwave"
        The transition rule; sequential "dwave" at beta = 0 samples nothing, and sequential
        "metropolis" may go round in circles on a few spins that frustrate each other regularly.
    scan : "sequential" (default), "permutation" or "random"
        The order of sites within a sweep.
    store_states : bool, default False
        Keep all draws, shape (num_chains, num_draws, n).
    moments : bool, default True
        Accumulate `mean` and, over the model's couplings, `correlations`; needs no stored draws.
    time_limit : float, optional
        Seconds; only cuts: draws not reached have the energy nan.
    initial_states : array, optional
        States of shape (n,) for all chains or (k, n) tiled over them, in the model's own values.
    seed, num_threads, target_energy, callback, progress, clamp, first_chain
        As for `magnetite.anneal`.
    checkpoint, checkpoint_interval, on_interrupt
        As for `magnetite.anneal`.

    Returns
    -------
    SampleResult
        Last states (num_chains, n), energies of all draws (num_chains, num_draws), moments.

    Raises
    ------
    ValueError, TypeError
        An option breaks its rule; the message names it.
    MemoryError
        The states or the draws do not fit in memory; nothing has been allocated.

    References
    ----------
    Metropolis et al., J. Chem. Phys. 21 (1953) 1087; Geman and Geman, IEEE PAMI 6 (1984) 721.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.Ising({(0, 1): 1.0})
    >>> result = mg.sample(model, beta=0.5, num_chains=16, num_sweeps=500, seed=1)
    >>> result.energies.shape
    (16, 500)
    >>> abs(result.mean_energy.value + 0.462) < 0.1  # -tanh(0.5)
    True
    """
    started = time.perf_counter()
    model = as_model(model)
    control = check_control(
        started=started,
        time_limit=time_limit,
        target_energy=target_energy,
        callback=callback,
        progress=progress,
        checkpoint=checkpoint,
        checkpoint_interval=checkpoint_interval,
        on_interrupt=on_interrupt,
    )
    check_labels(model, control.checkpoint)
    threads = check_threads(num_threads)
    held = check_clamp(model, clamp)
    starts = check_initial_states(model, initial_states, held)
    if num_chains is None:
        num_chains = count_states(initial_states) or NUM_CHAINS
    sweeps = check_count("num_sweeps", num_sweeps, 0)
    plan = SamplePlan(
        seed=check_seed(seed),
        first_chain=check_count("first_chain", first_chain, 0),
        kernel=check_kernel(kernel, model, KERNELS),
        scan=check_choice("scan", scan, SCANS),
        beta=check_beta("beta", beta),
        num_chains=check_count("num_chains", num_chains, 1),
        num_sweeps=sweeps,
        warmup=sweeps // 2 if warmup is None else check_count("warmup", warmup, 0),
        thin=check_count("thin", thin, 1),
        store_states=bool(store_states),
        moments=bool(moments),
        initial_states=starts,
        clamp=held,
    )
    _check_plan(plan, model)
    job = SampleJob(model, plan, threads)
    job.preprocessing = time.perf_counter() - started
    return drive(job, control)


def _check_plan(plan: SamplePlan, model: Model) -> None:
    """Refuse what only the plan as a whole shows to be wrong."""
    if plan.initial_states is not None:
        tile_states(plan.initial_states[:, :0], plan.num_chains, "num_chains")
    check_memory(_sizes(plan, model.num_variables, model.core.num_couplings))


def _sizes(plan: SamplePlan, num_variables: int, num_couplings: int) -> dict[str, int]:
    """Return the bytes that the arrays of a run take when most of them are there, measured."""
    chains, draws = plan.num_chains, plan.num_draws
    a_spin = 4 if plan.initial_states is None else 6
    stored = 3 * chains * draws * num_variables if plan.store_states else 0
    summed = num_variables + num_couplings if plan.moments else 0
    blocks = chains // LANES + 1  # each sums its own moments
    return {
        f"last states of num_chains={chains}": a_spin * chains * num_variables,
        f"energies of num_chains={chains} x {draws} draws": 16 * chains * draws,
        f"states of num_chains={chains} x {draws} draws": stored,
        f"moments of num_chains={chains}": 8 * summed * blocks,
    }
