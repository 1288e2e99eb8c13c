"""The layers of the core against plain NumPy, with the same uniforms."""

import itertools
import multiprocessing
from typing import Any

import numpy as np
import pytest

from magnetite import _core
from tools.layers import (
    KINDS,
    NEAR,
    Array,
    Case,
    Groups,
    Pair,
    Side,
    case_of,
    columns_of,
    law,
    walk,
)


def uniforms(case: Case, purpose: str, first_chain: int, step: int, n: int) -> Array:
    u = _core.layer_uniforms(7, purpose, first_chain, len(case.betas), step, n)
    if case.dtype == "float64":
        return u
    return np.minimum(u.astype(np.float32), np.float32(1 - 2**-24)).astype(float)


def tolerance(dtype: str) -> float:
    return 2e-12 if dtype == "float64" else 2e-4


def agree(got: Array, expected: Array, near: Array, dtype: str) -> None:
    """Require equal samples but where a uniform was too near to its threshold to tell."""
    sure = near > NEAR[dtype]
    assert sure.mean() > 0.99
    np.testing.assert_allclose(
        got[sure], expected[sure], rtol=tolerance(dtype), atol=tolerance(dtype)
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("a", "b"), list(itertools.product(KINDS, KINDS)))
def test_both_ways_are_those_of_numpy(a: str, b: str, dtype: str) -> None:
    case = case_of(KINDS[a], KINDS[b], 37, dtype)
    layers, rule = case.layers(), tolerance(dtype)
    for way, values, (x, q), groups in (
        ("hidden", case.v, case.up(case.v), case.hidden),
        ("visible", case.h, case.down(case.h), case.visible),
    ):
        means, samples = getattr(layers, way)(values, case.pair, case.betas, (7, 100, 3))
        u = uniforms(case, way, 100, 3, columns_of(groups))
        mean, sample, norm, near = law(groups, x, q, u)
        assert means.dtype == samples.dtype == dtype
        np.testing.assert_allclose(means, mean, rtol=rule, atol=rule)
        agree(samples, sample, near, dtype)
        norms = getattr(layers, f"{way}_log_norms")(values, case.pair, case.betas)
        np.testing.assert_allclose(norms, norm, rtol=rule, atol=30 * rule)
        alone, nothing = getattr(layers, way)(values, case.pair, case.betas)
        assert nothing is None
        np.testing.assert_array_equal(alone, means)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("holds", [False, True])
def test_gibbs_is_its_twin(kind: str, dtype: str, holds: bool) -> None:
    """Each of three steps is compared from where the core stands: near decisions may differ."""
    case = case_of(KINDS[kind], KINDS["mixed"], 21, dtype)
    held = np.random.default_rng(5).random(case.v.shape) < 0.4 if holds else None
    v, h = case.v.copy(), case.h.copy()
    layers = case.layers()
    for step in range(3):
        before_v, before_h = v.copy(), h.copy()
        means = layers.gibbs(v, h, case.pair, case.betas, (7, 5, step), 1, held)
        u = uniforms(case, "visible", 5, step, v.shape[1])
        _, expected, _, near = law(case.visible, *case.down(before_h), u)
        if held is not None:
            keeps = held.copy()
            for name, where, states in walk(case.visible):
                if name == "categorical":
                    keeps[:, where] = np.repeat(held[:, where][:, ::states], states, axis=1)
            expected, near = np.where(keeps, before_v, expected), np.where(keeps, np.inf, near)
            np.testing.assert_array_equal(v[keeps], before_v[keeps])
        agree(v, expected, near, dtype)
        u = uniforms(case, "hidden", 5, step, h.shape[1])
        mean, expected, _, near = law(case.hidden, *case.up(v), u)
        agree(h, expected, near, dtype)
        np.testing.assert_allclose(means, mean, rtol=tolerance(dtype), atol=tolerance(dtype))
    v2, h2 = case.v.copy(), case.h.copy()
    np.testing.assert_array_equal(
        layers.gibbs(v2, h2, case.pair, case.betas, (7, 5, 0), 3, held), means
    )
    np.testing.assert_array_equal(v2, v)
    np.testing.assert_array_equal(h2, h)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("holds", [False, True])
@pytest.mark.parametrize("hidden", KINDS)
@pytest.mark.parametrize("visible", KINDS)
def test_annealing_is_its_parts_to_the_bit(
    visible: str, hidden: str, holds: bool, dtype: str
) -> None:
    case = case_of(KINDS[visible], KINDS[hidden], 21, dtype)
    layers, pair, draws = case.layers(), case.pair, (7, 5, 3)
    low, high = case.betas / 2, case.betas
    held = None
    if holds and "categorical" not in {name for name, *_ in case.visible}:
        held = np.random.default_rng(5).random(case.v.shape) < 0.4
    v = case.v.copy()
    change = layers.anneal(v, pair, low, high, draws, held)
    norms = [layers.hidden_log_norms(case.v, pair, betas) for betas in (high, low)]
    np.testing.assert_array_equal(change, norms[0] - norms[1])
    _, h = layers.hidden(case.v, pair, high, draws)
    _, expected = layers.visible(h, pair, high, draws)
    np.testing.assert_array_equal(v, expected if held is None else np.where(held, case.v, expected))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_of_a_version_are_made_ready_once(dtype: str) -> None:
    case = case_of(BIG["binary"], BIG["mixed"], 30, dtype)
    layers = case.layers()

    def all_of(pair: Pair) -> list[Array]:
        v, h = case.v.copy(), case.h.copy()
        found = [*layers.hidden(v, pair, case.betas, (3, 0, 9)), layers.interactions(v, h, pair)]
        found += [*layers.visible(h, pair, case.betas, (3, 0, 9))]
        return [*found, layers.gibbs(v, h, pair, case.betas, (3, 0, 9), 2), v, h]

    def same(a: list[Array], b: list[Array]) -> bool:
        return all((x == y).all() for x, y in zip(a, b, strict=True))

    other = case.pair._replace(weights=case.pair.weights[::-1].copy())
    plain, changed = all_of(case.pair), all_of(other)
    assert not same(plain, changed)
    for _ in range(2):
        assert same(all_of(case.pair._replace(version=1)), plain)
    # A promise that is broken shows that nothing is made ready again; another version is.
    assert same(all_of(other._replace(version=1)), plain)
    assert same(all_of(other._replace(version=2)), changed)
    assert same(all_of(case.pair), plain)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("density", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("sizes", [(6, 4), (16, 8), (300, 70), (70, 300), (785, 129), (1, 1)])
@pytest.mark.parametrize("rows", [1, 5, 100])
def test_products_of_any_size(
    sizes: tuple[int, int], rows: int, density: float, dtype: str
) -> None:
    rng = np.random.default_rng(3)
    (n, m), rule = sizes, 1e-12 if dtype == "float64" else 2e-4
    layers = _core.Layers([("gaussian", n, 0)], [("binary", m, 0)], num_threads=2)
    w = rng.normal(size=sizes).astype(dtype)
    v = (rng.normal(size=(rows, n)) * (rng.random((rows, n)) < density)).astype(dtype)
    h = (rng.random((rows, m)) < density).astype(dtype)
    exact = np.einsum("ri,ij,rj->r", *(a.astype(float) for a in (v, w, h)))
    pair = Pair(w, *(Side(*(np.full(k, x, dtype) for x in (0, 0, 1, 0))) for k in sizes))
    np.testing.assert_allclose(layers.interactions(v, h, pair), exact, rtol=rule, atol=30 * rule)
    weights = rng.random(rows), rng.random(3)
    few = v[: min(3, rows)], h[: min(3, rows)], weights[1][: min(3, rows)]
    mu, lam = rng.normal(size=n).astype(dtype), rng.normal(size=m).astype(dtype)
    for offsets in ((0 * mu, 0 * lam), (mu, lam)):
        got = moments(layers, (v, h, weights[0]), few, *offsets)
        exact = plain_moments((v, h, weights[0]), few, *offsets)
        for moment, sums in zip(got, exact, strict=True):
            assert moment.dtype == dtype
            np.testing.assert_allclose(moment, sums, rtol=rule, atol=10 * rule * max(1, rows / 10))
    none = v[:0], h[:0], weights[0][:0]
    assert not any(moment.any() for moment in moments(layers, none, none, mu, lam))


Phase = tuple[Array, Array, Array]


def moments(layers: _core.Layers, positive: Phase, negative: Phase, *offsets: Array) -> list[Array]:
    """Return all that `moments` makes."""
    into = np.ones((offsets[0].size, offsets[1].size), offsets[0].dtype)
    return [into, *layers.moments(*positive, *negative, *offsets, into)]


def plain_moments(positive: Phase, negative: Phase, mu: Array, lam: Array) -> tuple[Array, ...]:
    """Return what `moments` is to return, in float64."""
    sums = []
    for v, h, w in (positive, negative):
        v, h = v.astype(float), h.astype(float)
        cross = np.einsum("r,ri,rj->ij", w, v - mu.astype(float), h - lam.astype(float))
        sums.append((cross, w @ v, w @ h))
    return tuple(a - b for a, b in zip(*sums, strict=True))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [(6, 4), (300, 70), (785, 129), (1, 1)])
def test_a_step_of_the_weights(sizes: tuple[int, int], dtype: str) -> None:
    rng = np.random.default_rng(4)
    w, direction = (rng.normal(size=sizes).astype(dtype) for _ in range(2))
    step = direction / 2
    mu, lam = (rng.normal(size=k).astype(dtype) for k in sizes)
    found = []
    for num_threads in (1, 2, 5):
        layers = _core.Layers(
            [("binary", sizes[0], 0)], [("binary", sizes[1], 0)], num_threads=num_threads
        )
        moved = w.copy()
        products = layers.ascend(moved, direction, 0.5, mu, lam)
        np.testing.assert_array_equal(moved, w + step)
        found.append(products)
        np.testing.assert_array_equal(products[0], found[0][0])
        np.testing.assert_array_equal(products[1], found[0][1])
    rule = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(found[0][0], step.astype(float) @ lam, atol=10 * rule)
    np.testing.assert_allclose(found[0][1], mu.astype(float) @ step, atol=10 * rule)


def bits(case: Case, num_threads: int, rows: slice, first_chain: int) -> list[Array]:
    layers = case.layers(num_threads)
    v, h = case.v[rows].copy(), case.h[rows].copy()
    betas, pair, draws = case.betas[rows].copy(), case.pair, (3, first_chain, 9)
    out = [*layers.hidden(v, pair, betas, draws), *layers.visible(h, pair, betas, draws)]
    out += [layers.hidden_log_norms(v, pair, betas), layers.visible_log_norms(h, pair, betas)]
    out += [
        layers.interactions(v, h, pair),
        layers.gibbs(v, h, pair, betas, draws, 2),
        v,
        h,
    ]
    return out


BIG: dict[str, Groups] = {
    "binary": [("binary", 260, 0)],
    "mixed": [("categorical", 60, 3), ("binary", 201, 0), ("gaussian", 40, 0), ("rectified", 9, 0)],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("a", "b"), [("binary", "binary"), ("mixed", "binary"), ("binary", "mixed")]
)
def test_a_row_is_the_same_whatever_is_beside_it(a: str, b: str, dtype: str) -> None:
    case = case_of(BIG[a], BIG[b], 301, dtype)
    whole = bits(case, 1, slice(None), 0)
    for num_threads in (2, 5):
        for x, y in zip(bits(case, num_threads, slice(None), 0), whole, strict=True):
            np.testing.assert_array_equal(x, y)
    for start, stop in ((0, 1), (3, 10), (100, 132), (200, 300), (1, 301)):
        part = bits(case, 2, slice(start, stop), start)
        for x, y in zip(part, whole, strict=True):
            np.testing.assert_array_equal(x, y[start:stop])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_moments_are_the_same_at_any_thread_count(dtype: str) -> None:
    case = case_of(BIG["binary"], BIG["mixed"], 301, dtype)
    w = case.betas
    phases = (case.v, case.h, w), (case.v[:50], case.h[:50], w[:50])
    expected = moments(case.layers(1), *phases, case.v[7], case.h[7])
    for num_threads in (2, 5):
        for x, y in zip(
            moments(case.layers(num_threads), *phases, case.v[7], case.h[7]), expected, strict=True
        ):
            np.testing.assert_array_equal(x, y)


def test_uniforms_are_inside_and_differ() -> None:
    u = _core.layer_uniforms(1, "visible", 0, 500, 0, 40)
    assert u.shape == (500, 40)
    assert u.min() > 0 and u.max() < 1
    assert len(np.unique(u)) > 0.999 * u.size
    np.testing.assert_array_equal(_core.layer_uniforms(1, "visible", 7, 1, 0, 40)[0], u[7])
    for other in ((2, "visible", 0), (1, "hidden", 0), (1, "visible", 1)):
        assert not np.isin(_core.layer_uniforms(*other[:2], 0, 500, other[2], 40), u).mean() > 1e-3
    assert abs(u.mean() - 0.5) < 5 / np.sqrt(12 * u.size)


def test_threads_survive_a_fork() -> None:
    case = case_of(BIG["binary"], BIG["binary"], 100)
    layers = case.layers(2)
    expected = layers.hidden(case.v, case.pair, case.betas)[0].sum()

    def child(queue: Any) -> None:
        queue.put(layers.hidden(case.v, case.pair, case.betas)[0].sum())

    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    assert queue.get(timeout=30) == expected
    process.join(30)


def test_bad_arguments_are_refused() -> None:
    case = case_of(KINDS["binary"], KINDS["gaussian"], 5)
    layers, pair = case.layers(), case.pair

    def refused(rule: str, v: Array = case.v, pair: Any = pair, betas: Array = case.betas) -> None:
        before = v.copy()
        with pytest.raises(ValueError, match=rule):
            layers.hidden(v, pair, betas)
        np.testing.assert_array_equal(v, before)

    refused(r"v must have shape \(5, 23\), got \(5, 22\)", v=case.v[:, 1:].copy())
    refused("v must be C-contiguous", v=np.asfortranarray(case.v))
    refused("v must be of float64, got float32", v=case.v.astype(np.float32))
    refused(
        "weights must be of float32 or float64, got int64",
        pair=pair._replace(weights=pair.weights.astype(int)),
    )
    refused(
        r"weights must have shape \(23, 9\)", pair=pair._replace(weights=pair.weights[:3].copy())
    )
    short = pair.hidden._replace(bias=np.zeros(3))
    refused(r"bias of hidden must have shape \(9,\), got \(3,\)", pair=pair._replace(hidden=short))
    refused(r"betas must have shape \(5,\), got \(4,\)", betas=case.betas[:4].copy())
    flat = pair.hidden._replace(precision=np.zeros(9), base_precision=np.zeros(9))
    refused(
        "precision of hidden must be positive at every beta, got 0 at index 0",
        pair=pair._replace(hidden=flat),
    )
    with pytest.raises(ValueError, match="num_steps must be positive, got 0"):
        layers.gibbs(case.v, case.h, pair, case.betas, (0, 0, 0), 0)
    frozen = case.v.copy()
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="v must be writable"):
        layers.gibbs(frozen, case.h, pair, case.betas, (0, 0, 0), 1)
    with pytest.raises(ValueError, match="kind must be one of"):
        _core.Layers([("relu", 3, 0)], [("binary", 3, 0)], num_threads=1)
    with pytest.raises(ValueError, match="multiple of their 3 states, got 4"):
        _core.Layers([("categorical", 4, 3)], [("binary", 3, 0)], num_threads=1)
    with pytest.raises(ValueError, match="1 to 2\\^32 - 1 units, got 0"):
        _core.Layers([], [("binary", 3, 0)], num_threads=1)
    with pytest.raises(ValueError, match="purpose must be 'visible' or 'hidden'"):
        _core.layer_uniforms(1, "both", 0, 1, 0, 1)
