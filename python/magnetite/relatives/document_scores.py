"""Methods of `ReplicatedSoftmax` that say what documents are worth."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_choice, check_count
from magnetite.estimates import Estimate
from magnetite.likelihood.bracket import LogPartition, exact_result, refused_result
from magnetite.likelihood.enumerate import Enumeration, can_enumerate
from magnetite.likelihood.partition import PartitionOptions
from magnetite.likelihood.rows import check_options
from magnetite.likelihood.watch import Stopped, Watch
from magnetite.relatives.estimates import each_log_partition, sum_over_rows
from magnetite.weights import log_sum

if TYPE_CHECKING:
    from magnetite.relatives.replicated import ReplicatedSoftmax

__all__ = ["log_likelihood", "log_partition", "log_probabilities", "perplexity"]

Floats = NDArray[np.float64]
LogPartitions = Mapping[int, LogPartition]

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
    return _log_partitions(self, _lengths("lengths", lengths), options)


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
        log_z = _log_partitions(model, different, options)
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
    result: Floats = logs if ordered else logs + _log_coefficients(rows)
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
        logs = logs + _log_coefficients(rows)
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


# Log Z of every length.


def _lengths(name: str, value: int | Sequence[int] | NDArray[np.integer]) -> list[int]:
    """Return different lengths of documents in ascending order."""
    entries = [value] if np.ndim(value) == 0 else list(value)  # type: ignore[arg-type]
    return sorted({check_count(name, entry, 1, bits=31) for entry in entries})


def _log_partitions(
    model: "ReplicatedSoftmax", lengths: list[int], options: PartitionOptions
) -> dict[int, LogPartition]:
    """Return log Z of documents of each length; see `ReplicatedSoftmax.log_partition`."""
    one_word, method = model.of_length(1), options.get("method", "auto")
    check_options(one_word, **options)
    countable = can_enumerate(one_word)
    if method == "exact" and not countable:
        raise ValueError(f"method='exact' needs at most 25 hidden units, got a {model}")
    if method == "exact" or (method == "auto" and countable):
        return _exact(model, lengths, options)
    return each_log_partition(model.of_length, lengths, options)


def _exact(
    model: "ReplicatedSoftmax", lengths: list[int], options: PartitionOptions
) -> dict[int, LogPartition]:
    """Sum over the hidden states, gone through once for all lengths.

    ``Z_D = sum_h exp(D (c h + ln sum_k exp(b_k + W_k h)))``.
    """
    one_word = model.astype("float64").one_word()
    enumeration = Enumeration(one_word, True, options.get("num_threads"))
    watch = Watch(
        options.get("time_limit"), options.get("callback"), options.get("progress", False)
    )
    found, times = np.full(len(lengths), -np.inf), np.array(lengths, np.float64)
    try:
        with watch.stage("summing"):
            for _, logs in enumeration.blocks(watch):
                of_block = [float(log_sum(length * logs)) for length in times]
                found = np.logaddexp(found, of_block)
    except Stopped as stop:
        return {length: refused_result(str(stop), "exact", {}) for length in lengths}
    return {n: exact_result(z, {}) for n, z in zip(lengths, found.tolist(), strict=True)}


def _log_coefficients(counts: Floats) -> Floats:
    """Return ``ln(D! / prod_k v_k!)`` of every row: how many orders of words make these counts."""
    largest = int(counts.max(initial=0)) if counts.size else 0
    of_word = np.zeros(largest + 1)
    of_word[1:] = np.cumsum(np.log(np.arange(1, largest + 1)))
    of_lengths = np.array([math.lgamma(total + 1) for total in counts.sum(axis=1)])
    result: Floats = of_lengths - of_word[counts.astype(np.intp)].sum(axis=1)
    return result
