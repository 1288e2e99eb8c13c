"""Counts of words as units: a document's words are drawn one by one from the same shares."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_count
from magnetite.units.base import Array, Units
from magnetite.units.discrete import Categorical

__all__ = ["Counts", "draw_counts"]

SMOOTHING = 0.05
"""Of the mean word's count, which every word gets before first biases are made of data."""

WORDS_AT_ONCE = 2**22
"""Words that are drawn together: each takes some 40 bytes."""


def draw_counts(shares: Array, lengths: NDArray[np.int64], u: Array) -> Array:
    """Draw so many words a row from the shares, and count them.

    Parameters
    ----------
    shares : ndarray, shape (rows, num_words)
        Chances of the words, in each row of sum 1.
    lengths : ndarray of int, shape (rows,)
        Words of each row.
    u : ndarray, shape (rows, num_words)
        A uniform number each; the first two of a row key the stream that its words are drawn from.

    Returns
    -------
    ndarray, shape (rows, num_words), of the dtype of the shares

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.relatives.counts import draw_counts
    >>> draw_counts(np.array([[0.0, 1.0]]), np.array([7]), np.full((1, 2), 0.3)).tolist()
    [[0.0, 7.0]]
    """
    rows, num_words = shares.shape
    if rows > 1 and lengths.sum() > WORDS_AT_ONCE:
        halves = (slice(rows // 2), slice(rows // 2, None))
        return np.concatenate([draw_counts(shares[at], lengths[at], u[at]) for at in halves])
    row = np.repeat(np.arange(rows), lengths)
    below = np.cumsum(shares, axis=1, dtype=np.float64)
    below = below / below[:, -1:] + np.arange(rows)[:, None]  # one ascending list of all rows
    words = np.searchsorted(below.ravel(), row + _stream(u, lengths), side="right")
    np.clip(words, row * num_words, (row + 1) * num_words - 1, out=words)
    return np.bincount(words, minlength=rows * num_words).reshape(rows, -1).astype(shares.dtype)


def _stream(u: Array, lengths: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return so many uniforms of each row, row after row: a function of the row's own `u`.

    By the generator SplitMix64: Steele, Lea and Flood, OOPSLA (2014) 453.
    """
    high, low = (u[:, :2].T * 2.0**32).astype(np.uint64)
    turn = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    z = np.repeat(high << np.uint64(32) | low, lengths)
    z += turn.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ z >> np.uint64(shift)) * np.uint64(factor)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


@dataclass(frozen=True)
class Counts(Units):
    """How often each word stands in a document, given its length: ``p(k) ~ exp(x_k)`` a word.

    The states of a document weigh what their orders of words weigh together, so that all laws here
    are multinomial.

    Parameters
    ----------
    num_words : int
        Words of the vocabulary, at least 2; a document has as many columns.
    length : int, optional
        Words of every document. Without it a document has any length, and `log_norms`, `means`
        and `draws` are those of a single word.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.relatives.counts import Counts
    >>> x = np.log(np.array([[1.0, 2.0, 1.0]]))
    >>> Counts(3, 8).means(x, np.zeros(3)).round(6).tolist()
    [[2.0, 4.0, 2.0]]
    """

    num_words: int
    length: int | None = None
    kind: ClassVar[str] = "counts"

    def __post_init__(self) -> None:
        check_count("num_words", self.num_words, 2, bits=31)
        if self.length is not None:
            check_count("length", self.length, 1, bits=31)

    @property
    def width(self) -> int:
        """Columns of a document."""
        return self.num_words

    @property
    def word(self) -> Categorical:
        """The units of a document of one word."""
        return Categorical(self.num_words)

    def log_norms(self, x: Array, q: Array) -> Array:
        """Return ``length * ln sum_k exp(x_k)``: over all orders of words, so many a document."""
        result: Array = (self.length or 1) * self.word.log_norms(x, q)
        return result

    def means(self, x: Array, q: Array) -> Array:
        """Return the mean count of every word."""
        result: Array = (self.length or 1) * self.word.means(x, q)
        return result

    def draws(self, x: Array, q: Array, u: Array) -> Array:
        """Return counts of words drawn one by one; the uniforms of two columns decide."""
        documents = (-1, self.num_words)
        shares, uniforms = self.word.means(x, q).reshape(documents), u.reshape(documents)
        lengths = np.full(len(shares), self.length or 1)
        return draw_counts(shares, lengths, uniforms).reshape(x.shape)

    def bias_of(self, means: Array, variances: Array) -> Array:
        """Return the logarithms of the words' shares, of zero sum; none is taken to be zero."""
        counts = means.reshape(-1, self.num_words)
        logs = np.log(counts + SMOOTHING * np.maximum(counts.mean(axis=1, keepdims=True), 1e-9))
        result: Array = (logs - logs.mean(axis=1, keepdims=True)).reshape(means.shape)
        return result

    def wrong(self, values: Array) -> NDArray[np.bool_]:
        """Return what is no whole number from 0; all of a document of another length."""
        wrong: NDArray[np.bool_] = ~(np.isfinite(values) & (values >= 0))
        wrong |= np.floor(values) != values
        if self.length is not None:
            totals = values.reshape(*values.shape[:-1], -1, self.num_words).sum(axis=-1)
            wrong |= np.repeat(totals != self.length, self.num_words, axis=-1)
        return wrong

    @property
    def rule(self) -> str:
        """What `wrong` asks for."""
        of_sum = "" if self.length is None else f" of sum {self.length}"
        return f"whole numbers{of_sum}, at least 0,"
