"""What may be asked after every epoch: whether to stop, and how likely the data have become."""

import math
import warnings
from typing import Any

from magnetite._checks import check_choice, check_count, check_real
from magnetite.estimates import Estimate
from magnetite.training.result import Progress, TrainingProgress
from magnetite.units.base import Array

__all__ = ["EarlyStopping", "Evaluate"]

BETTER = {
    "reconstruction_error": "min",
    "pseudo_log_likelihood": "max",
    "validation_pseudo_log_likelihood": "max",
    "free_energy_gap": "min",
    "log_likelihood": "max",
    "log_likelihood_low": "max",
    "log_likelihood_high": "max",
    "loss": "min",
    "validation_loss": "min",
    "validation_error": "min",
}
"""Which values are better, of the columns that `fit` and `Evaluate` make."""

OF_VALIDATION = (
    "validation_pseudo_log_likelihood",
    "free_energy_gap",
    "validation_loss",
    "validation_error",
)
"""Columns that there are with validation rows alone."""


class EarlyStopping:
    """Stop when a figure of the history has not improved for some epochs, or exceeds a limit.

    Parameters
    ----------
    monitor : str
        A column of the history. By default the pseudo-likelihood of the validation rows; with an
        `Evaluate` before it in the list of callbacks, "log_likelihood" is better; of networks,
        "validation_loss", or "validation_error" where there are classes.
    mode : "max", "min" or None (default)
        Whether larger or smaller figures are better. It may be None, and is then known, for
        likelihoods, losses, errors and "free_energy_gap", and where there is a limit.
    patience : int
        Epochs with a figure, but without an improvement, after which to stop; 5 by default. Epochs
        whose figure is nan do not count.
    min_change : float
        What counts as an improvement, 0 by default.
    limit : float, optional
        Stop instead when the figure has exceeded this for `patience` epochs. So is
        "free_energy_gap" watched: it is least before learning begins, and grows with overfitting.
    restore_best : bool
        Whether the training ends with the parameters of the best epoch; it does by default.

    Warns
    -----
    UserWarning
        After the last epoch, if the figure was nan in all of them, as the pseudo-likelihood is of
        real units and of means.

    Raises
    ------
    ValueError
        From `fit`, before work starts, if the figure needs validation rows and there are none.
    KeyError
        From the training, if the history has no such column: after an epoch if it is one of
        validation rows, else, as callbacks may record it yet, after the last.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> rng = np.random.default_rng(1)
    >>> X = rng.random((60, 6)) < 0.5
    >>> stop = mg.training.EarlyStopping(patience=3)
    >>> options = {"optimizer": mg.SGD(0.5), "epochs": 500, "seed": 1}
    >>> result = mg.RBM(6, 20).fit(X[:30], validation=X[30:], callbacks=[stop], **options)
    >>> result.info["stop_reason"]
    'callback'
    """

    def __init__(
        self,
        monitor: str = "validation_pseudo_log_likelihood",
        *,
        mode: str | None = None,
        patience: int = 5,
        min_change: float = 0.0,
        limit: float | None = None,
        restore_best: bool = True,
    ) -> None:
        self.monitor, self.restore_best = monitor, restore_best
        self.patience = check_count("patience", patience, 1)
        self.min_change = check_real("min_change", min_change)
        self.limit = None if limit is None else check_real("limit", limit)
        if mode is not None:
            check_choice("mode", mode, ("max", "min"))
        elif limit is None and monitor not in BETTER:
            raise ValueError(
                f"mode must be 'max' or 'min' for the monitor {monitor!r}, got None; it is known "
                f"for {', '.join(BETTER)}"
            )
        self.mode = mode or BETTER.get(monitor, "min")
        self.best, self.waited = -math.inf, 0
        self.parameters: dict[str, Array] = {}

    def check(self, validation: bool) -> None:
        """Refuse to wait for a figure that only a training with validation rows has."""
        if self.monitor in OF_VALIDATION and not validation:
            raise ValueError(
                f"validation must be given to stop by {self.monitor!r}, a figure of validation "
                "rows, got None"
            )

    def _is_missing(self, progress: Progress) -> bool:
        """Say whether the column will not come: others may yet be recorded, by callbacks."""
        if self.monitor in OF_VALIDATION and any(
            name in OF_VALIDATION or name.startswith("validation_") for name in progress.figures
        ):
            return True
        return progress.epoch == progress.num_epochs and not self.parameters

    def start(self, model: Any) -> None:
        """Forget the training before."""
        self.best, self.waited, self.parameters = -math.inf, 0, {}

    def __call__(self, progress: Progress) -> bool:
        """Return True when it is time to stop."""
        if self.monitor not in progress.figures:
            if not self._is_missing(progress):
                return False
            raise KeyError(
                f"monitor must be a column of the history, got {self.monitor!r}; there are "
                f"{', '.join(progress.figures)} (those of validation rows need fit's validation)"
            )
        value, sign = progress.figures[self.monitor], 1 if self.mode == "max" else -1
        if math.isnan(value):
            if progress.epoch == progress.num_epochs and not (self.parameters or self.waited):
                warnings.warn(
                    f"{self.monitor!r} has been nan in every epoch, so that EarlyStopping had "
                    "nothing to stop by: take another monitor",
                    stacklevel=2,
                )
            return False
        if self.limit is not None:
            good = value <= self.limit
        else:
            good = sign * value > self.best + self.min_change
        if good:
            self.best, self.waited = sign * value, 0
            self.parameters = {name: x.copy() for name, x in progress.model.parameters.items()}
        else:
            self.waited += 1
        return self.waited >= self.patience

    def finish(self, model: Any) -> None:
        """Give the machine, or the network, the parameters of the best epoch."""
        if self.restore_best and self.parameters:
            model.assign(self.parameters)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {"best": self.best, "waited": self.waited, "parameters": self.parameters}

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        for name, value in state.items():
            setattr(self, name, value)


class Evaluate:
    """Record the log-likelihood of rows every few epochs, by `RBM.log_likelihood`.

    What is recorded is "log_likelihood", the mean of a row in nats (nan where the estimate was
    refused), and its bracket "log_likelihood_low" and "log_likelihood_high".

    Parameters
    ----------
    X : array_like, shape (rows, n_visible)
        The rows; validation data, say.
    every : int
        Epochs between evaluations, 10 by default; the last epoch has one too.
    options : dict
        Further options of `RBM.log_likelihood`.

    Examples
    --------
    >>> import magnetite as mg
    >>> watch = mg.training.Evaluate([[0, 1], [1, 0]], every=5, method="exact")
    >>> watch.every
    5
    """

    def __init__(self, X: Any, *, every: int = 10, **options: Any) -> None:
        self.X, self.every, self.options = X, check_count("every", every, 1), options

    def __call__(self, progress: TrainingProgress) -> None:
        """Evaluate, if it is time for it."""
        if progress.epoch % self.every and progress.epoch != progress.num_epochs:
            return
        rbm: Any = progress.rbm
        estimate: Estimate = rbm.log_likelihood(self.X, **self.options)
        low, high = estimate.bracket
        progress.record(
            log_likelihood=estimate.value, log_likelihood_low=low, log_likelihood_high=high
        )
