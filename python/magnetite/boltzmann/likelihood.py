"""How likely data are under a Boltzmann machine, and how far it is from them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from magnetite._checks import check_weights
from magnetite.boltzmann.enumeration import MOST_ENUMERATED, Conditionals
from magnetite.boltzmann.phases import Rows
from magnetite.boltzmann.rows import VisibleRows, distinct_rows, visible_columns
from magnetite.estimates import Estimate
from magnetite.models.topology import Parameters, Topology
from magnetite.options import SeedLike

if TYPE_CHECKING:
    from magnetite.models.boltzmann import BoltzmannMachine

__all__ = ["Divergence", "divergence", "log_likelihood"]


class Divergence:
    """The divergence of distinct rows from a machine whose states can be listed.

    `inputs` are columns of the rows; where there are some, all laws are those given their values.
    """

    def __init__(self, topology: Topology, rows: Rows, inputs: Sequence[int] = ()) -> None:
        seen, columns = rows.weights > 0, np.array(inputs, np.int64)
        self.spins, self.weights = rows.spins[seen], rows.weights[seen]
        self.inputs, self.shares = distinct_rows(self.spins[:, columns], self.weights)
        self.given = Conditionals(topology, topology.visible)
        self.alone = Conditionals(topology, topology.visible[columns])

    def of(self, parameters: Parameters) -> float:
        """Return ``sum_v P(v) ln(P(v | inputs) / p(v | inputs))`` in nats."""
        logs = self.given.log_sums(parameters, self.spins)
        log_z = self.alone.log_sums(parameters, self.inputs)
        return float(
            self.weights @ (np.log(self.weights) - logs)
            - self.shares @ (np.log(self.shares) - log_z)
        )


def _rows_of(machine: "BoltzmannMachine", X: Any, sample_weight: Any) -> Rows:
    """Return checked data, each distinct row once; weights sum to one."""
    clamps = VisibleRows(machine._topology)
    spins = clamps.spins(clamps.visible_states(X, name="X"))
    if not len(spins):
        raise ValueError("X must have at least one row, got none")
    weights = check_weights("sample_weight", sample_weight, len(spins))
    return Rows(*distinct_rows(spins, weights / weights.sum()))


def divergence(
    machine: "BoltzmannMachine", X: Any, *, sample_weight: Any = None, inputs: Sequence[Any] = ()
) -> float:
    """Return the divergence G of the data from the machine, exactly, in nats.

    ``G = sum_v P(v) ln(P(v) / p(v))`` with P the shares of the rows: what learning makes small,
    zero where the machine has the distribution of the data.

    Parameters
    ----------
    X : array_like, shape (rows, visible units)
        Values of the visible units.
    sample_weight : array_like, shape (rows,), optional
        What every row counts.
    inputs : sequence of labels
        Visible units that are given; none by default. The divergence is then that of the
        conditional laws of the others, ``sum_v P(v) ln(P(v | inputs) / p(v | inputs))``.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If the machine has more than 20 units that are not given, X has values that units cannot
        take, or `inputs` names a unit that is not visible.

    References
    ----------
    D. H. Ackley, G. E. Hinton, T. J. Sejnowski: A learning algorithm for Boltzmann machines.
    Cognitive Science 9, 147-169 (1985), equation 6.

    Examples
    --------
    >>> import magnetite as mg
    >>> machine = mg.BoltzmannMachine({(0, 1): 0.0})
    >>> round(machine.divergence([[0, 0], [1, 1]]), 4)  # ln 2
    0.6931
    """
    columns = visible_columns(machine, "inputs", inputs)
    rows = _rows_of(machine, X, sample_weight)
    return Divergence(machine._topology, rows, columns).of(machine._parameters)


def log_likelihood(
    machine: "BoltzmannMachine",
    X: Any,
    *,
    sample_weight: Any = None,
    seed: SeedLike = None,
    num_threads: int | None = None,
) -> Estimate:
    """Return the mean of ``ln p(v)`` over rows, in nats.

    Hidden units are summed out one state after the other, 20 at most; log Z is summed exactly where
    that takes a moment, and else estimated by `magnetite.log_partition`, whose error and bracket
    the result has.

    Parameters
    ----------
    X : array_like, shape (rows, visible units)
        Values of the visible units.
    sample_weight : array_like, shape (rows,), optional
        What every row counts.
    seed, num_threads
        As for `magnetite.log_partition`.

    Returns
    -------
    Estimate
        Refused where there are more than 20 hidden units, or log Z is refused.

    Examples
    --------
    >>> import magnetite as mg
    >>> machine = mg.BoltzmannMachine({("v", "h"): 1.0}, visible="v")
    >>> print(machine.log_likelihood([[0], [1]]))  # p(1) = (1 + e) / (3 + e)
    -0.740464 +- 0
    """
    from magnetite.log_partition import log_partition

    topology = machine._topology
    rows = _rows_of(machine, X, sample_weight)
    if topology.hidden.size > MOST_ENUMERATED:
        return Estimate.refused(
            f"the states of {topology.hidden.size} hidden units are too many to be summed "
            f"(at most {MOST_ENUMERATED} units)"
        )
    given = Conditionals(topology, topology.visible)
    logs = given.log_sums(machine._parameters, rows.spins)
    mean = float(rows.weights @ logs) - machine._offset
    log_z = log_partition(machine, seed=seed, num_threads=num_threads)
    if not log_z.reliable:
        return Estimate.refused(log_z.reason)
    low, high = log_z.bracket
    value, bracket = mean - log_z.value, (mean - high, mean - low)
    return Estimate(value, log_z.error, bracket, log_z.ess, True, "")
