"""Quadratic unconstrained binary optimisation."""

from typing import Any, Self

import numpy as np

from magnetite import _core
from magnetite._checks import check_choice, check_finite, check_offset
from magnetite.inputs import FloatArray, Labels, Problem, as_problem
from magnetite.models.assemble import core_of_polynomial, core_of_problem
from magnetite.models.base import Model, Sense
from magnetite.models.polynomial import Polynomial

__all__ = ["Qubo"]


class Qubo(Model):
    """Bits with a quadratic value ``x^T Q x + offset``, to be minimised or maximised.

    Parameters
    ----------
    Q : scipy.sparse matrix, array_like, dimod BQM, dict, networkx.Graph or tuple of arrays
        Any square matrix, taken literally: ``Q_ij`` and ``Q_ji`` add up, diagonal entries are the
        linear terms, as are keys ``(i, i)`` of a dict ``{(i, j): q}``. Of a tuple
        ``(rows, cols, weights)`` each entry counts once.
    offset : float
        A constant, added to every value.
    sense : {"minimise", "maximise"}
        What is to be done with the value. Samplers always make energies small, so for "maximise"
        `energies` are minus the value, and `objective` is the value.

    Raises
    ------
    TypeError, ValueError
        If `Q` is none of these, not square, or if a coefficient is not a finite real number.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.Qubo([[-1.0, 2.0], [0.0, -1.0]])
    >>> model.energies([[0, 0], [0, 1], [1, 1]]).tolist()
    [0.0, -1.0, 0.0]
    >>> best = mg.Qubo({("a", "a"): 3.0, ("a", "b"): -1.0}, sense="maximise")
    >>> best.variables, best.objective([1, 0]), best.energies([1, 0])
    (('a', 'b'), 3.0, -3.0)
    """

    __slots__ = ("_sense",)

    _sense: Sense

    def __init__(self, Q: Any, *, offset: float = 0.0, sense: Sense = "minimise") -> None:
        check_choice("sense", sense, ("minimise", "maximise"))
        constant = check_offset(offset)
        problem = as_problem(Q, vartype="BINARY", name="Q")
        sign = 1.0 if sense == "minimise" else -1.0
        constant = sign * (problem.offset + constant)
        make = _from_entries if problem.dense is None else _from_dense
        with np.errstate(over="ignore", invalid="ignore"):
            core, linear = make(problem, sign, constant)
        self._set(core, problem.labels, (linear, constant))
        self._sense = sense

    @classmethod
    def _assemble(
        cls,
        core: _core.Ising,
        variables: Labels,
        bits: tuple[FloatArray, float] | None = None,
    ) -> Self:
        model = super()._assemble(core, variables, bits)
        model._sense = "minimise"
        return model

    @classmethod
    def from_bqm(cls, bqm: Any) -> Self:
        """Return a BQM as a QUBO to be minimised, converted to bits where it is of spins.

        See `Model.from_bqm`.
        """
        return cls(bqm)

    @property
    def sense(self) -> Sense:
        """Whether the value ``x^T Q x + offset`` is to be made small or large."""
        return self._sense

    @property
    def objective_name(self) -> str:
        """What `objective` is called: "energy", or "value" where it is maximised."""
        return "energy" if self._sense == "minimise" else "value"

    def energy_to_objective(self, energy: Any) -> Any:
        """Return the value of states that have this energy; see `Model.energy_to_objective`."""
        return energy if self._sense == "minimise" else -energy

    def objective_to_energy(self, objective: Any) -> Any:
        """Return the energy of states that have this value; see `Model.objective_to_energy`."""
        return objective if self._sense == "minimise" else -objective

    def to_qubo(self) -> "Qubo":
        """Return the model itself."""
        return self


def _from_entries(problem: Problem, sign: float, constant: float) -> tuple[_core.Ising, FloatArray]:
    """Build from entries (i, j, q): every one counts, wherever it stands."""
    pair = problem.rows != problem.cols
    own = ~pair
    linear = problem.fields + np.bincount(
        problem.rows[own], problem.weights[own], problem.num_variables
    )
    linear *= sign
    terms = Polynomial(
        problem.rows[pair], problem.cols[pair], sign * problem.weights[pair], linear, constant
    )
    spins = terms.in_spins()
    _check_sums(spins.linear, spins.offset)
    return core_of_polynomial(spins, name="Q"), linear


def _from_dense(problem: Problem, sign: float, constant: float) -> tuple[_core.Ising, FloatArray]:
    """Build from a full matrix, which never becomes a list of entries."""
    matrix = problem.dense
    assert matrix is not None
    linear = sign * np.diagonal(matrix)
    couplings = matrix * (sign / 4)
    np.fill_diagonal(couplings, 0.0)
    couplings = couplings + couplings.T
    sums = couplings.sum(axis=1)
    fields = linear / 2 + sums
    offset = constant + float(linear.sum()) / 2 + float(sums.sum()) / 2
    _check_sums(fields, offset)
    spins = Problem("dense", problem.labels, dense=couplings)
    return core_of_problem(spins, fields, offset, name="Q"), linear


def _check_sums(fields: FloatArray, offset: float) -> None:
    check_finite("the sums of Q over each variable", fields)
    check_finite("the sum of Q", np.float64(offset))
