"""The temperature at which a classifier is as sure as it is right."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_weights
from magnetite.networks.dense import ACTIVATIONS

if TYPE_CHECKING:
    from magnetite.networks.classifier import Classifier

__all__ = ["calibrate", "inverse_temperature"]

Floats = NDArray[np.float64]

MAX_STEPS = 200
"""Each halves a bracket at least, or is a step of Newton's."""


def calibrate(
    network: "Classifier",
    X: ArrayLike,
    y: Any,
    *,
    sample_weight: ArrayLike | None = None,
    num_threads: int | None = None,
) -> float:
    """Set the temperature to that at which held-out labels are the most probable; return it.

    No class changes, only how sure `predict_proba` is. Take rows that `fit` has not seen: of rows
    that it has, the network is too sure.

    Parameters
    ----------
    X : array_like or sparse matrix, shape (rows, n_inputs)
        Held-out rows.
    y : array_like, shape (rows,)
        Their labels.
    sample_weight : array_like, shape (rows,), optional
        What every row counts.
    num_threads : int, optional
        As for `magnetite.sample`; the result does not depend on it.

    Returns
    -------
    float
        The temperature.

    Raises
    ------
    ValueError
        If no temperature is the best one: where the network is right about every row, the smaller
        the better; where it is no better than guessing, the larger.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML (2017),
    equation 9: the mean of ``-ln softmax(logits / T)`` of the labels, here as a function of
    ``s = 1 / T``, which is convex.

    Examples
    --------
    A network that says 80 % where it is right in two of three cases:

    >>> import numpy as np
    >>> import magnetite as mg
    >>> layers = [mg.networks.Dense(np.eye(2), activation="softmax", dtype="float64")]
    >>> net = mg.networks.Classifier(layers, classes=2)
    >>> X = np.log([[1, 4], [1, 4], [1, 4]])
    >>> round(net.calibrate(X, [1, 1, 0]), 6)
    2.0
    >>> net.predict_proba(X[:1]).round(3)
    array([[0.333, 0.667]])
    """
    logits = network.logits(X, num_threads=num_threads).astype(np.float64)
    codes = network._targets(y, len(logits), "y")
    weights = check_weights("sample_weight", sample_weight, len(logits))
    network.temperature = 1 / inverse_temperature(logits, codes, weights / weights.sum())
    return network.temperature


def inverse_temperature(logits: Floats, codes: NDArray[np.intp], weights: Floats) -> float:
    """Return the s at which the mean of ``ln sum_k exp(s a_k) - s a_label`` is least.

    Its slope is the mean of ``<a> - a_label`` under chances at s, which grows with s; its second
    derivative the mean variance of a.
    """
    # Only differences of a row's logits count, and these are never positive.
    a = logits - logits.max(axis=1, keepdims=True)
    labels = a[np.arange(len(a)), codes]
    if not labels[weights > 0].any():
        raise ValueError(
            "X must have a row that the network is wrong about: as all are right, the smaller the "
            "temperature, the better; hold out more rows"
        )

    def slopes(s: float) -> tuple[float, float]:
        p = ACTIVATIONS["softmax"](s * a)
        means = np.einsum("rk,rk->r", p, a)
        variances = np.einsum("rk,rk->r", p, (a - means[:, None]) ** 2)
        return float(weights @ (means - labels)), float(weights @ variances)

    if slopes(0.0)[0] >= 0:
        raise ValueError(
            "y must be more probable under the network than by guessing: as it is not, the larger "
            "the temperature, the better"
        )
    return _root(slopes)


def _root(slopes: Any) -> float:
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
