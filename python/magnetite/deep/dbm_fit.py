"""The public method `DBM.fit`."""

import time
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from magnetite.deep.dbm_mean_field import check_steps, check_tolerance
from magnetite.deep.dbm_training import DeepPlan, DeepSession
from magnetite.options import SeedLike
from magnetite.training.learn import learn
from magnetite.training.negatives import PCD
from magnetite.training.optimizers import SGD, Optimizer
from magnetite.training.penalties import Penalty
from magnetite.training.phases import Negative
from magnetite.training.plan import check_plan
from magnetite.training.result import TrainingResult
from magnetite.training.running import Callback
from magnetite.training.schedules import Cosine

if TYPE_CHECKING:
    from magnetite.deep.dbm import DBM

__all__ = ["fit"]

DEFAULT_NEGATIVE = PCD(steps=5)
DEFAULT_OPTIMIZER = SGD(Cosine(0.02))
"""With a rate of 0.08 the upper units of 784-500-1000 saturate on MNIST, and learn no more."""


def fit(
    self: "DBM",
    X: Any,
    *,
    negative: Negative = DEFAULT_NEGATIVE,
    mean_field_steps: int = 10,
    mean_field_tolerance: float = 1e-3,
    optimizer: Optimizer = DEFAULT_OPTIMIZER,
    epochs: int = 20,
    batch_size: int = 100,
    gradient: str = "centered",
    offset_rate: float = 0.01,
    penalties: Sequence[Penalty] = (),
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
    """Learn all layers together from data; the machine changes in place.

    The bound on the log-likelihood that mean-field means leave is ascended: moments under these, of
    a batch, minus those of the machine's own persistent chains. With centred units no layer needs
    to be trained on its own before.

    Parameters
    ----------
    X : array_like, memory map, sparse matrix, or chunks
        Rows of bits, shape (rows, n_visible), as for `RBM.fit`; none may be missing.
    negative : PCD or another `training.Negative`
        How the machine's own moments are found, over all layers; by default `PCD` with 5 steps,
        and as many chains as rows in a batch. Of a machine small enough, `Exact` sums them.
    mean_field_steps : int
        Passes of the mean-field equations a batch, at most; 10 by default.
    mean_field_tolerance : float
        Change of a mean in a pass with which a row needs no more, 1e-3 by default.
    optimizer : SGD, Adam or another `training.Optimizer`
        How gradients become steps; by default SGD with a rate of 0.02, which falls to zero over the
        training. Where "saturated" in the history is large after the first epochs, lower it: such
        units learn no more.
    epochs, batch_size, gradient, offset_rate
        As for `RBM.fit`; offsets of all layers follow their means in the data phase.
    penalties : list of Penalty
        As for `RBM.fit`, of the machine that `to_rbm` shows: a column of weights has all those of
        a unit of an odd layer.
    sample_weight, validation, callbacks, monitor_every, shuffle
        As for `RBM.fit`. What callbacks are told of as `rbm` is this machine.
    initial : "data" (default) or None
        A machine without weights starts from small random ones, and from visible biases at which
        its units have the data's means; None leaves parameters as they are.
    progress, seed, num_threads, time_limit, checkpoint, checkpoint_interval, resume, on_interrupt
        As for `RBM.fit`.

    Returns
    -------
    TrainingResult
        Its `history` has "reconstruction_error"; "mean_field_iterations" and
        "mean_field_converged", a mean and a share over up to 1,000 rows; "saturated", the share of
        hidden units whose mean over these is within 0.01 of 0 or 1; "mean_abs_weight" and
        "update_ratio"; and with validation rows "free_energy_gap", of free energies as the
        mean-field means have them.

    Raises
    ------
    TypeError, ValueError
        Before work starts: names argument, value and rule.
    TrainingDiverged
        The parameters left all bounds; the machine is what it was after the last good epoch.

    References
    ----------
    Salakhutdinov and Hinton, "Deep Boltzmann machines", AISTATS (2009) 448, section 2.2; Montavon
    and Mueller, "Deep Boltzmann machines and the centering trick" (2012); Melchior, Fischer and
    Wiskott, "How to center deep Boltzmann machines", Journal of Machine Learning Research 17 (2016)
    99.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> X = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> dbm = mg.DBM([4, 4, 2])
    >>> dbm.fit(X, epochs=100, batch_size=20, optimizer=mg.SGD(0.1), seed=1)
    TrainingResult(100 epochs, 500 updates, completed)
    >>> bool(dbm.log_likelihood_bound(X).value > -1.2)  # nothing exceeds -ln 2
    True
    """
    started = time.perf_counter()
    plan = check_plan(
        self._folded,
        negative=negative,
        optimizer=optimizer,
        batch_size=batch_size,
        gradient=gradient,
        offset_rate=offset_rate,
        precision_rate=0.0,
        penalties=penalties,
        initial=initial,
        shuffle=shuffle,
        seed=seed,
    )
    deep = DeepPlan(
        **vars(plan),
        mean_field_steps=check_steps("mean_field_steps", mean_field_steps),
        mean_field_tolerance=check_tolerance("mean_field_tolerance", mean_field_tolerance),
    )
    return learn(
        self,
        deep,
        X,
        started=started,
        epochs=epochs,
        sample_weight=sample_weight,
        validation=validation,
        callbacks=callbacks,
        monitor_every=monitor_every,
        progress=progress,
        seed=seed,
        num_threads=num_threads,
        time_limit=time_limit,
        checkpoint=checkpoint,
        checkpoint_interval=checkpoint_interval,
        resume=resume,
        on_interrupt=on_interrupt,
        session=DeepSession,
        default=DEFAULT_OPTIMIZER,
    )
