"""The search for the best state as a `dimod.Sampler`."""

from collections.abc import Callable, Mapping
from typing import Any

import dimod
from dimod.core.initialized import Initialized

from magnetite.control import Progress
from magnetite.dimod.face import Face, carried, told
from magnetite.dimod.problem import Problem
from magnetite.options import SeedLike
from magnetite.solve import NUM_BEST, solve
from magnetite.solve_result import SolveResult

__all__ = ["Solver"]

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "time_limit": (),
    "target_energy": (),
    "num_rounds": (),
    "num_best": (),
    "seed": (),
    "num_threads": (),
    "callback": (),
    "progress": (),
    "initial_states": (),
    "clamp": (),
    "on_interrupt": ("on_interrupt_options",),
}
PROPERTIES: Mapping[str, tuple[str, ...]] = {"on_interrupt_options": ("raise", "return")}


class Solver(Face, Initialized):
    """`magnetite.solve` for binary quadratic models: the best samples in the given time.

    Attributes
    ----------
    parameters : dict
        The keywords of `sample`, each with the properties that say what it may be.
    properties : dict
        What the keywords with a fixed choice may be.

    Examples
    --------
    >>> from magnetite.dimod import Solver
    >>> J = {("a", "b"): 1.0, ("b", "c"): 1.0, ("a", "c"): 1.0}
    >>> print(Solver().sample_ising({}, J, num_rounds=2).first.energy)
    -1.0
    """

    def __init__(self) -> None:
        super().__init__(PARAMETERS, PROPERTIES)

    def sample(
        self,
        bqm: dimod.BinaryQuadraticModel,
        *,
        time_limit: float | None = None,
        target_energy: float | None = None,
        num_rounds: int | None = None,
        num_best: int = NUM_BEST,
        seed: SeedLike = None,
        num_threads: int | None = None,
        callback: Callable[[Progress], object] | None = None,
        progress: bool = False,
        initial_states: dimod.typing.SamplesLike | None = None,
        clamp: Mapping[Any, int] | None = None,
        on_interrupt: str = "raise",
        **kwargs: Any,
    ) -> dimod.SampleSet:
        """Look for the lowest samples of a binary quadratic model.

        Parameters
        ----------
        bqm : dimod.BinaryQuadraticModel
            The model, of any dtype, in spins or bits.
        time_limit : float, optional
            Seconds. Default: 60 where `num_rounds` is not given, else no limit.
        target_energy : float, optional
            The search stops once an energy as low as this was seen.
        num_rounds : int, optional
            Rounds after which the search stops; the answer is then a function of the seed alone.
        num_best : int, default 16
            How many of the lowest distinct samples to return.
        seed : int, Generator, SeedSequence or None
            As for `magnetite.solve`.
        num_threads : int, optional
            Threads to use. Default: the cores that this process may use.
        callback : callable, optional
            Called between slices with a `magnetite.control.Progress`; True stops the search.
        progress : bool, default False
            Show a progress bar.
        initial_states : samples_like, optional
            Samples, in either vartype, over exactly the variables of `bqm`, that join the first
            population.
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
            In the vartype and the labels of `bqm`, lowest energy first; energies by `bqm` in
            float64. ``info`` is that of `magnetite.solve_result.SolveResult`, with ``timing`` in
            nanoseconds as `SimulatedAnnealingSampler` has it.

        Raises
        ------
        TypeError
            If an argument has the wrong type.
        ValueError
            If a value is out of range.

        Examples
        --------
        >>> import dimod
        >>> from magnetite.dimod import Solver
        >>> bqm = dimod.BinaryQuadraticModel({"a": 0.5, "b": -0.5}, {("a", "b"): -1}, 0.0, "SPIN")
        >>> Solver().sample(bqm, seed=1).first.sample["a"] in (-1, 1)
        True
        """
        self.remove_unknown_kwargs(**kwargs)
        problem = Problem.parse(self, bqm, initial_states=initial_states, seed=0)

        def sampleset(found: SolveResult) -> dimod.SampleSet:
            return problem.sampleset(found.states, told(found.info))

        with carried(SolveResult, sampleset):
            result = solve(
                problem.model,
                time_limit=time_limit,
                target_energy=target_energy,
                num_rounds=num_rounds,
                num_best=num_best,
                seed=seed,
                num_threads=num_threads,
                callback=callback,
                progress=progress,
                initial_states=None if initial_states is None else problem.initial_states,
                clamp=problem.positions(clamp),
                on_interrupt=on_interrupt,
            )
        return sampleset(result)
