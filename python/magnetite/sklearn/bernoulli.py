"""Drop-in `BernoulliRBM`."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

import magnetite as mg
from magnetite.sklearn.base import RBMTransformer
from magnetite.sklearn.bits import any_numbers, warn_beyond_bits
from magnetite.sklearn.missing import free_energies_of_known
from magnetite.sklearn.options import new_seed
from magnetite.units.base import Array

__all__ = ["BernoulliRBM"]


class BernoulliRBM(RBMTransformer):
    """Restricted Boltzmann machine of bits, with the names of scikit-learn's own.

    Parameters
    ----------
    n_components : int, default 256
        Hidden units.
    learning_rate : float, default 0.1
        Rate of stochastic gradient ascent.
    batch_size : int, default 10
        Rows of an update, and number of persistent chains.
    n_iter : int, default 10
        Passes over the data.
    verbose : int, default 0
        Whether to show a progress bar.
    random_state : int, RandomState or None
        Fixes all draws.
    algorithm : {"pcd", "cd"}, default "pcd"
        Negative phase: persistent contrastive divergence, or from the data each time.
    n_steps : int, default 1
        Gibbs steps of an update.
    momentum : float, default 0.0
        Momentum of the ascent.
    weight_decay : float, default 0.0
        Cost of the weights' squares.
    gradient : {"plain", "centered", "standardized"}, default "plain"
        Coordinates of the ascent. "plain" is what scikit-learn does, so that its learning rates
        mean the same; "centered" gives better likelihoods.
    n_jobs : int or None
        Threads; -1, and by default, all cores, -2 all but one. The result does not depend on it.

    Attributes
    ----------
    components_, intercept_hidden_, intercept_visible_ : ndarrays
        Weights (n_components, n_features) and biases.
    rbm_ : magnetite.RBM
        The fitted machine.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.sklearn import BernoulliRBM
    >>> X = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    >>> BernoulliRBM(n_components=2, random_state=1).fit_transform(X).shape
    (4, 2)
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        learning_rate: float = 0.1,
        batch_size: int = 10,
        n_iter: int = 10,
        verbose: int = 0,
        random_state: Any = None,
        algorithm: str = "pcd",
        n_steps: int = 1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        gradient: str = "plain",
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
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

    def _check_learnt(self, X: Any) -> None:
        warn_beyond_bits(X, "GaussianRBM", stacklevel=4)

    def _new_machine(self, X: Array) -> mg.RBM:
        return mg.RBM(X.shape[1], self.n_components, dtype=X.dtype)

    @contextmanager
    def _training(self) -> Iterator[mg.RBM]:
        with any_numbers(self.rbm_):
            yield self.rbm_

    def gibbs(self, v: Any) -> Array:
        """Return one step of Gibbs sampling from visible states.

        Parameters
        ----------
        v : array-like of shape (n_samples, n_features)
            Where to start.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        return self._gibbs(self._validated(v, fitting=False, missing=False))

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean log-likelihood of bits, and the mean of `score_samples` of other data.

        Values that are not all 0 or 1 have no likelihood under a machine of bits. The two are on
        different scales: in a search, let the data of every fold be bits, or of none.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : None
            Ignored.

        Returns
        -------
        float
            In nats. Of bits: exact for small machines, else annealed; nan where the estimate is
            refused, of which `rbm_.log_likelihood` says why. Of others: a pseudo-likelihood.
        """
        check_is_fitted(self)
        v: Any = self._encode(X, fitting=False)
        values: Array = v.data if hasattr(v, "tocsr") else v
        if np.isin(values[~np.isnan(values)], (0, 1)).all():
            return super().score(X)
        return float(self.score_samples(X).mean())

    @property
    def h_samples_(self) -> Array:
        """Hidden states of the persistent chains, shape (batch_size, n_components)."""
        return self.rbm_.chains[1]

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Return the pseudo-likelihood of each row, estimated from one of its bits.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,)
            ``n_features * ln p(bit | all others)`` for one bit of each row, which `random_state`
            and the row itself decide: a row has the same score wherever it stands. Of rows with
            missing values (nan), the same of the features that are there, see
            `GaussianRBM.score_samples`; where these are annealed, the draws, and so the score,
            depend on the other rows too.
        """
        check_is_fitted(self)
        data, seed = self._encode(X, fitting=False), new_seed(self.random_state)

        def scores(v: Array, energies: Callable[[Array], NDArray[np.float64]]) -> Array:
            known = [np.flatnonzero(there) for there in ~np.isnan(v)]
            counts = np.array([len(columns) for columns in known])
            picks = [zlib.crc32(row.tobytes(), seed) for row in v] % counts
            columns = [there[pick] for there, pick in zip(known, picks, strict=True)]
            flipped, rows = v.copy(), np.arange(len(v))
            flipped[rows, columns] = 1 - v[rows, columns]
            with np.errstate(invalid="ignore"):  # nan where annealing is refused
                result: Array = -counts * np.logaddexp(0, energies(v) - energies(flipped))
            return result

        def of_whole(rbm: mg.RBM, v: Array) -> Array:
            return scores(v, lambda v: self._free_energies(rbm, v))

        def of_known(rbm: mg.RBM, v: Array, *numbers: Any) -> Array:
            return scores(v, lambda v: free_energies_of_known(rbm, v, *numbers))

        result: NDArray[np.float64] = self._by_blocks(data, of_whole, of_known)
        return result
