"""What deep belief networks with targets share: a stack, unrolled and fine-tuned."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import _check_sample_weight

import magnetite as mg
from magnetite._checks import check_count, check_real
from magnetite.sklearn.dbn import Stacked
from magnetite.sklearn.options import check_verbose
from magnetite.sklearn.splits import split_rows
from magnetite.training.schedules import as_schedule

__all__ = ["FineTuned"]


class FineTuned(Stacked):
    """Base of the classifier and the regressor."""

    network_: Any

    def __init__(
        self,
        layer_sizes: Sequence[int] = (256, 256),
        *,
        visible: str = "binary",
        learning_rate: float = 0.05,
        batch_size: int = 20,
        n_iter: int = 20,
        verbose: int = 0,
        random_state: Any = None,
        algorithm: str = "cd",
        n_steps: int = 1,
        momentum: float = 0.5,
        weight_decay: float = 2e-4,
        gradient: str = "centered",
        n_jobs: int | None = None,
        fine_tune_learning_rate: float = 0.01,
        fine_tune_iter: int = 50,
        fine_tune_weight_decay: float = 0.0,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
    ) -> None:
        super().__init__(
            layer_sizes,
            visible=visible,
            learning_rate=learning_rate,
            batch_size=batch_size,
            n_iter=n_iter,
            verbose=verbose,
            random_state=random_state,
            algorithm=algorithm,
            n_steps=n_steps,
            momentum=momentum,
            weight_decay=weight_decay,
            gradient=gradient,
            n_jobs=n_jobs,
        )
        self.fine_tune_learning_rate = fine_tune_learning_rate
        self.fine_tune_iter = fine_tune_iter
        self.fine_tune_weight_decay = fine_tune_weight_decay
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change

    @staticmethod
    def _counted(X: Any, y: NDArray[Any], sample_weight: Any) -> tuple[Any, NDArray[Any], Any]:
        """Return the rows that count, their targets and weights; all, where none does."""
        weights = _check_sample_weight(sample_weight, X)
        some = weights != 0
        return (X[some], y[some], weights[some]) if some.any() else (X, y, weights)

    def _check_share(self, name: str, *, zero: bool) -> float:
        share = check_real(name, getattr(self, name))
        if not (0 < share < 1 or (zero and share == 0)):
            raise ValueError(
                f"{name} must be {'at least' if zero else 'above'} 0 and below 1, got {share!r}"
            )
        return share

    def _fine_tuning(self) -> dict[str, Any]:
        """Return the options of fine-tuning, checked."""
        decay = check_real("fine_tune_weight_decay", self.fine_tune_weight_decay)
        if not 0 <= decay < math.inf:
            raise ValueError(f"fine_tune_weight_decay must be at least 0 and finite, got {decay!r}")
        as_schedule("fine_tune_learning_rate", rate := self.fine_tune_learning_rate)
        options: dict[str, Any] = {
            "optimizer": mg.Adam(mg.training.Cosine(rate)),
            "epochs": check_count("fine_tune_iter", self.fine_tune_iter),
            "batch_size": self.batch_size,
            "dropout": self._check_share("dropout", zero=True),
            "input_dropout": self._check_share("input_dropout", zero=True),
            "penalties": [mg.training.L2(decay)] if decay else [],
            "progress": check_verbose(self.verbose),
            "num_threads": self._num_threads(),
        }
        if not isinstance(self.early_stopping, bool | np.bool_):
            raise TypeError(f"early_stopping must be True or False, got {self.early_stopping!r}")
        if self.early_stopping:
            self._check_share("validation_fraction", zero=False)
            patience = check_count("n_iter_no_change", self.n_iter_no_change, 1)
            stop = mg.training.EarlyStopping("validation_loss", patience=patience)
            options["callbacks"] = [stop]
        return options

    def _fine_tune(
        self, rows: tuple[Any, ...], options: dict[str, Any], seed: int, *, classes: bool = False
    ) -> None:
        """Train the network; `rows` are data, targets (or numbers of classes) and weights."""
        if self.early_stopping:
            codes = rows[1] if classes else None
            share = self.validation_fraction
            rows, held_out = split_rows("validation_fraction", rows, share, seed, codes)
            options["validation"] = held_out[:2]
        X, y, weights = rows
        run = self.network_.fit(X, y, sample_weight=weights, seed=seed, **options)
        self.history_ = run.history
