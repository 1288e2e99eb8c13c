"""Checkpoints of a training."""

from pathlib import Path
from typing import Any

from magnetite.storage import read_archive, write_archive

__all__ = ["read_training", "save_training"]

KIND = "training checkpoint"


def save_training(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; the one before it is there until the new one is whole."""
    write_archive(path, KIND, state)


def read_training(path: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Read the checkpoint of a training with these options.

    Raises
    ------
    ValueError
        The file is no such checkpoint, or was made with other options.
    """
    kind, state = read_archive(path)
    if kind != KIND:
        raise ValueError(f"{path}: holds a magnetite {kind}, not a {KIND}")
    for name, value in options.items():
        if state["options"][name] != value:
            raise ValueError(
                f"{name} must be that of the checkpoint {path} to go on with it, "
                f"{state['options'][name]}, got {value}"
            )
    return state
