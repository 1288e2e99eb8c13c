"""Replica exchange with the interface of `dimod`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dimod
import numpy as np
import numpy.typing as npt
from dimod.core.initialized import Initialized

from magnetite._checks import check_choice, check_count
from magnetite.control import Progress
from magnetite.dimod.face import Face, carried, told
from magnetite.dimod.problem import Problem
from magnetite.ladders import MOST_RUNGS
from magnetite.options import KEEPS, KERNELS, SCANS, SeedLike
from magnetite.temper import CLUSTER_INTERVAL, SWAPS, temper
from magnetite.temper_result import TemperResult

__all__ = ["ParallelTemperingSampler"]

NUM_DRAWS = 1000
"""Draws of energies that a long run makes, at least: enough for the verdict."""

FILLING_THIN = 10
"""Sweeps between draws of a run that is as long as its time limit."""

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "num_reads": (),
    "num_sweeps": (),
    "num_replicas": (),
    "beta_range": (),
    "betas": (),
    "warmup": (),
    "swaps": ("swaps_options",),
    "swap_interval": (),
    "cluster_moves": (),
    "cluster_interval": (),
    "kernel": ("kernel_options",),
    "scan": ("scan_options",),
    "keep": ("keep_options",),
    "seed": (),
    "num_threads": (),
    "time_limit": (),
    "target_energy": (),
    "callback": (),
    "progress": (),
    "initial_states": (),
    "clamp": (),
    "on_interrupt": ("on_interrupt_options",),
}
PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "swaps_options": SWAPS,
    "kernel_options": KERNELS[:2],
    "scan_options": SCANS,
    "keep_options": KEEPS,
    "on_interrupt_options": ("raise", "return"),
}


class ParallelTemperingSampler(Face, Initialized):
    """Replica exchange (parallel tempering) of binary quadratic models: `magnetite.temper`.

    A ladder has one replica at each of several betas, and neighbours change places. Each read is
    one ladder; its sample is the last state of the coldest replica. By default one of the samples
    gives way to the lowest state that was seen anywhere, so that ``sampleset.first`` is the best
    of the run; with ``keep="last"`` all are draws from ``exp(-beta E)`` at the coldest beta, as
    far as the run is equilibrated, and ``info["verdict"]`` says whether it is.

    Attributes
    ----------
    parameters : dict
        The keywords of `sample`, each with the properties that say what it may be.
    properties : dict
        What the keywords with a fixed choice may be.

    Examples
    --------
    >>> from magnetite.dimod import ParallelTemperingSampler
    >>> sampler = ParallelTemperingSampler()
    >>> J = {("a", "b"): 1.0, ("b", "c"): 1.0, ("a", "c"): 1.0}
    >>> sampleset = sampler.sample_ising({}, J, num_reads=4, num_sweeps=100, seed=1)
    >>> print(len(sampleset), sampleset.first.energy)
    4 -1.0
    """

    def __init__(self) -> None:
        super().__init__(PARAMETERS, PROPERTIES)

    def sample(
        self,
        bqm: dimod.BinaryQuadraticModel,
        *,
        num_reads: int = 2,
        num_sweeps: int | None = None,
        num_replicas: int | None = None,
        beta_range: Sequence[float] | None = None,
        betas: str | npt.ArrayLike = "auto",
        warmup: int | None = None,
        swaps: str = "even-odd",
        swap_interval: int = 1,
        cluster_moves: str | bool = "auto",
        cluster_interval: int = CLUSTER_INTERVAL,
        kernel: str = "metropolis",
        scan: str = "sequential",
        keep: str = "best",
        seed: SeedLike = None,
        num_threads: int | None = None,
        time_limit: float | None = None,
        target_energy: float | None = None,
        callback: Callable[[Progress], object] | None = None,
        progress: bool = False,
        initial_states: dimod.typing.SamplesLike | None = None,
        clamp: Mapping[Any, int] | None = None,
        on_interrupt: str = "raise",
        **kwargs: Any,
    ) -> dimod.SampleSet:
        """Sample from a binary quadratic model.

        Parameters
        ----------
        bqm : dimod.BinaryQuadraticModel
            The model, of any dtype, in spins or bits.
        num_reads : int, default 2
            Number of ladders; each gives one sample. Cluster moves couple ladders 0 and 1, 2 and 3,
            ..; without them all samples are independent.
        num_sweeps : int, optional
            Sweeps of every replica, after warm-up; 1,000, or as many as `time_limit` allows. From
            2,000 on they are rounded up, by less than a thousandth: energies are looked at after
            every so many.
        num_replicas : int, optional
            Number of betas; with ``betas="auto"`` as many as the model needs.
        beta_range : (float, float), optional
            First (hot) and last (cold) beta of an automatic ladder.
        betas : "auto" or array_like, default "auto"
            Ascending betas, one a replica; or "auto": found before the run that counts.
        warmup : int, optional
            Sweeps before those that count; half of `num_sweeps` by default.
        swaps, swap_interval, cluster_moves, cluster_interval, kernel, scan
            As for `magnetite.temper`.
        keep : {"best", "last"}
            "last": the last state of each ladder's coldest replica, in the order of the ladders.
            "best": the same, where the lowest state that was seen anywhere takes the place of the
            sample of highest energy, unless a sample is as low.
        seed, num_threads, time_limit, target_energy, callback, progress
            As for `magnetite.temper`.
        initial_states : samples_like, optional
            Samples, in either vartype, over exactly the variables of `bqm`; the replicas start
            from them in turn.
        clamp : mapping, optional
            Variables held at given values, ``{label: value}`` in the vartype of `bqm`.
        on_interrupt : {"raise", "return"}
            What Ctrl-C does: raise a KeyboardInterrupt with the samples so far as its attribute
            ``result``, or return them.
        **kwargs
            Unknown keywords are ignored with a warning.

        Returns
        -------
        dimod.SampleSet
            In the vartype and the labels of `bqm`; one row a ladder; energies by `bqm` in
            float64. ``info`` holds ``betas`` (a list that the next call takes), ``swap_rates``
            between neighbours, ``round_trips`` by ladder, ``best_energy``, with ``keep="last"``
            also ``equilibrated`` and ``verdict``, ``timing`` in nanoseconds as
            `SimulatedAnnealingSampler` has it, and the entries of `magnetite.temper`'s.

        Warns
        -----
        RuntimeWarning
            As `magnetite.temper` does.

        Raises
        ------
        TypeError
            If an argument has the wrong type.
        ValueError
            If a value is out of range, or two arguments contradict each other.
        MemoryError
            If the replicas do not fit in memory; nothing has been allocated.

        Examples
        --------
        >>> import dimod
        >>> from magnetite.dimod import ParallelTemperingSampler
        >>> bqm = dimod.BinaryQuadraticModel({"a": 0.5}, {("a", "b"): -1}, 0.0, "SPIN")
        >>> sampler = ParallelTemperingSampler()
        >>> sampleset = sampler.sample(bqm, betas=[0.1, 0.5, 1.0], num_sweeps=100, seed=1)
        >>> print(sampleset.first.energy, sampleset.info["betas"])
        -1.5 [0.1, 0.5, 1.0]
        """
        self.remove_unknown_kwargs(**kwargs)
        kept = check_choice("keep", keep, KEEPS)
        num_ladders = _check_reads(num_reads, cluster_moves)
        num_rungs = _check_replicas(num_replicas, betas)
        sweeps, thin = _check_sweeps(num_sweeps, time_limit)
        problem = Problem.parse(self, bqm, initial_states=initial_states, seed=0)
        answer = _Answer(problem, kept)
        with carried(TemperResult, answer.sampleset):
            result = temper(
                problem.model,
                betas=betas,
                beta_range=beta_range,
                num_rungs=num_rungs,
                num_ladders=num_ladders,
                num_sweeps=sweeps,
                warmup=warmup,
                thin=thin,
                swaps=swaps,
                swap_interval=swap_interval,
                cluster_moves=cluster_moves,
                cluster_interval=cluster_interval,
                kernel=kernel,
                scan=scan,
                seed=seed,
                num_threads=num_threads,
                time_limit=time_limit,
                target_energy=target_energy,
                callback=callback,
                progress=progress,
                initial_states=None if initial_states is None else problem.initial_states,
                clamp=problem.positions(clamp),
                on_interrupt=on_interrupt,
            )
        return answer.sampleset(result)


def _check_reads(num_reads: int, cluster_moves: str | bool) -> int:
    count = check_count("num_reads", num_reads, 1, bits=32)
    if count < 2 and not isinstance(cluster_moves, str) and cluster_moves:
        raise ValueError(
            "cluster_moves need two replicas at every beta: num_reads must be at least 2, got 1"
        )
    return count


def _check_sweeps(num_sweeps: int | None, time_limit: float | None) -> tuple[int | None, int]:
    """Return how many sweeps, and after how many of them energies are kept for the verdict."""
    if num_sweeps is None:
        return None, 1 if time_limit is None else FILLING_THIN
    thin = max(1, check_count("num_sweeps", num_sweeps, 1) // NUM_DRAWS)
    return -(-num_sweeps // thin) * thin, thin


def _check_replicas(num_replicas: int | None, betas: str | npt.ArrayLike) -> int | None:
    if num_replicas is None:
        return None
    count = check_count("num_replicas", num_replicas, 2)
    if not isinstance(betas, str):
        raise ValueError("num_replicas must be None when betas are given")
    if count > MOST_RUNGS:
        raise ValueError(f"num_replicas must be at most {MOST_RUNGS}, got {count}")
    return count


class _Answer:
    """Makes the sample set of a run."""

    def __init__(self, problem: Problem, keep: str) -> None:
        self._problem, self._keep = problem, keep

    def sampleset(self, result: TemperResult) -> dimod.SampleSet:
        spins = result.states[:, -1].copy()
        info = told(
            result.info,
            keep=self._keep,
            betas=result.betas.tolist(),
            swap_rates=result.swap_rates.tolist(),
            round_trips=result.round_trips.tolist(),
            best_energy=result.best.energy,
        )
        if self._keep == "best":
            energies = np.atleast_1d(self._problem.model.energies(spins))
            if result.best.energy < energies.min():
                spins[energies.argmax()] = result.best.state
        else:
            verdict = result.equilibration.verdict
            info |= {"equilibrated": verdict.equilibrated, "verdict": str(verdict)}
        return self._problem.sampleset(spins, info)
