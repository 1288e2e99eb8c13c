"""What the samplers of this package have in common."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import dimod
from dimod.core.sampler import Sampler

__all__ = ["Face", "carried", "in_nanoseconds"]

Table = Mapping[str, tuple[str, ...]]
ResultT = TypeVar("ResultT")


class Face(Sampler):
    """A `dimod.Sampler` that has its parameters and properties from two tables.

    Parameters
    ----------
    parameters : dict
        The keywords of `sample`, each with the names of the properties that say what it may be.
    properties : dict
        What the keywords with a fixed choice may be.
    """

    def __init__(self, parameters: Table, properties: Table) -> None:
        self._parameters = {name: list(related) for name, related in parameters.items()}
        self._properties = dict(properties)

    @property
    def parameters(self) -> dict[str, list[str]]:
        """Keywords of `sample`, each with the names of the properties that concern it."""
        return self._parameters

    @property
    def properties(self) -> dict[str, tuple[str, ...]]:
        """Choices that the keywords leave."""
        return self._properties


@contextmanager
def carried(kind: type[ResultT], sampleset: Callable[[ResultT], dimod.SampleSet]) -> Iterator[None]:
    """Make a sample set of the result of this kind that an exception of a run carries."""
    try:
        yield
    except BaseException as error:
        found = getattr(error, "result", None)
        if isinstance(found, kind):
            error.result = sampleset(found)  # type: ignore[attr-defined]
        raise


def in_nanoseconds(timing: Mapping[str, float]) -> dict[str, int]:
    """Return seconds as D-Wave's samplers give times.

    Examples
    --------
    >>> from magnetite.dimod.face import in_nanoseconds
    >>> in_nanoseconds({"sampling": 0.25, "postprocessing": 0.0})
    {'sampling_ns': 250000000, 'postprocessing_ns': 1}
    """
    # A coarse clock may see no time pass; users divide by these.
    return {f"{part}_ns": max(1, int(1e9 * seconds)) for part, seconds in timing.items()}
