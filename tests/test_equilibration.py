"""The equilibration test: it lets stationary runs pass, and refuses those that are not."""

import numpy as np
import pytest

from magnetite import diagnostics as dg
from tools.series import autoregressive

NUM_RUNGS = 16
BETAS = np.linspace(0.2, 3.2, NUM_RUNGS)
# Colder rungs remember longer; at the coldest, 2000 draws are worth 333 independent ones.
RHOS = np.linspace(0, 0.5, NUM_RUNGS)


def stationary(seed: int, num_ladders: int = 2, num_draws: int = 2000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return autoregressive(rng, RHOS, (num_ladders, NUM_RUNGS, num_draws)) - 20 * BETAS[:, None]


def test_stationary_runs_pass() -> None:
    """Each of three kinds of tests may refuse one run in a hundred."""
    runs = [stationary(seed, num_draws=1000) for seed in range(60)]
    refused = sum(not dg.equilibration(run, BETAS).verdict for run in runs)
    assert refused <= 60 * 0.03 + 4 * np.sqrt(60 * 0.03 * 0.97)


def test_a_slow_tail_is_seen() -> None:
    """Energies that forget most at once, and a tenth of their variance as slowly as replicas go.

    The usual window of a few integrated times ends before the tail, and would find 18 of 40 such
    runs drifting.
    """
    rng = np.random.default_rng(9)
    fast = autoregressive(rng, 0.2, (25, 2, NUM_RUNGS, 4000))
    slow = autoregressive(rng, 0.97, fast.shape, variance=0.1)
    refused = sum(not dg.equilibration(run, BETAS).verdict for run in fast + slow)
    assert refused <= 25 * 0.03 + 4 * np.sqrt(25 * 0.03 * 0.97)


@pytest.mark.parametrize("num_ladders", [1, 2, 5])
def test_drifting_runs_are_refused(num_ladders: int) -> None:
    """The negative control: the coldest rungs relax, with a time of a quarter of the run."""
    for seed in range(10):
        draws = stationary(seed, num_ladders)
        draws[:, -3:] += 3 * np.exp(-np.arange(2000) / 500)
        found = dg.equilibration(draws, BETAS)
        assert not found.verdict
        assert any(
            "the energy at beta = " in r and " still drifts (by -" in r
            for r in found.verdict.reasons
        )
        assert (np.abs(found.drift.value / found.drift.error)[-3:] > 3).all()
        assert (found.drift.value[-3:] < 0).all()


def test_slow_logarithmic_relaxation_is_refused() -> None:
    draws = stationary(1)
    draws[:, -3:] -= 0.3 * np.log(np.arange(2000) + 1)
    assert "still drifts" in str(dg.equilibration(draws, BETAS))


def test_a_random_walk_is_worth_no_draws() -> None:
    walk = np.cumsum(np.random.default_rng(1).normal(size=(2, NUM_RUNGS, 2000)), axis=-1)
    found = dg.equilibration(walk, BETAS)
    assert "is worth only" in found.verdict.reasons[0]
    assert (found.ess < 20).all()


def test_ladders_that_disagree_are_refused() -> None:
    draws = stationary(2)
    draws[1, 9] += 0.5
    found = dg.equilibration(draws, BETAS)
    assert not found.verdict
    assert f"the energy at beta = {BETAS[9]:.4g} of ladder 0 differs" in found.verdict.reasons[0]
    assert found.disagreement.value[9] == pytest.approx(-0.5, abs=0.3)
    assert found.r_hat[9] > 1.01 > found.r_hat[8]
    assert "split R-hat" in found.verdict.reasons[1]
    draws = stationary(2, 4)
    draws[3, 9] += 0.5
    assert "of ladder 3 differs from that of the others" in str(dg.equilibration(draws, BETAS))


def test_chains_that_stand_still() -> None:
    draws = np.zeros((2, 4, 1000))
    draws[:, 0] = stationary(1, num_draws=1000)[:, 0]
    assert dg.equilibration(draws, BETAS[:4]).verdict
    draws[0, 2, 700] = 1  # a rare excitation is no drift
    assert dg.equilibration(draws, BETAS[:4]).verdict
    draws[1, 3] = 1
    found = dg.equilibration(draws, BETAS[:4])
    assert not found.verdict
    assert found.r_hat[3] == np.inf


def test_a_hot_end_that_stands_still_cannot_be_told() -> None:
    """Rungs that change places are not enough: replicas must change their energies themselves."""
    draws = np.zeros((2, 4, 1000))
    assert not dg.equilibration(draws, BETAS[:4]).verdict
    assert dg.equilibration(draws, [0.0, 0.5, 1.0, 1.5]).verdict  # at beta = 0 all is forgotten
    draws[:] = [[-1.0], [-2.0], [-3.0], [-4.0]]
    even = np.arange(1000) % 2 == 0
    draws[:, :2, even] = draws[:, 1::-1, even]
    (reason,) = dg.equilibration(draws, BETAS[:4]).verdict.reasons
    assert reason == (
        "the energies change 0 times in 1000 draws but by changing places, fewer than 100: whether "
        "replicas forget at beta = 0.2, the hot end, cannot be told (begin at a smaller beta)"
    )
    draws[:, 0, ::20] += 1.0
    assert "change 99 times in 1000 draws" in str(dg.equilibration(draws, BETAS[:4]))
    draws[:, 0, 9] += 1.0
    assert "changing places" not in str(dg.equilibration(draws, BETAS[:4]))


def test_energies_that_cross_a_pair_are_not_changed() -> None:
    """Cluster moves change places across a pair of ladders: only its sum tells."""
    draws = np.tile([[[-1.0]], [[-2.0]]], (1, 4, 1000))
    even = np.arange(1000) % 2 == 0
    draws[..., even] = draws[::-1][..., even]
    assert "changing places" not in str(dg.equilibration(draws, BETAS[:4]))
    assert "change 0 times" in str(dg.equilibration(draws, BETAS[:4], coupled=True))


def coupled(seed: int, sign: float, num_ladders: int = 2) -> np.ndarray:
    """Return ladders that share three quarters of their variance in pairs, or have its opposite."""
    rng = np.random.default_rng(seed)
    common = autoregressive(rng, RHOS, (1, NUM_RUNGS, 1000), variance=0.75)
    draws = autoregressive(rng, RHOS, (num_ladders, NUM_RUNGS, 1000), variance=0.25)
    draws[0] += common[0]
    draws[1] += sign * common[0]
    return draws


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_coupled_ladders_are_compared_draw_by_draw(sign: float) -> None:
    runs = [coupled(seed, sign) for seed in range(40)]
    found = [dg.equilibration(run, BETAS, coupled=True) for run in runs]
    refused = sum(not each.verdict for each in found)
    assert refused <= 40 * 0.03 + 4 * np.sqrt(40 * 0.03 * 0.97)
    # Errors see the coupling: scores of the differences, as of the drifts, are those of a normal.
    for name in ("disagreement", "drift"):
        rows = [getattr(each, name) for each in found]
        scores = np.array([row.value / row.error for row in rows])
        worst_of = 1 if name == "disagreement" else 2
        assert 0.85 < np.square(scores).mean() ** 0.5 < 1.15 * worst_of**0.5
    assert found[0].bin_edges[-1] == 1000
    times = np.mean([each.autocorrelation_time.value for each in found], axis=0)
    assert times == pytest.approx((1 + RHOS) / (1 - RHOS) / 2, rel=0.2)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("num_ladders", [2, 3, 4])
def test_coupled_ladders_that_disagree_are_refused(sign: float, num_ladders: int) -> None:
    draws = coupled(3, sign, num_ladders)
    draws[num_ladders - 1, 9] += 0.6
    found = dg.equilibration(draws, BETAS, coupled=True)
    assert any(f"beta = {BETAS[9]:.4g} of ladder" in reason for reason in found.verdict.reasons)


def test_round_trips() -> None:
    found = dg.equilibration(stationary(3), BETAS, round_trips=[25, 9])
    assert found.verdict.reasons == ("ladder 1 has made 9 round trips, fewer than 10",)
    assert found.round_trips is not None
    assert found.round_trips.tolist() == [25, 9]
    draws = stationary(3)
    assert dg.equilibration(draws, BETAS, round_trips=[25, 9], min_round_trips=5).verdict


def test_moments_drift_too() -> None:
    rng = np.random.default_rng(4)
    moments = {
        "q^2": rng.normal(0.3, 0.01, (1, NUM_RUNGS, 64)),
        "q_l": rng.random((1, NUM_RUNGS, 64)),
    }
    found = dg.equilibration(stationary(4), BETAS, moments=moments)
    assert found.verdict
    assert set(found.moment_drifts) == {"q^2", "q_l"}
    moments["q^2"][0, 5] += 0.1 * np.exp(-np.arange(64) / 16)
    found = dg.equilibration(stationary(4), BETAS, moments=moments)
    (reason,) = found.verdict.reasons
    assert reason.startswith(f"the q^2 at beta = {BETAS[5]:.4g} still drifts (by -0.0")
    assert "from draws 8-15 to 32-63" in reason or "from draws 16-31 to 32-63" in reason


def test_too_few_moments_are_told_of() -> None:
    moments = {"q^2": np.random.default_rng(4).normal(0.3, 0.01, (1, NUM_RUNGS, 15))}
    found = dg.equilibration(stationary(4), BETAS, moments=moments)
    assert found.verdict.reasons == ("the q^2 has 15 draws of the 16 that it takes to tell",)
    assert not found.moment_drifts["q^2"].reliable.any()
    assert found.drift.reliable.all()


def test_bins_double() -> None:
    found = dg.equilibration(stationary(5, num_draws=1000), BETAS)
    assert found.bin_edges.tolist() == [0, 3, 7, 15, 31, 62, 125, 250, 500, 1000]
    draws = stationary(5, num_draws=1000)
    assert found.bin_means[:, -1] == pytest.approx(draws[..., 500:].mean(axis=(0, 2)))
    spread = np.sqrt((1 + RHOS) / (1 - RHOS) / 1000)
    assert found.bin_errors[:, -1] == pytest.approx(spread, rel=0.4)
    assert found.autocorrelation_time.value == pytest.approx((1 + RHOS) / (1 - RHOS) / 2, rel=0.5)


def test_what_was_not_reached_is_left_out() -> None:
    draws = stationary(6)
    cut = np.concatenate([draws, np.full((2, NUM_RUNGS, 500), np.nan)], axis=2)
    one, other = dg.equilibration(draws, BETAS), dg.equilibration(cut, BETAS)
    assert one.verdict == other.verdict
    assert one.bin_means.tolist() == other.bin_means.tolist()


def test_short_runs_are_refused() -> None:
    found = dg.equilibration(stationary(7, num_draws=10), BETAS, moments={"q": stationary(1)})
    assert str(found) == (
        "equilibrated: no, because the energy has 10 draws of the 16 that it takes to tell"
    )
    assert not found.drift.reliable.any()
    assert "is worth only" in str(dg.equilibration(stationary(7, num_draws=40), BETAS))


def test_one_ladder_has_nothing_to_agree_with() -> None:
    found = dg.equilibration(stationary(8, 1), BETAS)
    assert found.verdict
    assert found.disagreement[0].reason == "one ladder has no other to agree with"


def test_verdicts_print() -> None:
    assert str(dg.Verdict(True, ())) == "equilibrated: yes"
    verdict = dg.Verdict(False, ("of this", "of that"))
    assert str(verdict) == "equilibrated: no, because of this; and of that"
    assert not verdict


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"betas": BETAS[::-1]}, "betas must ascend"),
        ({"betas": BETAS[:3]}, "with 3 rungs as betas has"),
        ({"betas": BETAS - 1}, "betas must be non-negative, got -0.8 at index 0"),
        ({"significance": 0.0}, "significance must be between 0 and 1"),
        ({"min_ess": -1}, "min_ess must be positive"),
        ({"max_r_hat": np.nan}, "max_r_hat must be positive"),
        ({"round_trips": [1, 2, 3]}, "round_trips must be 2, one a ladder, got 3"),
        ({"round_trips": [1, -2]}, "round_trips must be non-negative"),
        ({"min_round_trips": -1}, "min_round_trips must be at least 0"),
        ({"moments": {"q": np.ones((1, 3, 64))}}, r"moments\['q'\] must have shape"),
    ],
)
def test_bad_input_is_refused(change: dict[str, object], message: str) -> None:
    call = {"energies": stationary(1, num_draws=64), "betas": BETAS} | change
    with pytest.raises(ValueError, match=message):
        dg.equilibration(call.pop("energies"), call.pop("betas"), **call)
