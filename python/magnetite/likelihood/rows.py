"""Log-likelihoods of rows: exact but for log Z, which brings its own error and bracket."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_real
from magnetite.control import carrying
from magnetite.estimates import Estimate
from magnetite.likelihood.bases import BaseLike, choose_base
from magnetite.likelihood.bracket import LogPartition
from magnetite.likelihood.observed import observed_log_weights
from magnetite.likelihood.partition import (
    PartitionOptions,
    check_partition_options,
    log_partition,
)
from magnetite.likelihood.watch import EvaluationCallback, Stopped, Watch
from magnetite.options import SeedLike, check_seed

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = [
    "LogLikelihood",
    "LogZ",
    "check_options",
    "find_log_z",
    "free_energy_gap",
    "log_likelihood",
    "log_probabilities",
    "mean_estimate",
    "with_log_z",
]

FloatArray = NDArray[np.float64]
LogZ = LogPartition | Estimate | float


@dataclass(frozen=True, eq=False)
class LogLikelihood(Estimate):
    """The mean of ``ln p(v)`` over rows, an `Estimate`, with what it was made of.

    Attributes
    ----------
    log_z : LogPartition or Estimate
        Log Z, found or given: another call takes it, or this whole, as its `log_z`.
    log_weights, errors : ndarray, shape (rows,)
        ``ln sum exp(-E)`` over the hidden and the missing units of each row, and its error; nan
        where a run was ended before.
    """

    log_z: LogPartition | Estimate = field(repr=False)
    log_weights: FloatArray = field(repr=False)
    errors: FloatArray = field(repr=False)


def log_likelihood(
    self: "RBM", X: ArrayLike, *, log_z: LogZ | None = None, **options: Unpack[PartitionOptions]
) -> LogLikelihood:
    """Return the mean of ``ln p(v)`` over rows, in nats per row.

    Parameters
    ----------
    X : array_like, shape (rows, n_visible)
        Visible states; nan where missing: then it is the probability of what was observed.
    log_z : LogPartition, LogLikelihood, Estimate or float, optional
        Log Z if it is known: from `log_partition`, or in what an earlier call returned; a number is
        taken to be exact.
    **options
        Those of `log_partition`, which is called where `log_z` is not given. Its base is by default
        made of the means of `X` where the machine does not remember those of its training data.
        Missing values are summed exactly where the hidden layer, or what is missing of a row, has
        at most 2**20 states; elsewhere by annealing with the known values held, `num_chains`
        chains of `num_betas` betas a row. A time limit counts for log Z and for them, each.

    Returns
    -------
    LogLikelihood
        Exact (error 0) where log Z is. Else the error and the bracket are those of log Z turned
        around: the bracket goes from what the upper bound of log Z leaves to what the lower one
        does. Where log Z is refused so is the value, and the bracket stays. The spread of the data
        is not part of the error: it is the mean of these very rows. Where a time limit or a
        callback ends the run at missing values, the value is refused, and `log_z` and
        `log_weights` are what was found until then; after Ctrl-C, or an error in the callback, the
        exception has that as its `.result` (a `LogPartition` as long as log Z was not found).

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> print(mg.RBM(3, 2).log_likelihood([[0, 1, 0], [1, 1, 0]]))  # -3 ln 2
    -2.07944 +- 0
    >>> print(mg.RBM(3, 2).log_likelihood([[0, 1, np.nan]]))  # two bits are known
    -1.38629 +- 0
    """
    rows, known = with_log_z(self, X, log_z, options)
    logs, errors = np.full((2, len(rows)), np.nan)

    def of(estimate: Estimate) -> LogLikelihood:
        return LogLikelihood(**vars(estimate), log_z=known, log_weights=logs, errors=errors)

    try:
        observed_log_weights(self, rows, options, logs, errors)
    except Stopped as stop:
        return of(Estimate.refused(str(stop)))
    except BaseException as error:  # Ctrl-C, or one of the callback's
        reason = f"{type(error).__name__} ended the run in stage 'missing'"
        raise carrying(error, of(Estimate.refused(reason)))  # noqa: B904
    return of(mean_estimate(logs, errors, known))


def mean_estimate(logs: FloatArray, errors: FloatArray, known: LogPartition | Estimate) -> Estimate:
    """Return the mean of ``ln p`` from the sums of rows and log Z."""
    low, high = known.bracket
    if not np.isfinite(errors).all():
        reason = "of the values of missing units too few count: take more betas"
        return Estimate.refused("; and ".join(filter(None, [known.reason, reason])))
    mean, spread = float(logs.mean()), float(np.sqrt((errors**2).sum())) / len(errors)
    # What the sums of rows are uncertain by, two errors to either side.
    bracket = (mean - high - 2 * spread, mean - low + 2 * spread)
    if not known.reliable:
        return Estimate(math.nan, math.nan, bracket, known.ess, False, known.reason)
    error = math.hypot(known.error, spread)
    return Estimate(mean - known.value, error, bracket, known.ess, True, "")


def log_probabilities(
    self: "RBM", X: ArrayLike, *, log_z: LogZ | None = None, **options: Unpack[PartitionOptions]
) -> FloatArray:
    """Return ``ln p(v)`` of every row, shape (rows,); nan where it, or log Z, is refused.

    It is also nan where the run was ended before; `log_likelihood` keeps log Z then, too.

    Parameters
    ----------
    X, log_z, **options
        As for `log_likelihood`.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.RBM(3, 2).log_probabilities([[0, 1, 0]]).round(4)
    array([-2.0794])
    """
    found = log_likelihood(self, X, log_z=log_z, **options)
    return found.log_weights - found.log_z.value


def with_log_z(
    rbm: "RBM", X: ArrayLike, log_z: LogZ | None, options: PartitionOptions
) -> tuple[NDArray[np.floating], LogPartition | Estimate]:
    """Return checked rows, and log Z: given, or found with options of `log_partition`."""
    rows = _some_rows(rbm, X, name="X", missing=True)
    if log_z is None and options.get("base") is None and getattr(rbm, "data_means", None) is None:
        options = {**options, "base": rows}
    return rows, find_log_z(rbm, log_z, options)


def find_log_z(
    rbm: "RBM", log_z: LogZ | None, options: PartitionOptions
) -> LogPartition | Estimate:
    """Return log Z: what is given, checked, or what `log_partition` finds."""
    if log_z is None:
        return log_partition(rbm, **options)
    check_options(rbm, **options)
    if isinstance(log_z, LogLikelihood):  # an `Estimate`, but of the rows
        log_z = log_z.log_z
    if not isinstance(log_z, LogPartition | Estimate):
        number = check_real("log_z", log_z)
        log_z = Estimate(number, 0.0, (number, number), math.inf, True, "")
    if log_z.reliable and not math.isfinite(log_z.value):
        raise ValueError(f"log_z must be finite, got {log_z.value!r}")
    return log_z


def _some_rows(
    rbm: "RBM", X: ArrayLike, *, name: str, missing: bool = False
) -> NDArray[np.floating]:
    """Return checked rows, at least one."""
    rows = rbm.visible_states(X, name=name, missing=missing)
    if not len(rows):
        raise ValueError(f"{name} must have at least one row, got none")
    return rows


def check_options(
    rbm: "RBM",
    *,
    base: BaseLike = None,
    seed: SeedLike = None,
    time_limit: float | None = None,
    callback: EvaluationCallback | None = None,
    progress: bool = False,
    **options: Any,
) -> None:
    """Check options of `log_partition` where it is not called."""
    check_partition_options(rbm, **options)
    choose_base(rbm, base)
    check_seed(seed)
    Watch(time_limit, callback, progress)


def free_energy_gap(self: "RBM", train: ArrayLike, validation: ArrayLike) -> float:
    """Return the mean free energy of validation rows less that of training rows.

    It grows where the machine learns its training data by heart; log Z does not enter it.

    Parameters
    ----------
    train, validation : array_like, shapes (rows, n_visible)
        Some rows of each, the same ones all the time.

    References
    ----------
    Hinton, "A practical guide to training restricted Boltzmann machines", UTML TR 2010-003 (2010),
    section 6.1.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.RBM(2, 1, visible_bias=[1.0, 0.0]).free_energy_gap([[1, 0]], [[0, 0], [1, 0]])
    0.5
    """
    wide = self.astype("float64")
    sets = [
        _some_rows(wide, rows, name=name)
        for name, rows in (("train", train), ("validation", validation))
    ]
    means = [float(wide.free_energy(rows).mean()) for rows in sets]
    return means[1] - means[0]
