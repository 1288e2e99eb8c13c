"""Rows of means instead of states, as grey pixels are for bits."""

from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.training.held import Rating


def test_states_are_learnt_alike_as_states_and_as_means() -> None:
    X = np.random.default_rng(1).random((60, 5)) < 0.3
    machines = [mg.RBM(5, 3) for _ in range(4)]
    for rbm, means in zip(machines[:2], (False, True), strict=True):
        rbm.fit(X, means=means, epochs=3, batch_size=20, seed=1)
    for rbm, means in zip(machines[2:], (False, True), strict=True):
        rbm.partial_fit(X, means=means, seed=1)
    np.testing.assert_array_equal(machines[0].weights, machines[1].weights)
    np.testing.assert_array_equal(machines[2].weights, machines[3].weights)


def test_means_of_rows_are_learnt() -> None:
    grey = np.random.default_rng(1).random((60, 5))
    rbm = mg.RBM(5, 3)
    run = rbm.fit(grey, means=True, validation=grey[:9], epochs=2, seed=1)
    np.testing.assert_allclose(rbm.data_means, grey.mean(axis=0), rtol=1e-6)
    figures = {name: run.history[name][-1] for name in run.history}
    unknown = {name for name, value in figures.items() if np.isnan(value)}
    assert unknown == {"pseudo_log_likelihood", "validation_pseudo_log_likelihood"}


@pytest.mark.parametrize(
    ("visible", "value", "rule"),
    [
        ("binary", 1.5, "numbers from 0 to 1"),
        ("binary", np.nan, "a value in every row"),
        ("spin", -1.5, "numbers from -1 to 1"),
        ("gaussian", np.inf, "finite numbers"),
        ("relu", -1.0, "finite numbers that are not negative"),
        (mg.units.Categorical(2), 2.0, "groups of 2 columns with chances, whose sum is 1,"),
        (mg.units.Categorical(2), 0.4, "groups of 2 columns with chances, whose sum is 1,"),
    ],
)
def test_what_are_no_means_is_refused(visible: Any, value: float, rule: str) -> None:
    with pytest.raises(ValueError, match=f"X must (hold|have) {rule}"):
        mg.RBM(2, 2, visible=visible).fit([[value, value]], means=True)


def test_chances_of_categories_are_learnt_and_may_be_missing() -> None:
    chances = np.random.default_rng(1).dirichlet(np.ones(3), (60, 2)).reshape(60, 6)
    chances[4, :3] = np.nan
    rbm = mg.RBM(6, 2, visible=mg.units.Categorical(3))
    rbm.fit(chances, means=True, epochs=1, seed=1)
    np.testing.assert_allclose(rbm.data_means, np.nanmean(chances, axis=0), rtol=1e-6)
    chances[4, 0] = 0.5
    with pytest.raises(ValueError, match="all columns of a missing site must be nan"):
        rbm.fit(chances, means=True)


def test_means_may_leave_the_range_by_rounding() -> None:
    grey = np.array([[1 + 1e-15, -1e-15], [0.2, 0.4]])  # as a scaler may make them
    mg.RBM(2, 2, dtype="float64").fit(grey, means=True, epochs=1, seed=1)
    with pytest.raises(ValueError, match="X must hold numbers from 0 to 1"):
        mg.RBM(2, 2, dtype="float64").fit(grey + 1e-5, means=True)


def test_absent_ratings_are_right_as_means_too() -> None:
    rows = np.array([[0.0, 0.0, 0.2, 0.8], [1.0, 0.0, 0.3, 0.3]])
    wrong = Rating(2).wrong_means(rows)
    assert wrong.tolist() == [[False] * 4, [False, False, True, True]]


def test_means_have_no_deviations_of_states() -> None:
    with pytest.raises(ValueError, match="gradient must be 'plain' or 'centered' where means"):
        mg.RBM(2, 2).fit([[0.5, 0.5]], means=True, gradient="standardized")
    with pytest.raises(TypeError, match="means must be True or False, got 1"):
        mg.RBM(2, 2).fit([[0.5, 0.5]], means=1)


@pytest.mark.parametrize("pass_up", ["means", "samples"])
def test_grey_pixels_are_learnt_as_means(pass_up: str) -> None:
    X = np.random.default_rng(1).random((48, 9)) < 0.4
    grey = (X + 1) / 3
    dbn, alone = mg.DBN([9, 6, 4]), mg.RBM(9, 6)
    result = dbn.fit(grey, means=True, pass_up=pass_up, epochs=2, seed=1)
    alone.fit(grey, means=True, epochs=2, seed=result.runs[0].info["seed"])
    np.testing.assert_array_equal(dbn.layers[0].weights, alone.weights)
    np.testing.assert_allclose(dbn.layers[0].data_means, grey.mean(axis=0), rtol=1e-6)
    assert dbn.transform(grey).shape == (len(X), 4)
    with pytest.raises(ValueError, match="X must hold numbers from 0 to 1"):
        dbn.fit(grey + 1, means=True)
    with pytest.raises(ValueError, match="means of bits \\(means=True\\)"):
        dbn.fit(grey)


def test_grey_frames_are_learnt_as_means() -> None:
    u = np.array([[-3.0], [3.0]] * 50)
    grey, model = 0.5 + u / 10, mg.ConditionalRBM(1, 2, n_condition=1)
    model.fit(grey, conditions=u, means=True, optimizer=mg.Adam(0.05), epochs=100, seed=1)
    np.testing.assert_allclose(model.predict([[-3.0], [3.0]]), [[0.2], [0.8]], atol=0.05)
    with pytest.raises(ValueError, match="X must hold numbers from 0 to 1"):
        model.fit(grey + 1, conditions=u, means=True)


def test_grey_data_are_learnt_as_means() -> None:
    made = mg.ClassificationRBM(2, 4, classes=2)
    grey = np.tile([[0.1, 0.9], [0.9, 0.1]], (50, 1))
    made.fit(grey, [0, 1] * 50, means=True, validation=(grey, [0, 1] * 50), epochs=30, seed=1)
    assert made.score(grey, [0, 1] * 50) == 1.0
    with pytest.raises(TypeError, match="means must be True or False, got 1"):
        made.fit(grey, [0, 1] * 50, means=1)
    made.fit(grey, [0, 1] * 50, means=np.True_, epochs=1, seed=1)
    with pytest.raises(ValueError, match="X of validation must hold numbers from 0 to 1"):
        made.fit(grey, [0, 1] * 50, means=True, validation=(grey + 1, [0, 1] * 50))
