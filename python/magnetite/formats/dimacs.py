"""DIMACS graphs (``.col``, ``.clq``): lines ``e i j`` under ``p edge n m``, counted from 1.

Lines that begin with ``c`` are comments, and ``n i w`` gives vertex i the weight w. Many files list
each edge in both directions: an edge counts once, and m may count either edges or lines.
"""

import re

import numpy as np

from magnetite.formats.comments import Comment, one_header, split_comments
from magnetite.formats.headed import check_header_size
from magnetite.formats.numbers import number_text
from magnetite.formats.source import Source
from magnetite.formats.table import Table, parse_table
from magnetite.inputs import FloatArray
from magnetite.models import GraphColoring, IndependentSet, MaxCut, Model
from magnetite.models.graphs import Graph

__all__ = ["parse", "render"]

_EXPECTED = "p edge n m"
_HEADER = re.compile(r"p\s+(edge|edges|col)\s+(\d+)\s+(\d+)")
_EDGE_MARK = re.compile(rb"^([ \t]*)e(?=[ \t])", re.MULTILINE)
_NO_EDGE = re.compile(rb"^[ \t]*(?!e[ \t])[^\s].*", re.MULTILINE)


def parse(source: Source) -> Graph:
    """Read a graph; a self-loop is an error."""
    comments, text = split_comments(source, b"cpn")
    header = one_header(source, comments, _EXPECTED)
    found = _HEADER.fullmatch(header.text)
    if not found:
        raise source.error(header.line, f"expected a header '{_EXPECTED}', got '{header.text}'")
    size, promised = int(found[2]), int(found[3])
    check_header_size(source, header.line, size, promised)
    wrong = _NO_EDGE.search(text)
    if wrong:
        got = wrong[0].decode("ascii", "backslashreplace").strip()
        raise source.error(
            1 + text.count(b"\n", 0, wrong.start()), f"expected 'e i j', got '{got[:40]}'"
        )
    table = parse_table(source, _EDGE_MARK.sub(rb"\1 ", text))
    table.width(0, len(table), (2,))
    edges = table.edges(0, len(table), base=1, size=size, optional=True)
    loops = np.flatnonzero(edges.rows == edges.cols)
    if loops.size:
        vertex = edges.rows[loops[0]] + 1
        raise table.error(
            int(loops[0]), f"a graph must have no self-loop, got 'e {vertex} {vertex}'"
        )
    keys = np.minimum(edges.rows, edges.cols) * size + np.maximum(edges.rows, edges.cols)
    rows, cols = np.divmod(np.unique(keys), max(size, 1))
    _check_count(table, rows.size, promised, header.line)
    labels = tuple(range(1, size + 1))
    return Graph(labels, rows, cols, _vertex_weights(source, comments, size))


def render(model: Model) -> str:
    """Write the graph of a problem of graphs, with the weights of its vertices."""
    graph = _graph(model)
    lines = [f"p edge {graph.num_vertices} {graph.rows.size}\n"]
    if graph.weights is not None:
        weights = enumerate(graph.weights.tolist(), 1)
        lines += [f"n {vertex} {number_text(weight)}\n" for vertex, weight in weights]
    lines += map("e {} {}\n".format, (graph.rows + 1).tolist(), (graph.cols + 1).tolist())
    return "".join(lines)


def _graph(model: Model) -> Graph:
    if isinstance(model, IndependentSet | GraphColoring):
        return model.graph
    if isinstance(model, MaxCut):
        weights = model.polynomial().weights
        if (weights == 1).all():
            rows, cols, _ = model.core.edges()
            return Graph(model.variables, rows, cols, None)
        raise ValueError("format 'dimacs' has no place for weights of edges: use 'rudy'")
    raise ValueError(f"format 'dimacs' holds problems of graphs, not {type(model).__name__}")


def _check_count(table: Table, distinct: int, promised: int, line: int) -> None:
    if promised not in (len(table), distinct):
        raise table.error_at_end(
            f"the file has {len(table)} lines 'e i j', but line {line} promises {promised}"
        )


def _vertex_weights(source: Source, comments: list[Comment], size: int) -> FloatArray | None:
    lines = [comment for comment in comments if comment.text.startswith("n")]
    if not lines:
        return None
    weights = np.ones(size)
    for comment in lines:
        words = comment.text.split()
        try:
            vertex, weight = int(words[1]), float(words[2])
        except (IndexError, ValueError):
            vertex, weight = 0, 0.0
        if len(words) != 3 or words[0] != "n" or not 1 <= vertex <= size:
            raise source.error(
                comment.line, f"expected 'n i weight' with i in 1..{size}, got '{comment.text}'"
            )
        if not 0 < weight < np.inf:
            raise source.error(
                comment.line, f"the weight must be positive and finite, got {words[2]}"
            )
        weights[vertex - 1] = weight
    return weights
