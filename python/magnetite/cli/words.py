"""How numbers and durations are written for people."""

import json
import math
from typing import Any

import numpy as np

__all__ = [
    "columns",
    "count",
    "dump_json",
    "plain",
    "rate",
    "rounded",
    "seconds",
    "table",
    "with_error",
]

# Errors relative to values that are nothing but the rounding of sums.
ROUNDING = 1e-12


def plain(value: float) -> str:
    """Write a value so that a program reads it back: whole numbers without a point.

    >>> plain(13359.0), plain(-0.125)
    ('13359', '-0.125')
    """
    if math.isfinite(value) and value == round(value) and abs(value) < 1e15:
        return str(round(value))
    return f"{value:.12g}"


def rounded(value: float) -> str:
    """Write a value to six digits, whole ones above a hundred thousand.

    >>> rounded(472.90625), rounded(1234567.8), rounded(-0.1)
    ('472.906', '1234568', '-0.1')
    """
    return f"{value:.0f}" if abs(value) >= 1e5 else f"{value:.6g}"


def count(number: int, noun: str) -> str:
    """Write a number of things.

    >>> count(1, "read"), count(19990, "coupling")
    ('1 read', '19,990 couplings')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def seconds(duration: float) -> str:
    """Write a duration in the units a person would take.

    >>> seconds(0.0042), seconds(7.25), seconds(3723)
    ('4 ms', '7.2 s', '1 h 2 min')
    """
    if duration < 0.9995:
        return f"{1000 * duration:.0f} ms"
    if duration < 99.95:
        return f"{duration:.1f} s"
    minutes = round(duration / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def rate(per_second: float) -> str:
    """Write a number of updates a second.

    >>> rate(1.234e9), rate(5e5)
    ('1,234 million updates/s', '0.5 million updates/s')
    """
    millions = per_second / 1e6
    digits = f"{millions:,.0f}" if millions >= 10 else f"{millions:.3g}"
    return f"{digits} million updates/s"


def table(rows: list[tuple[str, str]]) -> str:
    r"""Lay out rows of a name and a text, the texts in one column.

    >>> print(table([("cut", "13359"), ("best known", "13359, reached")]))
    cut         13359
    best known  13359, reached

    Further lines of a text stay in its column.

    >>> print(table([("rungs", "beta  energy\n 0.5    -1.2")]))
    rungs  beta  energy
            0.5    -1.2
    """
    width = max((len(name) for name, _ in rows), default=0)
    margin = "\n" + " " * (width + 2)
    return "\n".join(
        f"{name:{width}}  {text.replace(chr(10), margin)}".rstrip() for name, text in rows
    )


def columns(rows: list[list[str]]) -> str:
    """Lay out rows of cells, each column as wide as it must be, its cells to the right.

    >>> print(columns([["beta", "energy"], ["0.5", "-1.25 +- 0.11"]]))
    beta         energy
     0.5  -1.25 +- 0.11
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


def with_error(value: float, error: float) -> str:
    """Write a value to two digits of its standard error; a dash where there is none.

    >>> with_error(-1234.5678, 0.1234), with_error(123456.7, 1234.0), with_error(math.nan, 1.0)
    ('-1234.57 +- 0.12', '123457 +- 1234', '-')
    >>> with_error(0.5, 0.0), with_error(0.5, math.nan)
    ('0.5', '0.5')

    An error as small as the rounding of sums is none.

    >>> with_error(0.2, 2.8e-17), with_error(0.0, 1e-3)
    ('0.2', '0.0000 +- 0.0010')
    """
    if not math.isfinite(value):
        return "-"
    if not error > ROUNDING * abs(value) or not math.isfinite(error):
        return rounded(value)
    digits = min(12, max(0, 1 - math.floor(math.log10(error))))
    return f"{value:.{digits}f} +- {error:.{digits}f}"


def dump_json(document: dict[str, Any]) -> str:
    """Write a document that any JSON parser reads: arrays as lists, no NaN or infinity.

    >>> dump_json({"gap": float("nan"), "state": np.array([1, -1], dtype=np.int8)})
    '{"gap": null, "state": [1, -1]}'
    """
    return json.dumps(_jsonable(document), allow_nan=False)


def _jsonable(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range | set | frozenset):
        return [_jsonable(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
