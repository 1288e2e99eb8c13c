"""Ranges of inverse temperature for problems whose scale of energy is known.

The range that a model takes from its coefficients alone starts and ends where the fields of random
states say. Constraints make those much larger than the steps between good states, so that a problem
with penalties would end far too hot. Its steps are known: the weights of its own terms.
"""

import numpy as np

from magnetite.inputs import FloatArray
from magnetite.models.base import Model

__all__ = ["scaled_range"]


def scaled_range(
    model: Model, betas: tuple[float, float], scales: FloatArray
) -> tuple[float, float]:
    """Return a range of betas, hot end first, made for energies of 1, for energies of `scales`.

    The hot end is that of the large scales and the cold end that of the small ones: their
    quantiles 0.9 and 0.1. Without any scale, the model's own range.
    """
    if not scales.size:
        return Model.annealing_range(model)
    small, large = np.quantile(scales, [0.1, 0.9])
    return betas[0] / float(large), betas[1] / float(small)
