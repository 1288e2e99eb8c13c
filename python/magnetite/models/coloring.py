"""Colouring the vertices of a graph, as a QUBO with one bit for each vertex and colour."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import numpy.typing as npt

from magnetite._checks import check_count
from magnetite.inputs import FloatArray, IntVector, Problem, check_size
from magnetite.models.graphs import Graph, as_graph
from magnetite.models.penalties import check_penalty
from magnetite.models.qubo import Qubo
from magnetite.models.ranges import scaled_range
from magnetite.models.solutions import Coloring, spins_of

__all__ = ["GraphColoring", "graph_coloring"]


class GraphColoring(Qubo):
    """A QUBO whose energy is 0 for proper colourings, and only for them; see `graph_coloring`.

    ``E(x) = A sum_v (1 - sum_c x_vc)**2 + sum_{uv in edges} sum_c x_uc x_vc`` with ``A > 0``.

    **Every minimum is feasible**, whatever A is, if there is a proper colouring: both sums are
    never negative, and both are 0 exactly when each vertex has one colour and no edge has one.

    Where there is none, ``A > floor(degree / num_colors)`` of all vertices makes the minima the
    colourings with the fewest conflicts. Of a vertex with t >= 2 colours, taking one away gains
    ``A (2 t - 3) > 0`` and adds no conflict, so at a minimum no vertex has more than one. Then some
    colour occurs among the neighbours of a vertex without colour at most
    ``floor(degree / num_colors)`` times, and giving it to the vertex adds fewer conflicts than the
    A it gains. But such an A makes proper colourings hard to find, and is not the default.
    """

    __slots__ = ("_cols", "_num_colors", "_rows")

    _rows: IntVector
    _cols: IntVector
    _num_colors: int

    def __init__(self, graph: Any, num_colors: int, *, penalty: float | None = None) -> None:
        k = check_count("num_colors", num_colors, 1, bits=31)
        found = as_graph(graph)
        n = found.num_vertices
        check_size("the model", n * k, n * k * (k - 1) // 2 + found.rows.size * k)
        cost = 1.0 if penalty is None else check_penalty(penalty)
        variables = tuple((vertex, color) for vertex in found.labels for color in range(k))
        terms = _terms(found, k, cost)
        fields = np.full(n * k, -cost)
        super().__init__(Problem("edges", variables, *terms, fields=fields), offset=cost * n)
        self._rows, self._cols, self._num_colors = found.rows, found.cols, k

    @property
    def num_colors(self) -> int:
        """Number of colours to choose from."""
        return self._num_colors

    @property
    def vertices(self) -> tuple[Hashable, ...]:
        """Labels of the vertices."""
        labels = self._variables[:: self._num_colors]
        return tuple(label[0] for label in labels if isinstance(label, tuple))

    @property
    def graph(self) -> Graph:
        """The graph that is coloured."""
        return Graph(self.vertices, self._rows, self._cols, None)

    @property
    def objective_name(self) -> str:
        """What `objective` is called: "conflicts"."""
        return "conflicts"

    def annealing_range(self) -> tuple[float, float]:
        """Return (1.5, 10), the range that suits conflicts of 1; see `Model`."""
        return scaled_range(self, (1.5, 10.0), np.ones(1))

    def decode(self, state: npt.ArrayLike, *, repair: bool = False) -> Coloring:
        """Return the colour of every vertex, and what is wrong with the colouring.

        Parameters
        ----------
        state : array_like of 0 and 1, shape (n * num_colors,)
            Which vertex has which colour.
        repair : bool
            Give each vertex of several colours, and then each one without, the colour that the
            fewest of its neighbours have. Conflicts may be left.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.graph_coloring({("a", "b"): 1}, 2)
        >>> model.variables
        (('a', 0), ('a', 1), ('b', 0), ('b', 1))
        >>> found = model.decode([1, 0, 0, 0])
        >>> found.colors, found.violations
        ({'a': 0}, {'vertices without a colour': 1})
        >>> model.decode([1, 0, 0, 0], repair=True).colors
        {'a': 0, 'b': 1}
        """
        bits = spins_of(self, state) > 0
        taken = bits.reshape(-1, self._num_colors)
        if repair:
            taken = self._repaired(taken)
        per_vertex = taken.sum(axis=1)
        conflicts = int(np.count_nonzero(taken[self._rows] & taken[self._cols]))
        violations = {
            "vertices without a colour": int(np.count_nonzero(per_vertex == 0)),
            "vertices of several colours": int(np.count_nonzero(per_vertex > 1)),
            "edges of one colour": conflicts,
        }
        found = zip(self.vertices, per_vertex.tolist(), taken.argmax(axis=1).tolist(), strict=True)
        return Coloring(
            float(conflicts),
            {kind: number for kind, number in violations.items() if number},
            {vertex: color for vertex, number, color in found if number == 1},
        )

    def _repaired(self, taken: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        taken = taken.copy()
        per_vertex = taken.sum(axis=1)
        starts, neighbours, _ = self.graph.neighbours()
        several, none = np.flatnonzero(per_vertex > 1), np.flatnonzero(per_vertex == 0)
        for vertex in [*several.tolist(), *none.tolist()]:
            conflicts = taken[neighbours[starts[vertex] : starts[vertex + 1]]].sum(axis=0)
            allowed = taken[vertex] if taken[vertex].any() else np.ones_like(taken[vertex])
            color = int(np.argmin(np.where(allowed, conflicts, taken.size)))
            taken[vertex] = False
            taken[vertex, color] = True
        return taken


def graph_coloring(graph: Any, num_colors: int, *, penalty: float | None = None) -> GraphColoring:
    """Return the problem of colouring vertices so that joined ones differ.

    Parameters
    ----------
    graph : networkx.Graph, scipy.sparse matrix, array_like, dict or tuple of arrays
        In any form that `Ising` takes for ``J``; every named pair or non-zero entry is an edge.
    num_colors : int
        Number of colours, at least 1.
    penalty : float, optional
        What a vertex costs that has no colour or two, where an edge of one colour costs 1, the
        default. Any positive number is safe where a proper colouring exists. To find the fewest
        conflicts where none does, choose one above the largest ``degree // num_colors``.

    Returns
    -------
    GraphColoring
        A `Qubo` whose variables are labelled (vertex, colour), colours from 0. Its objective is
        the number of edges with both ends of one colour, and the penalties where a vertex has not
        exactly one. A colouring with conflicts is not feasible, even where no better one exists.

    Raises
    ------
    TypeError, ValueError
        As `Ising`; self-loops are refused.

    Notes
    -----
    The form is that of Lucas, Frontiers in Physics 2, 5 (2014), section 6.1.

    Examples
    --------
    >>> import networkx as nx
    >>> import magnetite as mg
    >>> model = mg.graph_coloring(nx.petersen_graph(), 3)
    >>> result = mg.anneal(model, num_reads=16, num_sweeps=200, seed=1)
    >>> found = model.decode(result.best.state)
    >>> found.feasible, found.num_colors
    (True, 3)
    """
    return GraphColoring(graph, num_colors, penalty=penalty)


def _terms(
    graph: Graph, num_colors: int, penalty: float
) -> tuple[IntVector, IntVector, FloatArray]:
    """Return the pair terms: two colours of one vertex, and one colour of joined vertices."""
    color = np.arange(num_colors)
    one, other = np.triu_indices(num_colors, 1)
    first = np.arange(graph.num_vertices)[:, None] * num_colors
    heads, tails = graph.rows[:, None] * num_colors, graph.cols[:, None] * num_colors
    inside, across = (first + one).ravel(), (heads + color).ravel()
    rows = np.concatenate([inside, across])
    cols = np.concatenate([(first + other).ravel(), (tails + color).ravel()])
    weights = np.repeat([2 * penalty, 1.0], [inside.size, across.size])
    return rows, cols, weights
