"""Checkpoints of a training."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from magnetite.storage import read_archive, write_archive
from magnetite.training.data import Source
from magnetite.training.plan import Plan

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["check_identity", "identity", "read_training", "save_training"]

KIND = "training checkpoint"


def identity(rbm: "RBM", plan: Plan, source: Source) -> dict[str, Any]:
    """Return what must be the same where a training goes on, by what messages call it."""
    return {
        "the machine": repr(rbm),
        "dtype": rbm.dtype.name,
        "the number of rows of X": source.summary.num_rows,
    } | plan.described()


def save_training(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; the one before it is there until the new one is whole."""
    write_archive(path, KIND, state)


def read_training(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Raises
    ------
    ValueError
        The file is none of a training.
    """
    kind, state = read_archive(path)
    if kind != KIND:
        raise ValueError(f"{path}: holds a magnetite {kind}, not a {KIND}")
    return state


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
