"""Checkpoints of a training."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from magnetite.options import Seed, SeedLike, check_seed
from magnetite.storage import read_archive, write_archive
from magnetite.training.data import Source
from magnetite.training.plan import Plan

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = [
    "check_identity",
    "identity",
    "read_training",
    "save_training",
    "saved_training",
    "seed_of",
]

KIND = "training checkpoint"


def identity(rbm: "RBM", plan: Plan, source: Source) -> dict[str, Any]:
    """Return what must be the same where a training goes on, by what messages call it."""
    return {
        "the machine": repr(rbm),
        "dtype": rbm.dtype.name,
        "the number of rows of X": source.summary.num_rows,
    } | plan.described()


def save_training(path: Path, state: dict[str, Any], kind: str = KIND) -> None:
    """Write a checkpoint; the one before it is there until the new one is whole."""
    write_archive(path, kind, state)


def read_training(path: Path, kind: str = KIND) -> dict[str, Any]:
    """Read a checkpoint.

    Raises
    ------
    ValueError
        The file is none of a training of this kind.
    """
    found, state = read_archive(path)
    if found != kind:
        raise ValueError(f"{path}: holds a magnetite {found}, not a {kind}")
    return state


def saved_training(path: Path | None, resume: bool, kind: str = KIND) -> dict[str, Any] | None:
    """Return the checkpoint to go on from; None where there is none."""
    if resume and path is None:
        raise ValueError("resume must be False without a checkpoint, got True")
    return read_training(path, kind) if resume and path is not None and path.exists() else None


def seed_of(saved: int, given: SeedLike, checked: Seed) -> Seed:
    """Return the seed of a checkpoint, which none given anew may contradict."""
    if given is not None and checked.replay != saved:
        raise ValueError(
            f"seed must be that of the checkpoint to go on with it, {saved}, or None, "
            f"got {checked.replay}"
        )
    return check_seed(saved)


def check_identity(path: Path, saved: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse to go on with the checkpoint of a training that was another.

    Raises
    ------
    ValueError
        Names the first thing that differs.
    """
    for name, value in wanted.items():
        if saved.get(name) != value:
            raise ValueError(
                f"{name} must be that of the checkpoint {path} to go on with it, "
                f"{saved.get(name)}, got {value}"
            )
