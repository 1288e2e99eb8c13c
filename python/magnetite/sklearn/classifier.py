"""Classification RBM as an estimator."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

import magnetite as mg
from magnetite._checks import check_choice, check_real
from magnetite.sklearn.bits import any_numbers, warn_beyond_bits
from magnetite.sklearn.calibrated import CalibratedClassifier
from magnetite.sklearn.gaussian import column_variances
from magnetite.sklearn.options import (
    check_verbose,
    negative_of,
    new_seed,
    own_names,
    penalties_of,
    threads_of,
)
from magnetite.sklearn.splits import split_rows
from magnetite.training import Negative
from magnetite.units.base import Array

__all__ = ["RBMClassifier"]

OBJECTIVES = ("hybrid", "discriminative", "generative")
UNITS = ("gaussian", "binary")


class RBMClassifier(CalibratedClassifier, BaseEstimator):  # type: ignore[misc]
    """Classifier: a restricted Boltzmann machine of the data and their label.

    Parameters
    ----------
    n_components : int, default 100
        Hidden units.
    objective : {"hybrid", "discriminative", "generative"}, default "hybrid"
        What is learnt: the law of the label given the data ("discriminative"), that of data and
        label together ("generative"), or the first with `alpha` times the second.
    alpha : float, default 0.01
        What the data count in the hybrid.
    visible : {"gaussian", "binary"}, default "gaussian"
        Units of the data: real numbers of any scale, or values from 0 to 1.
    calibration_fraction : float, default 0.0
        Share of the rows that only the temperature is made of; 0 leaves it at `temperature`.
    temperature : float, default 1.0
        What log-chances are divided by in `predict_proba`; `calibrate` finds a better one.
    learning_rate : float, default 0.005
        Rate of `magnetite.Adam`, which falls to zero in the second half of the training.
    batch_size : int, default 50
        Rows of an update.
    n_iter : int, default 50
        Passes over the data.
    verbose : int, default 0
        Whether to show a progress bar.
    random_state : int, RandomState or None
        Fixes all draws, and which rows are held out.
    algorithm : {"cd", "pcd"}, default "cd"
        Negative phase of the generative part.
    n_steps, weight_decay, gradient, n_jobs
        As for `GaussianRBM`. With the objective "generative", "centered" gradients do better than
        the default, "standardized".

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    rbm_ : magnetite.ClassificationRBM
        The fitted machine; its classes are numbers, in the order of `classes_`.
    temperature_ : float
        That of `predict_proba`.

    References
    ----------
    Larochelle, Mandel, Pascanu and Bengio, "Learning algorithms for the classification restricted
    Boltzmann machine", Journal of Machine Learning Research 13 (2012) 643.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from magnetite.sklearn import RBMClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = RBMClassifier(20, learning_rate=0.02, random_state=1).fit(X, y)
    >>> classifier.score(X, y) > 0.95
    True
    """

    rbm_: mg.ClassificationRBM

    def __init__(
        self,
        n_components: int = 100,
        *,
        objective: str = "hybrid",
        alpha: float = 0.01,
        visible: str = "gaussian",
        calibration_fraction: float = 0.0,
        temperature: float = 1.0,
        learning_rate: float = 0.005,
        batch_size: int = 50,
        n_iter: int = 50,
        verbose: int = 0,
        random_state: Any = None,
        algorithm: str = "cd",
        n_steps: int = 1,
        weight_decay: float = 0.0,
        gradient: str = "standardized",
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.objective = objective
        self.alpha = alpha
        self.visible = visible
        self.calibration_fraction = calibration_fraction
        self.temperature = temperature
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.verbose = verbose
        self.random_state = random_state
        self.algorithm = algorithm
        self.n_steps = n_steps
        self.weight_decay = weight_decay
        self.gradient = gradient
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> Self:
        """Fit a new machine to data and their labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,)
            Their labels, of two classes at least.

        Returns
        -------
        self
        """
        data, y = validate_data(
            self, X, y, accept_sparse="csr", dtype=(np.float64, np.float32), reset=True
        )
        codes = self._numbered(y)
        if self.visible == "binary" and self.objective != "discriminative":
            warn_beyond_bits(data, "visible='gaussian'", stacklevel=3)
        temperature, share = self._check_calibration()
        with own_names():
            options = self._options()
            seed = new_seed(self.random_state)
            rows, held_out = (data, codes), None
            if share:
                rows, held_out = split_rows("calibration_fraction", rows, share, seed, codes)
            machine = self._new_machine(rows[0])
            with any_numbers(machine.rbm):
                machine.fit(*rows, seed=seed, **options)
        machine.temperature, self.rbm_ = temperature, machine
        if held_out is not None:
            self._calibrate_if_possible(*held_out)
        return self

    def _options(self) -> dict[str, Any]:
        rate = mg.training.Cosine(check_real("learning_rate", self.learning_rate), begin=0.5)
        return {
            "negative": self._negative(),
            "optimizer": mg.Adam(rate),
            "penalties": penalties_of(self.weight_decay),
            "epochs": self.n_iter,
            "batch_size": self.batch_size,
            "gradient": self.gradient,
            "progress": check_verbose(self.verbose),
            "num_threads": threads_of(self.n_jobs),
        }

    def _negative(self) -> Negative:
        generative = negative_of(self.algorithm, self.n_steps)
        match check_choice("objective", self.objective, OBJECTIVES):
            case "hybrid":
                return mg.training.Hybrid(generative, alpha=self.alpha)
            case "discriminative":
                return mg.training.Discriminative()
        return generative

    def _new_machine(self, data: Any) -> mg.ClassificationRBM:
        n = data.shape[1]
        visible = check_choice("visible", self.visible, UNITS)
        machine = mg.ClassificationRBM(
            n, self.n_components, classes=len(self.classes_), visible=visible, dtype=data.dtype
        )
        if visible == "gaussian":
            machine.rbm.visible_precision[:n] = 1 / column_variances(data)
        return machine

    @property
    def _law(self) -> mg.ClassificationRBM:
        return self.rbm_

    def _validated(self, X: Any) -> Array:
        check_is_fitted(self)
        valid: Array = validate_data(
            self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False
        )
        return valid

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
