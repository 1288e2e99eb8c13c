"""From checked input to the core's model; the only place that calls its constructors."""

import re
from dataclasses import replace

import numpy as np

from magnetite import _core
from magnetite.inputs import FloatArray, Problem
from magnetite.models.polynomial import Polynomial

__all__ = ["core_of_polynomial", "core_of_problem", "without_self_couplings"]


def core_of_problem(
    problem: Problem, fields: FloatArray, offset: float, *, name: str = "J"
) -> _core.Ising:
    """Take the weights of `problem` as couplings of spins, each pair once."""
    try:
        if problem.dense is not None:
            return _core.Ising.from_dense(_plain(problem.dense), _plain(fields), offset)
        make = _core.Ising.from_matrix if problem.kind == "matrix" else _core.Ising.from_edges
        return make(
            problem.num_variables,
            np.require(problem.rows, np.int64, ["C", "A"]),
            np.require(problem.cols, np.int64, ["C", "A"]),
            _plain(problem.weights),
            _plain(fields),
            offset,
        )
    except ValueError as error:
        raise ValueError(re.sub(r"\bJ\b", name, str(error))) from None


def core_of_polynomial(spins: Polynomial, *, name: str = "J") -> _core.Ising:
    """Build the core's model of an energy of spins."""
    problem = Problem("edges", range(spins.linear.size), spins.rows, spins.cols, spins.weights)
    return core_of_problem(problem, spins.linear, spins.offset, name=name)


def without_self_couplings(problem: Problem, name: str, remedy: str) -> Problem:
    """Return `problem` without its diagonal; entries there must be zero, else `remedy` is told."""
    position = problem.first_diagonal()
    if position is not None:
        label = problem.labels[position]
        raise ValueError(
            f"{name} must not couple a variable to itself, "
            f"got an entry at ({label!r}, {label!r}); {remedy}"
        )
    pair = problem.rows != problem.cols
    if pair.all():
        return problem
    return replace(
        problem,
        rows=problem.rows[pair],
        cols=problem.cols[pair],
        weights=problem.weights[pair],
    )


def _plain(array: FloatArray) -> FloatArray:
    return np.require(array, np.float64, ["C", "A"])
