"""The temperature of a softmax against its likelihood on a grid, and against a planted one."""

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from magnetite.calibration import fit_temperature, softmax


def loss(logits: NDArray[np.float64], labels: NDArray[np.int64], temperature: float) -> float:
    """The mean negative log-likelihood, written out."""
    z = logits / temperature
    sums = np.logaddexp.reduce(z, axis=1)
    return float((sums - z[np.arange(len(z)), labels]).mean())


def drawn(temperature: float, rows: int = 4000) -> tuple[NDArray[Any], NDArray[np.int64]]:
    rng = np.random.default_rng(1)
    logits = 3.0 * rng.standard_normal((rows, 5))
    below = softmax(logits / temperature).cumsum(axis=1)
    return logits, (rng.random((rows, 1)) > below[:, :-1]).sum(axis=1)


@pytest.mark.parametrize("planted", [0.4, 1.0, 3.0])
def test_a_planted_temperature_is_found_within_its_error(planted: float) -> None:
    logits, labels = drawn(planted)
    found = fit_temperature(logits, labels)
    p = softmax(logits / planted)
    variance = ((p * logits**2).sum(axis=1) - (p * logits).sum(axis=1) ** 2).sum()
    error_of_inverse = 1 / math.sqrt(variance)  # Fisher's information of 1/T
    assert abs(1 / found - 1 / planted) < 4 * error_of_inverse
    assert error_of_inverse < 0.05 / planted


@given(
    hnp.arrays(np.float64, (6, 3), elements=st.floats(-20, 20, width=16)),
    hnp.arrays(np.int64, 6, elements=st.integers(0, 2)),
    hnp.arrays(np.float64, 6, elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])),
)
@settings(max_examples=50, deadline=None)
def test_nothing_on_a_grid_is_better_or_nothing_is_the_best(
    logits: Any, labels: Any, weights: Any
) -> None:
    weights[0] = 1.0

    def mean(temperature: float) -> float:
        each = [loss(logits[[k]], labels[[k]], temperature) for k in range(6)]
        return float(np.average(each, weights=weights))

    losses = [mean(t) for t in np.geomspace(1e-3, 1e3, 25)]
    try:
        found = fit_temperature(logits, labels, sample_weight=weights)
    except ValueError as error:
        colder = "lower" in str(error)
        falls = np.diff(losses[::-1] if colder else losses)
        assert (falls <= 1e-9).all()
        return
    assert mean(found) <= min(losses) + 1e-9


def test_the_slope_is_zero_at_the_minimum() -> None:
    logits, labels = drawn(5.0, 500)
    best = fit_temperature(logits, labels)
    losses = [loss(logits, labels, 1 / (1 / best + step)) for step in (-1e-5, 1e-5)]
    assert abs(losses[1] - losses[0]) / 2e-5 < 1e-8


def test_weights_are_repeated_rows() -> None:
    logits, labels = drawn(2.0, 50)
    counts = np.arange(50) % 3
    repeated = np.repeat(np.arange(50), counts)
    expected = fit_temperature(logits[repeated], labels[repeated])
    found = fit_temperature(logits, labels, sample_weight=counts)
    assert found == pytest.approx(expected, rel=1e-10)
    assert found != pytest.approx(fit_temperature(logits, labels), rel=1e-3)
    with pytest.raises(ValueError, match=r"sample_weight must have shape \(50,\), got \(3,\)"):
        fit_temperature(logits, labels, sample_weight=[1, 2, 3])


def test_where_no_temperature_is_the_best() -> None:
    logits = np.array([[2.0, 0.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="in all 2 rows the likeliest class is the label"):
        fit_temperature(logits, [0, 1])
    with pytest.raises(ValueError, match="labels of 2 rows are no likelier than by guessing"):
        fit_temperature(logits, [1, 0])
    with pytest.raises(ValueError, match="no likelier than by guessing"):
        fit_temperature(0.1 * np.array([[3.0, 0, 0]] * 3), [0, 1, 2])  # but for rounding
    with pytest.raises(ValueError, match="in all 1 rows the likeliest"):
        fit_temperature(logits, [1, 1], sample_weight=[0, 2])
    assert fit_temperature(np.full((2, 2), 3.0), [1, 0]) == 1.0  # all are


def test_constants_of_rows_do_not_count() -> None:
    z, labels = drawn(2.0, 200)
    shifted = z + np.arange(200.0)[:, None]
    assert fit_temperature(shifted, labels) == pytest.approx(fit_temperature(z, labels), rel=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1e30, 1e307])
def test_logits_of_any_size(scale: float) -> None:
    logits = scale * np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, -1.0]])
    found = fit_temperature(logits, [0, 1, 1, 0])
    assert found == pytest.approx(2 * (scale / np.log(3)), rel=1e-12)  # odds of three to one
    np.testing.assert_array_equal(softmax(np.array([[1e308, 0.0]]))[0], [1, 0])


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ([1.0, 2.0], [0], "logits must have shape (rows, classes), one row and two classes"),
        ([[1.0]], [0], "two classes at least, got (1, 1)"),
        (np.empty((0, 2)), [], "one row and two classes at least, got (0, 2)"),
        ([[1.0, math.nan]], [0], "logits must be finite, got nan at index (0, 1)"),
        ([[1.0, 2.0]], [0, 1], "labels must be as many as rows of logits, 1, got 2"),
        ([[1.0, 2.0]], [2], "labels must be below 2, got 2 at index 0"),
        ([[1.0, 2.0]], [-1], "labels must be non-negative, got -1 at index 0"),
        ([[1.0, 2.0]], [[0]], "labels must be a vector, got shape (1, 1)"),
    ],
)
def test_bad_input_is_refused(logits: Any, labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        fit_temperature(logits, labels)


def test_labels_of_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="labels must hold integers"):
        fit_temperature([[1.0, 2.0]], [0.5])
    with pytest.raises(TypeError, match="logits must hold real numbers"):
        fit_temperature([["a", "b"]], [0])
