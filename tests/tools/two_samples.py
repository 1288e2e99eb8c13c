"""How well two samples can be told from each other."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]


def accuracy(a: Rows, b: Rows) -> float:
    """Return the adversarial accuracy of the nearest neighbour: 1/2 for samples of one law.

    The mean chance that a state is nearer to its own sample than to the other (Yale et al.,
    Neurocomputing 416 (2020) 244, as `rbms` has it), ties counted half.
    """
    across, own = distances(a, b), [distances(a, a), distances(b, b)]
    for each in own:
        np.fill_diagonal(each, np.inf)
    nearest = (across.min(axis=1), own[0].min(axis=1)), (across.min(axis=0), own[1].min(axis=1))
    shares = [np.mean(other > mine) + np.mean(other == mine) / 2 for other, mine in nearest]
    return float(np.mean(shares))


def distances(a: Rows, b: Rows) -> Rows:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    result: Rows = squares
    return result
