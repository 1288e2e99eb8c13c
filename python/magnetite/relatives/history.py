"""Series as conditional data: every frame with those before it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_count, check_finite, real_array

__all__ = ["stack_history"]

Floats = NDArray[np.float64]


def stack_history(series: ArrayLike | Sequence[ArrayLike], order: int) -> tuple[Floats, Floats]:
    """Return the frames of series that have a past, and that past.

    Parameters
    ----------
    series : array_like, shape (frames, n), or list of such
        One series, or several, which do not go on from one to the next.
    order : int
        Frames of the past, at least 1; every series needs more frames than that.

    Returns
    -------
    frames : ndarray of float64, shape (rows, n)
    conditions : ndarray of float64, shape (rows, order * n)
        The frame before, then that before it, and so on.

    Raises
    ------
    TypeError, ValueError
        If a series has another shape, too few frames, or numbers that are not finite.

    Examples
    --------
    >>> from magnetite.relatives.history import stack_history
    >>> frames, conditions = stack_history([[1], [2], [3], [4]], 2)
    >>> frames.tolist(), conditions.tolist()
    ([[3.0], [4.0]], [[2.0, 1.0], [3.0, 2.0]])
    """
    past = check_count("order", order, 1, bits=31)
    several = isinstance(series, list | tuple) and len(series) > 0 and np.ndim(series[0]) == 2
    given: Any = series if several else [series]
    every = [_checked(one, past) for one in given]
    if len({one.shape[1] for one in every}) > 1:
        widths = [one.shape[1] for one in every]
        raise ValueError(f"series must all have as many columns, got {widths}")
    frames = np.concatenate([one[past:] for one in every])
    before = [
        np.concatenate([one[past - lag : len(one) - lag] for lag in range(1, past + 1)], axis=1)
        for one in every
    ]
    return frames, np.concatenate(before)


def _checked(series: ArrayLike, order: int) -> Floats:
    array = real_array("series", series)
    if array.ndim != 2 or not array.shape[1]:
        raise ValueError(f"series must have shape (frames, n), got {array.shape}")
    if len(array) <= order:
        raise ValueError(f"series must have more than {order} frames, got {len(array)}")
    check_finite("series", array)
    return array
