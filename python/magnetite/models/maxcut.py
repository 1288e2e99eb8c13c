"""Maximum cut of a weighted graph, as an Ising model."""

from typing import Any

import numpy as np
import numpy.typing as npt

from magnetite.inputs import as_problem
from magnetite.models.assemble import core_of_problem, without_self_couplings
from magnetite.models.base import Sense
from magnetite.models.ising import Ising
from magnetite.models.solutions import Sides, spins_of

__all__ = ["MaxCut", "maxcut"]


class MaxCut(Ising):
    """An Ising model whose couplings are the weights of a graph to be cut; see `maxcut`.

    ``E(s) = sum_{i<j} w_ij s_i s_j``, so that ``cut = (W - E) / 2`` with `total_weight` W.
    """

    __slots__ = ("_total_weight",)

    _total_weight: float

    def __init__(self, graph: Any) -> None:
        problem = as_problem(graph, name="graph")
        problem = without_self_couplings(
            problem, "graph", "an edge to itself is never cut: remove it"
        )
        if problem.fields.any() or problem.offset:
            raise ValueError("graph must be a BQM without linear biases and offset: use Ising")
        core = core_of_problem(problem, problem.fields, 0.0, name="graph")
        self._set(core, problem.labels)
        self._total_weight = float(core.edges()[2].sum())

    @property
    def total_weight(self) -> float:
        """Sum of the weights of all edges."""
        return self._total_weight

    @property
    def sense(self) -> Sense:
        """What is to be done with the cut: "maximise"."""
        return "maximise"

    @property
    def objective_name(self) -> str:
        """What `objective` is called: "cut"."""
        return "cut"

    def cut(self, states: npt.ArrayLike) -> Any:
        """Return the weight of the edges between the two sides, (W - E) / 2.

        Parameters
        ----------
        states : array_like of -1 and +1, shape (k, n) or (n,)
            The side of each vertex.

        Returns
        -------
        ndarray of float64, shape (k,), or float
            A float for a single state.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.maxcut({(0, 1): 2.0, (1, 2): 3.0}).cut([[1, -1, -1], [1, -1, 1]]).tolist()
        [2.0, 5.0]
        """
        return self.objective(states)

    def decode(self, state: npt.ArrayLike) -> Sides:
        """Return the vertices on either side, and the cut between them.

        Parameters
        ----------
        state : array_like of -1 and +1, shape (n,)
            The side of each vertex.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.maxcut({("a", "b"): 2.0, ("b", "c"): 3.0}).decode([1, -1, 1])
        Sides(objective=5.0, violations={}, sides=(('a', 'c'), ('b',)))
        """
        spins = spins_of(self, state)
        first, second = (
            tuple(self._variables[i] for i in np.flatnonzero(spins == side)) for side in (1, -1)
        )
        return Sides(float(self.objective(spins)), {}, (first, second))

    def energy_to_objective(self, energy: Any) -> Any:
        """Return the cut of states that have this energy; see `Model.energy_to_objective`."""
        return (self._total_weight - energy) / 2

    def objective_to_energy(self, objective: Any) -> Any:
        """Return the energy of states that have this cut; see `Model.objective_to_energy`."""
        return self._total_weight - 2 * objective


def maxcut(graph: Any) -> MaxCut:
    """Return the problem of cutting a weighted graph in two so that the cut weighs most.

    Parameters
    ----------
    graph : networkx.Graph, scipy.sparse matrix, array_like, dict or tuple of arrays
        Edge weights (of any sign), in any form that `Ising` takes for ``J``; an edge of a
        ``networkx.Graph`` without the attribute ``weight`` counts 1.

    Returns
    -------
    MaxCut
        An `Ising` model with ``J = w`` and no fields, whose lowest energy is the largest cut.

    Raises
    ------
    TypeError, ValueError
        As `Ising`; self-loops are refused.

    Examples
    --------
    >>> import networkx as nx
    >>> import magnetite as mg
    >>> model = mg.maxcut(nx.cycle_graph(4))
    >>> model.cut([1, -1, 1, -1])
    4.0
    """
    return MaxCut(graph)
