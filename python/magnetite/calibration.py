"""Chances that can be trusted: the temperature of a softmax that fits held-out labels."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_finite, check_real, check_weights, index_vector, real_array
from magnetite.units.discrete import Categorical

__all__ = ["check_temperature", "fit_temperature", "softmax"]

Floats = NDArray[np.float64]

ROUNDING = 1e-14
"""A slope of this share of its terms is none."""

MAX_STEPS = 200
"""Each halves a bracket at least, or is a step of Newton's."""


def fit_temperature(
    logits: ArrayLike, labels: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Return the temperature T at which ``softmax(logits / T)`` makes held-out labels likeliest.

    The mean negative log-likelihood is convex in 1/T, whose derivative, the mean of
    ``sum_k p_k z_k - z_label`` over rows of logits z, is brought to zero. The order of the classes
    stays as it is; only their chances change.

    Parameters
    ----------
    logits : array_like, shape (rows, classes)
        Logarithms of chances but for a constant of each row; two classes at least.
    labels : array_like of int, shape (rows,)
        The true classes, numbered from 0. The rows should not be those of training, where the
        logits are too sure of themselves.
    sample_weight : array_like, shape (rows,), optional
        What every row counts; whole numbers are worth repeated rows.

    Returns
    -------
    float
        Positive; 1 where all classes of a row have the same logit, as all temperatures do as well.

    Raises
    ------
    ValueError
        If no temperature is the best one: where every label has the largest logit of its row, the
        lower the better; where labels have no larger logits than by guessing, the higher.
    TypeError, ValueError
        Names argument, value and rule.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML (2017),
    equation 9.

    Examples
    --------
    Three of four labels are right, so that the odds should be three to one:

    >>> import numpy as np
    >>> from magnetite.calibration import fit_temperature, softmax
    >>> logits = np.array([[5.0, 0.0], [5.0, 0.0], [0.0, 5.0], [0.0, 5.0]])
    >>> temperature = fit_temperature(logits, [0, 0, 1, 0])
    >>> softmax(logits[:1] / temperature).round(4)
    array([[0.75, 0.25]])
    """
    z, codes = _checked(logits, labels)
    weights = check_weights("sample_weight", sample_weight, len(z))
    z, codes, weights = z[weights > 0], codes[weights > 0], weights[weights > 0]
    # Only differences of a row's logits count; in a unit, a power of two, that lets none overflow.
    unit = 2.0 ** (np.frexp(np.abs(z).max())[1] - 1)
    z = z / unit
    z -= z.max(axis=1, keepdims=True)
    if not z.any():
        return 1.0
    of_labels, weights = z[np.arange(len(z)), codes], weights / weights.sum()
    slopes = _slopes(z, of_labels, weights)
    if not of_labels.any():
        raise ValueError(
            f"no temperature is the best: in all {len(z)} rows the likeliest class is the label, "
            "so that the lower the temperature, the likelier the labels; hold out more rows"
        )
    if slopes(0.0)[0] >= ROUNDING * (weights @ of_labels):
        raise ValueError(
            f"no temperature is the best: labels of {len(z)} rows are no likelier than by "
            "guessing, so that the higher the temperature, the likelier they become"
        )
    return float(unit / _root(slopes))


def _slopes(
    z: Floats, of_labels: Floats, weights: Floats
) -> Callable[[float], tuple[float, float]]:
    """Return what gives two derivatives of the mean loss by the inverse temperature."""

    def slopes(inverse: float) -> tuple[float, float]:
        p = softmax(inverse * z)
        means = np.einsum("rk,rk->r", p, z)
        variances = np.einsum("rk,rk->r", p, (z - means[:, None]) ** 2)
        return float(weights @ (means - of_labels)), float(weights @ variances)

    return slopes


def _root(slopes: Callable[[float], tuple[float, float]]) -> float:
    """Return where a growing function that is negative at 0 is zero: Newton, kept in a bracket."""
    low, high, s = 0.0, np.inf, 1.0
    for _ in range(MAX_STEPS):
        value, derivative = slopes(s)
        low, high = (s, high) if value < 0 else (low, s)
        step = s - value / derivative if derivative > 0 else np.inf
        if not low < step < high:
            step = 2 * s if high == np.inf else (low + high) / 2
        if abs(step - s) <= 1e-14 * s:
            return step
        s = step
    return s


def softmax(logits: NDArray[np.floating[Any]]) -> Floats:
    """Return the chances of the classes, shape (rows, classes), float64; rows sum to one.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.calibration import softmax
    >>> softmax(np.log([[1.0, 3.0]])).round(12)
    array([[0.25, 0.75]])
    """
    z = np.asarray(logits, np.float64)
    columns = z.shape[1]
    return np.asarray(Categorical(columns).means(z, np.ones(columns)), np.float64)


def check_temperature(value: float) -> float:
    """Return a temperature that is positive and finite."""
    temperature = check_real("temperature", value)
    if not 0 < temperature < np.inf:
        raise ValueError(f"temperature must be positive and finite, got {value!r}")
    return temperature


def _checked(logits: ArrayLike, labels: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    z, rows = real_array("logits", logits), index_vector("labels", labels)
    if z.ndim != 2 or len(z) < 1 or z.shape[1] < 2:
        raise ValueError(
            "logits must have shape (rows, classes), one row and two classes at least, "
            f"got {z.shape}"
        )
    check_finite("logits", z)
    if len(rows) != len(z):
        raise ValueError(f"labels must be as many as rows of logits, {len(z)}, got {len(rows)}")
    if rows.max() >= z.shape[1]:
        at = int(np.argmax(rows >= z.shape[1]))
        raise ValueError(f"labels must be below {z.shape[1]}, got {rows[at]} at index {at}")
    return z, rows
