"""Means of spins and of their products as means of a model's own values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.models import Model

__all__ = ["moments_in_values"]


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
