"""Rows of data in batches: arrays, memory maps, sparse matrices, and chunks of what is larger."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_weights
from magnetite.training.summary import Summary, summarise
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Batch", "Matrix", "MatrixSource", "MeansOf", "Source", "Takes", "make_source"]

Floats = NDArray[np.float64]

NUMBERS_AT_ONCE = 2**16
"""Of data that are checked before work starts: what is in memory at a time, and in the cache."""

SHUFFLE, PICK = 1, 2
"""Purposes of the random numbers that are drawn here."""


class Takes(Protocol):
    """What rows are given to: an RBM, or whatever else says which rows it takes."""

    @property
    def n_visible(self) -> int:
        """Columns of a row."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the rows that it works with."""

    def visible_states(
        self, v: Any, *, name: str = "v", missing: bool = False, first_row: int = 0
    ) -> Array:
        """Return rows, checked, as a matrix."""


@dataclass(frozen=True, eq=False)
class MeansOf:
    """What rows are given to that hold means of a machine's visible units, not states."""

    rbm: "RBM"

    @property
    def n_visible(self) -> int:
        """Columns of a row."""
        return self.rbm.n_visible

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the rows that it works with."""
        return self.rbm.dtype

    def visible_states(
        self, v: Any, *, name: str = "v", missing: bool = False, first_row: int = 0
    ) -> Array:
        """Return rows as a matrix, refused beyond the ends of the units' values."""
        rows = self.rbm._matrix(name, v, self.n_visible)
        self.rbm.visible.check(name, rows, missing=missing, means=True, first_row=first_row)
        return rows


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows of data, nan where missing; their weights sum to one.

    `rows` are their places in the data, None where rows have no lasting places. `share` is the sum
    of the batch's sample weights, divided by that of a full batch of rows of mean weight. Gradients
    are multiplied by it, so that a row counts as much in a small batch, or next to heavy rows, as
    anywhere else. `missing` tells whether a value of this very batch is missing.
    """

    v: Array
    weights: Floats
    rows: NDArray[np.intp] | None
    missing: bool
    share: float = 1.0


class Source(Protocol):
    """Where batches come from."""

    summary: Summary
    """Means, variances and number of rows of the data, or of the first chunk."""

    mean_weight: float
    """Of the rows that have a weight, in the data or in the first chunk."""

    num_rows: int
    """Rows of the data; of chunks, those of the last whole pass, before it of the first chunk."""

    @property
    def lasting(self) -> bool:
        """Whether all rows are there, and come again in the next epoch."""
        ...

    @property
    def num_batches(self) -> int | None:
        """Batches an epoch, where that is known before it is over."""
        ...

    @property
    def once(self) -> bool:
        """Whether the data can be gone through only once."""
        ...

    def batches(self, epoch: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, without the first few."""
        ...

    def some_rows(self, count: int) -> Array:
        """Return up to so many rows, the same ones at every call."""
        ...


class Matrix:
    """A matrix of data, of which rows are taken as they are needed; never copied whole."""

    def __init__(self, rbm: Takes, X: Any, name: str = "X") -> None:
        self.rbm, self.name = rbm, name
        self.sparse = hasattr(X, "tocsr")
        # A memory map stays one: asarray makes no copy of it.
        given = X.tocsr() if self.sparse else np.asarray(X)
        if given.shape[:1] == (0,):
            raise ValueError(f"{name} must have at least one row, got none")
        self.X = given if self.sparse else np.atleast_2d(given)
        if self.X.ndim != 2:
            raise ValueError(f"{name} must have shape (rows, {rbm.n_visible}), got {self.X.shape}")

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def take(self, rows: Any) -> Array:
        """Return rows as a matrix of the machine's dtype."""
        part = self.X[rows]
        return np.ascontiguousarray(part.toarray() if self.sparse else part, self.rbm.dtype)

    def blocks(self) -> Iterator[tuple[int, Array]]:
        """Yield checked parts of the matrix and where they begin."""
        size = max(1, NUMBERS_AT_ONCE // self.rbm.n_visible)
        for start in range(0, len(self), size):
            part = self.X[start : start + size]
            yield (
                start,
                self.rbm.visible_states(part, name=self.name, missing=True, first_row=start),
            )


class MatrixSource:
    """Batches of a matrix, shuffled anew in every epoch.

    A matrix of a stream is there for a single pass: its rows have no lasting places, and it need
    not have a value in every column. What its batches count is relative to `mean_weight`, that of
    the first chunk of the stream, None for this one's own; a chunk that is smaller than a batch
    counts less than one. Data that are smaller than a batch count as a full one.
    """

    once = False

    def __init__(
        self,
        matrix: Matrix,
        weights: Floats,
        *,
        batch_size: int,
        shuffle: bool,
        key: int,
        stream: bool,
        mean_weight: float | None = None,
    ) -> None:
        self.matrix, self.weights, self.lasting = matrix, weights, not stream
        self.batch_size, self.shuffle, self.key = batch_size, shuffle, key
        self.summary = summarise(matrix.name, matrix.blocks(), weights, whole=not stream)
        self.num_rows = len(matrix)
        self.used = np.flatnonzero(weights > 0)
        self.mean_weight = _mean_weight(weights) if mean_weight is None else mean_weight
        self.full_size = batch_size if stream else min(batch_size, len(self.used))

    @property
    def num_batches(self) -> int:
        """Batches an epoch, the last of which may have fewer rows."""
        return -(-len(self.used) // self.batch_size)

    def batches(self, epoch: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, without the first few."""
        order = self.used
        if self.shuffle:
            order = np.random.default_rng([self.key, SHUFFLE, epoch]).permutation(order)
        for start in range(skip * self.batch_size, len(order), self.batch_size):
            rows = np.sort(order[start : start + self.batch_size])
            full, places = self.mean_weight * self.full_size, rows if self.lasting else None
            yield _batch(self.matrix.take(rows), self.weights[rows], places, full)

    def some_rows(self, count: int) -> Array:
        """Return up to so many rows, the same ones at every call."""
        return self.matrix.take(pick_rows(len(self.matrix), count, self.key))


def pick_rows(num_rows: int, count: int, key: int) -> NDArray[np.intp]:
    """Return up to `count` of the rows, a choice that depends on the seed alone."""
    if num_rows <= count:
        return np.arange(num_rows)
    generator = np.random.default_rng([key, PICK])
    return np.sort(generator.choice(num_rows, count, replace=False))


class ChunkSource:
    """Batches of chunks that come one after another; rows left over go on to the next chunk.

    What a batch counts is relative to the mean weight in the first chunk. Where all chunks together
    make no full batch, they count as one.
    """

    num_batches = None
    lasting = False

    def __init__(
        self,
        rbm: Takes,
        chunks: Callable[[], Iterable[Any]],
        *,
        once: bool,
        batch_size: int,
        shuffle: bool,
        key: int,
    ) -> None:
        self.rbm, self.once = rbm, once
        self.batch_size, self.shuffle, self.key = batch_size, shuffle, key
        self._chunks = chunks
        self._started: Iterator[Any] | None = iter(chunks())
        self._first = next(self._started, None)
        if self._first is None:
            raise ValueError("X must give at least one chunk of rows, got an empty iterator")
        matrix, weights = self._matrix(self._first, 0)
        self.mean_weight = _mean_weight(weights)
        self.summary = summarise("X", matrix.blocks(), weights, whole=False)
        self.num_rows = self.summary.num_rows

    def batches(self, epoch: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, without the first few."""
        left_v, left_w = np.empty((0, self.rbm.n_visible), self.rbm.dtype), np.empty(0)
        whole, num_full, num_rows = self.mean_weight * self.batch_size, 0, 0
        for number, chunk in enumerate(self._pass()):
            matrix, weights = self._matrix(chunk, number)
            num_rows += len(matrix)
            v, weights = self._rows(matrix, weights, epoch, number)
            left_v, left_w = np.concatenate([left_v, v]), np.concatenate([left_w, weights])
            full = len(left_v) // self.batch_size * self.batch_size
            for start in range(0, full, self.batch_size):
                part = slice(start, start + self.batch_size)
                num_full += 1
                if num_full > skip:
                    yield _batch(left_v[part], left_w[part], None, whole)
            left_v, left_w = left_v[full:], left_w[full:]
        self.num_rows = num_rows
        if len(left_v) and num_full >= skip:
            yield _batch(left_v, left_w, None, whole if num_full else float(left_w.sum()))

    def _pass(self) -> Iterator[Any]:
        """Yield the chunks; those of the iterator that was begun, first."""
        started, self._started = self._started, None
        if started is None:
            chunks = iter(self._chunks())
            first = next(chunks, None)
            if first is None:
                raise ValueError("X must give its chunks anew in every epoch, got none in this one")
        else:
            chunks, first = started, self._first
        yield first
        yield from chunks

    def _matrix(self, chunk: Any, number: int) -> tuple[Matrix, Floats]:
        pair = isinstance(chunk, tuple) and len(chunk) == 2
        matrix = Matrix(self.rbm, chunk[0] if pair else chunk, f"chunk {number} of X")
        return matrix, check_weights("sample_weight", chunk[1] if pair else None, len(matrix))

    def _rows(
        self, matrix: Matrix, weights: Floats, epoch: int, number: int
    ) -> tuple[Array, Floats]:
        summarise(matrix.name, matrix.blocks(), weights, whole=False)  # checks the values
        order = np.flatnonzero(weights > 0)
        if self.shuffle:
            generator = np.random.default_rng([self.key, SHUFFLE, epoch, number])
            order = generator.permutation(order)
        return matrix.take(order), weights[order]

    def some_rows(self, count: int) -> Array:
        """Return up to so many rows of the first chunk, the same ones at every call."""
        matrix, _ = self._matrix(self._first, 0)
        return matrix.take(pick_rows(len(matrix), count, self.key))


def _batch(v: Array, weights: Floats, rows: NDArray[np.intp] | None, full: float) -> Batch:
    """Return rows as a batch; `full` is the sum of the weights of a full batch."""
    total = float(weights.sum())
    return Batch(v, weights / total, rows, bool(np.isnan(v).any()), total / full)


def _mean_weight(weights: Floats) -> float:
    return float(weights[weights > 0].mean())


def make_source(
    rbm: Takes,
    X: Any,
    sample_weight: Any,
    *,
    batch_size: int,
    shuffle: bool,
    key: int,
    stream: bool = False,
    mean_weight: float | None = None,
) -> Source:
    """Return the source of whatever the user calls data, which is checked as far as it is there.

    A `stream` goes on with the mean weight of its first chunk.
    """
    chunks = None if stream else _as_chunks(X)
    if chunks is None:
        matrix = Matrix(rbm, X)
        weights = check_weights("sample_weight", sample_weight, len(matrix))
        return MatrixSource(
            matrix,
            weights,
            batch_size=batch_size,
            shuffle=shuffle,
            key=key,
            stream=stream,
            mean_weight=mean_weight,
        )
    if sample_weight is not None:
        raise ValueError(
            "sample_weight must be None where X gives chunks: let it give pairs (rows, weights)"
        )
    once = not callable(X) and iter(X) is X
    return ChunkSource(rbm, chunks, once=once, batch_size=batch_size, shuffle=shuffle, key=key)


def _is_chunk(part: Any) -> bool:
    matrix = part[0] if isinstance(part, tuple) and len(part) == 2 else part
    return getattr(matrix, "ndim", 0) == 2


def _as_chunks(X: Any) -> Callable[[], Iterable[Any]] | None:
    """Return what gives chunks; None for one matrix."""
    if hasattr(X, "__array__") or hasattr(X, "tocsr"):
        return None
    if callable(X):
        call: Callable[[], Iterable[Any]] = X
        return call
    if isinstance(X, list | tuple):
        return (lambda: X) if X and all(_is_chunk(part) for part in X) else None
    if isinstance(X, Iterable):
        return lambda: X
    raise TypeError(
        "X must be a matrix, a sparse matrix, or an iterable of such (or a function that returns "
        f"one), got {type(X).__name__}"
    )
