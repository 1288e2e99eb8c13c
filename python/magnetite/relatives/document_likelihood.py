"""What documents are worth: log Z of every length that occurs, exactly or by annealing."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_count
from magnetite.control import carrying
from magnetite.likelihood.bracket import LogPartition, exact_result, refused_result
from magnetite.likelihood.enumerate import Enumeration, can_enumerate
from magnetite.likelihood.partition import PartitionOptions
from magnetite.likelihood.rows import check_options
from magnetite.likelihood.watch import Stopped, Watch
from magnetite.options import check_seed
from magnetite.weights import log_sum

if TYPE_CHECKING:
    from magnetite.relatives.replicated import ReplicatedSoftmax

__all__ = ["LogPartitions", "check_lengths", "log_coefficients", "log_partitions"]

Floats = NDArray[np.float64]
LogPartitions = Mapping[int, LogPartition]


def check_lengths(name: str, value: int | Sequence[int] | NDArray[np.integer]) -> list[int]:
    """Return different lengths of documents in ascending order."""
    entries = [value] if np.ndim(value) == 0 else list(value)  # type: ignore[arg-type]
    return sorted({check_count(name, entry, 1, bits=31) for entry in entries})


def log_partitions(
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
    seeds = np.random.SeedSequence(check_seed(options.get("seed")).key).spawn(len(lengths))
    found: dict[int, LogPartition] = {}
    try:
        for length, seed in zip(lengths, seeds, strict=True):
            found[length] = model.of_length(length).log_partition(**_seeded(options, seed))
    except KeyboardInterrupt as interrupt:
        raise carrying(interrupt, found) from None
    return found


def _seeded(options: PartitionOptions, seed: np.random.SeedSequence) -> PartitionOptions:
    return {**options, "seed": seed}


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


def log_coefficients(counts: Floats) -> Floats:
    """Return ``ln(D! / prod_k v_k!)`` of every row: how many orders of words make these counts."""
    largest = int(counts.max(initial=0)) if counts.size else 0
    of_word = np.zeros(largest + 1)
    of_word[1:] = np.cumsum(np.log(np.arange(1, largest + 1)))
    of_lengths = np.array([math.lgamma(total + 1) for total in counts.sum(axis=1)])
    result: Floats = of_lengths - of_word[counts.astype(np.intp)].sum(axis=1)
    return result
