"""The options of a training, checked before any work starts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from magnetite._checks import check_choice, check_count, check_flag, check_real
from magnetite.options import Seed, SeedLike, check_seed
from magnetite.training.gradient import GRADIENTS
from magnetite.training.optimizers import Optimizer, OptimizerRun
from magnetite.training.penalties import Penalty
from magnetite.training.phases import Negative, NegativePhase
from magnetite.units.continuous import Gaussian

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = [
    "Keys",
    "Plan",
    "check_penalties",
    "check_plan",
    "check_share",
    "check_startable",
    "described",
]

ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
PURPOSES = ("data", "initial", "positive", "missing", "negative", "monitors")


@dataclass(frozen=True)
class Keys:
    """Keys of independent streams, one a purpose, all made of the seed."""

    data: int
    initial: int
    positive: int
    missing: int
    negative: int
    monitors: int

    @classmethod
    def of(cls, seed: Seed) -> "Keys":
        """Derive the keys."""
        return cls(*(int(k) for k in np.random.SeedSequence(seed.key).generate_state(6, np.uint64)))


@dataclass(frozen=True)
class Plan:
    """Checked options: what is learnt how, but not from which data, and not for how long."""

    negative: Negative
    optimizer: Optimizer
    batch_size: int
    gradient: str
    offset_rate: float
    precision_rate: float
    penalties: tuple[Penalty, ...]
    initial: str | None
    shuffle: bool
    means: bool
    seed: Seed

    def described(self) -> dict[str, Any]:
        """Return the options as plain values: for `info`, and to compare with a checkpoint's."""
        return {
            "negative": described(self.negative),
            "optimizer": described(self.optimizer),
            "batch_size": self.batch_size,
            "gradient": self.gradient,
            "offset_rate": self.offset_rate,
            "precision_rate": self.precision_rate,
            "penalties": [described(penalty) for penalty in self.penalties],
            "initial": self.initial,
            "shuffle": self.shuffle,
            "means": self.means,
        }

    def stream_identity(self) -> dict[str, Any]:
        """Return what must be the same where a stream goes on: all but the optimiser's numbers."""
        return self.described() | {"optimizer": repr(type(self.optimizer))}


def described(option: Any) -> str:
    """Return the repr without addresses, which are others in the next process."""
    return ADDRESS.sub("", repr(option))


def check_plan(
    rbm: "RBM",
    *,
    negative: Negative,
    optimizer: Optimizer,
    batch_size: int,
    gradient: str,
    offset_rate: float,
    precision_rate: float,
    penalties: Sequence[Penalty],
    initial: str | None,
    shuffle: bool,
    seed: SeedLike,
    means: bool = False,
) -> Plan:
    """Check the options; errors name argument, value and rule."""
    check_startable("negative", negative, "mg.PCD(num_chains=100)", NegativePhase)
    check_startable("optimizer", optimizer, "mg.SGD(0.01)", OptimizerRun)
    if initial not in ("data", None):
        raise ValueError(f"initial must be 'data' or None, got {initial!r}")
    shuffle, means = check_flag("shuffle", shuffle), check_flag("means", means)
    if means and gradient == "standardized":
        raise ValueError(
            "gradient must be 'plain' or 'centered' where means are learnt, which have no "
            "deviations of states, got 'standardized'"
        )
    _check_learned(rbm)
    return Plan(
        negative=negative,
        optimizer=optimizer,
        batch_size=check_count("batch_size", batch_size, 1, bits=31),
        gradient=check_choice("gradient", gradient, GRADIENTS),
        offset_rate=check_share("offset_rate", offset_rate),
        precision_rate=check_share("precision_rate", precision_rate),
        penalties=check_penalties(penalties),
        initial=initial,
        shuffle=shuffle,
        means=means,
        seed=check_seed(seed),
    )


def check_penalties(penalties: Any) -> tuple[Penalty, ...]:
    """Return a list of penalties as a tuple."""
    if not isinstance(penalties, list | tuple):
        raise TypeError(f"penalties must be a list, got {type(penalties).__name__}")
    for penalty in penalties:
        if not isinstance(penalty, Penalty):
            raise TypeError(f"penalties must be objects like mg.training.L2(2e-4), got {penalty!r}")
    return tuple(penalties)


def check_startable(name: str, value: Any, example: str, run: type) -> Any:
    """Return options that something is started with: not their class, nor those of another part.

    `run` is the protocol of what they start. Options say by the annotation of their `start` that
    they start something of another protocol; what says nothing is believed.
    """
    start = None if isinstance(value, type) else getattr(value, "start", None)
    started = getattr(start, "__annotations__", {}).get("return")
    if start is None or (getattr(started, "_is_protocol", False) and started is not run):
        raise TypeError(f"{name} must be an object like {example}, got {value!r}")
    return value


def check_share(name: str, value: float) -> float:
    """Return a share, between 0 and 1."""
    share = check_real(name, value)
    if not 0 <= share <= 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {value!r}")
    return share


def _check_learned(rbm: "RBM") -> None:
    for layer in (rbm.visible, rbm.hidden):
        for units, _ in layer.groups:
            if units.learns_precision and not isinstance(units, Gaussian):
                raise TypeError(
                    f"the precision can be learnt of gaussian units only, not of {units.kind} units"
                )
