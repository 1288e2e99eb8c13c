"""Means and variances of data, taken while they are checked."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Summary", "summarise", "warn_of_offsets"]

FARTHEST = 1e3
"""Deviations from zero to the mean of a real column that float32 has digits for: moments lose a
thousandth there, and a training diverges at ten times as many."""


@dataclass(frozen=True, eq=False)
class Summary:
    """What is known of data before learning: float64, missing values left out.

    Of columns that are not `known`, without any value, means and variances say nothing.
    """

    means: NDArray[np.float64]
    variances: NDArray[np.float64]
    num_rows: int
    missing: bool
    known: NDArray[np.bool_]


def summarise(
    name: str,
    blocks: Iterator[tuple[int, Array]],
    weights: NDArray[np.float64],
    *,
    whole: bool = True,
) -> Summary:
    """Go through blocks of rows, each with the place of its first; refuse rows without values.

    Parameters
    ----------
    name : str
        What messages call the data.
    blocks : iterator of (int, ndarray)
        Rows, nan where missing.
    weights : ndarray, shape (num_rows,)
        Of all rows.
    whole : bool
        Whether these are all data, so that a column without values is refused too.

    Raises
    ------
    ValueError
        Names the first row or column all of whose values are missing.
    """
    total = first = second = np.zeros(0)
    shift, missing, count = np.zeros(0), False, np.zeros(0, np.int64)
    for start, rows in blocks:
        if start == 0:
            # Sums of squares about the first row lose no digits to a large mean.
            shift = np.nan_to_num(rows[0].astype(np.float64))
            total, first, second = (np.zeros(rows.shape[1]) for _ in range(3))
            count = np.zeros(rows.shape[1], np.int64)
        about, w = rows.astype(np.float64), weights[start : start + len(rows)]
        about -= shift
        unknown = np.isnan(rows)
        if unknown.any():
            missing = True
            _refuse_empty(name, "row", np.flatnonzero(unknown.all(axis=1)) + start)
            about[unknown] = 0.0
            # Sums of weights do not cancel to zero: whether a value is there, integers say.
            count += np.count_nonzero(~unknown[w > 0], axis=0)
            total += np.einsum("r,ri->i", w, ~unknown)
        else:
            count += np.count_nonzero(w > 0)
            total += w.sum()
        first += np.einsum("r,ri->i", w, about)
        second += np.einsum("r,ri->i", w, np.square(about, out=about))
    if whole:
        _refuse_empty(name, "column", np.flatnonzero(count == 0))
    share = np.divide(1, total, out=np.zeros_like(total), where=count > 0)
    variances = np.maximum(second * share - (first * share) ** 2, 0)
    return Summary(shift + first * share, variances, len(weights), missing, count > 0)


def _refuse_empty(name: str, what: str, places: NDArray[np.intp]) -> None:
    if places.size:
        raise ValueError(
            f"{name} must have a value in every {what}, got nan only in {what} {int(places[0])}"
        )


def warn_of_offsets(rbm: "RBM", summary: Summary, *, stacklevel: int = 3) -> None:
    """Warn of real columns that lie too far from zero for the digits of a machine of float32.

    With the right `stacklevel` it names the line that called `fit` or `partial_fit`.
    """
    if rbm.dtype != np.float32:
        return
    real = np.zeros(rbm.n_visible, np.bool_)
    for units, columns in rbm.visible.parts():
        real[columns] = units.site_states is None
    deviations = np.sqrt(summary.variances)
    varied = real & summary.known & (deviations > 0)
    far = np.flatnonzero(varied & (np.abs(summary.means) > FARTHEST * deviations))
    if far.size:
        first, others = int(far[0]), f" (and {far.size - 1} more)" if far.size > 1 else ""
        warnings.warn(
            f"X should have real columns whose mean is at most {FARTHEST:g} times their deviation, "
            f"got mean {summary.means[first]:g} and deviation {deviations[first]:g} in column "
            f"{first}{others}: float32 loses the digits. Standardise the columns, or take a "
            "machine of dtype float64",
            UserWarning,
            stacklevel=stacklevel,
        )
