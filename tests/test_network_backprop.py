"""Back-propagation: gradients against finite differences, and the same bits by any threads."""

from itertools import pairwise, product

import numpy as np
import pytest

from magnetite.networks.backprop import Passes, names
from magnetite.networks.dense import Dense
from magnetite.networks.losses import BernoulliCrossEntropy, CrossEntropy, SquaredError

HIDDEN = ("sigmoid", "tanh", "relu", "linear")
LOSSES = {
    "softmax": CrossEntropy(),
    "bernoulli": BernoulliCrossEntropy(),
    **{name: SquaredError(name) for name in HIDDEN},
}
RNG = np.random.default_rng(1)
X = RNG.normal(size=(6, 4))
WEIGHTS = RNG.random(6)


def stack(hidden: str, dtype: str = "float64") -> list[Dense]:
    rng = np.random.default_rng(2)
    sizes = (4, 5, 4, 3)
    return [
        Dense(rng.normal(size=(n, m)), rng.normal(size=m), activation=hidden, dtype=dtype)
        for n, m in pairwise(sizes)
    ]


def targets_of(name: str) -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.integers(3, size=6) if name == "softmax" else rng.random((6, 3))


def mean_loss(layers, loss, masks, targets) -> float:
    passes = Passes(layers, 1)
    last = passes.forward(X, passes.pairs(), masks).last
    return float(WEIGHTS @ loss.rows(last, targets))


def gradient(layers, loss, masks, targets, x=X, weights=WEIGHTS, threads=1):
    passes = Passes(layers, threads)
    pairs = passes.pairs()
    trace = passes.forward(x, pairs, masks)
    into = {names(k)[0]: np.empty_like(layer.weights) for k, layer in enumerate(layers)}
    slope = loss.slope(trace.last, targets)
    return passes.descent(trace, slope, weights, pairs, masks, into)


@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize(("hidden", "name"), list(product(HIDDEN, LOSSES)))
def test_gradients_are_finite_differences(hidden: str, name: str, dropped: bool) -> None:
    layers, loss, targets = stack(hidden), LOSSES[name], targets_of(name)
    rng = np.random.default_rng(4)
    masks = [2.0 * (rng.random((6, layer.n_inputs)) < 0.5) if dropped else None for layer in layers]
    found = gradient(layers, loss, masks, targets)
    step = 1e-6
    for number, layer in enumerate(layers):
        for array, its in zip((layer.weights, layer.bias), names(number), strict=True):
            expected = np.empty_like(array)
            for index in np.ndindex(array.shape):
                kept = array[index]
                array[index] = kept + step
                up = mean_loss(layers, loss, masks, targets)
                array[index] = kept - step
                down = mean_loss(layers, loss, masks, targets)
                array[index] = kept
                expected[index] = -(up - down) / (2 * step)
            scale = max(1.0, np.abs(expected).max())
            np.testing.assert_allclose(found[its], expected, rtol=0, atol=1e-6 * scale)


def test_the_check_would_see_a_wrong_gradient() -> None:
    layers, loss, targets = stack("tanh"), LOSSES["softmax"], targets_of("softmax")
    right = gradient(layers, loss, [None] * 3, targets)
    wrong = gradient(layers, loss, [None] * 3, (targets + 1) % 3)
    assert np.abs(right["weights_0"] - wrong["weights_0"]).max() > 1e-2


@pytest.mark.parametrize("name", LOSSES)
def test_losses_stay_exact_far_out(name: str) -> None:
    """Chances of 1e-80 have logarithms in float32 too."""
    inputs = np.array([[200.0, 0.0, -200.0]], np.float32)
    targets = np.array([2]) if name == "softmax" else np.array([[1.0, 0.0, 1.0]], np.float32)
    found = LOSSES[name].rows(inputs, targets)
    assert np.isfinite(found).all()
    if name == "softmax":
        assert found[0] == 400
    if name == "bernoulli":
        assert found[0] == pytest.approx(np.log(2) + 200, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_do_not_depend_on_threads(dtype: str) -> None:
    rng = np.random.default_rng(1)
    layers = [
        Dense(rng.normal(size=(n, m)) / n, activation="sigmoid", dtype=dtype)
        for n, m in ((130, 260), (260, 70), (70, 10))
    ]
    x, weights = rng.random((333, 130)).astype(dtype), rng.random(333)
    targets = rng.integers(10, size=333)
    one, *others = (
        gradient(layers, CrossEntropy(), [None] * 3, targets, x, weights, threads)
        for threads in (1, 2, 3, 5)
    )
    for other in others:
        for name, value in one.items():
            np.testing.assert_array_equal(value, other[name])
