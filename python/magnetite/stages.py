"""The stages of a replica-exchange run: rounds that tune its ladder, then the one that counts."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.diagnostics._bins import own_changes
from magnetite.ladders import (
    barrier,
    enough_rungs,
    equalised,
    expected_trips,
    first_ladder,
    flow_optimised,
)
from magnetite.memory import available_memory, check_memory
from magnetite.models import Model
from magnetite.plans import TemperPlan

__all__ = [
    "START_RUNGS",
    "Seen",
    "Stage",
    "check_sizes",
    "first_stage",
    "next_ladder",
    "source_rungs",
    "thin_enough",
    "tuning_rounds",
]

FIRST_ROUND = 16
START_RUNGS = 24
MOST_GROWTH = 2.0

# Share of the sites at which replicas differ that a cluster takes; above it clusters percolate,
# and turning one over only exchanges the names of the replicas.
PERCOLATION = 0.8

# A ladder whose replicas travel at less than this part of the rate that its rejections allow has a
# bottleneck that rejections do not show.
SLOW = 0.5
FEW_TRIPS = 10


# Below this rate of exchanges two neighbours are as good as apart.
APART = 0.005
# More rungs than these, and than so many times the number that is enough, crowd.
FEW_RUNGS, CROWDED = 16, 3.0
# What the energy of a draw takes, and each variable of a stored one, on their way out too; and what
# all may where nobody counts them.
DRAW_BYTES, STORED_BYTES, MOST_BYTES = 24, 3, 1 << 30

# Fewer exchanges or draws than this say nothing of their rate.
FEW_TRIED = 20
# Where energies change in less than this part of the draws, the hot end is frozen.
FROZEN = 0.01


@dataclass(frozen=True, eq=False)
class Stage:
    """One round: its ladder, which rungs move clusters, and how long it is."""

    betas: NDArray[np.float64]
    clusters: NDArray[np.bool_]
    num_sweeps: int
    warmup: int
    first_sweep: int
    measured: bool
    how: str  # what made the ladder: "given", "first", "rejections" or "flow"
    thin: int = 1

    @property
    def total(self) -> int:
        """Sweeps of each replica."""
        return self.warmup + self.num_sweeps

    def complaint(self, seen: "Seen", energies: NDArray[np.float64]) -> str:
        """Say what is wrong with the ladder of these draws, with the remedy, or nothing."""
        if not self.measured:
            what, remedy = "while its ladder was still being tuned", "betas"
            if self.how == "given":
                what = "in the trial of its speed and of cluster moves"
                remedy = "cluster_moves=True or False where that is 'auto'"
            return (
                f"the run was stopped {what}: what it returns are the draws of that round, without "
                f"a warm-up; give it more time, or {remedy}"
            )
        frozen = self._frozen(energies)
        if frozen:
            return frozen
        rates = 1.0 - seen.rejections
        if seen.tried.min(initial=FEW_TRIED) < FEW_TRIED:
            return ""
        if rates.min(initial=1.0) < APART:
            pair = int(rates.argmin())
            return (
                f"rungs {pair} and {pair + 1} (beta {self.betas[pair]:.6g} and "
                f"{self.betas[pair + 1]:.6g}) changed places in {100 * rates[pair]:.2g} % of the "
                "exchanges: the ladder is as good as cut there; add rungs, let betas='auto' place "
                "them, or end at a smaller beta"
            )
        enough = enough_rungs(seen.barrier)
        if self.betas.size > max(FEW_RUNGS, CROWDED * enough):
            return (
                f"{self.betas.size} rungs change places in {100 * rates.min():.3g} % of the "
                f"exchanges or more: a ladder of {enough} would do, for its barrier is "
                f"{seen.barrier:.3g}"
            )
        return ""

    def _frozen(self, energies: NDArray[np.float64]) -> str:
        """Say whether replicas keep the states that they froze in, even at the hot end."""
        reached = int(np.isfinite(energies).all(axis=(0, 1)).sum())
        if self.betas[0] == 0 or reached < FEW_TRIED:
            return ""
        changes = int(own_changes(energies[..., :reached], bool(self.clusters.any())).min())
        if changes >= max(1.0, FROZEN * reached):
            return ""
        return (
            f"energies changed {changes} times in {reached} draws but by changing places: replicas "
            f"hardly forget even at beta {self.betas[0]:.6g}, the hot end, and exchanges bring "
            "nothing new; begin at a smaller beta"
        )


@dataclass(frozen=True, eq=False)
class Seen:
    """What a round has shown, over all its ladders."""

    tried: NDArray[np.int64]
    accepted: NDArray[np.float64]
    from_hot: NDArray[np.int64]
    from_cold: NDArray[np.int64]
    round_trips: int
    moves: NDArray[np.int64]
    exchanges: int  # of each ladder
    num_ladders: int

    @property
    def rejections(self) -> NDArray[np.float64]:
        """Mean rejection rate of each pair of neighbours; 1 where nothing was tried."""
        return 1.0 - self.accepted / np.maximum(self.tried, 1)

    @property
    def barrier(self) -> float:
        """The communication barrier of the whole ladder."""
        return float(barrier(self.rejections)[-1])

    @property
    def trip_rate(self) -> float:
        """Round trips of a ladder per exchange."""
        return self.round_trips / max(1, self.exchanges * self.num_ladders)

    @property
    def efficiency(self) -> float:
        """The trip rate as a part of what the rejections allow."""
        return self.trip_rate / expected_trips(self.rejections)

    def non_percolating(self) -> NDArray[np.bool_]:
        """Tell the rungs at which clusters leave a part of the differing sites to others."""
        sizes, differing = self.moves[:, 1], self.moves[:, 2]
        useful: NDArray[np.bool_] = (sizes > 0) & (sizes < PERCOLATION * differing)
        return useful

    def info(self, stage: Stage) -> dict[str, Any]:
        """Return the round as it stands in a result's `info`."""
        return {
            "num_rungs": int(stage.betas.size),
            "num_sweeps": stage.num_sweeps,
            "barrier": self.barrier,
            "acceptance": (float(1 - self.rejections.max()), float(1 - self.rejections.min())),
            "round_trips": self.round_trips,
            "how": stage.how,
        }


def tuning_rounds(total: int, only_clusters: bool) -> list[int]:
    """Return the lengths of the tuning rounds: each about twice the one before, `total` together.

    Examples
    --------
    >>> tuning_rounds(500, False)
    [16, 32, 64, 128, 260]
    >>> tuning_rounds(500, True)
    [500]
    """
    if total <= 0:
        return []
    if only_clusters:
        return [total]
    count = max(1, int(math.log2(total / FIRST_ROUND + 1)))
    lengths = [min(total, FIRST_ROUND) << k for k in range(count)]
    lengths[-1] += total - sum(lengths)
    return lengths


def first_stage(plan: TemperPlan, num_sweeps: int) -> Stage:
    """Return the first tuning round."""
    betas, how = plan.betas, "given"
    if betas is None:
        betas, how = first_ladder(*plan.beta_range, plan.num_rungs or START_RUNGS), "first"
    moves = np.full(betas.size, plan.move_clusters is not False)
    return Stage(betas, moves, num_sweeps, 0, 0, False, how)


def next_ladder(
    plan: TemperPlan, stage: Stage, seen: Seen, before: tuple[Stage, Seen] | None, last: bool
) -> tuple[NDArray[np.float64], str]:
    """Return the ladder after a round, and what made it; `last` if the next is the last to tune."""
    if plan.betas is not None:
        return plan.betas, "given"
    if stage.how == "flow" and before is not None:
        earlier = before[1]
        if seen.trip_rate > earlier.trip_rate:
            return stage.betas, "flow"
        return equalised(before[0].betas, earlier.rejections, stage.betas.size), "rejections"
    num_rungs = plan.num_rungs or _rungs(stage, seen)
    bottleneck = seen.efficiency < SLOW and seen.round_trips >= FEW_TRIPS
    if last and bottleneck:
        return flow_optimised(stage.betas, seen.from_hot, seen.from_cold, num_rungs), "flow"
    return equalised(stage.betas, seen.rejections, num_rungs), "rejections"


def _rungs(stage: Stage, seen: Seen) -> int:
    """Return how many rungs the next ladder has: enough, and full vectors of replicas."""
    most = math.ceil(MOST_GROWTH * stage.betas.size)
    wanted = min(most, enough_rungs(seen.barrier))
    return wanted if wanted <= 8 else math.ceil(wanted / 8) * 8


def source_rungs(old: int, new: int) -> NDArray[np.int64]:
    """Return the rung of the old ladder whose states each rung of the new one takes up."""
    if old == new:
        return np.arange(new)
    return np.rint(np.arange(new) * (old - 1) / (new - 1)).astype(np.int64)


def check_sizes(plan: TemperPlan, model: Model, num_rungs: int, num_draws: int) -> None:
    """Refuse a ladder of so many rungs and draws that does not fit in memory."""
    replicas, n = plan.num_ladders * num_rungs, model.num_variables
    shape = f"{plan.num_ladders} x {num_rungs}"
    draws = f"{shape} x {num_draws} draws, which a larger thin or fewer rungs lessen"
    check_memory(
        {
            f"states of {shape} replicas": 6 * replicas * n,
            f"energies of {draws}": 16 * replicas * num_draws,
            f"states of {draws}": STORED_BYTES * replicas * num_draws * n * plan.store_states,
            f"sums of observables of {shape} replicas": 9216
            * replicas
            * (plan.observe_interval > 0),
            f"moments of {num_rungs} rungs": 256
            * num_rungs
            * (n + model.core.num_couplings)
            * plan.moments,
        }
    )


def thin_enough(plan: TemperPlan, model: Model, num_rungs: int, num_sweeps: int) -> int:
    """Return the sweeps between draws of a run that nobody counts, so that its draws fit."""
    each = DRAW_BYTES + STORED_BYTES * model.num_variables * plan.store_states
    free = available_memory()
    most = MOST_BYTES if free is None else min(MOST_BYTES, free // 2)
    return max(plan.thin, math.ceil(each * plan.num_ladders * num_rungs * num_sweeps / most))
