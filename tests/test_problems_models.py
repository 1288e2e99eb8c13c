"""Problems people bring: each minimum of the energy is an optimum, by enumeration."""

import itertools
import math
import pickle
import re
from fractions import Fraction
from typing import Any

import dimod
import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import magnetite as mg
from magnetite.models import MaxCut
from magnetite.models.solutions import Decodable
from tools.states import all_states


@st.composite
def graphs(draw: st.DrawFn, most: int) -> nx.Graph:
    n = draw(st.integers(1, most))
    pairs = list(itertools.combinations(range(n), 2))
    graph = nx.empty_graph(n)
    graph.add_edges_from(draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else [])
    return graph


WEIGHTS = st.one_of(st.integers(1, 9).map(float), st.floats(0.01, 10.0))


# Number partitioning


@given(st.lists(st.integers(-50, 50) | st.floats(-5, 5), min_size=1, max_size=8))
def test_partition_is_the_square_of_the_difference(numbers: list[float]) -> None:
    model = mg.number_partition(numbers)
    states = all_states(model)
    differences = np.abs(states @ np.array(numbers, np.float64))
    scale = max(1.0, np.abs(numbers).sum())
    np.testing.assert_allclose(model.energies(states), differences**2, atol=1e-13 * scale**2)
    np.testing.assert_allclose(model.objective(states), differences, atol=1e-6 * scale)
    for state, difference in zip(states, differences, strict=True):
        found = model.decode(state)
        assert found.feasible
        assert found.difference == pytest.approx(difference, abs=1e-14 * scale)
        assert sorted(found.groups[0] + found.groups[1]) == sorted(numbers)


@given(st.lists(st.integers(0, 2**20), min_size=1, max_size=8))
def test_partition_of_integers_is_exact(numbers: list[int]) -> None:
    model = mg.number_partition(numbers)
    states = all_states(model)
    differences = np.abs(states @ np.array(numbers))
    assert model.energies(states).tolist() == (differences**2).tolist()
    assert model.objective(states).tolist() == differences.tolist()
    assert model.objective_to_energy(differences).tolist() == (differences**2).tolist()


def test_numbers_of_any_kind() -> None:
    for numbers in (np.array([2, 1], np.int8), [2, True], [2.0, 1], [Fraction(4, 2), 1]):
        model = mg.number_partition(numbers)
        assert model.numbers == (2, 1)
        assert {type(a) for a in model.numbers} <= {int, float}


def test_partition_of_large_integers_decodes_exactly() -> None:
    model = mg.number_partition([10**30 + 1, 10**30])
    found = model.decode([1, -1])
    assert (found.difference, found.groups) == (1, ((10**30 + 1,), (10**30,)))
    assert (model.sense, model.objective_name) == ("minimise", "difference")


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([], "numbers must hold at least one number, got none"),
        ([[1, 2]], "numbers must be a vector, got shape (1, 2)"),
        ([1.0, math.nan], "numbers must be finite, got nan at index 1"),
        ([math.inf], "numbers must be finite, got inf at index 0"),
        (["3"], "numbers must hold real numbers, got dtype <U1"),
        ([1e200, 1.0], "couplings in numbers"),
    ],
)
def test_bad_numbers(numbers: Any, message: str) -> None:
    if "couplings" in message:
        message = "the squared sum of numbers must be finite, got inf"
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}"):
        mg.number_partition(numbers)


# Independent sets and cliques


def set_weight(graph: nx.Graph, weights: NDArray[np.float64], joined: bool) -> float:
    """Return the most that an independent set (or a clique) weighs, by trying all."""
    best = 0.0
    n = graph.number_of_nodes()
    for taken in itertools.product([False, True], repeat=n):
        inside = [v for v in range(n) if taken[v]]
        if all(graph.has_edge(*pair) == joined for pair in itertools.combinations(inside, 2)):
            best = max(best, float(weights[inside].sum()))
    return best


@settings(max_examples=20)
@given(graphs(7), st.data())
def test_minima_are_heaviest_sets(graph: nx.Graph, data: st.DataObject) -> None:
    n = graph.number_of_nodes()
    for build, joined in ((mg.independent_set, False), (mg.clique, True)):
        weights = np.array(data.draw(st.lists(WEIGHTS, min_size=n, max_size=n)))
        model = build(graph, weights=weights)
        states = all_states(model)
        energies = model.energies(states)
        best = set_weight(graph, weights, joined)
        assert -energies.min() == pytest.approx(best, rel=1e-12)
        for state, energy in zip(states, energies, strict=True):
            found = model.decode(state)
            assert found.objective == pytest.approx(weights[state == 1].sum(), rel=1e-12)
            if found.feasible:
                assert model.objective(state) == pytest.approx(found.objective, rel=1e-12)
            if energy < energies.min() + 1e-9:
                assert found.feasible
            repaired = model.decode(state, repair=True)
            assert repaired.feasible
            assert repaired.objective >= -energy - 1e-9
            assert not found.feasible or set(found.vertices) <= set(repaired.vertices)


@given(graphs(7))
def test_unweighted_sets_are_counted_exactly(graph: nx.Graph) -> None:
    ones = np.ones(graph.number_of_nodes())
    for build, joined in ((mg.independent_set, False), (mg.clique, True)):
        model = build(graph)
        energies = model.energies(all_states(model))
        assert -energies.min() == set_weight(graph, ones, joined)
        assert (model.sense, model.objective_name) == ("maximise", "size")


def test_violations_of_sets_are_counted() -> None:
    square = {(0, 1): 1, (1, 2): 1, (2, 3): 1, (3, 0): 1}
    assert mg.independent_set(square).decode([1, 1, 1, 1]).violations == {"edges inside": 4}
    assert mg.clique(square).decode([1, 1, 1, 1]).violations == {"pairs not joined": 2}
    assert mg.clique(square).decode([1, 1, 0, 0]).feasible


def test_repair_takes_more_where_more_fits() -> None:
    model = mg.independent_set({("a", "b"): 1}, weights={"a": 1, "b": 2, "c": 5})
    assert model.variables == ("a", "b", "c")
    assert model.decode([0, 0, 0], repair=True).vertices == ("b", "c")
    assert model.decode([1, 1, 0], repair=True).vertices == ("b", "c")
    assert model.objective_name == "weight"


def test_penalties_of_sets() -> None:
    weights = {"a": 3, "b": 5, "c": 1}
    energy = mg.independent_set({("a", "b"): 1, ("b", "c"): 1}, weights=weights).polynomial()
    assert energy.weights.tolist() == [3.75, 1.25]
    one = mg.independent_set({("a", "b"): 1}, penalty=1.5).polynomial()
    assert one.weights.tolist() == [1.5]
    with pytest.warns(UserWarning, match=r"penalty should be above 1, .* got 1: ") as caught:
        mg.independent_set({("a", "b"): 1}, penalty=1)
        mg.max_sat([[1], [-1]], weights=[math.inf, 1], penalty=1)
    assert [warning.filename for warning in caught] == [__file__] * 2
    for penalty, message in (
        (0, "must be positive, got 0"),
        (-1.0, "must be positive, got -1"),
        (math.nan, "must be finite, got nan"),
        (math.inf, "must be finite, got inf"),
    ):
        with pytest.raises(ValueError, match=f"^penalty {message}"):
            mg.clique({("a", "b"): 1}, penalty=penalty)
    with pytest.raises(TypeError, match=r"^penalty must be a real number, got str"):
        mg.clique({("a", "b"): 1}, penalty="2")  # type: ignore[arg-type]


def test_a_penalty_below_the_bound_is_wrong() -> None:
    """The negative control: the bound is one that can be felt."""
    with pytest.warns(UserWarning, match="may break constraints"):
        model = mg.independent_set({("a", "b"): 1}, penalty=0.5)
    assert not model.decode(all_states(model)[model.energies(all_states(model)).argmin()]).feasible


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 0.0], "weights must be positive, got 0 for vertex 1; leave out"),
        ([1.0, -2.0], "weights must be positive, got -2 for vertex 1; leave out"),
        ([1.0, math.nan], "weights must be finite, got nan at index 1"),
        ([1.0], "weights must have one value for each of the 2 variables of graph, got 1"),
        ({0: 1.0}, "weights must be positive, got 0 for vertex 1; leave out"),
    ],
)
def test_bad_weights_of_vertices(weights: Any, message: str) -> None:
    for build in (mg.independent_set, mg.clique):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
            build(np.array([[0, 1], [1, 0]]), weights=weights)


BUILDERS = [mg.independent_set, mg.clique, lambda graph: mg.graph_coloring(graph, 2)]


@pytest.mark.parametrize("build", BUILDERS)
def test_every_form_of_a_graph_is_the_same_graph(build: Any) -> None:
    matrix = np.array([[0, 1, 0, 0], [1, 0, 2, 0], [0, 2, 0, 0], [0, 0, 0, 0]])
    plain = nx.from_numpy_array(matrix)
    forms = [
        matrix,
        np.triu(matrix),
        scipy.sparse.csr_array(matrix),
        plain,
        nx.Graph([(0, 1, {"weight": -3.0}), (1, 2, {"weight": 0.0})]).copy(),
        ([0, 1, 2], [1, 0, 1], [1.0, -1.0, 0.5]),
        dimod.BQM({3: 0.0}, {(0, 1): 1.0, (1, 2): 1.0}, "SPIN"),
        dimod.BQM({3: 0.0}, {(0, 1): 1.0, (1, 2): 1.0}, "BINARY"),
    ]
    forms[4].add_node(3)
    models = [build(form) for form in forms]
    states = all_states(models[0])
    expected = models[0].energies(states).tolist()
    for form, model in zip(forms, models, strict=True):
        if isinstance(form, tuple):  # cannot name a vertex without edges
            assert model.num_variables < models[0].num_variables
        else:
            assert model.energies(states).tolist() == expected


@pytest.mark.parametrize("build", BUILDERS)
def test_bad_graphs(build: Any) -> None:
    for loop in ({(1, 1): 1}, nx.Graph([(1, 1)]), np.eye(2)):
        with pytest.raises(
            ValueError, match=r"^graph must not couple a variable to itself, .* rem"
        ):
            build(loop)
    with pytest.raises(ValueError, match=r"^graph must be undirected, got a DiGraph"):
        build(nx.DiGraph([(0, 1)]))
    with pytest.raises(ValueError, match=r"^graph must be square"):
        build(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"^graph must be symmetric or triangular"):
        build([[0, 1], [2, 0]])
    with pytest.raises(ValueError, match=r"^graph must be a BQM without linear biases and offset"):
        build(dimod.BQM({"a": 1.0}, {"ab": 1.0}, "BINARY"))
    with pytest.raises(TypeError, match=r"^graph must be a scipy"):
        build("C5")


@pytest.mark.parametrize("build", BUILDERS)
def test_graphs_without_vertices_or_edges(build: Any) -> None:
    assert build({}).num_variables == 0
    assert build({}).decode([]).feasible
    model = build(nx.empty_graph(3))
    repaired = model.decode(np.zeros(model.num_variables), repair=True)
    assert repaired.feasible


# Colouring


def fewest_conflicts(graph: nx.Graph, num_colors: int) -> int:
    return min(
        sum(colors[u] == colors[v] for u, v in graph.edges)
        for colors in itertools.product(range(num_colors), repeat=graph.number_of_nodes())
    )


def few(states: NDArray[np.int8], energies: NDArray[np.float64]) -> Any:
    """Return all pairs of fewer than 512 states and their energies, every ninth of 4096."""
    return list(zip(states, energies, strict=True))[:: 1 + len(states) // 512]


@settings(max_examples=20)
@given(graphs(4), st.integers(1, 3), st.none() | st.floats(0.1, 10.0))
def test_minima_are_proper_colourings(
    graph: nx.Graph, num_colors: int, penalty: float | None
) -> None:
    n = graph.number_of_nodes()
    model = mg.graph_coloring(graph, num_colors, penalty=penalty)
    states = all_states(model)
    energies = model.energies(states)
    assert (abs(energies.min()) < 1e-9) == (fewest_conflicts(graph, num_colors) == 0)
    for state, energy in few(states, energies):
        found = model.decode(state)
        taken = state.reshape(n, num_colors)
        one_each = (taken.sum(axis=1) == 1).all()
        assert one_each == (len(found.colors) == n)
        if one_each:
            assert energy == pytest.approx(found.objective, abs=1e-9)
        assert found.feasible == (abs(energy) < 1e-9)
        repaired = model.decode(state, repair=True)
        assert len(repaired.colors) == n
        if one_each:
            assert repaired == found


@settings(max_examples=20)
@given(graphs(4), st.integers(1, 3))
def test_a_large_penalty_makes_the_fewest_conflicts_minima(
    graph: nx.Graph, num_colors: int
) -> None:
    most = max((degree for _, degree in graph.degree), default=0)
    model = mg.graph_coloring(graph, num_colors, penalty=1 + most // num_colors)
    states = all_states(model)
    energies = model.energies(states)
    fewest = fewest_conflicts(graph, num_colors)
    assert energies.min() == fewest
    for state in states[energies == fewest]:
        found = model.decode(state)
        assert len(found.colors) == graph.number_of_nodes()
        assert found.objective == fewest
    for state, energy in few(states, energies):
        assert model.decode(state, repair=True).objective <= energy


def test_penalties_of_colours() -> None:
    """The negative control: below the bound a vertex of an impossible problem goes without."""
    model = mg.graph_coloring(nx.star_graph(3), 1)
    assert -model.polynomial().linear == pytest.approx(1.0)
    states = all_states(model)
    found = model.decode(states[model.energies(states).argmin()])
    assert found.violations == {"vertices without a colour": 1}
    with pytest.raises(ValueError, match=r"^penalty must be positive, got 0"):
        mg.graph_coloring({(0, 1): 1}, 2, penalty=0)


def test_violations_of_colourings() -> None:
    model = mg.graph_coloring({("a", "b"): 1, ("b", "c"): 1}, 2)
    assert (model.sense, model.objective_name, model.num_colors) == ("minimise", "conflicts", 2)
    assert model.vertices == ("a", "b", "c")
    found = model.decode([1, 1, 1, 0, 0, 0])
    assert found.colors == {"b": 0}
    assert found.objective == 1.0
    assert found.violations == {
        "vertices without a colour": 1,
        "vertices of several colours": 1,
        "edges of one colour": 1,
    }


@pytest.mark.parametrize("num_colors", [0, -1])
def test_bad_numbers_of_colours(num_colors: int) -> None:
    with pytest.raises(ValueError, match=f"^num_colors must be at least 1, got {num_colors}"):
        mg.graph_coloring({(0, 1): 1}, num_colors)
    with pytest.raises(TypeError, match=r"^num_colors must be an integer, got 2.0"):
        mg.graph_coloring({(0, 1): 1}, 2.0)  # type: ignore[arg-type]


# What all of them share


def test_ranges_scale_with_the_weights() -> None:
    graph = nx.petersen_graph()
    assert mg.independent_set(graph).annealing_range() == (1.0, 12.0)
    assert mg.clique(graph, weights=[4] * 10).annealing_range() == (0.25, 3.0)
    assert mg.graph_coloring(graph, 3).annealing_range() == (1.5, 10.0)
    assert mg.max_sat([[1], [2]], weights=[2, 2]).annealing_range() == (1.5, 4.0)
    assert mg.number_partition([10, -10]).annealing_range() == pytest.approx((0.001, 10.0))
    for empty in (mg.independent_set({}), mg.max_sat([]), mg.number_partition([0, 0])):
        assert empty.annealing_range() == (0.1, 1.0)
    result = mg.anneal(mg.clique(graph), num_reads=1, num_sweeps=2, seed=1)
    assert result.info["beta_range"] == (1.0, 12.0)


MODELS = [
    mg.number_partition([3, 1, 2]),
    mg.independent_set({("a", "b"): 1, ("b", "c"): 1}, weights={"a": 2, "b": 1.5, "c": 1}),
    mg.clique({("a", "b"): 1, ("b", "c"): 1}),
    mg.graph_coloring({("a", "b"): 1}, 2),
    mg.max_sat([[1, 2, -3], [-1], [3]], weights=[1, math.inf, 2]),
    mg.maxcut({("a", "b"): 1.0}),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_problems_pickle_resume_and_decode(model: Any, tmp_path: Any) -> None:
    assert isinstance(model, Decodable)
    again = pickle.loads(pickle.dumps(model))
    path = tmp_path / "run.npz"
    result = mg.anneal(model, num_reads=4, num_sweeps=50, seed=1, checkpoint=path)
    assert (mg.resume(path).states == result.states).all()
    for state in all_states(model):
        assert again.decode(state) == model.decode(state)
        assert bool(model.decode(state).text()) != isinstance(model, MaxCut)
    assert (again.objective_name, again.sense) == (model.objective_name, model.sense)
    assert result.objective_name == model.objective_name
    assert model.decode(result.best.state).objective == result.best_objective
    with pytest.raises(ValueError, match=r"^state must be a single one, of shape \(\d,\), got \(1"):
        model.decode(all_states(model)[:1])
    with pytest.raises(ValueError, match=r"^state must hold -?\d or 1, got 2 at index 0"):
        model.decode(np.full(model.num_variables, 2))
    assert not hasattr(model, "__dict__")


def test_plain_models_have_nothing_to_decode() -> None:
    assert not isinstance(mg.Qubo([[1.0]]), Decodable)
