"""Products of three spins as energies of pairs.

With ``u = s`` where the weight c is positive and ``u = -s`` where it is not, ``c s_1 s_2 s_3`` is
``|c| u_1 u_2 u_3``, and

    u_1 u_2 u_3 = min over t of  u_1 u_2 + u_1 u_3 + u_2 u_3 + S + 2 t (S + 1) + 3,

over a spin t that no other product has, where ``S = u_1 + u_2 + u_3``. For S = 3, 1, -1, -3 the
right side is 9 - 8, 3 - 4, 1 - 0 and 3 - 4, and the product 1, -1, 1 and -1.
"""

import numpy as np

from magnetite.inputs import FloatArray, IntVector
from magnetite.models.polynomial import Polynomial

__all__ = ["cubic_terms"]


def cubic_terms(triples: IntVector, weights: FloatArray, num_spins: int) -> Polynomial:
    """Return ``sum_k weights[k] s[triples[k, 0]] s[triples[k, 1]] s[triples[k, 2]]`` in pairs.

    Parameters
    ----------
    triples : ndarray of int64, shape (m, 3)
        Three different spins each, below `num_spins`.
    weights : ndarray of float64, shape (m,)
        Weights of the products.
    num_spins : int
        Number of spins; auxiliary spin k, that of product k, is spin ``num_spins + k``.

    Examples
    --------
    >>> terms = cubic_terms(np.array([[0, 1, 2]]), np.array([-1.0]), 3)
    >>> terms.weights, terms.linear, terms.offset
    (array([ 1.,  1.,  1., -2., -2., -2.]), array([-1., -1., -1.,  2.]), 3.0)
    """
    number = weights.size
    first, second, third = triples.T
    extra = np.arange(num_spins, num_spins + number)
    size = np.abs(weights)
    linear = np.bincount(triples.ravel(), np.repeat(weights, 3), num_spins)
    return Polynomial(
        np.concatenate([first, first, second, extra, extra, extra]),
        np.concatenate([second, third, third, first, second, third]),
        np.concatenate([size, size, size, 2 * weights, 2 * weights, 2 * weights]),
        np.concatenate([linear, 2 * size]),
        3 * float(size.sum()),
    )
