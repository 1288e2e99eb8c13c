"""The method `DBN.fine_tune`."""

import time
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from magnetite._checks import check_choice
from magnetite.deep.passes import checked_rows
from magnetite.deep.updown import UpDown
from magnetite.options import SeedLike
from magnetite.training.exact_phase import Exact
from magnetite.training.learn import DEFAULT_OPTIMIZER, learn
from magnetite.training.negatives import CD
from magnetite.training.optimizers import Optimizer
from magnetite.training.phases import Negative
from magnetite.training.plan import Plan, check_plan
from magnetite.training.result import TrainingResult
from magnetite.training.running import Callback

if TYPE_CHECKING:
    from magnetite.deep.dbn import DBN

__all__ = ["fine_tune"]

DEFAULT_NEGATIVE = CD(steps=5)

GRADIENTS = ("plain", "centered")


def fine_tune(
    self: "DBN",
    X: ArrayLike,
    *,
    negative: Negative = DEFAULT_NEGATIVE,
    optimizer: Optimizer = DEFAULT_OPTIMIZER,
    epochs: int = 20,
    batch_size: int = 100,
    gradient: str = "centered",
    offset_rate: float = 0.01,
    sample_weight: ArrayLike | None = None,
    validation: ArrayLike | None = None,
    callbacks: Sequence[Callback] = (),
    monitor_every: int = 1,
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
    """Train all layers together, by the up-down algorithm (contrastive wake-sleep).

    The way up gets parameters of its own, `recognition`, below the top machine. Data go up by draws
    (wake): each layer's way down learns to predict what was below, and the top machine learns from
    what arrives there. What its negative phase draws goes down by draws (sleep): each layer's way
    up learns to predict what was above. Precisions of Gaussian units stay.

    Parameters
    ----------
    X : array_like or sparse matrix, shape (rows, n_visible)
        Visible states, without missing values.
    negative : CD, PCD, FastPCD or TemperedPCD
        The negative phase of the top machine, by default `CD` of 5 steps: chains that start from
        what the data make of the layers below.
    optimizer, batch_size, offset_rate, sample_weight, monitor_every, shuffle
        As for `RBM.fit`; the optimiser is that of all machines and directions.
    epochs : int
        Passes over the data, 20 by default.
    gradient : "centered" (default) or "plain"
        As for `RBM.fit`; on the way up and down only units that predict have offsets.
    validation : array_like, optional
        Rows that are not learnt; their error of reconstruction is in the history.
    callbacks : list of callables
        As for `RBM.fit`; what they are told of is the network, ``progress.model``.
    progress, seed, num_threads, time_limit, on_interrupt
        As for `RBM.fit`.
    checkpoint, checkpoint_interval, resume
        As for `RBM.fit`.

    Returns
    -------
    TrainingResult
        Its history has errors of reconstruction by means, one way up and one way down.

    Raises
    ------
    TypeError, ValueError
        Before work starts: names argument, value and rule.
    TrainingDiverged
        The parameters left all bounds; all machines are what they were after the last good epoch.

    References
    ----------
    Hinton, Osindero and Teh, "A fast learning algorithm for deep belief nets", Neural Computation
    18 (2006) 1527, section 5 and appendix B.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> X = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> dbn = mg.DBN([4, 3, 2])
    >>> _ = dbn.fit(X, epochs=10, seed=1)
    >>> dbn.fine_tune(X, epochs=5, seed=1)
    TrainingResult(5 epochs, 5 updates, completed)
    >>> dbn.recognition[0] is dbn.layers[0]
    False
    """
    started = time.perf_counter()
    plan = _check_plan(self, negative, optimizer, batch_size, gradient, offset_rate, shuffle, seed)
    return learn(
        self,
        plan,
        checked_rows(self, "X", X),
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
        session=UpDown,
    )


def _check_plan(
    dbn: "DBN",
    negative: Negative,
    optimizer: Optimizer,
    batch_size: int,
    gradient: str,
    offset_rate: float,
    shuffle: bool,
    seed: SeedLike,
) -> Plan:
    """Check what is learnt how."""
    if len(dbn.layers) < 2:
        raise ValueError(f"fine_tune needs at least 2 machines, got {dbn!r}: take fit")
    for number, rbm in enumerate(dbn.layers):
        if not rbm.weights.any():
            raise ValueError(f"layers[{number}] has no weights yet: call fit first")
    if isinstance(negative, Exact):
        raise ValueError(f"negative must draw states, which go down, got {negative!r}")
    return check_plan(
        dbn.layers[-1],
        negative=negative,
        optimizer=optimizer,
        batch_size=batch_size,
        gradient=check_choice("gradient", gradient, GRADIENTS),
        offset_rate=offset_rate,
        precision_rate=0.0,
        penalties=(),
        initial=None,
        shuffle=shuffle,
        seed=seed,
    )
