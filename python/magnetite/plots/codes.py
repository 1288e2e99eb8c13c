"""Pictures of what hidden units make of patterns."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import real_array
from magnetite.plots.style import Array, axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["codes"]

SMALL = 40
"""Rows up to which each cell has an edge."""


def codes(patterns: ArrayLike, hidden: ArrayLike, *, ax: "Axes | None" = None) -> "Axes":
    """Draw patterns, and beside each the hidden units given it: black is on, white is off.

    Parameters
    ----------
    patterns : array_like, shape (rows, n_visible)
        Bits, or chances of bits.
    hidden : array_like, shape (rows, n_hidden)
        Hidden bits of each pattern, or their chances, which are drawn grey.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the two have not as many rows, or numbers lie outside 0 to 1.
    """
    left, right = _shares("patterns", patterns), _shares("hidden", hidden)
    if len(left) != len(right):
        raise ValueError(f"hidden must have {len(left)} rows as patterns has, got {len(right)}")
    axes = axes_of(ax)
    gap = max(1, left.shape[1] // 8)
    starts = 0, left.shape[1] + gap
    line = 0.8 if len(left) <= SMALL else 0.0
    for start, table in zip(starts, (left, right), strict=True):
        axes.pcolormesh(
            np.arange(table.shape[1] + 1) + start, np.arange(len(table) + 1), table,
            cmap="Greys", vmin=0, vmax=1, edgecolors="#C8C8C8", linewidth=line,
        )  # fmt: skip
    axes.set_aspect("equal")
    axes.set_ylim(len(left) + 0.1, -0.1)
    axes.set_xlim(-0.1, starts[1] + right.shape[1] + 0.1)
    middles = [starts[0] + left.shape[1] / 2, starts[1] + right.shape[1] / 2]
    axes.set_xticks(middles, ["visible units", "hidden"])
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    different = len(np.unique(right > 0.5, axis=0))
    axes.set_title("Codes", loc="left", fontsize=12, fontweight="bold")
    axes.set_xlabel(f"{different} different code{'' if different == 1 else 's'}")
    return axes


def _shares(name: str, values: ArrayLike) -> Array:
    array = real_array(name, values)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"{name} must have shape (rows, units), got {array.shape}")
    wrong = array[~((array >= 0) & (array <= 1))]
    if wrong.size:
        raise ValueError(f"{name} must lie between 0 and 1, got {wrong[0]:g}")
    return array
