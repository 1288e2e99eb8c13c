"""Methods of `ConditionalRBM` that say what rows are worth given their conditions."""

from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite.estimates import Estimate
from magnetite.likelihood.bracket import LogPartition
from magnetite.likelihood.partition import PartitionOptions
from magnetite.relatives.estimates import each_log_partition, sum_over_rows

if TYPE_CHECKING:
    from magnetite.relatives.conditional import ConditionalRBM

__all__ = ["log_likelihood", "log_probabilities"]

Floats = NDArray[np.float64]


def _scored(
    model: "ConditionalRBM", X: ArrayLike, conditions: ArrayLike, options: PartitionOptions
) -> tuple[Floats, NDArray[np.int64], dict[int, LogPartition]]:
    """Return negative free energies of rows, which condition each has, and log Z of each."""
    logs = -model.free_energy(X, conditions)
    different, of_row = np.unique(model._conditions(conditions), axis=0, return_inverse=True)
    numbers = range(len(different))
    found = each_log_partition(lambda number: model.given(different[number]), numbers, options)
    return logs, of_row.ravel(), found


def log_probabilities(
    self: "ConditionalRBM", X: ArrayLike, conditions: ArrayLike, **options: Unpack[PartitionOptions]
) -> Floats:
    """Return ``ln p(v | u)`` of every row, in nats; nan where log Z is refused.

    Every condition has a log Z of its own, by `RBM.log_partition`: for few hidden or visible units,
    or few conditions.

    Parameters
    ----------
    X : array_like, shape (rows, n_visible)
        Visible states.
    conditions : array_like, shape (rows, n_condition)
        u of each row.
    **options
        Those of `RBM.log_partition`, for each log Z.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.ConditionalRBM(2, 1, n_condition=1)
    >>> model.log_probabilities([[1, 0]], [[5.0]]).round(4)  # -2 ln 2
    array([-1.3863])
    """
    logs, of_row, known = _scored(self, X, conditions, options)
    result: Floats = logs - np.array([log_z.value for log_z in known.values()])[of_row]
    return result


def log_likelihood(
    self: "ConditionalRBM", X: ArrayLike, conditions: ArrayLike, **options: Unpack[PartitionOptions]
) -> Estimate:
    """Return the mean of ``ln p(v | u)`` over rows, in nats per row.

    Parameters
    ----------
    X, conditions, **options
        As for `log_probabilities`.

    Returns
    -------
    Estimate
        Exact (error 0) where every log Z is; refused where one is, with a bracket.

    Examples
    --------
    >>> import magnetite as mg
    >>> print(mg.ConditionalRBM(2, 1, n_condition=1).log_likelihood([[1, 0]], [[5.0]]))
    -1.38629 +- 0
    """
    logs, of_row, known = _scored(self, X, conditions, options)
    return sum_over_rows(np.full(len(logs), 1 / len(logs)), logs, of_row, known)
