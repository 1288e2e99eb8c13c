"""The Boltzmann machine: an energy in the sign of the learning literature, and what learns it."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np

from magnetite._checks import check_choice, check_count, check_offset, check_parameters
from magnetite.boltzmann.fit import fit
from magnetite.boltzmann.likelihood import divergence, log_likelihood
from magnetite.boltzmann.queries import marginals, sample
from magnetite.inputs import FloatArray, IntVector, Labels, Problem, as_problem, is_bqm
from magnetite.models.assemble import core_of_polynomial, core_of_problem, without_self_couplings
from magnetite.models.base import Model
from magnetite.models.graphs import as_graph
from magnetite.models.polynomial import Polynomial
from magnetite.models.topology import Parameters, Topology, places_of
from magnetite.stored import Stored

__all__ = ["BoltzmannMachine"]

Values = Literal["binary", "spin"]


class BoltzmannMachine(Stored, Model):
    """Units with weights and biases: ``E(x) = -sum_{i<j} W_ij x_i x_j - sum_i b_i x_i + offset``.

    Unlike other models it may change: by `fit`, which learns weights and biases from data.

    Parameters
    ----------
    W : scipy.sparse matrix, array_like, networkx.Graph, dimod BQM, dict or tuple of arrays
        Weights, in any form that `Ising` takes for ``J``. A BQM is taken as an energy: its
        biases are ``-W`` and ``-b``. Pairs that are listed are edges, whose weights `fit` learns,
        also where their weight is zero; zeros of a matrix are none.
    b : array_like, dict or None
        Biases: one a unit, or ``{label: value}``.
    visible : sequence of labels, or of booleans, one a unit
        Units that data give values to; all, by default. `visible` holds their positions.
    values : {"binary", "spin"}
        Whether units are 0/1 or -1/+1.
    offset : float
        A constant, added to every energy.

    Raises
    ------
    TypeError, ValueError
        As `Ising`, and if `visible` names a unit twice or one that does not exist.

    References
    ----------
    D. H. Ackley, G. E. Hinton, T. J. Sejnowski: A learning algorithm for Boltzmann machines.
    Cognitive Science 9, 147-169 (1985), equation 1.

    Examples
    --------
    >>> import magnetite as mg
    >>> machine = mg.BoltzmannMachine({(0, 1): 2.0}, [0.5, -1.0], visible=[0])
    >>> machine.energies([[1, 0], [1, 1]]).tolist()
    [-0.5, -1.5]
    >>> machine.visible
    array([0])
    """

    __slots__ = ("_offset", "_parameters", "_topology")

    _topology: Topology
    _parameters: Parameters
    _offset: float

    def __init__(
        self,
        W: Any,
        b: Any = None,
        *,
        visible: Any = None,
        values: Values = "binary",
        offset: float = 0.0,
    ) -> None:
        binary = check_choice("values", values, ("binary", "spin")) == "binary"
        constant = check_offset(offset)
        vartype: Literal["SPIN", "BINARY"] = "BINARY" if binary else "SPIN"
        problem = as_problem(W, b, vartype=vartype, name="W", field_name="b")
        problem = without_self_couplings(problem, "W", "a unit alone has its bias b")
        rows, cols, weights = _pairs_once(problem)
        sign = -1.0 if is_bqm(W) else 1.0
        positions = _visible_positions(visible, problem.labels)
        self._variables = problem.labels
        self._topology = Topology(problem.num_variables, rows, cols, positions, binary)
        self._offset = problem.offset + constant
        self._become(Parameters(sign * weights, sign * problem.fields))

    @classmethod
    def from_graph(cls, graph: Any, *, visible: Any = None, values: Values = "binary") -> Self:
        """Return a machine without weights or biases, whose edges are those of a graph.

        Parameters
        ----------
        graph : networkx.Graph, scipy.sparse matrix, array_like, dict or (rows, cols, weights)
            Its edges; weights are not looked at, but for the zeros of a matrix.
        visible, values
            As for the class.

        Examples
        --------
        >>> import magnetite as mg
        >>> machine = mg.BoltzmannMachine.from_graph({("a", "h"): 1, ("b", "h"): 1}, visible="ab")
        >>> machine.weights.tolist(), machine.visible.tolist()
        ([0.0, 0.0], [0, 1])
        """
        problem = as_graph(graph).as_problem()
        edges = replace(problem, weights=np.zeros(problem.rows.size))
        return cls(edges, visible=visible, values=values)

    @classmethod
    def layered(
        cls, sizes: Sequence[int], *, visible: Sequence[int] = (0,), values: Values = "binary"
    ) -> Self:
        """Return a machine without weights: layers, each joined to the next one, unit by unit.

        Parameters
        ----------
        sizes : sequence of int
            Units of each layer; they are numbered through.
        visible : sequence of int
            The layers that are visible; the first, by default.
        values
            As for the class.

        Examples
        --------
        The encoder: two visible layers that only see each other through two hidden units.

        >>> import magnetite as mg
        >>> encoder = mg.BoltzmannMachine.layered([4, 2, 4], visible=[0, 2])
        >>> encoder
        BoltzmannMachine(10 variables, 16 edges, 8 visible)
        """
        counts = [check_count("sizes", size, 1, bits=31) for size in sizes]
        if len(counts) < 2:
            raise ValueError(f"sizes must be those of at least two layers, got {len(counts)}")
        starts = np.concatenate([[0], np.cumsum(counts)])
        if not isinstance(visible, Iterable):
            raise TypeError(f"visible must be a sequence of layers, got {visible!r}")
        for layer in visible:
            if check_count("visible", layer) >= len(counts):
                raise ValueError(f"visible must name layers below {len(counts)}, got {layer}")
        units = [np.arange(starts[k], starts[k + 1]) for k in range(len(counts))]
        grids = [np.meshgrid(a, b, indexing="ij") for a, b in itertools.pairwise(units)]
        rows, cols = (np.concatenate([g[k].ravel() for g in grids]) for k in (0, 1))
        seen = np.concatenate([units[layer] for layer in visible]) if visible else np.empty(0, int)
        return cls((rows, cols, np.zeros(rows.size)), visible=seen.tolist(), values=values)

    @classmethod
    def from_bqm(cls, bqm: Any) -> Self:
        """Return a BQM, taken as an energy, as a machine with its values, all units visible.

        See `Model.from_bqm`.
        """
        return cls(bqm, values="binary" if bqm.vartype.name == "BINARY" else "spin")

    def _become(self, parameters: Parameters) -> None:
        """Take other weights and biases."""
        topology = self._topology
        binary = topology.binary
        energy = Polynomial(
            topology.rows, topology.cols, -parameters.weights, -parameters.biases, self._offset
        )
        core = core_of_polynomial(energy.in_spins() if binary else energy, name="W")
        self._set(core, self._variables, (energy.linear, energy.offset) if binary else None)
        self._parameters = parameters

    @property
    def visible(self) -> IntVector:
        """Positions of the visible units in `variables`, in the order given."""
        return self._topology.visible.copy()

    @property
    def hidden(self) -> IntVector:
        """Positions of the hidden units in `variables`, ascending."""
        return self._topology.hidden.copy()

    @property
    def edges(self) -> IntVector:
        """Positions of the two units of each edge, shape (2, m), the smaller one first."""
        return np.stack([self._topology.rows, self._topology.cols])

    @property
    def weights(self) -> FloatArray:
        """Weight of each of the `edges`, shape (m,); `assign` sets them."""
        return _read_only(self._parameters.weights)

    @property
    def biases(self) -> FloatArray:
        """Bias of each unit, shape (n,); `assign` sets them."""
        return _read_only(self._parameters.biases)

    @property
    def parameters(self) -> dict[str, FloatArray]:
        """All that `fit` changes, by name."""
        return {"weights": self.weights, "biases": self.biases}

    def assign(self, parameters: Mapping[str, FloatArray]) -> None:
        """Take weights and biases, by name; what is not named stays."""
        own = self.parameters
        found = check_parameters(own, parameters)
        self._become(Parameters(**own | {name: np.array(value) for name, value in found.items()}))

    def __repr__(self) -> str:
        topology = self._topology
        n, m, seen = topology.num_units, topology.rows.size, topology.visible.size
        shown = "" if seen == n else f", {seen} visible"
        return (
            f"{type(self).__name__}({n} variable{'' if n == 1 else 's'}, "
            f"{m} edge{'' if m == 1 else 's'}{shown})"
        )

    def copy(self) -> Self:
        """Return a machine of its own with the same parameters.

        Examples
        --------
        >>> import magnetite as mg
        >>> machine = mg.BoltzmannMachine({("a", "b"): 0.0})
        >>> other = machine.copy()
        >>> run = other.fit([[0, 0], [1, 1]], epochs=10, seed=1)
        >>> machine.weights.any(), other.weights.any()
        (np.False_, np.True_)
        """
        return self.__copy__()

    def __copy__(self) -> Self:
        # Parameters are replaced by learning, never changed in place.
        other = type(self).__new__(type(self))
        for slot in self._all_slots():
            setattr(other, slot, getattr(self, slot))
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__copy__()

    def __getstate__(self) -> dict[str, Any]:
        topology, (weights, biases) = self._topology, self._parameters
        return {
            "variables": self._variables,
            "rows": topology.rows,
            "cols": topology.cols,
            "weights": weights,
            "biases": biases,
            "visible": topology.visible,
            "binary": topology.binary,
            "offset": self._offset,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._variables, self._offset = state["variables"], state["offset"]
        num_units, ends = len(self._variables), (state["rows"], state["cols"])
        self._topology = Topology(num_units, *ends, state["visible"], state["binary"])
        self._become(Parameters(state["weights"], state["biases"]))

    def _content(self) -> dict[str, Any]:
        return self.__getstate__()

    @classmethod
    def _from_archive(cls, content: dict[str, Any]) -> Self:
        machine = cls.__new__(cls)
        machine.__setstate__(content)
        return machine

    # Learning, and what is asked of a machine that has learnt: see `magnetite.boltzmann`.
    fit = fit
    sample = sample
    marginals = marginals
    log_likelihood = log_likelihood
    divergence = divergence


def _read_only(values: FloatArray) -> FloatArray:
    """Return a copy that refuses changes, which the machine would not see."""
    copy = values.copy()
    copy.flags.writeable = False
    return copy


def _pairs_once(problem: Problem) -> tuple[IntVector, IntVector, FloatArray]:
    """Return each joined pair once, by the core's own rule for matrices and edges.

    Pairs of an edge list are kept where their weights are zero, or add up to it.
    """
    n = problem.num_variables
    rows, cols, weights = core_of_problem(problem, np.zeros(n), 0.0, name="W").edges()
    if problem.kind != "edges":
        return rows, cols, weights
    low, high = np.minimum(problem.rows, problem.cols), np.maximum(problem.rows, problem.cols)
    keys = np.unique(low * n + high)
    every = np.zeros(keys.size)
    every[np.searchsorted(keys, rows * n + cols)] = weights
    return keys // max(n, 1), keys % max(n, 1), every


def _visible_positions(visible: Any, labels: Labels) -> IntVector:
    n = len(labels)
    if visible is None:
        return np.arange(n)
    if not isinstance(visible, Iterable):
        raise TypeError(
            f"visible must be a sequence of labels or a mask, got {type(visible).__name__}"
        )
    given = list(visible)
    if given and all(isinstance(label, bool | np.bool_) for label in given):
        if len(given) != n:
            raise ValueError(f"visible must have shape ({n},) as a mask, got {np.shape(given)}")
        return np.flatnonzero(given)
    return np.array(places_of(given, labels, "visible", "units of W"), np.int64)
