"""Means of spins and of their products as means of a model's own values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.diagnostics.blocking import jackknife
from magnetite.models import Model

__all__ = ["moments_in_values", "moments_of_parts"]

# Columns whose errors are found at once, for the memory's sake.
CHUNK = 1 << 14


def moments_in_values(
    model: Model, mean: NDArray[np.float64], products: NDArray[np.float64]
) -> dict[str, NDArray[Any]]:
    """Return `mean`, `correlations` and `edges` of the values x = middle + reach * spin.

    `mean` (..., n) holds mean spins, `products` (..., m) mean products of the spins of each
    coupling, in the order of the core's edges.
    """
    low, high = model.values
    middle, reach = (low + high) / 2, (high - low) / 2
    rows, columns, _ = model.core.edges()
    crossed = middle * reach * (mean[..., rows] + mean[..., columns])
    return {
        "mean": middle + reach * mean,
        "correlations": middle**2 + crossed + reach**2 * products,
        "edges": np.stack([rows, columns]),
    }


def moments_of_parts(
    model: Model, sums: NDArray[np.int64], counts: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Return what `moments_in_values` does, and standard errors of `mean` and `correlations`.

    `sums` (num_parts, num_rungs, n + m) are those of spins and of their products in each of equal
    parts of a run, of `counts` (num_parts,) draws. Errors are those of the jackknife over parts;
    nan where fewer than 8 of them have draws.
    """

    def in_values(means: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
        mean, products = np.split(means, [model.num_variables], axis=-1)
        return moments_in_values(model, mean, products)

    found = in_values(sums.sum(axis=0) / counts.sum())
    for name in ("mean", "correlations"):
        found[f"{name}_error"] = np.zeros_like(found[name])
    for rung in range(sums.shape[1]):
        parts = in_values(sums[:, rung] / np.maximum(counts, 1)[:, None])
        for name in ("mean", "correlations"):
            found[f"{name}_error"][rung] = _errors(parts[name], counts)
    return found


def _errors(parts: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return standard errors (k,) of means (num_parts, k) by part."""
    errors = np.zeros(parts.shape[1])
    for first in range(0, errors.size, CHUNK):
        sums = parts[:, first : first + CHUNK].T * counts
        found = jackknife(sums[None, :, :, None], lambda means: means[..., 0], counts=counts)
        errors[first : first + CHUNK] = found.error
    return errors
