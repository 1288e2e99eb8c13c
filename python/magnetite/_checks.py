"""Checks of single arguments, shared by all modules: each returns the checked value."""

import operator
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "check_choice",
    "check_count",
    "check_finite",
    "check_flag",
    "check_mask",
    "check_offset",
    "check_parameters",
    "check_real",
    "check_weights",
    "index_vector",
    "real_array",
]


def check_count(name: str, value: object, minimum: int = 0, bits: int = 62) -> int:
    """Return `value` as an int from `minimum` to below 2**bits; bools and floats are no counts."""
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    count = operator.index(value)
    if count < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {count}")
    if count >= 2**bits:
        raise ValueError(f"{name} must be below 2**{bits}, got {count}")
    return count


def check_real(name: str, value: object) -> float:
    """Return `value` as a float (nan and infinity included); bools and strings are no numbers."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    raise TypeError(f"{name} must be a real number, got {type(value).__name__}")


def check_flag(name: str, value: object) -> bool:
    """Return `value` as a bool; numbers are no flags."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise TypeError(f"{name} must be True or False, got {value!r}")


def check_offset(value: object) -> float:
    """Return the constant of an energy as a finite float."""
    offset = check_real("offset", value)
    check_finite("offset", np.float64(offset))
    return offset


def check_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """Return `value` when it is one of `choices`, else refuse it with the list of them."""
    if isinstance(value, str) and value in choices:
        return value
    listed = ", ".join(repr(choice) for choice in choices)
    raise ValueError(f"{name} must be one of {listed}, got {value!r}")


def check_finite(
    name: str,
    values: npt.NDArray[np.floating[Any]] | np.float64,
    where: Callable[[int], str] | None = None,
) -> None:
    """Refuse nan and infinities; `where` turns a flat position into words for the message."""
    finite = np.isfinite(values)
    if finite.all():
        return
    position = int(np.argmin(finite))
    place = where(position) if where else _place(position, np.shape(values))
    raise ValueError(f"{name} must be finite, got {np.ravel(values)[position]}{place}")


def _place(position: int, shape: tuple[int, ...]) -> str:
    if not shape:
        return ""
    index = tuple(int(i) for i in np.unravel_index(position, shape))
    return f" at index {index[0] if len(index) == 1 else index}"


def real_array(name: str, value: Any) -> npt.NDArray[np.float64]:
    """Return `value` as an array of float64, without a copy where it is one already.

    Accepts what numpy takes as real numbers, and objects that convert to float; complex numbers,
    strings, dates and ragged lists are refused.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from None
    if array.dtype.kind in "biuf":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind == "O" and not any(isinstance(x, str | bytes) for x in array.flat):
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise TypeError(f"{name} must hold real numbers: {error}") from None
    raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")


def index_vector(name: str, value: Any) -> npt.NDArray[np.int64]:
    """Return `value` as a vector of non-negative int64."""
    array = np.asarray(value)
    if array.ndim != 1:
        raise ValueError(f"{name} must be a vector, got shape {array.shape}")
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integers, got dtype {array.dtype}")
    if array.min() < 0:
        position = int(np.argmax(array < 0))
        raise ValueError(f"{name} must be non-negative, got {array[position]} at index {position}")
    if array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name} must fit 64-bit signed integers, got {array.max()}")
    return array.astype(np.int64, copy=False)


def check_mask(name: str, value: Any, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return `value`, a row of bools for all rows or one for each, as a mask of `shape`."""
    mask = np.asarray(value)
    if mask.dtype != np.bool_ or mask.shape not in (shape, shape[1:]):
        raise ValueError(
            f"{name} must be a boolean array of shape {shape[1:]} or {shape}, "
            f"got {mask.dtype.name} of shape {mask.shape}"
        )
    return np.ascontiguousarray(np.broadcast_to(mask, shape))


def check_weights(name: str, value: Any, count: int) -> npt.NDArray[np.float64]:
    """Return `count` weights that are not negative, nor all zero; ones where `value` is None."""
    if value is None:
        return np.ones(count)
    weights = real_array(name, value)
    if weights.shape != (count,):
        raise ValueError(f"{name} must have shape ({count},), got {weights.shape}")
    check_finite(name, weights)
    wrong = np.flatnonzero(weights < 0)
    if wrong.size:
        at = int(wrong[0])
        raise ValueError(f"{name} must be non-negative, got {weights[at]:g} at index {at}")
    if not weights.any():
        raise ValueError(f"{name} must have a positive entry, got zeros only")
    return weights


def check_parameters(
    own: Mapping[str, npt.NDArray[Any]], given: Mapping[str, npt.ArrayLike]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return parameters that are to replace those of a machine: its own names and shapes, finite.

    Examples
    --------
    >>> import numpy as np
    >>> check_parameters({"bias": np.zeros(3)}, {"bias": [0, 1]})
    Traceback (most recent call last):
    ...
    ValueError: bias must have shape (3,), got (2,)
    """
    found = {}
    for name, value in given.items():
        if name not in own:
            raise ValueError(f"parameters must be some of {', '.join(own)}, got {name!r}")
        found[name] = array = real_array(name, value)
        if array.shape != own[name].shape:
            raise ValueError(f"{name} must have shape {own[name].shape}, got {array.shape}")
        check_finite(name, array)
    return found
