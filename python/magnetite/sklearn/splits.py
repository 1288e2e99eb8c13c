"""Rows that are held out of training."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

__all__ = ["split_rows"]

ENOUGH = 10
"""Rows that each class must have for both parts to have their share of it."""


def split_rows(
    name: str, rows: tuple[Any, ...], share: float, seed: int, codes: NDArray[Any] | None = None
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return matrices and vectors of the same rows in two parts; the second has this share.

    `codes` are numbers of classes, of which both parts have their share where there are enough.

    Raises
    ------
    ValueError
        If no row is left; `name` is that of the share.
    """
    count = rows[0].shape[0]
    held_out = math.ceil(share * count)
    if held_out >= count:
        raise ValueError(
            f"{name} must leave a row to learn, got {share:g} of {count}, all of which that is"
        )
    strata = None
    if codes is not None:
        sizes = np.unique(codes, return_counts=True)[1]
        each_has_both = len(sizes) <= min(held_out, count - held_out)
        strata = codes if each_has_both and sizes.min() >= ENOUGH else None
    found = train_test_split(*rows, test_size=held_out, random_state=seed % 2**32, stratify=strata)
    return tuple(found[::2]), tuple(found[1::2])
