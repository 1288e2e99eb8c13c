"""Multipliers of the distribution of greatest entropy: Newton's method on the convex dual."""

from typing import NamedTuple

import numpy as np

from magnetite.inputs import FloatArray

__all__ = ["Dual", "solve_dual"]

MAX_STEPS = 500
SMALL = 1e-26
"""Newton's decrement at which the expectations are met: square of the error in deviations."""

NEAR = 1e-13
"""Share of the probability off a plane below which expectations count as on the boundary.

On it the share falls until rounding ends the search, at 1e-16 or less.
"""

LOST = 1e-14
"""Ratio of variances below which rounding hides the smaller: only a boundary makes it so small."""

DEPENDENT = 1e-10
LONGEST = 20.0
"""Most that a step adds to the largest log odds of two states, beside doubling them."""


class Dual(NamedTuple):
    """The solution: `multipliers` (k,), `probabilities` (N,), `entropy`, `log_z`, `num_steps`."""

    multipliers: FloatArray
    probabilities: FloatArray
    entropy: float
    log_z: float
    num_steps: int


def solve_dual(features: FloatArray, expectations: FloatArray, weights: FloatArray) -> Dual:
    """Minimise ``log sum_x w(x) exp(-l . (f(x) - F))`` over the multipliers l.

    Its gradient is F less the mean of f, its Hessian the covariance of f. Features are first
    reduced to independent ones, shifted by F.

    Parameters
    ----------
    features, expectations, weights : ndarrays of float64, shapes (N, k), (k,) and (N,)
        f, F and w; the weights are positive.

    Raises
    ------
    ValueError
        If F lies outside the convex hull of the features, or on its boundary.
    """
    basis = _independent(features, expectations)
    shifted = (features - expectations) @ basis
    theta = np.zeros(basis.shape[1])
    value, p = _dual(shifted, weights, theta)
    before = np.inf
    num_steps = 0
    while True:
        mean = p @ shifted
        spread = (shifted - mean) * np.sqrt(p)[:, None]
        sizes, axes = np.linalg.eigh(spread.T @ spread)
        along = axes.T @ mean
        step = axes @ (along / np.maximum(sizes, 1e-100))
        decrement = float(mean @ step)
        lost = sizes.min(initial=np.inf) < LOST * sizes.max(initial=0.0)
        if lost or num_steps == MAX_STEPS:
            raise ValueError(_boundary(expectations))
        # Below 1e-12 it is either rounding, and falls no more, or that of a boundary, and does.
        if decrement <= SMALL or (decrement < 1e-12 and decrement >= before):
            break
        before, num_steps = decrement, num_steps + 1
        factor = min(1.0, (LONGEST + np.ptp(shifted @ theta)) / np.ptp(shifted @ step))
        theta, value, p = _search(shifted, weights, theta, value, step * factor, decrement * factor)
        _refuse_outside(features, expectations, basis @ theta)
    if _off_plane((shifted - mean) @ axes, p) < NEAR:
        raise ValueError(_boundary(expectations))
    multipliers = basis @ theta
    return Dual(multipliers, p, value, value - float(multipliers @ expectations), num_steps)


def _dual(shifted: FloatArray, weights: FloatArray, theta: FloatArray) -> tuple[float, FloatArray]:
    """Return the dual, and the probabilities."""
    exponents = -(shifted @ theta)
    top = float(exponents.max())
    p = weights * np.exp(exponents - top)
    total = float(p.sum())
    return top + float(np.log(total)), p / total


def _search(
    shifted: FloatArray,
    weights: FloatArray,
    theta: FloatArray,
    value: float,
    step: FloatArray,
    slope: float,
) -> tuple[FloatArray, float, FloatArray]:
    """Go as far along the step as makes the dual fall by a quarter of what its slope says.

    Where the slope is so small that rounding hides the fall, Newton's step is right as it is.
    """
    length = 1.0
    while True:
        there = theta + length * step
        found, p = _dual(shifted, weights, there)
        if slope < 1e-6 or length < 1e-6 or found <= value - length * slope / 4:
            return there, found, p
        length /= 2


def _independent(features: FloatArray, expectations: FloatArray) -> FloatArray:
    """Return a matrix (k, r) that maps features to independent ones of unit variance.

    Refuses expectations that break a linear relation which holds for all states.
    """
    centre = features.mean(axis=0)
    largest = np.abs(features).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0)  # squares of what is measured in it are numbers
    scale = (features / unit).std(axis=0) * unit
    scale[scale <= 1e-14 * largest] = 1.0
    _, sizes, axes = np.linalg.svd((features - centre) / scale, full_matrices=False)
    kept = axes[sizes > DEPENDENT * max(1.0, float(sizes[:1].sum()))].T
    target = (expectations - centre) / scale
    left = target - kept @ (kept.T @ target)
    if np.abs(left).max() > 1e-9 * max(1.0, float(np.abs(target).max())):
        raise ValueError(
            "expectations must obey the linear relations between features that hold in every "
            f"state, got {_listed(expectations)}, which miss one by "
            f"{np.abs(left * scale).max():.3g}"
        )
    deviations = sizes[: kept.shape[1]] / np.sqrt(len(features))
    return np.asarray(kept / deviations / scale[:, None])


def _refuse_outside(features: FloatArray, expectations: FloatArray, direction: FloatArray) -> None:
    """Refuse expectations that a plane with this normal parts from the features of every state."""
    heights = (features - expectations) @ direction
    lowest = float(heights.min())
    if lowest > 1e-12 * float(heights.max()):
        size = float(np.abs(direction).max())
        direction, lowest = direction / size, lowest / size
        level = float(direction @ expectations)
        raise ValueError(
            "expectations must lie inside the convex hull of the features, "
            f"got {_listed(expectations)}: the sum of features times {_listed(direction)} is at "
            f"least {level + lowest:.6g} in every state, but {level:.6g} for the expectations"
        )


def _off_plane(deviations: FloatArray, p: FloatArray) -> float:
    """Return the share of the probability off the plane that has most of it.

    Along the plane's normal all but that share are at one place: the inverse of the kurtosis.
    """
    squares = np.square(deviations)
    second, fourth = p @ squares, p @ np.square(squares)
    return float((second**2 / np.maximum(fourth, np.finfo(float).tiny)).min(initial=1.0))


def _boundary(expectations: FloatArray) -> str:
    return (
        "expectations must lie inside the convex hull of the features, "
        f"got {_listed(expectations)}, on its boundary or next to it, where multipliers are "
        "infinite: leave out the states of probability 0, or take expectations off the boundary"
    )


def _listed(values: FloatArray) -> str:
    return np.array2string(values, precision=6, threshold=8, edgeitems=3, separator=", ")
