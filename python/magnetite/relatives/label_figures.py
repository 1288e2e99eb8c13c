"""Figures of labels that are taken after an epoch: how sure of them a machine is, and how right."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from magnetite.calibration import softmax
from magnetite.layers import Layers, Pair
from magnetite.models.rbm import RBM
from magnetite.training.data import pick_rows
from magnetite.training.discriminative import label_logits, with_every_label
from magnetite.training.monitors import Monitors
from magnetite.training.result import TrainingProgress
from magnetite.units.base import Array

__all__ = ["LabelFigures", "logits_of_rows"]

NUMBERS_AT_ONCE = 2**24
"""Of rows with every label, and of their hidden layers, in memory at a time."""


def logits_of_rows(layers: Layers, pair: Pair, v: Array, count: int) -> NDArray[np.float64]:
    """Return the logits of all labels, whatever the rows' own, shape (rows, count); in blocks."""
    size = max(1, NUMBERS_AT_ONCE // (count * sum(pair.weights.shape)))
    blocks = (with_every_label(v[i : i + size], count) for i in range(0, len(v), size))
    parts = [label_logits(layers, pair, rows, count) for rows in blocks]
    return np.concatenate([np.empty((0, count)), *parts])


class LabelFigures:
    """A callback that records the mean of ``-ln p(label | data)`` and the share of right labels.

    Parameters
    ----------
    rows : dict of name: ndarray
        Rows ``[x | label]`` by what their figures' names begin with; up to 1,000 of each are used.
    count : int
        Labels.
    """

    def __init__(self, rows: Mapping[str, Array], count: int) -> None:
        limit = Monitors.num_rows
        self.rows = {name: v[pick_rows(len(v), limit, key=0)] for name, v in rows.items()}
        self.count, self.began = count, False

    def start(self, rbm: RBM) -> None:
        """Note that learning begins."""
        self.began = True

    def __call__(self, progress: TrainingProgress) -> None:
        """Take the figures, in the epochs that have any."""
        if "mean_abs_weight" not in progress.figures:
            return
        for name, v in self.rows.items():
            logits = logits_of_rows(progress.layers, progress.rbm.pair, v, self.count)
            labels, each = v[:, -self.count :].argmax(axis=1), np.arange(len(v))
            with np.errstate(divide="ignore"):
                logs = np.log(softmax(logits)[each, labels])
            right = logits.argmax(axis=1) == labels
            progress.record(**{f"{name}log_loss": -logs.mean(), f"{name}accuracy": right.mean()})
