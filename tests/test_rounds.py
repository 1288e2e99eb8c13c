"""How a time limit is filled, on a machine of known speed; how reads of rounds are merged."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magnetite.results import Best
from magnetite.rounds import (
    MAX_SWEEPS,
    Filling,
    Pool,
    Round,
    first_round,
    lowest_distinct,
    merge,
    next_round,
    plan_filling,
)


def plan(**changes: object) -> Filling:
    options: dict[str, object] = {
        "num_reads": 1,
        "num_sweeps": None,
        "num_threads": 2,
        "time_limit": 10.0,
        "num_variables": 2000,
        "num_couplings": 20000,
    }
    return plan_filling(**{**options, **changes})  # type: ignore[arg-type]


def simulate(filling: Filling, limit: float, cost: float, overhead: float = 0.0) -> list[Round]:
    """Run the rounds on a machine that takes `cost` seconds a sweep of a read."""
    rounds: list[Round] = []
    following: Round | None = first_round(filling, 0)
    left = limit
    while following is not None:
        seconds = overhead + following.num_reads * following.num_sweeps * cost
        rounds.append(
            Round(following.num_reads, following.num_sweeps, following.first_chain, seconds)
        )
        left -= seconds
        following = next_round(filling, rounds[-1], left)
    return rounds


@pytest.mark.parametrize(("num_reads", "raised"), [(1, 64), (64, 64), (65, 128), (1000, 1024)])
def test_reads_are_raised_to_fill_the_threads(num_reads: int, raised: int) -> None:
    assert plan(num_reads=num_reads).num_reads == raised


def test_first_round_is_short_on_large_models() -> None:
    assert plan(time_limit=100.0).num_sweeps == 100
    large = plan(num_variables=10**5, num_couplings=3 * 10**5, time_limit=10.0)
    assert (large.num_reads, large.num_sweeps) == (64, 2)
    larger = plan(num_variables=10**6, num_couplings=3 * 10**6, time_limit=10.0)
    assert (larger.num_reads, larger.num_sweeps) == (14, 1)
    none = plan(time_limit=0.0)
    assert (none.num_reads, none.num_sweeps) == (2, 1)


@given(
    limit=st.floats(0.1, 1000),
    sweeps_in_limit=st.floats(2000, 1e9),
    overhead=st.floats(0, 0.001),
)
def test_the_longest_round_gets_most_of_the_time_and_none_is_cut(
    limit: float, sweeps_in_limit: float, overhead: float
) -> None:
    filling = plan(time_limit=limit)
    cost = limit / (sweeps_in_limit * filling.num_reads)
    rounds = simulate(filling, limit, cost, overhead * limit)
    ends = list(itertools.accumulate(this.seconds for this in rounds))
    longest = max(range(len(rounds)), key=lambda number: rounds[number].seconds)
    capped = any(this.num_sweeps == MAX_SWEEPS for this in rounds)
    assert ends[longest] <= limit
    assert capped or rounds[longest].seconds > 0.55 * limit
    assert 0.9 * limit < ends[-1] < 1.01 * limit


@given(limit=st.floats(0.1, 100), reads_in_limit=st.floats(1000, 1e7))
def test_reads_grow_where_sweeps_are_fixed(limit: float, reads_in_limit: float) -> None:
    filling = plan(num_sweeps=50, time_limit=limit)
    rounds = simulate(filling, limit, limit / (50 * reads_in_limit))
    assert {this.num_sweeps for this in rounds} == {50}
    assert all(this.num_reads % filling.smallest == 0 for this in rounds)
    assert max(this.num_reads for this in rounds) <= filling.largest
    assert sum(this.seconds for this in rounds) <= limit
    assert len(rounds) < 60 or filling.largest < reads_in_limit / 40


def test_chains_continue_from_round_to_round() -> None:
    rounds = simulate(plan(), 10.0, 1e-6)
    assert len(rounds) > 3
    for before, after in itertools.pairwise(rounds):
        assert after.first_chain == before.first_chain + before.num_reads


def test_no_time_left_ends() -> None:
    last = Round(64, 100, 0, seconds=1.0)
    assert next_round(plan(), last, 0.0) is None
    assert next_round(plan(), last, -1.0) is None
    assert next_round(plan(), last, 0.1) is None


def test_immeasurably_fast_rounds_grow() -> None:
    following = next_round(plan(), Round(64, 100, 0, seconds=0.0), 1.0)
    assert following == Round(64, 400, 64)
    assert next_round(plan(), Round(64, 100, 0, seconds=0.0), 0.0) is None


def test_sweeps_are_bounded() -> None:
    following = next_round(plan(), Round(64, MAX_SWEEPS, 0, seconds=1.0), 1e6)
    assert following is not None
    assert following.num_sweeps == MAX_SWEEPS


def pool(energies: list[float], chain: int, seed: int = 0) -> Pool:
    array = np.array(energies)
    rng = np.random.default_rng([seed, chain])
    states = rng.choice(np.array([-1, 1], np.int8), (array.size, 20))
    best = Best(states[array.argmin()], float(array.min()))
    return Pool(
        states=states,
        energies=array,
        sweeps_done=np.full(array.size, 10 + chain),
        chains=np.arange(chain, chain + array.size),
        best=best,
        best_states=best.state[None],
        best_energies=np.array([best.energy]),
    )


def test_merge_keeps_the_lowest_reads_of_all() -> None:
    first, second = pool([3.0, -1.0, 2.0], 0), pool([-1.0, -5.0], 3)
    merged = merge([first, second], num_reads=3, num_best=5)
    assert merged.energies.tolist() == [-5.0, -1.0, -1.0]
    assert merged.chains.tolist() == [4, 1, 3]
    assert merged.sweeps_done.tolist() == [13, 10, 13]
    assert (merged.states[0] == second.states[1]).all()
    assert merged.best is second.best
    assert merged.best_energies.tolist() == [-5.0, -1.0]


@given(st.lists(st.lists(st.integers(-9, 9), min_size=1, max_size=6), min_size=1, max_size=5))
def test_merging_one_by_one_is_merging_at_once(groups: list[list[int]]) -> None:
    starts = itertools.accumulate([0, *map(len, groups)])
    pools = [pool([float(e) for e in g], start) for g, start in zip(groups, starts, strict=False)]
    at_once = merge(pools, num_reads=4, num_best=3)
    one_by_one = merge(pools[:1], num_reads=4, num_best=3)
    for other in pools[1:]:
        one_by_one = merge([one_by_one, other], num_reads=4, num_best=3)
    assert one_by_one.chains.tolist() == at_once.chains.tolist()
    assert one_by_one.energies.tolist() == sorted(e for g in groups for e in g)[:4]
    assert one_by_one.best_energies.tolist() == at_once.best_energies.tolist()


def test_lowest_distinct_has_no_state_twice() -> None:
    states = np.array([[1, 1], [1, -1], [1, 1], [-1, 1]], np.int8)
    lowest, energies = lowest_distinct(states, np.array([0.0, -1.0, 0.0, -1.0]), 10)
    assert lowest.tolist() == [[1, -1], [-1, 1], [1, 1]]
    assert energies.tolist() == [-1.0, -1.0, 0.0]
    lowest, energies = lowest_distinct(states, np.zeros(4), 0)
    assert lowest.shape == (0, 2)


def test_lowest_distinct_of_no_variables() -> None:
    lowest, _ = lowest_distinct(np.empty((3, 0), np.int8), np.zeros(3), 2)
    assert lowest.shape == (1, 0)


def test_pool_survives_a_checkpoint() -> None:
    before = pool([1.0, math.inf], 5)
    after = Pool.from_content(before.content())
    for name, value in vars(before).items():
        if isinstance(value, np.ndarray):
            assert getattr(after, name).tolist() == value.tolist()
    assert after.best.energy == before.best.energy
