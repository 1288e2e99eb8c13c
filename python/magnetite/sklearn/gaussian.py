"""Restricted Boltzmann machine of real visible units."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.sparsefuncs import mean_variance_axis

import magnetite as mg
from magnetite.sklearn.base import RBMTransformer
from magnetite.units.base import Array

__all__ = ["GaussianRBM", "column_variances"]

CONSTANT = 1e-12
"""Columns are constant whose variance is at most this share of their mean square: rounding makes
some of what is constant, and energies of less could not be told apart."""


def column_variances(X: Any) -> NDArray[np.float64]:
    """Return the variances of the columns of dense or sparse data, one where there is none."""
    if hasattr(X, "tocsr"):
        found = mean_variance_axis(X, axis=0)
    else:
        with warnings.catch_warnings():  # of columns without values
            warnings.simplefilter("ignore", RuntimeWarning)
            wide = X.astype(np.float64)
            found = np.nanmean(wide, axis=0), np.nanvar(wide, axis=0)
    means, variances = (np.asarray(values, np.float64) for values in found)
    # A constant column has any scale, and one row, or a column without values (nan), has none.
    varied = variances > CONSTANT * (means**2 + variances)
    return np.where(varied, variances, 1.0)


class GaussianRBM(RBMTransformer):
    """Restricted Boltzmann machine with real visible units and binary hidden ones.

    Its density is a mixture of Gaussians, one for each state of the hidden layer.

    Parameters
    ----------
    n_components : int, default 256
        Hidden units.
    learning_rate : float, default 0.01
        Rate of stochastic gradient ascent.
    batch_size : int, default 100
        Rows of an update.
    n_iter : int, default 10
        Passes over the data.
    learn_variance : bool, default False
        Whether the units' variances given the hidden layer are learnt; they begin at the data's.
    verbose : int, default 0
        Whether to show a progress bar.
    random_state : int, RandomState or None
        Fixes all draws.
    algorithm : {"cd", "pcd"}, default "cd"
        Negative phase; chains that start from the data serve real units better.
    n_steps, momentum, weight_decay, gradient, n_jobs
        As for `BernoulliRBM`; the gradient is "standardized" by default, so that scales of the
        columns do not matter.

    Attributes
    ----------
    components_, intercept_hidden_, intercept_visible_ : ndarrays
        Weights (n_components, n_features) and biases.
    rbm_ : magnetite.RBM
        The fitted machine.

    References
    ----------
    Melchior, Wang and Wiskott, PLOS ONE 12 (2017) e0171015.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.sklearn import GaussianRBM
    >>> X = np.random.default_rng(1).normal(size=(50, 3))
    >>> GaussianRBM(n_components=2, random_state=1).fit_transform(X).shape
    (50, 2)
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        learning_rate: float = 0.01,
        batch_size: int = 100,
        n_iter: int = 10,
        learn_variance: bool = False,
        verbose: int = 0,
        random_state: Any = None,
        algorithm: str = "cd",
        n_steps: int = 1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        gradient: str = "standardized",
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.learn_variance = learn_variance
        self.verbose = verbose
        self.random_state = random_state
        self.algorithm = algorithm
        self.n_steps = n_steps
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.gradient = gradient
        self.n_jobs = n_jobs

    def _new_machine(self, X: Array) -> mg.RBM:
        units = mg.units.Gaussian(learn_variance=self.learn_variance)
        return mg.RBM(
            X.shape[1],
            self.n_components,
            visible=units,
            visible_precision=1 / column_variances(X),
            dtype=X.dtype,
        )
