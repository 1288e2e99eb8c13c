"""Machines of two layers, and the laws of their units in plain NumPy."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from magnetite import _core

special = pytest.importorskip("scipy.special", reason="scipy is not installed")

Groups = list[tuple[str, int, int]]
Array = NDArray[Any]
KINDS: dict[str, Groups] = {
    "binary": [("binary", 23, 0)],
    "spin": [("spin", 17, 0)],
    "gaussian": [("gaussian", 9, 0)],
    "rectified": [("rectified", 8, 0)],
    "categorical": [("categorical", 12, 3)],
    "mixed": [("categorical", 8, 4), ("binary", 33, 0), ("gaussian", 5, 0), ("spin", 2, 0)],
}
# A decision by a uniform nearer than this to its threshold may fall either way by rounding.
NEAR = {"float32": 2e-5, "float64": 1e-12}


class Side(NamedTuple):
    bias: Array
    base_bias: Array
    precision: Array
    base_precision: Array


class Pair(NamedTuple):
    weights: Array
    visible: Side
    hidden: Side
    version: int | None = None


def columns_of(groups: Groups) -> int:
    return sum(size for _, size, _ in groups)


def walk(groups: Groups) -> Iterator[tuple[str, slice, int]]:
    start = 0
    for kind, size, states in groups:
        yield kind, slice(start, start + size), states
        start += size


def side_of(groups: Groups, rng: np.random.Generator, dtype: str) -> Side:
    n = columns_of(groups)
    precise = np.zeros(n)
    for kind, where, _ in walk(groups):
        precise[where] = kind in {"gaussian", "rectified"}
    arrays = rng.normal(size=n), 0.3 * rng.normal(size=n), precise, precise * rng.random(n)
    return Side(*(a.astype(dtype) for a in arrays))


def pair_of(visible: Groups, hidden: Groups, rng: np.random.Generator, dtype: str) -> Pair:
    weights = 0.4 * rng.normal(size=(columns_of(visible), columns_of(hidden)))
    return Pair(weights.astype(dtype), side_of(visible, rng, dtype), side_of(hidden, rng, dtype))


def values_of(groups: Groups, rows: int, rng: np.random.Generator, dtype: str) -> Array:
    out = np.zeros((rows, columns_of(groups)))
    for kind, where, states in walk(groups):
        shape = out[:, where].shape
        match kind:
            case "binary":
                out[:, where] = rng.random(shape) < rng.random((rows, 1))
            case "spin":
                out[:, where] = rng.choice([-1.0, 1.0], shape)
            case "categorical":
                chosen = rng.integers(states, size=(rows, shape[1] // states))
                out[:, where] = np.eye(states)[chosen].reshape(shape)
            case _:
                out[:, where] = np.abs(rng.normal(size=shape))
    return out.astype(dtype)


def input_of(sums: Array, side: Side, betas: Array) -> tuple[Array, Array]:
    wide = Side(*(a.astype(float) for a in side))
    beta = betas[:, None]
    return (
        beta * (sums + wide.bias) + wide.base_bias,
        beta * wide.precision + wide.base_precision,
    )


def law(groups: Groups, x: Array, q: Array, u: Array) -> tuple[Array, Array, Array, Array]:
    """Return mean, sample, log norm by row, and how near each decision was."""
    mean, sample, near = np.zeros_like(x), np.zeros_like(x), np.full_like(x, np.inf)
    norm = np.zeros(len(x))
    with np.errstate(all="ignore"):
        for kind, s, states in walk(groups):
            a, b, c = x[:, s], q[:, s], u[:, s]
            match kind:
                case "binary":
                    mean[:, s] = special.expit(a)
                    sample[:, s] = c < mean[:, s]
                    near[:, s] = np.abs(c - mean[:, s])
                    norm += np.logaddexp(0, a).sum(1)
                case "spin":
                    mean[:, s] = np.tanh(a)
                    up = special.expit(2 * a)
                    sample[:, s] = np.where(c < up, 1, -1)
                    near[:, s] = np.abs(c - up)
                    norm += np.logaddexp(a, -a).sum(1)
                case "gaussian":
                    mean[:, s] = a / b
                    sample[:, s] = a / b + special.ndtri(c) / np.sqrt(b)
                    norm += (a**2 / b / 2 + np.log(2 * np.pi / b) / 2).sum(1)
                case "rectified":
                    mean[:, s], sample[:, s], logs = rectified(a, b, c)
                    norm += logs.sum(1)
                case "categorical":
                    t = a.reshape(len(a), -1, states)
                    p = special.softmax(t, axis=2)
                    first = c.reshape(t.shape)[:, :, :1]
                    total = np.cumsum(p, axis=2)
                    state = np.minimum((first >= total).sum(2), states - 1)
                    mean[:, s] = p.reshape(a.shape)
                    sample[:, s] = np.eye(states)[state].reshape(a.shape)
                    nearest = np.abs(first - total).min(axis=2, keepdims=True)
                    near[:, s] = np.broadcast_to(nearest, t.shape).reshape(a.shape)
                    norm += special.logsumexp(t, axis=2).sum(1)
    return mean, sample, norm, near


def rectified(x: Array, q: Array, u: Array) -> tuple[Array, Array, Array]:
    sigma, mu = 1 / np.sqrt(q), x / q
    a = -mu / sigma
    hazard = np.sqrt(2 / np.pi) / special.erfcx(a / np.sqrt(2))
    sample = mu - sigma * special.ndtri((1 - u) * special.ndtr(-a))
    norm = np.log(np.pi / 2 / q) / 2 + np.log(special.erfcx(a / np.sqrt(2)))
    return mu + sigma * hazard, sample, norm


class Case(NamedTuple):
    visible: Groups
    hidden: Groups
    pair: Pair
    v: Array
    h: Array
    betas: Array
    dtype: str

    def layers(self, num_threads: int = 1) -> _core.Layers:
        return _core.Layers(self.visible, self.hidden, num_threads=num_threads)

    def up(self, v: Array) -> tuple[Array, Array]:
        sums = v.astype(float) @ self.pair.weights.astype(float)
        return input_of(sums, self.pair.hidden, self.betas)

    def down(self, h: Array) -> tuple[Array, Array]:
        sums = h.astype(float) @ self.pair.weights.T.astype(float)
        return input_of(sums, self.pair.visible, self.betas)


def case_of(
    visible: Groups, hidden: Groups, rows: int, dtype: str = "float64", seed: int = 1
) -> Case:
    rng = np.random.default_rng(seed)
    pair = pair_of(visible, hidden, rng, dtype)
    v, h = values_of(visible, rows, rng, dtype), values_of(hidden, rows, rng, dtype)
    return Case(visible, hidden, pair, v, h, rng.uniform(0.2, 1.5, rows), dtype)
