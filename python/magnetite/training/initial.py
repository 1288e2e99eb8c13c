"""Where learning begins: small random weights, and biases that give the data's means."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from magnetite.training.summary import Summary

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["begin_from_data", "completed"]

WEIGHT_DEVIATION = 0.01
"""Of the first weights (Hinton, "A practical guide to training RBMs", 2010, section 8)."""


def completed(rbm: "RBM", summary: Summary) -> Summary:
    """Give columns that are not known the means that the units have without input."""
    if summary.known.all():
        return summary
    nothing = np.zeros((1, rbm.n_visible))
    plain = rbm.visible.means(nothing, rbm.visible_precision.astype(np.float64))[0]
    return replace(summary, means=np.where(summary.known, summary.means, plain))


def begin_from_data(rbm: "RBM", summary: Summary, key: int) -> bool:
    """Set weights and visible biases of a machine that was never trained; say whether it was so.

    Trained is what has a weight other than zero. Precisions that are learnt begin at the inverse
    variances of the data. Units of columns that are not known begin without bias.
    """
    if rbm.weights.any():
        return False
    draws = np.random.default_rng(key).standard_normal(rbm.weights.shape)
    learned = rbm.visible.learned_precisions & (summary.variances > 0)
    rbm.visible_precision[learned] = 1 / summary.variances[learned]
    q = rbm.visible_precision.astype(np.float64)
    # Real units count in their own deviations, so that the scale of a column does not matter.
    scales = np.where(q > 0, np.sqrt(q), 1.0)
    rbm.weights[...] = WEIGHT_DEVIATION * draws * scales[:, None]
    # First inputs of the hidden units lie about zero wherever the data lie: none is saturated.
    rbm.hidden_bias -= np.einsum("ij,i->j", rbm.weights, np.where(q > 0, summary.means, 0.0))
    biases = rbm.visible.bias_of(summary.means, summary.variances)
    rbm.visible_bias[...] = np.where(q > 0, q * summary.means, biases)
    rbm.visible_bias[~summary.known] = 0
    return True
