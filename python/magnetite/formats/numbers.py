"""Numbers and edges as text that reads back to the same bits."""

from typing import Any

import numpy as np
import numpy.typing as npt

from magnetite.inputs import FloatArray
from magnetite.models.polynomial import Polynomial

__all__ = ["edge_lines", "number_text", "refuse_offset"]

_LARGEST_EXACT = 2.0**53


def edge_lines(rows: npt.NDArray[Any], cols: npt.NDArray[Any], weights: FloatArray) -> str:
    """Return one line ``i j w`` an edge."""
    values = _plain_numbers(weights)
    lines = map("{} {} {}\n".format, rows.tolist(), cols.tolist(), values)
    return "".join(lines)


def number_text(value: float) -> str:
    """Return a number without a needless ``.0``, else with all digits it takes."""
    return str(_plain_numbers(np.array([value]))[0])


def refuse_offset(energy: Polynomial, format_name: str) -> None:
    """Refuse an energy with a constant, for formats that cannot hold one."""
    if energy.offset:
        raise ValueError(
            f"format {format_name!r} has no place for the offset "
            f"{number_text(energy.offset)}: use 'qubo' or 'coo', or a model without it"
        )


def _plain_numbers(values: FloatArray) -> list[Any]:
    whole = (values == np.floor(values)) & (np.abs(values) <= _LARGEST_EXACT)
    if whole.all():
        return list(values.astype(np.int64).tolist())
    return [int(v) if w else v for v, w in zip(values.tolist(), whole.tolist(), strict=True)]
