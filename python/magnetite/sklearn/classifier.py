"""Classification RBM as an estimator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

import magnetite as mg
from magnetite._checks import check_choice, check_real
from magnetite.sklearn.bernoulli import Lenient, warn_beyond_bits
from magnetite.sklearn.gaussian import column_variances
from magnetite.sklearn.options import negative_of, new_seed, own_names, penalties_of, threads_of
from magnetite.training import Negative
from magnetite.units.base import Array
from magnetite.units.layer import Layer

__all__ = ["RBMClassifier"]

OBJECTIVES = ("hybrid", "discriminative", "generative")
UNITS = ("gaussian", "binary")


class RBMClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
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
    temperature : float or "auto", default 1.0
        What `predict_proba` divides the logits by; "auto" finds it on rows that are not learnt.
    calibration_fraction : float, default 0.2
        Share of those rows, above 0 and at most 0.5, where `temperature` is "auto".
    learning_rate : float, default 0.005
        Rate of `magnetite.Adam`, which falls to zero in the second half of the training.
    batch_size : int, default 50
        Rows of an update.
    n_iter : int, default 50
        Passes over the data.
    verbose : int, default 0
        Whether to show a progress bar.
    random_state : int, RandomState or None
        Fixes all draws, and the split for "auto".
    algorithm : {"cd", "pcd"}, default "cd"
        Negative phase of the generative part.
    n_steps, weight_decay, gradient, n_jobs
        As for `GaussianRBM`. With the objective "generative", "centered" gradients do better than
        the default, "standardized".

    Attributes
    ----------
    classes_ : ndarray
        The labels.
    rbm_ : magnetite.ClassificationRBM
        The fitted machine.
    temperature_ : float
        The temperature of `predict_proba`.

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

    classes_: NDArray[Any]
    rbm_: mg.ClassificationRBM
    temperature_: float

    def __init__(
        self,
        n_components: int = 100,
        *,
        objective: str = "hybrid",
        alpha: float = 0.01,
        visible: str = "gaussian",
        temperature: float | str = 1.0,
        calibration_fraction: float = 0.2,
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
        self.temperature = temperature
        self.calibration_fraction = calibration_fraction
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
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must have two classes at least, got one class, {y[0]!r}")
        if self.visible == "binary" and self.objective != "discriminative":
            warn_beyond_bits(data, stacklevel=3)
        with own_names():
            temperature = self._checked_temperature()
            options = self._options()
            seed = new_seed(self.random_state)
            if temperature is None:
                data, held, numbers, held_numbers = self._split(data, numbers, seed)
            machine = self._new_machine(data)
            with _trained_on_any_numbers(machine):
                machine.fit(data, numbers, seed=seed, **options)
            machine.temperature = temperature or 1.0
            if temperature is None:
                machine.calibrate(held, held_numbers, num_threads=options["num_threads"])
        self.rbm_, self.temperature_ = machine, machine.temperature
        return self

    def _checked_temperature(self) -> float | None:
        """Return the temperature, None where it is to be found."""
        if isinstance(self.temperature, str) and self.temperature == "auto":
            if not 0 < check_real("calibration_fraction", self.calibration_fraction) <= 0.5:
                raise ValueError(
                    "calibration_fraction must be above 0 and at most 0.5, "
                    f"got {self.calibration_fraction!r}"
                )
            return None
        if isinstance(self.temperature, str):
            raise ValueError(f"temperature must be a number or 'auto', got {self.temperature!r}")
        temperature = check_real("temperature", self.temperature)
        if not 0 < temperature < np.inf:
            raise ValueError(f"temperature must be positive and finite, got {temperature!r}")
        return temperature

    def _options(self) -> dict[str, Any]:
        rate = mg.training.Cosine(check_real("learning_rate", self.learning_rate), begin=0.5)
        return {
            "negative": self._negative(),
            "optimizer": mg.Adam(rate),
            "penalties": penalties_of(self.weight_decay),
            "epochs": self.n_iter,
            "batch_size": self.batch_size,
            "gradient": self.gradient,
            "progress": bool(self.verbose),
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

    def _split(self, data: Any, numbers: NDArray[np.int64], seed: int) -> list[Any]:
        """Return rows to learn and rows to calibrate by, with their labels."""
        if len(numbers) < 2:
            raise ValueError(f"X must have two rows at least to calibrate by, got {len(numbers)}")
        split: list[Any] = train_test_split(
            data, numbers, test_size=self.calibration_fraction, random_state=seed
        )
        return [split[0], split[1], split[2], split[3]]

    def _new_machine(self, data: Any) -> mg.ClassificationRBM:
        n = data.shape[1]
        visible = check_choice("visible", self.visible, UNITS)
        machine = mg.ClassificationRBM(
            n, self.n_components, classes=len(self.classes_), visible=visible, dtype=data.dtype
        )
        if visible == "gaussian":
            machine.rbm.visible_precision[:n] = 1 / column_variances(data)
        return machine

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the chances of the classes, at the temperature of the estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        data = self._validated(X)
        return self.rbm_.predict_proba(data, num_threads=threads_of(self.n_jobs))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest class of every row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        data = self._validated(X)
        labels: NDArray[Any] = self.classes_[
            self.rbm_.predict(data, num_threads=threads_of(self.n_jobs))
        ]
        return labels

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


@contextmanager
def _trained_on_any_numbers(machine: mg.ClassificationRBM) -> Iterator[None]:
    """Let binary units take values from 0 to 1 as means; see `BernoulliRBM`."""
    strict = machine.rbm.visible
    (units, size), label = strict.groups
    if units.kind == Lenient.kind:
        machine.rbm.visible = Layer(((Lenient(), size), label))
    try:
        yield
    finally:
        machine.rbm.visible = strict
