"""Restricted Boltzmann machines in files: ours, scikit-learn's and those of `rbms`."""

from dataclasses import asdict, is_dataclass
from typing import Any

from magnetite.models.bipartite import PARAMETERS
from magnetite.models.rbm import RBM
from magnetite.training.held import Rating
from magnetite.units import Binary, Categorical, Gaussian, ReLU, Spin
from magnetite.units.base import Units
from magnetite.units.layer import Layer

__all__ = ["arguments_of", "content_of_rbm", "rbm_of_content"]

KINDS: dict[str, type[Units]] = {
    kind.kind: kind for kind in (Binary, Spin, Gaussian, ReLU, Categorical, Rating)
}
OLD_NAMES = {"rectified": "relu"}
"""What files written before call a kind."""


def _groups(layer: Layer) -> list[list[Any]]:
    groups: list[list[Any]] = []
    for units, size in layer.groups:
        if type(units) is not KINDS.get(units.kind) or not is_dataclass(units):
            raise ValueError(
                f"{units.kind} units cannot be written to a file: they are not built in"
            )
        groups.append([units.kind, asdict(units), size])
    return groups


def content_of_rbm(rbm: RBM) -> dict[str, Any]:
    """Return what a file holds of a machine."""
    layers = {"visible": _groups(rbm.visible), "hidden": _groups(rbm.hidden)}
    return layers | rbm.parameters | {"data_means": rbm.data_means}


def rbm_of_content(content: dict[str, Any]) -> RBM:
    """Undo `content_of_rbm`."""
    return RBM._from_archive(content)


def arguments_of(content: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a machine that makes it what a file holds."""
    layers = {
        name: [
            (KINDS[OLD_NAMES.get(kind, kind)](**options), size)
            for kind, options, size in content[name]
        ]
        for name in ("visible", "hidden")
    }
    parameters = {name: content[name] for name in PARAMETERS}
    n, m = parameters["weights"].shape
    sizes = {"n_visible": n, "n_hidden": m, "dtype": parameters["weights"].dtype}
    return sizes | layers | parameters
