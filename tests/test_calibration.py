"""The temperature of a softmax against its likelihood on a grid, and against a planted one."""

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from magnetite.calibration import COLDEST, HOTTEST, fit_temperature, softmax


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
)
def test_nothing_on_a_grid_is_better(logits: Any, labels: Any) -> None:
    found = fit_temperature(logits, labels)
    assert COLDEST <= found <= HOTTEST
    best = loss(logits, labels, found)
    grid = np.geomspace(COLDEST, HOTTEST, 60)
    assert best <= min(loss(logits, labels, t) for t in grid) + 1e-9


def test_bounds_and_constants_of_rows() -> None:
    logits = np.array([[2.0, 0.0], [0.0, 1.0]])
    assert fit_temperature(logits, [0, 1]) == COLDEST
    assert fit_temperature(logits, [1, 0]) == HOTTEST
    assert fit_temperature(np.zeros((2, 2)), [1, 0]) == 1.0  # nothing to learn from
    z, labels = drawn(2.0, 200)
    shifted = z + np.arange(200.0)[:, None]
    assert fit_temperature(shifted, labels) == pytest.approx(fit_temperature(z, labels), rel=1e-9)


def test_huge_logits_overflow_nothing() -> None:
    logits = np.array([[1e30, 0.0], [0.0, 1e30], [1e30, 0.0]])
    assert fit_temperature(logits, [0, 1, 1]) == HOTTEST
    np.testing.assert_array_equal(softmax(logits)[0], [1, 0])


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
