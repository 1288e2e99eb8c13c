"""Weights of constraints: a number of the user's own, and the warning where it is too small."""

import warnings

import numpy as np

from magnetite._checks import check_finite, check_real

__all__ = ["check_penalty"]


def check_penalty(penalty: object, enough: float, rule: str, *, stacklevel: int) -> float:
    """Return the penalty as a positive number; warn where it is not above `enough`.

    `stacklevel` is as in `warnings.warn`: it is to name the line that called the public function.
    """
    value = check_real("penalty", penalty)
    check_finite("penalty", np.float64(value))
    if value <= 0:
        raise ValueError(f"penalty must be positive, got {value:g}")
    if value <= enough:
        warnings.warn(
            f"penalty should be above {enough:g}, {rule}, got {value:g}: "
            "a state of the lowest energy may break constraints",
            stacklevel=stacklevel + 1,
        )
    return value
