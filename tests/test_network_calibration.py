"""Temperatures: the least held-out loss, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import magnetite as mg
from magnetite.networks.calibration import inverse_temperature


def identity(classes: int = 3) -> mg.networks.Classifier:
    """A network whose logits are its inputs."""
    layer = mg.networks.Dense(np.eye(classes), activation="softmax", dtype="float64")
    return mg.networks.Classifier([layer], classes)


def drawn(rows: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels that have just these chances."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(rows, 3))
    gumbel = -np.log(-np.log(rng.random((rows, 3))))
    return logits, (logits + gumbel).argmax(axis=1)


def loss(logits: np.ndarray, y: np.ndarray, s: float) -> float:
    x = s * logits
    return float((np.logaddexp.reduce(x, axis=1) - x[np.arange(len(y)), y]).mean())


@pytest.mark.parametrize("factor", [0.2, 1.0, 7.0])
def test_a_known_factor_is_found(factor: float) -> None:
    logits, y = drawn(20_000)
    net = identity()
    found = net.calibrate(factor * logits, y)
    # The estimate of s = 1 / T has the variance 1 / (rows * mean variance of the logits).
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    means = (p * logits).sum(axis=1, keepdims=True)
    information = (p * (logits - means) ** 2).sum()
    assert factor / found == pytest.approx(1, abs=4 / np.sqrt(information))
    assert net.temperature == found


def test_it_is_the_minimum() -> None:
    logits, y = drawn(500)
    best = 1 / identity().calibrate(5 * logits, y)
    at = loss(5 * logits, y, best)
    for s in best * np.array([0.9, 0.999, 1.001, 1.1]):
        assert loss(5 * logits, y, s) > at
    slope = (loss(5 * logits, y, best + 1e-5) - loss(5 * logits, y, best - 1e-5)) / 2e-5
    assert abs(slope) < 1e-8


@given(st.integers(0, 10**6), st.integers(2, 30), st.floats(1e-3, 1e3))
@settings(deadline=None, max_examples=60)
def test_any_logits_are_calibrated_or_refused(seed: int, rows: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    logits, y = scale * rng.normal(size=(rows, 3)), rng.integers(3, size=rows)
    weights = np.full(rows, 1 / rows)
    try:
        s = inverse_temperature(logits, y, weights)
    except ValueError:
        right = (logits.argmax(axis=1) == y).all()
        useless = logits[np.arange(rows), y].mean() <= logits.mean()
        assert right or useless
        return
    near = [loss(logits, y, s * factor) for factor in (0.99, 1.0, 1.01)]
    assert near[1] <= min(near) + 1e-12 * abs(near[1])


def test_weights_are_repeated_rows() -> None:
    logits, y = drawn(50)
    counts = np.arange(50) % 3
    repeated = np.repeat(np.arange(50), counts)
    a = identity().calibrate(logits, y, sample_weight=counts)
    assert a == pytest.approx(identity().calibrate(logits[repeated], y[repeated]), rel=1e-10)


def test_classes_do_not_change_and_chances_do() -> None:
    logits, y = drawn(200)
    net = identity()
    before = net.predict(4 * logits), net.predict_proba(4 * logits)
    net.calibrate(4 * logits, y)
    np.testing.assert_array_equal(net.predict(4 * logits), before[0])
    after = net.predict_proba(4 * logits)
    assert after.max(axis=1).mean() < before[1].max(axis=1).mean()
    np.testing.assert_allclose(net.predict_proba(4 * logits, temperature=1.0), before[1])
    np.testing.assert_allclose(after.sum(axis=1), 1)


def test_where_no_temperature_is_the_best() -> None:
    net = identity()
    with pytest.raises(ValueError, match="a row that the network is wrong about"):
        net.calibrate(np.eye(3), [0, 1, 2])
    with pytest.raises(ValueError, match="more probable under the network than by guessing"):
        net.calibrate(np.eye(3), [1, 2, 0])
    assert net.temperature == 1


def test_labels_that_training_has_not_seen_are_named() -> None:
    with pytest.raises(ValueError, match="y must hold classes of the network, got 5 at index 1"):
        identity().calibrate(np.eye(3), [0, 5, 1])
    with pytest.raises(ValueError, match=r"y must have shape \(3,\)"):
        identity().calibrate(np.eye(3), [0, 1])
