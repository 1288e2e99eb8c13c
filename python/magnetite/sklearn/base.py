"""What the transformers share: a machine, made for the data and fitted to them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

import magnetite as mg
from magnetite._checks import check_finite
from magnetite.layers import Draws
from magnetite.sklearn.missing import (
    check_some_known,
    free_energies_of_known,
    hidden_means_of_known,
)
from magnetite.sklearn.options import TrainingOptions, check_verbose, new_seed, own_names
from magnetite.units.base import Array

__all__ = ["RBMTransformer"]

NUMBERS_AT_ONCE = 2**22
"""Of sparse data made dense at a time."""


OfWhole = Callable[[mg.RBM, Array], Array]
OfKnown = Callable[[mg.RBM, Array, int, int, int | None], Array]


def _dense(data: Any) -> Array:
    return np.ascontiguousarray(data.toarray() if hasattr(data, "toarray") else data)


class RBMTransformer(
    TrainingOptions,
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
    ABC,
):
    """Base of the estimators whose features are the hidden units' means.

    Missing values (nan) are drawn given the others, while fitting and for features, and summed over
    for scores.

    Attributes
    ----------
    rbm_ : magnetite.RBM
        The fitted machine.
    """

    rbm_: mg.RBM
    n_features_in_: int

    @abstractmethod
    def _new_machine(self, X: Array) -> mg.RBM:
        """Return an untrained machine for the encoded data."""

    def _encode(self, X: Any, *, fitting: bool) -> Array:
        """Return the data as visible states."""
        return self._validated(X, fitting=fitting)

    @contextmanager
    def _training(self) -> Iterator[mg.RBM]:
        """Lend the machine for training with encoded data."""
        yield self.rbm_

    def _check_learnt(self, X: Any) -> None:
        """Warn of encoded data that are no good to learn from; called by the public methods."""

    def _validated(self, X: Any, *, fitting: bool, missing: bool = True) -> Array:
        valid: Array = validate_data(
            self,
            X,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            ensure_all_finite="allow-nan" if missing else True,
            reset=fitting,
        )
        return valid

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit a new machine to data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        progress = check_verbose(self.verbose)
        data = self._encode(X, fitting=True)
        self._check_learnt(data)
        with own_names():
            self.rbm_ = self._new_machine(data)
        with own_names(), self._training() as rbm:
            rbm.fit(
                data,
                epochs=self.n_iter,
                seed=new_seed(self.random_state),
                progress=progress,
                **self._options(),
            )
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on with a part of a stream of data; every row counts once, whatever the part's size.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The part.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        first = not hasattr(self, "rbm_")
        data = self._encode(X, fitting=first)
        self._check_learnt(data)
        if first:
            with own_names():
                self.rbm_ = self._new_machine(data)
        with own_names(), self._training() as rbm:
            rbm.partial_fit(data, seed=new_seed(self.random_state), **self._options())
        return self

    def transform(self, X: Any) -> Array:
        """Return the hidden units' means given data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data; nan where a value is missing. The means are then those over draws of the
            missing values given the others, which `random_state` fixes.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            In the dtype of `X`, where that is float32 or float64.
        """
        check_is_fitted(self)
        data = self._encode(X, fitting=False)
        means: Array = self._by_blocks(data, self._hidden_means, hidden_means_of_known)
        return means

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithm of each row's density, but for a constant: minus its free energy.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data; nan where a value is missing.

        Returns
        -------
        ndarray of shape (n_samples,)
            Of rows with missing values, the density of those that are there: summed exactly where
            the hidden units, or the missing ones, have at most 2**20 states, else estimated by
            annealing, with errors of some tenths for hundreds of missing values, and nan where
            that is refused.
        """
        check_is_fitted(self)
        return self._log_densities(self._encode(X, fitting=False))

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean log-likelihood of the rows: exact for small machines, else annealed.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data; nan where a value is missing, as for `GaussianRBM.score_samples`.
        y : None
            Ignored.

        Returns
        -------
        float
            In nats; nan where the estimate is refused, of which `rbm_.log_likelihood` says why.
        """
        check_is_fitted(self)
        data = self._encode(X, fitting=False)
        densities = self._log_densities(data)
        rbm, seed = self._as_fitted(data), new_seed(self.random_state)
        base = data if getattr(rbm, "data_means", None) is None else None
        log_z = rbm.log_partition(base=base, seed=seed, num_threads=self._num_threads())
        return float(densities.mean() - log_z.value)

    def sample(self, n_samples: int = 1, *, n_steps: int = 1000) -> Any:
        """Return draws of the fitted machine, by Gibbs sampling from its biases.

        Parameters
        ----------
        n_samples : int
            Independent chains.
        n_steps : int
            Steps of each.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        seed = new_seed(self.random_state)
        threads = self._num_threads()
        with own_names():
            return self.rbm_.sample(n_samples, num_steps=n_steps, seed=seed, num_threads=threads)

    def _as_fitted(self, data: Array) -> mg.RBM:
        """Return the machine in the dtype of the data."""
        return self.rbm_ if self.rbm_.dtype == data.dtype else self.rbm_.astype(data.dtype)

    def _gibbs(self, v: Array) -> Array:
        """Return one step of Gibbs sampling from `v`, new draws in every call."""
        check_is_fitted(self)
        if not hasattr(self, "random_state_"):
            self.random_state_ = check_random_state(self.random_state)
        rbm, key = self._as_fitted(v), int(self.random_state_.randint(2**31))
        v = _dense(v)
        layers, betas = rbm.layers(self._num_threads()), np.ones(len(v))
        h = layers.hidden(v, rbm.pair, betas, Draws(key, 0, 0))[1]
        drawn: Array = layers.visible(h, rbm.pair, betas, Draws(key, 0, 1))[1]
        return drawn

    # What goes in was checked by `_encode`: any finite numbers, and nan where they are missing.

    def _by_blocks(self, data: Any, work: OfWhole, of_known: OfKnown) -> Any:
        """Return what is made of blocks of dense rows by the machine in the data's dtype.

        `of_known` makes it of rows with missing values, with random numbers of a seed and the
        number of the first row.
        """
        rbm, size = self._as_fitted(data), max(1, NUMBERS_AT_ONCE // data.shape[1])
        seed, parts = None, []
        for start in range(0, data.shape[0], size):
            v = _dense(data[start : start + size])
            partial = np.isnan(v).any(axis=1)
            if not partial.any():
                parts.append(work(rbm, v))
                continue
            check_some_known(v, start)
            seed = new_seed(self.random_state) if seed is None else seed
            some = of_known(rbm, v[partial], seed, start, self._num_threads())
            part = np.empty((len(v), *some.shape[1:]), some.dtype)
            part[partial] = some
            if not partial.all():
                part[~partial] = work(rbm, v[~partial])
            parts.append(part)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _log_densities(self, data: Any) -> NDArray[np.float64]:
        """Return minus the free energies of encoded data."""
        energies: NDArray[np.float64] = self._by_blocks(
            data, self._free_energies, free_energies_of_known
        )
        return -energies

    def _hidden_means(self, rbm: mg.RBM, v: Array) -> Array:
        layers = rbm.layers(self._num_threads())
        means: Array = layers.hidden(v, rbm.pair, np.ones(len(v)))[0]
        return means

    def _free_energies(self, rbm: mg.RBM, v: Array) -> NDArray[np.float64]:
        layers, betas = rbm.layers(self._num_threads()), np.ones(len(v))
        return rbm.pair.visible.energies(v, betas) - layers.hidden_log_norms(v, rbm.pair, betas)

    @property
    def components_(self) -> Array:
        """Weights, shape (n_components, n_columns)."""
        return self.rbm_.weights.T

    @components_.setter
    def components_(self, value: ArrayLike) -> None:
        weights = np.atleast_2d(value).T
        rbm = getattr(self, "rbm_", None)
        if rbm is None:
            single = weights.dtype == np.float32
            like = np.zeros((1, len(weights)), np.float32 if single else np.float64)
            rbm = self._new_machine(like)
        self._assign("components_", rbm.weights.T, weights.T)
        if not hasattr(self, "rbm_"):
            self.rbm_, self.n_features_in_ = rbm, rbm.n_visible

    @property
    def intercept_hidden_(self) -> Array:
        """Biases of the hidden units."""
        return self.rbm_.hidden_bias

    @intercept_hidden_.setter
    def intercept_hidden_(self, value: ArrayLike) -> None:
        self._assign("intercept_hidden_", self.rbm_.hidden_bias, np.asarray(value))

    @property
    def intercept_visible_(self) -> Array:
        """Biases of the visible units."""
        return self.rbm_.visible_bias

    @intercept_visible_.setter
    def intercept_visible_(self, value: ArrayLike) -> None:
        self._assign("intercept_visible_", self.rbm_.visible_bias, np.asarray(value))

    def _assign(self, name: str, parameter: Array, value: Array) -> None:
        if value.shape != parameter.shape:
            raise ValueError(f"{name} must have shape {parameter.shape}, got {value.shape}")
        check_finite(name, value)
        parameter[...] = value

    @property
    def _n_features_out(self) -> int:
        return self.rbm_.n_hidden

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
