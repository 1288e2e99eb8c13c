"""Exact sums with the interface of `dimod`."""

from collections.abc import Mapping
from typing import Any

import dimod
import numpy as np
import numpy.typing as npt

from magnetite._checks import check_choice
from magnetite.dimod.face import Face, told
from magnetite.dimod.problem import Problem
from magnetite.exact import METHODS, exact
from magnetite.exact_result import MOST_LISTED, ExactResult
from magnetite.memory import check_memory

__all__ = ["ExactSolver"]

MOST_KEPT = 18
"""Free variables whose states are all kept by default, at most."""

KEEPS = ("auto", "all", "ground")
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "keep": ("keep_options",),
    "num_ground_states": (),
    "beta": (),
    "method": ("method_options",),
    "max_entries": (),
    "num_threads": (),
    "progress": (),
    "clamp": (),
}
PROPERTIES: Mapping[str, tuple[str, ...]] = {"keep_options": KEEPS, "method_options": METHODS}


class ExactSolver(Face):
    """All samples of a small binary quadratic model, or the ground states of a larger one.

    Up to 18 variables the samples are those of ``dimod.ExactSolver``, in its order. Above they are
    the ground states: of up to 30 variables, and of any number where the graph is narrow.
    ``info`` has how many ground states there are, and log Z. See `magnetite.exact`.

    Two things differ from ``dimod.ExactSolver``, on purpose:

    * A model without variables has one sample, which is empty, as `degeneracy` and `log_z` say.
    * More than 18 variables do not list all samples unless asked to, by ``keep="all"``.

    Attributes
    ----------
    parameters : dict
        The keywords of `sample`, each with the properties that say what it may be.
    properties : dict
        What the keywords with a fixed choice may be.

    Examples
    --------
    >>> from magnetite.dimod import ExactSolver
    >>> sampleset = ExactSolver().sample_ising({"a": -0.5, "b": 1.0}, {("a", "b"): -1.5})
    >>> print(sampleset)
       a  b energy num_oc.
    0 -1 -1   -2.0       1
    2 +1 +1   -1.0       1
    1 +1 -1    0.0       1
    3 -1 +1    3.0       1
    ['SPIN', 4 rows, 4 samples, 2 variables]
    """

    def __init__(self) -> None:
        super().__init__(PARAMETERS, PROPERTIES)

    def sample(
        self,
        bqm: dimod.BinaryQuadraticModel,
        *,
        keep: str = "auto",
        num_ground_states: int = 100,
        beta: float = 1.0,
        method: str = "auto",
        max_entries: int = 2**26,
        num_threads: int | None = None,
        progress: bool = False,
        clamp: Mapping[Any, int] | None = None,
        **kwargs: Any,
    ) -> dimod.SampleSet:
        """Return all samples of a binary quadratic model, or its ground states.

        Parameters
        ----------
        bqm : dimod.BinaryQuadraticModel
            The model, of any dtype, in spins or bits.
        keep : {"auto", "all", "ground"}
            Which samples to return: all, in Gray code as ``dimod.ExactSolver`` does (at most 24
            variables), the ground states, or all up to 18 variables and ground states above.
            Variables that are held do not count.
        num_ground_states : int, default 100
            Ground states to return, at most; ``info["degeneracy"]`` counts them all.
        beta : float, default 1
            Inverse temperature of ``info["log_z"]`` and the further sums.
        method, max_entries, num_threads, progress
            As for `magnetite.exact`.
        clamp : mapping, optional
            Variables held at given values, ``{label: value}`` in the vartype of `bqm`.
        **kwargs
            Unknown keywords are ignored with a warning.

        Returns
        -------
        dimod.SampleSet
            In the vartype and the labels of `bqm`; energies by `bqm` in float64. ``info`` holds
            ``ground_energy``, ``degeneracy``, and at `beta` the ``log_z``, ``mean_energy``,
            ``heat_capacity`` and ``entropy`` of `magnetite.exact_result.ExactResult`, ``timing``
            in nanoseconds as `SimulatedAnnealingSampler` has it, and the entries of that result's.

        Raises
        ------
        TypeError
            If an argument has the wrong type.
        ValueError
            If the model is too large (the message says how large it may be), or a value is out of
            range.
        MemoryError
            If the samples or the tables do not fit in memory; nothing has been allocated.

        Examples
        --------
        >>> import dimod
        >>> from magnetite.dimod import ExactSolver
        >>> ring = dimod.BinaryQuadraticModel("SPIN")
        >>> ring.add_quadratic_from((i, (i + 1) % 101, 1.0) for i in range(101))
        >>> sampleset = ExactSolver().sample(ring, num_ground_states=10)
        >>> print(len(sampleset), sampleset.first.energy, sampleset.info["degeneracy"])
        10 -99.0 202
        """
        self.remove_unknown_kwargs(**kwargs)
        kept = check_choice("keep", keep, KEEPS)
        problem = Problem.without_states(bqm)
        held = problem.positions(clamp)
        free = len(problem.labels) - (0 if held is None else held[0].size)
        every = kept == "all" or (kept == "auto" and free <= MOST_KEPT)
        if every:
            _check_listed(free, len(problem.labels))
        result = exact(
            problem.model,
            beta=beta,
            method=method,
            clamp=held,
            num_ground_states=num_ground_states,
            max_entries=max_entries,
            num_threads=num_threads,
            progress=progress,
        )
        spins = _in_gray_code(result.states()) if every else result.ground_states
        return problem.sampleset(spins, _info(result, "all" if every else "ground"))


def _check_listed(free: int, num_variables: int) -> None:
    if free > MOST_LISTED:
        raise ValueError(
            f"keep='all' would return 2**{free} samples, and returns at most 2**{MOST_LISTED}: "
            "clamp some variables, or take keep='ground'"
        )
    check_memory({f"2**{free} samples": (5 * num_variables + 48) << free})


def _in_gray_code(states: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Return all states, each one variable away from that before it, as dimod lists them."""
    numbers = np.arange(len(states))
    return np.take(states, numbers ^ numbers >> 1, axis=0)


def _info(result: ExactResult, keep: str) -> dict[str, Any]:
    own = ("ground_energy", "degeneracy", "log_z", "mean_energy", "heat_capacity", "entropy")
    return told(result.info, keep=keep, **{name: getattr(result, name) for name in own})
