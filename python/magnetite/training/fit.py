"""The public functions `fit` and `partial_fit`, methods of `RBM`."""

import time
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from magnetite.options import SeedLike, check_threads
from magnetite.training.data import MeansOf, make_source
from magnetite.training.learn import DEFAULT_OPTIMIZER, learn
from magnetite.training.negatives import PCD
from magnetite.training.optimizers import SGD, Optimizer
from magnetite.training.penalties import Penalty
from magnetite.training.phases import Negative
from magnetite.training.plan import Keys, check_plan
from magnetite.training.result import TrainingResult
from magnetite.training.running import Callback, run_chunk
from magnetite.training.schedules import check_endless
from magnetite.training.session import Session
from magnetite.training.stream import Stream
from magnetite.training.summary import warn_of_offsets

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["fit", "partial_fit"]

DEFAULT_NEGATIVE = PCD()
STREAM_OPTIMIZER = SGD(0.01, momentum=0.9)
"""The default of `fit` for a stream, whose end nobody knows."""


def fit(
    rbm: "RBM",
    X: Any,
    *,
    negative: Negative = DEFAULT_NEGATIVE,
    optimizer: Optimizer = DEFAULT_OPTIMIZER,
    epochs: int = 20,
    batch_size: int = 100,
    gradient: str = "centered",
    offset_rate: float = 0.01,
    precision_rate: float = 0.1,
    penalties: Sequence[Penalty] = (),
    sample_weight: Any = None,
    validation: Any = None,
    callbacks: Sequence[Callback] = (),
    monitor_every: int = 1,
    initial: str | None = "data",
    shuffle: bool = True,
    means: bool = False,
    progress: bool = False,
    seed: SeedLike = None,
    num_threads: int | None = None,
    time_limit: float | None = None,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_interval: float = 60.0,
    resume: bool = False,
    on_interrupt: str = "raise",
) -> TrainingResult:
    """Learn from data, by stochastic ascent of the log-likelihood; the machine changes in place.

    A machine that has weights already goes on from them, with new chains.

    Parameters
    ----------
    X : array_like, memory map, sparse matrix, or chunks
        Rows of visible states, shape (rows, n_visible), nan where a value is missing (it is then
        drawn given the others). A memory map is never loaded whole. What is larger than memory
        comes as chunks of rows: an iterable of matrices, or a function that returns one for every
        epoch; an iterator that can be gone through once is good for one epoch. Standardise real
        columns whose mean is many times their deviation: float32 loses the digits.
    negative : CD, PCD, FastPCD, Exact or another `training.Negative`
        How the machine's own moments are found; `PCD` with as many chains as rows in a batch.
    optimizer : SGD, Adam or another `training.Optimizer`
        How gradients become steps; by default SGD with momentum 0.9 and a rate of 0.01, which
        falls to zero in the second half of the training (but stays in a single pass over chunks,
        whose end nobody knows).
    epochs : int
        Passes over the data, 20 by default.
    batch_size : int
        Rows an update, 100 by default. The last batch of an epoch may have fewer: its gradient, of
        means over the rows that are there, is multiplied by their share of a full batch. Data of
        fewer rows make one full batch.
    gradient : "centered" (default), "plain" or "standardized"
        Coordinates in which steps are made: units minus moving averages of their means in the
        data phase, and also divided by their deviations.
    offset_rate : float
        Share of a batch in those moving averages, 0.01 by default.
    precision_rate : float
        Where `Gaussian` units learn their variance: the share of a step that the logarithm of the
        precision makes, 0.1 by default. An update changes the logarithm by 0.1 at most, and
        precisions stay within a factor of 1e4 of the column's inverse variance in the data (of a
        constant column: of the precision that the units begin with).
    penalties : list of Penalty
        What keeps parameters small or sparse: `training.L1`, `L2`, `GroupLasso`, `MaxNorm`,
        `SparsityTarget`, or a class of your own.
    sample_weight : array_like, shape (rows,), optional
        What every row counts; whole numbers are worth repeated rows. Moments are weighted means of
        a batch, and its gradient is multiplied by the mean weight of its rows, relative to that of
        all. Chunks come as pairs (rows, weights) instead; the first one's mean weight stands for
        all.
    validation : array_like, optional
        Rows that are not learnt; up to 1,000 of them are looked at after every epoch.
    callbacks : list of callables
        Each is called with a `training.TrainingProgress` after every epoch; True stops. It may
        have methods `start(rbm)`, called before the first update, `after_update(progress)`, called
        after every update, `finish(rbm)`, and `state` and `restore` for checkpoints.
    monitor_every : int
        Epochs between figures in the history, 1 by default.
    initial : "data" (default) or None
        A machine without weights starts from small random ones, and from visible biases at which
        its units have the data's means; None leaves parameters as they are.
    shuffle : bool
        Whether rows come in another order every epoch.
    means : bool
        Whether rows hold means of the visible units instead of states, as grey pixels from 0 to 1
        do for bits; False by default. Such rows have no pseudo-likelihood, which is nan in the
        history, and no deviations of states, which the "standardized" gradient needs.
    progress : bool
        Whether to show a bar.
    seed, num_threads
        As for `magnetite.sample`: the result is a function of the seed, and does not depend on
        the number of threads.
    time_limit : float, optional
        Seconds after which the training stops, within an epoch if need be.
    checkpoint : path, optional
        File that is written every `checkpoint_interval` seconds and at the end.
    checkpoint_interval : float
        Seconds, 60 by default.
    resume : bool
        Whether to go on from `checkpoint` where that file exists: with the same data and options
        (whose `repr`, addresses left out, must be the same), to the same bits as if there had been
        no break. `epochs` may have grown, but schedules that go by fractions of the training, as
        the default's, then bend.
    on_interrupt : "raise" (default) or "return"
        What follows Ctrl-C: a KeyboardInterrupt with the result as `.result`, or the result. The
        machine is usable either way.

    Returns
    -------
    TrainingResult
        `history`, a table of figures by epoch, and `info`.

    Raises
    ------
    TypeError, ValueError
        Before work starts: names argument, value and rule.
    TrainingDiverged
        The parameters left all bounds; the machine is what it was after the last good epoch.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> X = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> rbm = mg.RBM(4, 2)
    >>> result = rbm.fit(X, epochs=100, batch_size=10, optimizer=mg.SGD(0.1), seed=1)
    >>> result
    TrainingResult(100 epochs, 1000 updates, completed)
    >>> rbm.inpaint([[1, 1, np.nan, np.nan]], seed=1).round().tolist()
    [[1.0, 1.0, 0.0, 0.0]]
    """
    started = time.perf_counter()
    plan = check_plan(
        rbm,
        negative=negative,
        optimizer=optimizer,
        batch_size=batch_size,
        gradient=gradient,
        offset_rate=offset_rate,
        precision_rate=precision_rate,
        penalties=penalties,
        initial=initial,
        shuffle=shuffle,
        means=means,
        seed=seed,
    )
    return learn(
        rbm,
        plan,
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
    )


def partial_fit(
    rbm: "RBM",
    X: Any,
    *,
    negative: Negative = DEFAULT_NEGATIVE,
    optimizer: Optimizer = STREAM_OPTIMIZER,
    batch_size: int = 100,
    gradient: str = "centered",
    offset_rate: float = 0.01,
    precision_rate: float = 0.1,
    penalties: Sequence[Penalty] = (),
    sample_weight: Any = None,
    initial: str | None = "data",
    shuffle: bool = True,
    means: bool = False,
    seed: SeedLike = None,
    num_threads: int | None = None,
) -> None:
    """Learn from one more chunk of a stream: a single pass over its rows, in batches.

    Chains, the optimiser's memory, offsets and the count of updates go on from call to call, in
    pickles and deep copies of the machine too; a call of `fit`, or of this method with other
    options, begins anew with them (other ones have another `repr`, addresses left out). Only the
    optimiser's numbers (rate, momentum and so on) may change on the way. Positive and negative
    moments are means over their own rows, whatever the sizes of chunk, batch and chains. Every row
    of the stream counts the same: a chunk of fewer rows than a batch makes a step that is smaller
    in proportion (of `Adam`, whose steps do not depend on the size of all gradients, only next to
    larger chunks). Where all chunks are small, let `batch_size` be their size.

    Parameters
    ----------
    X : array_like or sparse matrix, shape (rows, n_visible)
        The chunk; nan where a value is missing.
    seed : int, optional
        Counts in the first call; later ones go on with its streams.
    negative, optimizer, batch_size, gradient, offset_rate, precision_rate, penalties
        As for `fit`, but the rate is 0.01 throughout by default; schedules must count epochs, of
        which every chunk is one.
    sample_weight, initial, shuffle, means
        As for `fit`; means of the data, and the mean weight, are those of the first chunk.
    num_threads : int, optional
        Counts in the first call, and in the first one after unpickling, copying or any change of
        the options; others go on with the threads of the call before. It changes no result.

    Raises
    ------
    TypeError, ValueError
        Before work starts: names argument, value and rule.
    TrainingDiverged
        The parameters left all bounds; they are what they were before the call's first update
        (after `initial`, in a first call). Chains, the optimiser's memory and all else that goes on
        from call to call are dropped: the next call begins anew.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> rbm = mg.RBM(3, 2, dtype="float64")
    >>> stream = np.random.default_rng(1)
    >>> for _ in range(500):
    ...     rbm.partial_fit(stream.random((20, 3)) < [0.1, 0.5, 0.9], seed=1)
    >>> rbm.sample(1000, num_steps=20, seed=1).mean(axis=0).round(1).tolist()
    [0.1, 0.5, 0.9]
    """
    plan = check_plan(
        rbm,
        negative=negative,
        optimizer=optimizer,
        batch_size=batch_size,
        gradient=gradient,
        offset_rate=offset_rate,
        precision_rate=precision_rate,
        penalties=penalties,
        initial=initial,
        shuffle=shuffle,
        means=means,
        seed=seed,
    )
    instead = "InverseTime, Step or Piecewise, which count epochs"
    check_endless(optimizer, "partial_fit, which can go on for ever", instead)
    stream = rbm._stream if rbm._stream is not None and rbm._stream.takes(plan) else None
    if stream is not None:
        plan = replace(plan, seed=stream.seed)
    source = make_source(
        MeansOf(rbm) if plan.means else rbm,
        X,
        sample_weight,
        batch_size=plan.batch_size,
        shuffle=plan.shuffle,
        key=Keys.of(plan.seed).data,
        stream=True,
        mean_weight=None if stream is None else stream.mean_weight,
    )
    threads = check_threads(num_threads)
    if stream is None:
        warn_of_offsets(rbm, source.summary)
        session = Session(rbm, plan, source, threads, None)
    else:
        session = stream.next_session(rbm, plan, source, threads)
    rbm._stream = Stream(session)
    run_chunk(session)
