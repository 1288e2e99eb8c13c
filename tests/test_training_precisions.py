"""Precisions that are learnt: they stay within bounds, or the training says that it diverges."""

from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.training import TrainingDiverged
from magnetite.training.bounds import OutOfBounds, precision_limits
from magnetite.training.gradient import Coordinates
from magnetite.training.optimizers import Steps
from magnetite.training.summary import summarise

LEARNED = mg.units.Gaussian(learn_variance=True)
PARAMETERS = ("weights", "visible_bias", "hidden_bias", "visible_precision", "hidden_precision")
X = np.random.default_rng(1).standard_normal((200, 3)) * [1, 5, 20]


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("rate", [10.0, 1e3, 1e6, 1e30])
@pytest.mark.parametrize("hidden", ["binary", LEARNED])
def test_a_rate_that_is_too_high_diverges_and_leaves_a_machine(
    method: str, rate: float, hidden: Any
) -> None:
    rbm = mg.RBM(3, 2, visible=LEARNED, hidden=hidden)
    rbm.fit(X, optimizer=mg.SGD(1e-4), epochs=1, seed=1)
    before = {name: getattr(rbm, name).copy() for name in PARAMETERS}
    options = {"optimizer": mg.SGD(rate), "precision_rate": 1.0, "batch_size": 20, "seed": 1}
    try:
        getattr(rbm, method)(X, **options)
    except TrainingDiverged:
        for name in PARAMETERS:
            found = getattr(rbm, name)
            assert np.isfinite(found).all()
            if method == "partial_fit":
                np.testing.assert_array_equal(found, before[name], err_msg=name)
    else:
        assert rate < 1e30
    rbm.copy()  # which refuses parameters that are none
    assert np.isfinite(rbm.sample(3, num_steps=5, seed=1)).all()


def test_the_precision_of_a_constant_column_stays_bounded() -> None:
    rng = np.random.default_rng(1)
    data = np.stack([rng.standard_normal(50), np.full(50, 2.0)], axis=1)
    rbm = mg.RBM(2, 1, visible=LEARNED, dtype="float64")
    options: dict[str, Any] = {"negative": mg.Exact(), "precision_rate": 1.0, "seed": 1}
    for _ in range(2):  # nor does it grow from fit to fit
        rbm.fit(data, optimizer=mg.SGD(0.5), epochs=150, **options)
        assert rbm.visible_precision[1] == pytest.approx(1e4)
    assert rbm.visible_precision[0] == pytest.approx(1 / data[:, 0].var(), rel=0.1)
    assert rbm.visible_means([[0.0]])[0, 1] == pytest.approx(2.0, abs=0.01)


def test_limits_are_those_of_the_data() -> None:
    def limits(data: Any, lasting: bool, **options: Any) -> Any:
        rbm = mg.RBM(2, 1, visible=mg.units.Gaussian(0.5, learn_variance=True), **options)
        blocks = iter([(0, np.asarray(data, float))])
        summary = summarise("X", blocks, np.ones(len(data)), whole=False)
        return np.array(precision_limits(rbm, summary, lasting)[0])

    data = [[-10, 3], [10, 3]]
    np.testing.assert_allclose(limits(data, True), [[1e-6, 2e-4], [1e2, 2e4]])
    np.testing.assert_allclose(limits(data, False), [[1e-6, 2e-8], [1e2, 2e8]])
    np.testing.assert_allclose(limits([[np.nan, 3]], True), [[2e-4, 2e-4], [2e4, 2e4]])
    own = limits(data, True, visible_precision=[1e-9, 1e9])
    np.testing.assert_allclose(own, [[1e-9, 2e-4], [1e2, 1e9]])


def test_steps_of_precisions_are_bounded_and_refused_where_they_are_nan() -> None:
    rbm = mg.RBM(2, 1, visible=LEARNED, dtype="float64")
    coordinates = Coordinates(rbm, "centered", 0.01)
    coordinates.mu[:] = 3.0
    steps = {"weights": np.zeros((2, 1)), "visible_bias": np.zeros(2), "hidden_bias": np.zeros(1)}
    steps["visible_precision"] = np.array([5.0, -0.05])
    coordinates.add(rbm.layers(), Steps(steps))
    np.testing.assert_allclose(rbm.visible_precision, np.exp([0.1, -0.05]))
    np.testing.assert_allclose(rbm.visible_bias, 3 * (rbm.visible_precision - 1))
    steps["visible_precision"][1] = np.nan
    with pytest.raises(OutOfBounds, match="visible_precision is no longer finite"):
        coordinates.add(rbm.layers(), Steps(steps))
    assert np.isfinite(rbm.visible_precision).all()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_real_columns_far_from_zero_are_told_of(method: str) -> None:
    Z = np.abs(np.random.default_rng(1).standard_normal((200, 4)))
    visible: Any = [("gaussian", 3), ("relu", 1)]

    def learn(data: Any, dtype: str = "float32") -> None:
        getattr(mg.RBM(4, 2, visible=visible, dtype=dtype), method)(data, seed=1)

    learn(Z + 100.0)  # warnings are errors here
    far = Z + np.array([0, 0, 1e4, 0])
    message = "at most 1000 times .* got mean 10000.8 and deviation 0.6.* in column 2: .* Standardi"
    with pytest.warns(UserWarning, match=message) as told:
        learn(far)
    assert told[0].filename == __file__
    with pytest.warns(UserWarning, match=r"in column 2 \(and 1 more\)"):
        learn(far + np.array([0, 0, 0, 1e4]))
    learn(far, "float64")
    learn((far - far.mean(axis=0)) / far.std(axis=0) + 9)
    far[:, 2] = 1e4  # there is nothing to learn of a constant column
    learn(far)
