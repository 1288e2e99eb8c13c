"""An anneal under way: one round of reads or, to fill a time limit, several."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite.checkpoints import Checkpoint, write_checkpoint
from magnetite.control import Tally
from magnetite.facts import run_facts, versions
from magnetite.models import Model
from magnetite.plans import AnnealPlan
from magnetite.recorded import NOT_RECORDED
from magnetite.results import AnnealResult, Best
from magnetite.rounds import Pool, Round, first_round, merge, next_round
from magnetite.starts import tile_states

__all__ = ["AnnealJob"]

Clock = Callable[[], float]


class _RoundRun:
    """One round and the core's run of it, timed."""

    def __init__(
        self, model: Model, plan: AnnealPlan, this: Round, num_threads: int, clock: Clock
    ) -> None:
        began = clock()
        self.run = _core.AnnealRun(
            model.core,
            first_chain=this.first_chain,
            num_reads=this.num_reads,
            betas=plan.schedule.betas(this.num_sweeps),
            keep=plan.keep,
            initial_states=tile_states(plan.initial_states, this.num_reads),
            num_threads=num_threads,
            num_best=plan.num_best if plan.num_best > 1 else 0,
            trajectory=plan.trajectory,
            **plan.core_options(),
        )
        self._round, self._seconds = this, this.seconds + clock() - began
        self._plan, self._clock = plan, clock
        self.done = False

    def advance(self, seconds: float) -> None:
        began = self._clock()
        self.done = self.run.advance(seconds)
        self._seconds += self._clock() - began

    def round(self) -> Round:
        """Return the round with what has come of it so far."""
        return replace(self._round, seconds=self._seconds, best_energy=self.run.progress()[2])

    def pool(self) -> Pool:
        """Return the reads so far."""
        plan = self._plan
        return Pool.of(self.run, self._round.first_chain, plan.num_best, plan.trajectory)


class _State(NamedTuple):
    """All that changes during a job, replaced as one so that no interrupt can tear it."""

    pool: Pool | None
    past: tuple[Round, ...]
    current: _RoundRun


class AnnealJob:
    """The job that the slice loop drives.

    `ending` is the stop reason when `advance` finds no more to do; `preprocessing` the seconds
    that went by before the first slice.
    """

    def __init__(
        self,
        model: Model,
        plan: AnnealPlan,
        num_threads: int,
        saved: dict[str, Any] | None = None,
        clock: Clock = time.perf_counter,
    ) -> None:
        self.ending = "completed" if plan.filling is None else "time_limit"
        self.preprocessing = 0.0
        self._model, self._plan, self._num_threads, self._clock = model, plan, num_threads, clock
        self._state = (
            _State(None, (), self._begin(self._first_round()))
            if saved is None
            else self._restored(saved)
        )

    def _restored(self, state: dict[str, Any]) -> _State:
        """Return the state that `save` wrote."""
        current = self._begin(Round(**state["current"]))
        current.run.restore(state["run"])
        current.done = state["done"]
        pool = None if state["pool"] is None else Pool.from_content(state["pool"])
        return _State(pool, tuple(Round(**this) for this in state["past"]), current)

    def _begin(self, this: Round) -> _RoundRun:
        return _RoundRun(self._model, self._plan, this, self._num_threads, self._clock)

    def _first_round(self) -> Round:
        plan = self._plan
        if plan.filling is not None:
            return first_round(plan.filling, plan.first_chain)
        return Round(plan.num_reads, plan.num_sweeps, plan.first_chain)

    def advance(self, seconds: float, time_left: float) -> bool:
        """Work about `seconds`; return True when all is done."""
        if self._state.current.done and not self._next_round(time_left):
            return True
        current = self._state.current
        current.advance(seconds)
        return current.done and self._plan.filling is None

    def _next_round(self, time_left: float) -> bool:
        """Start the next round, if there is one."""
        if self._plan.filling is None:
            return False
        began, last = self._clock(), self._state.current.round()
        pool = self._merged()  # with many reads of few sweeps this takes time that must be planned
        spent = self._clock() - began
        last = replace(last, seconds=last.seconds + spent)
        following = next_round(self._plan.filling, last, time_left - spent)
        if following is None:
            return False
        self._state = _State(pool, (*self._state.past, last), self._begin(following))
        return True

    def _merged(self) -> Pool:
        """Return the reads of all rounds: as they are for a single round, else the best of them."""
        pool, _, current = self._state
        if pool is None and self._plan.filling is None:
            return current.pool()
        pools = [current.pool()] if pool is None else [pool, current.pool()]
        return merge(pools, self._plan.num_reads, self._plan.num_best)

    def tally(self) -> Tally:
        """Return how far the job is."""
        pool, past, current = self._state
        done, total, best_energy = current.run.progress()
        return Tally(
            done=done + sum(this.num_reads * this.num_sweeps for this in past),
            total=total if self._plan.filling is None else None,
            best_energy=best_energy if pool is None else min(best_energy, pool.best.energy),
            reads_done=current.run.reads_done() + sum(this.num_reads for this in past),
            round=len(past),
        )

    def _best(self) -> Best:
        best = Best(*self._state.current.run.best())
        pool = self._state.pool
        return best if pool is None or best.energy < pool.best.energy else pool.best

    def best_state(self) -> NDArray[np.int8]:
        """Return the best state so far in the model's own values."""
        return self._model.from_spins(self._best().state)

    def objective(self, energy: float) -> float:
        """Return an energy in the model's own sign."""
        return float(self._model.energy_to_objective(energy))

    def result(self, stop_reason: str) -> AnnealResult:
        """Return all that was found so far."""
        began, model, plan = self._clock(), self._model, self._plan
        pool, tally = self._merged(), self.tally()
        rounds = [this.info() for this in self._rounds()]
        timing = {
            "preprocessing": self.preprocessing,
            "sampling": sum(this["seconds"] for this in rounds),
        }
        result = AnnealResult(
            states=self._model.from_spins(pool.states),
            energies=pool.energies,
            objectives=model.energy_to_objective(pool.energies),
            best=Best(self._model.from_spins(pool.best.state), pool.best.energy),
            best_objective=self.objective(pool.best.energy),
            best_states=self._model.from_spins(pool.best_states) if plan.num_best else None,
            best_energies=pool.best_energies if plan.num_best else None,
            trajectory=pool.trajectory or NOT_RECORDED,
            chains=pool.chains,
            sweeps_done=pool.sweeps_done,
            variables=model.variables,
            values=model.values,
            objective_name=model.objective_name,
            sense=model.sense,
            info={
                **plan.info(),
                **run_facts(self._state.current.run),
                "stop_reason": stop_reason,
                "deterministic": plan.filling is None and self._state.current.done,
                "reads_done": tally.reads_done,
                "rounds": rounds,
                "timing": timing,
                "versions": versions(),
            },
        )
        timing["postprocessing"] = self._clock() - began
        return result

    def _rounds(self) -> tuple[Round, ...]:
        return (*self._state.past, self._state.current.round())

    def save(self, path: Path, time_left: float) -> None:
        """Write a checkpoint over `path`."""
        pool, past, current = self._state
        state = {
            "pool": None if pool is None else pool.content(),
            "past": [vars(this) for this in past],
            "current": vars(current.round()),
            "run": current.run.snapshot(),
            "done": current.done,
        }
        write_checkpoint(path, Checkpoint("anneal", self._model, self._plan, state, time_left))
