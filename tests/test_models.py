"""Models: energies against their definitions, conversions both ways, labels, pickling."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
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
from magnetite.models import MaxCut, Model

COEFFICIENTS = st.one_of(
    st.integers(-5, 5).map(float),
    st.floats(-1e6, 1e6, allow_subnormal=False),
    st.floats(-1e-6, 1e-6, allow_subnormal=False),
)


def bits(n: int) -> NDArray[np.int8]:
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(np.int8)


def spins(n: int) -> NDArray[np.int8]:
    return 2 * bits(n) - 1


def squares(low: int = 0, high: int = 6) -> st.SearchStrategy[NDArray[np.float64]]:
    return st.integers(low, high).flatmap(
        lambda n: arrays(np.float64, (n, n), elements=COEFFICIENTS)
    )


def tolerance(*coefficients: Any) -> float:
    """1e-12 of the sum of all coefficients, from which energies come by cancellation."""
    return 1e-12 * (1.0 + sum(float(np.abs(c).sum()) for c in coefficients))


@settings(max_examples=60)
@given(matrix=squares(), offset=COEFFICIENTS, form=st.sampled_from([np.asarray, sp.csr_array]))
def test_qubo_is_taken_literally(matrix: NDArray[Any], offset: float, form: Any) -> None:
    model = mg.Qubo(form(matrix), offset=offset)
    states = bits(len(matrix))
    expected = np.einsum("ki,ij,kj->k", states, matrix, states) + offset
    np.testing.assert_allclose(
        model.energies(states), expected, rtol=0, atol=tolerance(matrix, offset)
    )
    maximised = mg.Qubo(form(matrix), offset=offset, sense="maximise")
    assert maximised.energies(states).tolist() == (-model.energies(states)).tolist()
    assert maximised.objective(states).tolist() == model.energies(states).tolist()


@settings(max_examples=60)
@given(matrix=squares(), offset=COEFFICIENTS)
def test_qubo_and_ising_have_the_same_energies(matrix: NDArray[Any], offset: float) -> None:
    model = mg.Qubo(matrix, offset=offset)
    states = bits(len(matrix))
    close = {"rtol": 0, "atol": tolerance(matrix, offset)}
    ising = model.to_ising()
    assert ising.energies(2 * states - 1).tolist() == model.energies(states).tolist()
    again = mg.Qubo(ising.to_qubo().to_bqm())
    np.testing.assert_allclose(again.energies(states), model.energies(states), **close)
    np.testing.assert_allclose(
        dimod.BQM.from_qubo(dict(np.ndenumerate(matrix)), offset).energies(states)
        if len(matrix)
        else [offset],
        model.energies(states),
        **close,
    )


@settings(max_examples=60)
@given(
    matrix=squares(1),
    bias=arrays(np.float64, 6, elements=COEFFICIENTS),
    values=st.sampled_from(["binary", "spin"]),
)
def test_boltzmann_machine(matrix: NDArray[Any], bias: NDArray[Any], values: Any) -> None:
    n = len(matrix)
    upper, b = np.triu(matrix, 1), bias[:n]
    states = bits(n) if values == "binary" else spins(n)
    expected = -np.einsum("ki,ij,kj->k", states, upper, states) - states @ b
    for weights in (upper, upper + upper.T, sp.csr_array(upper + upper.T)):
        model = mg.BoltzmannMachine(weights, b, values=values)
        np.testing.assert_allclose(
            model.energies(states), expected, rtol=0, atol=tolerance(upper, b)
        )
        np.testing.assert_allclose(
            model.to_bqm().energies(states), expected, rtol=0, atol=tolerance(upper, b)
        )


@settings(max_examples=60)
@given(matrix=squares(1), bias=arrays(np.float64, 6, elements=COEFFICIENTS), offset=COEFFICIENTS)
def test_bqms_of_both_kinds_and_back(
    matrix: NDArray[Any], bias: NDArray[Any], offset: float
) -> None:
    n = len(matrix)
    model = mg.Ising(np.triu(matrix, 1), bias[:n], offset=offset)
    close = {"rtol": 0, "atol": tolerance(matrix, bias, offset)}
    same = mg.Ising.from_bqm(model.to_bqm())
    assert same.energies(spins(n)).tolist() == model.energies(spins(n)).tolist()
    qubo = mg.Qubo.from_bqm(model.to_bqm())
    np.testing.assert_allclose(qubo.energies(bits(n)), model.energies(spins(n)), **close)
    np.testing.assert_allclose(model.to_qubo().energies(bits(n)), model.energies(spins(n)), **close)


def test_qubo_keeps_its_own_coefficients_to_the_bit() -> None:
    energy = mg.Qubo([[0.1, 0.3], [0.7, 1e-9]], offset=1 / 3).polynomial()
    assert energy.weights.tolist() == [4 * (0.3 / 4 + 0.7 / 4)]
    assert energy.linear.tolist() == [0.1, 1e-9]
    assert energy.offset == 1 / 3


def test_qubo_of_a_graph_and_of_edges() -> None:
    graph = nx.Graph([("a", "b", {"weight": 2}), ("a", "a", {"weight": 3})])
    model = mg.Qubo(graph)
    assert model.energies(bits(2)).tolist() == [0.0, 3.0, 0.0, 5.0]
    edges = mg.Qubo(([0, 1, 1], [1, 0, 1], [1.0, 1.0, 5.0]))
    assert edges.energies(bits(2)).tolist() == [0.0, 0.0, 5.0, 7.0]


def test_maxcut() -> None:
    model = mg.maxcut(nx.Graph([(0, 1, {"weight": 2}), (1, 2, {"weight": -3}), (0, 2)]))
    assert isinstance(model, MaxCut)
    assert isinstance(model, mg.Ising)
    states = spins(3)
    expected = [2 * (a != b) - 3 * (b != c) + (a != c) for a, b, c in states.tolist()]
    assert model.cut(states).tolist() == expected
    assert model.objective(states).tolist() == expected
    assert model.cut(states[1]) == expected[1]
    assert model.objective_to_energy(model.cut(states)).tolist() == model.energies(states).tolist()
    assert (model.sense, model.objective_name, model.total_weight) == ("maximise", "cut", 0.0)


def test_maxcut_of_a_bqm_with_fields_is_refused() -> None:
    assert mg.maxcut(dimod.BQM({}, {"ab": 1}, "SPIN")).cut([1, -1]) == 1.0
    for bqm in (dimod.BQM({"a": 1}, {}, "SPIN"), dimod.BQM({}, {}, 1.0, "SPIN")):
        with pytest.raises(ValueError, match=r"^graph must be a BQM without linear biases"):
            mg.maxcut(bqm)
    with pytest.raises(ValueError, match=r"an edge to itself is never cut: remove it$"):
        mg.maxcut(nx.Graph([(1, 1)]))


def test_senses_and_names() -> None:
    square = np.eye(2)
    least, most = mg.Qubo(square), mg.Qubo(square, offset=1.0, sense="maximise")
    assert (least.sense, least.objective_name) == ("minimise", "energy")
    assert (most.sense, most.objective_name) == ("maximise", "value")
    assert most.objective([1, 1]) == 3.0
    assert most.objective_to_energy(3.0) == most.energies([1, 1]) == -3.0
    assert least.objective_to_energy(3.0) == least.energy_to_objective(3.0) == 3.0
    ising = mg.Ising({(0, 1): 1})
    assert (ising.sense, ising.objective_name, ising.objective([1, 1])) == ("minimise", "energy", 1)
    with pytest.raises(
        ValueError, match=r"^sense must be one of 'minimise', 'maximise', got 'max'"
    ):
        mg.Qubo(square, sense="max")  # type: ignore[arg-type]


def test_visible_units() -> None:
    weights = {("a", "b"): 1.0, ("b", "c"): 2.0}
    assert mg.BoltzmannMachine(weights).visible.tolist() == [0, 1, 2]
    for visible in (["c", "a"], ("c", "a")):
        assert mg.BoltzmannMachine(weights, visible=visible).visible.tolist() == [2, 0]
    mask = np.array([True, False, True])
    machine = mg.BoltzmannMachine(weights, visible=mask)
    assert machine.visible.tolist() == [0, 2]
    assert mg.BoltzmannMachine(weights, visible=[]).visible.tolist() == []
    machine.visible[0] = 1
    assert machine.visible.tolist() == [0, 2]
    for wrong, message in (
        (["d"], "visible must name units of W, got 'd'"),
        (["a", "a"], "visible must name each unit once, got 'a' twice"),
        (mask[:2], "visible must have shape (3,) as a mask, got (2,)"),
        (7, "visible must be a sequence of labels or a mask, got int"),
    ):
        with pytest.raises((TypeError, ValueError)) as caught:
            mg.BoltzmannMachine(weights, visible=wrong)
        assert str(caught.value) == message


def test_boltzmann_machine_of_a_bqm_is_its_energy() -> None:
    for vartype, values in (("SPIN", (-1, 1)), ("BINARY", (0, 1))):
        bqm = dimod.BQM({"a": 1.0, "b": 0.5}, {"ab": -2.0}, 0.25, vartype)
        machine = mg.BoltzmannMachine.from_bqm(bqm)
        assert machine.values == values
        assert machine.to_bqm() == bqm
    with pytest.raises(ValueError, match=r"^values must be one of 'binary', 'spin', got 'bits'$"):
        mg.BoltzmannMachine({}, values="bits")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"a unit alone has its bias b$"):
        mg.BoltzmannMachine({(0, 0): 1})


def test_models_of_bqms() -> None:
    assert type(Model.from_bqm(dimod.BQM("SPIN"))) is mg.Ising
    assert type(Model.from_bqm(dimod.BQM("BINARY"))) is mg.Qubo
    assert type(MaxCut.from_bqm(dimod.BQM({}, {"ab": 1}, "SPIN"))) is MaxCut
    bqm = dimod.BQM({"b": 1.0, "a": 0.0, 3: 0.0}, {("a", "b"): -2.0}, 0.25, "BINARY")
    assert Model.from_bqm(bqm).to_bqm() == bqm
    with pytest.raises(TypeError, match=r"^Model is a base"):
        Model()


STATES: list[tuple[Any, str]] = [
    ([1, -1], "states must have shape (3,) or (k, 3), got (2,)"),
    ([[1, -1]], "states must have shape (3,) or (k, 3), got (1, 2)"),
    (1, "states must have shape (3,) or (k, 3), got ()"),
    (np.ones((1, 1, 3)), "states must have shape (3,) or (k, 3), got (1, 1, 3)"),
    ([1, 0, 1], "states must hold -1 or 1, got 0 at index 1"),
    ([[1, 1, 1], [1, 1, 2.5]], "states must hold -1 or 1, got 2.5 at index (1, 2)"),
    ([[True, False, True]], "states must hold -1 or 1, got False at index (0, 1)"),
    ([1, np.nan, 1], "states must hold -1 or 1, got nan at index 1"),
    (["1", "1", "1"], "states must hold numbers, got dtype <U1"),
]


@pytest.mark.parametrize(("states", "message"), STATES)
def test_wrong_states_are_refused(states: Any, message: str) -> None:
    model = mg.Ising(np.zeros((3, 3)))
    for use in (model.energies, model.to_spins):
        with pytest.raises((TypeError, ValueError)) as caught:
            use(states)
        assert str(caught.value) == message
    with pytest.raises((TypeError, ValueError), match=r"^initial_states must h"):
        model.to_spins(states, name="initial_states")


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i8", "f4", "f8"])
def test_states_of_any_type_and_layout(dtype: str) -> None:
    model = mg.Qubo(np.diag([1.0, 2.0, 4.0]))
    wide = np.zeros((4, 6), dtype)
    wide[:, ::2] = bits(3)[2:6]
    wide.flags.writeable = False
    for states in (wide[:, ::2], np.asfortranarray(wide[:, ::2])):
        assert model.energies(states).tolist() == [2.0, 3.0, 4.0, 5.0]
        found = model.to_spins(states)
        assert (found.dtype, found.flags.c_contiguous) == (np.int8, True)
        back = model.from_spins(found)
        assert back.dtype == np.int8
        assert back.tolist() == bits(3)[2:6].tolist()


def test_shapes_of_states() -> None:
    model = mg.Ising(np.zeros((3, 3)))
    assert model.to_spins([1, -1, 1]).tolist() == [[1, -1, 1]]
    assert model.to_spins(np.ones((0, 3))).shape == (0, 3)
    assert model.energies(np.ones((0, 3))).shape == (0,)
    assert isinstance(model.energies([1, 1, 1]), float)
    assert model.from_spins([1, -1, 1]).shape == (3,)
    empty = mg.Ising({})
    assert empty.to_spins([]).shape == (1, 0)
    assert empty.energies(np.ones((4, 0))).tolist() == [0.0] * 4


MODELS: list[Model] = [
    mg.Ising({("a", "b"): 0.1, ("b", 3): -2.0}, {"a": 1 / 3}, offset=0.7),
    mg.Ising({}),
    mg.maxcut(nx.cycle_graph(5)),
    mg.Qubo([[0.1, 0.2], [0.3, 0.4]], offset=0.7, sense="maximise"),
    mg.BoltzmannMachine({(0, 1): 0.1}, [0.3, 1 / 3], visible=[1]),
    mg.BoltzmannMachine({(0, 1): 0.1}, [0.3, 1 / 3], values="spin"),
]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_models_pickle_to_the_bit(model: Model) -> None:
    again = pickle.loads(pickle.dumps(model))
    assert type(again) is type(model)
    assert again.variables == model.variables
    assert again.values == model.values
    assert (again.sense, again.objective_name) == (model.sense, model.objective_name)
    states = model.from_spins(spins(model.num_variables))
    assert again.energies(states).tolist() == model.energies(states).tolist()
    assert again.objective(states).tolist() == model.objective(states).tolist()
    ours, theirs = model.polynomial(), again.polynomial()
    assert ours.linear.tolist() == theirs.linear.tolist()
    assert ours.offset == theirs.offset
    if isinstance(model, mg.BoltzmannMachine):
        assert again.visible.tolist() == model.visible.tolist()


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_models_never_change(model: Model) -> None:
    for name in ("core", "variables", "values", "num_variables", "sense", "colour"):
        with pytest.raises(AttributeError):
            setattr(model, name, None)
    before = model.polynomial()
    model.polynomial().linear[:] = 9.0
    assert model.polynomial().linear.tolist() == before.linear.tolist()
    if isinstance(model, mg.BoltzmannMachine):  # which learns, so that copies are its own
        for other in (copy.copy(model), copy.deepcopy(model)):
            assert other is not model
            assert other.weights.tolist() == model.weights.tolist()
    else:
        assert copy.copy(model) is copy.deepcopy(model) is model


def test_repr() -> None:
    assert repr(mg.Ising({})) == "Ising(0 variables, 0 couplings, density 0)"
    assert repr(mg.Qubo([[1]])) == "Qubo(1 variable, 0 couplings, density 0)"
    assert (
        repr(mg.maxcut({(0, 1): 1, (1, 2): 1})) == "MaxCut(3 variables, 2 couplings, density 0.667)"
    )


def test_beta_range_is_dwaves() -> None:
    rng = np.random.default_rng(7)
    signs = np.triu(rng.choice([-1.0, 1.0], (40, 40)), 1)
    hot, cold = mg.Ising(signs).beta_range()
    assert hot == pytest.approx(0.008886502314871094, rel=1e-14)
    assert cold == pytest.approx(4.147024820051014, rel=1e-14)
    assert mg.Ising(np.zeros((3, 3))).beta_range() == (0.1, 1.0)


def test_two_threads_may_share_a_model() -> None:
    model = mg.Ising(np.triu(np.ones((50, 50)), 1))
    states = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (200, 50))
    expected = model.energies(states)
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(model.energies, [states] * 8):
            assert found.tolist() == expected.tolist()


def test_sums_of_a_qubo_that_overflow_are_refused() -> None:
    for square in (np.full((3, 3), 1.7e308), sp.csr_array(np.full((3, 3), 1.7e308))):
        with pytest.raises(ValueError, match=r"^the sums? of Q .*must be finite"):
            mg.Qubo(square)
    with pytest.raises(ValueError, match=r"^couplings in bits must be finite, got inf at index 0$"):
        mg.Ising({(0, 1): 5e307}).to_qubo()
