"""What formats with a header ``n m`` share: rows against the header, and symmetric matrices."""

import numpy as np
import numpy.typing as npt

from magnetite.formats.source import Source
from magnetite.formats.table import Edges, Table
from magnetite.inputs import FloatArray, Problem, check_size
from magnetite.models.polynomial import Polynomial

__all__ = [
    "check_edge_count",
    "check_header_size",
    "edge_problem",
    "entries_once",
    "symmetric_problem",
]


def check_edge_count(table: Table, first: int, found: int, promised: int, header_line: int) -> None:
    """Refuse fewer or more rows of edges (from row `first` on) than the header says."""
    if found < promised:
        raise table.error_at_end(
            f"the file ends after {found} of the {promised} entries "
            f"that line {header_line} promises"
        )
    if found > promised:
        raise table.error(
            first + promised, f"more entries than the {promised} that line {header_line} promises"
        )


def check_header_size(source: Source, line: int, num_variables: int, num_couplings: int) -> None:
    """Refuse sizes beyond what the core or the machine can hold, naming the header's line."""
    try:
        check_size("the model", num_variables, num_couplings)
    except (ValueError, MemoryError) as error:
        raise type(error)(str(source.error(line, str(error)))) from None


def edge_problem(num_variables: int, edges: Edges) -> Problem:
    """Return edges as the input of a model with the labels ``range(n)``."""
    return Problem(
        "edges",
        range(num_variables),
        edges.rows,
        edges.cols,
        edges.weights,
        fields=np.zeros(num_variables),
    )


def symmetric_problem(table: Table, first: int, num_variables: int, edges: Edges) -> Problem:
    """Return the entries of a symmetric Q, each pair listed once, as those of ``x^T Q x``.

    A file that lists a pair in both directions is refused, since one cannot tell which was meant.
    """
    keys = np.minimum(edges.rows, edges.cols) * num_variables + np.maximum(edges.rows, edges.cols)
    pair = edges.rows != edges.cols
    upwards = edges.rows < edges.cols
    both = np.intersect1d(keys[upwards], keys[pair & ~upwards])
    if both.size:
        k = int(np.flatnonzero((keys == both[0]) & pair)[1])
        raise table.error(
            first + k,
            f"each pair must stand once, got {edges.rows[k] + 1} {edges.cols[k] + 1} "
            "in both directions",
        )
    doubled = np.where(pair, 2 * edges.weights, edges.weights)
    return edge_problem(num_variables, Edges(edges.rows, edges.cols, doubled))


def entries_once(
    energy: Polynomial, factor: float = 1.0
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], FloatArray]:
    """Return the diagonal, then the pairs (times `factor`), as entries of a triangular matrix."""
    own = np.flatnonzero(energy.linear)
    return (
        np.concatenate([own, energy.rows]),
        np.concatenate([own, energy.cols]),
        np.concatenate([energy.linear[own], factor * energy.weights]),
    )
