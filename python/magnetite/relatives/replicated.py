"""The replicated softmax: a restricted Boltzmann machine of word counts."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from magnetite._checks import check_count
from magnetite.models.rbm import RBM
from magnetite.relatives.counts import Counts
from magnetite.relatives.document_scores import (
    log_likelihood,
    log_partition,
    log_probabilities,
    perplexity,
)
from magnetite.relatives.documents import Documents
from magnetite.relatives.replicated_fit import fit, partial_fit
from magnetite.stored import Stored
from magnetite.units.base import Array
from magnetite.units.discrete import Categorical

__all__ = ["ReplicatedSoftmax"]

Floats = NDArray[np.float64]


class ReplicatedSoftmax(Stored):
    """Topics of documents: a machine of word counts v and binary hidden units h.

    ``E(v, h) = -v^T W h - b^T v - D c^T h`` with the document's length ``D = sum_k v_k``: as many
    softmax units as it has words, all with the same weights, and hidden biases that count D times.
    Documents of each length are a distribution of their own, ``p(v | D)``, which `of_length` gives
    as an `RBM`.

    Parameters
    ----------
    num_words : int
        Words of the vocabulary K, at least 2: columns of the counts.
    n_hidden : int
        Binary hidden units, the topics.
    weights : array_like, shape (num_words, n_hidden), optional
        W; zeros by default.
    visible_bias, hidden_bias : array_like, shapes (num_words,) and (n_hidden,), optional
        b and c; zeros by default.
    dtype : "float32" (default) or "float64"
        Of the parameters, and of all work with them. Energies are always float64.

    Raises
    ------
    TypeError, ValueError
        If a shape is wrong or a number is not finite.

    References
    ----------
    Salakhutdinov and Hinton, "Replicated softmax: an undirected topic model", NIPS 22 (2009) 1607.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> sport, trade = [4, 3, 0, 0], [0, 0, 3, 4]
    >>> X = np.array([sport, trade] * 50)
    >>> model = mg.ReplicatedSoftmax(4, 1)
    >>> model
    ReplicatedSoftmax(4 words, 1 binary)
    >>> _ = model.fit(X, epochs=200, seed=1)
    >>> model.transform([sport, trade]).round().ravel().tolist() in ([1.0, 0.0], [0.0, 1.0])
    True
    >>> bool(2 < model.perplexity(X).value < 2.3)  # two topics of two words each
    True
    """

    def __init__(
        self,
        num_words: int,
        n_hidden: int,
        *,
        weights: ArrayLike | None = None,
        visible_bias: ArrayLike | None = None,
        hidden_bias: ArrayLike | None = None,
        dtype: DTypeLike = "float32",
    ) -> None:
        self._documents = Documents(
            check_count("num_words", num_words, 2, bits=31),
            n_hidden,
            weights=weights,
            visible_bias=visible_bias,
            hidden_bias=hidden_bias,
            dtype=dtype,
        )

    def __repr__(self) -> str:
        return f"ReplicatedSoftmax({self.num_words} words, {self._documents.hidden.describe()})"

    @property
    def num_words(self) -> int:
        """Words of the vocabulary."""
        return self._documents.n_visible

    @property
    def n_hidden(self) -> int:
        """Hidden units."""
        return self._documents.n_hidden

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the parameters."""
        return self._documents.dtype

    @property
    def weights(self) -> Array:
        """W, shape (num_words, n_hidden); no copy."""
        return self._documents.weights

    @property
    def visible_bias(self) -> Array:
        """b, shape (num_words,); no copy."""
        return self._documents.visible_bias

    @property
    def hidden_bias(self) -> Array:
        """c, shape (n_hidden,), which counts as often as a document has words; a copy."""
        bias: Array = self._documents.hidden_bias / self.dtype.type(self._documents.typical)
        return bias

    fit = fit
    partial_fit = partial_fit

    # Machines of one length.

    def one_word(self) -> RBM:
        """Return the machine of documents of one word; the same as ``of_length(1)``, but quicker.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.ReplicatedSoftmax(3, 2).one_word()
        RBM(3 categorical, 2 binary)
        """
        return self._machine(Categorical(self.num_words), 1)

    def of_length(self, length: int) -> RBM:
        """Return ``p(v, h | D)`` as an `RBM` whose states are the counts of documents of length D.

        All that machines can do it does: `RBM.gibbs`, `RBM.sample`, `RBM.log_partition` and so on.
        It holds the parameters of now.

        Parameters
        ----------
        length : int
            D, at least 1.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.ReplicatedSoftmax(3, 1, hidden_bias=[0.5])
        >>> machine = model.of_length(4)
        >>> machine
        RBM(3 counts, 1 binary)
        >>> machine.energy([[2, 1, 1]], [[1]]).tolist()  # -4 * 0.5
        [-2.0]
        """
        count = check_count("length", length, 1, bits=31)
        return self._machine(Counts(self.num_words, count), count)

    def _machine(self, units: Categorical | Counts, length: int) -> RBM:
        machine = RBM(
            self.num_words,
            self.n_hidden,
            visible=units,
            weights=self.weights,
            visible_bias=self.visible_bias,
            hidden_bias=self.hidden_bias * self.dtype.type(length),
            dtype=self.dtype,
        )
        means = self._documents.data_means
        if means is not None:
            machine.data_means = means * (length / means.sum())
        return machine

    def sample(self, length: int, num_samples: int = 1, **options: Any) -> NDArray[np.int64]:
        """Return counts of independent documents of a length, by chains from the visible biases.

        Parameters
        ----------
        length : int
            Words of every document.
        num_samples : int
            Documents, 1 by default.
        **options
            Those of `RBM.sample`: `num_steps`, 1,000 by default, `seed`, `num_threads`.

        Returns
        -------
        ndarray of int64, shape (num_samples, num_words)

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.ReplicatedSoftmax(3, 2, visible_bias=[9, 0, 9]).sample(5, 2, seed=1).sum(axis=1)
        array([5, 5])
        """
        return self.of_length(length).sample(num_samples, **options).astype(np.int64)

    # What documents are worth.

    def free_energy(self, X: ArrayLike) -> Floats:
        """Return ``F(v) = -ln sum_h exp(-E(v, h))`` of every row, float64.

        Of documents of one length, one order of the words has ``p ~ exp(-F)``.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.ReplicatedSoftmax(2, 1, hidden_bias=[0.5])
        >>> model.free_energy([[3, 1]]).round(4)  # -ln(1 + exp(4 / 2))
        array([-2.1269])
        """
        return self._documents.free_energy(X)

    def transform(self, X: ArrayLike) -> Array:
        """Return the chances of the hidden units given documents, shape (rows, n_hidden): topics.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.ReplicatedSoftmax(2, 1, weights=[[1.0], [-1.0]]).transform([[3, 0], [0, 3]]).round(2)
        array([[0.95],
               [0.05]], dtype=float32)
        """
        return self._documents.hidden_means(self._documents.visible_states(X, name="X"))

    def top_words(
        self, unit: int, vocabulary: Sequence[str] | None = None, *, count: int = 10
    ) -> list[Any]:
        """Return the words of a topic: those whose share grows most when a hidden unit is on.

        Parameters
        ----------
        unit : int
            The hidden unit.
        vocabulary : sequence of str, optional
            Names of the words; numbers of columns without it.
        count : int
            How many words, 10 by default; all, where there are fewer.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.ReplicatedSoftmax(3, 1, weights=[[0.5], [2.0], [-1.0]])
        >>> model.top_words(0, ["corn", "wheat", "oil"], count=2)
        ['wheat', 'corn']
        """
        column = check_count("unit", unit, 0, bits=31)
        if column >= self.n_hidden:
            raise ValueError(f"unit must be below {self.n_hidden}, got {column}")
        if vocabulary is not None and len(vocabulary) != self.num_words:
            raise ValueError(f"vocabulary must have {self.num_words} words, got {len(vocabulary)}")
        wanted = check_count("count", count, 1)
        order = np.argsort(-self.weights[:, column], kind="stable")[:wanted].tolist()
        return order if vocabulary is None else [str(vocabulary[k]) for k in order]

    log_partition = log_partition
    log_probabilities = log_probabilities
    log_likelihood = log_likelihood
    perplexity = perplexity

    # Copies and files.

    def astype(self, dtype: DTypeLike) -> Self:
        """Return a copy whose parameters are "float32" or "float64".

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.ReplicatedSoftmax(3, 2).astype("float64").weights.dtype
        dtype('float64')
        """
        model = self.copy()
        model._documents = self._documents.astype(dtype)
        return model

    def copy(self) -> Self:
        """Return a model of its own with the same parameters; what trainings left is not kept.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.ReplicatedSoftmax(3, 2)
        >>> other = model.copy()
        >>> other.weights[:] = 1
        >>> float(model.weights.max())
        0.0
        """
        return self._from_archive(self._content())

    def _content(self) -> dict[str, Any]:
        return self._documents.content()

    @classmethod
    def _from_archive(cls, content: dict[str, Any]) -> Self:
        words, topics = content["weights"].shape
        model = cls(words, topics, dtype=content["weights"].dtype)
        model._documents = Documents.of_content(content)
        return model
