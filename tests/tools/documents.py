"""A small replicated softmax, and its sums over all counts of documents."""

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg

Floats = NDArray[np.float64]
WORDS, TOPICS = 4, 3
DOCUMENTS = np.array([[2, 1, 0, 0], [0, 3, 0, 2], [1, 0, 0, 0], [0, 1, 1, 1]], np.float64)


def random_model(words: int = WORDS, topics: int = TOPICS, seed: int = 1) -> mg.ReplicatedSoftmax:
    rng = np.random.default_rng(seed)
    return mg.ReplicatedSoftmax(
        words,
        topics,
        weights=0.7 * rng.standard_normal((words, topics)),
        visible_bias=0.5 * rng.standard_normal(words),
        hidden_bias=0.3 * rng.standard_normal(topics),
        dtype="float64",
    )


def count_vectors(length: int, words: int = WORDS) -> Floats:
    """All counts of documents of a length."""
    every = itertools.product(range(length + 1), repeat=words)
    return np.array([v for v in every if sum(v) == length], np.float64)


def multiplicities(counts: Floats) -> Floats:
    return np.array(
        [
            math.factorial(int(v.sum())) / math.prod(math.factorial(int(k)) for k in v)
            for v in counts
        ]
    )


def hidden_states(topics: int = TOPICS) -> Floats:
    return np.array(list(itertools.product((0, 1), repeat=topics)), np.float64)


def negative_energies(model: Any, v: Floats, h: Floats) -> Floats:
    """``v^T W h + b^T v + D c^T h`` of all pairs, written out, shape (documents, hidden states)."""
    W, b, c = (np.float64(x) for x in (model.weights, model.visible_bias, model.hidden_bias))
    return v @ W @ h.T + (v @ b)[:, None] + np.outer(v.sum(axis=1), c @ h.T)


def log_z(model: Any, length: int) -> float:
    v = count_vectors(length, model.num_words)
    weights = multiplicities(v)[:, None]
    return float(
        np.log((weights * np.exp(negative_energies(model, v, hidden_states(model.n_hidden)))).sum())
    )
