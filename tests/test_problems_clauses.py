"""Clauses: the energy is the weight of what is unsatisfied, by enumeration."""

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import magnetite as mg
from tools.states import all_states

WEIGHTS = st.one_of(st.integers(1, 9).map(float), st.floats(0.01, 10.0))


def literals(num_variables: int) -> st.SearchStrategy[int]:
    return st.integers(1, num_variables).flatmap(lambda v: st.sampled_from([v, -v]))


def unsatisfied(clauses: list[list[int]], truth: tuple[bool, ...]) -> NDArray[np.bool_]:
    return np.array([not any(truth[abs(v) - 1] == (v > 0) for v in c) for c in clauses], bool)


@given(
    st.lists(st.lists(literals(5), min_size=1, max_size=5), max_size=4),
    st.data(),
)
def test_energy_is_the_weight_of_unsatisfied_clauses(
    clauses: list[list[int]], data: st.DataObject
) -> None:
    n = 5
    number = len(clauses)
    drawn = data.draw(st.lists(WEIGHTS | st.just(math.inf), min_size=number, max_size=number))
    weights = np.array(drawn, np.float64)
    model = mg.max_sat(clauses, weights=weights, num_variables=n)
    states = all_states(model)
    energies = model.energies(states).reshape(-1, 2**n).min(axis=0)  # over the auxiliaries
    hard = np.isinf(weights)
    costs, infeasible = [], []
    for index, energy in enumerate(energies):
        state = states[index]
        truth = tuple(bool(x) for x in state[:n])
        broken = unsatisfied(clauses, truth)
        cost, num_broken = float(weights[broken & ~hard].sum()), int((broken & hard).sum())
        found = model.decode(state)
        assert found.objective == pytest.approx(cost, rel=1e-12)
        assert found.violations == ({"hard clauses": num_broken} if num_broken else {})
        assert found.values == dict(enumerate(truth, 1))
        assert model.objective(state) >= cost - 1e-9
        if not num_broken:
            assert energy == pytest.approx(cost, rel=1e-12, abs=1e-9)
            costs.append(cost)
        else:
            infeasible.append(energy)
    if costs:
        assert energies.min() == pytest.approx(min(costs), rel=1e-12, abs=1e-9)
        assert min(infeasible, default=math.inf) > min(costs) + 1e-9


@pytest.mark.parametrize("length", range(1, 11))
def test_clauses_of_every_length_are_exact(length: int) -> None:
    signs = np.random.default_rng(length).choice([-1, 1], length)
    clause = (signs * np.arange(1, length + 1)).tolist()
    model = mg.max_sat([clause], weights=[3])
    assert model.num_variables == length + max(0, length - 2)
    states = all_states(model)
    energies = model.energies(states).reshape(-1, 2**length).min(axis=0)
    broken = [unsatisfied([clause], tuple(s[:length] == 1))[0] for s in states[: 2**length]]
    assert energies.tolist() == (3.0 * np.array(broken)).tolist()


def test_clauses_are_tidied() -> None:
    model = mg.max_sat([[1, 1, -2], [3, -3], [-2, 1], [2]], weights=[1, 5, 2, 1])
    assert model.clauses == ((1, -2), (-2, 1), (2,))
    assert model.weights.tolist() == [1.0, 2.0, 1.0]
    assert (model.num_truths, model.variables) == (3, (1, 2, 3))
    assert mg.max_sat([[1, 2, 3], [3, 2, 1]]).num_variables == 5  # an auxiliary for each
    assert mg.max_sat([[1, 2, 3], [1, 2, 3]]).num_variables == 4
    empty = mg.max_sat([], num_variables=2)
    assert empty.energies([0, 1]) == empty.decode([0, 1]).objective == 0.0
    assert mg.max_sat([]).num_variables == 0


def test_penalties_of_hard_clauses() -> None:
    inf = math.inf
    free = mg.max_sat([[1, 2], [-1], [-1, 2], [-2]], weights=[inf, 2, 3, 9])
    assert free.energies([0, 0]) == 5 + 2  # 1 is free, and may break clauses of 2 + 3
    bound = mg.max_sat([[1, 2], [-1, 2], [-2, 1], [-1]], weights=[inf, inf, inf, 9])
    assert bound.energies([0, 0]) == 9 + 9
    assert mg.max_sat([[1], [-1], [2]], weights=[inf, 2, 3]).energies([0, 1]) == 4.0
    assert mg.max_sat([[1], [-1]], weights=[inf, 0.25]).energies([0]) == 0.5
    assert mg.max_sat([[1]], weights=[inf]).energies([0]) == 1.0
    assert mg.max_sat([[1], [-1]], weights=[inf, 2], penalty=2.5).energies([0]) == 2.5
    with pytest.warns(
        UserWarning, match=r"above 2, what satisfying the hard clauses may cost, got 1.5: "
    ):
        model = mg.max_sat([[1], [-1]], weights=[inf, 2], penalty=1.5)
    assert model.energies([0]) < model.energies([1])  # the negative control


@pytest.mark.parametrize(
    ("clauses", "options", "message"),
    [
        ([[1], []], {}, "clauses[1] must hold a literal: an empty clause is never satisfied"),
        ([[1, 0]], {}, "clauses[0] must hold integers other than 0 below 2**31, got 0"),
        ([[2**31]], {}, "clauses[0] must hold integers other than 0 below 2**31, got 2147483648"),
        ([[1.5]], {}, "clauses[0] must hold integers, got 1.5"),
        ([[True]], {}, "clauses[0] must hold integers, got True"),
        ([1, 2], {}, "clauses[0] must be a sequence of integers, got 1"),
        (["1"], {}, "clauses[0] must be a sequence of integers, got '1'"),
        ([[1]], {"weights": [0.0]}, "weights must be positive, got 0 at index 0"),
        ([[1]], {"weights": [-1.0]}, "weights must be positive, got -1 at index 0"),
        ([[1]], {"weights": [math.nan]}, "weights must be positive, got nan at index 0"),
        ([[1]], {"weights": [1, 2]}, "weights must have one number for each of the 1 clauses"),
        ([[3]], {"num_variables": 2}, "num_variables must be at least 3, the largest in clauses"),
        ([[1]], {"penalty": -1}, "penalty must be positive, got -1"),
    ],
)
def test_bad_clauses(clauses: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}"):
        mg.max_sat(clauses, **options)
