"""Satisfying clauses, as many or as heavy as can be, as a QUBO."""

import operator
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from magnetite._checks import check_count, real_array
from magnetite.inputs import FloatArray, IntVector, Problem, check_size
from magnetite.models.clauses import clause_terms
from magnetite.models.penalties import check_penalty, warn_of_penalty
from magnetite.models.qubo import Qubo
from magnetite.models.ranges import scaled_range
from magnetite.models.solutions import Assignment, spins_of

__all__ = ["MaxSat", "max_sat"]

Clause = tuple[int, ...]


class MaxSat(Qubo):
    """A QUBO whose lowest energy is the least weight of unsatisfied clauses; see `max_sat`.

    The energy of an assignment, with the auxiliary variables of `magnetite.models.clauses` at
    their best, is the weight of the clauses that it leaves unsatisfied, where a hard clause weighs
    `penalty`; at their worst it is more, so `objective` is never too good.

    **Every minimum satisfies the hard clauses**, if that can be done. A literal is free if its
    negation is in no hard clause. Making it true satisfies the hard clauses it is in, breaks none,
    and costs at most the soft weight that its negation is in: a hard clause with a free literal
    weighs more than that, so that no minimum breaks it. Hard clauses without one weigh more than
    all soft clauses together, which bound the energy of any assignment that breaks no hard clause.
    """

    __slots__ = ("_energies", "_literals", "_num_truths", "_starts", "_weights")

    _literals: IntVector  # of all clauses that are no tautologies, one clause after the other
    _starts: IntVector
    _weights: FloatArray  # infinite for hard clauses
    _energies: FloatArray  # the same with what hard clauses cost
    _num_truths: int

    def __init__(
        self,
        clauses: Iterable[Iterable[int]],
        *,
        weights: Any = None,
        penalty: float | None = None,
        num_variables: int | None = None,
    ) -> None:
        checked = [_checked(clause, k) for k, clause in enumerate(clauses)]
        values = _clause_weights(weights, len(checked))
        largest = max((abs(v) for clause in checked for v in clause), default=0)
        self._num_truths = _num_truths(num_variables, largest)
        kept = [k for k, clause in enumerate(checked) if not _is_tautology(clause)]
        self._literals = np.array([v for k in kept for v in checked[k]], np.int64)
        lengths = np.array([len(checked[k]) for k in kept], np.int64)
        self._starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self._weights = values[kept]
        self._energies = self._clause_energies(penalty)
        self._build()

    def _clause_energies(self, penalty: float | None) -> FloatArray:
        """Return what each clause costs: its weight, or if it is hard what is enough and more."""
        hard = np.isinf(self._weights)
        soft = self._weights[~hard]
        if penalty is None:
            costs = self._enough() + float(soft.min(initial=np.inf) if soft.size else 1.0)
        else:
            cost = check_penalty(penalty)
            enough = float(self._enough()[hard].max(initial=0.0))
            warn_of_penalty(cost, enough, "what satisfying the hard clauses may cost")
            costs = np.full(hard.size, cost)
        return np.where(hard, costs, self._weights)

    def _enough(self) -> FloatArray:
        """Return what making each clause true costs at most, were it hard."""
        hard = np.isinf(self._weights)
        soft_weights = np.where(hard, 0.0, self._weights)
        literals, n = self._literals, self._num_truths
        clause = np.repeat(np.arange(hard.size), np.diff(self._starts))
        # Literal v is number v + n: its negation is as far from n on the other side.
        size = 2 * n + 1
        soft_weight = np.bincount(literals + n, soft_weights[clause], size)
        hard_uses = np.bincount(literals + n, hard[clause], size)
        cost = np.where(hard_uses[n - literals] == 0, soft_weight[n - literals], np.inf)
        if not hard.size:
            return np.empty(0)
        cheapest = np.minimum.reduceat(cost, self._starts[:-1])
        return np.minimum(cheapest, float(soft_weights.sum()))

    def _build(self) -> None:
        """Add up clauses of the same literals, and make the QUBO of each length at once."""
        totals: dict[Clause, float] = {}
        for clause, energy in zip(self.clauses, self._energies.tolist(), strict=True):
            totals[clause] = totals.get(clause, 0.0) + energy
        terms = clause_terms(totals, self._num_truths)
        check_size("the model", terms.linear.size, terms.rows.size)
        auxiliaries = terms.linear.size - self._num_truths
        labels = (*range(1, self._num_truths + 1), *(("aux", k) for k in range(auxiliaries)))
        value = Problem("edges", labels, terms.rows, terms.cols, terms.weights, fields=terms.linear)
        super().__init__(value, offset=terms.offset)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses, without those that are always true, each literal once."""
        literals = self._literals.tolist()
        return tuple(tuple(literals[a:b]) for a, b in pairwise(self._starts.tolist()))

    @property
    def weights(self) -> FloatArray:
        """Weight of each of `clauses`, infinite for hard ones."""
        return self._weights.copy()

    @property
    def num_truths(self) -> int:
        """Number of variables of the clauses; the model's further ones are auxiliary."""
        return self._num_truths

    @property
    def objective_name(self) -> str:
        """What `objective` is called: "unsatisfied"."""
        return "unsatisfied"

    def annealing_range(self) -> tuple[float, float]:
        """Return ``[3 / q90, 8 / q10]`` of the weights of the clauses; see `Model`."""
        return scaled_range(self, (3.0, 8.0), self._energies)

    def decode(self, state: npt.ArrayLike) -> Assignment:
        """Return the truth assignment, and the weight of the clauses it leaves unsatisfied.

        Parameters
        ----------
        state : array_like of 0 and 1, shape (num_variables,)
            What auxiliary variables hold is of no account.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.max_sat([[1, 2], [-1], [-2]]).decode([1, 0])
        Assignment(objective=1.0, violations={}, values={1: True, 2: False})
        """
        true = spins_of(self, state)[: self._num_truths] > 0
        satisfied = true[np.abs(self._literals) - 1] == (self._literals > 0)
        broken = np.zeros(self._weights.size, np.bool_)
        if broken.size:
            broken = ~np.logical_or.reduceat(satisfied, self._starts[:-1])
        hard = np.isinf(self._weights)
        num_broken = int(np.count_nonzero(broken & hard))
        return Assignment(
            float(self._weights[broken & ~hard].sum()),
            {"hard clauses": num_broken} if num_broken else {},
            dict(enumerate(true.tolist(), 1)),
        )


def max_sat(
    clauses: Iterable[Iterable[int]],
    *,
    weights: Any = None,
    penalty: float | None = None,
    num_variables: int | None = None,
) -> MaxSat:
    """Return the problem of leaving as few clauses unsatisfied as can be, or as little weight.

    Parameters
    ----------
    clauses : iterable of iterables of int
        Literals as in DIMACS files: 3 is variable 3, -3 its negation. Repeated literals count
        once, and clauses with both v and -v are dropped, since they are always true.
    weights : array_like, shape (m,), optional
        Positive weights of the clauses. Default: 1 each. Infinity makes a clause hard: a solution
        that leaves it unsatisfied is not feasible.
    penalty : float, optional
        What a hard clause costs. Default: enough, and the smallest other weight more; enough is
        the soft weight that one of its literals may break, if no hard clause has its negation,
        and else the sum of all soft weights. A number that is not enough for all hard clauses is
        taken with a warning.
    num_variables : int, optional
        Number of variables; by default the largest that occurs.

    Returns
    -------
    MaxSat
        A `Qubo` over the variables, labelled from 1, and ``k - 2`` auxiliary variables for each
        different clause of k > 2 literals, labelled ``("aux", number)``.

    Raises
    ------
    TypeError, ValueError
        If a literal is no integer or 0, a clause has no literal, or a weight is not positive.

    Notes
    -----
    Clauses of more than two literals become quadratic by substitution (Rosenberg 1975, with
    smaller coefficients); see `magnetite.models.clauses`.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.max_sat([[1, 2, 3], [-1, -2], [-1, -3], [-2, -3], [-1]])
    >>> result = mg.anneal(model, num_reads=8, num_sweeps=100, seed=1)
    >>> result.best_objective, model.decode(result.best.state).objective
    (0.0, 0.0)
    """
    return MaxSat(clauses, weights=weights, penalty=penalty, num_variables=num_variables)


def _checked(clause: Iterable[int], index: int) -> Clause:
    """Return the literals of a clause, each once."""
    where = f"clauses[{index}]"
    if isinstance(clause, str | bytes) or not isinstance(clause, Iterable):
        raise TypeError(f"{where} must be a sequence of integers, got {clause!r}")
    literals: dict[int, None] = {}
    for literal in clause:
        if isinstance(literal, bool) or not hasattr(literal, "__index__"):
            raise TypeError(f"{where} must hold integers, got {literal!r}")
        number = operator.index(literal)
        if number == 0 or abs(number) >= 2**31:
            raise ValueError(f"{where} must hold integers other than 0 below 2**31, got {number}")
        literals[number] = None
    if not literals:
        raise ValueError(f"{where} must hold a literal: an empty clause is never satisfied")
    return tuple(literals)


def _is_tautology(clause: Sequence[int]) -> bool:
    return len({abs(literal) for literal in clause}) < len(clause)


def _clause_weights(weights: Any, number: int) -> FloatArray:
    if weights is None:
        return np.ones(number)
    values = real_array("weights", weights)
    if values.shape != (number,):
        raise ValueError(
            f"weights must have one number for each of the {number} clauses, "
            f"got shape {values.shape}"
        )
    wrong = np.flatnonzero(~(values > 0))
    if wrong.size:
        raise ValueError(f"weights must be positive, got {values[wrong[0]]:g} at index {wrong[0]}")
    return values


def _num_truths(given: int | None, largest: int) -> int:
    if given is None:
        return largest
    number = check_count("num_variables", given, bits=31)
    if number < largest:
        raise ValueError(
            f"num_variables must be at least {largest}, the largest in clauses, got {number}"
        )
    return number
