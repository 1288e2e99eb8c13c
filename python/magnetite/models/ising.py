"""The Ising model, in the sign of dimod."""

from typing import Any, Self

from magnetite._checks import check_offset
from magnetite.inputs import as_problem
from magnetite.models.assemble import core_of_problem, without_self_couplings
from magnetite.models.base import Model

__all__ = ["Ising"]


class Ising(Model):
    """Spins with couplings and fields: ``E(s) = sum_{i<j} J_ij s_i s_j + sum_i h_i s_i + offset``.

    Parameters
    ----------
    J : scipy.sparse matrix, array_like, networkx.Graph, dimod BQM, dict or tuple of arrays
        Couplings. A matrix that is symmetric (within 1e-12 relative) counts each pair once, a
        triangular one is taken as given. A dict ``{(i, j): w}`` and a tuple
        ``(rows, cols, weights)`` are lists of edges: repeated pairs, in either direction, add up.
    h : array_like, dict or None
        Fields: one a variable, in the order of `variables`, or ``{label: value}``, where labels
        unknown to `J` become variables without couplings.
    offset : float
        A constant, added to every energy.

    Raises
    ------
    TypeError, ValueError
        If `J` is none of these, not square, neither symmetric nor triangular, couples a variable
        to itself, or if a coefficient is not a finite real number.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> model = mg.Ising(np.array([[0.0, -1.0], [-1.0, 0.0]]), [0.5, 0.0])
    >>> model
    Ising(2 variables, 1 coupling, density 1)
    >>> model.energies([[1, 1], [-1, -1], [1, -1]]).tolist()
    [-0.5, -1.5, 1.5]
    """

    __slots__ = ()

    def __init__(self, J: Any, h: Any = None, *, offset: float = 0.0) -> None:
        constant = check_offset(offset)
        problem = as_problem(J, h)
        problem = without_self_couplings(
            problem, "J", "s_i * s_i = 1 is a constant: add it to offset"
        )
        core = core_of_problem(problem, problem.fields, problem.offset + constant)
        self._set(core, problem.labels)

    @classmethod
    def from_bqm(cls, bqm: Any) -> Self:
        """Return a BQM as an Ising model, converted to spins where it is binary.

        See `Model.from_bqm`.
        """
        return cls(bqm)

    def to_ising(self) -> "Ising":
        """Return the model itself."""
        return self
