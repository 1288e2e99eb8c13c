"""A stream of `partial_fit` goes on: in pickles and copies, with other rates, with callables."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from tools.training import bars_and_stripes

PARAMETERS = ("weights", "visible_bias", "hidden_bias", "visible_precision", "hidden_precision")
X = np.tile(bars_and_stripes(3), (3, 1))
HOLES = X.copy()
HOLES[::5, 2:5] = np.nan
LEARNED = mg.units.Gaussian(learn_variance=True)


class Pull(mg.training.Penalty):
    """A penalty of the user's own, without a repr."""

    def __init__(self, cost: float) -> None:
        self.cost = cost

    def push(self, gradient: Any, rbm: Any, positive: Any, coordinates: Any) -> None:
        gradient["weights"] -= self.cost * rbm.weights


CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "CD": {"negative": mg.CD(2), "gradient": "standardized"},
    "fast PCD, Adam": {"negative": mg.FastPCD(num_chains=6), "optimizer": mg.Adam()},
    "auto": {"negative": mg.PCD(num_chains=6, steps="auto"), "batch_size": 1},
    "tempered": {"negative": mg.TemperedPCD(num_chains=3, num_betas=3, adapt_every=2)},
    "trajectory": {"negative": mg.TrajectoryPCD(num_chains=5)},
    "missing values": {"X": HOLES},
    "penalties": {"penalties": [mg.training.L1(), mg.training.SparsityTarget(0.1)]},
    "gaussian": {"visible": LEARNED},
    "callables": {"optimizer": mg.SGD(lambda clock: 0.1), "penalties": [Pull(0.1)]},
    "weights": {"weighted": True},
}


def assert_same(a: mg.RBM, b: mg.RBM) -> None:
    for name in PARAMETERS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    np.testing.assert_array_equal(a.data_means, b.data_means)


def pickled(rbm: mg.RBM) -> mg.RBM:
    again: mg.RBM = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(rbm))))
    return again


@pytest.mark.parametrize("again", [pickled, copy.deepcopy])
@pytest.mark.parametrize("case", CASES)
def test_streams_survive_pickles_and_copies(case: str, again: Callable[[mg.RBM], mg.RBM]) -> None:
    options = {"batch_size": 7, "seed": 3} | CASES[case]
    data, visible = options.pop("X", X), options.pop("visible", "binary")
    weighted = options.pop("weighted", False)
    whole, broken = mg.RBM(9, 4, visible=visible), mg.RBM(9, 4, visible=visible)
    for start in range(0, 42, 14):
        weights = np.arange(1.0, 15.0) + start if weighted else None
        for rbm in (whole, broken):
            rbm.partial_fit(data[start : start + 14], sample_weight=weights, **options)
        assert_same(whole, broken)
        before, broken = broken, again(broken)
        assert not np.shares_memory(before.weights, broken.weights)
        if before._chains is not None:
            assert not np.shares_memory(before.chains[0], broken.chains[0])


def test_pickles_hold_the_parameters_once() -> None:
    rbm = mg.RBM(100, 100)
    rbm.partial_fit(np.ones((1, 100)), negative=mg.CD(), batch_size=1, seed=1)
    assert len(pickle.dumps(rbm)) < 2.5 * rbm.weights.nbytes  # weights and velocities


def test_a_copy_goes_its_own_way() -> None:
    rbm = mg.RBM(9, 4)
    rbm.partial_fit(X, seed=1)
    other = copy.deepcopy(rbm)
    weights, chains = rbm.weights.copy(), rbm.chains[0].copy()
    other.partial_fit(X)
    np.testing.assert_array_equal(rbm.weights, weights)
    np.testing.assert_array_equal(rbm.chains[0], chains)
    assert (other.weights != weights).any()


def test_parameters_that_were_changed_in_between_count() -> None:
    machines = []
    for again in (lambda rbm: rbm, pickled):
        rbm = mg.RBM(9, 4)
        rbm.partial_fit(X, seed=1)
        rbm = again(rbm)
        rbm.weights[...] = 0
        rbm.partial_fit(X)
        machines.append(rbm)
    assert_same(*machines)
    assert np.abs(machines[0].weights).max() < 0.01


@pytest.mark.parametrize("again", [lambda rbm: rbm, pickled])
@pytest.mark.parametrize("kind", [mg.SGD, mg.Adam])
def test_another_rate_goes_on(kind: type, again: Callable[[mg.RBM], mg.RBM]) -> None:
    """As a schedule does that has the rates of both calls."""
    schedule = kind(mg.training.Step({0: 0.1, 1: 0.02}))
    changed, scheduled = mg.RBM(9, 4), mg.RBM(9, 4)
    for rate in (0.1, 0.02):
        changed.partial_fit(X, optimizer=kind(rate), batch_size=10, seed=1)
        scheduled.partial_fit(X, optimizer=schedule, batch_size=10, seed=1)
        assert_same(changed, scheduled)
        changed = again(changed)


@pytest.mark.parametrize(
    "options", [{"optimizer": mg.Adam()}, {"batch_size": 7}, {"negative": mg.CD()}]
)
def test_other_options_begin_anew(options: dict[str, Any]) -> None:
    rbm = mg.RBM(9, 4)
    rbm.partial_fit(X, batch_size=10, seed=1)
    fresh = mg.RBM(9, 4, **{name: getattr(rbm, name) for name in PARAMETERS})
    for machine in (rbm, fresh):
        machine.partial_fit(X, **{"batch_size": 10, "seed": 2} | options)
    assert_same(rbm, fresh)


def test_callables_and_penalties_made_anew_go_on_and_are_those_that_count() -> None:
    """As a schedule does that has the rates of both calls, and a penalty that was changed."""
    rbm, other = mg.RBM(9, 4), mg.RBM(9, 4)
    schedule, penalty = mg.SGD(mg.training.Step({0: 0.1, 1: 0.02}), 0.9), Pull(0.1)
    for number in (1, 2):
        rate, penalty.cost = (0.1, 0.02)[number - 1], 0.1 * number
        new = mg.SGD(lambda clock, rate=rate: rate, 0.9)
        rbm.partial_fit(X, optimizer=new, penalties=[Pull(0.1 * number)], seed=1)
        other.partial_fit(X, optimizer=schedule, penalties=[penalty], seed=1)
        assert_same(rbm, other)


def test_what_diverges_goes_back_to_before_the_call_and_begins_anew() -> None:
    rbm, rates = mg.RBM(9, 4), mg.SGD(lambda clock: 0.1 if clock.epoch < 1 else 1e9, momentum=0.9)
    rbm.partial_fit(X, optimizer=rates, seed=1)
    rbm.weights[:] = 0.25  # in between, by the user
    before = rbm.copy()
    with pytest.raises(mg.training.TrainingDiverged):
        rbm.partial_fit(X, optimizer=rates)
    assert_same(rbm, before)
    rbm.partial_fit(X, optimizer=rates, initial=None, seed=2)
    before.partial_fit(X, optimizer=rates, initial=None, seed=2)
    assert_same(rbm, before)
