"""Graphs whose edges only join: weights of edges mean nothing, those of vertices may."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from magnetite._checks import check_finite, real_array
from magnetite.inputs import FloatArray, IntVector, Labels, Problem, as_problem, check_size, is_bqm
from magnetite.models.assemble import core_of_problem, without_self_couplings

__all__ = ["Graph", "as_graph"]


@dataclass(frozen=True, eq=False)
class Graph:
    """A simple graph.

    Attributes
    ----------
    labels : range or tuple
        Label of each vertex.
    rows, cols : ndarray of int64, shape (m,)
        The two ends of each edge, as positions in `labels`: every edge once, ``rows < cols``.
    weights : ndarray of float64, shape (n,), or None
        One number a vertex, where they were given.
    """

    labels: Labels
    rows: IntVector
    cols: IntVector
    weights: FloatArray | None

    @property
    def num_vertices(self) -> int:
        """Number of vertices."""
        return len(self.labels)

    def degrees(self) -> IntVector:
        """Return the number of edges at each vertex, shape (n,)."""
        ends = np.concatenate([self.rows, self.cols])
        return np.bincount(ends, minlength=self.num_vertices)

    def neighbours(self) -> tuple[IntVector, IntVector, IntVector]:
        """Return where the neighbours of each vertex begin, the neighbours, and the edges there."""
        ends = np.concatenate([self.rows, self.cols])
        order = np.argsort(ends, kind="stable")
        starts = np.concatenate([[0], np.cumsum(self.degrees())])
        edges = np.tile(np.arange(self.rows.size), 2)
        return starts, np.concatenate([self.cols, self.rows])[order], edges[order]

    def weighted(self, weights: Any) -> "Graph":
        """Return the graph with these weights of its vertices, in their order."""
        values = real_array("weights", weights)
        if values.shape != (self.num_vertices,):
            raise ValueError(
                f"weights must have one value for each of the {self.num_vertices} variables of "
                f"graph, got shape {values.shape}"
            )
        check_finite("weights", values)
        return replace(self, weights=values)

    def as_problem(self) -> Problem:
        """Return the graph as the input of a model, each edge of weight 1."""
        n, ones = self.num_vertices, np.ones(self.rows.size)
        return Problem("edges", self.labels, self.rows, self.cols, ones, fields=np.zeros(n))

    def complement(self) -> "Graph":
        """Return the graph that joins exactly the pairs that this one does not."""
        n = self.num_vertices
        check_size("the complement of graph", n, n * (n - 1) // 2)
        rows, cols = np.triu_indices(n, 1)
        # The pairs (i, j), i < j, in order: those of row i begin after i (2 n - i - 1) / 2 others.
        first = self.rows * (2 * n - self.rows - 1) // 2
        apart = np.ones(rows.size, np.bool_)
        apart[first + self.cols - self.rows - 1] = False
        return replace(self, rows=rows[apart], cols=cols[apart])


def as_graph(graph: Any, weights: Any = None) -> Graph:
    """Read a graph in any of the forms that `as_problem` takes; a `Graph` stays what it is.

    Every pair that a list or a ``networkx.Graph`` names is an edge, whatever its weight, and so is
    every entry of a matrix that is not zero. `weights` of vertices may add further vertices.

    Examples
    --------
    >>> found = as_graph({("a", "b"): 1, ("b", "a"): 1, ("b", "c"): 0})
    >>> found.labels, found.rows, found.cols
    (('a', 'b', 'c'), array([0, 1]), array([1, 2]))
    """
    if isinstance(graph, Graph):
        return graph if weights is None else graph.weighted(weights)
    binary = is_bqm(graph) and graph.vartype.name == "BINARY"
    problem = as_problem(
        graph,
        weights,
        vartype="BINARY" if binary else "SPIN",
        name="graph",
        field_name="weights",
    )
    if is_bqm(graph) and (problem.fields.any() or problem.offset):
        raise ValueError("graph must be a BQM without linear biases and offset")
    if problem.kind == "edges":
        problem = replace(problem, weights=np.ones(problem.rows.size))
    problem = without_self_couplings(problem, "graph", "remove the edge from a vertex to itself")
    core = core_of_problem(problem, np.zeros(problem.num_variables), 0.0, name="graph")
    rows, cols, _ = core.edges()
    return Graph(problem.labels, rows, cols, None if weights is None else problem.fields)
