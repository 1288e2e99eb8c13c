"""`anneal` on the real core: what is promised about bits, options and time."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import magnetite as mg
from magnetite.control import Progress
from magnetite.results import AnnealResult
from tools.runs import CHAIN, MODELS, assert_equal_runs, endless


class TestBits:
    """A read is a function of the seed and its own number."""

    @pytest.mark.parametrize("name", MODELS)
    @pytest.mark.parametrize("kernel", ["metropolis", "gibbs", "dwave"])
    @pytest.mark.parametrize("scan", ["sequential", "permutation", "random"])
    def test_any_number_of_threads(self, name: str, kernel: str, scan: str) -> None:
        options: dict[str, Any] = {"num_reads": 37, "num_sweeps": 19, "seed": 5}
        runs = [
            mg.anneal(MODELS[name], **options, kernel=kernel, scan=scan, num_threads=threads)
            for threads in (1, 2, 5)
        ]
        assert_equal_runs(runs[0], runs[1])
        assert_equal_runs(runs[0], runs[2])

    @given(st.integers(1, 70), st.integers(0, 80))
    @settings(max_examples=15)
    def test_reads_elsewhere_are_the_same_reads(self, count: int, first: int) -> None:
        options: dict[str, Any] = {"num_sweeps": 11, "seed": 5}
        whole = mg.anneal(MODELS["sparse"], num_reads=150, **options)
        part = mg.anneal(MODELS["sparse"], num_reads=count, first_chain=first, **options)
        assert part.states.tolist() == whole.states[first : first + count].tolist()
        assert part.energies.tolist() == whole.energies[first : first + count].tolist()
        assert part.chains.tolist() == list(range(first, first + count))

    def test_seeds_and_reads_differ(self) -> None:
        runs = [
            mg.anneal(MODELS["sparse"], num_reads=40, num_sweeps=1, keep="last", seed=seed)
            for seed in range(3)
        ]
        states = np.concatenate([run.states for run in runs])
        assert len(np.unique(states, axis=0)) == 120

    def test_info_replays_the_run(self) -> None:
        for seed in (None, np.random.default_rng(1), np.random.SeedSequence(3).spawn(1)[0]):
            run = mg.anneal(MODELS["sparse"], num_reads=4, num_sweeps=5, seed=seed)
            again = mg.anneal(MODELS["sparse"], num_reads=4, num_sweeps=5, seed=run.info["seed"])
            assert_equal_runs(run, again)

    def test_a_callback_changes_nothing(self) -> None:
        options: dict[str, Any] = {"num_reads": 32, "num_sweeps": 2000, "seed": 5}
        told = mg.anneal(MODELS["sparse"], **options, callback=lambda progress: None)
        assert_equal_runs(told, mg.anneal(MODELS["sparse"], **options))


class TestOptions:
    def test_defaults_are_64_reads_of_1000_sweeps(self) -> None:
        result = mg.anneal(MODELS["one"], seed=1)
        assert result.sweeps_done.tolist() == [1000] * 64

    def test_keep_last(self) -> None:
        best = mg.anneal(MODELS["sparse"], num_sweeps=30, seed=1)
        last = mg.anneal(MODELS["sparse"], num_sweeps=30, seed=1, keep="last")
        assert (best.energies <= last.energies).all()
        assert last.energies.tolist() == MODELS["sparse"].energies(last.states).tolist()
        assert last.best.energy == best.best.energy

    def test_no_sweeps_give_the_start(self) -> None:
        start = np.array([[1] * 60, [-1] * 60], np.int8)
        result = mg.anneal(MODELS["sparse"], num_sweeps=0, initial_states=start)
        assert result.states.tolist() == start.tolist()
        assert result.best.energy == result.energies.min()

    @pytest.mark.parametrize("name", MODELS)
    @pytest.mark.parametrize("num_sweeps", [0, 1])
    def test_smallest_runs(self, name: str, num_sweeps: int) -> None:
        result = mg.anneal(MODELS[name], num_reads=1, num_sweeps=num_sweeps, seed=1)
        assert result.states.shape == (1, MODELS[name].num_variables)
        assert result.energies.tolist() == MODELS[name].energies(result.states).tolist()

    @pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-170, 1e-160, 1e160, 1e170, 1e307])
    def test_coefficients_of_any_size(self, size: float) -> None:
        model = mg.Ising({(0, 1): size, (1, 2): -size})
        result = mg.anneal(model, num_reads=8, num_sweeps=20, seed=1)
        assert all(0 < beta < np.inf for beta in result.info["beta_range"])
        assert size < 1e-300 or result.best.energy == -2 * size

    @pytest.mark.parametrize("beta_schedule", ["geometric", "linear"])
    def test_sweeps_cost_no_memory(self, beta_schedule: str) -> None:
        result = mg.anneal(
            MODELS["sparse"],
            num_reads=3,
            num_sweeps=2**61,
            beta_schedule=beta_schedule,
            trajectory=2,
            time_limit=0.01,
            seed=1,
        )
        assert result.info["stop_reason"] == "time_limit"
        assert result.trajectory.sweeps.tolist() == [2**60, 2**61]

    @pytest.mark.parametrize("betas", [[], [0.0], [np.inf], [3.0, 0.0, 1.0, np.inf]])
    def test_custom_schedules(self, betas: list[float]) -> None:
        result = mg.anneal(MODELS["sparse"], beta_schedule=betas, seed=1)
        assert result.sweeps_done.tolist() == [len(betas)] * 64
        assert result.info["beta_schedule"] == "custom"

    @pytest.mark.parametrize("beta_schedule", ["geometric", "linear"])
    @pytest.mark.parametrize("ends", [(3.0, 0.1), (1.0, 1.0)])
    def test_betas_may_fall_or_stay(self, beta_schedule: str, ends: tuple[float, float]) -> None:
        result = mg.anneal(
            MODELS["sparse"], num_sweeps=9, beta_range=ends, beta_schedule=beta_schedule, seed=1
        )
        assert result.info["beta_range"] == ends
        assert result.sweeps_done.tolist() == [9] * 64

    def test_arrays_of_any_type_and_layout(self) -> None:
        betas, start = np.linspace(0.1, 3.0, 12), np.ones((4, 60), np.int8)
        strided = np.repeat(betas, 2)[::-1][::-2][::1]
        strided.flags.writeable = False
        plain = mg.anneal(MODELS["sparse"], beta_schedule=betas, initial_states=start, seed=1)
        other = mg.anneal(
            MODELS["sparse"],
            beta_schedule=strided,
            initial_states=np.broadcast_to(np.float32(1), (8, 60))[::2],
            seed=np.int64(1),
        )
        assert_equal_runs(plain, other)

    def test_initial_states_count_as_reads(self) -> None:
        start = np.ones((7, 60), np.int8)
        assert mg.anneal(MODELS["sparse"], num_sweeps=1, initial_states=start).states.shape[0] == 7
        one = mg.anneal(MODELS["sparse"], num_sweeps=1, initial_states=start[0])
        assert one.states.shape[0] == 64
        tiled = mg.anneal(MODELS["sparse"], num_sweeps=0, num_reads=9, initial_states=start)
        assert tiled.states.shape[0] == 9

    @pytest.mark.parametrize("kernel", ["metropolis", "gibbs", "dwave"])
    @pytest.mark.parametrize("scan", ["sequential", "permutation", "random"])
    def test_clamped_sites_stay(self, kernel: str, scan: str) -> None:
        clamp = {site: 1 if site % 4 else 0 for site in range(0, 30, 2)}
        result = mg.anneal(
            MODELS["qubo"],
            num_reads=20,
            num_sweeps=20,
            clamp=clamp,
            kernel=kernel,
            scan=scan,
            initial_states=np.zeros(30),
            seed=1,
        )
        assert (result.states[:, list(clamp)] == list(clamp.values())).all()
        assert (result.best.state[list(clamp)] == list(clamp.values())).all()

    def test_everything_clamped(self) -> None:
        clamp = (np.arange(60), np.ones(60))
        result = mg.anneal(MODELS["sparse"], clamp=clamp, time_limit=60.0)
        assert (result.states == 1).all()
        assert result.info["stop_reason"] == "completed"

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"num_reads": 0}, ValueError, "num_reads must be at least 1, got 0"),
            ({"num_reads": 1.5}, TypeError, "num_reads must be an integer, got 1.5"),
            ({"num_sweeps": -1}, ValueError, "num_sweeps must be at least 0, got -1"),
            ({"num_best": -1}, ValueError, "num_best must be at least 0, got -1"),
            ({"trajectory": -1}, ValueError, "trajectory must be at least 0, got -1"),
            ({"first_chain": -1}, ValueError, "first_chain must be at least 0, got -1"),
            ({"num_threads": 0}, ValueError, "num_threads must be at least 1, got 0"),
            (
                {"kernel": "heat"},
                ValueError,
                "kernel must be one of 'metropolis', 'gibbs', 'dwave'",
            ),
            (
                {"scan": "snake"},
                ValueError,
                "scan must be one of 'sequential', 'permutation', 'ran",
            ),
            ({"keep": "all"}, ValueError, "keep must be one of 'best', 'last', got 'all'"),
            (
                {"beta_schedule": "log"},
                ValueError,
                "beta_schedule must be one of 'geometric', 'lin",
            ),
            ({"beta_range": (1, -2)}, ValueError, r"beta_range\[1\] must be non-negative, got -2"),
            (
                {"beta_schedule": [1.0, 2.0], "num_sweeps": 3},
                ValueError,
                "num_sweeps must be None or the number of betas .* got 3 and 2 betas",
            ),
            (
                {"trajectory": 3, "time_limit": 1.0},
                ValueError,
                "trajectory needs num_reads and num_sweeps, both given, beside a time_limit",
            ),
            (
                {"initial_states": np.ones((3, 60)), "num_reads": 2},
                ValueError,
                "initial_states must not hold more states than num_reads, got 3",
            ),
            ({"num_reads": 10**13}, MemoryError, "for states of num_reads=10000000000000 "),
            (
                {"num_best": 10**13, "num_reads": 10**6, "num_sweeps": 10**8},
                MemoryError,
                "for num_best=10000000000000 ",
            ),
            (
                {"trajectory": 10**8, "num_reads": 10**6, "num_sweeps": 10**8},
                MemoryError,
                "for trajectory=100000000 ",
            ),
            (
                {"initial_states": np.ones(60), "num_reads": 10**13},
                MemoryError,
                "for states of num_reads=10000000000000 ",
            ),
            ({"num_reads": 10**30}, ValueError, r"num_reads must be below 2\*\*62, got 1000"),
            ({"num_threads": 10**30}, ValueError, r"num_threads must be below 2\*\*16, got 1000"),
            ({"first_chain": 2**62}, ValueError, r"first_chain must be below 2\*\*62, got 461"),
            ({"seed": -1}, ValueError, "seed must be non-negative, got -1"),
            ({"time_limit": -1}, ValueError, "time_limit must be a non-negative number .* got -1"),
            ({"time_limit": np.nan}, ValueError, "time_limit must be a non-negative .* got nan"),
            ({"target_energy": np.nan}, ValueError, "target_energy must be a number, got nan"),
            ({"checkpoint": 7}, TypeError, "checkpoint must be a path, got 7"),
            ({"callback": 7}, TypeError, "callback must be callable, got int"),
            ({"on_interrupt": "x"}, ValueError, "on_interrupt must be one of 'raise', 'return'"),
            ({"beta_schedule": [1, np.nan]}, ValueError, "betas must be .* got nan at index 1"),
        ],
    )
    def test_refused(self, options: dict[str, Any], error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            mg.anneal(MODELS["sparse"], **options)

    def test_no_model(self) -> None:
        with pytest.raises(TypeError, match=r"model must be a magnetite model, got dict: wrap"):
            mg.anneal({(0, 1): 1.0})  # type: ignore[arg-type]


class TestTime:
    def test_both_counts_given_the_limit_only_cuts(self) -> None:
        result = mg.anneal(CHAIN, **endless(time_limit=0.1))
        assert result.info["stop_reason"] == "time_limit"
        assert result.info["deterministic"] is False
        assert result.states.shape[0] == 64
        assert result.chains.tolist() == list(range(64))
        assert (result.sweeps_done < 5_000_000).any()
        assert result.energies.tolist() == CHAIN.energies(result.states).tolist()
        assert len(result.info["rounds"]) == 1

    def test_a_limit_that_is_not_reached_changes_nothing(self) -> None:
        options: dict[str, Any] = {"num_reads": 8, "num_sweeps": 10, "seed": 1}
        limited = mg.anneal(CHAIN, **options, time_limit=1000.0)
        assert limited.info["deterministic"] is True
        assert_equal_runs(limited, mg.anneal(CHAIN, **options))

    @pytest.mark.parametrize(
        ("options", "most"),
        [({}, 64), ({"num_reads": 3}, 3), ({"num_sweeps": 10}, 64), ({"beta_schedule": [1.0]}, 64)],
    )
    def test_filling(self, options: dict[str, Any], most: int) -> None:
        result = mg.anneal(CHAIN, time_limit=0.15, seed=1, **options)
        rounds = result.info["rounds"]
        assert len(rounds) > 1
        assert result.info["stop_reason"] == "time_limit"
        assert result.info["deterministic"] is False
        assert 1 <= len(result.states) <= most
        assert (np.diff(result.energies) >= 0).all()
        assert result.best.energy <= min(this["best_energy"] for this in rounds)
        assert result.best.energy == result.energies[0]
        assert len(set(result.chains.tolist())) == len(result.chains)
        assert result.energies.tolist() == CHAIN.energies(result.states).tolist()

    def test_a_read_of_a_round_can_be_made_again(self) -> None:
        result = mg.anneal(CHAIN, time_limit=0.2, seed=1, num_sweeps=20)
        alone = mg.anneal(
            CHAIN, num_reads=1, num_sweeps=20, seed=1, first_chain=int(result.chains[0])
        )
        assert alone.states[0].tolist() == result.states[0].tolist()

    def test_filling_keeps_the_best_distinct_states(self) -> None:
        result = mg.anneal(CHAIN, time_limit=0.2, seed=1, num_best=10)
        assert result.best_states is not None
        assert result.best_energies is not None
        assert len(np.unique(result.best_states, axis=0)) == len(result.best_states) <= 10
        assert result.best_energies[0] == result.best.energy

    @pytest.mark.parametrize("options", [{}, {"num_reads": 4, "num_sweeps": 10}])
    def test_no_time_gives_the_start(self, options: dict[str, Any]) -> None:
        result = mg.anneal(CHAIN, time_limit=0, seed=1, **options)
        assert result.info["stop_reason"] == "time_limit"
        assert result.sweeps_done.tolist() == [0] * len(result.states)
        assert np.isfinite(result.energies).all()

    def test_target_stops(self) -> None:
        result = mg.anneal(CHAIN, **endless(target_energy=-100.0))
        assert result.info["stop_reason"] == "target_energy"
        assert result.best.energy <= -100.0

    def test_target_stops_the_filling(self) -> None:
        result = mg.anneal(CHAIN, time_limit=60.0, target_energy=-200.0, seed=1)
        assert result.info["stop_reason"] == "target_energy"
        assert result.best.energy == -200.0
        assert result.energies[0] == -200.0

    def test_callback_is_told_of_rounds(self) -> None:
        seen: list[Progress] = []
        result = mg.anneal(CHAIN, time_limit=0.3, seed=1, callback=seen.append)
        numbers = [progress.round for progress in seen]
        assert numbers == sorted(numbers)
        assert numbers[-1] == len(result.info["rounds"]) - 1
        done = [progress.sweeps_done for progress in seen]
        assert done == sorted(done)
        assert seen[-1].best_energy == result.best.energy
        assert CHAIN.energies(seen[-1].best_state) == result.best.energy

    def test_callback_stops(self) -> None:
        result = mg.anneal(CHAIN, **endless(callback=lambda progress: progress.sweeps_done > 0))
        assert result.info["stop_reason"] == "callback"

    def test_callback_raises(self) -> None:
        def callback(progress: Progress) -> None:
            raise RuntimeError("mine")

        with pytest.raises(RuntimeError, match="mine") as caught:
            mg.anneal(CHAIN, **endless(callback=callback))
        result = caught.value.result  # type: ignore[attr-defined]
        assert isinstance(result, AnnealResult)
        assert result.best.energy == CHAIN.energies(result.best.state)
