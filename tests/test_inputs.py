"""Everything that may hold a problem gives the same arrays, or an error that says what is wrong."""

import time
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import dimod
import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

import magnetite as mg
from magnetite import memory
from magnetite._checks import check_choice, check_count, check_finite, check_offset, check_real
from magnetite.inputs import MAX_VARIABLES, as_problem, check_size

WEIGHTS = st.floats(-100, 100, allow_subnormal=False)


def all_states(n: int) -> NDArray[np.int8]:
    """Return all 2^n spin states."""
    bits = np.arange(2**n)[:, None] >> np.arange(n) & 1
    return (2 * bits - 1).astype(np.int8)


def upper(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.triu(matrix, 1)


def as_graph(matrix: NDArray[np.float64]) -> nx.Graph:
    graph = nx.Graph()
    graph.add_nodes_from(range(len(matrix)))
    graph.add_weighted_edges_from((i, j, matrix[i, j]) for i, j in np.argwhere(matrix).tolist())
    return graph


def as_bqm(matrix: NDArray[np.float64], vartype: str = "SPIN") -> dimod.BinaryQuadraticModel:
    pairs = {(i, j): matrix[i, j] for i, j in np.argwhere(matrix).tolist()}
    return dimod.BinaryQuadraticModel(dict.fromkeys(range(len(matrix)), 0.0), pairs, 0.0, vartype)


FORMS: dict[str, Callable[[NDArray[np.float64]], Any]] = {
    "array": lambda u: u,
    "symmetric array": lambda u: u + u.T,
    "lower array": lambda u: u.T,
    "list": lambda u: u.tolist(),
    "fortran": np.asfortranarray,
    "strided": lambda u: np.repeat(np.repeat(u, 2, 0), 3, 1)[::2, ::3],
    "negative strides": lambda u: np.ascontiguousarray(u[::-1, ::-1])[::-1, ::-1],
    "big endian": lambda u: u.astype(">f8"),
    "objects": lambda u: u.astype(object),
    "csr": sp.csr_array,
    "csc symmetric": lambda u: sp.csc_array(u + u.T),
    "coo": sp.coo_array,
    "coo matrix": sp.coo_matrix,
    "lil": sp.lil_array,
    "dok": sp.dok_array,
    "dia": sp.dia_array,
    "bsr": sp.bsr_array,
    "graph": as_graph,
    "bqm": as_bqm,
    "binary bqm": lambda u: as_bqm(u).change_vartype("BINARY", inplace=False),
    "object bqm": lambda u: dimod.DictBQM(as_bqm(u)),
    "dict": lambda u: {(i, j): u[i, j] for i in range(len(u)) for j in range(i + 1, len(u))},
    "split dict": lambda u: {
        (i, j): u[min(i, j), max(i, j)] / 2 for i in range(len(u)) for j in range(len(u)) if i != j
    },
    "edges": lambda u: (*np.triu_indices(len(u), 1), u[np.triu_indices(len(u), 1)]),
    "reversed edges": lambda u: (
        *np.triu_indices(len(u), 1)[::-1],
        u[np.triu_indices(len(u), 1)].tolist(),
    ),
}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=10)
@given(data=st.data())
def test_every_form_gives_the_same_energies(form: str, data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 5))
    couplings = upper(data.draw(arrays(np.float64, (n, n), elements=WEIGHTS)))
    model = mg.Ising(FORMS[form](couplings))
    states = all_states(n)
    expected = np.einsum("ki,ij,kj->k", states, couplings, states)
    assert model.variables == range(n)
    np.testing.assert_allclose(
        model.energies(states), expected, rtol=0, atol=1e-12 * (1 + abs(couplings).sum())
    )


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i8", "u8", "f2", "f4", "f8", "g"])
def test_every_real_dtype_is_taken(dtype: str) -> None:
    matrix = np.array([[0, 1], [1, 0]], dtype)
    matrix.flags.writeable = False
    assert mg.Ising(matrix).energies([1, 1]) == 1.0
    assert mg.Ising(sp.csr_array(np.array([[0, 1], [1, 0]]))).energies([1, 1]) == 1.0


def test_objects_that_are_numbers_are_taken() -> None:
    model = mg.Ising(
        {("a", "b"): Fraction(1, 4), ("b", "c"): 2**70}, {"a": Decimal("0.5"), "b": True}
    )
    assert model.polynomial().weights.tolist() == [0.25, 2.0**70]
    assert model.polynomial().linear.tolist() == [0.5, 1.0, 0.0]


@pytest.mark.parametrize(
    ("couplings", "size"),
    [
        (np.zeros((0, 0)), 0),
        (sp.csr_array((0, 0)), 0),
        ({}, 0),
        (([], [], []), 0),
        (nx.Graph(), 0),
        (dimod.BinaryQuadraticModel("SPIN"), 0),
        ([[0]], 1),
        (sp.csr_array((1, 1)), 1),
        (nx.empty_graph(1), 1),
        (np.zeros((3, 3)), 3),
        (sp.csr_array((3, 3)), 3),
    ],
    ids=str,
)
def test_models_without_couplings(couplings: Any, size: int) -> None:
    model = mg.Ising(couplings, offset=2.5)
    assert (model.num_variables, model.core.num_couplings) == (size, 0)
    assert model.energies(np.ones((2, size))).tolist() == [2.5, 2.5]
    assert model.energies(np.ones(size)) == 2.5


def test_sparse_duplicates_add_up_before_the_two_triangles_are_compared() -> None:
    entries = sp.coo_array(([1.0, 2.0, 3.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    assert mg.Ising(entries).energies([1, 1]) == 3.0


def test_zeros_on_the_diagonal_are_no_self_couplings() -> None:
    for couplings in (
        {(0, 0): 0.0, (0, 1): 1.0},
        ([0, 0], [0, 1], [0.0, 1.0]),
        sp.coo_array(([0.0, 1.0], ([0, 0], [0, 1])), shape=(2, 2)),
    ):
        assert mg.Ising(couplings).energies([1, 1]) == 1.0


@pytest.mark.parametrize(
    ("couplings", "fields", "labels"),
    [
        ({("b", "a"): 1}, None, ("a", "b")),
        ({("b", 1): 1, ("a", "b"): 1}, None, ("b", 1, "a")),
        ({(1, 0): 1}, None, range(2)),
        ({(5, 0): 1}, None, (0, 5)),
        ({(False, True): 1}, None, (False, True)),
        ({((1, 2), (0, 3)): 1}, None, ((0, 3), (1, 2))),
        ({(0, 1): 1}, {2: 1.0}, range(3)),
        ({(0, 1): 1}, {"x": 1.0}, (0, 1, "x")),
        ({(0, 1): 1}, [1, 1, 1], range(3)),
        ({("a", "b"): 1}, [1, 2], ("a", "b")),
        (np.zeros((2, 2)), {1: 1.0}, range(2)),
        (np.zeros((2, 2)), {7: 1.0}, (0, 1, 7)),
        (sp.csr_array((2, 2)), {-1: 1.0}, (-1, 0, 1)),
        (([0], [1], [1.0]), [1, 1, 1], range(3)),
        (nx.Graph([("u", "t")]), None, ("t", "u")),
        (dimod.BQM({"z": 1, "y": 2}, {}, "SPIN"), None, ("y", "z")),
    ],
)
def test_labels(couplings: Any, fields: Any, labels: Any) -> None:
    assert mg.Ising(couplings, fields).variables == labels


def test_new_labels_move_the_old_variables_to_their_place() -> None:
    dense = np.array([[0.0, 2.0], [0.0, 0.0]])
    for couplings in (dense, sp.csr_array(dense), {(0, 1): 2.0}, ([0], [1], [2.0])):
        model = mg.Ising(couplings, {-1: 5.0, 1: 1.0})
        assert model.variables == (-1, 0, 1)
        energy = model.polynomial()
        assert (energy.rows.tolist(), energy.cols.tolist()) == ([1], [2])
        assert energy.linear.tolist() == [5.0, 0.0, 1.0]


def test_graphs() -> None:
    graph = nx.Graph([("a", "b"), ("b", "c", {"weight": -2.5})])
    graph.add_node("d")
    model = mg.Ising(graph)
    assert model.variables == ("a", "b", "c", "d")
    assert model.polynomial().weights.tolist() == [1.0, -2.5]
    multi = nx.MultiGraph([("a", "b"), ("a", "b", {"weight": 2})])
    assert mg.Ising(multi).polynomial().weights.tolist() == [3.0]


def test_bqm_brings_fields_and_offset() -> None:
    bqm = dimod.BinaryQuadraticModel({"b": 1.0, "a": -2.0}, {("b", "a"): 3.0}, 0.5, "SPIN")
    energy = mg.Ising(bqm, offset=1.0).polynomial()
    assert (energy.linear.tolist(), energy.offset) == ([-2.0, 1.0], 1.5)


REFUSED: list[tuple[Any, Any, type[Exception], str]] = [
    (None, None, TypeError, "J must be a scipy.sparse matrix, a square array,"),
    ("J.txt", None, TypeError, "or a tuple (rows, cols, weights), got str"),
    ({1, 2}, None, TypeError, "got set"),
    (np.zeros((2, 3)), None, ValueError, "J must be square, got shape (2, 3)"),
    (np.zeros(4), None, ValueError, "J must be square, got shape (4,)"),
    ([(0, 1), (1, 2), (2, 3)], None, ValueError, "got shape (3, 2); edges go in a dict"),
    ([("a", "b"), ("b", "c")], None, TypeError, "got dtype <U1; edges go in a dict"),
    (np.zeros((2, 2, 2)), None, ValueError, "J must be square, got shape (2, 2, 2)"),
    (sp.csr_array((2, 3)), None, ValueError, "J must be square, got shape (2, 3)"),
    ([[0, 1], [1]], None, ValueError, "J must be an array of numbers: "),
    ([["0", "1"], ["1", "0"]], None, TypeError, "J must hold real numbers, got dtype <U1"),
    (np.eye(2) * 1j, None, TypeError, "J must hold real numbers, got dtype complex128"),
    (sp.csr_array(np.eye(2) * 1j), None, TypeError, "must hold real numbers, got dtype complex128"),
    (np.array([[0, "1"], [0, 0]], object), None, TypeError, "numbers, got dtype object"),
    (np.array([[0, [1]], [0, 0]], object), None, TypeError, "J must hold real numbers: setting"),
    (np.zeros((2, 2), "M8[s]"), None, TypeError, "J must hold real numbers, got dtype datetime64"),
    ([[0, np.nan], [0, 0]], None, ValueError, "J must be finite, got nan at index (0, 1)"),
    (
        sp.csr_array([[0, np.inf], [0, 0]]),
        None,
        ValueError,
        "must be finite, got inf at index (0, 1)",
    ),
    ({("a", "b"): np.nan}, None, ValueError, "weights of J must be finite, got nan at ('a', 'b')"),
    (([0], [1], [-np.inf]), None, ValueError, "J[2] must be finite, got -inf at index 0"),
    ({"ab": 1}, None, ValueError, "J must have pairs (i, j) as keys, got 'ab'"),
    ({(0, 1, 2): 1}, None, ValueError, "J must have pairs (i, j) as keys, got (0, 1, 2)"),
    ({(0, 1): [1, 2]}, None, ValueError, "J must have one number a pair, got shape (2,)"),
    ({(0, 1): "1"}, None, TypeError, "the weights of J must hold real numbers, got dtype <U1"),
    (([0], [1]), None, ValueError, "J must have three members (rows, cols, weights) as a tuple"),
    (([0], [1], [1, 2]), None, ValueError, "of one length, got shapes (1,), (1,) and (2,)"),
    (([-1], [1], [1]), None, ValueError, "J[0] must be non-negative, got -1 at index 0"),
    (([0], [0.5], [1]), None, TypeError, "J[1] must hold integers, got dtype float64"),
    (([0], [[1]], [1]), None, ValueError, "J[1] must be a vector, got shape (1, 1)"),
    (([0], np.array([2**63], "u8"), [1]), None, ValueError, "J[1] must fit 64-bit signed integers"),
    (([0], [2**31], [1.0]), None, ValueError, "J must have at most 2147483647 variables"),
    (nx.DiGraph([(0, 1)]), None, ValueError, "J must be undirected, got a DiGraph; pass J.to_und"),
    (nx.Graph([(0, 1, {"weight": "x"})]), None, TypeError, "weights of J must hold real numbers"),
    (nx.Graph([("a", "a")]), None, ValueError, "itself, got an entry at ('a', 'a'); s_i * s_i = 1"),
    (np.eye(2), None, ValueError, "J must not couple a variable to itself, got an entry at (0, 0)"),
    (sp.eye_array(2), None, ValueError, "J must not couple a variable to itself"),
    ({(1, 1): 2}, None, ValueError, "J must not couple a variable to itself"),
    ([[0, 1], [2, 0]], None, ValueError, "J must be symmetric or triangular, got J[0, 1] = 1 but"),
    (sp.csr_array([[0, 1], [2, 0]]), None, ValueError, "pass (J + J.T) / 2, or J + J.T"),
    (dimod.BQM("SPIN"), [1], ValueError, "h must be None when J is a BQM, which has its own"),
    (dimod.BQM({"a": np.nan}, {}, "SPIN"), None, ValueError, "biases of J must be finite, got nan"),
    (dimod.BQM({}, {"ab": np.inf}, "SPIN"), None, ValueError, "got inf at ('"),
    (dimod.BQM({}, {}, np.nan, "SPIN"), None, ValueError, "the offset of J must be finite"),
    (np.zeros((2, 2)), [1], ValueError, "h must have one value for each of the 2 variables of J"),
    (np.zeros((2, 2)), [1, 2, 3], ValueError, "of the 2 variables of J, got 3"),
    (([0], [2], [1]), [1, 2], ValueError, "of the 3 variables of J, got 2"),
    ({("a", "b"): 1}, [1, 2, 3], ValueError, "of the 2 variables of J, got 3"),
    (np.zeros((2, 2)), 1.0, ValueError, "h must be a vector or a dict, got shape ()"),
    (np.zeros((2, 2)), [[1, 2]], ValueError, "h must be a vector or a dict, got shape (1, 2)"),
    (np.zeros((2, 2)), [1, np.nan], ValueError, "h must be finite, got nan at index 1"),
    (np.zeros((2, 2)), {1: np.nan}, ValueError, "h must be finite, got nan at 1"),
    (np.zeros((2, 2)), {1: [1, 2]}, ValueError, "h must have one number a label, got shape (2,)"),
    (np.zeros((2, 2)), [1j, 2], TypeError, "h must hold real numbers, got dtype complex128"),
    (([0, 0], [1, 1], [1e308, 1e308]), None, ValueError, "J must be finite, but entries of site"),
    ({(0, 1): 1.7e308, (1, 2): -1.7e308}, None, ValueError, "so small that energies are finite"),
    (np.zeros((2, 2)), [6e307, -6e307], ValueError, "all J, h and offset must add up to at most"),
]


@pytest.mark.parametrize(("couplings", "fields", "error", "message"), REFUSED)
def test_refused(couplings: Any, fields: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        mg.Ising(couplings, fields)
    assert message in str(caught.value)


def test_names_of_the_arguments_are_those_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"^W must be symmetric or triangular, got W\[0, 1\]"):
        mg.BoltzmannMachine([[0, 1], [2, 0]])
    with pytest.raises(
        ValueError, match=r"^b must have one value for each of the 2 variables of W"
    ):
        mg.BoltzmannMachine([[0, 1], [1, 0]], [1])
    with pytest.raises(ValueError, match=r"^graph must be symmetric"):
        mg.maxcut([[0, 1], [2, 0]])
    with pytest.raises(ValueError, match=r"^Q must be square"):
        mg.Qubo([[0, 1]])
    with pytest.raises(ValueError, match=r"^graph must be so small .* of all graph, h and offset"):
        mg.maxcut({(0, 1): 1e308})


def test_sizes_that_cannot_fit_are_refused_before_anything_is_made() -> None:
    with pytest.raises(ValueError, match=f"J must have at most {MAX_VARIABLES} variables"):
        mg.Ising(sp.coo_array((2**40, 2**40)))
    with pytest.raises(
        MemoryError, match=r"for 1125899906842624 couplings .* but it may take at most"
    ):
        check_size("J", 5, 2**50)


def test_what_needs_more_than_is_free_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 100_000)
    triangle = np.triu(np.ones((80, 80)), 1)
    edges = (*np.nonzero(triangle), np.ones(3160))
    for couplings in (triangle, sp.csr_array(triangle), edges):
        with pytest.raises(MemoryError, match=r"for 3160 couplings \(126\.4 kB\)"):
            mg.Ising(couplings)


def test_arrays_are_not_copied_when_they_need_not_be() -> None:
    rows, cols, weights = np.array([0]), np.array([1]), np.array([1.0])
    problem = as_problem((rows, cols, weights))
    assert problem.rows is rows
    assert problem.cols is cols
    assert problem.weights is weights
    dense = np.zeros((3, 3))
    assert as_problem(dense).dense is dense


def test_the_callers_arrays_stay_as_they_are_and_the_model_does_not_follow_them() -> None:
    weights, fields = np.array([1.0]), np.array([1.0, 0.0])
    model = mg.Ising((np.array([0]), np.array([1]), weights), fields)
    weights[0] = fields[0] = 7.0
    assert model.energies([1, 1]) == 2.0


def test_counts() -> None:
    assert check_count("k", np.int64(3)) == 3
    for value in (2.0, True, "3", None):
        with pytest.raises(TypeError, match=r"^k must be an integer, got "):
            check_count("k", value)
    with pytest.raises(ValueError, match=r"^k must be at least 1, got 0$"):
        check_count("k", 0, 1)
    assert check_count("k", 2**62 - 1) == 2**62 - 1
    with pytest.raises(ValueError, match=r"^k must be below 2\*\*16, got 65536$"):
        check_count("k", 2**16, bits=16)


def test_reals_offsets_and_choices() -> None:
    assert check_real("x", np.float32(0.5)) == 0.5
    with pytest.raises(TypeError, match=r"^x must be a real number, got bool$"):
        check_real("x", True)
    with pytest.raises(TypeError, match=r"^offset must be a real number, got complex$"):
        check_offset(1j)
    with pytest.raises(ValueError, match=r"^offset must be finite, got inf$"):
        check_offset(np.inf)
    with pytest.raises(ValueError, match=r"^x must be finite, got nan at index 1$"):
        check_finite("x", np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match=r"^kind must be one of 'a', 'b', got 'c'$"):
        check_choice("kind", "c", ("a", "b"))


def test_three_million_couplings_take_no_loop() -> None:
    size, count = 1_000_000, 3_000_000
    rng = np.random.default_rng(1)
    ends = rng.integers(0, size, (2, count))
    matrix = sp.coo_array((rng.standard_normal(count), ends), (size, size)).tocsr()
    start = time.perf_counter()
    problem = as_problem(matrix)
    assert time.perf_counter() - start < 1.0  # 0.05 s, while a loop would take several
    assert problem.num_variables == size


MACHINES = {
    "RBM": lambda: mg.RBM(4, 3),
    "BoltzmannMachine": lambda: mg.BoltzmannMachine.layered([4, 3]),
    "DBN": lambda: mg.DBN([4, 3, 2]),
    "DBM": lambda: mg.DBM([4, 3, 2]),
    "Network": lambda: mg.Network.classifier([4, 3], 2, seed=1),
}


@pytest.mark.parametrize("make", MACHINES.values(), ids=MACHINES)
def test_machines_take_parameters_of_their_own_names_and_shapes_alone(
    make: Callable[[], Any],
) -> None:
    machine = make()
    name = list(machine.parameters)[-1]
    before = machine.parameters[name].copy()
    bad: list[tuple[Any, str]] = [
        ({name: before + 1, "foo": 0.0}, "parameters must be some of .*, got 'foo'"),
        ({name: 1.0}, "must have shape .*, got \\(\\)"),
        ({name: np.full(before.shape, np.nan)}, "must be finite, got nan"),
    ]
    for parameters, message in bad:
        with pytest.raises(ValueError, match=message):
            machine.assign(parameters)
        np.testing.assert_array_equal(machine.parameters[name], before)
    machine.assign({name: before + 1})
    np.testing.assert_array_equal(machine.parameters[name], np.ones(before.shape))


def test_weights_that_a_machine_would_not_see_cannot_be_written() -> None:
    machine = mg.BoltzmannMachine.layered([2, 1])
    with pytest.raises(ValueError, match="read-only"):
        machine.weights[:] = 1.0
