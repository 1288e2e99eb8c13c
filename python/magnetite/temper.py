"""The public function `temper`."""

import math
import time
from collections.abc import Sequence
from os import PathLike

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_choice, check_count, real_array
from magnetite.checkpoints import check_labels
from magnetite.control import Callback, check_control, drive
from magnetite.ladders import MOST_RUNGS
from magnetite.models import Model, ModelLike
from magnetite.options import KERNELS, SCANS, SeedLike, check_seed, check_threads
from magnetite.plans import TemperPlan, as_model, check_kernel
from magnetite.schedules import check_ends
from magnetite.stages import START_RUNGS, check_sizes
from magnetite.starts import ClampLike, check_clamp, check_initial_states
from magnetite.temper_result import TemperResult
from magnetite.tempering import TemperJob

__all__ = ["temper"]

SWAPS = ("even-odd", "stochastic")

NUM_SWEEPS = 1000
CLUSTER_INTERVAL = 4
OBSERVE_INTERVAL = 20

# Above this many couplings a site, clusters of differing sites percolate at every beta of interest.
SPARSE = 12.0
# Link overlaps are measured up to so many couplings a site.
FEW_LINKS = 16.0


def temper(
    model: ModelLike,
    *,
    betas: str | ArrayLike = "auto",
    beta_range: Sequence[float] | None = None,
    num_rungs: int | None = None,
    num_ladders: int = 2,
    num_sweeps: int | None = None,
    warmup: int | None = None,
    thin: int = 1,
    swaps: str = "even-odd",
    swap_interval: int = 1,
    cluster_moves: str | bool = "auto",
    cluster_interval: int = CLUSTER_INTERVAL,
    observe_interval: int = OBSERVE_INTERVAL,
    moments: bool = False,
    store_states: bool = False,
    kernel: str | None = None,
    scan: str = "sequential",
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
) -> TemperResult:
    """Draw from exp(-beta E) at many betas at once by replica exchange (parallel tempering).

    A ladder has one replica at every beta. Neighbours change places with probability
    ``min(1, exp((beta' - beta)(E' - E)))``, so that a replica that is stuck at a cold rung travels
    to a hot one, forgets, and comes back elsewhere. With ``betas="auto"`` the number of rungs and
    their places are found in rounds before the run that counts.

    Parameters
    ----------
    model : Ising, Qubo, BoltzmannMachine or maxcut(...)
        The energy.
    betas : "auto" or array, default "auto"
        Ascending inverse temperatures; or "auto": found between the ends of `beta_range` from the
        measured rejection rates, and by the flow of replicas where rejections miss a bottleneck.
    beta_range : pair of float, optional
        First and last beta of an automatic ladder, 0 allowed; `Model.annealing_range` by default.
        A ladder from 0 gives log Z without a reference.
    num_rungs : int, optional
        Number of betas of an automatic ladder; twice the communication barrier by default.
    num_ladders : int, default 2
        Independent ladders. Two or more give overlaps, cluster moves and honest errors. Cluster
        moves couple ladders 0 and 1, 2 and 3, ..: it takes 4 to have two pairs that are
        independent. With an odd number all count as one in errors.
    num_sweeps : int, optional
        Sweeps of every replica that count; 1000, or as many as `time_limit` allows.
    warmup : int, optional
        Sweeps before the first draw; half of `num_sweeps` by default.
    thin : int, default 1
        Draw energies after every so many sweeps: num_draws = num_sweeps // thin. (A run as long as
        its time limit draws less often where the draws would take more than 1 GiB or half of the
        memory that is free.)
    swaps : "even-odd" (default) or "stochastic"
        Which neighbours try: even and odd pairs in turn (non-reversible, round trips in a time
        linear in the rungs), or one of the two kinds at random.
    swap_interval : int, default 1
        Sweeps between exchanges.
    cluster_moves : "auto" (default) or bool
        Isoenergetic (Houdayer) moves between ladders 0 and 1, 2 and 3, ..: "auto" makes them on
        sparse models, at rungs where a trial shows that clusters do not percolate; True at all.
    cluster_interval : int, default 4
        Sweeps between cluster moves.
    observe_interval : int, default 20
        Draws between measurements of magnetisation and overlaps; 0 measures none.
    moments : bool, default False
        Accumulate `mean` and `correlations` by rung at those measurements.
    store_states : bool, default False
        Keep all draws, shape (num_ladders, num_rungs, num_draws, n).
    initial_states : array, optional
        States of shape (n,) for all replicas or (k, n) tiled over them, in the model's own values.
    time_limit : float, optional
        Seconds. Without `num_sweeps` the run is as long as that, a third at most for tuning, or a
        tenth to find how fast a given ladder is.
    kernel, scan, seed, num_threads, target_energy, callback, progress, clamp
        As for `magnetite.anneal`; the "dwave" kernel is not offered. Take "gibbs" for a few spins
        that frustrate each other regularly, as three in a triangle: see `magnetite.sample`.
    first_chain : int, default 0
        Number of the first replica: a multiple a * num_rungs * num_ladders runs other ladders.
    checkpoint, checkpoint_interval, on_interrupt
        As for `magnetite.anneal`.

    Returns
    -------
    TemperResult
        Last states (num_ladders, num_rungs, n), energies of all draws
        (num_ladders, num_rungs, num_draws), betas, exchange rates, round trips, observables.

    Warns
    -----
    RuntimeWarning
        If neighbours hardly ever change places, if even the hot end hardly ever changes its energy,
        if rungs crowd, or if the time limit ends the run while its ladder is still being tuned.

    Raises
    ------
    ValueError, TypeError
        An option breaks its rule; the message names it.
    MemoryError
        The replicas or the draws do not fit in memory: before anything is allocated or, where an
        automatic ladder grows too long, before its next round.

    References
    ----------
    Hukushima and Nemoto, J. Phys. Soc. Jpn. 65 (1996) 1604; Syed, Bouchard-Cote, Deligiannidis
    and Doucet, J. R. Stat. Soc. B 84 (2022) 321; Houdayer, Eur. Phys. J. B 22 (2001) 479.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.Ising({(0, 1): 1.0, (1, 2): 1.0, (0, 2): 1.0})
    >>> result = mg.temper(model, betas=[0.0, 0.5, 1.0], num_sweeps=200, seed=1)
    >>> result.energies.shape, result.best.energy
    ((2, 3, 200), -1.0)
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
    ladder = _check_betas(betas, beta_range, num_rungs)
    ends = _check_range(model, ladder, beta_range)
    num_ladders = check_count("num_ladders", num_ladders, 1, bits=32)
    fills = num_sweeps is None and math.isfinite(control.time_limit)
    sweeps = NUM_SWEEPS if num_sweeps is None else check_count("num_sweeps", num_sweeps, 1)
    clusters = _check_clusters(model, cluster_moves, num_ladders)
    plan = TemperPlan(
        seed=check_seed(seed),
        first_chain=check_count("first_chain", first_chain, 0),
        kernel=check_kernel(kernel, model, KERNELS[:2]),
        scan=check_choice("scan", scan, SCANS),
        initial_states=check_initial_states(model, initial_states, held),
        clamp=held,
        betas=ladder,
        beta_range=ends,
        num_rungs=None if num_rungs is None else check_count("num_rungs", num_rungs, 2),
        num_ladders=num_ladders,
        num_sweeps=sweeps,
        warmup=None if warmup is None else check_count("warmup", warmup, 0),
        tuning=_tuning(ladder is None, clusters is None, sweeps),
        thin=check_count("thin", thin, 1),
        swaps=check_choice("swaps", swaps, SWAPS),
        swap_interval=check_count("swap_interval", swap_interval, 1),
        move_clusters=clusters,
        cluster_interval=check_count("cluster_interval", cluster_interval, 1),
        observe_interval=check_count("observe_interval", observe_interval, 0),
        links=num_ladders > 1 and _degree(model) <= FEW_LINKS,
        moments=bool(moments),
        store_states=bool(store_states),
        fills=fills,
    )
    # Of an automatic ladder only the first is known; longer ones are checked when they begin.
    rungs = plan.num_rungs or (START_RUNGS if ladder is None else ladder.size)
    check_sizes(plan, model, rungs, 1 if fills else sweeps // plan.thin)
    job = TemperJob(model, plan, threads)
    job.preprocessing = time.perf_counter() - started
    return drive(job, control)


def _tuning(auto_betas: bool, auto_clusters: bool, num_sweeps: int) -> int:
    """Return the sweeps that tuning takes: half of those that count, at least some."""
    if auto_betas:
        return max(256, num_sweeps // 2)
    return max(64, num_sweeps // 10) if auto_clusters else 0


def _degree(model: Model) -> float:
    return 2 * model.core.num_couplings / max(1, model.num_variables)


def _check_betas(
    betas: str | ArrayLike, beta_range: Sequence[float] | None, num_rungs: int | None
) -> NDArray[np.float64] | None:
    """Return the given betas; None for an automatic ladder."""
    if isinstance(betas, str):
        if betas != "auto":
            raise ValueError(f"betas must be 'auto' or a vector of ascending betas, got {betas!r}")
        if num_rungs is not None and check_count("num_rungs", num_rungs, 2) > MOST_RUNGS:
            raise ValueError(f"num_rungs must be at most {MOST_RUNGS}, got {num_rungs}")
        return None
    for name, value in (("beta_range", beta_range), ("num_rungs", num_rungs)):
        if value is not None:
            raise ValueError(f"{name} must be None when betas are given")
    array = real_array("betas", betas)
    if array.ndim != 1 or array.size < 2:
        raise ValueError(
            f"betas must be a vector of at least 2 values, got shape {array.shape}: one beta "
            "alone is what magnetite.sample is for"
        )
    if array.size > MOST_RUNGS:
        raise ValueError(f"betas must hold at most {MOST_RUNGS} values, got {array.size}")
    wrong = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
    if wrong.size:
        raise ValueError(
            f"betas must be finite and non-negative, got {array[wrong[0]]} at index {wrong[0]}"
        )
    unsorted = np.flatnonzero(np.diff(array) <= 0)
    if unsorted.size:
        at = int(unsorted[0])
        raise ValueError(f"betas must ascend, got {array[at]} before {array[at + 1]} at index {at}")
    return np.ascontiguousarray(array)


def _check_range(
    model: Model, ladder: NDArray[np.float64] | None, beta_range: Sequence[float] | None
) -> tuple[float, float]:
    """Return the ends of the ladder."""
    if ladder is not None:
        return float(ladder[0]), float(ladder[-1])
    if beta_range is None:
        return model.annealing_range()
    hot, cold = check_ends(beta_range)
    if not hot < cold < math.inf:
        raise ValueError(
            "beta_range must be two finite betas (hot, cold) with 0 <= hot < cold, "
            f"got {(hot, cold)}"
        )
    return hot, cold


def _check_clusters(model: Model, cluster_moves: str | bool, num_ladders: int) -> bool | None:
    """Return whether clusters move; None where a trial is to tell."""
    if isinstance(cluster_moves, str):
        if cluster_moves != "auto":
            raise ValueError(f"cluster_moves must be 'auto', True or False, got {cluster_moves!r}")
        return None if num_ladders > 1 and 0 < _degree(model) <= SPARSE else False
    if not isinstance(cluster_moves, bool | np.bool_):
        raise TypeError(f"cluster_moves must be 'auto', True or False, got {cluster_moves!r}")
    if cluster_moves and num_ladders < 2:
        raise ValueError(
            f"cluster_moves need two replicas at every beta: num_ladders must be at least 2, "
            f"got {num_ladders}"
        )
    if cluster_moves and _degree(model) > 2 * SPARSE:
        raise ValueError(
            f"cluster_moves need a sparse model, got {_degree(model):.4g} couplings a site: "
            "its clusters hold nearly all sites, and turning one over only renames the replicas"
        )
    return bool(cluster_moves)
