"""Categories as groups of columns, and back."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_count

__all__ = ["from_one_hot", "one_hot"]


def one_hot(categories: ArrayLike, num_states: int) -> NDArray[np.float32]:
    """Write categories as groups of `num_states` columns, one of which is 1.

    Parameters
    ----------
    categories : array_like, shape (rows, sites)
        Whole numbers from 0 to `num_states` - 1; nan where the category is missing.
    num_states : int
        Categories of a site.

    Returns
    -------
    ndarray of float32, shape (rows, sites * num_states)
        All columns of a missing category are nan.

    Raises
    ------
    ValueError
        If a category is out of range.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.units.one_hot([[2, 0]], 3).tolist()
    [[0.0, 0.0, 1.0, 1.0, 0.0, 0.0]]
    """
    check_count("num_states", num_states, 2, bits=31)
    array = np.asarray(categories, np.float64)
    if array.ndim != 2:
        raise ValueError(f"categories must have shape (rows, sites), got {array.shape}")
    missing = np.isnan(array)
    filled = np.where(missing, 0, array)
    wrong = (filled != np.floor(filled)) | (filled < 0) | (filled >= num_states)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"categories must be whole numbers from 0 to {num_states - 1}, "
            f"got {array[place]:g} at index {place}"
        )
    columns = np.eye(num_states, dtype=np.float32)[filled.astype(np.intp)]
    columns[missing] = np.nan
    return columns.reshape(array.shape[0], -1)


def from_one_hot(columns: ArrayLike, num_states: int) -> NDArray[np.int64]:
    """Read categories back from groups of columns: the place of each group's largest entry.

    Parameters
    ----------
    columns : array_like, shape (rows, sites * num_states)
        One-hot states, or the chances of the categories.
    num_states : int
        Categories of a site.

    Returns
    -------
    ndarray of int64, shape (rows, sites)

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.units.from_one_hot([[0, 0, 1, 1, 0, 0]], 3).tolist()
    [[2, 0]]
    """
    check_count("num_states", num_states, 2, bits=31)
    array: NDArray[Any] = np.asarray(columns)
    if array.ndim != 2 or array.shape[1] % num_states:
        raise ValueError(f"columns must have shape (rows, sites * {num_states}), got {array.shape}")
    sites = array.reshape(array.shape[0], -1, num_states)
    return np.asarray(sites.argmax(axis=-1), np.int64)
