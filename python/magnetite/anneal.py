"""The public function `anneal`."""

import math
import time
from collections.abc import Sequence
from os import PathLike

from numpy.typing import ArrayLike

from magnetite._checks import check_choice, check_count
from magnetite.annealing import AnnealJob
from magnetite.checkpoints import check_labels
from magnetite.control import Callback, check_control, drive
from magnetite.memory import check_memory
from magnetite.models import Model, ModelLike
from magnetite.options import (
    KEEPS,
    KERNELS,
    SCANS,
    SeedLike,
    check_seed,
    check_threads,
)
from magnetite.plans import AnnealPlan, as_model, check_kernel
from magnetite.results import AnnealResult
from magnetite.rounds import LANES, Filling, plan_filling
from magnetite.schedules import Schedule, check_schedule
from magnetite.starts import (
    Clamp,
    ClampLike,
    check_clamp,
    check_initial_states,
    count_states,
    tile_states,
)

__all__ = ["anneal"]

NUM_READS = 64
NUM_SWEEPS = 1000


def anneal(
    model: ModelLike,
    *,
    num_reads: int | None = None,
    num_sweeps: int | None = None,
    beta_range: Sequence[float] | None = None,
    beta_schedule: str | ArrayLike = "geometric",
    kernel: str | None = None,
    scan: str = "sequential",
    keep: str = "best",
    num_best: int = 1,
    trajectory: int = 0,
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
) -> AnnealResult:
    """Look for low energies by simulated annealing, many reads at once.

    Each read starts at random and is swept once at each beta of the schedule. A read is a function
    of the seed and its own number alone: not of the threads, nor of the reads beside it.

    Parameters
    ----------
    model : Ising, Qubo, BoltzmannMachine or maxcut(...)
        The energy.
    num_reads, num_sweeps : int, optional
        How many independent anneals, of how many sweeps each (a sweep is n attempted updates).
        Without a time limit None means 64 and 1,000, or the number of `initial_states` and the
        length of a custom `beta_schedule`.
    beta_range : (float, float), optional
        First and last beta of a named schedule; ``model.annealing_range()`` by default.
    beta_schedule : "geometric" (default), "linear" or array of shape (num_sweeps,)
        An array gives one beta a sweep, in any order, 0 and infinity allowed.
    kernel : "metropolis" (default), "gibbs" (default for an `RBM`) or "dwave"
        The transition rule; "dwave" is Metropolis as dwave-samplers has it, to the letter.
    scan : "sequential" (default), "permutation" or "random"
        The order of sites within a sweep.
    keep : "best" (default) or "last"
        Whether `states` holds the best state of each read, looked for at the end of each sweep,
        or its last.
    num_best : int, default 1
        How many of the lowest distinct states of the whole run to return as `best_states`.
    trajectory : int, default 0
        Number of points, evenly spread over the sweeps, at which to record each read's energy.
    seed : int, SeedSequence, Generator or None
        A Generator is advanced once; None takes fresh entropy. ``info["seed"]`` replays the run.
    num_threads : int, optional
        MAGNETITE_NUM_THREADS by default, else the cores that this process may use.
    time_limit : float, optional
        Seconds. With `num_reads` and `num_sweeps` both given it only cuts: an unfinished read
        gives its best so far. Otherwise the run fills the time with rounds of reads: sweeps grow
        from round to round (reads do, where `num_sweeps` is given), the last is fitted to the
        time left; the best `num_reads` (64 by default) reads of all rounds are kept, by ascending
        energy, and ``info["rounds"]`` lists the rounds. What ends by time is no function of the
        seed; ``info["deterministic"]`` says which it was.
    target_energy : float, optional
        Stop once an energy is as low as this, within 1e-9 relative.
    callback : callable, optional
        Called with a `magnetite.control.Progress` about 20 times a second; True stops the run.
        What it raises propagates, with what was found as `.result` of the exception.
    progress : bool, default False
        Show a progress bar: of tqdm where that is installed, else a plain line on stderr.
    initial_states : array, optional
        States of shape (n,) for all reads or (k, n) tiled over them, in the model's own values;
        read r starts at state r mod k.
    clamp : dict or (sites, values), optional
        Variables held at a value, by label; or positions and values as two arrays. A clamp wins
        over the initial states.
    first_chain : int, default 0
        Number of the first read's chain: reads [a, b) of a run are those of another with
        ``first_chain=a, num_reads=b - a``.
    checkpoint : path, optional
        Where to save the run every `checkpoint_interval` seconds and when it ends, for
        `magnetite.resume`.
    checkpoint_interval : float, default 60
        Seconds between checkpoints.
    on_interrupt : "raise" (default) or "return"
        Ctrl-C raises a KeyboardInterrupt with what was found as `.result`, or returns it.

    Returns
    -------
    AnnealResult
        States (num_reads, n), energies (num_reads,), the best of all, and how they were found.

    Raises
    ------
    ValueError, TypeError
        An option breaks its rule; the message names it.
    MemoryError
        The states, or what else was asked for, do not fit in memory; nothing has been allocated.

    References
    ----------
    Kirkpatrick, Gelatt, Vecchi, Science 220 (1983) 671.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.Ising({("a", "b"): 1.0, ("b", "c"): -2.0})
    >>> result = mg.anneal(model, num_reads=8, num_sweeps=100, seed=1)
    >>> result.best.energy
    -3.0
    >>> result.states.shape
    (8, 3)
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
    schedule = check_schedule(beta_schedule, beta_range, model.annealing_range)
    reads, sweeps = _counts(num_reads, num_sweeps, schedule)
    reads = count_states(initial_states) if reads is None else reads
    plan = AnnealPlan(
        seed=check_seed(seed),
        first_chain=check_count("first_chain", first_chain, 0),
        kernel=check_kernel(kernel, model, KERNELS),
        scan=check_choice("scan", scan, SCANS),
        keep=check_choice("keep", keep, KEEPS),
        num_best=check_count("num_best", num_best, 0),
        trajectory=check_count("trajectory", trajectory, 0),
        num_reads=NUM_READS if reads is None else reads,
        num_sweeps=NUM_SWEEPS if sweeps is None else sweeps,
        schedule=schedule,
        initial_states=starts,
        clamp=held,
        filling=_filling(model, reads, sweeps, threads, control.time_limit, held),
    )
    _check_plan(plan, model.num_variables)
    job = AnnealJob(model, plan, threads)
    job.preprocessing = time.perf_counter() - started
    return drive(job, control)


def _counts(
    num_reads: int | None, num_sweeps: int | None, schedule: Schedule
) -> tuple[int | None, int | None]:
    """Return the numbers of reads and sweeps that the user has fixed, None where not."""
    reads = None if num_reads is None else check_count("num_reads", num_reads, 1)
    sweeps = None if num_sweeps is None else check_count("num_sweeps", num_sweeps, 0)
    if schedule.custom is not None:
        if sweeps not in (None, schedule.custom.size):
            raise ValueError(
                "num_sweeps must be None or the number of betas in beta_schedule, "
                f"got {sweeps} and {schedule.custom.size} betas"
            )
        sweeps = schedule.custom.size
    return reads, sweeps


def _filling(
    model: Model,
    reads: int | None,
    sweeps: int | None,
    num_threads: int,
    time_limit: float,
    held: Clamp,
) -> Filling | None:
    """Return how the run fills its time limit, or None when it is one round."""
    fixed = reads is not None and sweeps is not None
    idle = sweeps == 0 or held.sites.size == model.num_variables
    if fixed or idle or math.isinf(time_limit):
        return None
    return plan_filling(
        num_reads=1 if reads is None else reads,
        num_sweeps=sweeps,
        num_threads=num_threads,
        time_limit=time_limit,
        num_variables=model.num_variables,
        num_couplings=model.core.num_couplings,
    )


def _check_plan(plan: AnnealPlan, num_variables: int) -> None:
    """Refuse what only the plan as a whole shows to be wrong."""
    num_reads = plan.num_reads
    if plan.filling is not None:
        num_reads = max(num_reads, plan.filling.num_reads)
        if plan.trajectory:
            raise ValueError(
                "trajectory needs num_reads and num_sweeps, both given, beside a time_limit: "
                "rounds of different lengths have no common trajectory"
            )
    if plan.initial_states is not None:
        tile_states(plan.initial_states[:, :0], num_reads)
    check_memory(_sizes(plan, num_reads, num_variables))


def _sizes(plan: AnnealPlan, num_reads: int, num_variables: int) -> dict[str, int]:
    """Return the bytes that the arrays of a run take when most of them are there, measured."""
    a_spin = (4 if plan.filling is None else 6) + (0 if plan.initial_states is None else 2)
    points = min(plan.trajectory, plan.num_sweeps)
    blocks = num_reads // LANES + 1  # each keeps its own best states
    met = num_reads * (plan.num_sweeps + 1)
    return {
        f"states of num_reads={num_reads}": num_reads * (a_spin * num_variables + 24),
        "beta_schedule": 0 if plan.schedule.custom is None else 8 * plan.num_sweeps,
        f"num_best={plan.num_best}": min(plan.num_best * (blocks + 3), met) * num_variables,
        f"trajectory={plan.trajectory}": 16 * points * num_reads,
    }
