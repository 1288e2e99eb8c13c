"""The bound of a stack's log-likelihood, against sums over all states of small ones."""

import math
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.estimates import Estimate
from tools.stacks import exact_values, small_stack, untied_stack
from tools.training import bars_and_stripes, log_z, machine, mean_log_likelihood

STATES = mg.RBM(4, 1).visible.states(0, 16)


@pytest.mark.parametrize("make", [small_stack, untied_stack])
@pytest.mark.parametrize("sizes", [(4, 3, 3), (4, 3, 2, 3)])
def test_it_is_the_exact_bound_and_below_the_exact_log_likelihood(
    make: Any, sizes: tuple[int, ...]
) -> None:
    dbn = make(*sizes)
    found = dbn.log_likelihood_bound(STATES, num_samples=100, seed=1)
    exact, each = exact_values(dbn, STATES)
    assert np.exp(exact).sum() == pytest.approx(1, abs=1e-12)
    assert (each < exact).all()
    assert abs(found.value - each.mean()) < 4 * found.error
    deviations = (found.log_weights - log_z(dbn.layers[-1]) - each) / found.errors
    assert (np.abs(deviations) < 4.5).all()
    assert 0.4 < deviations.std() < 1.6
    # The gap is many times the error: that it is below says something.
    assert exact.mean() - each.mean() > 5 * found.error
    assert found.bracket == (found.value - 2 * found.error, found.value + 2 * found.error)


@pytest.mark.parametrize(("visible", "hidden"), [("spin", "spin"), ("gaussian", "binary")])
def test_other_units(visible: Any, hidden: Any) -> None:
    dbn = small_stack(4, 3, 3, visible=visible, hidden=hidden, scale=0.5)
    rows = dbn.generate(8, means=False, num_steps=20, seed=2)
    exact, each = exact_values(dbn, rows)
    found = dbn.log_likelihood_bound(rows, num_samples=100, seed=1)
    assert abs(found.value - each.mean()) < 4 * found.error
    assert (each < exact).all()


def test_of_one_machine_it_is_its_log_likelihood() -> None:
    rbm = machine("binary", "binary", 4, 3)
    found = mg.DBN([rbm]).log_likelihood_bound(STATES)
    assert found.value == pytest.approx(rbm.log_likelihood(STATES).value, abs=1e-12)
    assert found.error == 0


def test_a_mirrored_machine_leaves_the_log_likelihood_of_the_one_below() -> None:
    """So greedy training starts where the bound is tight; a little weight changes that."""
    X = bars_and_stripes(3)
    dbn = mg.DBN([9, 5, 9], dtype="float64")
    dbn.fit(X, layers=[{"epochs": 200}, {"epochs": 0, "initial": None}], batch_size=8, seed=1)
    below, above = dbn.layers
    np.testing.assert_array_equal(above.weights, below.weights.T)
    before = dbn.log_likelihood_bound(X, num_samples=5, seed=1)
    assert before.value == pytest.approx(mean_log_likelihood(below, X), abs=1e-9)
    assert before.errors.max() < 1e-9  # whatever is drawn, the terms are the same
    above.weights += 0.1
    after = dbn.log_likelihood_bound(X, num_samples=100, seed=1)
    assert after.errors.min() > 1e-3
    # Without the option, or where the shapes do not allow it, weights are random and small.
    for other, options in ((mg.DBN([9, 5, 9]), {"mirrored": False}), (mg.DBN([9, 5, 8]), {})):
        other.fit(X, epochs=0, seed=1, **options)
        assert 0 < np.abs(other.layers[1].weights).max() < 0.1


def test_learning_the_upper_machine_raises_the_bound() -> None:
    X = np.tile(bars_and_stripes(3), (20, 1))
    dbn = mg.DBN([9, 4, 9], dtype="float64")
    options = {"batch_size": 40, "optimizer": mg.SGD(0.3), "pass_up": "samples", "seed": 1}
    each = [{"epochs": 100, "negative": mg.CD()}, {"epochs": 20, "negative": mg.Exact()}]
    dbn.fit(X, layers=each, monitor_every=100, **options)
    tied = mean_log_likelihood(dbn.layers[0], X)
    found = dbn.log_likelihood_bound(X[:16], num_samples=200, seed=1)
    assert found.bracket[0] > tied + 0.1


def test_rows_are_worked_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    dbn = small_stack(4, 3, 3)
    monkeypatch.setattr("magnetite.deep.bound.BLOCK_ROWS", 5)
    found = dbn.log_likelihood_bound(STATES, num_samples=100, seed=1)
    assert abs(found.value - exact_values(dbn, STATES)[1].mean()) < 4 * found.error
    # The same where the way up has arrays of its own, whose energies do not cancel.
    dbn.untie()
    again = dbn.log_likelihood_bound(STATES, num_samples=100, seed=1)
    np.testing.assert_allclose(again.log_weights, found.log_weights, atol=1e-12)


def test_the_bound_of_rows() -> None:
    dbn = small_stack(4, 3, 3)
    rows = dbn.log_probability_bounds(STATES, num_samples=20, seed=1)
    assert rows.mean() == pytest.approx(
        dbn.log_likelihood_bound(STATES, num_samples=20, seed=1).value
    )


def test_log_z_is_found_once_and_passed_on() -> None:
    dbn = small_stack(4, 3, 3)
    found = dbn.log_likelihood_bound(STATES[:4], seed=1)
    again = dbn.log_likelihood_bound(STATES[4:], log_z=found, seed=1)
    assert again.log_z is found.log_z
    number = dbn.log_likelihood_bound(STATES[4:], log_z=log_z(dbn.layers[-1]), seed=1)
    assert number.value == pytest.approx(again.value, abs=1e-9)


def test_error_and_bracket_hold_those_of_log_z() -> None:
    dbn = small_stack(4, 3, 3)
    exact = dbn.log_likelihood_bound(STATES, seed=1)
    log_z = exact.log_z.value
    known = Estimate(log_z, 0.3, (log_z - 1.0, log_z + 2.0), 50.0, True, "")
    found = dbn.log_likelihood_bound(STATES, log_z=known, seed=1)
    assert found.error == pytest.approx(math.hypot(0.3, exact.error))
    ends = (exact.value - 2.0 - 2 * exact.error, exact.value + 1.0 + 2 * exact.error)
    assert found.bracket == pytest.approx(ends)
    refused = Estimate(math.nan, math.nan, known.bracket, 2.0, False, "too few weights")
    found = dbn.log_likelihood_bound(STATES, log_z=refused, seed=1)
    assert (found.reliable, found.reason) == (False, "too few weights")
    assert math.isnan(found.value)
    assert found.bracket == pytest.approx(ends)
    assert np.isnan(dbn.log_probability_bounds(STATES, log_z=refused)).all()


def test_annealed_log_z_of_the_top() -> None:
    dbn = small_stack(4, 3, 3)
    found = dbn.log_likelihood_bound(
        STATES, num_samples=100, method="annealed", num_betas=100, seed=1
    )
    assert found.reliable
    assert found.bracket[0] < exact_values(dbn, STATES)[1].mean() < found.bracket[1]


def test_it_is_a_function_of_the_seed() -> None:
    dbn = small_stack(4, 3, 3)
    values = [
        dbn.log_likelihood_bound(STATES, seed=s, num_threads=t).value
        for s, t in ((1, 1), (1, 3), (2, 1))
    ]
    assert values[0] == values[1] != values[2]


def test_ctrl_c_keeps_log_z(monkeypatch: pytest.MonkeyPatch) -> None:
    dbn, calls, rows_drawn = small_stack(4, 3, 3), [], mg.RBM.sample_hidden

    def sample_hidden(*args: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return rows_drawn(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(mg.RBM, "sample_hidden", sample_hidden)
        with pytest.raises(KeyboardInterrupt) as caught:
            dbn.log_likelihood_bound(STATES, seed=1)
    found = caught.value.result  # type: ignore[attr-defined]
    assert not found.reliable
    assert found.log_z.value == pytest.approx(log_z(dbn.layers[-1]))
    assert dbn.log_likelihood_bound(STATES, log_z=found, seed=1).reliable


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "columns": ({"X": STATES[:, :3]}, ValueError, r"X must have shape \(rows, 4\)"),
    "values": ({"X": STATES + 1}, ValueError, "X must hold 0 or 1"),
    "missing": ({"X": STATES * np.nan}, ValueError, "X must hold 0 or 1"),
    "no rows": ({"X": STATES[:0]}, ValueError, "X must have at least one row"),
    "one draw": ({"num_samples": 1}, ValueError, "num_samples must be at least 2, got 1"),
    "method": ({"method": "guess"}, ValueError, "method must be one of"),
    "option": ({"num_beta": 5}, TypeError, "num_beta"),
    "log_z": ({"log_z": "3"}, TypeError, "log_z must be a real number"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(case: str) -> None:
    options, error, message = BAD[case]
    with pytest.raises(error, match=message):
        small_stack(4, 3, 3).log_likelihood_bound(**{"X": STATES, **options})
