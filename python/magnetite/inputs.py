"""Turns whatever holds a problem (matrix, graph, dict, edges, BQM) into arrays and labels.

Nothing here knows a sign or a value of a variable: a `Problem` says which pairs have which weight,
and the models decide what energy that is. Other packages are recognised by their methods and never
imported. Arrays pass without a Python loop; dicts and graphs are walked once.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from magnetite._checks import check_finite, index_vector, real_array
from magnetite.memory import check_memory

__all__ = ["MAX_VARIABLES", "Labels", "Problem", "as_problem", "check_size", "is_bqm"]

MAX_VARIABLES = 2**31 - 1

Labels: TypeAlias = range | tuple[Hashable, ...]
Vartype: TypeAlias = Literal["SPIN", "BINARY"]
IntVector: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]

_ACCEPTED = (
    "a scipy.sparse matrix, a square array, a networkx.Graph, a dimod BQM, a dict {(i, j): w} "
    "or a tuple (rows, cols, weights)"
)


@dataclass(frozen=True, eq=False)
class Problem:
    """Weights of pairs, one field a variable, a constant, and the labels of the variables.

    Attributes
    ----------
    kind : {"edges", "matrix", "dense"}
        ``"edges"``: `rows`, `cols`, `weights` are a list of edges, where repeated pairs add up.
        ``"matrix"``: they are the entries of a matrix, which may hold each pair once or twice.
        ``"dense"``: the matrix is in `dense`, and the three are empty.
    labels : range or tuple
        Label of each variable; ``len(labels)`` is their number.
    rows, cols : ndarray of int64, shape (m,)
        Positions in `labels`; equal ones are diagonal entries.
    weights : ndarray of float64, shape (m,)
        One weight an edge or entry.
    dense : ndarray of float64, shape (n, n), or None
        The matrix of kind ``"dense"``.
    fields : ndarray of float64, shape (n,)
        Weight of each variable alone.
    offset : float
        The constant.
    """

    kind: Literal["edges", "matrix", "dense"]
    labels: Labels
    rows: IntVector = field(default_factory=lambda: np.empty(0, np.int64))
    cols: IntVector = field(default_factory=lambda: np.empty(0, np.int64))
    weights: FloatArray = field(default_factory=lambda: np.empty(0))
    dense: FloatArray | None = None
    fields: FloatArray = field(default_factory=lambda: np.empty(0))
    offset: float = 0.0

    @property
    def num_variables(self) -> int:
        """Number of variables."""
        return len(self.labels)

    def first_diagonal(self) -> int | None:
        """Return the position of the first variable with a non-zero diagonal entry, if any."""
        if self.dense is not None:
            found = np.flatnonzero(np.diagonal(self.dense))
        else:
            found = self.rows[(self.rows == self.cols) & (self.weights != 0)]
        return int(found[0]) if found.size else None


def as_problem(
    couplings: Any,
    fields: Any = None,
    *,
    vartype: Vartype = "SPIN",
    name: str = "J",
    field_name: str = "h",
) -> Problem:
    """Read couplings and fields in any of the accepted forms.

    Parameters
    ----------
    couplings : sparse matrix, array, graph, BQM, dict, tuple of arrays or Problem
        ``scipy.sparse`` of any format and square arrays are matrices; a ``networkx.Graph`` gives
        its attribute ``weight`` (1 where there is none); a dict ``{(i, j): w}`` and a tuple
        ``(rows, cols, weights)`` are lists of edges; a dimod BQM brings its own fields and offset.
    fields : array_like, mapping or None
        One value a variable in the order of the labels, or ``{label: value}``, where unknown
        labels become further variables. With edges given as a tuple or a dict of integer labels a
        longer array adds variables too.
    vartype : {"SPIN", "BINARY"}
        What a BQM is converted to.
    name, field_name : str
        What messages call the two.

    Returns
    -------
    Problem
        Labels are sorted where they compare, else in order of first appearance; arrays have the
        labels ``range(n)``.

    Raises
    ------
    TypeError, ValueError
        If the input is none of these, not square, not of finite real numbers, or if `fields` does
        not fit it.

    Examples
    --------
    >>> problem = as_problem({("b", "a"): 2.0}, {"c": -1.0})
    >>> problem.labels, problem.rows, problem.cols, problem.fields
    (('a', 'b', 'c'), array([1]), array([0]), array([ 0.,  0., -1.]))
    """
    if isinstance(couplings, Problem):
        return couplings
    if is_bqm(couplings):
        if fields is not None:
            raise ValueError(f"{field_name} must be None when {name} is a BQM, which has its own")
        return _from_bqm(couplings, vartype, name)
    if hasattr(couplings, "tocoo"):
        problem, growing = _from_sparse(couplings, name), False
    elif hasattr(couplings, "is_directed") and hasattr(couplings, "edges"):
        problem, growing = _from_graph(couplings, name), False
    elif isinstance(couplings, Mapping):
        problem, growing = _from_dict(couplings, name), True
    elif isinstance(couplings, tuple):
        problem, growing = _from_edges(couplings, name), True
    elif isinstance(couplings, str | bytes) or not (
        hasattr(couplings, "__getitem__") or hasattr(couplings, "__array__")
    ):
        raise TypeError(f"{name} must be {_ACCEPTED}, got {type(couplings).__name__}")
    else:
        problem, growing = _from_array(couplings, name), False
    return _with_fields(problem, fields, field_name, name, growing)


def is_bqm(value: Any) -> bool:
    """Say whether `value` is a binary quadratic model of dimod."""
    return hasattr(value, "vartype") and hasattr(value, "to_numpy_vectors")


def check_size(name: str, num_variables: int, num_couplings: int = 0) -> None:
    """Refuse more variables than the core can count or the machine's memory can hold."""
    if num_variables > MAX_VARIABLES:
        raise ValueError(f"{name} must have at most {MAX_VARIABLES} variables, got {num_variables}")
    check_memory(
        {
            f"{num_variables} variables": 32 * num_variables,
            f"{num_couplings} couplings": 40 * num_couplings,
        }
    )


def _from_array(matrix: Any, name: str) -> Problem:
    try:
        array = real_array(name, matrix)
        _check_square(name, array.shape)
    except (TypeError, ValueError) as error:
        if isinstance(matrix, list) and all(isinstance(row, tuple) for row in matrix):
            raise type(error)(f"{error}; edges go in a dict, {{(i, j): weight}}") from None
        raise
    check_size(name, array.shape[0], int(np.count_nonzero(array)))
    check_finite(name, array)
    return Problem("dense", range(array.shape[0]), dense=array)


def _from_sparse(matrix: Any, name: str) -> Problem:
    _check_square(name, matrix.shape)
    check_size(name, matrix.shape[0], matrix.nnz)
    entries = matrix.tocoo()
    rows, cols = index_vector(name, entries.row), index_vector(name, entries.col)
    weights = real_array(name, entries.data)
    check_finite(name, weights, lambda k: f" at index ({rows[k]}, {cols[k]})")
    return Problem("matrix", range(matrix.shape[0]), rows, cols, weights)


def _from_edges(arrays: tuple[Any, ...], name: str) -> Problem:
    if len(arrays) != 3:
        raise ValueError(
            f"{name} must have three members (rows, cols, weights) as a tuple, got {len(arrays)}"
        )
    rows, cols = index_vector(f"{name}[0]", arrays[0]), index_vector(f"{name}[1]", arrays[1])
    weights = real_array(f"{name}[2]", arrays[2])
    if weights.ndim != 1 or not rows.size == cols.size == weights.size:
        raise ValueError(
            f"{name} must have rows, cols and weights of one length, "
            f"got shapes {rows.shape}, {cols.shape} and {weights.shape}"
        )
    size = 1 + max(int(rows.max()), int(cols.max())) if rows.size else 0
    check_size(name, size, rows.size)
    check_finite(f"{name}[2]", weights)
    return Problem("edges", range(size), rows, cols, weights)


def _from_dict(weights: Mapping[Any, Any], name: str) -> Problem:
    for key in weights:
        if not isinstance(key, tuple) or len(key) != 2:
            raise ValueError(f"{name} must have pairs (i, j) as keys, got {key!r}")
    ends = [label for pair in weights for label in pair]
    return _from_labelled(ends, ends[0::2], ends[1::2], list(weights.values()), name)


def _from_graph(graph: Any, name: str) -> Problem:
    if graph.is_directed():
        raise ValueError(
            f"{name} must be undirected, got a {type(graph).__name__}; pass {name}.to_undirected()"
        )
    edges = list(graph.edges(data="weight", default=1))
    heads, tails, weights = ([edge[k] for edge in edges] for k in range(3))
    return _from_labelled(graph.nodes, heads, tails, weights, name)


def _from_labelled(
    labels: Iterable[Hashable], heads: list[Any], tails: list[Any], weights: list[Any], name: str
) -> Problem:
    ordered = _ordered(labels)
    values = real_array(f"the weights of {name}", weights)
    if values.ndim != 1:
        raise ValueError(f"{name} must have one number a pair, got shape {values.shape[1:]}")
    check_finite(f"the weights of {name}", values, lambda k: f" at ({heads[k]!r}, {tails[k]!r})")
    position = _positions(ordered)
    return Problem("edges", ordered, position(heads), position(tails), values)


def _from_bqm(bqm: Any, vartype: Vartype, name: str) -> Problem:
    if bqm.vartype.name != vartype:
        bqm = bqm.change_vartype(vartype, inplace=False)
    labels = _ordered(bqm.variables)
    linear, (rows, cols, weights), offset = bqm.to_numpy_vectors(variable_order=list(labels))
    fields, values = real_array(name, linear), real_array(name, weights)
    check_finite(f"the linear biases of {name}", fields, lambda k: f" at {labels[k]!r}")
    check_finite(
        f"the quadratic biases of {name}",
        values,
        lambda k: f" at ({labels[rows[k]]!r}, {labels[cols[k]]!r})",
    )
    check_finite(f"the offset of {name}", np.float64(offset))
    return Problem(
        "edges",
        labels,
        np.asarray(rows, np.int64),
        np.asarray(cols, np.int64),
        values,
        fields=fields,
        offset=float(offset),
    )


def _check_square(name: str, shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"{name} must be square, got shape {tuple(shape)}")


def _ordered(labels: Iterable[Hashable]) -> Labels:
    """Return the distinct labels, sorted where they compare; integers 0..n-1 become a range."""
    distinct: list[Any] = list(dict.fromkeys(labels))
    try:
        distinct = sorted(distinct)
    except TypeError:
        pass  # they do not compare: first appearance it is
    whole = range(len(distinct))
    if all(type(label) is int for label in distinct) and distinct == list(whole):
        return whole
    return tuple(distinct)


def _positions(labels: Labels) -> Callable[[list[Any]], IntVector]:
    """Return a function from a list of labels to the vector of their positions."""
    if isinstance(labels, range):
        return lambda found: np.array(found, np.int64)
    index = {label: position for position, label in enumerate(labels)}
    return lambda found: np.fromiter(map(index.__getitem__, found), np.int64, len(found))


def _with_fields(
    problem: Problem, fields: Any, field_name: str, name: str, growing: bool
) -> Problem:
    if fields is None:
        return _relabelled(problem, problem.labels, np.zeros(problem.num_variables))
    if isinstance(fields, Mapping):
        return _with_field_dict(problem, fields, field_name)
    values = real_array(field_name, fields)
    if values.ndim != 1:
        raise ValueError(f"{field_name} must be a vector or a dict, got shape {values.shape}")
    labels = problem.labels
    if growing and _within(labels, values.size):
        labels = range(values.size)
    if len(labels) != values.size:
        raise ValueError(
            f"{field_name} must have one value for each of the {len(labels)} variables of {name}, "
            f"got {values.size}"
        )
    check_finite(field_name, values)
    return _relabelled(problem, labels, values)


def _with_field_dict(problem: Problem, fields: Mapping[Any, Any], field_name: str) -> Problem:
    values = real_array(field_name, list(fields.values()))
    if values.ndim != 1:
        raise ValueError(f"{field_name} must have one number a label, got shape {values.shape[1:]}")
    found = list(fields)
    check_finite(field_name, values, lambda k: f" at {found[k]!r}")
    known = set(problem.labels)
    labels = problem.labels
    if not known.issuperset(found):
        labels = _ordered([*labels, *found])
    spread = np.zeros(len(labels))
    spread[_positions(labels)(found)] = values
    return _relabelled(problem, labels, spread)


def _within(labels: Labels, size: int) -> bool:
    """Say whether all labels are positions below `size`."""
    if isinstance(labels, range):
        return len(labels) <= size
    return all(type(label) is int and 0 <= label < size for label in labels)


def _relabelled(problem: Problem, labels: Labels, fields: FloatArray) -> Problem:
    """Return the problem over more labels, each of its own where it now stands, with `fields`."""
    old = problem.labels
    rows, cols, dense, kind = problem.rows, problem.cols, problem.dense, problem.kind
    if labels != old:
        check_size("the model", len(labels), rows.size)
        place = _positions(labels)(list(old))
        rows, cols = place[rows], place[cols]
        if dense is not None:
            wide = np.zeros((len(labels), len(labels)))
            wide[np.ix_(place, place)] = dense
            dense = wide
    return Problem(kind, labels, rows, cols, problem.weights, dense, fields, problem.offset)
