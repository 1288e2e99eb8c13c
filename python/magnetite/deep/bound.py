"""The variational bound of the log-likelihood of a stack."""

from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_count
from magnetite.control import carrying
from magnetite.deep.passes import checked_rows, draws_up, spawned
from magnetite.estimates import Estimate
from magnetite.likelihood.partition import PartitionOptions
from magnetite.likelihood.rows import LogLikelihood, LogZ, mean_estimate, with_log_z
from magnetite.models.rbm import RBM
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.deep.dbn import DBN

__all__ = ["LogLikelihoodBound", "log_likelihood_bound", "log_probability_bounds"]

FloatArray = NDArray[np.float64]

BLOCK_ROWS = 2000
"""Rows that are worked at once: their layers are of float64."""


class LogLikelihoodBound(LogLikelihood):
    """A lower bound of the mean of ``ln p(v)`` over rows, an `Estimate`, with what it is made of.

    Its `log_z` is that of the top machine; `log_weights` are the bounds of rows plus log Z, and
    `errors` what these are uncertain by for the spread of draws.
    """


def log_likelihood_bound(
    self: "DBN",
    X: ArrayLike,
    *,
    num_samples: int = 10,
    log_z: LogZ | None = None,
    **options: Unpack[PartitionOptions],
) -> LogLikelihoodBound:
    """Return a lower bound of the mean of ``ln p(v)`` over rows, in nats per row.

    It is ``E_q[ln p(v, h) - ln q(h | v)]``, with the hidden layers below the top one drawn on the
    way up, q, and the top one summed out. What it lacks to ``ln p(v)`` is the divergence of q from
    the hidden layers' true distribution given v. Of a single machine there is nothing to draw: the
    bound is its log-likelihood.

    Parameters
    ----------
    X : array_like, shape (rows, n_visible)
        Visible states, without missing values.
    num_samples : int
        Draws of the hidden layers for each row, 10 by default, 2 at least.
    log_z : LogPartition, LogLikelihoodBound, Estimate or float, optional
        Log Z of the top machine if it is known; a number is taken to be exact.
    **options
        Those of `RBM.log_partition`, which is called where `log_z` is not given. Its base is by
        default made of what the top machine was fitted to. `seed` is that of the draws, too; a time
        limit is for log Z alone.

    Returns
    -------
    LogLikelihoodBound
        `error` is that of log Z and of the draws together; the spread of the rows is no part of it.
        The bracket goes from what the upper bound of log Z leaves to what the lower one does, less
        and plus two errors of the draws. Where log Z is refused so is the value, for the same
        `reason`, and the bracket stays.

    Raises
    ------
    TypeError, ValueError
        An argument breaks its rule; the message names it.
    KeyboardInterrupt
        After Ctrl-C, with what was found as its `.result`: the `LogPartition`, or, once log Z is
        found, a refused bound that has it.

    References
    ----------
    Salakhutdinov and Murray, "On the quantitative analysis of deep belief networks", ICML (2008)
    872.

    Examples
    --------
    >>> import magnetite as mg
    >>> print(mg.DBN([3, 2, 2]).log_likelihood_bound([[0, 1, 0], [1, 1, 0]], seed=1))  # -3 ln 2
    -2.07944 +- 0
    """
    count = check_count("num_samples", num_samples, 2, bits=31)
    v = checked_rows(self, "X", X)
    seeds = spawned(options.get("seed"), count)
    down = tuple(rbm.astype("float64") for rbm in self.layers)
    untied = None if self._untied is None else tuple(rbm.astype("float64") for rbm in self._untied)
    up = down[:-1] if untied is None else untied
    first, passed = _log_weights(up, down, v, seeds[0])
    _, known = with_log_z(self.layers[-1], passed, log_z, options)

    def of(estimate: Estimate, logs: FloatArray, errors: FloatArray) -> LogLikelihoodBound:
        return LogLikelihoodBound(**vars(estimate), log_z=known, log_weights=logs, errors=errors)

    try:
        draws = [_log_weights(up, down, v, seed)[0] for seed in seeds[1:]]
    except KeyboardInterrupt as stop:
        unknown = np.full(len(v), np.nan)
        found = of(Estimate.refused("KeyboardInterrupt ended the draws"), unknown, unknown)
        raise carrying(stop, found)  # noqa: B904
    # Relative to the first: draws that are all the same have no error.
    more = np.stack([np.zeros(len(v)), *(drawn - first for drawn in draws)])
    logs, errors = first + more.mean(axis=0), more.std(axis=0, ddof=1) / np.sqrt(count)
    return of(mean_estimate(logs, errors, known), logs, errors)


def _log_weights(
    up: tuple[RBM, ...], down: tuple[RBM, ...], v: Array, seed: np.random.SeedSequence
) -> tuple[FloatArray, Array]:
    """Return ``ln p(v, h) - ln q(h | v) + ln Z`` of a draw h of each row, and its last layer."""
    starts = range(0, len(v), BLOCK_ROWS)
    parts = [
        _of_block(up, down, np.asarray(v[at : at + BLOCK_ROWS], np.float64), its)
        for at, its in zip(starts, seed.spawn(len(starts)), strict=True)
    ]
    return np.concatenate([logs for logs, _ in parts]), np.concatenate([last for _, last in parts])


def _of_block(
    up: tuple[RBM, ...], down: tuple[RBM, ...], below: Array, seed: np.random.SeedSequence
) -> tuple[FloatArray, Array]:
    """Do `_log_weights` for rows of float64, all at once."""
    logs = np.zeros(len(below))
    for recognition, generation, h in zip(up, down, draws_up(up, below, seed), strict=False):
        # ln p(below | h) - ln q(h | below), of which the energies cancel where both are tied
        logs += generation.hidden_free_energy(h) - recognition.free_energy(below)
        if recognition is not generation:
            logs += recognition.energy(below, h) - generation.energy(below, h)
        below = h
    return logs - down[-1].free_energy(below), below.astype(np.float32)


def log_probability_bounds(
    self: "DBN",
    X: ArrayLike,
    *,
    num_samples: int = 10,
    log_z: LogZ | None = None,
    **options: Unpack[PartitionOptions],
) -> FloatArray:
    """Return lower bounds of ``ln p(v)`` of every row, shape (rows,); nan where log Z is refused.

    Parameters
    ----------
    X, num_samples, log_z, **options
        As for `log_likelihood_bound`.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.DBN([3, 2, 2]).log_probability_bounds([[0, 1, 0]], seed=1).round(4)
    array([-2.0794])
    """
    found = log_likelihood_bound(self, X, num_samples=num_samples, log_z=log_z, **options)
    return found.log_weights - found.log_z.value
