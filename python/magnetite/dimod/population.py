"""Population annealing with the interface of `dimod`."""

from collections.abc import Callable, Mapping
from typing import Any

import dimod
import numpy as np
import numpy.typing as npt

from magnetite._checks import check_count
from magnetite.control import Progress
from magnetite.dimod.face import Face, carried, told
from magnetite.dimod.problem import Problem
from magnetite.options import SeedLike
from magnetite.population_anneal import POPULATION, population_anneal
from magnetite.population_result import PopulationResult

__all__ = ["PopulationAnnealingSampler"]

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "num_reads": (),
    "beta": (),
    "population": (),
    "num_populations": (),
    "betas": (),
    "culling": (),
    "sweeps_per_step": (),
    "seed": (),
    "num_threads": (),
    "time_limit": (),
    "target_energy": (),
    "callback": (),
    "progress": (),
    "clamp": (),
    "on_interrupt": ("on_interrupt_options",),
}
PROPERTIES: Mapping[str, tuple[str, ...]] = {"on_interrupt_options": ("raise", "return")}


class PopulationAnnealingSampler(Face):
    """Population annealing of binary quadratic models: draws at one beta, and log Z.

    The samples are the replicas of all populations at the last beta. ``info["log_partition"]`` is
    the estimate of log Z as a dict of `value`, `error`, `reliable` and `reason`.

    Attributes
    ----------
    parameters : dict
        The keywords of `sample`, each with the properties that say what it may be.
    properties : dict
        What the keywords with a fixed choice may be.

    Examples
    --------
    >>> from magnetite.dimod import PopulationAnnealingSampler
    >>> sampler = PopulationAnnealingSampler()
    >>> J = {("a", "b"): 1.0, ("b", "c"): 1.0, ("a", "c"): 1.0}
    >>> sampleset = sampler.sample_ising({}, J, num_reads=10, seed=1)
    >>> print(len(sampleset), sampleset.first.energy)
    10 -1.0
    """

    def __init__(self) -> None:
        super().__init__(PARAMETERS, PROPERTIES)

    def sample(
        self,
        bqm: dimod.BinaryQuadraticModel,
        *,
        num_reads: int | None = None,
        beta: float | None = None,
        population: int = POPULATION,
        num_populations: int = 2,
        betas: str | npt.ArrayLike = "auto",
        culling: float = 0.05,
        sweeps_per_step: int = 5,
        seed: SeedLike = None,
        num_threads: int | None = None,
        time_limit: float | None = None,
        target_energy: float | None = None,
        callback: Callable[[Progress], object] | None = None,
        progress: bool = False,
        clamp: Mapping[Any, int] | None = None,
        on_interrupt: str = "raise",
        **kwargs: Any,
    ) -> dimod.SampleSet:
        """Sample from a binary quadratic model.

        Parameters
        ----------
        bqm : dimod.BinaryQuadraticModel
            The model, of any dtype, in spins or bits.
        num_reads : int, optional
            Replicas to return, evenly spread over the populations. Default: all.
        beta, population, num_populations, betas, culling, sweeps_per_step
            As for `magnetite.population_anneal`.
        seed, num_threads, time_limit, target_energy, callback, progress
            As for `magnetite.population_anneal`.
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
            In the vartype and the labels of `bqm`; one row a replica; energies by `bqm` in
            float64. ``info`` holds ``log_partition``, ``timing`` in nanoseconds as
            `SimulatedAnnealingSampler` has it, and the entries of
            `magnetite.population_result.PopulationResult.info`.

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
        >>> from magnetite.dimod import PopulationAnnealingSampler
        >>> bqm = dimod.BinaryQuadraticModel({"a": 0.5}, {("a", "b"): -1}, 0.0, "BINARY")
        >>> sampleset = PopulationAnnealingSampler().sample(bqm, population=100, beta=1.0, seed=1)
        >>> len(sampleset), sampleset.info["log_partition"]["reliable"]
        (200, False)
        """
        self.remove_unknown_kwargs(**kwargs)
        problem = Problem.without_states(bqm)
        answer = _Answer(problem, _count(num_reads, population, num_populations))
        with carried(PopulationResult, answer.sampleset):
            result = population_anneal(
                problem.model,
                beta=beta,
                population=population,
                num_populations=num_populations,
                betas=betas,
                culling=culling,
                sweeps_per_step=sweeps_per_step,
                seed=seed,
                num_threads=num_threads,
                time_limit=time_limit,
                target_energy=target_energy,
                callback=callback,
                progress=progress,
                clamp=problem.positions(clamp),
                on_interrupt=on_interrupt,
            )
        return answer.sampleset(result)


def _count(num_reads: int | None, population: int, num_populations: int) -> int | None:
    """Return how many replicas to return, none more than there are."""
    if num_reads is None:
        return None
    count = check_count("num_reads", num_reads, 1)
    replicas = check_count("population", population, 2) * check_count(
        "num_populations", num_populations, 1
    )
    if count > replicas:
        raise ValueError(
            f"num_reads must be at most population * num_populations = {replicas}, got {count}"
        )
    return count


class _Answer:
    """Makes the sample set of a run."""

    def __init__(self, problem: Problem, num_reads: int | None) -> None:
        self._problem, self._num_reads = problem, num_reads

    def sampleset(self, result: PopulationResult) -> dimod.SampleSet:
        spins = result.states.reshape(result.energies.size, result.states.shape[2])
        if self._num_reads is not None:
            spins = spins[np.arange(self._num_reads) * len(spins) // self._num_reads]
        found = result.log_partition
        names = ("value", "error", "reliable", "reason")
        log_partition = {name: getattr(found, name) for name in names}
        info = told(result.info, log_partition=log_partition)
        return self._problem.sampleset(spins, info)
