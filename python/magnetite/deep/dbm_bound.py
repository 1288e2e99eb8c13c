"""How likely a deep Boltzmann machine finds data: log Z, the mean-field bound, and ``ln p(v)``."""

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_finite, real_array
from magnetite.deep.bound import LogLikelihoodBound
from magnetite.deep.dbm_mean_field import MeanField, log_weights
from magnetite.estimates import Estimate
from magnetite.likelihood.bases import BaseLike
from magnetite.likelihood.bracket import LogPartition
from magnetite.likelihood.partition import PartitionOptions
from magnetite.likelihood.rows import (
    LogLikelihood,
    LogZ,
    check_options,
    find_log_z,
    mean_estimate,
)
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.deep.dbm import DBM

__all__ = ["MeanFieldBound", "log_likelihood", "log_likelihood_bound", "log_partition"]


def log_partition(self: "DBM", **options: Unpack[PartitionOptions]) -> LogPartition:
    """Return log Z: exact where the odd or the even layers allow, else a bracket by annealing.

    It is that of the restricted machine that `DBM.to_rbm` returns: annealing goes from independent
    units of the even layers to the machine and back, with the odd layers summed out.

    Parameters
    ----------
    **options
        Those of `RBM.log_partition`. A `base` is data, or their means, of the visible layer; the
        means of the other even layers are added, by mean field for data, else those of training.

    Returns
    -------
    LogPartition

    Examples
    --------
    >>> import magnetite as mg
    >>> print(mg.DBM([4, 3, 2]).log_partition())  # 9 ln 2
    6.23832 (exact)
    """
    return self._folded.log_partition(**_folded_options(self, options))


def _folded_options(dbm: "DBM", options: PartitionOptions) -> PartitionOptions:
    """Return options with a base for all even layers."""
    return options | {"base": _folded_base(dbm, options.get("base"))}


def _folded_base(dbm: "DBM", base: BaseLike) -> BaseLike:
    if base is None or isinstance(base, str):
        return base
    if np.ndim(base) == 1 and not hasattr(base, "toarray"):
        means = real_array("base", base)
        if means.shape != (dbm.n_visible,):
            raise ValueError(f"base must have shape ({dbm.n_visible},), got {means.shape}")
        check_finite("base", means)
        return np.concatenate([means, dbm._mean_activities()])
    rows = dbm.visible_states(base, name="base")
    return _base_of(rows, _even_means(dbm, rows, dbm.mean_field(rows)))


def _base_of(rows: Array, even: Array) -> NDArray[np.float64]:
    """Return means of the even layers; a row of fair coins more keeps few rows from certainty."""
    means: NDArray[np.float64] = (even.sum(axis=0, dtype=np.float64) + 0.5) / (len(rows) + 1)
    return means


def _even_means(dbm: "DBM", rows: Array, found: MeanField) -> Array:
    """Return data and the means of the even hidden layers, side by side."""
    return dbm._fold.sides([rows, *found.means])[0]


def log_likelihood(
    self: "DBM", X: ArrayLike, *, log_z: LogZ | None = None, **options: Unpack[PartitionOptions]
) -> LogLikelihood:
    """Return the mean of ``ln p(v)`` over rows itself, not a bound, in nats per row.

    Its sums over the hidden layers are exact where the odd, or the even hidden layers have at most
    2**20 states; elsewhere they are annealed with the data held, ``num_chains`` chains a row:
    slow. `log_likelihood_bound` is quick for any machine.

    Parameters
    ----------
    X : array_like, shape (rows, n_visible)
        Visible states.
    log_z, **options
        As for `RBM.log_likelihood`.

    Returns
    -------
    LogLikelihood

    Examples
    --------
    >>> import magnetite as mg
    >>> print(mg.DBM([3, 2, 2]).log_likelihood([[0, 1, 0], [1, 1, 0]]))  # -3 ln 2
    -2.07944 +- 0
    """
    rows = self.visible_states(X, name="X")
    even = np.full((len(rows), self._fold.num_even), np.nan, rows.dtype)
    even[:, : self.n_visible] = rows  # the hidden layers are what is missing
    return self._folded.log_likelihood(even, log_z=log_z, **_folded_options(self, options))


@dataclass(frozen=True, eq=False)
class MeanFieldBound(LogLikelihoodBound):
    """A lower bound of the mean of ``ln p(v)`` that mean field leaves, and what it was made of.

    Its `log_weights` are bounds on ``ln sum exp(-E)`` over the hidden units of rows; their `errors`
    are 0.

    Attributes
    ----------
    mean_field : MeanField
        The means of the hidden units, and which rows converged.
    """

    mean_field: MeanField = field(repr=False)


def log_likelihood_bound(
    self: "DBM",
    X: ArrayLike,
    *,
    log_z: LogZ | None = None,
    max_iterations: int = 1000,
    tolerance: float = 1e-5,
    **options: Unpack[PartitionOptions],
) -> MeanFieldBound:
    """Return a lower bound on the mean of ``ln p(v)`` over rows, in nats per row.

    ``ln p(v) >= sum_h q(h) (-E(v, h) - ln q(h)) - ln Z`` for the q of independent hidden units
    that mean-field equations find; the odd layers are summed exactly given the means of the even
    ones.

    Parameters
    ----------
    X : array_like, shape (rows, n_visible)
        Visible states.
    log_z : LogPartition, LogLikelihood, Estimate or float, optional
        Log Z if it is known: from `log_partition`, or in what an earlier call returned; a number is
        taken to be exact.
    max_iterations, tolerance
        As for `mean_field`.
    **options
        Those of `log_partition`, which is called where `log_z` is not given. Its base is by default
        made of the means of `X` where the machine does not remember those of its training data.

    Returns
    -------
    MeanFieldBound
        Error and bracket are those of log Z turned around. The value is refused where log Z is, and
        where rows did not converge, for which the lower end of the bracket still holds.

    References
    ----------
    Salakhutdinov and Hinton, "Deep Boltzmann machines", AISTATS (2009) 448, section 2.

    Examples
    --------
    >>> import magnetite as mg
    >>> dbm = mg.DBM([2, 2, 1], weights=[[[2.0, 0.0], [0.0, 2.0]], [[1.0], [-1.0]]])
    >>> bound, exact = dbm.log_likelihood_bound([[1, 0]]), dbm.log_likelihood([[1, 0]])
    >>> print(f"{bound.value:.4f} <= {exact.value:.4f}")
    -1.6698 <= -1.6353
    """
    rows = self.visible_states(X, name="X")
    if not len(rows):
        raise ValueError("X must have at least one row, got none")
    given, folded = _folded_options(self, options), self._folded
    check_options(folded, **given)
    known = None if log_z is None else find_log_z(folded, log_z, given)
    threads = options.get("num_threads")
    found = self.mean_field(
        rows, max_iterations=max_iterations, tolerance=tolerance, num_threads=threads
    )
    even = _even_means(self, rows, found)
    logs = log_weights(folded.astype("float64"), self.n_visible, even, threads)
    errors = np.zeros(len(rows))
    if known is None:  # last, as it may take hours, which Ctrl-C afterwards would lose
        if given["base"] is None and self.data_means is None:
            given = given | {"base": _base_of(rows, even)}
        known = find_log_z(folded, None, given)
    estimate = _with_convergence(mean_estimate(logs, errors, known), found)
    return MeanFieldBound(
        **vars(estimate), log_z=known, log_weights=logs, errors=errors, mean_field=found
    )


def _with_convergence(estimate: Estimate, found: MeanField) -> Estimate:
    """Refuse a value that more passes would raise; the lower end of its bracket stays."""
    failed = np.count_nonzero(~found.converged)
    if not failed:
        return estimate
    reason = (
        f"mean field of {failed} of {len(found.converged)} rows did not converge in "
        f"{found.iterations.max()} iterations"
    )
    return replace(
        estimate,
        value=math.nan,
        error=math.nan,
        bracket=(estimate.bracket[0], math.inf),
        reliable=False,
        reason="; and ".join(filter(None, [estimate.reason, reason])),
    )
