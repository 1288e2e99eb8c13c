"""A small classification RBM and its data, for tests of it and of its training."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
from magnetite.units import Categorical

Rows = NDArray[Any]
CLASSES = ["a", "b", "c"]


def machine(visible: Any = "binary", hidden: Any = "binary", seed: int = 1) -> mg.ClassificationRBM:
    """Four columns, three hidden units and three classes, all parameters drawn."""
    rng = np.random.default_rng(seed)
    hidden_columns = 4 if isinstance(hidden, Categorical) else 3
    made = mg.ClassificationRBM(
        4, hidden_columns, classes=CLASSES, visible=visible, hidden=hidden, dtype="float64"
    )
    made.rbm.weights[:] = 0.4 * rng.standard_normal(made.rbm.weights.shape)
    made.rbm.visible_bias[:] = 0.5 * rng.standard_normal(7)
    made.rbm.hidden_bias[:] = 0.5 * rng.standard_normal(hidden_columns)
    return made


def some_rows(made: mg.ClassificationRBM, rows: int = 9) -> tuple[Rows, Rows]:
    """Data that the units can take, and labels of all kinds."""
    x = made.rbm.sample(rows, num_steps=0, seed=2)[:, :4]
    return np.asarray(x), np.array(CLASSES)[np.arange(rows) % 3]


def joint(made: mg.ClassificationRBM, x: Rows, y: Rows) -> Rows:
    return np.concatenate([x, (y[:, None] == made.classes).astype(float)], axis=1)
