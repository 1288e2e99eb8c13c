"""Deep belief networks that give real numbers."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from magnetite.networks import Regressor
from magnetite.sklearn.fine_tuning import FineTuned
from magnetite.sklearn.options import new_seed

__all__ = ["DBNRegressor"]


class DBNRegressor(RegressorMixin, FineTuned):  # type: ignore[misc]
    """Deep belief network with a linear layer on top, trained with targets by back-propagation.

    The machines are trained first, without targets; then all weights together, with them, by Adam
    with a rate that falls to zero. Targets may have any scale.

    Parameters
    ----------
    layer_sizes, visible, learning_rate, batch_size, n_iter, verbose, random_state, algorithm, \
n_steps, momentum, weight_decay, gradient, n_jobs
        Of the machines, as for `DBNTransformer`; `batch_size` is also that of fine-tuning.
    fine_tune_learning_rate, fine_tune_iter, fine_tune_weight_decay, dropout, input_dropout, \
early_stopping, validation_fraction, n_iter_no_change
        As for `DBNClassifier`.

    Attributes
    ----------
    dbn_ : magnetite.DBN
        The stack as it was trained without targets.
    network_ : magnetite.networks.Regressor
        The network as it was fine-tuned.
    history_ : dict
        Figures of fine-tuning by epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.sklearn import DBNRegressor
    >>> X = np.random.default_rng(1).random((400, 3))
    >>> y = X @ [1.0, 2.0, 3.0]
    >>> model = DBNRegressor((50,), n_iter=5, fine_tune_learning_rate=0.01, random_state=1)
    >>> model.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.9
    True
    """

    network_: Regressor

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit new machines to the data, and a network of them to the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Numbers.
        sample_weight : array-like of shape (n_samples,), default None
            What every row counts, with and without targets.

        Returns
        -------
        self
        """
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            multi_output=True,
            y_numeric=True,
        )
        options = self._fine_tuning()
        X, y, weights = self._counted(X, y, sample_weight)
        seed = new_seed(self.random_state)
        self._fit_stack(X, seed, weights)
        self._single = y.ndim == 1
        self.network_ = self.dbn_.to_regressor(1 if y.ndim == 1 else y.shape[1])
        self._fine_tune((X, y, weights), options, seed)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the expected targets of every row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        check_is_fitted(self)
        found = self.network_.predict(self._validated(X), num_threads=self._num_threads())
        return found if self._single or found.ndim == 2 else found[:, None]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
