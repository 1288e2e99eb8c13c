"""Temperatures of networks: found by held-out rows, and nothing else changes."""

import numpy as np
import pytest

import magnetite as mg
from magnetite.calibration import fit_temperature


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


def test_it_is_the_temperature_of_the_logits() -> None:
    (logits, y), net = drawn(200), identity()
    found = net.calibrate(3 * logits, y)
    assert found == net.temperature == fit_temperature(3 * logits, y)
    counts = np.arange(200) % 3
    weighted = net.calibrate(logits, y, sample_weight=counts, num_threads=2)
    assert weighted == fit_temperature(logits, y, sample_weight=counts)


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
    with pytest.raises(ValueError, match="the lower the temperature, the likelier"):
        net.calibrate(np.eye(3), [0, 1, 2])
    with pytest.raises(ValueError, match="no likelier than by guessing"):
        net.calibrate(np.eye(3), [1, 2, 0])
    assert net.temperature == 1


def test_labels_that_training_has_not_seen_are_named() -> None:
    with pytest.raises(
        ValueError, match=r"y must hold known classes \(0, 1, 2\), got 5 at index 1"
    ):
        identity().calibrate(np.eye(3), [0, 5, 1])
    with pytest.raises(ValueError, match="y must have a label for each of 3 rows, got 2"):
        identity().calibrate(np.eye(3), [0, 1])
