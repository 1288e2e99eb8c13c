"""Edge lists under a header ``n m``: rudy graphs (Gset) and Biq Mac's ``.sparse`` QUBOs.

Both list ``i j w`` with variables counted from 1; variable k of a file is variable k - 1 of the
model. A graph is cut, and its weights may be left out (1). In a ``.sparse`` file Q is symmetric
and each pair stands once, so that pairs count twice in ``x^T Q x``, which is to be minimised.
"""

import numpy as np

from magnetite.formats.headed import (
    check_edge_count,
    check_header_size,
    edge_problem,
    entries_once,
    symmetric_problem,
)
from magnetite.formats.numbers import edge_lines, refuse_offset
from magnetite.formats.source import Source
from magnetite.formats.table import Edges, Table, parse_table
from magnetite.inputs import Problem
from magnetite.models import MaxCut, Model, Qubo
from magnetite.models.graphs import Graph, as_graph

__all__ = [
    "parse_either",
    "parse_graph",
    "parse_maxcut",
    "parse_sparse",
    "render_graph",
    "render_sparse",
]


def parse_maxcut(source: Source) -> MaxCut:
    """Read a graph to be cut; a self-loop is an error."""
    return MaxCut(_parse_edges(source))


def parse_graph(source: Source) -> Graph:
    """Read a graph whose edges only join; a self-loop is an error."""
    return as_graph(_parse_edges(source))


def _parse_edges(source: Source) -> Problem:
    table, size, edges = _parse(source)
    loops = np.flatnonzero(edges.rows == edges.cols)
    if loops.size:
        vertex = edges.rows[loops[0]] + 1
        raise table.error(
            1 + int(loops[0]),
            f"a graph must have no self-loop, got {vertex} {vertex}; "
            "with such entries the file is a QUBO: read it as 'sparse'",
        )
    return edge_problem(size, edges)


def parse_sparse(source: Source) -> Qubo:
    """Read a QUBO to be minimised."""
    table, size, edges = _parse(source)
    return Qubo(symmetric_problem(table, 1, size, edges))


def parse_either(source: Source) -> MaxCut | Qubo:
    """Read a graph or a QUBO, as the content tells: any entry ``i i`` makes it a QUBO."""
    table, size, edges = _parse(source)
    if (edges.rows == edges.cols).any():
        return Qubo(symmetric_problem(table, 1, size, edges))
    return MaxCut(edge_problem(size, edges))


def render_graph(model: Model) -> str:
    """Write the couplings of a model of spins that has no fields."""
    energy = model.polynomial()
    if model.values != (-1, 1):
        raise ValueError("format 'rudy' holds graphs, not bits: use 'sparse', 'qubo' or 'coo'")
    if energy.linear.any():
        raise ValueError("format 'rudy' has no place for fields: use 'coo'")
    refuse_offset(energy, "rudy")
    head = f"{model.num_variables} {energy.rows.size}\n"
    return head + edge_lines(energy.rows + 1, energy.cols + 1, energy.weights)


def render_sparse(model: Model) -> str:
    """Write the energy of bits as a symmetric Q, each pair once."""
    energy = model.to_qubo().polynomial()
    refuse_offset(energy, "sparse")
    rows, cols, entries = entries_once(energy, 0.5)
    return f"{model.num_variables} {rows.size}\n" + edge_lines(rows + 1, cols + 1, entries)


def _parse(source: Source) -> tuple[Table, int, Edges]:
    table = parse_table(source)
    if not len(table):
        raise table.error_at_end("expected the header 'n m', got an empty file")
    size, promised = table.counts(0, "n m")
    check_edge_count(table, 1, len(table) - 1, promised, int(table.lines[0]))
    check_header_size(source, int(table.lines[0]), size, promised)
    return table, size, table.edges(1, len(table), base=1, size=size, optional=True)
