"""Ladders: what they are tuned from, and that tuning ends where it should."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import magnetite as mg
from magnetite.ladders import (
    barrier,
    enough_rungs,
    equalised,
    expected_trips,
    first_ladder,
    flow_optimised,
)
from magnetite.stages import Seen, Stage, first_stage, next_ladder, tuning_rounds
from tools.plans import temper_plan

RATES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30)
RUNGS = st.integers(2, 60)


@given(RATES, RUNGS, st.floats(0.0, 2.0), st.floats(0.01, 5.0))
def test_tuned_ladders_ascend_between_the_same_ends(
    rates: list[float], num_rungs: int, hot: float, width: float
) -> None:
    betas = first_ladder(hot, hot + width, len(rates) + 1)
    assert betas[0] == hot and betas[-1] == hot + width
    for ladder in (
        equalised(betas, np.array(rates), num_rungs),
        flow_optimised(betas, *counts(len(rates) + 1, rates), num_rungs),
    ):
        assert ladder.size == num_rungs
        assert ladder[0] == hot and ladder[-1] == hot + width
        assert (np.diff(ladder) > 0).all()


def counts(num_rungs: int, rates: list[float]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many replicas came from either end, in any proportion."""
    from_hot = np.array([100, *(int(100 * rate) for rate in rates)])[:num_rungs]
    return from_hot, 100 - from_hot


@given(RATES)
def test_a_ladder_of_equal_rates_stays(rates: list[float]) -> None:
    betas = first_ladder(0.0, 3.0, len(rates) + 1)
    once = equalised(betas, np.array(rates), len(rates) + 1)
    even = np.full(len(rates), 0.4)
    np.testing.assert_allclose(equalised(once, even, once.size), once, rtol=1e-12, atol=1e-12)


def test_equal_barriers_between_rungs() -> None:
    betas, rates = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.2, 0.7, 0.3])
    ladder = equalised(betas, rates, 7)
    heights = np.interp(ladder, betas, barrier(rates))
    np.testing.assert_allclose(np.diff(heights), 0.2, rtol=1e-12)


def test_flow_puts_rungs_where_it_falls() -> None:
    from_hot = np.array([100, 99, 98, 10, 2, 0])
    ladder = flow_optimised(np.arange(6.0), from_hot, 100 - from_hot, 12)
    assert ((ladder >= 2) & (ladder <= 3)).sum() >= 5


def test_rungs_follow_the_barrier() -> None:
    assert [enough_rungs(total) for total in (0.0, 0.4, 3.0, 1e9)] == [2, 2, 7, 512]
    assert expected_trips(np.zeros(9)) == 0.5
    assert expected_trips(np.ones(2)) < 1e-11


@given(st.integers(1, 10**9), st.booleans())
def test_rounds_grow_and_add_up(total: int, only_clusters: bool) -> None:
    rounds = tuning_rounds(total, only_clusters)
    assert sum(rounds) == total
    assert min(rounds) > 0
    assert all(after >= 2 * before for before, after in pairwise(rounds))
    assert tuning_rounds(0, only_clusters) == []


def seen(stage: Stage, rejections: float, trips: int, **changes: Any) -> Seen:
    """Return a round of 1000 exchanges of 2 ladders with even rates and an even flow."""
    rungs = stage.betas.size
    tried = np.full(rungs - 1, 1000)
    from_hot = np.rint(np.linspace(1000, 0, rungs)).astype(np.int64)
    return Seen(
        **{
            "tried": tried,
            "accepted": tried * (1 - rejections),
            "from_hot": from_hot,
            "from_cold": 1000 - from_hot,
            "round_trips": trips,
            "moves": np.zeros((rungs, 3), np.int64),
            "exchanges": 1000,
            "num_ladders": 2,
            **changes,
        }
    )


def test_a_bottleneck_is_met_by_flow_and_the_better_ladder_stays() -> None:
    plan = temper_plan(num_rungs=10)
    stage = first_stage(plan, 64)
    smooth = seen(stage, 0.5, trips=90)  # 2 x 1000 / 20 exchanges: nearly all that rates allow
    assert next_ladder(plan, stage, smooth, None, last=True)[1] == "rejections"
    slow = seen(stage, 0.5, trips=20)
    assert next_ladder(plan, stage, slow, None, last=False)[1] == "rejections"
    betas, how = next_ladder(plan, stage, slow, None, last=True)
    assert how == "flow"
    tried = Stage(betas, stage.clusters, 128, 0, 64, False, how)
    better, worse = seen(tried, 0.5, trips=40), seen(tried, 0.5, trips=10)
    assert next_ladder(plan, tried, better, (stage, slow), last=False)[1] == "flow"
    back, how = next_ladder(plan, tried, worse, (stage, slow), last=False)
    assert how == "rejections"
    np.testing.assert_allclose(back, stage.betas)


def test_the_number_of_rungs_is_found_in_steps_of_twice() -> None:
    plan = temper_plan()
    stage = first_stage(plan, 16)
    assert stage.betas.size == 24
    frozen = seen(stage, 0.99, trips=0)
    assert next_ladder(plan, stage, frozen, None, last=False)[0].size == 48
    easy = seen(stage, 0.05, trips=100)
    assert next_ladder(plan, stage, easy, None, last=False)[0].size == 4


def test_clusters_that_percolate_are_told() -> None:
    stage = first_stage(temper_plan(num_rungs=4), 16)
    moves = np.array([[10, 990, 1000], [10, 500, 1000], [10, 0, 0], [10, 800, 1000]])
    assert seen(stage, 0.5, 0, moves=moves).non_percolating().tolist() == [
        False,
        True,
        False,
        False,
    ]


@pytest.mark.slow
def test_tuning_makes_replicas_travel() -> None:
    """On a spin glass, a tuned ladder makes more round trips than a geometric one of its size."""
    rng = np.random.default_rng(4)
    site = np.arange(216).reshape(6, 6, 6)
    rows = np.tile(site.ravel(), 3)
    columns = np.concatenate([np.roll(site, -1, axis).ravel() for axis in range(3)])
    model = mg.Ising((rows, columns, rng.choice([-1.0, 1.0], rows.size)))
    options: dict[str, Any] = {"num_sweeps": 20_000, "num_ladders": 4, "seed": 1}
    tuned = mg.temper(model, **options)
    ends = tuned.betas[[0, -1]]
    plain = mg.temper(
        model, betas=np.geomspace(*ends, tuned.betas.size), cluster_moves=False, **options
    )
    assert tuned.round_trips.sum() > plain.round_trips.sum()
