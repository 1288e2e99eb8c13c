"""Maximum independent sets and maximum cliques of a graph, as QUBOs."""

from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
import numpy.typing as npt

from magnetite.inputs import FloatArray, Problem
from magnetite.models.graphs import Graph, as_graph
from magnetite.models.penalties import check_penalty, warn_of_penalty
from magnetite.models.qubo import Qubo
from magnetite.models.ranges import scaled_range
from magnetite.models.solutions import VertexSet, spins_of

__all__ = ["Clique", "IndependentSet", "clique", "independent_set"]

# Penalty of an edge in units of its lighter end. Anything above 1 is safe. Of 64 reads of 2,000
# sweeps on the DIMACS graphs C500.9 and MANN_a27 the mean sizes of cliques were 55.1 and 122.9 with
# 1.125, 55.0 and 124.0 with 1.25, 54.0 and 123.3 with 1.5; with 2 and 1,000 sweeps 52.0 and 120.7.
_PENALTY = 1.25

# What the range of `Model` ends with is far too hot here: 1.4 on C500.9, where it finds 34 of 57.
_BETAS = (1.0, 12.0)


class IndependentSet(Qubo):
    """A QUBO whose lowest energy is minus the heaviest independent set; see `independent_set`.

    ``E(x) = -sum_i w_i x_i + sum_{ij in edges} P_ij x_i x_j`` with ``P_ij > min(w_i, w_j) > 0``.

    **Every minimum is feasible**: if both ends of an edge are taken, leaving out the lighter one
    changes the energy by at most ``min(w_i, w_j) - P_ij < 0``. Without such an edge the energy is
    minus the weight of the set. For the same reason minus the energy of *any* state, which is its
    `objective`, is at most the weight of an independent set inside it, which ``repair`` finds.
    """

    __slots__ = ("_weighted",)

    _weighted: bool

    def __init__(self, graph: Any, *, weights: Any = None, penalty: float | None = None) -> None:
        found = as_graph(graph, weights)
        self._make(found, found, penalty)

    def _make(self, graph: Graph, conflicts: Graph, penalty: float | None) -> None:
        weights = _vertex_weights(graph)
        lighter = np.minimum(weights[conflicts.rows], weights[conflicts.cols])
        if penalty is None:
            penalties = _PENALTY * lighter
        else:
            enough = float(lighter.max(initial=0.0))
            rule = "the largest weight of the lighter end of a pair"
            penalties = np.full(lighter.size, check_penalty(penalty))
            warn_of_penalty(penalty, enough, rule)
        terms = (conflicts.rows, conflicts.cols, -penalties)
        problem = Problem("edges", graph.labels, *terms, fields=weights)
        Qubo.__init__(self, problem, sense="maximise")
        self._weighted = graph.weights is not None

    @property
    def objective_name(self) -> str:
        """What `objective` is called: "size", or "weight" where weights were given."""
        return "weight" if self._weighted else "size"

    @property
    def weights(self) -> FloatArray:
        """Weight of each vertex, shape (n,)."""
        return -self.polynomial().linear

    @property
    def graph(self) -> Graph:
        """The graph, with the weights of its vertices where they were given."""
        return self._conflicts()

    def _conflicts(self) -> Graph:
        """Return the graph of the pairs that are penalised."""
        rows, cols, _ = self._core.edges()
        weights = self.weights if self._weighted else None
        return Graph(self._variables, rows, cols, weights)

    def annealing_range(self) -> tuple[float, float]:
        """Return ``[1 / q90, 12 / q10]`` of the weights of the vertices; see `Model`."""
        return scaled_range(self, _BETAS, self.weights)

    def decode(self, state: npt.ArrayLike, *, repair: bool = False) -> VertexSet:
        """Return the vertices of a state, what they weigh, and how many conflicts they have.

        Parameters
        ----------
        state : array_like of 0 and 1, shape (n,)
            Which vertices are taken.
        repair : bool
            Leave out vertices until no two are in conflict, each time the one that lowers the
            energy most, and then take those that fit, heaviest first. The result weighs at least
            as much as minus the energy of the state.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.independent_set({(0, 1): 1, (1, 2): 1, (2, 3): 1})
        >>> found = model.decode([1, 1, 0, 1])
        >>> found.vertices, found.feasible, found.violations
        ((0, 1, 3), False, {'edges inside': 1})
        >>> model.decode([1, 1, 0, 1], repair=True)
        VertexSet(objective=2.0, violations={}, vertices=(1, 3))
        """
        taken = spins_of(self, state) > 0
        if repair:
            taken = self._repaired(taken)
        rows, cols, _ = self._core.edges()
        broken = int(np.count_nonzero(taken[rows] & taken[cols]))
        return VertexSet(
            float(self.weights[taken].sum()),
            {self._conflict: broken} if broken else {},
            tuple(self._variables[i] for i in np.flatnonzero(taken)),
        )

    @property
    def _conflict(self) -> str:
        return "edges inside"

    def _repaired(self, taken: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        taken, weights = taken.copy(), self.weights
        penalties = self.polynomial().weights
        conflicts = self._conflicts()
        starts, neighbours, edges = conflicts.neighbours()
        inside = taken[conflicts.rows] & taken[conflicts.cols]
        ends = np.concatenate([conflicts.rows[inside], conflicts.cols[inside]])
        costs = np.bincount(ends, np.tile(penalties[inside], 2), taken.size)
        broken = np.bincount(ends, minlength=taken.size)  # conflicts of each vertex
        # What leaving a vertex out gains, largest first; entries that have changed since are void.
        gains = (costs - weights).tolist()
        queue = [(-gains[i], i) for i in np.unique(ends).tolist()]
        heapify(queue)
        while queue:
            gain, out = heappop(queue)
            if not taken[out] or not broken[out] or gain != -gains[out]:
                continue
            taken[out] = False
            around = slice(starts[out], starts[out + 1])
            for i, edge in zip(neighbours[around].tolist(), edges[around].tolist(), strict=True):
                if taken[i]:
                    broken[i] -= 1
                    gains[i] -= penalties[edge]
                    heappush(queue, (-gains[i], i))
        for i in np.argsort(-weights, kind="stable"):
            if not taken[neighbours[starts[i] : starts[i + 1]]].any():
                taken[i] = True
        return taken


class Clique(IndependentSet):
    """A QUBO whose lowest energy is minus the heaviest clique; see `clique`.

    A clique is an independent set of the graph's complement: penalties stand on the pairs that
    are not joined, and are safe for the reason given at `IndependentSet`.
    """

    __slots__ = ()

    def __init__(self, graph: Any, *, weights: Any = None, penalty: float | None = None) -> None:
        found = as_graph(graph, weights)
        self._make(found, found.complement(), penalty)

    @property
    def graph(self) -> Graph:
        """The graph, with the weights of its vertices where they were given."""
        return self._conflicts().complement()

    @property
    def _conflict(self) -> str:
        return "pairs not joined"


def independent_set(
    graph: Any, *, weights: Any = None, penalty: float | None = None
) -> IndependentSet:
    """Return the problem of the most vertices, or the heaviest, of which no two are joined.

    Parameters
    ----------
    graph : networkx.Graph, scipy.sparse matrix, array_like, dict or tuple of arrays
        In any form that `Ising` takes for ``J``; every named pair or non-zero entry is an edge.
    weights : array_like, shape (n,), or dict {label: weight}, optional
        Positive weights of the vertices. Default: 1 each. They may name vertices without edges.
    penalty : float, optional
        What an edge inside the set costs. Default: 1.25 times the weight of its lighter end. A
        number that is not above the weight of every lighter end is taken with a warning.

    Returns
    -------
    IndependentSet
        A `Qubo` over the vertices, each of whose minima is an optimal set.

    Raises
    ------
    TypeError, ValueError
        As `Ising`; self-loops, and weights that are not positive and finite, are refused.

    Notes
    -----
    The form is that of Lucas, Frontiers in Physics 2, 5 (2014), section 4.2.

    Examples
    --------
    >>> import networkx as nx
    >>> import magnetite as mg
    >>> model = mg.independent_set(nx.petersen_graph())
    >>> result = mg.anneal(model, num_reads=8, num_sweeps=100, seed=1)
    >>> result.best_objective, len(model.decode(result.best.state).vertices)
    (4.0, 4)
    """
    return IndependentSet(graph, weights=weights, penalty=penalty)


def clique(graph: Any, *, weights: Any = None, penalty: float | None = None) -> Clique:
    """Return the problem of the most vertices, or the heaviest, of which every two are joined.

    Parameters
    ----------
    graph, weights, penalty
        As `independent_set`; what costs is a pair of vertices that is not joined.

    Returns
    -------
    Clique
        A `Qubo` over the vertices with one coupling for each pair that is *not* joined.

    Raises
    ------
    TypeError, ValueError
        As `independent_set`.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.clique({(0, 1): 1, (1, 2): 1, (0, 2): 1, (2, 3): 1})
    >>> result = mg.anneal(model, num_reads=8, num_sweeps=100, seed=1)
    >>> model.decode(result.best.state).vertices
    (0, 1, 2)
    """
    return Clique(graph, weights=weights, penalty=penalty)


def _vertex_weights(graph: Graph) -> FloatArray:
    if graph.weights is None:
        return np.ones(graph.num_vertices)
    wrong = np.flatnonzero(graph.weights <= 0)
    if wrong.size:
        label, weight = graph.labels[wrong[0]], graph.weights[wrong[0]]
        raise ValueError(
            f"weights must be positive, got {weight:g} for vertex {label!r}; "
            "leave out vertices that are worth nothing"
        )
    return graph.weights
