"""D-Wave's simulated annealing sampler, its call kept name for name, on the engine of magnetite."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from time import perf_counter_ns
from typing import Any

import dimod
import numpy as np
import numpy.typing as npt
from dimod.core.initialized import Initialized, InitialStateGenerator

from magnetite._checks import check_choice, check_count
from magnetite.anneal import anneal
from magnetite.control import Progress
from magnetite.dimod.face import Face, carried
from magnetite.dimod.interrupt import Watch
from magnetite.dimod.problem import Problem
from magnetite.dimod.schedule import SCHEDULE_TYPES, Schedule, make_schedule
from magnetite.memory import check_memory
from magnetite.results import AnnealResult

__all__ = ["Neal", "SimulatedAnnealingSampler"]

Seed = int | np.random.Generator | np.random.SeedSequence | None

MAX_SEED = 2**31
ORBIT_WARNING = (
    "the schedule holds beta = 0: sequential Metropolis updates then flip every variable in every "
    "sweep, which samples nothing; use proposal_acceptance_criteria='Gibbs' or a small beta"
)
GENERATORS = ("random", "tile", "none")
KERNELS = {"metropolis": "dwave", "gibbs": "gibbs"}
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "beta_range": (),
    "num_reads": (),
    "num_sweeps": (),
    "num_sweeps_per_beta": (),
    "beta_schedule_type": ("beta_schedule_options",),
    "beta_schedule": (),
    "seed": (),
    "interrupt_function": (),
    "initial_states": (),
    "initial_states_generator": (),
    "randomize_order": (),
    "proposal_acceptance_criteria": (),
    "num_threads": (),
    "time_limit": (),
    "target_energy": (),
    "callback": (),
    "progress": (),
    "keep": ("keep_options",),
    "clamp": (),
    "on_interrupt": ("on_interrupt_options",),
}
PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "beta_schedule_options": SCHEDULE_TYPES,
    "keep_options": ("last", "best"),
    "on_interrupt_options": ("raise", "return"),
}


class SimulatedAnnealingSampler(Face, Initialized):
    """Simulated annealing of binary quadratic models; a drop-in for that of ``dwave-samplers``.

    Parameters, defaults, schedules, transition rules and the form of the answer are those of
    ``dwave.samplers.SimulatedAnnealingSampler`` 1.8; reads run side by side on all cores. The
    keyword-only arguments at the end of `sample` are additions.

    Some things differ, each on purpose:

    * The streams of random numbers are ours: a seed gives the same initial states as D-Wave's
      sampler does, but other samples. Samples depend on the seed alone, not on the number of
      threads, and read ``k`` does not depend on how many reads there are.
    * With `randomize_order` all reads of a call visit the same variables, drawn afresh for every
      sweep. Each read follows D-Wave's rule, but reads of one call are not independent of each
      other before they have forgotten that order.
    * At ``beta = inf`` flips that cost nothing are made, as at any other beta, or drawn with
      probability 1/2 by "Gibbs"; D-Wave's sampler then makes none.
    * Unknown keywords give a `dimod.exceptions.SamplerUnknownArgWarning`.
    * An exception raised by `interrupt_function` is passed on to the caller; D-Wave's sampler
      takes it for a silent True.
    * A schedule that holds ``beta = 0`` gives a warning with sequential Metropolis updates: that
      rule then flips every variable in every sweep, which samples nothing.

    Also available as `Neal`.

    Attributes
    ----------
    parameters : dict
        The keywords of `sample`, each with the properties that say what it may be.
    properties : dict
        What the keywords with a fixed choice may be.

    Examples
    --------
    >>> from magnetite.dimod import SimulatedAnnealingSampler
    >>> sampler = SimulatedAnnealingSampler()
    >>> h = {"a": 0.0, "b": 0.0, "c": 0.0}
    >>> J = {("a", "b"): 1.0, ("b", "c"): 1.0, ("a", "c"): 1.0}
    >>> print(sampler.sample_ising(h, J, num_reads=10).first.energy)
    -1.0
    """

    def __init__(self) -> None:
        super().__init__(PARAMETERS, PROPERTIES)

    def sample(
        self,
        bqm: dimod.BinaryQuadraticModel,
        beta_range: Sequence[float] | None = None,
        num_reads: int | None = None,
        num_sweeps: int | None = None,
        num_sweeps_per_beta: int = 1,
        beta_schedule_type: str = "geometric",
        seed: Seed = None,
        interrupt_function: Callable[[], object] | None = None,
        beta_schedule: npt.ArrayLike | None = None,
        initial_states: dimod.typing.SamplesLike | None = None,
        initial_states_generator: InitialStateGenerator = "random",
        randomize_order: bool = False,
        proposal_acceptance_criteria: str = "Metropolis",
        *,
        num_threads: int | None = None,
        time_limit: float | None = None,
        target_energy: float | None = None,
        callback: Callable[[Progress], object] | None = None,
        progress: bool = False,
        keep: str = "last",
        clamp: Mapping[Any, int] | None = None,
        on_interrupt: str = "raise",
        **kwargs: Any,
    ) -> dimod.SampleSet:
        """Sample from a binary quadratic model.

        Parameters
        ----------
        bqm : dimod.BinaryQuadraticModel
            The model, of any dtype, in spins or bits.
        beta_range : (float, float), optional
            First and last beta; the second is the target, and may be the smaller. With a single
            beta only the second is used. Default: D-Wave's rule, from the coefficients.
        num_reads : int, optional
            Number of independent anneals. Default: the number of initial states, else 1.
        num_sweeps : int, optional
            Sweeps of each read; 0 returns the initial states. Default: 1,000, or the length of a
            custom schedule.
        num_sweeps_per_beta : int, default 1
            Sweeps at each beta; must divide `num_sweeps`.
        beta_schedule_type : {"geometric", "linear", "custom"}
            How the betas lie between the two of `beta_range`; "custom" takes `beta_schedule`.
        seed : int, Generator, SeedSequence, optional
            An integer in ``[0, 2**31)``, or something of numpy's that gives one. Default: drawn
            from numpy's global stream, as D-Wave's sampler does.
        interrupt_function : callable, optional
            Called without arguments once for each read that is complete, in their order. When it
            returns True the run stops, and the reads it was called for are returned.
        beta_schedule : array_like of float, optional
            The betas of a "custom" schedule, none negative.
        initial_states : samples_like, optional
            One state a read, in either vartype, over exactly the variables of `bqm`.
        initial_states_generator : {"random", "tile", "none"}
            What to do for reads beyond the given states: draw one, use them again, or refuse.
        randomize_order : bool, default False
            True: each update picks a variable at random. False: a sweep visits each in turn.
        proposal_acceptance_criteria : {"Metropolis", "Gibbs"}
            The transition rule; upper and lower case do not matter.
        num_threads : int, optional
            Threads to use. Default: the cores that this process may use.
        time_limit : float, optional
            Seconds after which the run is cut; an unfinished read gives its state so far.
        target_energy : float, optional
            The run stops once an energy as low as this was seen.
        callback : callable, optional
            Called between slices with a `magnetite.control.Progress`; True stops the run.
        progress : bool, default False
            Show a progress bar.
        keep : {"last", "best"}
            Whether a sample is the last state of its read, as D-Wave's are, or the best seen.
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
            In the vartype and the labels of `bqm`; one row a read, in the order of the reads;
            energies by `bqm` in float64. ``info`` holds ``beta_range``, ``beta_schedule_type``
            and ``timing`` (``preprocessing_ns``, ``sampling_ns``, ``postprocessing_ns``) as
            D-Wave's does, and the further entries of `magnetite.AnnealResult.info`.

        Raises
        ------
        TypeError
            If an argument has the wrong type.
        ValueError
            If a value is out of range, or two arguments contradict each other.
        MemoryError
            If the states or the betas do not fit in memory; nothing has been allocated.

        Examples
        --------
        >>> import dimod
        >>> from magnetite.dimod import SimulatedAnnealingSampler
        >>> bqm = dimod.BinaryQuadraticModel({"a": 0.5, "b": -0.5}, {("a", "b"): -1}, 0.0, "SPIN")
        >>> with SimulatedAnnealingSampler() as sampler:
        ...     sampleset = sampler.sample(bqm, num_reads=8, num_sweeps=100, seed=88)
        >>> print(len(sampleset), sampleset.first.energy)
        8 -1.0
        """
        started = perf_counter_ns()
        self.remove_unknown_kwargs(**kwargs)
        kernel = _kernel(proposal_acceptance_criteria)
        watch = Watch(interrupt_function, callback)
        number = _seed_number(seed)
        _check_reads(num_reads, initial_states_generator, bqm)
        problem = Problem.parse(
            self,
            bqm,
            initial_states=initial_states,
            initial_states_generator=initial_states_generator,
            num_reads=num_reads,
            seed=number,
        )
        schedule = make_schedule(
            problem.model,
            beta_range=beta_range,
            num_sweeps=num_sweeps,
            num_sweeps_per_beta=num_sweeps_per_beta,
            beta_schedule_type=beta_schedule_type,
            beta_schedule=beta_schedule,
        )
        if kernel == "dwave" and not randomize_order and (schedule.betas == 0).any():
            warnings.warn(ORBIT_WARNING, UserWarning, stacklevel=2)
        answer = _Answer(problem, schedule, beta_schedule_type, watch, started)
        with carried(AnnealResult, answer.sampleset):
            result = anneal(
                problem.model,
                num_reads=len(problem.initial_states),
                num_sweeps=len(schedule.betas),
                beta_schedule=schedule.betas,
                kernel=kernel,
                scan="random" if randomize_order else "sequential",
                keep=keep,
                seed=number,
                num_threads=num_threads,
                time_limit=time_limit,
                target_energy=target_energy,
                callback=watch,
                progress=progress,
                initial_states=problem.initial_states,
                clamp=problem.positions(clamp),
                on_interrupt=on_interrupt,
            )
        return answer.sampleset(result)


class _Answer:
    """Makes the sample set of a run, with the time that each part of the call took."""

    def __init__(
        self, problem: Problem, schedule: Schedule, schedule_type: str, watch: Watch, started: int
    ) -> None:
        self._problem = problem
        self._watch = watch
        self._info = {
            "beta_range": schedule.beta_range,
            "beta_schedule_type": schedule_type,
        }
        self._started = started
        self._sampling = perf_counter_ns()

    def sampleset(self, result: AnnealResult) -> dimod.SampleSet:
        sampled = perf_counter_ns()
        kept = self._watch.reads_to_return(len(result.states))
        sampleset = self._problem.sampleset(result.states[:kept], {**result.info, **self._info})
        timing = {
            "preprocessing_ns": self._sampling - self._started,
            "sampling_ns": sampled - self._sampling,
            "postprocessing_ns": perf_counter_ns() - sampled,
        }
        # A coarse clock may see no time pass; users divide by these.
        sampleset.info["timing"] = {part: max(1, ns) for part, ns in timing.items()}
        return sampleset


def _check_reads(num_reads: int | None, generator: str, bqm: dimod.BinaryQuadraticModel) -> None:
    """Refuse what `parse_initial_states` would refuse without saying what it got."""
    check_choice("initial_states_generator", generator, GENERATORS)
    if num_reads is None:
        return
    count = check_count("num_reads", num_reads, 1)
    check_memory({f"initial states of num_reads={count}": 12 * count * bqm.num_variables})


def _kernel(criteria: str) -> str:
    """Return the kernel that follows D-Wave's rule of that name to the letter."""
    kernel = KERNELS.get(criteria.lower()) if isinstance(criteria, str) else None
    if kernel is None:
        raise ValueError(
            f"proposal_acceptance_criteria must be 'Metropolis' or 'Gibbs', got {criteria!r}"
        )
    return kernel


def _seed_number(seed: Seed) -> int:
    """Return a seed as an integer in D-Wave's range, which also draws the initial states."""
    if seed is None:
        return int(np.random.randint(MAX_SEED))
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(MAX_SEED))
    if isinstance(seed, np.random.SeedSequence):
        return int(seed.generate_state(1)[0]) % MAX_SEED
    if not isinstance(seed, Integral):
        raise TypeError(
            "seed must be an integer, a numpy.random.Generator, a numpy.random.SeedSequence or "
            f"None, got {seed!r}"
        )
    if not 0 <= int(seed) < MAX_SEED:
        raise ValueError(f"seed must be in 0..2**31 - 1, got {seed}")
    return int(seed)


Neal = SimulatedAnnealingSampler
