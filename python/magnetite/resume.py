"""The public function `resume`: goes on with a run that a checkpoint holds."""

import time
from os import PathLike
from pathlib import Path

from magnetite.annealing import AnnealJob
from magnetite.checkpoints import AnyPlan, Checkpoint, read_checkpoint
from magnetite.control import Callback, Job, check_control, drive
from magnetite.options import check_threads
from magnetite.plans import AnnealPlan, PopulationPlan, SamplePlan, SolvePlan, TemperPlan
from magnetite.population_annealing import PopulationJob
from magnetite.population_result import PopulationResult
from magnetite.results import AnnealResult, SampleResult
from magnetite.sampling import SampleJob
from magnetite.solve_result import SolveResult
from magnetite.solving import SolveJob
from magnetite.temper_result import TemperResult
from magnetite.tempering import TemperJob

__all__ = ["resume"]

AnyResult = AnnealResult | PopulationResult | SampleResult | SolveResult | TemperResult


def resume(
    path: str | PathLike[str],
    *,
    num_threads: int | None = None,
    time_limit: float | None = None,
    target_energy: float | None = None,
    callback: Callback | None = None,
    progress: bool = False,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_interval: float = 60.0,
    on_interrupt: str = "raise",
) -> AnyResult:
    """Go on with a run from its checkpoint, to the same bits as if it had never stopped.

    The checkpoint holds the model, the options and the state of the run. What controls a run from
    outside is given anew, with the meaning that it has for `magnetite.anneal`.

    Parameters
    ----------
    path : path
        The checkpoint.
    num_threads : int, optional
        May differ from the first call's; the result does not depend on it.
    time_limit : float, optional
        Seconds from now. A run that fills its time by default has the time it had left.
    target_energy, callback, progress, checkpoint_interval, on_interrupt
        As for `magnetite.anneal`; no target, callback or bar is taken over from the first call.
    checkpoint : path, optional
        Where to go on saving; `path` itself by default.

    Returns
    -------
    AnnealResult, PopulationResult, SampleResult, SolveResult or TemperResult
        As from the sampler that wrote the checkpoint.

    Raises
    ------
    ValueError
        The file is no checkpoint, or is cut short or damaged.

    Examples
    --------
    >>> import tempfile
    >>> import magnetite as mg
    >>> model = mg.Ising({(0, 1): 1.0, (1, 2): 1.0})
    >>> options = {"num_reads": 4, "num_sweeps": 50, "seed": 1}
    >>> whole = mg.anneal(model, **options)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/run.npz"
    ...     cut = mg.anneal(model, **options, time_limit=0, checkpoint=path)
    ...     resumed = mg.resume(path)
    >>> bool((resumed.states == whole.states).all())
    True
    """
    started = time.perf_counter()
    saved = read_checkpoint(path)
    threads = check_threads(num_threads)
    if _fills(saved.plan) and time_limit is None:
        time_limit = max(0.0, saved.time_left)
    control = check_control(
        started=started,
        time_limit=time_limit,
        target_energy=target_energy,
        callback=callback,
        progress=progress,
        checkpoint=Path(path) if checkpoint is None else checkpoint,
        checkpoint_interval=checkpoint_interval,
        on_interrupt=on_interrupt,
    )
    job = _job(saved, threads)
    job.preprocessing = time.perf_counter() - started
    return drive(job, control)


def _fills(plan: AnyPlan) -> bool:
    """Tell whether a run is as long as its time limit."""
    if isinstance(plan, AnnealPlan):
        return plan.filling is not None
    if isinstance(plan, SolvePlan):
        return plan.num_rounds is None
    return isinstance(plan, TemperPlan) and plan.fills


def _job(saved: Checkpoint, num_threads: int) -> Job[AnyResult]:
    """Return the job that a checkpoint was made of, where it stood."""
    if isinstance(saved.plan, AnnealPlan):
        return AnnealJob(saved.model, saved.plan, num_threads, saved.state)
    if isinstance(saved.plan, PopulationPlan):
        return PopulationJob(saved.model, saved.plan, num_threads, saved.state)
    if isinstance(saved.plan, SamplePlan):
        return SampleJob(saved.model, saved.plan, num_threads, saved.state)
    if isinstance(saved.plan, SolvePlan):
        return SolveJob(saved.model, saved.plan, num_threads, saved.state)
    return TemperJob(saved.model, saved.plan, num_threads, saved.state)
