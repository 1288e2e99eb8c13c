"""What the samplers of this package have in common."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import dimod
from dimod.core.sampler import Sampler

__all__ = ["Face", "carried", "told"]

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


def told(info: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return what a result says of its run, and more, with times as D-Wave's samplers give them.

    Examples
    --------
    >>> from magnetite.dimod.face import told
    >>> told({"timing": {"sampling": 0.25, "postprocessing": 0.0}}, keep="best")
    {'timing': {'sampling_ns': 250000000, 'postprocessing_ns': 1}, 'keep': 'best'}
    """
    # A coarse clock may see no time pass; users divide by these.
    timing = {f"{part}_ns": max(1, int(1e9 * seconds)) for part, seconds in info["timing"].items()}
    return {**info, "timing": timing, **more}
