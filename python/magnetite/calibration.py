"""Chances that can be trusted: the temperature of a softmax that fits held-out labels."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_finite, index_vector, real_array

__all__ = ["fit_temperature", "softmax"]

COLDEST, HOTTEST = 0.01, 100.0
"""Temperatures that are looked at."""

BISECTIONS = 100
"""Halvings of the range of inverse temperatures: more than its float64 digits need."""


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
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

    Returns
    -------
    float
        From 0.01 to 100. A minimum beyond is cut off there: labels that always have the largest
        logit ask for a temperature of 0, labels that are worse than chance for an infinite one.

    Raises
    ------
    TypeError, ValueError
        Names argument, value and rule.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML (2017).

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
    z, rows = _checked(logits, labels)
    z = z - z.max(axis=1, keepdims=True)
    of_labels = z[np.arange(len(z)), rows].mean()

    def slope(inverse: float) -> float:
        """Return the derivative of the mean negative log-likelihood, which rises with 1/T."""
        return float((softmax(inverse * z) * z).sum(axis=1).mean() - of_labels)

    low, high = 1 / HOTTEST, 1 / COLDEST
    if slope(low) >= 0:
        return 1.0 if not z.any() else HOTTEST
    if slope(high) <= 0:
        return COLDEST
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return 1 / (0.5 * (low + high))


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the chances of the classes, shape (rows, classes), float64; rows sum to one.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.calibration import softmax
    >>> softmax(np.log([[1.0, 3.0]])).round(12)
    array([[0.25, 0.75]])
    """
    z = np.asarray(logits, np.float64)
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    chances: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return chances


def _checked(logits: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
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
