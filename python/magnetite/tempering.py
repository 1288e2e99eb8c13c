"""A replica-exchange run under way: rounds that tune the ladder, then the one that counts."""

import math
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from magnetite.checkpoints import Checkpoint, write_checkpoint
from magnetite.control import Tally
from magnetite.facts import run_facts, versions
from magnetite.models import Model
from magnetite.moments import moments_of_parts
from magnetite.plans import TemperPlan
from magnetite.recorded import NOT_RECORDED
from magnetite.results import Best
from magnetite.stage_run import Clock, StageRun
from magnetite.stages import (
    Seen,
    Stage,
    check_sizes,
    first_stage,
    next_ladder,
    source_rungs,
    thin_enough,
    tuning_rounds,
)
from magnetite.starts import tile_states
from magnetite.temper_result import TemperResult

__all__ = ["TemperJob"]

# Parts of a time limit: what tuning may take, what is left unplanned, and the warm-up of the rest.
TUNING_SHARE, FIT, WARMUP_SHARE = 0.3, 0.93, 0.25

# Sweeps that tell the speed where nothing is tuned; longer ones follow until they have taken this
# part of what tuning may take, for the first few cost more to start than to do.
PILOT, PILOT_SHARE = 16, 0.05


class _State(NamedTuple):
    """All that changes during a job, replaced as one so that no interrupt can tear it."""

    current: StageRun
    past: tuple[tuple[Stage, Seen, float], ...]
    best: Best | None


class TemperJob:
    """The job that the slice loop drives."""

    def __init__(
        self,
        model: Model,
        plan: TemperPlan,
        num_threads: int,
        saved: dict[str, Any] | None = None,
        clock: Clock = time.perf_counter,
    ) -> None:
        self.ending = "time_limit" if plan.fills else "completed"
        self.preprocessing = 0.0
        self._model, self._plan, self._num_threads, self._clock = model, plan, num_threads, clock
        self._rounds = tuning_rounds(plan.tuning, plan.betas is not None)
        if plan.fills and not self._rounds:
            self._rounds = [PILOT]
        self._tuning_seconds: float | None = None
        self._state = self._begin() if saved is None else self._restored(saved)

    def _begin(self) -> _State:
        stage = first_stage(self._plan, self._rounds[0] if self._rounds else 0)
        if not self._rounds:
            stage = self._measured(stage, self._plan.num_sweeps, self._plan.warmup)
        starts = self._plan.initial_states
        states = tile_states(starts, self._plan.num_ladders * stage.betas.size, "replicas")
        return _State(self._start(stage, states), (), None)

    def _start(self, stage: Stage, states: NDArray[np.int8] | None) -> StageRun:
        stored = self._plan.store_states and stage.measured
        plan = replace(self._plan, store_states=stored)
        check_sizes(plan, self._model, stage.betas.size, stage.num_sweeps // stage.thin)
        return StageRun(self._model, self._plan, stage, states, self._num_threads, self._clock)

    def _measured(self, stage: Stage, num_sweeps: int, warmup: int | None) -> Stage:
        """Return the stage that counts."""
        thin = self._thin(stage.betas.size, num_sweeps) if self._plan.fills else self._plan.thin
        return replace(
            stage,
            measured=True,
            thin=thin,
            num_sweeps=max(1, num_sweeps // thin) * thin if num_sweeps else 0,
            warmup=num_sweeps // 2 if warmup is None else warmup,
        )

    def _thin(self, num_rungs: int, num_sweeps: int) -> int:
        """Return the sweeps between draws, so few that a long time limit does not fill the memory.

        While the ladder is tuned draws are made for those who stop it.
        """
        if not self._plan.fills:
            return 1
        most = thin_enough(self._plan, self._model, num_rungs, num_sweeps)
        return max(1, min(num_sweeps, most))

    def advance(self, seconds: float, time_left: float) -> bool:
        """Work about `seconds`; return True when all is done."""
        if self._tuning_seconds is None:
            self._tuning_seconds = TUNING_SHARE * time_left
        current = self._state.current
        if current.done:
            if current.stage.measured:
                return True
            self._next_stage(time_left)
            current = self._state.current
        current.advance(seconds)
        return current.done and current.stage.measured

    def _next_stage(self, time_left: float) -> None:
        """Start the round after one that tuned the ladder."""
        current, past, _ = self._state
        stage, seen = current.stage, current.seen()
        length = self._next_length(time_left)
        before = past[-1][:2] if past else None
        last = length is None or self._is_last(len(past) + 2)
        betas, how = next_ladder(self._plan, stage, seen, before, last and length is not None)
        rungs = source_rungs(stage.betas.size, betas.size)
        # All of them, at other rungs to try again, but where it is known which of them do.
        clusters = np.full(betas.size, self._plan.move_clusters is not False)
        if self._plan.move_clusters is None and (length is None or stage.betas.size == betas.size):
            clusters = seen.non_percolating()[rungs]
        following = Stage(
            betas=betas,
            clusters=clusters,
            num_sweeps=length or 0,
            warmup=0,
            first_sweep=stage.first_sweep + stage.total,
            measured=False,
            how=how,
            thin=self._thin(betas.size, length or 1),
        )
        if length is None:
            following = self._last_stage(following, current, time_left)
        states = _flat(current.run.states()[:, rungs])
        self._state = _State(
            self._start(following, states),
            (*past, (stage, seen, current.seconds)),
            self._best(),
        )

    def _is_last(self, number: int) -> bool:
        return not self._plan.fills and number >= len(self._rounds)

    def _next_length(self, time_left: float) -> int | None:
        """Return the sweeps of the next tuning round; None when it is time to measure."""
        current, past, _ = self._state
        if not self._plan.fills:
            rest = self._rounds[len(past) + 1 :]
            return rest[0] if rest else None
        spent = current.seconds + sum(seconds for _, _, seconds in past)
        if self._plan.betas is not None:
            told = spent > PILOT_SHARE * (self._tuning_seconds or 0.0)
            return None if told else 4 * current.stage.num_sweeps
        # The next round is twice as long, and may have twice the rungs.
        fits = spent + 3 * current.seconds < (self._tuning_seconds or 0.0)
        return 2 * current.stage.num_sweeps if fits else None

    def _last_stage(self, stage: Stage, current: StageRun, time_left: float) -> Stage:
        """Return the stage that counts, as long as asked for or as there is time."""
        plan = self._plan
        if not plan.fills:
            return self._measured(stage, plan.num_sweeps, plan.warmup)
        replicas = plan.num_ladders * stage.betas.size
        sweeps = int(FIT * time_left * current.speed() / replicas)
        warmup = int(WARMUP_SHARE * sweeps) if plan.warmup is None else plan.warmup
        return self._measured(stage, max(plan.thin, sweeps - warmup), warmup)

    @property
    def _is_flat(self) -> bool:
        """Whether all states have one energy, so that each draw is as good as any."""
        core, held = self._model.core, self._plan.clamp.sites.size
        is_held = held == core.num_sites
        return is_held or (core.num_couplings == 0 and not core.fields().any())

    def tally(self) -> Tally:
        """Return how far the job is."""
        current, past, best = self._state
        done, total, best_energy = current.run.progress()
        plan = self._plan
        for stage, _, _ in past:
            done += stage.total * stage.betas.size * plan.num_ladders
            total += stage.total * stage.betas.size * plan.num_ladders
        if not current.stage.measured and not plan.fills:
            warmup = plan.num_sweeps // 2 if plan.warmup is None else plan.warmup
            ahead = sum(self._rounds[len(past) + 1 :]) + warmup + plan.num_sweeps
            total += ahead * current.stage.betas.size * plan.num_ladders
        return Tally(
            done=done,
            total=None if plan.fills else total,
            best_energy=best_energy if best is None else min(best_energy, best.energy),
            reads_done=0,
            round=len(past),
        )

    def _best(self) -> Best:
        now = Best(*self._state.current.run.best())
        if not math.isfinite(now.energy):
            states = _flat(self._state.current.run.states())
            energies = self._model.core.energies(states)
            now = Best(states[energies.argmin()], float(energies.min()))
        before = self._state.best
        return now if before is None or now.energy < before.energy else before

    def best_state(self) -> NDArray[np.int8]:
        """Return the best state so far in the model's own values."""
        return self._model.from_spins(self._best().state)

    def objective(self, energy: float) -> float:
        """Return an energy in the model's own sign."""
        return float(self._model.energy_to_objective(energy))

    def result(self, stop_reason: str) -> TemperResult:
        """Return all that was found so far."""
        began, model, plan = self._clock(), self._model, self._plan
        current, past, _ = self._state
        stage, seen, best, run = current.stage, current.seen(), self._best(), current.run
        energies = run.energies()
        labelled = seen.from_hot + seen.from_cold
        rounds = [seen.info(stage) for stage, seen, _ in past]
        timing = {
            "preprocessing": self.preprocessing,
            "tuning": sum(seconds for _, _, seconds in past),
            "sampling": current.seconds,
        }
        result = TemperResult(
            states=model.from_spins(run.states()),
            energies=energies,
            objectives=model.energy_to_objective(energies),
            best=Best(model.from_spins(best.state), best.energy),
            best_objective=self.objective(best.energy),
            num_free=model.num_variables - plan.clamp.sites.size,
            betas=stage.betas.copy(),
            swap_rates=np.where(seen.tried > 0, 1.0 - seen.rejections, np.nan),
            round_trips=run.flows()[4],
            from_hot=np.where(labelled > 0, seen.from_hot / np.maximum(labelled, 1), np.nan),
            cluster_rungs=stage.clusters,
            clusters=seen.moves,
            counts=run.counts(),
            single_sums=run.single_sums(),
            pair_sums=run.pair_sums(),
            overlaps=run.histograms()[0],
            link_overlaps=run.histograms()[1] if plan.links else NOT_RECORDED,
            **self._moments(),
            draws=model.from_spins(run.draws()) if plan.store_states else NOT_RECORDED,
            variables=model.variables,
            values=model.values,
            objective_name=model.objective_name,
            sense=model.sense,
            info={
                **plan.info(),
                **run_facts(run),
                "num_rungs": int(stage.betas.size),
                "thin": stage.thin,
                "num_sweeps": stage.num_sweeps,
                "warmup": stage.warmup,
                "links": plan.links and stage.measured,
                "sweeps_done": run.progress()[0] // (plan.num_ladders * stage.betas.size),
                "tuned": stage.measured,
                "flat": self._is_flat,
                "ladder": stage.how,
                "rounds": rounds,
                "stop_reason": stop_reason,
                "deterministic": current.done and stage.measured and not plan.fills,
                "timing": timing,
                "versions": versions(),
            },
        )
        if stop_reason != "target_energy":  # then the run has given what it was asked for
            self._complain(seen, energies)
        timing["postprocessing"] = self._clock() - began
        return result

    def _complain(self, seen: Seen, energies: NDArray[np.float64]) -> None:
        """Warn of what is wrong with the ladder."""
        complaint = "" if self._is_flat else self._state.current.stage.complaint(seen, energies)
        if complaint:
            warnings.warn(complaint, RuntimeWarning, stacklevel=5)  # who called temper

    def _moments(self) -> dict[str, NDArray[Any]]:
        """Return means and correlations by rung, with errors, where they were recorded."""
        current, plan = self._state.current, self._plan
        counts = current.run.counts()
        if not plan.moments or not current.stage.measured or not counts.any():
            return {}
        sums = current.run.moments()
        return moments_of_parts(
            self._model, sums, plan.num_ladders * counts.reshape(len(sums), -1).sum(axis=1)
        )

    def _restored(self, saved: dict[str, Any]) -> _State:
        """Return the state that `save` wrote."""
        current = self._start(Stage(**saved["stage"]), None)
        current.run.restore(saved["run"])
        current.seconds, current.done = saved["seconds"], saved["done"]
        self._tuning_seconds = saved["tuning_seconds"]
        past = tuple(
            (Stage(**each["stage"]), Seen(**each["seen"]), each["seconds"])
            for each in saved["past"]
        )
        best = None if saved["best"] is None else Best(*saved["best"])
        return _State(current, past, best)

    def save(self, path: Path, time_left: float) -> None:
        """Write a checkpoint over `path`."""
        current, past, best = self._state
        state = {
            "stage": vars(current.stage),
            "run": current.run.snapshot(),
            "seconds": current.seconds,
            "done": current.done,
            "tuning_seconds": self._tuning_seconds,
            "past": [
                {"stage": vars(stage), "seen": vars(seen), "seconds": seconds}
                for stage, seen, seconds in past
            ],
            "best": None if best is None else tuple(best),
        }
        write_checkpoint(path, Checkpoint("temper", self._model, self._plan, state, time_left))


def _flat(states: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return states by ladder and rung as rows; there may be no variables."""
    num_ladders, num_rungs, num_variables = states.shape
    return np.ascontiguousarray(states.reshape(num_ladders * num_rungs, num_variables))
