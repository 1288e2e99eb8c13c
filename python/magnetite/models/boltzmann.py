"""The Boltzmann machine as an energy, in the sign of the learning literature."""

from collections.abc import Iterable
from typing import Any, Literal, Self

import numpy as np

from magnetite._checks import check_choice, check_offset
from magnetite.inputs import FloatArray, IntVector, Labels, Problem, as_problem, is_bqm
from magnetite.models.assemble import core_of_polynomial, core_of_problem, without_self_couplings
from magnetite.models.base import Model
from magnetite.models.polynomial import Polynomial

__all__ = ["BoltzmannMachine"]


class BoltzmannMachine(Model):
    """Units with weights and biases: ``E(x) = -sum_{i<j} W_ij x_i x_j - sum_i b_i x_i + offset``.

    Parameters
    ----------
    W : scipy.sparse matrix, array_like, networkx.Graph, dimod BQM, dict or tuple of arrays
        Weights, in any form that `Ising` takes for ``J``. A BQM is taken as an energy: its
        biases are ``-W`` and ``-b``.
    b : array_like, dict or None
        Biases: one a unit, or ``{label: value}``.
    visible : sequence of labels, or boolean array of shape (n,)
        Units that data give values to; all, by default. `visible` holds their positions.
    values : {"binary", "spin"}
        Whether units are 0/1 or -1/+1.
    offset : float
        A constant, added to every energy.

    Raises
    ------
    TypeError, ValueError
        As `Ising`, and if `visible` names a unit twice or one that does not exist.

    References
    ----------
    D. H. Ackley, G. E. Hinton, T. J. Sejnowski: A learning algorithm for Boltzmann machines.
    Cognitive Science 9, 147-169 (1985), equation 1.

    Examples
    --------
    >>> import magnetite as mg
    >>> machine = mg.BoltzmannMachine({(0, 1): 2.0}, [0.5, -1.0], visible=[0])
    >>> machine.energies([[1, 0], [1, 1]]).tolist()
    [-0.5, -1.5]
    >>> machine.visible
    array([0])
    """

    __slots__ = ("_visible",)

    _visible: IntVector

    def __init__(
        self,
        W: Any,
        b: Any = None,
        *,
        visible: Any = None,
        values: Literal["binary", "spin"] = "binary",
        offset: float = 0.0,
    ) -> None:
        binary = check_choice("values", values, ("binary", "spin")) == "binary"
        constant = check_offset(offset)
        vartype: Literal["SPIN", "BINARY"] = "BINARY" if binary else "SPIN"
        problem = as_problem(W, b, vartype=vartype, name="W", field_name="b")
        problem = without_self_couplings(problem, "W", "a unit alone has its bias b")
        rows, cols, weights = _pairs_once(problem)
        sign = 1.0 if is_bqm(W) else -1.0
        energy = Polynomial(
            rows, cols, sign * weights, sign * problem.fields, problem.offset + constant
        )
        core = core_of_polynomial(energy.in_spins() if binary else energy, name="W")
        self._set(core, problem.labels, (energy.linear, energy.offset) if binary else None)
        self._visible = _visible_positions(visible, problem.labels)

    @classmethod
    def from_bqm(cls, bqm: Any) -> Self:
        """Return a BQM, taken as an energy, as a machine with its values, all units visible.

        See `Model.from_bqm`.
        """
        return cls(bqm, values="binary" if bqm.vartype.name == "BINARY" else "spin")

    @property
    def visible(self) -> IntVector:
        """Positions of the visible units in `variables`, in the order given."""
        return self._visible.copy()


def _pairs_once(problem: Problem) -> tuple[IntVector, IntVector, FloatArray]:
    """Return each coupled pair once, by the core's own rule for matrices and edges."""
    no_fields = np.zeros(problem.num_variables)
    rows, cols, weights = core_of_problem(problem, no_fields, 0.0, name="W").edges()
    return rows, cols, weights


def _visible_positions(visible: Any, labels: Labels) -> IntVector:
    n = len(labels)
    if visible is None:
        return np.arange(n)
    if not isinstance(visible, Iterable):
        raise TypeError(
            f"visible must be a sequence of labels or a mask, got {type(visible).__name__}"
        )
    if isinstance(visible, np.ndarray) and visible.dtype == np.bool_:
        if visible.shape != (n,):
            raise ValueError(f"visible must have shape ({n},) as a mask, got {visible.shape}")
        return np.flatnonzero(visible)
    index = {label: position for position, label in enumerate(labels)}
    positions: dict[int, None] = {}
    for label in visible:
        if label not in index:
            raise ValueError(f"visible must name units of W, got {label!r}")
        if index[label] in positions:
            raise ValueError(f"visible must name each unit once, got {label!r} twice")
        positions[index[label]] = None
    return np.array(list(positions), np.int64)
