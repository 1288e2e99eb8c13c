"""The public function `sample`."""

import time
from os import PathLike

from numpy.typing import ArrayLike

from magnetite._checks import check_choice, check_count
from magnetite.control import Callback, check_control, drive
from magnetite.memory import check_memory
from magnetite.models import Model
from magnetite.options import (
    KERNELS,
    SCANS,
    SeedLike,
    check_beta,
    check_first_chain,
    check_seed,
    check_threads,
)
from magnetite.plans import SamplePlan, check_model
from magnetite.results import SampleResult
from magnetite.sampling import SampleJob
from magnetite.starts import ClampLike, check_clamp, check_initial_states, count_states, tile_states

__all__ = ["sample"]

NUM_CHAINS = 64


def sample(
    model: Model,
    *,
    beta: float = 1.0,
    num_chains: int | None = 64,
    num_sweeps: int = 1000,
    warmup: int | None = None,
    thin: int = 1,
    kernel: str = "metropolis",
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
    chains beside it. The options that are not listed are those of `magnetite.anneal`.

    Parameters
    ----------
    model : Ising, Qubo, BoltzmannMachine or maxcut(...)
        The energy.
    beta : float
        Inverse temperature; 0 and infinity allowed.
    num_chains : int or None
        Number of chains; None makes as many as `initial_states` has, 64 where it has no rows.
    num_sweeps : int
        Sweeps of each chain after its warm-up (a sweep is n attempted updates).
    warmup : int, optional
        Sweeps before the first draw; half of `num_sweeps`, rounded down, by default.
    thin : int
        Draw after every so many sweeps: num_draws = num_sweeps // thin.
    kernel : "metropolis" or "gibbs"
        The transition rule.
    scan : "sequential", "permutation" or "random"
        The order of sites within a sweep.
    store_states : bool
        Keep all draws, shape (num_chains, num_draws, n).
    moments : bool
        Accumulate `mean` and, over the model's couplings, `correlations`; needs no stored draws.
    time_limit : float, optional
        Seconds; only cuts: draws not reached have the energy nan.

    Returns
    -------
    SampleResult
        Last states (num_chains, n), energies of all draws (num_chains, num_draws), moments.

    Raises
    ------
    ValueError, TypeError
        An option breaks its rule; the message names it.
    MemoryError
        The draws could never fit in this machine; nothing has been allocated.

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
    check_model(model)
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
    threads = check_threads(num_threads)
    held = check_clamp(model, clamp)
    starts = check_initial_states(model, initial_states, held)
    if num_chains is None:
        num_chains = count_states(initial_states) or NUM_CHAINS
    sweeps = check_count("num_sweeps", num_sweeps, 0)
    plan = SamplePlan(
        seed=check_seed(seed),
        first_chain=check_first_chain(first_chain),
        kernel=check_choice("kernel", kernel, KERNELS),
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
    _check_plan(plan, model.num_variables)
    job = SampleJob(model, plan, threads)
    job.preprocessing = time.perf_counter() - started
    return drive(job, control)


def _check_plan(plan: SamplePlan, num_variables: int) -> None:
    """Refuse what only the plan as a whole shows to be wrong."""
    num_chains, num_draws = plan.num_chains, plan.num_draws
    if plan.initial_states is not None:
        tile_states(plan.initial_states[:, :0], num_chains, "num_chains")
    stored = 2 * num_chains * num_draws * num_variables if plan.store_states else 0
    check_memory(
        {
            f"last states of {num_chains} chains": 2 * num_chains * num_variables,
            f"energies of {num_chains} chains x {num_draws} draws": 16 * num_chains * num_draws,
            f"states of {num_chains} chains x {num_draws} draws": stored,
        }
    )
