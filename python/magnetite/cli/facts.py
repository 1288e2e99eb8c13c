"""Facts about a problem that its arrays give cheaply: which weights, how many components."""

from typing import Any

import numpy as np
import numpy.typing as npt

from magnetite.cli.words import plain

__all__ = ["count_components", "describe", "summarise"]

MAX_LISTED_VALUES = 6


def count_components(
    num_variables: int, rows: npt.NDArray[np.int64], cols: npt.NDArray[np.int64]
) -> int:
    """Count the connected components of a graph, isolated variables included.

    Every root takes the smallest root that an edge shows it, and paths are cut short, until no
    edge joins two roots: a few passes over the edges, whatever the graph.

    Examples
    --------
    >>> count_components(5, np.array([0, 3]), np.array([1, 1]))
    3
    """
    root = np.arange(num_variables)
    while True:
        low, high = np.minimum(root[rows], root[cols]), np.maximum(root[rows], root[cols])
        apart = low != high
        if not apart.any():
            return int(np.count_nonzero(root == np.arange(num_variables)))
        rows, cols = rows[apart], cols[apart]
        np.minimum.at(root, high[apart], low[apart])
        while not np.array_equal(shorter := root[root], root):
            root = shorter


def summarise(values: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Say which values an array holds: each with its number where they are few, and the range.

    Examples
    --------
    >>> summarise(np.array([1.0, -1.0, 1.0]))["values"]
    [[-1.0, 1], [1.0, 2]]
    """
    distinct, counts = np.unique(values, return_counts=True)
    few = distinct.size <= MAX_LISTED_VALUES
    return {
        "min": float(distinct[0]) if distinct.size else None,
        "max": float(distinct[-1]) if distinct.size else None,
        "distinct": int(distinct.size),
        "values": [[v, n] for v, n in zip(distinct.tolist(), counts.tolist(), strict=True)]
        if few
        else None,
    }


def describe(summary: dict[str, Any]) -> str:
    """Put into words what `summarise` returned.

    Examples
    --------
    >>> describe(summarise(np.array([1.0, -1.0, 1.0])))
    '-1 (1), 1 (2)'
    >>> describe(summarise(np.linspace(-1, 1, 1001)))
    '-1 .. 1, 1,001 distinct values'
    """
    if summary["distinct"] == 0:
        return "none"
    if summary["values"] is not None:
        return ", ".join(f"{plain(value)} ({number:,})" for value, number in summary["values"])
    low, high = plain(summary["min"]), plain(summary["max"])
    return f"{low} .. {high}, {summary['distinct']:,} distinct values"
