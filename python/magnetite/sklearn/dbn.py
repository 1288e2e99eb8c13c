"""Deep belief networks as transformers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

import magnetite as mg
from magnetite._checks import check_choice, check_count
from magnetite.sklearn.bits import any_numbers, warn_beyond_bits
from magnetite.sklearn.gaussian import GaussianRBM
from magnetite.sklearn.options import TrainingOptions, check_verbose, new_seed, own_names
from magnetite.units.base import Array

__all__ = ["DBNTransformer", "Stacked"]


class Stacked(TrainingOptions, BaseEstimator):  # type: ignore[misc]
    """Base of the estimators that train a stack of machines without labels.

    Attributes
    ----------
    dbn_ : magnetite.DBN
        The stack.
    """

    dbn_: mg.DBN
    n_features_in_: int

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
    ) -> None:
        self.layer_sizes = layer_sizes
        self.visible = visible
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.verbose = verbose
        self.random_state = random_state
        self.algorithm = algorithm
        self.n_steps = n_steps
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.gradient = gradient
        self.n_jobs = n_jobs

    def _validated(self, X: Any) -> Any:
        return validate_data(
            self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False
        )

    def _fit_stack(self, X: Any, seed: int, sample_weight: Any = None) -> None:
        """Train the stack on checked data."""
        progress = check_verbose(self.verbose)
        check_choice("visible", self.visible, ("binary", "gaussian"))
        with own_names():
            first = {"epochs": check_count("n_iter", self.n_iter)} | self._options()
            self.dbn_ = mg.DBN(self._machines(X))
        upper = dict(first)
        if self.visible == "gaussian":
            rate = mg.SGD(0.1 * self.learning_rate, momentum=self.momentum)
            first |= {"gradient": "standardized", "optimizer": rate}
        else:
            warn_beyond_bits(X, "visible='gaussian'", stacklevel=4)
        threads = first.pop("num_threads")
        upper.pop("num_threads")
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        with own_names(), any_numbers(self.dbn_.layers[0]):
            self.dbn_.fit(
                X,
                layers=[first] + [upper] * (len(self.dbn_.layers) - 1),
                seed=seed,
                num_threads=threads,
                progress=progress,
                **weights,
            )

    def _machines(self, X: Any) -> list[mg.RBM]:
        """Return untrained machines for the data."""
        if isinstance(self.layer_sizes, str) or not isinstance(
            self.layer_sizes, Sequence | np.ndarray
        ):
            raise TypeError(f"layer_sizes must be a list of sizes, got {self.layer_sizes!r}")
        sizes = [check_count("layer_sizes", size, 1, bits=31) for size in self.layer_sizes]
        if not sizes:
            raise ValueError("layer_sizes must have at least one size, got none")
        if self.visible == "gaussian":
            first = GaussianRBM(sizes[0])._new_machine(X)
        else:
            first = mg.RBM(X.shape[1], sizes[0], dtype=X.dtype)
        above = pairwise(sizes)
        return [first, *(mg.RBM(n, m, dtype=X.dtype) for n, m in above)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class DBNTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Stacked):  # type: ignore[misc]
    """Deep belief network whose features are the means of its top layer.

    Machines are trained one above the other, each on the hidden means of the one below.

    Parameters
    ----------
    layer_sizes : sequence of int, default (256, 256)
        Hidden units of each machine, from below.
    visible : {"binary", "gaussian"}, default "binary"
        Units of the features: "binary" for values from 0 to 1, "gaussian" for real ones
        (standardise these; their machine learns at a tenth of the rate).
    learning_rate : float, default 0.05
        Rate of stochastic gradient ascent.
    batch_size : int, default 20
        Rows of an update.
    n_iter : int, default 20
        Passes over the data of each machine.
    verbose : int, default 0
        Whether to show a progress bar.
    random_state : int, RandomState or None
        Fixes all draws.
    algorithm : {"cd", "pcd"}, default "cd"
        Negative phase: contrastive divergence, or persistent chains.
    n_steps : int, default 1
        Gibbs steps of an update.
    momentum : float, default 0.5
        Momentum of the ascent.
    weight_decay : float, default 2e-4
        Cost of the weights' squares.
    gradient : {"centered", "plain", "standardized"}, default "centered"
        Coordinates of the ascent.
    n_jobs : int or None
        Threads; -1, and by default, all cores. The result does not depend on it.

    Attributes
    ----------
    dbn_ : magnetite.DBN
        The stack.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.sklearn import DBNTransformer
    >>> X = np.random.default_rng(1).random((50, 6))
    >>> DBNTransformer((4, 3), n_iter=2, random_state=1).fit_transform(X).shape
    (50, 3)
    """

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit new machines to data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default None
            What every row counts.

        Returns
        -------
        self
        """
        data = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32))
        self._fit_stack(data, new_seed(self.random_state), sample_weight)
        return self

    def transform(self, X: Any) -> Array:
        """Return the means of the top layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples, layer_sizes[-1])
            In the dtype of `X`, where that is float32 or float64.
        """
        check_is_fitted(self)
        data = self._validated(X)
        if data.dtype == self.dbn_.layers[0].dtype:
            return self.dbn_.transform(data)
        return mg.DBN([rbm.astype(data.dtype) for rbm in self.dbn_.layers]).transform(data)

    @property
    def _n_features_out(self) -> int:
        return self.dbn_.layers[-1].n_hidden

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
