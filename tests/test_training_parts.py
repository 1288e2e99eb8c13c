"""The parts of a training by themselves: optimisers, schedules, penalties, phases."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.training import Clock, Context, Positive
from magnetite.training.gradient import Coordinates
from magnetite.training.optimizers import Steps
from tools.training import DISCRETE, KINDS, gradient_of, machine, positive_phase, some_data

NOW = Clock(update=0, epoch=0.0, fraction=0.0)


def of(steps: Steps, name: str) -> NDArray[Any]:
    """Return the step of a parameter."""
    direction = steps.directions[name]
    return direction * direction.dtype.type(steps.rate)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_is_its_formula(nesterov: bool, dtype: str) -> None:
    rng = np.random.default_rng(1)
    options = mg.SGD(mg.training.InverseTime(0.1, half_life=2), 0.9, nesterov)
    run = options.start({"W": (3, 4)}, dtype)
    velocity = np.zeros((3, 4))
    for t in range(6):
        gradient = rng.standard_normal((3, 4)).astype(dtype)
        clock = Clock(update=t, epoch=float(t), fraction=t / 6)
        rate = 0.1 / (1 + t / 2)
        velocity = 0.9 * velocity + rate * gradient
        wanted = 0.9 * velocity + rate * gradient if nesterov else velocity
        found = of(run.steps({"W": gradient}, clock), "W")
        assert found.dtype == dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sgd_without_momentum_is_its_formula(dtype: str) -> None:
    run = mg.SGD(0.1).start({"W": (2,)}, dtype)
    gradient = np.array([1.0, -2.0], dtype)
    np.testing.assert_allclose(of(run.steps({"W": gradient}, NOW), "W"), [0.1, -0.2], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adam_is_its_formula(dtype: str) -> None:
    rng = np.random.default_rng(1)
    run = mg.Adam(0.01, beta1=0.8, beta2=0.95).start({"b": (5,)}, dtype)
    first, second = np.zeros(5), np.zeros(5)
    for t in range(1, 7):
        gradient = rng.standard_normal(5).astype(dtype)
        first = 0.8 * first + 0.2 * gradient
        second = 0.95 * second + 0.05 * np.asarray(gradient, float) ** 2
        wanted = 0.01 * (first / (1 - 0.8**t)) / (np.sqrt(second / (1 - 0.95**t)) + 1e-8)
        found = of(run.steps({"b": gradient}, NOW), "b")
        np.testing.assert_allclose(found, wanted, rtol=1e-4 if dtype == "float32" else 1e-10)


def test_schedules_end_where_they_say() -> None:
    training = mg.training
    ends = {
        training.Linear(1.0, 0.0, begin=0.5): [1.0, 1.0, 0.0],
        training.Cosine(1.0, 0.5): [1.0, 0.75, 0.5],
        training.Step({0: 0.5, 5: 0.9}): [0.5, 0.9, 0.9],
        training.Piecewise({0: 0.0, 5: 1.0}): [0.0, 1.0, 1.0],
        training.Constant(0.3): [0.3, 0.3, 0.3],
    }
    for schedule, wanted in ends.items():
        clocks = [Clock(0, 10 * f, f) for f in (0.0, 0.5, 1.0)]
        assert [schedule(clock) for clock in clocks] == pytest.approx(wanted)
    with pytest.raises(ValueError, match="rate must be at least 0 and finite, got -1"):
        mg.SGD(lambda clock: -1.0).start({"b": (2,)}, "float32").steps({"b": np.ones(2, "f4")}, NOW)


def pushed(penalty: Any, rbm: mg.RBM, kind: str = "plain") -> dict[str, NDArray[Any]]:
    """What a penalty adds to a gradient of zero."""
    data = some_data(rbm)
    positive = positive_phase(rbm, data)
    coordinates = Coordinates(rbm, kind, 0.01)
    coordinates.follow(positive)
    gradient = {name: np.zeros(shape) for name, shape in coordinates.shapes.items()}
    penalty.start(rbm).push(gradient, rbm, positive, coordinates)
    return gradient


def test_penalties_push_along_the_gradients_of_their_formulas() -> None:
    rbm = machine("binary", "binary")
    W = rbm.weights
    np.testing.assert_allclose(pushed(mg.training.L2(0.1), rbm)["weights"], -0.1 * W)
    both = pushed(mg.training.L1(0.1, biases=True), rbm)
    np.testing.assert_allclose(both["weights"], -0.1 * np.sign(W))
    np.testing.assert_allclose(both["hidden_bias"], -0.1 * np.sign(rbm.hidden_bias))
    norms = np.linalg.norm(W, axis=0)
    np.testing.assert_allclose(
        pushed(mg.training.GroupLasso(0.1), rbm)["weights"], -0.1 * W / norms
    )
    assert not pushed(mg.training.L2(0.1), rbm)["visible_bias"].any()
    sparse = pushed(mg.training.SparsityTarget(0.1, cost=2.0), rbm)
    means = rbm.hidden_means(some_data(rbm))
    np.testing.assert_allclose(sparse["hidden_bias"], -2 * (means.mean(axis=0) - 0.1))
    # In centred coordinates the mean of the visible units is nobody's business.
    centred = pushed(mg.training.SparsityTarget(0.1, cost=2.0), rbm, "centered")
    assert np.abs(centred["weights"]).max() < 1e-12 < np.abs(sparse["weights"]).max()


@pytest.mark.parametrize("kind", ["plain", "centered", "standardized"])
@pytest.mark.parametrize("penalty", [mg.training.L1(0.1, True), mg.training.L2(0.1, True)])
def test_penalties_of_biases_push_along_the_gradient_in_all_coordinates(
    penalty: Any, kind: str
) -> None:
    """A step changes the penalty by the product with the gradient, as of every function."""
    rbm = machine("binary", "binary")
    gradient = pushed(penalty, rbm, kind)
    coordinates = Coordinates(rbm, kind, 0.01)
    coordinates.follow(positive_phase(rbm, some_data(rbm)))
    rng = np.random.default_rng(3)
    direction = {name: rng.standard_normal(value.shape) for name, value in gradient.items()}

    def cost(size: float) -> float:
        moved = rbm.copy()
        coordinates.rbm = moved
        coordinates.add(moved.layers(), Steps(direction, size))
        power = 1 if isinstance(penalty, mg.training.L1) else 2
        arrays = moved.weights, moved.visible_bias, moved.hidden_bias
        return 0.1 / power * sum(float((np.abs(a) ** power).sum()) for a in arrays)

    scaled = coordinates.scale(gradient)
    wanted = -sum(float((scaled[name] * direction[name]).sum()) for name in gradient)
    assert (cost(1e-6) - cost(-1e-6)) / 2e-6 == pytest.approx(wanted, rel=1e-6)


def test_penalties_of_biases_have_one_optimum_in_all_coordinates() -> None:
    data = some_data(machine("binary", "binary", n=4, m=2, scale=2.0), rows=30)
    found = []
    for kind in ("plain", "centered", "standardized"):
        rbm = machine("binary", "binary", n=4, m=2)
        rbm.fit(
            data,
            negative=mg.Exact(),
            optimizer=mg.SGD(0.2 if kind != "standardized" else 0.05, momentum=0.9),
            penalties=[mg.training.L2(0.05, biases=True)],
            gradient=kind,
            epochs=1000,
            monitor_every=1000,
            seed=1,
        )
        found.append(np.concatenate([rbm.weights.ravel(), rbm.visible_bias, rbm.hidden_bias]))
    np.testing.assert_allclose(found[1], found[0], atol=1e-6)
    np.testing.assert_allclose(found[2], found[0], atol=1e-6)


def test_penalties_do_what_they_are_for() -> None:
    data = some_data(machine("binary", "binary", n=9, m=4, scale=2.0), rows=200)
    options: dict[str, Any] = {"optimizer": mg.SGD(0.2), "epochs": 60, "seed": 1}

    def fitted(*penalties: Any) -> mg.RBM:
        rbm = mg.RBM(9, 6, weights=0.3 * np.random.default_rng(1).standard_normal((9, 6)))
        rbm.fit(data, penalties=list(penalties), **options)
        return rbm

    free = fitted()
    assert np.abs(fitted(mg.training.L2(0.1)).weights).sum() < 0.5 * np.abs(free.weights).sum()
    assert np.linalg.norm(fitted(mg.training.MaxNorm(0.2)).weights, axis=0).max() <= 0.2001
    assert np.linalg.norm(fitted(mg.training.GroupLasso(0.3)).weights, axis=0).max() < 0.1
    sparse = fitted(mg.training.SparsityTarget(0.1, cost=1.0))
    np.testing.assert_allclose(sparse.hidden_means(data).mean(axis=0), 0.1, atol=0.05)


@pytest.mark.parametrize("start_at", ["data", "biases"])
def test_persistent_chains_start_where_they_should(start_at: str) -> None:
    rbm = machine("binary", "binary", scale=0.0)
    rbm.visible_bias[:] = [9, -9, 9, 9]
    positive = positive_phase(rbm, np.array([[0.0, 1.0, 0.0, 0.0]] * 5))
    phase: Any = mg.PCD(num_chains=8, start_at=start_at).start(Context(rbm, rbm.layers(), 5, 1))
    phase.chains.v, phase.chains.h = phase.chains._begin(positive)
    wanted = [0, 1, 0, 0] if start_at == "data" else [1, 0, 1, 1]
    assert (phase.chains.v == wanted).mean() > 0.95


@pytest.mark.parametrize("hidden", ["binary", "gaussian", "relu"])
@pytest.mark.parametrize("visible", DISCRETE)
def test_many_persistent_chains_give_the_exact_moments(visible: str, hidden: str) -> None:
    rbm = machine(KINDS[visible], KINDS[hidden], scale=1.0)
    data = np.repeat(some_data(rbm, rows=1, seed=4), 7, axis=0)
    positive = positive_phase(rbm, data)
    exact = gradient_of(rbm, data)["weights"]

    def largest_score(num_steps: int) -> float:
        phase: Any = mg.PCD(5000, num_steps).start(Context(rbm, rbm.layers(), 7, 1))
        sample = phase.advance(positive, 0)
        found = Coordinates(rbm, "plain", 0.01).gradient(rbm.layers(), positive, sample)
        products = sample.v[:, :, None] * sample.h_means[:, None, :]
        error = products.std(axis=0) / np.sqrt(5000)
        return float((np.abs(found["weights"] - exact) / error).max())

    assert largest_score(60) < 4
    assert largest_score(1) > 5  # a step away from the data is another distribution


def test_fast_weights_decay_and_drive_the_chains_alone() -> None:
    rbm = machine("binary", "binary")
    positive = positive_phase(rbm, some_data(rbm))
    before = rbm.weights.copy()
    phase: Any = mg.FastPCD(num_chains=50, fast_rate=0.1).start(Context(rbm, rbm.layers(), 7, 1))
    phase.advance(positive, 0)
    after_one = phase.fast["weights"].copy()
    assert np.abs(after_one).max() > 0.001
    np.testing.assert_array_equal(rbm.weights, before)
    calm = Positive(phase.chains.v.copy(), positive.h_means, positive.h, positive.weights)
    assert calm.v.shape == (50, 4)
    phase.options = mg.FastPCD(num_chains=50, fast_rate=1e-12, decay=0.5)
    phase.advance(positive, 1)
    np.testing.assert_allclose(phase.fast["weights"], after_one / 2, atol=1e-9)


def test_mean_field_start_takes_means() -> None:
    rbm = machine("binary", "binary", scale=3.0)
    positive = positive_phase(rbm, some_data(rbm))
    drawn = Positive(positive.v, positive.h_means, 1.0 - positive.h_means.round(), positive.weights)
    context = Context(rbm, rbm.layers(), 7, 1)
    wanted = mg.CD().start(context).advance(positive, 0)  # whose draws are the means
    found = mg.CD(mean_field=True).start(context).advance(drawn, 0)
    np.testing.assert_array_equal(found.v, wanted.v)
    assert (mg.CD().start(context).advance(drawn, 0).v != wanted.v).any()
