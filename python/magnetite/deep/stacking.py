"""Machines one on the other: the hidden layer of each is the visible layer of the next."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from numpy.typing import DTypeLike

from magnetite._checks import check_count
from magnetite.models.rbm import RBM
from magnetite.units.base import Units
from magnetite.units.layer import LayerLike

__all__ = ["mirrors", "stacked", "start_mirrored"]


def stacked(
    layers: Sequence[int] | Sequence[RBM],
    visible: LayerLike | None,
    hidden: str | Units | None,
    dtype: DTypeLike | None,
) -> tuple[RBM, ...]:
    """Return the machines of a stack, new ones of these sizes or those given; see `DBN`."""
    if isinstance(layers, str) or not hasattr(layers, "__len__"):
        raise TypeError(f"layers must be a list of sizes or of machines, got {layers!r}")
    parts: list[Any] = list(layers)
    if parts and all(isinstance(part, RBM) for part in parts):
        given = {"visible": visible, "hidden": hidden, "dtype": dtype}
        for name, value in given.items():
            if value is not None:
                raise ValueError(
                    f"{name} must be left out where layers are machines, got {value!r}"
                )
        _check_chain(parts)
        return tuple(parts)
    if any(isinstance(part, RBM) for part in parts):
        raise TypeError(f"layers must be all sizes or all machines, got {layers!r}")
    if len(parts) < 2:
        raise ValueError(f"layers must be at least 2 sizes, or machines, got {layers!r}")
    sizes = [check_count(f"layers[{i}]", size, 1, bits=31) for i, size in enumerate(parts)]
    if not isinstance(hidden, str | Units | None):
        raise TypeError(
            "hidden must be one kind of units for all hidden layers, or layers a list of machines, "
            f"got {hidden!r}"
        )
    above = hidden or "binary"
    kinds = [visible or "binary", *[above] * (len(sizes) - 1)]
    return tuple(
        RBM(n, m, visible=kind, hidden=above, dtype=dtype or "float32")
        for (n, m), kind in zip(pairwise(sizes), kinds, strict=False)
    )


def _check_chain(machines: Sequence[RBM]) -> None:
    """Refuse machines that do not fit on each other."""
    if len({id(machine) for machine in machines}) < len(machines):
        raise ValueError("layers must be different machines, got one of them twice")
    for i, (below, above) in enumerate(pairwise(machines)):
        if below.hidden.groups != above.visible.groups:
            raise ValueError(
                f"the visible layer of layers[{i + 1}] must be the hidden layer of layers[{i}], "
                f"{below.hidden.describe()}, got {above.visible.describe()}"
            )
        if below.dtype != above.dtype:
            raise ValueError(
                f"layers must have one dtype, got {below.dtype.name} in layers[{i}] and "
                f"{above.dtype.name} in layers[{i + 1}]"
            )


def mirrors(below: RBM, above: RBM) -> bool:
    """Tell whether a machine's layers are those of the one below, turned round."""
    return above.hidden.groups == below.visible.groups


def start_mirrored(below: RBM, above: RBM) -> None:
    """Let a machine begin as the one below turned round: ``W' = W^T, b' = c, c' = b``.

    Its visible layer then has the very distribution that the hidden layer below has, and the
    stack that of the machine below alone.
    """
    above.weights[...] = below.weights.T
    above.visible_bias[...] = below.hidden_bias
    above.hidden_bias[...] = below.visible_bias
    above.visible_precision[...] = below.hidden_precision
    above.hidden_precision[...] = below.visible_precision
