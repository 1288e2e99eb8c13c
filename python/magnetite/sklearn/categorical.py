"""Restricted Boltzmann machine of categories."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.validation import check_is_fitted, validate_data

import magnetite as mg
from magnetite._checks import check_choice
from magnetite.sklearn.base import RBMTransformer
from magnetite.units.base import Array

__all__ = ["CategoricalRBM"]

UNKNOWN = ("error", "missing")


class CategoricalRBM(RBMTransformer):
    """Restricted Boltzmann machine of columns with categories (softmax units), binary hidden ones.

    Every column has the categories that it shows when fitting, numbers or strings; nan is a missing
    value.

    Parameters
    ----------
    n_components : int, default 256
        Hidden units.
    learning_rate : float, default 0.1
        Rate of stochastic gradient ascent.
    batch_size : int, default 100
        Rows of an update, and number of persistent chains.
    n_iter : int, default 10
        Passes over the data.
    categories : "auto" or list of array-like, default "auto"
        Categories of every column, as for `sklearn.preprocessing.OneHotEncoder`; nan is none.
    handle_unknown : {"error", "missing"}, default "error"
        Whether other categories than those are refused, or count as missing values.
    verbose, random_state, algorithm, n_steps, momentum, weight_decay, gradient, n_jobs
        As for `BernoulliRBM`.

    Attributes
    ----------
    encoder_ : sklearn.preprocessing.OneHotEncoder
        What writes categories as columns.
    components_, intercept_hidden_, intercept_visible_ : ndarrays
        Weights (n_components, n_columns) and biases, in the encoder's columns.
    rbm_ : magnetite.RBM
        The fitted machine.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.sklearn import CategoricalRBM
    >>> X = np.array([["a", "x"], ["b", "y"], ["c", "y"]], dtype=object)
    >>> CategoricalRBM(n_components=2, random_state=1).fit_transform(X).shape
    (3, 2)
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        learning_rate: float = 0.1,
        batch_size: int = 100,
        n_iter: int = 10,
        categories: Any = "auto",
        handle_unknown: str = "error",
        verbose: int = 0,
        random_state: Any = None,
        algorithm: str = "pcd",
        n_steps: int = 1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        gradient: str = "centered",
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.categories = categories
        self.handle_unknown = handle_unknown
        self.verbose = verbose
        self.random_state = random_state
        self.algorithm = algorithm
        self.n_steps = n_steps
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.gradient = gradient
        self.n_jobs = n_jobs

    def _encode(self, X: Any, *, fitting: bool) -> Array:
        valid: NDArray[Any] = validate_data(
            self, X, dtype=None, ensure_all_finite="allow-nan", reset=fitting
        )
        if fitting:
            self.encoder_ = self._fitted_encoder(valid)
        columns: Array = self.encoder_.transform(valid)
        columns = columns.astype(np.float32 if valid.dtype == np.float32 else np.float64)
        # What the encoder does not know, nan or another category, has zeros only.
        sizes = [len(categories) for categories in self.encoder_.categories_]
        starts = np.cumsum([0, *sizes[:-1]])
        unknown = np.add.reduceat(columns, starts, axis=1) == 0
        self._check_unknown(valid, unknown)
        columns[np.repeat(unknown, sizes, axis=1)] = np.nan
        return columns

    def _check_unknown(self, valid: NDArray[Any], unknown: NDArray[np.bool_]) -> None:
        other = unknown & (valid == valid)  # and not nan
        lost = unknown.all(axis=1) & other.any(axis=1)
        if check_choice("handle_unknown", self.handle_unknown, UNKNOWN) == "error":
            if other.any():
                row, column = np.argwhere(other)[0]
                raise ValueError(
                    f"X must hold known categories, got {valid[other].tolist()[0]!r} at index "
                    f"({row}, {column}): name all in categories, or let handle_unknown='missing' "
                    "take others for missing values"
                )
        elif lost.any():
            row = int(np.argmax(lost))
            raise ValueError(
                "X must have a known category in every row, got only unknown ones, such as "
                f"{valid[row][other[row]].tolist()[0]!r}, in row {row}"
            )

    def _fitted_encoder(self, valid: NDArray[Any]) -> OneHotEncoder:
        options = {"sparse_output": False, "handle_unknown": "ignore"}
        encoder = OneHotEncoder(categories=self.categories, **options).fit(valid)
        # For scikit-learn nan is a category, for us a missing value.
        known = [found[found == found] for found in encoder.categories_]
        for column, found in enumerate(known):
            if not len(found):
                what = "X" if isinstance(self.categories, str) else "categories"
                raise ValueError(
                    f"{what} must have a value in every column, got nan only in column {column}"
                )
        return OneHotEncoder(categories=known, **options).fit(valid)

    def _new_machine(self, X: Array) -> mg.RBM:
        # A column of one category is a bit that is always 1.
        sizes = [len(categories) for categories in self.encoder_.categories_]
        groups = [("binary" if size == 1 else mg.units.Categorical(size), size) for size in sizes]
        return mg.RBM(X.shape[1], self.n_components, visible=groups, dtype=X.dtype)

    def sample(self, n_samples: int = 1, *, n_steps: int = 1000) -> NDArray[Any]:
        """Return draws of the fitted machine, in its categories.

        Parameters
        ----------
        n_samples : int
            Independent chains.
        n_steps : int
            Gibbs steps of each.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        columns = super().sample(n_samples, n_steps=n_steps)
        categories: NDArray[Any] = self.encoder_.inverse_transform(columns)
        return categories

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.categorical = True
        return tags
