"""Conditional machines: plain machines of one condition, the gradient, prediction."""

import itertools
import sys
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.layers import Draws
from magnetite.relatives.history import stack_history
from magnetite.training import Positive, Sample
from magnetite.training.gradient import Coordinates
from magnetite.training.optimizers import Steps
from tools.training import KINDS, Ternary

Floats = NDArray[np.float64]
N, M, P = 3, 2, 2
EPSILON = 1e-5
CONDITIONS = np.array([[0.5, -1.0], [0.0, 2.0], [1.5, 0.5], [-1.0, 0.0]])
PARTS = ("weights", "visible_bias", "hidden_bias", "condition_to_visible", "condition_to_hidden")


def random_model(visible: Any = "binary", hidden: Any = "binary", n: int = N) -> mg.ConditionalRBM:
    rng = np.random.default_rng(1)
    model = mg.ConditionalRBM(n, M, n_condition=P, visible=visible, hidden=hidden, dtype="float64")
    for name in PARTS:
        values = getattr(model, name)
        values[...] = 0.6 * rng.standard_normal(values.shape)
    return model


def rows_of(model: mg.ConditionalRBM, seed: int = 2) -> Floats:
    """A visible state for every condition."""
    groups = model.given(CONDITIONS[0]).visible.groups
    plain = mg.RBM(model.n_visible, 1, visible=groups, dtype="float64")
    return plain.sample(len(CONDITIONS), num_steps=0, seed=seed)


@pytest.mark.parametrize(
    ("visible", "hidden", "n"),
    [
        ("binary", "binary", 3),
        ("spin", "gaussian", 3),
        ("gaussian", "spin", 3),
        (KINDS["learned"], "binary", 3),
        (KINDS["relu"], "binary", 3),
        (mg.units.Categorical(2), "binary", 4),
        ([("binary", 2), ("gaussian", 1)], "binary", 3),
        (Ternary(), "binary", 3),
    ],
)
def test_every_condition_has_the_machine_with_its_biases(visible: Any, hidden: Any, n: int) -> None:
    model = random_model(visible, hidden, n)
    v = rows_of(model)
    for row, u in zip(v, CONDITIONS, strict=True):
        plain = model.given(u)
        b = model.visible_bias + u @ model.condition_to_visible
        c = model.hidden_bias + u @ model.condition_to_hidden
        np.testing.assert_allclose(plain.visible_bias, b, atol=1e-12)
        np.testing.assert_allclose(plain.hidden_bias, c, atol=1e-12)
        np.testing.assert_array_equal(plain.weights, model.weights)
        np.testing.assert_allclose(
            model.free_energy([row], [u]), plain.free_energy([row]), atol=1e-12
        )
        np.testing.assert_allclose(
            model.hidden_means([row], [u]), plain.hidden_means([row]), atol=1e-12
        )
        # The layers that learn and draw agree with it, too.
        machine, joint = model._machine, np.concatenate([row, u])[None]
        layers, one = machine.layers(), np.ones(1)
        h, drawn = layers.hidden(joint, machine.pair, one, Draws(3, 0, 0))
        np.testing.assert_array_equal(h[:, M:], [u])
        np.testing.assert_array_equal(drawn[:, M:], [u])
        back, again = layers.visible(drawn, machine.pair, one, Draws(3, 0, 0))
        np.testing.assert_allclose(back[:, :n], plain.visible_means(drawn[:, :M]), atol=1e-12)
        np.testing.assert_array_equal(again[:, n:], [u])


@pytest.mark.parametrize(("visible", "hidden"), [("binary", "binary"), ("gaussian", "spin")])
def test_probabilities_are_those_of_the_formula(visible: str, hidden: str) -> None:
    model = random_model(visible, hidden)
    v = rows_of(model)
    states = np.array(
        list(itertools.product((0, 1) if hidden == "binary" else (-1, 1), repeat=M)), float
    )
    for row, u in zip(v, CONDITIONS, strict=True):
        b = model.visible_bias + u @ model.condition_to_visible
        c = model.hidden_bias + u @ model.condition_to_hidden
        x = b + states @ model.weights.T
        if visible == "binary":
            own, norms = row @ b, np.log1p(np.exp(x)).sum(axis=1)
        else:
            own = row @ b - row @ row / 2
            norms = (x**2 / 2 + np.log(2 * np.pi) / 2).sum(axis=1)
        log_z = np.logaddexp.reduce(norms + states @ c)
        wanted = own + np.logaddexp.reduce(states @ (c + row @ model.weights)) - log_z
        assert model.log_probabilities([row], [u])[0] == pytest.approx(wanted, abs=1e-10)
    found = model.log_likelihood(v, CONDITIONS)
    assert found.error == 0
    assert found.value == pytest.approx(model.log_probabilities(v, CONDITIONS).mean(), abs=1e-12)


def test_annealed_likelihoods_have_errors_and_brackets() -> None:
    model = random_model()
    v, u = rows_of(model)[[0, 1, 0]], CONDITIONS[[0, 1, 0]]
    exact = model.log_likelihood(v, u).value
    found = model.log_likelihood(v, u, method="annealed", num_betas=200, seed=1)
    assert found.reliable and found.error > 0
    assert abs(found.value - exact) < 4 * found.error
    assert found.bracket[0] < exact < found.bracket[1]
    refused = model.log_likelihood(v, u, method="annealed", num_betas=20, starts="none", seed=1)
    assert not refused.reliable
    assert refused.bracket[1] > exact


# The gradient.


def exact_sample(model: mg.ConditionalRBM, conditions: Floats) -> Sample:
    """The model's own rows given each condition, with their weights."""
    states = np.array(list(itertools.product((0.0, 1.0), repeat=model.n_visible)))
    parts = []
    for u in conditions:
        given = np.repeat(u[None], len(states), axis=0)
        weights = np.exp(model.log_probabilities(states, given)) / len(conditions)
        joint = np.concatenate([states, given], axis=1)
        means = model._machine.layers().hidden(joint, model._machine.pair, np.ones(len(joint)))[0]
        parts.append((joint, means, weights))
    return Sample(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def gradient_of(model: mg.ConditionalRBM, v: Floats, kind: str) -> tuple[Any, Coordinates]:
    machine, joint = model._machine, np.concatenate([v, CONDITIONS], axis=1)
    layers, ones = machine.layers(), np.ones(len(v))
    means = layers.hidden(joint, machine.pair, ones)[0]
    positive = Positive(joint, means, means, ones / len(v))
    coordinates = Coordinates(cast(mg.RBM, machine), kind, 0.01)
    coordinates.follow(positive)
    found = coordinates.gradient(layers, positive, exact_sample(model, CONDITIONS))
    return {name: value.copy() for name, value in found.items()}, coordinates


def test_the_gradient_is_that_of_the_exact_conditional_likelihood() -> None:
    model = random_model()
    v = rows_of(model)
    gradient, _ = gradient_of(model, v, "plain")
    found = {
        "weights": gradient["weights"][:N, :M],
        "condition_to_visible": gradient["weights"][:N, M:].T,
        "condition_to_hidden": gradient["weights"][N:, :M],
        "visible_bias": gradient["visible_bias"][:N],
        "hidden_bias": gradient["hidden_bias"][:M],
    }
    for name in PARTS:
        values = getattr(model, name)
        for index in np.ndindex(values.shape):
            before, sides = values[index], []
            for step in (EPSILON, -EPSILON):
                values[index] = before + step
                sides.append(model.log_likelihood(v, CONDITIONS).value)
            values[index] = before
            slope = (sides[0] - sides[1]) / (2 * EPSILON)
            assert found[name][index] == pytest.approx(slope, abs=1e-7), name
    for name, given in (("weights", np.s_[N:, M:]), ("visible_bias", np.s_[N:])):
        assert not gradient[name][given].any()
    assert not gradient["hidden_bias"][M:].any()


def test_steps_in_centred_coordinates_go_along_the_gradient() -> None:
    model = random_model()
    v = rows_of(model)
    gradient, coordinates = gradient_of(model, v, "centered")
    before = model.log_likelihood(v, CONDITIONS).value
    rate = 1e-5
    coordinates.add(model._machine.layers(), Steps(gradient, rate))
    gain = model.log_likelihood(v, CONDITIONS).value - before
    # In these coordinates the gain of a small step is the square of the gradient.
    wanted = rate * sum(float((part**2).sum()) for part in gradient.values())
    assert gain == pytest.approx(wanted, rel=1e-3)
    assert not model._machine.weights[N:, M:].any()
    assert not model._machine.visible_bias[N:].any()
    assert not model._machine.hidden_bias[M:].any()


# Plain machines.


def test_without_A_and_B_it_is_the_plain_machine() -> None:
    model = random_model()
    model.condition_to_visible[...], model.condition_to_hidden[...] = 0, 0
    plain = mg.RBM(
        N,
        M,
        weights=model.weights,
        visible_bias=model.visible_bias,
        hidden_bias=model.hidden_bias,
        dtype="float64",
    )
    v = rows_of(model)
    np.testing.assert_allclose(
        model.log_probabilities(v, CONDITIONS), plain.log_probabilities(v), atol=1e-12
    )
    np.testing.assert_allclose(model.hidden_means(v, CONDITIONS), plain.hidden_means(v), atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("visible", "options"),
    [
        ("binary", {}),
        ("binary", {"negative": mg.CD(3), "gradient": "plain", "optimizer": mg.Adam(0.01)}),
        ("gaussian", {"gradient": "standardized"}),
        (mg.units.Gaussian(learn_variance=True), {"penalties": [mg.training.L2(1e-3)]}),
    ],
)
def test_conditions_of_zero_train_the_plain_machine_bit_for_bit(
    visible: Any, options: Any, dtype: str
) -> None:
    X = np.random.default_rng(1).integers(0, 2, (130, 17)).astype(float)
    if visible != "binary":
        X += np.random.default_rng(2).standard_normal(X.shape)
    options = {"negative": mg.CD(), "epochs": 3, "batch_size": 25, "seed": 5} | options
    plain = mg.RBM(17, 9, visible=visible, dtype=dtype)
    plain.fit(X, **options)
    model = mg.ConditionalRBM(17, 9, n_condition=4, visible=visible, dtype=dtype)
    model.fit(X, conditions=np.zeros((130, 4)), **options)
    for name in ("weights", "visible_bias", "hidden_bias", "visible_precision"):
        np.testing.assert_array_equal(getattr(model, name), getattr(plain, name), err_msg=name)
    other = mg.ConditionalRBM(17, 9, n_condition=4, visible=visible, dtype=dtype)
    other.fit(X, conditions=np.ones((130, 4)) * np.arange(130)[:, None] / 100, **options)
    assert (other.weights != plain.weights).any()  # conditions do count


# What comes next.


def exact_means(model: mg.ConditionalRBM) -> Floats:
    states = np.array(list(itertools.product((0.0, 1.0), repeat=N)))
    weights = [
        np.exp(model.log_probabilities(states, np.repeat(u[None], len(states), axis=0)))
        for u in CONDITIONS
    ]
    return np.array(weights) @ states


def test_chains_predict_the_exact_means() -> None:
    model, chains = random_model(), 600
    exact = exact_means(model)
    found = model.predict(CONDITIONS, method="gibbs", num_chains=chains, num_steps=15, seed=1)
    errors = np.sqrt(exact * (1 - exact) / chains)  # of draws; those of means are smaller
    assert (np.abs(found - exact) < 4 * errors).all()
    wrong = model.predict(CONDITIONS[::-1], method="gibbs", num_chains=chains, seed=1)
    assert (np.abs(wrong - exact) > 8 * errors).any()
    np.testing.assert_array_equal(
        found,
        model.predict(
            CONDITIONS, method="gibbs", num_chains=chains, num_steps=15, seed=1, num_threads=2
        ),
    )


def test_chains_of_few_rows_at_a_time_predict_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"method": "gibbs", "num_chains": 3, "seed": 1}
    model = random_model()
    whole = model.predict(CONDITIONS, **options)
    monkeypatch.setattr(sys.modules["magnetite.relatives.conditional_draws"], "CHAIN_ENTRIES", 54)
    np.testing.assert_array_equal(model.predict(CONDITIONS, **options), whole)
    assert model.predict(np.empty((0, P)), **options).shape == (0, N)


def test_mean_field_is_a_fixed_point() -> None:
    model = random_model()
    v = model.predict(CONDITIONS, num_steps=200)
    for row, u in zip(v, CONDITIONS, strict=True):
        plain = model.given(u)
        np.testing.assert_allclose(plain.reconstruct(row), row[None], atol=1e-10)
    assert (np.abs(v - exact_means(model)) < 0.05).all()


def test_simulated_series_have_the_chances_of_the_model() -> None:
    model = mg.ConditionalRBM(1, 1, order=2, dtype="float64")
    for name, value in (("weights", 1.0), ("visible_bias", -1.0), ("hidden_bias", 0.5)):
        getattr(model, name)[...] = value
    model.condition_to_visible[...] = [[2.0], [-1.5]]
    model.condition_to_hidden[...] = [[-1.0], [1.0]]
    drawn = model.simulate([[1], [0]], 25, num_chains=1000, gibbs_steps=10, seed=1)[:, :, 0]
    assert drawn.shape == (1000, 25)
    pasts = np.array(list(itertools.product((0, 1), repeat=2)))  # the last frame first
    chances = np.exp(model.log_probabilities(np.ones((4, 1)), pasts))
    for past, chance in zip(pasts, chances, strict=True):
        now = drawn[:, 2:][(drawn[:, 1:-1] == past[0]) & (drawn[:, :-2] == past[1])]
        error = np.sqrt(chance * (1 - chance) / len(now))
        assert len(now) > 1000
        assert abs(now.mean() - chance) < 4 * error
    first = np.exp(model.log_probabilities([[1]], [[0, 1]]))[0]  # after 1, then 0
    assert abs(drawn[:, 0].mean() - first) < 4 * np.sqrt(first * (1 - first) / 1000)
    assert abs(chances[1] - chances[2]) > 0.2  # so that a past the wrong way round would fail


def test_history_is_the_frame_before_then_the_one_before_it() -> None:
    series = np.arange(10.0).reshape(5, 2)
    X, conditions = stack_history(series, 2)
    np.testing.assert_array_equal(X, series[2:])
    np.testing.assert_array_equal(conditions[0], [2, 3, 0, 1])
    both, past = stack_history([series, series[:3] + 100], 2)
    np.testing.assert_array_equal(both, np.concatenate([X, series[2:3] + 100]))
    np.testing.assert_array_equal(past[-1], [102, 103, 100, 101])
