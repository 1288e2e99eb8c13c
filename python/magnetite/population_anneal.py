"""The public function `population_anneal`."""

import math
import time
from os import PathLike

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_choice, check_count, check_real, real_array
from magnetite.checkpoints import check_labels
from magnetite.control import Callback, check_control, drive
from magnetite.memory import check_memory
from magnetite.models import Model, ModelLike
from magnetite.options import KERNELS, SCANS, SeedLike, check_beta, check_seed, check_threads
from magnetite.plans import PopulationPlan, as_model, check_kernel
from magnetite.population_annealing import PopulationJob
from magnetite.population_result import PopulationResult
from magnetite.starts import ClampLike, check_clamp

__all__ = ["population_anneal"]

POPULATION = 1000


def population_anneal(
    model: ModelLike,
    *,
    beta: float | None = None,
    population: int = POPULATION,
    num_populations: int = 2,
    betas: str | ArrayLike = "auto",
    culling: float = 0.05,
    sweeps_per_step: int = 5,
    kernel: str | None = None,
    scan: str = "sequential",
    seed: SeedLike = None,
    num_threads: int | None = None,
    time_limit: float | None = None,
    target_energy: float | None = None,
    callback: Callback | None = None,
    progress: bool = False,
    initial_states: None = None,
    clamp: ClampLike = None,
    first_chain: int = 0,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_interval: float = 60.0,
    on_interrupt: str = "raise",
) -> PopulationResult:
    """Cool populations of replicas together, resampling at every step: draws, log Z, ground states.

    Replicas start at random, which are exact draws at beta = 0. At a step from beta to beta' each
    is copied ``exp(-(beta' - beta) E) / Q`` times on average, where Q is the mean of these factors
    over the population; the population keeps its size, and sweeps at beta' follow. The sum of the
    log Q is an estimate of ``log Z(beta) - n log 2`` (Machta 2010).

    Parameters
    ----------
    model : Ising, Qubo, BoltzmannMachine or maxcut(...)
        The energy.
    beta : float, optional
        Last inverse temperature, finite; the cold end of `Model.annealing_range` by default.
    population : int, default 1000
        Replicas of a population, at least 2.
    num_populations : int, default 2
        Populations that know nothing of each other but the betas, which they share.
    betas : "auto" or array, default "auto"
        "auto": steps of which each is expected to cost the share `culling` of the replicas their
        life; or betas that ascend from 0.
    culling : float, default 0.05
        That share, between 0 and 1.
    sweeps_per_step : int, default 5
        Sweeps after each resampling (a sweep is n attempted updates).
    time_limit : float, optional
        Seconds; only cuts: populations then stand at a smaller beta.
    initial_states : None
        Not offered: where populations start is known exactly only at random.
    first_chain : int, default 0
        Number of the first replica: a multiple a * num_populations * population runs other
        populations.
    kernel, scan, seed, num_threads, target_energy, callback, progress, clamp
        As for `magnetite.anneal`.
    checkpoint, checkpoint_interval, on_interrupt
        As for `magnetite.anneal`.

    Returns
    -------
    PopulationResult
        Last states (num_populations, population, n) and their energies; `log_partition` with its
        error; by beta log Z, energies, families.

    Raises
    ------
    ValueError, TypeError
        An option breaks its rule; the message names it.
    MemoryError
        The replicas do not fit in memory; nothing has been allocated.

    References
    ----------
    Hukushima and Iba, AIP Conf. Proc. 690 (2003) 200; Machta, Phys. Rev. E 82 (2010) 026704;
    Wang, Machta and Katzgraber, Phys. Rev. E 92 (2015) 063307; Amey and Machta, Phys. Rev. E 97
    (2018) 033301; Lee and Whiteley, Biometrika 105 (2018) 609.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.Ising({(0, 1): 1.0, (1, 2): 1.0})
    >>> result = mg.population_anneal(model, beta=0.5, seed=1)
    >>> estimate = result.log_partition
    >>> abs(estimate.value - 2.3197) < 4 * estimate.error  # 3 ln 2 + 2 ln cosh 0.5
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
    if initial_states is not None:
        raise ValueError(
            "initial_states must be None: replicas start at random, which alone are exact draws "
            "at beta = 0; magnetite.anneal and magnetite.sample start from given states"
        )
    given = _check_betas(betas, beta)
    plan = PopulationPlan(
        seed=check_seed(seed),
        first_chain=check_count("first_chain", first_chain, 0),
        kernel=check_kernel(kernel, model, KERNELS),
        scan=check_choice("scan", scan, SCANS),
        initial_states=None,
        clamp=check_clamp(model, clamp),
        beta=_last_beta(model, beta) if given is None else float(given[-1]),
        betas=given,
        culling=_check_culling(culling),
        population=check_count("population", population, 2, bits=32),
        num_populations=check_count("num_populations", num_populations, 1, bits=32),
        sweeps_per_step=check_count("sweeps_per_step", sweeps_per_step, 1, bits=32),
    )
    _check_size(plan, model)
    job = PopulationJob(model, plan, threads)
    job.preprocessing = time.perf_counter() - started
    return drive(job, control)


def _last_beta(model: Model, beta: float | None) -> float:
    last = model.annealing_range()[1] if beta is None else check_beta("beta", beta)
    if math.isinf(last):
        raise ValueError("beta must be finite, got inf")
    return last


def _check_betas(betas: str | ArrayLike, beta: float | None) -> NDArray[np.float64] | None:
    """Return the given betas; None where steps adapt."""
    if isinstance(betas, str):
        check_choice("betas", betas, ("auto",))
        return None
    if beta is not None:
        raise ValueError("beta must be None when betas are given: the last of them is the end")
    array = real_array("betas", betas)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"betas must be a vector of at least 1 value, got shape {array.shape}")
    wrong = np.flatnonzero(~np.isfinite(array))
    if wrong.size:
        raise ValueError(f"betas must be finite, got {array[wrong[0]]} at index {wrong[0]}")
    if array[0] != 0:
        raise ValueError(
            f"betas must begin with 0, where replicas start at random, got {array[0]} at index 0"
        )
    unsorted = np.flatnonzero(np.diff(array) <= 0)
    if unsorted.size:
        at = int(unsorted[0])
        raise ValueError(f"betas must ascend, got {array[at]} before {array[at + 1]} at index {at}")
    return np.ascontiguousarray(array)


def _check_culling(culling: float) -> float:
    share = check_real("culling", culling)
    if not 0 < share < 1:
        raise ValueError(f"culling must be between 0 and 1, both excluded, got {culling!r}")
    return share


def _check_size(plan: PopulationPlan, model: Model) -> None:
    """Refuse what does not fit, by the bytes that a run takes when most of it is there."""
    replicas, n = plan.num_populations * plan.population, model.num_variables
    name = f"{plan.num_populations} x {plan.population} replicas"
    check_memory({f"states of {name}": 6 * replicas * n, f"energies of {name}": 80 * replicas})
