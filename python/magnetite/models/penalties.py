"""Weights of constraints: a number of the user's own, and the warning where it is too small."""

import warnings

import numpy as np

from magnetite._checks import check_finite, check_real

__all__ = ["check_penalty", "warn_of_penalty"]


def check_penalty(penalty: object) -> float:
    """Return the penalty as a positive number."""
    value = check_real("penalty", penalty)
    check_finite("penalty", np.float64(value))
    if value <= 0:
        raise ValueError(f"penalty must be positive, got {value:g}")
    return value


def warn_of_penalty(penalty: float, enough: float, rule: str) -> None:
    """Warn where a penalty is not above `enough`.

    Called by the method of a constructor that a function of the same problem calls, so that the
    warning names the line that called the function.
    """
    if penalty <= enough:
        warnings.warn(
            f"penalty should be above {enough:g}, {rule}, got {penalty:g}: "
            "a state of the lowest energy may break constraints",
            stacklevel=5,
        )
