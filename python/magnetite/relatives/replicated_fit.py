"""Methods of `ReplicatedSoftmax` that learn."""

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import real_array
from magnetite.models.rbm import RBM
from magnetite.training.fit import STREAM_OPTIMIZER
from magnetite.training.fit import fit as train
from magnetite.training.fit import partial_fit as train_more
from magnetite.training.learn import DEFAULT_OPTIMIZER
from magnetite.training.negatives import CD, PCD
from magnetite.training.optimizers import Optimizer
from magnetite.training.phases import Negative
from magnetite.training.result import TrainingResult

if TYPE_CHECKING:
    from magnetite.relatives.replicated import ReplicatedSoftmax

__all__ = ["fit", "partial_fit"]

Floats = NDArray[np.float64]

DEFAULT_NEGATIVE = CD()


def fit(
    self: "ReplicatedSoftmax",
    X: Any,
    *,
    negative: Negative = DEFAULT_NEGATIVE,
    optimizer: Optimizer = DEFAULT_OPTIMIZER,
    **options: Any,
) -> TrainingResult:
    """Learn from documents, by stochastic ascent of the log-likelihood given their lengths.

    The trainer is that of `RBM.fit`. Learnt are W, b and D c, with D the mean length, so that
    rates are those of a machine of such documents.

    Parameters
    ----------
    X : array_like, memory map or sparse matrix, shape (rows, num_words)
        Counts: whole numbers, at least one word a row. Batches alone are made dense.
    negative : CD or PCD
        How the model's own moments are found, by a step of `CD` by default. Persistent chains
        keep the length they began with: `PCD` is for documents of one length.
    optimizer, **options
        As for `RBM.fit`; `callbacks` see the counts' machine, whose parameters this object has.

    Returns
    -------
    TrainingResult
        Its history has the "reconstruction_perplexity" of a word given the topics that the
        trainer's machine finds in the whole document: no likelihood, but it shows progress.

    Raises
    ------
    TypeError, ValueError
        Before work starts: names argument, value and rule.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.ReplicatedSoftmax(3, 2).fit([[2, 1, 0], [0, 0, 5]], epochs=2, seed=1)
    TrainingResult(2 epochs, 2 updates, completed)
    """
    lengths = _lengths_of(self, X)
    _check_negative(negative, lengths)
    machine = cast(RBM, self._documents)
    with self._documents.learning_at(lengths.mean()):
        return train(machine, X, negative=negative, optimizer=optimizer, **options)


def partial_fit(
    self: "ReplicatedSoftmax",
    X: Any,
    *,
    negative: Negative = DEFAULT_NEGATIVE,
    optimizer: Optimizer = STREAM_OPTIMIZER,
    **options: Any,
) -> None:
    """Learn from one more chunk of a stream of documents, as `RBM.partial_fit` does.

    Parameters
    ----------
    X, negative, optimizer, **options
        As for `fit` and `RBM.partial_fit`. The first chunk says which length is typical.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.ReplicatedSoftmax(3, 2)
    >>> for _ in range(3):
    ...     model.partial_fit([[2, 1, 0], [0, 0, 5]], seed=1)
    """
    lengths, documents = _lengths_of(self, X), self._documents
    goes_on = documents._stream is not None
    _check_negative(negative, np.append(lengths, documents.typical) if goes_on else lengths)
    if not goes_on:
        documents.scale_to(lengths.mean())
    machine = cast(RBM, documents)
    train_more(machine, X, negative=negative, optimizer=optimizer, **options)


def _lengths_of(model: "ReplicatedSoftmax", X: Any) -> Floats:
    """Return the lengths of all rows; what is wrong with the values, the trainer says."""
    if not hasattr(X, "tocsr"):
        X = np.asarray(X) if hasattr(X, "__array__") else real_array("X", X)
    if X.dtype.kind not in "biuf":
        raise TypeError(f"X must hold numbers, got dtype {X.dtype}")
    if len(X.shape) != 2 or not X.shape[0] or X.shape[1] != model.num_words:
        raise ValueError(f"X must have shape (rows, {model.num_words}), got {X.shape}")
    with np.errstate(invalid="ignore"):
        lengths = np.asarray(X.sum(axis=1), np.float64).ravel()
    if not lengths.all():
        row = int(np.argmin(lengths != 0))
        raise ValueError(f"X must have at least one word in every row, got none in row {row}")
    return lengths


def _check_negative(negative: Negative, lengths: Floats) -> None:
    """Refuse chains that would mix lengths."""
    if isinstance(negative, CD):
        return
    if not (isinstance(negative, PCD) and negative.start_at == "data"):
        raise TypeError(f"negative must be mg.CD(steps) or mg.PCD(num_chains), got {negative!r}")
    if np.ptp(lengths) > 0:
        raise ValueError(
            "negative must be mg.CD(steps) where documents differ in length, as persistent chains "
            f"keep that which they began with, got {negative!r} for lengths {lengths.min():g} to "
            f"{lengths.max():g}"
        )
