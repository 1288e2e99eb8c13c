"""Gradients of the likelihood of labels, alone and with that of the data, by differences."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.training import CD, Context, Discriminative, Exact, Hybrid, Positive
from magnetite.training.gradient import Coordinates
from tools.classifiers import joint, machine, some_rows
from tools.training import DISCRETE, KINDS, NAMES, log_z

Rows = NDArray[Any]


def log_conditional(made: mg.ClassificationRBM, x: Rows, y: Rows, weights: Rows) -> float:
    """Weighted mean of ln p(y | x) by free energies of the machine of both."""
    each = [-made.rbm.free_energy(joint(made, x, np.full(len(x), c))) for c in made.classes]
    own = -made.rbm.free_energy(joint(made, x, y))
    return float((weights * (own - np.logaddexp.reduce(each, axis=0))).sum())


def gradient(made: mg.ClassificationRBM, negative: Any, x: Rows, y: Rows, weights: Rows) -> Any:
    rbm = made.rbm
    v = joint(made, x, y)
    means = rbm.hidden_means(v)
    positive = Positive(v, means, means, weights)
    phase = negative.start(Context(rbm, rbm.layers(), len(v), 1))
    return Coordinates(rbm, "plain", 0.01).gradient(
        rbm.layers(), positive, phase.advance(positive, 0)
    )


def differences(made: mg.ClassificationRBM, objective: Any, step: float = 1e-5) -> dict[str, Rows]:
    """Central differences of an objective by every parameter."""
    found = {}
    for name in NAMES[:3]:
        parameter = getattr(made.rbm, name)
        slopes = np.empty_like(parameter)
        for at in np.ndindex(parameter.shape):
            before = parameter[at]
            parameter[at] = before + step
            up = objective()
            parameter[at] = before - step
            slopes[at] = (up - objective()) / (2 * step)
            parameter[at] = before
        found[name] = slopes
    return found


@pytest.mark.parametrize("hidden", ["binary", "spin", "relu", "categorical"])
@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_the_discriminative_gradient_is_that_of_the_law(visible: str, hidden: str) -> None:
    made = machine(visible, KINDS[hidden])
    x, y = some_rows(made)
    weights = np.arange(1.0, 10.0) / 45
    found = gradient(made, Discriminative(), x, y, weights)
    expected = differences(made, lambda: log_conditional(made, x, y, weights))
    for name, slopes in expected.items():
        np.testing.assert_allclose(found[name], slopes, rtol=0, atol=1e-6, err_msg=name)
    assert np.abs(found["visible_bias"][:4]).max() < 1e-15  # the data cancel
    other = gradient(made, CD(), x, y, weights)  # the test tells gradients apart
    assert np.abs(other["weights"] - expected["weights"]).max() > 1e-3


@pytest.mark.parametrize("visible", DISCRETE)
@pytest.mark.parametrize("alpha", [0.0, 0.3, 5.0])
def test_the_hybrid_gradient_is_that_of_both(visible: str, alpha: float) -> None:
    made = machine(KINDS[visible])
    x, y = some_rows(made)
    weights = np.full(9, 1 / 9)

    def objective() -> float:
        generative = -made.rbm.free_energy(joint(made, x, y)).mean() - log_z(made.rbm)
        return (log_conditional(made, x, y, weights) + alpha * generative) / (1 + alpha)

    found = gradient(made, Hybrid(Exact(), alpha=alpha), x, y, weights)
    for name, slopes in differences(made, objective).items():
        np.testing.assert_allclose(found[name], slopes, rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("negative", [Discriminative(), Hybrid(Exact(), alpha=0.5)], ids=repr)
def test_rows_with_every_label_come_in_parts(negative: Any, monkeypatch: Any) -> None:
    made = machine()
    x, y = some_rows(made)
    weights = np.arange(1.0, 10.0) / 45
    whole = gradient(made, negative, x, y, weights)
    monkeypatch.setattr("magnetite.training.discriminative.NUMBERS_AT_ONCE", 2 * 3 * 10)
    parts = gradient(made, negative, x, y, weights)
    for name in NAMES[:3]:
        np.testing.assert_allclose(parts[name], whole[name], rtol=0, atol=1e-12)


def test_parts_of_an_exact_sample_are_all_scaled(monkeypatch: Any) -> None:
    made = machine()
    x, y = some_rows(made)
    weights = np.full(9, 1 / 9)
    whole = gradient(made, Hybrid(Exact(), alpha=1.0), x, y, weights)
    monkeypatch.setattr("magnetite.training.exact_phase.NUMBERS_AT_ONCE", 20)
    parts = gradient(made, Hybrid(Exact(), alpha=1.0), x, y, weights)
    for name in NAMES[:3]:
        np.testing.assert_allclose(parts[name], whole[name], rtol=0, atol=1e-12)
