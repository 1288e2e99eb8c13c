"""The checked options of a run as one value, which a checkpoint can hold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_choice
from magnetite.models import Learned, Model
from magnetite.options import Seed
from magnetite.rounds import Filling
from magnetite.schedules import Schedule
from magnetite.starts import Clamp

__all__ = [
    "AnnealPlan",
    "PopulationPlan",
    "SamplePlan",
    "SolvePlan",
    "TemperPlan",
    "as_model",
    "check_kernel",
]


def as_model(model: object) -> Model:
    """Return the model that an argument is, or stands for; refuse what is none, with the remedy."""
    if isinstance(model, Model):
        return model
    if isinstance(model, Learned):
        return model.to_model()
    raise TypeError(
        f"model must be a magnetite model, got {type(model).__name__}: wrap couplings as "
        "magnetite.Ising(J, h), a QUBO as magnetite.Qubo(Q), a graph as magnetite.maxcut(graph)"
    )


def check_kernel(kernel: str | None, model: Model, choices: Sequence[str]) -> str:
    """Return the transition rule; None is the model's own default."""
    return check_choice("kernel", model.default_kernel if kernel is None else kernel, choices)


_NESTED: dict[str, Callable[..., Any]] = {
    "seed": Seed,
    "clamp": Clamp,
    "schedule": Schedule,
    "filling": Filling,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What all runs share; states and clamps are spins."""

    seed: Seed
    initial_states: NDArray[np.int8] | None
    clamp: Clamp

    def core_options(self) -> dict[str, Any]:
        """Return the options that go to the core as they are."""
        return {
            "seed": self.seed.key,
            "clamped": self.clamp.sites,
            "clamped_values": self.clamp.spins,
        }

    def info(self) -> dict[str, Any]:
        """Return the options as they stand in a result's `info`."""
        return {"seed": self.seed.replay}

    def content(self) -> dict[str, Any]:
        """Return the plan as plain values and arrays, for a checkpoint."""
        return {
            name: vars(value) if type(value) in _NESTED.values() else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_content(cls, content: dict[str, Any]) -> Self:
        """Undo `content`."""
        nested = {
            name: make(**content[name])
            for name, make in _NESTED.items()
            if content.get(name) is not None
        }
        return cls(**{**content, **nested})


@dataclass(frozen=True, kw_only=True, eq=False)
class SolvePlan(Plan):
    """The options of a search; `num_rounds` is None where only time bounds it."""

    num_rounds: int | None
    num_best: int

    def info(self) -> dict[str, Any]:
        """Return the options as they stand in a result's `info`."""
        return {**super().info(), "num_rounds": self.num_rounds, "num_best": self.num_best}


@dataclass(frozen=True, kw_only=True, eq=False)
class ChainPlan(Plan):
    """What runs share whose chains the user has a say in."""

    first_chain: int
    kernel: str
    scan: str

    def core_options(self) -> dict[str, Any]:
        """Return the options that go to the core as they are."""
        return {**super().core_options(), "kernel": self.kernel, "scan": self.scan}

    def info(self) -> dict[str, Any]:
        """Return the options as they stand in a result's `info`."""
        return {
            "kernel": self.kernel,
            "scan": self.scan,
            **super().info(),
            "first_chain": self.first_chain,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class AnnealPlan(ChainPlan):
    """The options of an anneal; `filling` says how it fills its time limit, if it does."""

    num_reads: int
    num_sweeps: int
    schedule: Schedule
    keep: str
    num_best: int
    trajectory: int
    filling: Filling | None

    def info(self) -> dict[str, Any]:
        """Return the options as they stand in a result's `info`."""
        return {
            **super().info(),
            "num_reads": self.num_reads,
            "num_sweeps": self.num_sweeps if self.filling is None else None,
            "keep": self.keep,
            "beta_range": self.schedule.beta_range,
            "beta_schedule": self.schedule.name,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class SamplePlan(ChainPlan):
    """The options of a sample at one beta."""

    beta: float
    num_chains: int
    num_sweeps: int
    warmup: int
    thin: int
    store_states: bool
    moments: bool

    @property
    def num_draws(self) -> int:
        """Draws of each chain."""
        return self.num_sweeps // self.thin

    def info(self) -> dict[str, Any]:
        """Return the options as they stand in a result's `info`."""
        own = ("beta", "num_chains", "num_sweeps", "warmup", "thin")
        return {**super().info(), **{name: getattr(self, name) for name in own}}


@dataclass(frozen=True, kw_only=True, eq=False)
class TemperPlan(ChainPlan):
    """The options of a replica-exchange run.

    `betas` is None where the ladder is to be found between the ends of `beta_range`; `fills` says
    that the run is as long as its time limit. `move_clusters` is None where pilot runs are to tell
    which rungs do.
    """

    betas: NDArray[np.float64] | None
    beta_range: tuple[float, float]
    num_rungs: int | None
    num_ladders: int
    num_sweeps: int
    warmup: int | None
    tuning: int
    thin: int
    swaps: str
    swap_interval: int
    move_clusters: bool | None
    cluster_interval: int
    observe_interval: int
    links: bool
    moments: bool
    store_states: bool
    fills: bool

    def info(self) -> dict[str, Any]:
        """Return the options as they stand in a result's `info`."""
        own = ("num_ladders", "thin", "swaps", "swap_interval")
        return {
            **super().info(),
            **{name: getattr(self, name) for name in own},
            "betas": "auto" if self.betas is None else "given",
            "beta_range": self.beta_range,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class PopulationPlan(ChainPlan):
    """The options of population annealing; `betas` is None where steps adapt on the way to `beta`.

    There are no `initial_states`.
    """

    beta: float
    betas: NDArray[np.float64] | None
    culling: float
    population: int
    num_populations: int
    sweeps_per_step: int

    def info(self) -> dict[str, Any]:
        """Return the options as they stand in a result's `info`."""
        own = ("beta", "culling", "population", "num_populations", "sweeps_per_step")
        return {
            **super().info(),
            **{name: getattr(self, name) for name in own},
            "betas": "auto" if self.betas is None else "given",
        }
