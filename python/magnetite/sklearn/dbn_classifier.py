"""Deep belief networks that tell classes apart."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import validate_data

from magnetite.networks import Classifier
from magnetite.sklearn.calibrated import CalibratedClassifier
from magnetite.sklearn.fine_tuning import FineTuned
from magnetite.sklearn.options import new_seed
from magnetite.sklearn.splits import split_rows

__all__ = ["DBNClassifier"]


class DBNClassifier(CalibratedClassifier, FineTuned):
    """Deep belief network with a softmax layer on top, trained with labels by back-propagation.

    The machines are trained first, without labels; then all weights together, with them, by Adam
    with a rate that falls to zero.

    Parameters
    ----------
    layer_sizes, visible, learning_rate, batch_size, n_iter, verbose, random_state, algorithm, \
n_steps, momentum, weight_decay, gradient, n_jobs
        Of the machines, as for `DBNTransformer`; `batch_size` is also that of fine-tuning.
    fine_tune_learning_rate : float, default 0.01
        First rate of Adam.
    fine_tune_iter : int, default 50
        Passes over the data with labels, at most.
    fine_tune_weight_decay : float, default 0.0
        Cost of the weights' squares.
    dropout, input_dropout : float, default 0.0
        Chance that an input of a layer, or a feature, is left out in an update.
    early_stopping : bool, default False
        Whether to stop, and take the best weights, by the loss of rows that are held out.
    validation_fraction : float, default 0.1
        Share of these rows.
    n_iter_no_change : int, default 10
        Passes without an improvement after which to stop.
    calibration_fraction : float, default 0.0
        Share of the rows that only the temperature is made of; 0 leaves it at `temperature`.
        (The machines, which know no labels, learn from all rows.)
    temperature : float, default 1.0
        What log-chances are divided by in `predict_proba`; `calibrate` finds a better one.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    dbn_ : magnetite.DBN
        The stack as it was trained without labels.
    network_ : magnetite.networks.Classifier
        The network as it was fine-tuned; its classes are numbers, in the order of `classes_`.
    temperature_ : float
        That of `predict_proba`.
    history_ : dict
        Figures of fine-tuning by epoch.

    References
    ----------
    Hinton and Salakhutdinov, Science 313 (2006) 504; for the temperature, Guo, Pleiss, Sun and
    Weinberger, ICML (2017).

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from magnetite.sklearn import DBNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = DBNClassifier((100,), n_iter=5, fine_tune_iter=20, random_state=1)
    >>> model.fit(X[::2] / 16, y[::2]).score(X[1::2] / 16, y[1::2]) > 0.9
    True
    """

    network_: Classifier

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
        calibration_fraction: float = 0.0,
        temperature: float = 1.0,
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
            fine_tune_learning_rate=fine_tune_learning_rate,
            fine_tune_iter=fine_tune_iter,
            fine_tune_weight_decay=fine_tune_weight_decay,
            dropout=dropout,
            input_dropout=input_dropout,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
        )
        self.calibration_fraction = calibration_fraction
        self.temperature = temperature

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit new machines to the data, and a network of them to the labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,)
            Labels of any type.
        sample_weight : array-like of shape (n_samples,), default None
            What every row counts, with and without labels.

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=(np.float64, np.float32))
        X, y, weights = self._counted(X, y, sample_weight)
        codes = self._numbered(y)
        options = self._fine_tuning()
        temperature, share = self._check_calibration()
        seed = new_seed(self.random_state)
        self._fit_stack(X, seed, weights)
        self.network_ = self.dbn_.to_classifier(len(self.classes_))
        rows, held_out = (X, codes, weights), None
        if share:
            rows, held_out = split_rows("calibration_fraction", rows, share, seed + 1, codes)
        self._fine_tune(rows, options, seed, classes=True)
        self.network_.temperature = temperature
        if held_out is not None:
            self._calibrate_if_possible(*held_out)
        return self

    @property
    def _law(self) -> Classifier:
        return self.network_
