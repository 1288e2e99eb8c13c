"""Beta schedules: a named shape between two betas, or one beta a sweep."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_choice, real_array
from magnetite.options import check_beta, check_each_beta

SCHEDULES = ("geometric", "linear")


@dataclass(frozen=True, eq=False)
class Schedule:
    """The betas of an anneal, before its number of sweeps need be known.

    Attributes
    ----------
    name : str
        "geometric", "linear" or "custom".
    beta_range : tuple of float or None
        First and last beta; None for a custom schedule of no sweeps.
    custom : ndarray of float64 or None
        One beta a sweep, when the user gave them.
    """

    name: str
    beta_range: tuple[float, float] | None
    custom: NDArray[np.float64] | None = None

    def betas(self, num_sweeps: int) -> NDArray[np.float64] | tuple[str, float, float, int]:
        """Return what the core takes: one beta a sweep, or shape, ends and number of sweeps."""
        if self.custom is not None:
            return self.custom
        if self.beta_range is None:
            raise ValueError(f"a {self.name} schedule needs a beta_range")
        return (self.name, *self.beta_range, num_sweeps)


def check_schedule(
    beta_schedule: str | ArrayLike,
    beta_range: Sequence[float] | None,
    default_range: Callable[[], tuple[float, float]],
) -> Schedule:
    """Check schedule and range together; `default_range()` serves where `beta_range` is None."""
    if not isinstance(beta_schedule, str):
        if beta_range is not None:
            raise ValueError("beta_range must be None when beta_schedule is an array of betas")
        return _custom(beta_schedule)
    name = check_choice("beta_schedule", beta_schedule, SCHEDULES)
    first, last = default_range() if beta_range is None else check_ends(beta_range)
    for index, beta in enumerate((first, last)):
        if math.isinf(beta):
            raise ValueError(
                f"beta_range must be finite for a {name} schedule, got {beta} at index {index}"
            )
        if name == "geometric" and beta == 0:
            raise ValueError(
                "beta_range must be positive for a geometric schedule, got 0.0 at index "
                f"{index}; beta_schedule='linear' may start at 0"
            )
    return Schedule(name, (first, last))


def check_ends(beta_range: Sequence[float]) -> tuple[float, float]:
    """Return the two ends of a range of betas, in any order."""
    if not isinstance(beta_range, Sequence | np.ndarray) or np.ndim(beta_range) != 1:
        raise TypeError(f"beta_range must be two betas, first and last, got {beta_range!r}")
    ends: list[Any] = list(beta_range)
    if len(ends) != 2:
        raise ValueError(f"beta_range must be two betas, first and last, got {len(ends)}")
    first, last = (check_beta(f"beta_range[{index}]", end) for index, end in enumerate(ends))
    return first, last


def _custom(betas: ArrayLike) -> Schedule:
    array = real_array("beta_schedule", betas).copy()
    if array.ndim != 1:
        raise ValueError(
            f"beta_schedule must be 'geometric', 'linear' or a vector with one beta a sweep, "
            f"got an array of shape {array.shape}"
        )
    check_each_beta(array)
    ends = (float(array[0]), float(array[-1])) if array.size else None
    return Schedule("custom", ends, array)
