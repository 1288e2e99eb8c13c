"""Autocorrelation, R-hat and ESS, blocking and jackknife: against known series and libraries."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import magnetite as mg
from magnetite import diagnostics as dg
from magnetite.diagnostics.convergence import normal_scores
from tools.series import autoregressive

RHOS = np.array([0.0, 0.5, 0.9])
NUM_RUNS = 200


def coverage_bounds(num_runs: int, share: float = 0.9545) -> tuple[float, float]:
    """Four standard errors around the share that two standard errors of an estimate cover."""
    error = math.sqrt(share * (1 - share) / num_runs)
    return share - 4 * error, share + 4 * error


@pytest.fixture(scope="module")
def runs() -> np.ndarray:
    """Series (run, rho, chain, draw)."""
    rng = np.random.default_rng(5)
    return autoregressive(rng, RHOS[:, None], (NUM_RUNS, len(RHOS), 2, 4000))


@pytest.mark.parametrize("which", range(len(RHOS)))
def test_times_of_autoregressive_series(runs: np.ndarray, which: int) -> None:
    exact = (1 + RHOS[which]) / (1 - RHOS[which]) / 2
    times = [dg.autocorrelation_time(run) for run in runs[:, which]]
    assert all(time.reliable for time in times)
    scores = np.array([(time.value - exact) / time.error for time in times])
    assert abs(scores.mean()) < 0.35
    low, high = coverage_bounds(NUM_RUNS)
    assert low < (abs(scores) < 2).mean() <= max(high, 1)
    assert 0.7 < scores.std() < 1.2
    sizes = [dg.effective_sample_size(run) for run in runs[:20, which]]
    assert [s.value for s in sizes] == pytest.approx([8000 / (2 * t.value) for t in times[:20]])


def test_autocorrelation_is_the_plain_sum() -> None:
    chains = np.random.default_rng(1).normal(size=(3, 40))
    chains[1, 25:] = np.nan
    deviations = chains - np.nanmean(chains)
    direct = [np.nanmean(deviations[:, : 40 - t] * deviations[:, t:]) for t in range(30)]
    rho = dg.autocorrelation(chains, max_lag=29)
    assert rho == pytest.approx(np.array(direct) / direct[0], abs=1e-12)


def test_draws_that_were_not_reached_do_not_count() -> None:
    draws = np.random.default_rng(2).normal(size=(3, 3000))
    padded = np.full((4, 4000), np.nan)
    padded[:3, :3000] = draws
    for function in (dg.autocorrelation_time, dg.effective_sample_size, dg.blocked_mean):
        one, other = function(draws), function(padded)
        assert (one.value, one.error) == pytest.approx((other.value, other.error), rel=1e-12)
    assert dg.split_r_hat(draws) == dg.split_r_hat(padded)
    assert dg.ess_bulk(draws) == dg.ess_bulk(padded)


@pytest.mark.parametrize(
    ("draws", "reason"),
    [
        ([], "at least 2 draws, got 0"),
        ([np.nan, np.nan], "at least 2 draws, got 0"),
        ([[1.0]], "at least 2 draws, got 1"),
        ([3.0] * 20, "all 20 draws are the same, 3"),
        ([1.0, 2.0, 3.0], "too few"),
        (np.arange(1000.0), "too few for an autocorrelation time of"),
        (np.array([[1.0], [2.0]]) * np.ones(500), "too few for an autocorrelation time of"),
    ],
)
def test_times_are_refused_with_a_reason(draws: object, reason: str) -> None:
    for function in (dg.autocorrelation_time, dg.effective_sample_size):
        estimate = function(draws)
        assert not estimate.reliable
        assert math.isnan(estimate.value)
        assert reason in estimate.reason


def test_alternating_series_have_more_draws_than_they_have() -> None:
    time = dg.autocorrelation_time(np.arange(1000) % 2)
    assert time.reliable
    assert time.ess == pytest.approx(3000)  # n log10 n, as many as Stan allows


@pytest.mark.parametrize(
    "function",
    [dg.autocorrelation, dg.autocorrelation_time, dg.split_r_hat, dg.ess_bulk, dg.blocked_mean],
)
def test_bad_draws_are_refused(function: object) -> None:
    with pytest.raises(ValueError, match=r"nan before a number at index \(0, 1\)"):
        function([1.0, np.nan, 2.0])
    with pytest.raises(ValueError, match=r"must be finite, got inf at index \(0, 2\)"):
        function([1.0, 2.0, np.inf, np.nan])
    with pytest.raises(ValueError, match=r"must have shape"):
        function(np.zeros((2, 2, 2)))
    with pytest.raises(TypeError, match="must hold real numbers"):
        function(["a"])


def test_normal_scores() -> None:
    scores = normal_scores(np.array([[3.0, 1.0], [1.0, 7.0]]))
    quantiles = [(rank - 0.375) / 4.25 for rank in (3, 1.5, 1.5, 4)]
    assert scores.ravel().tolist() == [NormalDist().inv_cdf(q) for q in quantiles]


def test_r_hat_and_ess_are_those_of_arviz() -> None:
    arviz = pytest.importorskip("arviz_stats.base", reason="compared with arviz-stats").array_stats
    rng = np.random.default_rng(3)
    axes = {"chain_axis": 0, "draw_axis": 1}
    for number in range(60):
        rho, chains, draws = rng.choice([-0.5, 0, 0.5, 0.9]), rng.integers(2, 6), 401 + 5 * number
        series = autoregressive(rng, rho, (chains, draws))
        if number % 3 == 0:
            series = np.round(2 * series)  # ties
        if number % 5 == 0:
            series[0] *= 2  # seen by the folded part alone
        ranked, plain = (arviz.rhat(series, method=m, **axes) for m in ("rank", "split"))
        assert dg.split_r_hat(series) == pytest.approx(ranked, rel=1e-9)
        assert dg.split_r_hat(series, rank_normalised=False) == pytest.approx(plain, rel=1e-9)
        expected = arviz.ess(series, method="bulk", **axes)
        assert dg.ess_bulk(series) == pytest.approx(expected, rel=1e-6)


def test_r_hat_of_chains_that_stand_still() -> None:
    assert dg.split_r_hat(np.ones((3, 10))) == 1
    assert dg.split_r_hat(np.ones((3, 10)) * [[1], [2], [3]]) == math.inf
    assert math.isnan(dg.split_r_hat(np.ones((3, 3))))
    assert math.isnan(dg.split_r_hat([]))
    assert dg.ess_bulk(np.ones((3, 10))) == 30


@given(arrays(np.float64, (3, 24), elements=st.integers(-1000, 1000)), st.integers(-9, 9))
def test_scale_and_shift_change_nothing(draws: np.ndarray, shift: int) -> None:
    moved = 4 * draws + shift
    assert dg.split_r_hat(moved) == pytest.approx(dg.split_r_hat(draws))
    assert dg.ess_bulk(moved) == pytest.approx(dg.ess_bulk(draws))
    one, other = dg.autocorrelation_time(draws), dg.autocorrelation_time(moved)
    assert one.reliable == other.reliable
    if one.reliable:
        assert other.value == pytest.approx(one.value, rel=1e-6)


def test_results_have_them() -> None:
    model = mg.Ising({(i, (i + 1) % 20): -1.0 for i in range(20)})
    good = mg.sample(
        model, beta=1.0, num_chains=8, num_sweeps=2000, warmup=100, seed=1, kernel="gibbs"
    )
    assert good.r_hat < 1.01
    assert good.autocorrelation_time.reliable
    assert good.ess == pytest.approx(good.autocorrelation_time.ess, rel=0.3)
    # Metropolis in the order of a ring hands domain walls along: chains hardly ever mix.
    bad = mg.sample(model, beta=1.0, num_chains=8, num_sweeps=200, warmup=100, seed=1)
    assert bad.r_hat > 1.1
    assert not bad.autocorrelation_time.reliable


@pytest.mark.parametrize("which", range(len(RHOS)))
def test_blocked_means_cover(runs: np.ndarray, which: int) -> None:
    means = [dg.blocked_mean(run) for run in runs[:, which]]
    scores = np.array([mean.value / mean.error for mean in means])
    # The rule trades some bias for less noise: errors are up to a tenth short.
    assert (abs(scores) < 2).mean() > coverage_bounds(NUM_RUNS, 0.92)[0]
    assert 0.85 < scores.std() < 1.25
    exact = math.sqrt((1 + RHOS[which]) / (1 - RHOS[which]) / 8000)
    assert np.mean([mean.error for mean in means]) == pytest.approx(exact, rel=0.15)


def test_blocked_mean_of_few_or_constant_draws() -> None:
    assert "do not make 8 blocks" in dg.blocked_mean(np.arange(10.0)).reason
    constant = dg.blocked_mean(np.full(100, 2.5))
    assert (constant.value, constant.error, constant.reliable) == (2.5, 0.0, True)
