"""What all pictures share: colours, labels, and room for legends."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import real_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

# Okabe and Ito's colours: one curve, another, and what they are measured against.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#767676"
# Rungs that are named one by one; of more, so many are picked.
MAX_NAMED = 7
BETA = r"inverse temperature $\beta$ (1 / coupling units)"
RUNGS = r"rung, by inverse temperature $\beta$ (1 / coupling units)"
# Characters that fit the line of the title, and how many a key of a legend and a bold letter take.
LINE, KEY, BOLD = 54, 5, 1.25
ACROSS = 4  # keys of a legend in a line
ENERGY = "energy $E$ (coupling units)"


def need_matplotlib() -> None:
    """Require matplotlib, or name the remedy."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install magnetite[plot]") from error


def axes_of(ax: "Axes | None") -> "Axes":
    """Return the axes to draw on, of a new figure where none are given."""
    need_matplotlib()
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(6.4, 4.0), dpi=120, layout="constrained")[1]


def dress(axes: "Axes", title: str, across: str, up: str) -> None:
    """Name the axes, and take away ink that says nothing."""
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.25, lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def legend_above(axes: "Axes") -> None:
    """Put the legend in lines above the axes, where it covers nothing, and the title over it."""
    _, labels = axes.get_legend_handles_labels()
    if not labels:
        return
    title = axes.get_title(loc="left")
    lines = -(-len(labels) // ACROSS)
    if lines > 1 or sum(map(len, labels)) + KEY * len(labels) + BOLD * len(title) > LINE:
        pad = 26 + 16 * (lines - 1)
        axes.set_title(title, loc="left", pad=pad, fontsize=12, fontweight="bold")
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=ACROSS, frameon=False,
        borderaxespad=0.2, handlelength=1.6, columnspacing=1.2,
    )  # fmt: skip


def colours_of(num_rungs: int) -> Any:
    """Return one colour a rung; the brightest yellow is too faint on white."""
    from matplotlib import colormaps

    return colormaps["viridis"](np.linspace(0, 0.92, num_rungs))


def picked_rungs(num_rungs: int, most: int = MAX_NAMED) -> NDArray[np.int64]:
    """Return the rungs to be named: all of a few, else `most` from end to end."""
    return np.unique(np.linspace(0, num_rungs - 1, min(num_rungs, most)).round().astype(int))


def vector(name: str, value: ArrayLike, size: int) -> Array:
    """Return `value` as a vector of so many numbers."""
    array = real_array(name, value)
    if array.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), as betas asks for, got {array.shape}")
    return array
