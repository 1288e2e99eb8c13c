"""Sums over rows whose log Z differ, by the length of a document or the condition; and these."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from magnetite.control import carrying
from magnetite.estimates import Estimate
from magnetite.likelihood.bracket import LogPartition
from magnetite.likelihood.partition import PartitionOptions
from magnetite.models.rbm import RBM
from magnetite.options import check_seed

__all__ = ["each_log_partition", "sum_over_rows"]

Floats = NDArray[np.float64]


def each_log_partition(
    machine: Callable[[int], RBM], kinds: Sequence[int], options: PartitionOptions
) -> dict[int, LogPartition]:
    """Return log Z of the machine of each kind, by independent draws.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C; its `.result` are those that were found.

    Examples
    --------
    >>> import magnetite as mg
    >>> from magnetite.relatives.estimates import each_log_partition
    >>> each_log_partition(lambda size: mg.RBM(size, 1), [1, 2], {})  # (size + 1) ln 2
    {1: <LogPartition: 1.38629 (exact)>, 2: <LogPartition: 2.07944 (exact)>}
    """
    seeds = np.random.SeedSequence(check_seed(options.get("seed")).key).spawn(len(kinds))
    found: dict[int, LogPartition] = {}
    try:
        for kind, seed in zip(kinds, seeds, strict=True):
            seeded: PartitionOptions = {**options, "seed": seed}
            found[kind] = machine(kind).log_partition(**seeded)
    except KeyboardInterrupt as interrupt:
        raise carrying(interrupt, found) from None
    return found


def sum_over_rows(
    shares: Floats, logs: Floats, kinds: NDArray[np.int64], log_z: Mapping[int, LogPartition]
) -> Estimate:
    """Return the sum of ``share * (log - log Z of the row's kind)`` over rows.

    Errors of log Z of different kinds are independent; a refused one refuses the sum.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> from magnetite.relatives.estimates import sum_over_rows
    >>> log_z = {7: mg.RBM(1, 1).log_partition()}  # 2 ln 2
    >>> print(sum_over_rows(np.array([0.5, 0.5]), np.zeros(2), np.array([7, 7]), log_z))
    -1.38629 +- 0
    """
    different, of_row = np.unique(kinds, return_inverse=True)
    known = [log_z[kind] for kind in different.tolist()]
    weights = np.bincount(of_row.ravel(), weights=shares)
    total = float(shares @ logs)
    low, high = weights @ np.array([z.bracket for z in known])
    bracket, ess = (total - float(high), total - float(low)), min(z.ess for z in known)
    if refused := [z.reason for z in known if not z.reliable]:
        reason = f"{len(refused)} of {len(known)} log Z are refused, the first because {refused[0]}"
        return Estimate(math.nan, math.nan, bracket, ess, False, reason)
    value = total - float(weights @ [z.value for z in known])
    error = float(np.hypot.reduce(weights * [z.error for z in known]))
    return Estimate(value, error, bracket, ess, True, "")
