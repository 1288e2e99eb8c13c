"""Seeds, threads, schedules, initial states, clamps, memory: what is taken and what is refused."""

import itertools
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import magnetite as mg
from magnetite import memory
from magnetite.estimates import Estimate, mean_of_chains
from magnetite.memory import check_memory
from magnetite.options import check_beta, check_seed, check_threads, usable_cores
from magnetite.schedules import check_schedule
from magnetite.starts import check_clamp, check_initial_states, tile_states

SPINS = mg.Ising({("a", "b"): 1.0, ("b", "c"): 1.0})
BITS = mg.Qubo(np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 2.0], [0.0, 0.0, 1.0]]))


def default_range() -> tuple[float, float]:
    return 0.1, 10.0


class TestSeed:
    @given(st.integers(0, 2**200))
    def test_an_integer_replays_itself(self, number: int) -> None:
        seed = check_seed(number)
        assert seed.replay == number
        assert 0 <= seed.key < 2**64
        assert check_seed(seed.replay) == seed

    def test_the_key_is_numpys(self) -> None:
        expected = np.random.SeedSequence(7).generate_state(1, np.uint64)[0]
        assert check_seed(7).key == expected
        assert check_seed(np.int32(7)) == check_seed(7)

    def test_neighbouring_seeds_have_unrelated_keys(self) -> None:
        keys = [check_seed(number).key for number in range(100)]
        bits = [bin(a ^ b).count("1") for a, b in itertools.pairwise(keys)]
        # 64 fair bits a pair: standard deviation 4 a pair, 0.4 for the mean of 99.
        assert abs(np.mean(bits) - 32) < 5 * 0.4

    def test_seed_sequence_is_worth_its_entropy(self) -> None:
        assert check_seed(np.random.SeedSequence(5)) == check_seed(5)

    def test_spawned_sequences_differ_and_replay(self) -> None:
        first, second = np.random.SeedSequence(5).spawn(2)
        seeds = [check_seed(first), check_seed(second), check_seed(5)]
        assert len({seed.key for seed in seeds}) == 3
        assert check_seed(seeds[0].replay) == seeds[0]
        assert check_seed(first) == seeds[0]

    def test_generator_is_advanced_once(self) -> None:
        rng, twin = np.random.default_rng(3), np.random.default_rng(3)
        seed = check_seed(rng)
        assert seed.replay == twin.integers(2**63)
        assert rng.bit_generator.state == twin.bit_generator.state
        assert check_seed(rng) != seed
        assert check_seed(seed.replay) == seed

    def test_none_is_fresh_and_replays(self) -> None:
        seed = check_seed(None)
        assert seed != check_seed(None)
        assert check_seed(seed.replay) == seed

    def test_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^seed must be non-negative, got -1$"):
            check_seed(-1)
        for wrong in (1.5, "1", True):
            with pytest.raises(TypeError, match=rf"seed must be .* got {type(wrong).__name__}$"):
                check_seed(wrong)  # type: ignore[arg-type]


class TestThreads:
    def test_given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MAGNETITE_NUM_THREADS", "7")
        assert check_threads(3) == 3
        assert check_threads(None) == 7

    @pytest.mark.parametrize("unset", [None, "", " "])
    def test_default_is_the_usable_cores(
        self, monkeypatch: pytest.MonkeyPatch, unset: str | None
    ) -> None:
        monkeypatch.delenv("MAGNETITE_NUM_THREADS", raising=False)
        if unset is not None:
            monkeypatch.setenv("MAGNETITE_NUM_THREADS", unset)
        assert check_threads(None) == usable_cores()

    def test_affinity_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 4, 5}, raising=False)
        assert usable_cores() == 3
        monkeypatch.delattr(os, "sched_getaffinity")
        monkeypatch.setattr(os, "cpu_count", lambda: None)
        assert usable_cores() == 1

    def test_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(ValueError, match="num_threads must be at least 1, got 0"):
            check_threads(0)
        with pytest.raises(ValueError, match=r"num_threads must be below 2\*\*16, got 65536"):
            check_threads(2**16)
        monkeypatch.setenv("MAGNETITE_NUM_THREADS", "0")
        with pytest.raises(ValueError, match="MAGNETITE_NUM_THREADS must be at least 1, got 0"):
            check_threads(None)
        for text in ("two", "-1", "1.5"):
            monkeypatch.setenv("MAGNETITE_NUM_THREADS", text)
            with pytest.raises(ValueError, match=f"MAGNETITE_NUM_THREADS .* got '{text}'"):
                check_threads(None)


class TestSchedule:
    def test_geometric_by_default_range(self) -> None:
        schedule = check_schedule("geometric", None, default_range)
        assert (schedule.name, schedule.beta_range) == ("geometric", (0.1, 10.0))
        assert schedule.betas(3) == ("geometric", 0.1, 10.0, 3)

    def test_linear_may_start_at_zero_and_decrease(self) -> None:
        assert check_schedule("linear", (0, 3), default_range).betas(4) == ("linear", 0, 3, 4)
        assert check_schedule("linear", [3, 0], default_range).betas(2) == ("linear", 3, 0, 2)

    @given(st.lists(st.floats(0, math.inf), max_size=20))
    def test_custom_is_taken_as_given(self, betas: list[float]) -> None:
        schedule = check_schedule(betas, None, default_range)
        assert list(schedule.betas(len(betas))) == betas
        assert schedule.beta_range == ((betas[0], betas[-1]) if betas else None)

    def test_custom_is_a_copy(self) -> None:
        betas = np.array([1.0, 2.0])
        schedule = check_schedule(betas, None, default_range)
        betas[:] = 5.0
        assert list(schedule.betas(2)) == [1.0, 2.0]

    @pytest.mark.parametrize(
        ("beta_schedule", "beta_range", "error", "message"),
        [
            (
                "cosine",
                None,
                ValueError,
                "beta_schedule must be one of 'geometric', 'linear', got ",
            ),
            ([0.1, -0.3], None, ValueError, "betas must be non-negative, got -0.3 at index 1"),
            ([math.nan], None, ValueError, "betas must be non-negative, got nan at index 0"),
            ([[1.0]], None, ValueError, r"one beta a sweep, got an array of shape \(1, 1\)"),
            (3.0, None, ValueError, r"one beta a sweep, got an array of shape \(\)"),
            (["a"], None, TypeError, "beta_schedule must hold real numbers"),
            ([1.0], (0, 1), ValueError, "beta_range must be None when beta_schedule is an array"),
            ("linear", (0, 1, 2), ValueError, "beta_range must be two betas, .* got 3"),
            ("linear", (0, -1), ValueError, r"beta_range\[1\] must be non-negative, got -1"),
            ("linear", (math.nan, 1), ValueError, r"beta_range\[0\] must be non-negative, got nan"),
            ("linear", (0, math.inf), ValueError, "beta_range must be finite .* at index 1"),
            ("geometric", (0, 1), ValueError, "must be positive for a geometric .* at index 0"),
            ("linear", ("a", 1), TypeError, r"beta_range\[0\] must be a real number, got str"),
            ("linear", 2.0, TypeError, "beta_range must be two betas, first and last, got 2.0"),
        ],
    )
    def test_refused(
        self, beta_schedule: Any, beta_range: Any, error: type[Exception], message: str
    ) -> None:
        with pytest.raises(error, match=message):
            check_schedule(beta_schedule, beta_range, default_range)


class TestClamp:
    def test_none_holds_nothing(self) -> None:
        assert check_clamp(SPINS, None).sites.tolist() == []
        assert check_clamp(SPINS, {}).sites.tolist() == []
        assert check_clamp(SPINS, ([], [])).sites.tolist() == []

    def test_labels_and_positions_agree(self) -> None:
        by_label = check_clamp(SPINS, {"c": -1, "a": 1})
        by_position = check_clamp(SPINS, (np.array([2, 0]), np.array([-1.0, 1.0])))
        for clamp in (by_label, by_position):
            assert clamp.sites.tolist() == [0, 2]
            assert clamp.spins.tolist() == [1, -1]
            assert (clamp.sites.dtype, clamp.spins.dtype) == (np.int64, np.int8)

    def test_bits_become_spins(self) -> None:
        assert check_clamp(BITS, {0: 0, 2: 1}).spins.tolist() == [-1, 1]

    def test_the_same_twice_is_fine(self) -> None:
        clamp = check_clamp(SPINS, ([1, 0, 1], [-1, 1, -1]))
        assert (clamp.sites.tolist(), clamp.spins.tolist()) == ([0, 1], [1, -1])

    @pytest.mark.parametrize(
        ("clamp", "error", "message"),
        [
            ({"z": 1}, ValueError, "clamp names 'z', which is no variable of the model"),
            ({"a": 0}, ValueError, "clamp values must be -1 or 1, got 0 for 'a'"),
            ({"a": math.nan}, ValueError, "clamp values must be -1 or 1, got nan for 'a'"),
            ({"a": "up"}, ValueError, "clamp values must be -1 or 1, got 'up' for 'a'"),
            (
                ([0, 1], [1]),
                ValueError,
                r"one value a site, got 2 sites and values of shape \(1,\)",
            ),
            (([3], [1]), ValueError, "clamp sites must be below 3 .* got 3 at index 0"),
            (([0, -1], [1, 1]), ValueError, "clamp sites must be .* non-negative, got -1 at index"),
            (([0.5], [1]), ValueError, "clamp must give its sites as a vector of integers"),
            (([1, 1], [1, -1]), ValueError, "clamp holds 'b' at two different values"),
            ([1, 2], TypeError, "clamp must be a dict .* got list"),
        ],
    )
    def test_refused(self, clamp: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            check_clamp(SPINS, clamp)


class TestInitialStates:
    def test_clamp_wins_and_the_callers_array_stays(self) -> None:
        given_states = np.array([[1, 1, 1], [-1, -1, -1]], np.int8)
        states = check_initial_states(SPINS, given_states, check_clamp(SPINS, {"b": -1}))
        assert states is not None
        assert states.tolist() == [[1, -1, 1], [-1, -1, -1]]
        assert given_states.tolist() == [[1, 1, 1], [-1, -1, -1]]

    def test_bits_of_any_kind(self) -> None:
        none = check_clamp(BITS, None)
        for states in ([0, 1, 1], np.array([[0, 1, 1]], bool), np.array([0.0, 1.0, 1.0])):
            spins = check_initial_states(BITS, states, none)
            assert spins is not None
            assert spins.tolist() == [[-1, 1, 1]]

    def test_tiled_in_turn(self) -> None:
        states = np.array([[1, 1], [-1, 1]], np.int8)
        tiled = tile_states(states, 5)
        assert tiled is not None
        assert tiled.tolist() == [[1, 1], [-1, 1], [1, 1], [-1, 1], [1, 1]]
        assert tiled.dtype == np.int8

    def test_no_variables(self) -> None:
        tiled = tile_states(np.empty((1, 0), np.int8), 4)
        assert tiled is not None
        assert tiled.shape == (4, 0)

    @pytest.mark.parametrize(
        ("states", "error", "message"),
        [
            ([1, 1], ValueError, "initial_states must have shape"),
            (np.ones((2, 4)), ValueError, r"have shape \(3,\) or \(k, 3\), got \(2, 4\)"),
            ([1, 0, 1], ValueError, "initial_states must hold -1 or 1, got 0 at index 1"),
            ([1, 1, math.nan], ValueError, "initial_states must hold -1 or 1, got nan at index 2"),
            (["a", "b", "c"], TypeError, "initial_states must hold numbers, got dtype <U1"),
            (np.empty((0, 3)), ValueError, "initial_states must hold at least one state, got none"),
        ],
    )
    def test_refused(self, states: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            check_initial_states(SPINS, states, check_clamp(SPINS, None))

    def test_more_states_than_chains(self) -> None:
        with pytest.raises(ValueError, match="got 3 states and num_reads=2"):
            tile_states(np.ones((3, 2), np.int8), 2)


class TestMemory:
    def test_names_what_is_largest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "available_memory", lambda: 20 * 10**9)
        check_memory({"states": 16 * 10**9, "betas": 10**9})
        with pytest.raises(MemoryError) as caught:
            check_memory({"states of num_reads=8": 2 * 10**13, "betas": 10**9})
        assert str(caught.value) == (
            "this would need 20.0 TB, most of it for states of num_reads=8 (20.0 TB), "
            "but it may take at most 18.0 GB of this machine's memory"
        )

    def test_the_smallest_limit_counts(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        free, group, none = (tmp_path / name for name in ("meminfo", "group", "none"))
        free.write_text("MemTotal:  9000 kB\nMemAvailable:   3000 kB\n")
        group.write_text("2000\n")
        none.write_text("max\n")
        monkeypatch.setattr(memory, "_MEMINFO", free)
        monkeypatch.setattr(memory, "_GROUP_LIMITS", (none, tmp_path / "missing"))
        assert memory.available_memory() == 3000 * 1024
        monkeypatch.setattr(memory, "_GROUP_LIMITS", (none, group))
        assert memory.available_memory() == 2000

    def test_unknown_memory_refuses_nothing(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def no_such_name(name: str) -> int:
            raise ValueError(name)

        monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "missing")
        monkeypatch.setattr(memory, "_GROUP_LIMITS", ())
        assert memory.available_memory() is not None
        monkeypatch.setattr(os, "sysconf", no_such_name)
        check_memory({"states": 10**30})

    @pytest.mark.parametrize(
        ("size", "text"), [(999, "999 bytes"), (10**4, "10.0 kB"), (10**25, "1e+07 EB")]
    )
    def test_readable(self, size: int, text: str) -> None:
        assert memory._readable(size) == text


class TestNumbers:
    def test_beta(self) -> None:
        assert check_beta("beta", 0) == 0.0
        assert check_beta("beta", np.float32(0.5)) == 0.5
        assert check_beta("beta", math.inf) == math.inf
        with pytest.raises(ValueError, match=r"^beta must be non-negative, got -0.5$"):
            check_beta("beta", -0.5)
        with pytest.raises(TypeError, match=r"^beta must be a real number, got str$"):
            check_beta("beta", "1")  # type: ignore[arg-type]


class TestEstimate:
    def test_mean_of_chains_is_calibrated(self) -> None:
        draws = np.random.default_rng(1).normal(2.0, 3.0, (400, 50))
        estimate = mean_of_chains(draws)
        exact_error = 3.0 / math.sqrt(draws.size)
        assert abs(estimate.value - 2.0) < 5 * exact_error
        # The error of an error from 400 chains is 1 / sqrt(2 * 399) of it.
        assert abs(estimate.error / exact_error - 1) < 5 / math.sqrt(2 * 399)
        assert abs(estimate.ess / draws.size - 1) < 10 / math.sqrt(2 * 399)

    def test_draws_not_reached_are_left_out(self) -> None:
        estimate = mean_of_chains([[1.0, 3.0], [4.0, math.nan], [math.nan, math.nan]])
        assert estimate.value == 3.0

    def test_equal_draws_have_no_error(self) -> None:
        assert mean_of_chains(np.ones((4, 5))) == Estimate(1.0, 0.0, (1.0, 1.0), 20.0, True, "")

    @pytest.mark.parametrize("draws", [np.ones((1, 5)), np.empty((4, 0)), np.full((3, 2), np.nan)])
    def test_refused(self, draws: Any) -> None:
        estimate = mean_of_chains(draws)
        assert not estimate.reliable
        assert math.isnan(estimate.value)
        assert "at least 2 chains" in estimate.reason
        assert "unreliable" in str(estimate)
