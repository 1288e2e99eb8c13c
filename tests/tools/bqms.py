"""Binary quadratic models that the tests of the dimod face share."""

import itertools
from typing import Any

import dimod
import numpy as np

ZERO_BIASES = "ignore:all biases of the bqm are zero:UserWarning"


def spin_glass(num_variables: int = 12, seed: int = 0) -> Any:
    """Return a complete +-1 spin glass with normal fields."""
    rng = np.random.default_rng(seed)
    pairs = itertools.combinations(range(num_variables), 2)
    quadratic = {pair: float(rng.choice([-1, 1])) for pair in pairs}
    linear = {v: float(rng.normal()) for v in range(num_variables)}
    return dimod.BinaryQuadraticModel(linear, quadratic, 0.25, "SPIN")


def oddly_labelled(vartype: str, dtype: type) -> Any:
    """Return a model whose labels are of all kinds, and cannot be sorted."""
    linear = {"x": 0.5, ("y", 1): -1.25, 7: 0.0}
    quadratic = {("x", 7): -1.0, (("y", 1), "x"): 2.0}
    return dimod.BinaryQuadraticModel(linear, quadratic, 0.75, vartype, dtype=dtype)


def samples(sampleset: Any) -> np.ndarray:
    """Return the samples of a sample set as an array, one row a read."""
    return np.asarray(sampleset.record.sample)
