"""The public function `fit`, a method of `BoltzmannMachine`."""

import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from magnetite._checks import check_choice, check_count
from magnetite.boltzmann.chains import Chains
from magnetite.boltzmann.enumeration import Enumeration
from magnetite.boltzmann.monitors import MachineMonitors
from magnetite.boltzmann.objectives import (
    MinimumProbabilityFlow,
    Objective,
    PseudoLikelihood,
    RatioMatching,
)
from magnetite.boltzmann.phases import Phase, PhaseRun
from magnetite.boltzmann.rows import VisibleRows, visible_columns
from magnetite.boltzmann.session import Likelihood, MachineSession, Plan
from magnetite.models.topology import Topology
from magnetite.options import SeedLike, check_seed
from magnetite.training.data import Matrix, MatrixSource, make_source
from magnetite.training.learn import check_frame
from magnetite.training.optimizers import SGD, Optimizer, OptimizerRun
from magnetite.training.penalties import L1, L2
from magnetite.training.plan import Keys, check_penalties, check_share, check_startable
from magnetite.training.result import TrainingResult
from magnetite.training.running import Callback
from magnetite.training.schedules import Cosine, ScheduleLike, as_schedule
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.boltzmann import BoltzmannMachine

__all__ = ["fit"]

DEFAULT_OPTIMIZER = SGD(Cosine(0.1, begin=0.5), momentum=0.5)

OBJECTIVES: dict[str, Objective] = {
    "pseudo_likelihood": PseudoLikelihood(),
    "ratio_matching": RatioMatching(),
    "probability_flow": MinimumProbabilityFlow(),
}

QUICK_HIDDEN, QUICK_UNITS = 10, 14
"""Up to so many hidden units, or units in all, a phase is enumerated by default."""


def fit(
    machine: "BoltzmannMachine",
    X: Any,
    *,
    positive: Phase | None = None,
    negative: Phase | None = None,
    objective: str | Objective = "likelihood",
    optimizer: Optimizer = DEFAULT_OPTIMIZER,
    epochs: int = 100,
    batch_size: int = 100,
    gradient: str = "centered",
    offset_rate: float = 0.01,
    penalties: Sequence[L1 | L2] = (),
    shrinkage: ScheduleLike = 0.0,
    inputs: Sequence[Any] = (),
    sample_weight: Any = None,
    validation: Any = None,
    callbacks: Sequence[Callback] = (),
    monitor_every: int = 1,
    initial: str | None = "data",
    shuffle: bool = True,
    progress: bool = False,
    seed: SeedLike = None,
    num_threads: int | None = None,
    time_limit: float | None = None,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_interval: float = 60.0,
    resume: bool = False,
    on_interrupt: str = "raise",
) -> TrainingResult:
    """Learn weights and biases from data; the machine changes in place.

    The gradient of the log-likelihood by a weight is ``<x_i x_j>_clamped - <x_i x_j>_free``: the
    mean product with the visible units held at data, less that of the machine left alone.

    Parameters
    ----------
    X : array_like or sparse matrix, shape (rows, visible units)
        Values of the visible units, a column for each, in the order of `visible`.
    positive, negative : phases of `magnetite.boltzmann`, optional
        How the moments of the machine held at data, and left alone, are found: `Enumeration`,
        `Chains` (persistent), `Annealing` (as in 1985), `MeanField`, and `Tempering` (negative
        alone). By default small phases are enumerated (10 hidden units held, 14 units left alone),
        and others have persistent chains.
    objective : str or Objective
        "likelihood" (default), or for machines without hidden units "pseudo_likelihood",
        "ratio_matching" or "probability_flow", which need no phases; or an object of
        `magnetite.boltzmann.Objective`.
    optimizer : SGD, Adam, SignSteps or another `training.Optimizer`
        SGD by default, with momentum 0.5 and a rate of 0.1 that falls to zero in the second half.
    epochs : int
        Passes over the data, 100 by default.
    batch_size : int
        Rows an update, 100 by default.
    gradient : "centered" (default) or "plain"
        Coordinates in which steps are made: units less moving averages of their means in the
        positive phase, or units as they are.
    offset_rate : float
        Share of an update in those averages, 0.01 by default; those of visible units are the
        data's means.
    penalties : list of training.L1 or training.L2
        Of the weights, without the biases; none by default. With "pseudo_likelihood" and `L1`,
        couplings of pairs that do not interact come near zero.
    shrinkage : float or schedule
        Share of every weight and bias that each update takes away beside the optimiser's step: the
        machine is heated a little; 0 by default. It is what keeps machines that learn by
        `SignSteps` finite: a decay inside the gradient would only turn signs.
    inputs : sequence of labels
        Visible units that are held at data in the negative phase too; none by default. The machine
        then learns the conditional law of the other visible units given these.
    sample_weight, monitor_every, shuffle, progress, time_limit, checkpoint, checkpoint_interval, \
resume, on_interrupt
        As for `RBM.fit`.
    validation : array_like or sparse matrix, shape (rows, visible units), optional
        Rows that are not learnt, whose figures are in the history.
    callbacks : list of callables
        As for `RBM.fit`; each is called with a `training.Progress`.
    initial : "data" (default) or None
        A machine without weights starts from small random ones, and from visible biases at which
        units have the data's means; None leaves it as it is.
    seed, num_threads
        As for `magnetite.sample`: the result does not depend on the number of threads.

    Returns
    -------
    TrainingResult
        `history`, with the columns "moment_difference" (root mean square of the last gradient);
        "divergence", the divergence G of the data from the machine in nats (given the inputs, where
        there are some), if 14 units or fewer that are no inputs let it be summed; and "objective"
        where there is one; of validation rows "validation_divergence" and "validation_objective",
        for ``training.EarlyStopping("validation_divergence", mode="min")``. And `info`.

    Raises
    ------
    TypeError, ValueError
        Before work starts: names argument, value and rule.
    TrainingDiverged
        A weight left all bounds; the machine is what it was after the last good epoch.

    Warns
    -----
    UserWarning
        If no path leads from a hidden unit to a visible one: it can learn nothing.

    References
    ----------
    D. H. Ackley, G. E. Hinton, T. J. Sejnowski: A learning algorithm for Boltzmann machines.
    Cognitive Science 9, 147-169 (1985), equation 7.

    Examples
    --------
    Even parity of three units is beyond pairs: a hidden unit makes it possible.

    >>> import magnetite as mg
    >>> X = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
    >>> pairs = [(i, j) for i in range(4) for j in range(i)]
    >>> machine = mg.BoltzmannMachine(dict.fromkeys(pairs, 0.0), visible=[0, 1, 2])
    >>> result = machine.fit(X, optimizer=mg.Adam(0.05), epochs=1000, monitor_every=1000, seed=1)
    >>> machine.divergence(X) < 0.05
    True
    """
    started = time.perf_counter()
    columns = _check_inputs(machine, inputs)
    plan = Plan(
        objective=_check_objective(machine._topology, objective, positive, negative, columns),
        optimizer=check_startable("optimizer", optimizer, "mg.SGD(0.01)", OptimizerRun),
        batch_size=check_count("batch_size", batch_size, 1, bits=31),
        gradient=check_choice("gradient", gradient, ("centered", "plain")),
        offset_rate=check_share("offset_rate", offset_rate),
        penalties=_check_penalties(penalties),
        shrinkage=_check_shrinkage(shrinkage),
        inputs=columns,
        initial=_check_initial(initial),
        shuffle=bool(shuffle),
        seed=check_seed(seed),
    )
    frame = check_frame(
        started=started,
        epochs=epochs,
        validation=validation is not None,
        callbacks=callbacks,
        monitor_every=monitor_every,
        progress=progress,
        num_threads=num_threads,
        time_limit=time_limit,
        checkpoint=checkpoint,
        checkpoint_interval=checkpoint_interval,
        resume=resume,
        on_interrupt=on_interrupt,
    )
    plan = replace(plan, seed=frame.seed(seed, plan.seed))
    rows = VisibleRows(machine._topology)
    held_out = None if validation is None else _check_validation(rows, validation)
    source = make_source(
        rows,
        X,
        sample_weight,
        batch_size=plan.batch_size,
        shuffle=plan.shuffle,
        key=Keys.of(plan.seed).data,
    )
    if not isinstance(source, MatrixSource):
        raise TypeError("X must be a matrix, whose rows come again: chunks are for mg.RBM")
    _warn_of_unreached(machine)
    session = MachineSession(machine, plan, source, frame.num_threads, frame.num_epochs)
    frame.check(session.identity())
    return frame.run(session, MachineMonitors(session, held_out))


def _check_objective(
    topology: Topology, objective: Any, positive: Any, negative: Any, inputs: tuple[int, ...]
) -> Likelihood | Objective:
    if isinstance(objective, str):
        names = ("likelihood", *OBJECTIVES)
        objective = OBJECTIVES.get(check_choice("objective", objective, names))
    if isinstance(objective, Objective):
        if positive is not None or negative is not None:
            raise ValueError(f"positive and negative must be None for objective={objective!r}")
        if inputs:
            raise ValueError(f"inputs must be none for objective={objective!r}")
        objective.check(topology)
        return objective
    if objective is not None:
        raise TypeError(
            "objective must be a name or an object like mg.boltzmann.PseudoLikelihood(), got "
            f"{objective!r}"
        )
    hidden, free = topology.hidden.size, topology.num_units - len(inputs)
    if positive is None:
        positive = Enumeration() if hidden <= QUICK_HIDDEN else Chains()
    if negative is None:
        negative = Enumeration() if free <= QUICK_UNITS else Chains()
    for name, phase in (("positive", positive), ("negative", negative)):
        check_startable(name, phase, "mg.boltzmann.Chains()", PhaseRun)
    return Likelihood(positive, negative)


def _check_validation(rows: VisibleRows, validation: Any) -> Array:
    """Return rows that are not learnt."""
    matrix = Matrix(rows, validation, "validation")
    return rows.visible_states(matrix.X, name="validation")


def _check_inputs(machine: "BoltzmannMachine", inputs: Any) -> tuple[int, ...]:
    """Return the columns of the data that hold the inputs."""
    columns = visible_columns(machine, "inputs", inputs)
    if columns and len(columns) == machine.visible.size:
        raise ValueError("inputs must leave a visible unit to be learnt, got all of them")
    return columns


def _check_penalties(penalties: Any) -> tuple[L1 | L2, ...]:
    for penalty in check_penalties(penalties):
        if not isinstance(penalty, L1 | L2) or penalty.biases:
            raise ValueError(
                "penalties must be L1 or L2, of weights alone, for machines on graphs, got "
                f"{penalty!r}"
            )
    return tuple(penalties)


def _check_shrinkage(shrinkage: ScheduleLike) -> ScheduleLike:
    as_schedule("shrinkage", shrinkage, below=1.0)
    return shrinkage


def _check_initial(initial: str | None) -> str | None:
    if initial not in ("data", None):
        raise ValueError(f"initial must be 'data' or None, got {initial!r}")
    return initial


def _warn_of_unreached(machine: "BoltzmannMachine") -> None:
    lost = machine._topology.unreached()
    if lost.size:
        first = machine.variables[int(lost[0])]
        others = f" (and {lost.size - 1} more)" if lost.size > 1 else ""
        warnings.warn(
            f"W should join every hidden unit to a visible one by some path, but none leads from "
            f"{first!r}{others}: it can learn nothing",
            UserWarning,
            stacklevel=3,
        )
