"""Data of binary units, which estimators take as they are: chances, and even other numbers."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.sparsefuncs import min_max_axis

import magnetite as mg
from magnetite.units.base import ROUNDING, Array
from magnetite.units.discrete import Binary
from magnetite.units.layer import Layer

__all__ = ["any_numbers", "warn_beyond_bits"]


class Lenient(Binary):
    """Bits whose data may be any numbers: chances between 0 and 1 are taken as means.

    A machine has them only while it is trained; fitted, it has plain bits and can be saved.
    """

    kind: ClassVar[str] = "binary"

    def wrong(self, values: Array) -> NDArray[np.bool_]:
        """Return where values are not finite."""
        return ~np.isfinite(values)

    @property
    def rule(self) -> str:
        """What `wrong` asks for."""
        return "finite numbers"


@contextmanager
def any_numbers(rbm: mg.RBM) -> Iterator[None]:
    """Let the binary visible units of a machine learn from any finite numbers."""
    # The core knows both as binary units; only the check of the data differs.
    strict = rbm.visible
    rbm.visible = Layer(
        tuple(
            (Lenient() if units.kind == Lenient.kind else units, size)
            for units, size in strict.groups
        )
    )
    try:
        yield
    finally:
        rbm.visible = strict


def warn_beyond_bits(X: Any, instead: str, stacklevel: int) -> None:
    """Warn of data, dense or sparse, that are not means of bits; name what is made for them."""
    ends = min_max_axis(X, axis=0, ignore_nan=True) if hasattr(X, "tocsr") else (X, X)
    low, high = np.fmin.reduce(ends[0], axis=None), np.fmax.reduce(ends[1], axis=None)
    if low < -ROUNDING or high > 1 + ROUNDING:
        warnings.warn(
            f"binary units stand for values from 0 to 1, and X goes from {low:g} to {high:g}: "
            f"scale it (sklearn.preprocessing.MinMaxScaler), or take {instead}",
            UserWarning,
            stacklevel=stacklevel,
        )
