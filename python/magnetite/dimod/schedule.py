"""Beta schedules by D-Wave's rules: what the keywords of its sampler mean, sweep by sweep."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from magnetite._checks import check_choice, check_count
from magnetite.memory import check_memory
from magnetite.models import Model

__all__ = ["SCHEDULE_TYPES", "Schedule", "make_schedule"]

SCHEDULE_TYPES = ("linear", "geometric", "custom")
DEFAULT_NUM_SWEEPS = 1000


@dataclass(frozen=True)
class Schedule:
    """The betas of a run.

    Attributes
    ----------
    betas : ndarray of float64, shape (num_sweeps,)
        One beta a sweep.
    beta_range : sequence of float or None
        What D-Wave's sampler reports as ``info["beta_range"]``: the range that was given or made
        by default; None for a custom schedule given without one.
    """

    betas: npt.NDArray[np.float64]
    beta_range: Sequence[float] | None


def make_schedule(
    model: Model,
    *,
    beta_range: Sequence[float] | None,
    num_sweeps: int | None,
    num_sweeps_per_beta: int,
    beta_schedule_type: str,
    beta_schedule: npt.ArrayLike | None,
) -> Schedule:
    """Turn the six schedule keywords of D-Wave's sampler into one beta a sweep.

    Parameters
    ----------
    model : Model
        Its coefficients give the default range.
    beta_range, num_sweeps, num_sweeps_per_beta, beta_schedule_type, beta_schedule
        As in `SimulatedAnnealingSampler.sample`.

    Returns
    -------
    Schedule

    Raises
    ------
    TypeError
        If `num_sweeps` or `num_sweeps_per_beta` is not an integer.
    ValueError
        If a value is out of range or two keywords contradict each other.
    """
    check_count("num_sweeps_per_beta", num_sweeps_per_beta, 1)
    if num_sweeps is not None:
        check_count("num_sweeps", num_sweeps, 0)
    check_choice("beta_schedule_type", beta_schedule_type, SCHEDULE_TYPES)
    if beta_schedule_type == "custom":
        points = _custom_points(beta_schedule, num_sweeps, num_sweeps_per_beta, beta_range)
    elif beta_schedule is not None:
        raise ValueError(
            "beta_schedule must be None unless beta_schedule_type is 'custom', "
            f"got beta_schedule_type={beta_schedule_type!r}"
        )
    else:
        num_betas = _count_betas(num_sweeps, num_sweeps_per_beta)
        beta_range = _default_range(model) if beta_range is None else _check_range(beta_range)
        points = _interpolate(beta_range, num_betas, beta_schedule_type)
    _check_size(points.size * int(num_sweeps_per_beta))
    return Schedule(np.repeat(points, num_sweeps_per_beta), beta_range)


def _check_size(num_sweeps: int) -> None:
    """Refuse schedules that do not fit in memory, with what goes on while they are made."""
    check_memory({f"betas of num_sweeps={num_sweeps}": 40 * num_sweeps})


def _count_betas(num_sweeps: int | None, num_sweeps_per_beta: int) -> int:
    sweeps = DEFAULT_NUM_SWEEPS if num_sweeps is None else int(num_sweeps)
    num_betas, rest = divmod(sweeps, int(num_sweeps_per_beta))
    if rest:
        raise ValueError(
            "num_sweeps must be divisible by num_sweeps_per_beta, "
            f"got {sweeps} and {num_sweeps_per_beta}"
        )
    _check_size(sweeps)
    return num_betas


def _default_range(model: Model) -> list[float]:
    hot, cold = model.beta_range()
    if model.core.num_couplings == 0 and not model.core.fields().any():
        warnings.warn(
            "all biases of the bqm are zero, so every state has the same energy; "
            "the beta range is set to [0.1, 1.0]",
            UserWarning,
            stacklevel=4,
        )
    return [hot, cold]


def _check_range(beta_range: Sequence[float]) -> Sequence[float]:
    values = _as_floats("beta_range", beta_range)
    if values.ndim == 0:
        raise TypeError(f"beta_range must be a pair of betas, got {beta_range!r}")
    if values.shape != (2,):
        raise ValueError(f"beta_range must hold two values, first and last, got {beta_range!r}")
    if np.isnan(values).any() or values.min() < 0:
        raise ValueError(f"beta_range must be non-negative, got {beta_range!r}")
    return beta_range


def _interpolate(beta_range: Sequence[float], num_betas: int, kind: str) -> npt.NDArray[np.float64]:
    first, last = (float(value) for value in beta_range)
    if num_betas == 1:
        return np.array([last])
    if not np.isfinite([first, last]).all():
        raise ValueError(f"beta_range must be finite to be interpolated, got {beta_range!r}")
    if kind == "linear":
        return np.linspace(first, last, num=num_betas)
    if min(first, last) <= 0:
        raise ValueError(
            f"beta_range must be positive for beta_schedule_type='geometric', got {beta_range!r}"
        )
    return np.geomspace(first, last, num=num_betas)


def _custom_points(
    beta_schedule: npt.ArrayLike | None,
    num_sweeps: int | None,
    num_sweeps_per_beta: int,
    beta_range: Sequence[float] | None,
) -> npt.NDArray[np.float64]:
    if beta_schedule is None:
        raise ValueError("beta_schedule must be given for beta_schedule_type='custom', got None")
    points = _as_floats("beta_schedule", beta_schedule)
    if points.ndim != 1 or points.size == 0:
        raise ValueError(
            f"beta_schedule must be a sequence of at least one beta, got shape {points.shape}"
        )
    bad = np.flatnonzero(~(points >= 0))
    if bad.size:
        raise ValueError(
            f"beta_schedule must be non-negative, got {points[bad[0]]} at index {bad[0]}"
        )
    sweeps = points.size * int(num_sweeps_per_beta)
    if num_sweeps is not None and num_sweeps != sweeps:
        raise ValueError(
            "num_sweeps must be None or len(beta_schedule) * num_sweeps_per_beta = "
            f"{sweeps}, got {num_sweeps}"
        )
    if beta_range is not None and (beta_range[0] != points[0] or beta_range[-1] != points[-1]):
        raise ValueError(
            "beta_range must be None or the end points of beta_schedule, "
            f"({points[0]}, {points[-1]}), got {beta_range!r}"
        )
    return points


def _as_floats(name: str, values: Any) -> npt.NDArray[np.float64]:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a sequence of numbers, got {values!r}") from error
