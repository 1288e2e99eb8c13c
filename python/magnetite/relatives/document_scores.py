"""Methods of `ReplicatedSoftmax` that say what documents are worth."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_choice
from magnetite.estimates import Estimate
from magnetite.likelihood.bracket import LogPartition
from magnetite.likelihood.partition import PartitionOptions
from magnetite.likelihood.rows import check_options
from magnetite.relatives.document_likelihood import (
    LogPartitions,
    check_lengths,
    log_coefficients,
    log_partitions,
)
from magnetite.relatives.estimates import sum_over_rows

if TYPE_CHECKING:
    from magnetite.relatives.replicated import ReplicatedSoftmax

__all__ = ["log_likelihood", "log_partition", "log_probabilities", "perplexity"]

Floats = NDArray[np.float64]
AVERAGES = ("documents", "words")


def log_partition(
    self: "ReplicatedSoftmax",
    lengths: int | Sequence[int] | NDArray[np.integer],
    **options: Unpack[PartitionOptions],
) -> dict[int, LogPartition]:
    """Return log Z of documents of each length.

    ``Z_D`` sums over the hidden states and over all K**D orders of words, so that counts have
    their multinomial coefficient as a weight. Up to 25 hidden units it is summed exactly, once for
    all lengths; beyond, each length is annealed by itself.

    Parameters
    ----------
    lengths : int or sequence of int
        Words of a document.
    **options
        Those of `RBM.log_partition`; a time limit counts for each length that is annealed, a
        `base` is a vector of mean counts. After Ctrl-C the exception has the lengths that were
        annealed as its `.result`.

    Returns
    -------
    dict of int to LogPartition
        By ascending lengths; the other methods take it as their `log_z`.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.ReplicatedSoftmax(3, 2).log_partition([2, 1])  # D ln 3 + 2 ln 2
    {1: <LogPartition: 2.48491 (exact)>, 2: <LogPartition: 3.58352 (exact)>}
    """
    return log_partitions(self, check_lengths("lengths", lengths), options)


def _scored(
    model: "ReplicatedSoftmax",
    X: ArrayLike,
    log_z: LogPartitions | None,
    options: PartitionOptions,
) -> tuple[Floats, Floats, NDArray[np.int64], LogPartitions]:
    """Return counts, negative free energies in float64, lengths, and log Z of these."""
    wide = model._documents.astype("float64")
    rows = wide.visible_states(X, name="X").astype(np.float64)
    if not len(rows):
        raise ValueError("X must have at least one row, got none")
    lengths = rows.sum(axis=1).astype(np.int64)
    different = np.unique(lengths).tolist()
    if log_z is None:
        log_z = log_partitions(model, different, options)
    else:
        check_options(model.of_length(1), **options)
    unknown = [length for length in different if length not in log_z]
    if unknown:
        raise ValueError(f"log_z must have the length of every row, got none of {unknown[0]}")
    return rows, -wide.free_energy(rows), lengths, log_z


def log_probabilities(
    self: "ReplicatedSoftmax",
    X: ArrayLike,
    *,
    ordered: bool = True,
    log_z: LogPartitions | None = None,
    **options: Unpack[PartitionOptions],
) -> Floats:
    """Return ``ln p(v | D)`` of every document, in nats; nan where log Z is refused.

    Parameters
    ----------
    X : array_like or sparse matrix, shape (rows, num_words)
        Counts.
    ordered : bool
        By default the chance of the words in one order, as perplexities count; False gives that of
        the counts, larger by the multinomial coefficient ``D! / prod_k v_k!``.
    log_z : dict of int to LogPartition, optional
        What `log_partition` returned.
    **options
        Those of `log_partition`, which is called where `log_z` is not given.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.ReplicatedSoftmax(3, 2)
    >>> model.log_probabilities([[1, 1, 0]]).round(4)  # -2 ln 3
    array([-2.1972])
    >>> model.log_probabilities([[1, 1, 0]], ordered=False).round(4)  # two orders
    array([-1.5041])
    """
    rows, logs, lengths, known = _scored(self, X, log_z, options)
    logs = logs - np.array([known[length].value for length in lengths.tolist()])
    result: Floats = logs if ordered else logs + log_coefficients(rows)
    return result


def log_likelihood(
    self: "ReplicatedSoftmax",
    X: ArrayLike,
    *,
    ordered: bool = True,
    log_z: LogPartitions | None = None,
    **options: Unpack[PartitionOptions],
) -> Estimate:
    """Return the mean of ``ln p(v | D)`` over documents, in nats per document.

    Parameters
    ----------
    X, ordered, log_z, **options
        As for `log_probabilities`.

    Returns
    -------
    Estimate
        Exact (error 0) where log Z is; refused where that of a length is, with a bracket.

    Examples
    --------
    >>> import magnetite as mg
    >>> print(mg.ReplicatedSoftmax(3, 2).log_likelihood([[1, 1, 0], [0, 4, 0]]))  # -3 ln 3
    -3.29584 +- 0
    """
    rows, logs, lengths, known = _scored(self, X, log_z, options)
    if not ordered:
        logs = logs + log_coefficients(rows)
    return sum_over_rows(np.full(len(rows), 1 / len(rows)), logs, lengths, known)


def perplexity(
    self: "ReplicatedSoftmax",
    X: ArrayLike,
    *,
    average: str = "documents",
    log_z: LogPartitions | None = None,
    **options: Unpack[PartitionOptions],
) -> Estimate:
    """Return the perplexity of a word: as many equally likely words would be as hard to foretell.

    Parameters
    ----------
    X, log_z, **options
        As for `log_probabilities`.
    average : "documents" (default) or "words"
        ``exp(-sum_n ln p(v_n | D_n) / D_n / N)``, every one of N documents worth the same; or
        ``exp(-sum_n ln p(v_n | D_n) / sum_n D_n)``, every word.

    Returns
    -------
    Estimate
        Exact (error 0) where log Z is; refused where that of a length is, with a bracket.

    References
    ----------
    Salakhutdinov and Hinton, "Replicated softmax: an undirected topic model", NIPS 22 (2009) 1607:
    the average over documents.

    Examples
    --------
    >>> import magnetite as mg
    >>> print(mg.ReplicatedSoftmax(3, 2).perplexity([[1, 1, 0], [0, 4, 0]]))
    3 +- 0
    """
    kind = check_choice("average", average, AVERAGES)
    _, logs, lengths, known = _scored(self, X, log_z, options)
    shares = 1 / (len(logs) * lengths) if kind == "documents" else 1 / lengths.sum()
    mean = sum_over_rows(np.broadcast_to(shares, logs.shape), logs, lengths, known)
    low, high = (math.exp(-end) if end > -700 else math.inf for end in mean.bracket[::-1])
    if not mean.reliable:
        return Estimate(math.nan, math.nan, (low, high), mean.ess, False, mean.reason)
    value = math.exp(-mean.value)
    return Estimate(value, value * mean.error, (low, high), mean.ess, True, "")
