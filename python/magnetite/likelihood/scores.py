"""Two-sample scores: how alike draws of a machine and data are, whatever the machine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_finite, real_array
from magnetite.memory import check_memory

__all__ = ["TwoSampleScores", "two_sample_scores"]

FloatArray = NDArray[np.float64]

BYTES_A_PAIR = 40
"""Memory at its peak: three matrices of distances, and all different ones for their median."""

ROUNDING = 32 * float(np.finfo(np.float64).eps)
"""Squared distances are equal when they differ by this part of the largest squared length."""


@dataclass(frozen=True)
class TwoSampleScores:
    """What `two_sample_scores` returns.

    Attributes
    ----------
    aats_data, aats_samples : float
        Share of the data (of the samples) whose nearest neighbour is one of their own kind, ties
        counted by the share of those equally near that are. 1/2 for
        draws of one distribution; both near 1 where samples differ from data; a small
        `aats_data` where samples copy data.
    mmd : float
        Square of the maximum mean discrepancy, estimated without bias, so that it is about 0 and
        may be negative for draws of one distribution.
    bandwidth : float
        Of its Gaussian kernel: the median distance.
    mean_error, covariance_error : float
        Root mean square difference of the means of all columns, and of the covariances of all pairs
        of columns.

    Examples
    --------
    >>> from magnetite.likelihood import TwoSampleScores
    >>> TwoSampleScores(0.5, 0.5, 0.0, 1.0, 0.0, 0.0).aats
    0.5
    """

    aats_data: float
    aats_samples: float
    mmd: float
    bandwidth: float
    mean_error: float
    covariance_error: float

    @property
    def aats(self) -> float:
        """The mean of both shares."""
        return (self.aats_data + self.aats_samples) / 2


def two_sample_scores(samples: ArrayLike, data: ArrayLike) -> TwoSampleScores:
    """Compare samples with as many rows of data.

    Parameters
    ----------
    samples, data : array_like, shapes (rows, columns)
        As many rows each, since nearest neighbours are told among equals. Memory is 40 rows**2
        bytes: a thousand rows or a few are enough.

    Raises
    ------
    ValueError
        If the shapes differ, or there are fewer than two rows.
    MemoryError
        If there are more rows than memory for their distances.

    Notes
    -----
    Nearest neighbours by Euclidean distance. Where several are equally near, a row counts by the
    share of them that are of its own kind; the package `rbms` takes the other kind there, which
    makes two samples of one discrete law look like copies. The kernel is
    ``exp(-d**2 / (2 s**2))`` with s the median distance of all pairs of different rows of both
    together.

    References
    ----------
    Yale, Dash, Dutta, Guyon, Pavao and Bennett, Neurocomputing 416 (2020) 244 (nearest neighbours);
    Gretton, Borgwardt, Rasch, Schoelkopf and Smola, J. Mach. Learn. Res. 13 (2012) 723, equation 3.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.likelihood import two_sample_scores
    >>> rng = np.random.default_rng(1)
    >>> same = two_sample_scores(rng.normal(size=(400, 2)), rng.normal(size=(400, 2)))
    >>> other = two_sample_scores(rng.normal(size=(400, 2)), rng.normal(3, 1, size=(400, 2)))
    >>> round(same.aats, 1), round(other.aats, 1), same.mmd < 0.01 < other.mmd
    (0.5, 1.0, True)
    """
    a, b = _checked("samples", samples), _checked("data", data)
    if a.shape != b.shape or len(a) < 2:
        raise ValueError(
            "samples and data must have the same shape, of at least 2 rows, got "
            f"{a.shape} and {b.shape}"
        )
    check_memory({"the distances of all pairs": BYTES_A_PAIR * len(a) ** 2})
    within_a, within_b, between = _squares(a, a), _squares(b, b), _squares(a, b)
    rounding = ROUNDING * max(float((rows * rows).sum(axis=1).max()) for rows in (a, b))
    truth = _nearest_of_own_kind(within_b, between.T, rounding)
    own = _nearest_of_own_kind(within_a, between, rounding)
    bandwidth = _median_distance(within_a, within_b, between)
    mmd = _mmd(within_a, within_b, between, bandwidth)
    covariances = _covariance(a) - _covariance(b)
    upper = np.triu_indices(a.shape[1])
    return TwoSampleScores(
        aats_data=truth,
        aats_samples=own,
        mmd=mmd,
        bandwidth=bandwidth,
        mean_error=float(np.sqrt(np.square(a.mean(axis=0) - b.mean(axis=0)).mean())),
        covariance_error=float(np.sqrt(np.square(covariances[upper]).mean())),
    )


def _checked(name: str, value: ArrayLike) -> FloatArray:
    array = real_array(name, value)
    if array.ndim != 2:
        raise ValueError(f"{name} must have shape (rows, columns), got {array.shape}")
    check_finite(name, array)
    return array


def _squares(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the squared distances of all pairs; for whole numbers they are exact."""
    lengths = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)
    squares: FloatArray = a @ b.T
    squares *= -2.0
    squares += lengths
    np.maximum(squares, 0.0, out=squares)
    return squares


def _median_distance(within_a: FloatArray, within_b: FloatArray, between: FloatArray) -> float:
    """Return the median distance of all pairs of different rows."""
    n = len(between)
    every, end = np.empty(n * (2 * n - 1)), n * n
    every[:end] = between.ravel()
    for within in (within_a, within_b):
        for i in range(n - 1):
            every[end : end + n - 1 - i] = within[i, i + 1 :]
            end += n - 1 - i
    return float(np.sqrt(np.median(every, overwrite_input=True)))


def _nearest_of_own_kind(within: FloatArray, between: FloatArray, rounding: float) -> float:
    """Return the share of rows whose nearest neighbour is of their kind, ties by their shares."""
    others = within.copy()
    np.fill_diagonal(others, np.inf)
    least = np.minimum(others.min(axis=1), between.min(axis=1))[:, None] + rounding
    own, other = (np.count_nonzero(block <= least, axis=1) for block in (others, between))
    return float((own / (own + other)).mean())


def _mmd(within_a: FloatArray, within_b: FloatArray, between: FloatArray, width: float) -> float:
    if width == 0:
        return 0.0
    n = len(between)

    def total(squares: FloatArray) -> float:
        kernel = squares / (-2 * width**2)
        return float(np.exp(kernel, out=kernel).sum())

    # The kernel is 1 where a row is compared with itself.
    own = sum(total(within) - n for within in (within_a, within_b)) / (n * (n - 1))
    return own - 2 * total(between) / n**2


def _covariance(rows: FloatArray) -> FloatArray:
    """Return the covariances of columns, over the number of rows."""
    deviations = rows - rows.mean(axis=0)
    covariances: FloatArray = deviations.T @ deviations / len(rows)
    return covariances
