"""Files of graphs, clauses and numbers: what they mean, round trips, errors that name the line."""

import math
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import magnetite as mg
from magnetite.models import (
    Clique,
    GraphColoring,
    IndependentSet,
    MaxCut,
    MaxSat,
    Model,
    NumberPartition,
)
from tools.states import all_states

SQUARE = "c a comment\n\np edge 5 4\ne 1 2\ne 2 3\ne 3 4\ne 4 1\n"


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


# What each format means


def test_graphs_need_a_question(tmp_path: Path) -> None:
    path = put(tmp_path, "g.col", SQUARE)
    with pytest.raises(ValueError, match=r"g\.col: problem must say what is asked of the graph: "):
        mg.read(path)
    coloring = mg.read(path, problem="coloring", num_colors=2)
    assert isinstance(coloring, GraphColoring)
    assert (coloring.num_colors, coloring.vertices) == (2, (1, 2, 3, 4, 5))
    assert mg.read(path, num_colors=2).variables == coloring.variables
    independent = mg.read(path, problem="independent_set")
    assert type(independent) is IndependentSet
    assert independent.objective([1, 0, 1, 0, 1]) == 3.0
    cut = mg.read(path, problem="maxcut")
    assert isinstance(cut, MaxCut)
    assert cut.cut([1, -1, 1, -1, 1]) == 4.0
    clique = mg.read(path, problem="clique")
    assert clique.objective([1, 1, 0, 0, 0]) == 2.0
    assert isinstance(mg.read(put(tmp_path, "g.clq", SQUARE)), Clique)
    assert type(mg.read(tmp_path / "g.clq", problem="independent_set")) is IndependentSet
    assert isinstance(mg.read(put(tmp_path, "g", SQUARE), problem="clique"), Clique)


def test_rudy_graphs_take_questions_too(tmp_path: Path) -> None:
    path = put(tmp_path, "g.txt", "3 2\n1 2 5\n2 3 -1\n")
    assert type(mg.read(path)) is type(mg.read(path, problem="maxcut")) is MaxCut
    model = mg.read(path, problem="independent_set")
    assert model.objective([1, 0, 1]) == 2.0
    assert mg.read(path, num_colors=3).num_variables == 9
    loop = put(tmp_path, "loop.txt", "3 2\n1 2 5\n3 3 1\n")
    assert type(mg.read(loop)) is mg.Qubo
    for problem in ("maxcut", "clique"):
        with pytest.raises(ValueError, match=r"loop\.txt:3: a graph must have no self-loop, got 3"):
            mg.read(loop, problem=problem)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"problem": "tsp"}, "problem must be one of 'clique', 'coloring', 'independent_set',"),
        ({"problem": "coloring"}, "num_colors must be given for problem 'coloring', got None"),
        (
            {"problem": "clique", "num_colors": 3},
            "num_colors must be None for problem 'clique', got 3",
        ),
        ({"num_colors": 0}, "num_colors must be at least 1, got 0"),
        ({"num_colors": 3, "format": "coo"}, "problem must be None for format 'coo', which holds"),
        ({"problem": "clique", "instance": 2}, "instance must be 1 for format 'dimacs'"),
    ],
)
def test_questions_that_make_no_sense(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        mg.read(put(tmp_path, "g.col", SQUARE), **options)
    assert message in str(caught.value)


@pytest.mark.parametrize("word", ["edge", "col", "edges"])
def test_edges_may_stand_in_both_directions(tmp_path: Path, word: str) -> None:
    both = f"p {word} 3 4\ne 1 2\ne 2 1\n e\t2 3\ne 3 2"
    for count in ("4", "2"):
        path = put(tmp_path, "g.col", both.replace(" 4\n", f" {count}\n"))
        assert mg.read(path, problem="maxcut").core.num_couplings == 2


def test_weights_of_vertices(tmp_path: Path) -> None:
    path = put(tmp_path, "g.clq", "p edge 3 1\nn 2 5\nn 3 2.5\ne 1 2\n")
    model = mg.read(path)
    assert model.objective_name == "weight"
    assert model.objective([[1, 1, 0], [0, 0, 1]]).tolist() == [6.0, 2.5]
    assert mg.read(path, num_colors=1).num_variables == 3


CNF = "c x\np cnf 3 3\n1 -2 0 3\n0 -1\n2 3 0\n%\n0\n\n"


def test_cnf(tmp_path: Path) -> None:
    for name in ("a.cnf", "a.txt"):
        model = mg.read(put(tmp_path, name, CNF))
        assert isinstance(model, MaxSat)
        assert model.clauses == ((1, -2), (3,), (-1, 2, 3))
        assert (model.num_truths, model.num_variables) == (3, 4)
    unused = mg.read(put(tmp_path, "b.cnf", "p cnf 4 0\n"))
    assert unused.variables == (1, 2, 3, 4)


def test_wcnf(tmp_path: Path) -> None:
    old = mg.read(put(tmp_path, "a.wcnf", "p wcnf 2 3 10\n10 1 2 0\n3 -1 0\n4.5 -2 0\n"))
    assert isinstance(old, MaxSat)
    assert old.weights.tolist() == [math.inf, 3.0, 4.5]
    new = mg.read(put(tmp_path, "b.wcnf", "c 2022\nh 1 2 0\n3 -1 0\n4.5 -2 0\n"))
    assert isinstance(new, MaxSat)
    assert (new.clauses, new.weights.tolist()) == (old.clauses, old.weights.tolist())
    without_top = mg.read(put(tmp_path, "c.wcnf", "p wcnf 2 1\n7 1 2 0\n"))
    assert isinstance(without_top, MaxSat)
    assert without_top.weights.tolist() == [7.0]


def test_numbers(tmp_path: Path) -> None:
    model = mg.read(put(tmp_path, "n.txt", "4\n5\n\n6\n7\n8\n"))
    assert isinstance(model, NumberPartition)
    assert model.numbers == (4, 5, 6, 7, 8)
    assert all(type(a) is int for a in model.numbers)
    for name, text in (("n.npp", "4 5\n6.5"), ("n.txt", "4.0\n5\n6.5\n"), ("n.txt", "-1.5 \n2\n")):
        assert isinstance(mg.read(put(tmp_path, name, text)), NumberPartition)
    assert isinstance(mg.read(put(tmp_path, "one.npp", "5\n")), NumberPartition)
    with pytest.raises(ValueError, match="the file ends after 0 of the 5 instances"):
        mg.read(put(tmp_path, "bqp.txt", "5\n"))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True),
            st.integers(-3, 3) | st.floats(-2, 2),
        ),
        max_size=6,
    )
)
def test_products_of_three_spins(tmp_path: Path, terms: list[tuple[list[int], float]]) -> None:
    """The energy with the auxiliary spins at their best is the sum of the products."""
    terms = [([v], 0.0) for v in range(5)] + terms
    lines = (" ".join(map(str, (*(v * 2 if len(v) == 1 else v), w))) for v, w in terms)
    model = mg.read(put(tmp_path, "a.ising", "".join(f"{line}\n" for line in lines)))
    auxiliary = sum(len(v) == 3 for v, _ in terms)
    aux = tuple(("aux", k) for k in range(auxiliary))
    assert tuple(model.variables) == (*range(5), *aux)
    states = all_states(model)
    energies = model.energies(states).reshape(-1, 2**5).min(axis=0)
    products = sum(w * np.prod(states[: 2**5, v], axis=1, dtype=float) for v, w in terms)
    np.testing.assert_allclose(energies, products, atol=1e-12)


# Round trips


def same(one: Model, other: Model) -> None:
    assert type(one) is type(other)
    ours, theirs = one.polynomial(), other.polynomial()
    for part in ("rows", "cols", "weights", "linear"):
        assert getattr(ours, part).tolist() == getattr(theirs, part).tolist()
    assert ours.offset == theirs.offset
    assert one.objective_name == other.objective_name


GRAPH = nx.gnp_random_graph(7, 0.4, seed=1)


@pytest.mark.parametrize(
    ("model", "name", "options"),
    [
        (mg.clique(GRAPH), "a.clq", {}),
        (mg.clique(GRAPH, weights=[1, 2, 3, 4, 5, 6, 0.1]), "a.clq.gz", {}),
        (mg.independent_set(GRAPH), "a.col", {"problem": "independent_set"}),
        (mg.graph_coloring(GRAPH, 3), "a.col", {"num_colors": 3}),
        (mg.maxcut(GRAPH), "a.col", {"problem": "maxcut"}),
        (mg.number_partition([3, -1, 2**50]), "a.npp", {}),
        (mg.number_partition([0.1, 1e-300, 5]), "a.npp", {}),
        (mg.clique({}), "a.clq", {}),
    ],
)
def test_read_after_write_is_the_same(
    tmp_path: Path, model: Model, name: str, options: dict[str, Any]
) -> None:
    mg.write(model, tmp_path / name)
    same(mg.read(tmp_path / name, **options), model)


LITERALS = st.integers(1, 6).flatmap(lambda v: st.sampled_from([v, -v]))
CLAUSES = st.lists(LITERALS, min_size=1, max_size=4, unique_by=abs)
CLAUSE_WEIGHTS = st.integers(1, 9) | st.floats(0.001, 1e6) | st.just(math.inf)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CLAUSES, CLAUSE_WEIGHTS), max_size=6), st.booleans())
def test_clauses_read_after_write_are_the_same(
    tmp_path: Path, weighted_clauses: list[tuple[list[int], float]], plain: bool
) -> None:
    clauses = [clause for clause, _ in weighted_clauses]
    weights = None if plain else [weight for _, weight in weighted_clauses]
    model = mg.max_sat(clauses, weights=weights, num_variables=8)
    path = tmp_path / "a.wcnf"
    mg.write(model, path)
    again = mg.read(path)
    assert isinstance(again, MaxSat)
    assert again.clauses == model.clauses
    assert again.weights.tolist() == model.weights.tolist()
    same(again, model)


@pytest.mark.parametrize(
    ("model", "name", "message"),
    [
        (mg.maxcut({(0, 1): 2}), "a.col", "format 'dimacs' has no place for weights of edges"),
        (mg.Ising({(0, 1): 2}), "a.col", "format 'dimacs' holds problems of graphs, not Ising"),
        (mg.clique(GRAPH), "a.cnf", "format 'cnf' holds clauses, not a model Clique"),
        (mg.clique(GRAPH), "a.npp", "format 'numbers' holds numbers to split, not Clique"),
        (mg.max_sat([[1, 2, 3]]), "a.coo", "holds only non-negative integer labels, got ('aux', 0"),
    ],
)
def test_what_a_format_cannot_hold(tmp_path: Path, model: Model, name: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        mg.write(model, tmp_path / name)
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.qubo", "a.coo"])
def test_problems_are_written_as_qubos_too(tmp_path: Path, name: str) -> None:
    model = mg.graph_coloring(GRAPH, 2).to_qubo() if name == "a.qubo" else mg.clique(GRAPH)
    mg.write(model, tmp_path / name)
    states = np.random.default_rng(1).integers(0, 2, (20, model.num_variables))
    again = mg.read(tmp_path / name)
    assert again.energies(states).tolist() == model.energies(states).tolist()


# Errors


DAMAGED: list[tuple[str, str, str]] = [
    ("a.clq", "e 1 2\n", ":1: expected a header 'p edge n m', got none in the file"),
    ("a.clq", "p edge 3\n", ":1: expected a header 'p edge n m', got 'p edge 3'"),
    ("a.clq", "p cnf 3 1\n", ":1: expected a header 'p edge n m', got 'p cnf 3 1'"),
    ("a.clq", "p edge 3 0\np edge 3 0\n", ":2: expected one header, got a second one after that"),
    ("a.clq", "p edge 3 2\ne 1 2\n", ":2: the file has 1 lines 'e i j', but line 1 promises 2"),
    ("a.clq", "p edge 3 2\ne 1 2\n1 3\n", ":3: expected 'e i j', got '1 3'"),
    ("a.clq", "p edge 3 2\ne 1 2\na 1 3\n", ":3: expected 'e i j', got 'a 1 3'"),
    ("a.clq", "p edge 3 1\n\ne 1 4\n", ":3: the index must be an integer in 1..3, got 4"),
    ("a.clq", "p edge 3 1\ne 0 1\n", ":2: the index must be an integer in 1..3, got 0"),
    ("a.clq", "p edge 3 1\ne 1 2 7\n", ":2: expected 'i j', got 3 values"),
    ("a.clq", "p edge 3 1\ne 1\n", ":2: expected 'i j', got 1 value"),
    ("a.clq", "p edge 3 1\ne 1 x\n", ":2: expected a number, got 'x'"),
    ("a.clq", "p edge 3 1\ne 2 2\n", ":2: a graph must have no self-loop, got 'e 2 2'"),
    ("a.clq", "p edge 0 1\ne 1 1\n", ":2: the index must be absent: there are no variables"),
    ("a.clq", "p edge 3 0\nn 4 1\n", ":2: expected 'n i weight' with i in 1..3, got 'n 4 1'"),
    ("a.clq", "p edge 3 0\nn 1\n", ":2: expected 'n i weight' with i in 1..3, got 'n 1'"),
    ("a.clq", "p edge 3 0\nn 1 0\n", ":2: the weight must be positive and finite, got 0"),
    ("a.clq", "p edge 3 0\nn 1 nan\n", ":2: the weight must be positive and finite, got nan"),
    ("a.clq", "p edge 99999999999 0\n", ":1: the model must have at most 2147483647 variables"),
    ("a.cnf", "1 2 0\n", ":1: expected a header 'p cnf n m' or 'p wcnf n m top', got none"),
    ("a.cnf", "p cnf 2\n", ":1: expected a header 'p cnf n m' or 'p wcnf n m top', got 'p cnf 2'"),
    ("a.cnf", "p cnf 2 1\n\n1 3 0\n", ":3: the literal must be an integer in -2..2, got 3"),
    ("a.cnf", "p cnf 2 1\n1 1.5 0\n", ":2: the literal must be an integer in -2..2, got 1.5"),
    ("a.cnf", "p cnf 2 1\n1 nan 0\n", ":2: the literal must be an integer in -2..2, got nan"),
    ("a.cnf", "p cnf 2 1\n1 2\n", ":2: expected a 0 at the end of the last clause"),
    ("a.cnf", "p cnf 2 2\n1 2 0\n", ":2: the file has 1 clauses, but line 1 promises 2"),
    ("a.cnf", "p cnf 2 2\n1 0\n0\n", ":3: a clause must hold a literal before its 0"),
    ("a.cnf", "p cnf 2 1\n1 b 0\n", ":2: expected a number, got 'b'"),
    ("a.wcnf", "p wcnf 2 1 9\n3 0\n", ":2: a clause must hold a literal before its 0"),
    ("a.wcnf", "p wcnf 2 2 9\n3 1 0\n0 2 0\n", ":3: the file has 3 clauses, but line 1 promises 2"),
    ("a.wcnf", "p wcnf 2 1 9\n-3 1 0\n", ":2: the weight must be positive, got -3"),
    ("a.wcnf", "p wcnf 2 1 9\nnan 1 0\n", ":2: the weight must be positive, got nan"),
    ("a.npp", "", ":1: expected numbers, got an empty file"),
    ("a.npp", "1\n2\nx\n", ":3: expected a number, got 'x'"),
    ("a.npp", "1\n\nnan\n", ":3: a number must be finite, got nan"),
    ("a.npp", "1\n1e999\n", ":2: a number must be finite, got inf"),
]


@pytest.mark.parametrize(("name", "text", "message"), DAMAGED)
def test_damaged_files(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = put(tmp_path, name, text)
    with pytest.raises(ValueError) as caught:
        mg.read(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["a.clq", "a.cnf", "a.wcnf", "a.npp"]),
    st.lists(st.sampled_from("pcehn012-. x%\n") | st.sampled_from(["edge ", "cnf "]), max_size=30),
)
def test_any_text_is_read_or_refused_by_name(tmp_path: Path, name: str, parts: list[str]) -> None:
    path = put(tmp_path, name, "".join(parts))
    try:
        assert isinstance(mg.read(path), Model)
    except ValueError as error:
        assert str(error).startswith(str(path))
