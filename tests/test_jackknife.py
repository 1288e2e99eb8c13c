"""The jackknife over blocks: against closed forms, and its errors against repetition."""

import numpy as np
import pytest

from magnetite import diagnostics as dg
from tools.series import autoregressive


def blocks_of(draws: np.ndarray, num_blocks: int) -> np.ndarray:
    """Sums of x and x^2 over equal blocks of draws (ladder, rung, draw)."""
    cut = draws.reshape(*draws.shape[:2], num_blocks, -1)
    return np.stack([cut.sum(axis=-1), np.square(cut).sum(axis=-1)], axis=-1)


def variance(means: np.ndarray) -> np.ndarray:
    return means[..., 1] - np.square(means[..., 0])


def test_a_mean_has_its_plain_error() -> None:
    draws = np.random.default_rng(1).normal(size=(1, 3, 40))
    found = dg.jackknife(draws[..., None], lambda means: means[..., 0])
    assert found.value == pytest.approx(draws[0].mean(axis=1))
    plain = draws[0].std(axis=1, ddof=1) / np.sqrt(40)
    # Neighbours are taken for correlated where they look so, never for less than independent.
    assert (found.error >= 0.999 * plain).all()
    assert (found.error < 2 * plain).all()


def test_the_bias_of_a_variance_is_taken_away() -> None:
    draws = np.random.default_rng(2).normal(size=(1, 1, 20))
    blocks = np.stack([draws, draws**2], axis=-1)
    assert dg.jackknife(blocks, variance).value[0] == pytest.approx(draws.var(ddof=1))


@pytest.mark.parametrize("rho", [0.0, 0.9, 0.98])
def test_errors_cover(rho: float) -> None:
    """Blocks of 100 draws, of series that remember up to 50; some blocks shorter, some missing."""
    rng = np.random.default_rng(3)
    series = autoregressive(rng, rho, (120, 2, 2, 6400))
    scores = []
    for draws in series:
        blocks, counts = blocks_of(draws, 64), np.full((2, 1, 64), 100.0)
        counts[1, :, 57:] = 0
        blocks[1, :, 57:] = np.nan
        blocks[0, :, -1], counts[0, :, -1] = 0.5 * blocks[0, :, -1], 50
        found = dg.jackknife(blocks, variance, counts=counts)
        assert found.reliable.all()
        scores.append((found.value - 1) / found.error)
    share = (np.abs(scores) < 2).mean()
    # 240 scores; the law of a variance is skewed when few of its draws are independent.
    assert share > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 240)


def test_unequal_blocks_are_weighted() -> None:
    rng = np.random.default_rng(4)
    draws = rng.normal(size=4000)
    counts = rng.integers(1, 200, 40)
    counts[-1] += 4000 - counts.sum() if counts.sum() < 4000 else 0
    ends = np.minimum(np.cumsum(counts), 4000)
    starts = np.append(0, ends[:-1])
    sums = np.array([draws[a:b].sum() for a, b in zip(starts, ends, strict=True)])
    found = dg.jackknife(
        sums[None, None, :, None], lambda means: means[..., 0], counts=(ends - starts)[None, None]
    )
    assert found.value[0] == pytest.approx(draws[: ends[-1]].mean())
    assert found.error[0] == pytest.approx(1 / np.sqrt(ends[-1]), rel=0.5)


def test_too_few_blocks_are_refused() -> None:
    blocks = np.ones((2, 2, 5, 1))
    counts = np.ones((2, 2, 5))
    counts[:, 1, 2:] = 0
    found = dg.jackknife(blocks, lambda means: means[..., 0], counts=counts)
    assert found.reliable.tolist() == [True, False]
    assert found[0].value == 1
    assert found[0].error == 0
    assert found[1].reason == "an error needs 8 blocks with draws, got 4"


def test_functions_of_means() -> None:
    means = np.array([[[1.0, 3.0], [4.0, 16.0]], [[2.0, 4.0], [0.0, 0.0]]])
    ratio = dg.binder_ratio(means)
    assert ratio == pytest.approx(np.array([[0.0, 1.0], [1.0, np.nan]]), nan_ok=True)
    capacity = dg.heat_capacity([1.0, 2.0])(means)
    assert capacity.tolist() == [[2.0, 0.0], [0.0, 0.0]]
    chi = dg.susceptibility([1.0, 2.0], num_sites=5)(means)
    assert chi.tolist() == [[10.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("blocks", "counts", "message"),
    [
        (np.ones((2, 3)), None, "blocks must have shape"),
        (np.ones((1, 1, 9, 1)), np.ones(8), "counts must broadcast to"),
        (np.ones((1, 1, 9, 1)), -1.0, "counts must be non-negative"),
        (np.full((1, 1, 9, 1), np.nan), 1.0, "blocks must be finite"),
    ],
)
def test_bad_blocks_are_refused(blocks: object, counts: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dg.jackknife(blocks, lambda means: means[..., 0], counts=counts)


def test_a_function_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="function must take means"):
        dg.jackknife(np.ones((1, 2, 9, 2)), lambda means: means)
