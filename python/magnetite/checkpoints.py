"""Checkpoints: the model, the plan and the state of a run in one archive."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from magnetite import models
from magnetite.models import Model
from magnetite.plans import AnnealPlan, PopulationPlan, SamplePlan, SolvePlan, TemperPlan
from magnetite.storage import encode, read_archive, write_archive

__all__ = [
    "AnyPlan",
    "Checkpoint",
    "check_labels",
    "model_from_content",
    "model_to_content",
    "read_checkpoint",
    "write_checkpoint",
]

AnyPlan = AnnealPlan | PopulationPlan | SamplePlan | SolvePlan | TemperPlan

_PLANS: dict[str, type[AnyPlan]] = {
    "anneal": AnnealPlan,
    "population_anneal": PopulationPlan,
    "sample": SamplePlan,
    "temper": TemperPlan,
    "solve": SolvePlan,
}
_SUFFIX = " checkpoint"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint holds.

    Attributes
    ----------
    sampler : str
        "anneal", "population_anneal", "sample", "solve" or "temper".
    model : Model
        The model, to be rebuilt to the last bit.
    plan : AnnealPlan, PopulationPlan, SamplePlan, SolvePlan or TemperPlan
        The checked options.
    state : dict
        What the sampler's job needs beside them.
    time_left : float
        Seconds to the time limit, infinite without one.
    """

    sampler: str
    model: Model
    plan: AnyPlan
    state: dict[str, Any]
    time_left: float


def check_labels(model: Model, checkpoint: Path | None) -> None:
    """Refuse labels that a checkpoint cannot hold, before the run and not at its first save."""
    if checkpoint is not None:
        encode(model.variables, {})


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the one before it is there until the new one is whole."""
    content = {
        "model": model_to_content(checkpoint.model),
        "plan": checkpoint.plan.content(),
        "state": checkpoint.state,
        "time_left": checkpoint.time_left,
    }
    write_archive(path, checkpoint.sampler + _SUFFIX, content)


def read_checkpoint(path: str | PathLike[str]) -> Checkpoint:
    """Read a checkpoint and rebuild its model."""
    kind, content = read_archive(path)
    sampler = kind.removesuffix(_SUFFIX)
    if sampler.endswith("training"):
        raise ValueError(
            f"{path}: holds a magnetite {kind}: the method `fit` that wrote it goes on with it, "
            "given the data, checkpoint and resume=True"
        )
    if sampler not in _PLANS:
        raise ValueError(f"{path}: holds a magnetite {kind}, not a checkpoint")
    plan = _PLANS[sampler].from_content(content["plan"])
    model = model_from_content(content["model"])
    return Checkpoint(sampler, model, plan, content["state"], content["time_left"])


def model_to_content(model: Model) -> dict[str, Any]:
    """Return a model as a file holds it; one of the user's own class as that of ours it is."""
    classes = type(model).__mro__
    name = next(c.__name__ for c in classes if c.__module__.startswith(models.__name__))
    return {"class": name, **model.__getstate__()}


def model_from_content(content: dict[str, Any]) -> Model:
    """Undo `model_to_content`, to the last bit."""
    kind: type[Model] = getattr(models, content["class"])
    model = kind.__new__(kind)
    model.__setstate__({name: value for name, value in content.items() if name != "class"})
    return model
