"""The public function `fit`, a method of `Network`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_count, check_flag, check_real, check_weights
from magnetite.networks.session import NetworkPlan, NetworkSession
from magnetite.options import SeedLike, check_seed
from magnetite.training.data import Matrix, MatrixSource
from magnetite.training.learn import check_frame
from magnetite.training.optimizers import Adam, Optimizer, OptimizerRun
from magnetite.training.penalties import L1, L2, Penalty, SparsityTarget
from magnetite.training.plan import check_penalties, check_startable
from magnetite.training.result import TrainingResult
from magnetite.training.running import Callback
from magnetite.training.schedules import Cosine

if TYPE_CHECKING:
    from magnetite.networks.network import Network

__all__ = ["fit"]

DEFAULT_OPTIMIZER = Adam(Cosine(0.001))


def fit(
    network: "Network",
    X: Any,
    y: Any = None,
    *,
    optimizer: Optimizer = DEFAULT_OPTIMIZER,
    epochs: int = 20,
    batch_size: int = 100,
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    penalties: Sequence[Penalty] = (),
    sample_weight: ArrayLike | None = None,
    validation: Any = None,
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
    """Learn from rows and their targets, by stochastic descent of the mean loss, in place.

    Parameters
    ----------
    X : array_like, memory map or sparse matrix, shape (rows, n_inputs)
        Any finite numbers; for an autoencoder with sigmoid outputs, from 0 to 1.
    y : array_like
        Of a classifier, labels among its classes, shape (rows,); of a regressor, numbers of shape
        (rows, n_outputs), or (rows,) where there is one; None of an autoencoder.
    optimizer : SGD, Adam or another `training.Optimizer`
        How gradients become steps; by default Adam with a rate that falls from 0.001 to zero along
        half a cosine.
    epochs : int
        Passes over the data, 20 by default.
    batch_size : int
        Rows an update, 100 by default; the last batch of an epoch may have fewer, whose gradient is
        smaller in proportion.
    dropout, input_dropout : float
        Chance that an input of a layer other than the first, or of the first one, is set to zero
        in an update; the others are divided by what remains. 0 by default; 0.5 and 0.2 are common.
    penalties : list of Penalty
        Of each layer's weights: `training.L2` (weight decay), `L1`, `GroupLasso`, and `MaxNorm` of
        the weights that come into a unit.
    sample_weight : array_like, shape (rows,), optional
        What every row counts; whole numbers are worth repeated rows.
    validation : optional
        Rows and targets that are not learnt, as a pair (X, y); of an autoencoder rows alone. Every
        epoch has their loss, and of classes their error, in the history: "validation_loss" and
        "validation_error".
    callbacks : list of callables
        As for `RBM.fit`, told a `training.Progress`. ``EarlyStopping("validation_loss")`` stops in
        time, and leaves the parameters of the best epoch.
    monitor_every : int
        Epochs between figures in the history, 1 by default.
    shuffle : bool
        Whether rows come in another order every epoch.
    progress : bool
        Whether to show a bar.
    seed, num_threads
        As for `magnetite.sample`: the result is a function of the seed, and does not depend on
        the number of threads.
    time_limit, checkpoint, checkpoint_interval, resume, on_interrupt
        As for `RBM.fit`.

    Returns
    -------
    TrainingResult
        `history`, a table of figures by epoch ("loss" is the mean over its batches, as they were
        learnt, units dropped), and `info`.

    Raises
    ------
    TypeError, ValueError
        Before work starts: names argument, value and rule.
    TrainingDiverged
        The parameters are no longer finite; they are what they were after the last good epoch.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way to prevent
    neural networks from overfitting", Journal of Machine Learning Research 15 (2014) 1929.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> X = np.random.default_rng(1).random((400, 2))
    >>> y = X[:, 0] > X[:, 1]
    >>> net = mg.Network.classifier([2, 30], classes=[False, True], activation="relu", seed=1)
    >>> run = net.fit(X[:300], y[:300], optimizer=mg.Adam(0.02), validation=(X[300:], y[300:]),
    ...               callbacks=[mg.training.EarlyStopping("validation_loss")], epochs=50, seed=1)
    >>> bool((net.predict(X[300:]) == y[300:]).mean() > 0.95)
    True
    """
    started = time.perf_counter()
    plan = _check_plan(optimizer, batch_size, dropout, input_dropout, penalties, shuffle, seed)
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
    matrix = Matrix(network._columns, X)
    weights = check_weights("sample_weight", sample_weight, len(matrix))
    source = MatrixSource(
        matrix,
        weights,
        batch_size=plan.batch_size,
        shuffle=plan.shuffle,
        key=plan.keys[0],
        stream=False,
    )
    held_out = None if validation is None else _check_validation(network, validation)
    session = NetworkSession(network, plan, source, frame.num_threads, frame.num_epochs)
    frame.check(session.identity())
    session.targets = network._begin(y, weights)
    return frame.run(session, _EpochFigures(session, held_out))


def _check_plan(
    optimizer: Optimizer,
    batch_size: int,
    dropout: float,
    input_dropout: float,
    penalties: Sequence[Penalty],
    shuffle: bool,
    seed: SeedLike,
) -> NetworkPlan:
    """Check the options; errors name argument, value and rule."""
    check_startable("optimizer", optimizer, "mg.SGD(0.01)", OptimizerRun)
    for penalty in check_penalties(penalties):
        if isinstance(penalty, SparsityTarget) or (isinstance(penalty, L1 | L2) and penalty.biases):
            raise ValueError(f"penalties must be of weights alone for networks, got {penalty!r}")
    shuffle = check_flag("shuffle", shuffle)
    return NetworkPlan(
        optimizer=optimizer,
        batch_size=check_count("batch_size", batch_size, 1, bits=31),
        dropout=_check_dropout("dropout", dropout),
        input_dropout=_check_dropout("input_dropout", input_dropout),
        penalties=tuple(penalties),
        shuffle=shuffle,
        seed=check_seed(seed),
    )


def _check_dropout(name: str, value: float) -> float:
    chance = check_real(name, value)
    if not 0 <= chance < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value!r}")
    return chance


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """Rows that are not learnt, their targets, and weights that sum to one."""

    rows: Matrix
    targets: Any
    weights: NDArray[np.float64]


def _check_validation(network: "Network", validation: Any) -> _HeldOut:
    X, y = validation, None
    if network._has_targets:
        if not (isinstance(validation, tuple | list) and len(validation) == 2):
            raise TypeError("validation must be a pair (X, y) of rows and their targets")
        X, y = validation
    rows = Matrix(network._columns, X, "validation")
    for _ in rows.blocks():  # checks the values
        pass
    targets = network._targets(y, len(rows), "the targets of validation")
    return _HeldOut(rows, targets, np.full(len(rows), 1 / len(rows)))


@dataclass(frozen=True, eq=False)
class _EpochFigures:
    """What takes the figures of an epoch."""

    session: NetworkSession
    held_out: _HeldOut | None

    def figures(self) -> dict[str, float]:
        """Return the loss of the epoch's batches, and figures of validation rows."""
        found = {"loss": self.session.epoch_loss()}
        if (held_out := self.held_out) is not None:
            network, passes = self.session.model, self.session.passes
            figures = network._scored(
                held_out.rows, held_out.targets, held_out.weights, passes=passes
            )
            found |= {f"validation_{name}": value for name, value in figures.items()}
        return found
