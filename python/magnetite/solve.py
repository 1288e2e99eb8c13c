"""The public function `solve`."""

import time
from os import PathLike

from numpy.typing import ArrayLike

from magnetite._checks import check_count
from magnetite.checkpoints import check_labels
from magnetite.control import Callback, check_control, drive
from magnetite.memory import check_memory
from magnetite.models import Model, ModelLike
from magnetite.options import SeedLike, check_seed, check_threads
from magnetite.plans import SolvePlan, as_model
from magnetite.solve_result import SolveResult
from magnetite.solving import SolveJob
from magnetite.starts import ClampLike, check_clamp, check_initial_states

__all__ = ["TIME_LIMIT", "solve"]

TIME_LIMIT = 60.0
"""Seconds of a search that is given neither a time limit nor a number of rounds."""

NUM_BEST = 16
MEMBERS = 64  # of a population, as in the core


def solve(
    model: ModelLike,
    *,
    time_limit: float | None = None,
    target_energy: float | None = None,
    num_rounds: int | None = None,
    num_best: int = NUM_BEST,
    seed: SeedLike = None,
    num_threads: int | None = None,
    callback: Callback | None = None,
    progress: bool = False,
    initial_states: ArrayLike | None = None,
    clamp: ClampLike = None,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_interval: float = 60.0,
    on_interrupt: str = "raise",
) -> SolveResult:
    """Look for the best state that can be found in the given time; nothing needs tuning.

    First, spins whose best value follows from few others are eliminated, exactly. If what is left
    is nothing, or so narrow a graph that its optimum can be computed (any 22 spins are), the
    answer is proven (``result.is_optimal``). Otherwise populations of 64 annealed states are
    improved. In each round every member gets a child: put together in the best way from the
    clusters of spins on which it and one or two random mates agree, then reheated and cooled. The
    child takes its place if it is no worse. When members hardly improve any more, the next
    population begins afresh: with longer anneals, or with states of the cold rungs of two ladders
    that exchange replicas (with cluster moves where these do not percolate), which go on where
    they were left. The kind that has found the lower energy gets three times the sweeps of the
    other.

    Parameters
    ----------
    model : Ising, Qubo, BoltzmannMachine or maxcut(...)
        The energy.
    time_limit : float, optional
        Seconds. Default: 60 where `num_rounds` is not given, else no limit. What ends by time is
        no function of the seed; ``info["deterministic"]`` says which it was.
    target_energy : float, optional
        Stop once an energy is as low as this, within 1e-9 relative.
    num_rounds : int, optional
        Stop after so many rounds: what is found is then a function of the seed alone.
    num_best : int, default 16
        How many of the lowest distinct states to return; a proven optimum comes alone.
    seed : int, SeedSequence, Generator or None
        A Generator is advanced once; None takes fresh entropy. ``info["seed"]`` replays the run.
    num_threads : int, optional
        MAGNETITE_NUM_THREADS by default, else the cores that this process may use.
    callback : callable, optional
        Called with a `magnetite.control.Progress` about 20 times a second; True stops the run.
    progress : bool, default False
        Show a progress bar.
    initial_states : array, optional
        States of shape (n,) or (k, n), at most 64, in the model's own values, that join the first
        population. The answer is never worse than any of them.
    clamp : dict or (sites, values), optional
        Variables held at a value, by label; or positions and values as two arrays.
    checkpoint : path, optional
        Where to save the search every `checkpoint_interval` seconds and when it ends, for
        `magnetite.resume`, which goes on from the beginning of the round under way.
    checkpoint_interval : float, default 60
        Seconds between checkpoints.
    on_interrupt : "raise" (default) or "return"
        Ctrl-C raises a KeyboardInterrupt with what was found as `.result`, or returns it.

    Returns
    -------
    SolveResult
        The lowest distinct states found, and how.

    Raises
    ------
    ValueError, TypeError
        An option breaks its rule; the message names it.
    MemoryError
        The states do not fit in memory; nothing has been allocated.

    Notes
    -----
    Recombination by overlap clusters is the renormalisation of [1]_, and for two parents contains
    the partition crossover of [2]_; reheating is the thermal cycling of [3]_; replica exchange and
    its cluster moves are those of `temper`.

    References
    ----------
    .. [1] Houdayer, Martin, Phys. Rev. Lett. 83 (1999) 1030.
    .. [2] Whitley, Hains, Howe, GECCO (2009) 915.
    .. [3] Moebius et al., Phys. Rev. Lett. 79 (1997) 4297.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.maxcut({(0, 1): 1.0, (1, 2): 1.0, (0, 2): 1.0})
    >>> result = mg.solve(model, num_rounds=2, seed=1)
    >>> result.best_objective, result.is_optimal
    (2.0, True)
    """
    started = time.perf_counter()
    model = as_model(model)
    rounds = None if num_rounds is None else check_count("num_rounds", num_rounds, 1)
    if time_limit is None and rounds is None:
        time_limit = TIME_LIMIT
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
    if starts is not None and len(starts) > MEMBERS:
        raise ValueError(f"initial_states must be at most {MEMBERS} states, got {len(starts)}")
    plan = SolvePlan(
        seed=check_seed(seed),
        initial_states=starts,
        clamp=held,
        num_rounds=rounds,
        num_best=check_count("num_best", num_best, 1),
    )
    _check_sizes(plan, model)
    job = SolveJob(model, plan, threads)
    job.preprocessing = time.perf_counter() - started
    return drive(job, control)


def _check_sizes(plan: SolvePlan, model: Model) -> None:
    n, pairs = model.num_variables, model.core.num_couplings
    check_memory(
        {
            "the population and its replicas": 12 * MEMBERS * n,
            f"states of num_best={plan.num_best}": 4 * plan.num_best * n,
            "the reduced model": 120 * n + 80 * pairs,
        }
    )
