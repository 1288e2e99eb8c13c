"""A restricted Boltzmann machine as a model over the variables ``[v | h]``."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_choice
from magnetite.models.boltzmann import BoltzmannMachine
from magnetite.units.discrete import Binary, Spin
from magnetite.units.layer import Layer

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["LayeredModel", "convert_layers", "model_of_layers"]

KINDS: dict[str, Binary | Spin] = {"binary": Binary(), "spin": Spin()}


class LayeredModel(BoltzmannMachine):
    """A Boltzmann machine whose units are two layers, the visible ones first.

    Sweeps in the order of the sites draw one layer given the other: they are block Gibbs steps.
    """

    __slots__ = ()

    default_kernel: ClassVar[str] = "gibbs"


def kind_of(layer: Layer) -> Literal["binary", "spin"] | None:
    """Return "binary" or "spin" for a layer that is all of it, else None."""
    if all(isinstance(units, Binary) for units, _ in layer.groups):
        return "binary"
    return "spin" if all(isinstance(units, Spin) for units, _ in layer.groups) else None


def model_of_layers(rbm: "RBM") -> LayeredModel:
    """Return the machine's energy as a model; see `RBM.to_model`."""
    kinds = kind_of(rbm.visible), kind_of(rbm.hidden)
    if kinds[0] is None or kinds[0] != kinds[1]:
        two_valued = rbm.visible.values is not None and rbm.hidden.values is not None
        remedy = (
            "take rbm.convert(visible='spin', hidden='spin')"
            if two_valued
            else "draw from it with rbm.gibbs or rbm.sample"
        )
        raise TypeError(
            f"model must have units that are all binary or all spin, got an {rbm}: {remedy}"
        )
    i, j = np.indices(rbm.weights.shape).reshape(2, -1)
    weights = np.asarray(rbm.weights, np.float64).ravel()
    biases = np.concatenate([rbm.visible_bias, rbm.hidden_bias]).astype(np.float64)
    visible = np.arange(biases.size) < rbm.n_visible
    return LayeredModel((i, j + rbm.n_visible, weights), biases, visible=visible, values=kinds[0])


def convert_layers(rbm: "RBM", visible: str, hidden: str) -> "RBM":
    """Return the same distribution over bits or spins; see `RBM.convert`."""
    weights = np.asarray(rbm.weights, np.float64)
    b, c = (np.asarray(bias, np.float64) for bias in (rbm.visible_bias, rbm.hidden_bias))
    shift_v, scale_v = _change("visible", rbm.visible, visible)
    shift_h, scale_h = _change("hidden", rbm.hidden, hidden)
    # The old value is shift + scale * new one: put it into E = -v W h - b v - c h.
    from magnetite.models.rbm import RBM

    converted = RBM(
        rbm.n_visible,
        rbm.n_hidden,
        visible=visible,
        hidden=hidden,
        weights=scale_v[:, None] * weights * scale_h,
        visible_bias=scale_v * (b + weights @ shift_h),
        hidden_bias=scale_h * (c + shift_v @ weights),
        dtype=rbm.dtype,
    )
    if rbm.data_means is not None:
        converted.data_means = (rbm.data_means - shift_v) / scale_v
    return converted


def _change(
    name: str, layer: Layer, wanted: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = layer.values
    if values is None:
        raise TypeError(f"{name} must have units of two values, got {layer.describe()}")
    low, high = values.astype(np.float64)
    new_low, new_high = KINDS[check_choice(name, wanted, tuple(KINDS))].site_states[:, 0]
    scale = (high - low) / (new_high - new_low)
    return low - scale * new_low, scale
