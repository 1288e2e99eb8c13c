"""Functions of the core beside its layers: the normal distribution, steps of optimisers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magnetite import _core

special = pytest.importorskip("scipy.special", reason="scipy is not installed")


@settings(max_examples=200)
@given(st.floats(1e-300, 1 - 1e-16))
def test_normal_quantile_is_scipys(u: float) -> None:
    got = _core.normal_quantile(np.array([[u]]))
    assert got.shape == (1, 1)
    np.testing.assert_allclose(got[0, 0], special.ndtri(u), rtol=1e-14, atol=1e-16)


@settings(max_examples=200)
@given(st.floats(-1e5, 40))
def test_log_normal_cdf_is_scipys(x: float) -> None:
    got = _core.log_normal_cdf(np.array([x]))[0]
    np.testing.assert_allclose(got, special.log_ndtr(x), rtol=1e-12, atol=1e-290)


def test_ends_of_the_normal_distribution() -> None:
    ends = np.array([-np.inf, np.inf, np.nan])
    np.testing.assert_array_equal(_core.log_normal_cdf(ends), [-np.inf, 0, np.nan])
    places = np.array([0.0, 1.0, 0.5, -0.1, 1.1, np.nan])
    expected = [-np.inf, np.inf, 0, np.nan, np.nan, np.nan]
    np.testing.assert_array_equal(_core.normal_quantile(places), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1,), (17,), (33, 65)])
@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_is_its_twin(shape: tuple[int, ...], dtype: str, nesterov: bool) -> None:
    rng = np.random.default_rng(2)
    p, v, g = (rng.normal(size=shape).astype(dtype) for _ in range(3))
    p0, v0 = p.astype(float), v.astype(float)
    for _ in range(3):
        ahead = np.full_like(p, np.nan) if nesterov else None
        _core.sgd_step(v, g, rate=0.1, momentum=0.7, ahead=ahead)
        p += v if ahead is None else ahead
        v0 = 0.7 * v0 + 0.1 * g
        p0 = p0 + (0.7 * v0 + 0.1 * g if nesterov else v0)
    np.testing.assert_allclose(p, p0, rtol=0, atol=1e-5 if dtype == "float32" else 1e-14)
    np.testing.assert_allclose(v, v0, rtol=0, atol=1e-5 if dtype == "float32" else 1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1,), (17,), (33, 65)])
def test_adam_is_its_twin(shape: tuple[int, ...], dtype: str) -> None:
    rng = np.random.default_rng(2)
    p = rng.normal(size=shape).astype(dtype)
    m, v = np.zeros_like(p), np.zeros_like(p)
    p0, m0, v0 = p.astype(float), 0.0, 0.0
    for t in range(1, 6):
        g = rng.normal(size=shape).astype(dtype)
        step = np.full_like(p, np.nan)
        _core.adam_step(step, m, v, g, rate=0.1, beta1=0.9, beta2=0.99, epsilon=1e-8, count=t)
        p += step
        m0, v0 = 0.9 * m0 + 0.1 * g, 0.99 * v0 + 0.01 * g.astype(float) ** 2
        p0 = p0 + 0.1 * m0 / (1 - 0.9**t) / (np.sqrt(v0 / (1 - 0.99**t)) + 1e-8)
    np.testing.assert_allclose(p, p0, rtol=0, atol=1e-5 if dtype == "float32" else 1e-13)
