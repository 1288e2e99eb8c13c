"""Pictures of what was measured, as curves."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import real_array
from magnetite.diagnostics._series import as_betas
from magnetite.plots.style import (
    BETA,
    BLUE,
    Array,
    axes_of,
    colours_of,
    dress,
    legend_above,
    picked_rungs,
    vector,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def heat_capacity(
    betas: ArrayLike, value: ArrayLike, error: ArrayLike | None = None, *, ax: "Axes | None" = None
) -> "Axes":
    """Draw the heat capacity over beta, with a band of two standard errors to each side.

    Parameters
    ----------
    betas : array_like
        Betas (n,), ascending.
    value, error : array_like
        Heat capacity (n,) and its standard errors; nan leaves a gap.
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
        If shapes do not fit.
    """
    betas = as_betas(betas)
    middle = vector("value", value, betas.size)
    axes = axes_of(ax)
    if error is not None:
        band = 2 * vector("error", error, betas.size)
        axes.fill_between(
            betas, middle - band, middle + band, color=BLUE, alpha=0.25, lw=0, label="two errors"
        )
    marker = "o-" if betas.size <= 40 else "-"
    axes.plot(betas, middle, marker, color=BLUE, ms=4, lw=1.6, label="heat capacity")
    dress(axes, "Heat capacity", BETA, r"heat capacity $C$ ($k_\mathrm{B}$)")
    _beta_scale(axes, betas)
    axes.set_ylim(bottom=0)
    if error is not None:
        legend_above(axes)
    return axes


def overlap_distribution(
    edges: ArrayLike, histogram: ArrayLike, betas: ArrayLike, *, ax: "Axes | None" = None
) -> "Axes":
    """Draw the distribution P(q) of overlaps at a few rungs, from hot to cold.

    Parameters
    ----------
    edges : array_like
        Edges (num_bins + 1,) of the bins, ascending, from -1 to 1 for an overlap.
    histogram : array_like
        Counts (num_rungs, num_bins).
    betas : array_like
        Betas (num_rungs,), ascending.
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
        If shapes do not fit.
    """
    betas = as_betas(betas)
    counts, bounds = real_array("histogram", histogram), real_array("edges", edges)
    if bounds.ndim != 1 or counts.shape != (betas.size, bounds.size - 1):
        raise ValueError(
            f"histogram must have shape (num_rungs, num_bins) = ({betas.size}, {bounds.size - 1}), "
            f"as betas and edges have it, got {counts.shape}"
        )
    axes = axes_of(ax)
    colours = colours_of(betas.size)
    total = counts.sum(axis=1, keepdims=True)
    density = counts / np.where(total > 0, total, 1.0) / np.diff(bounds)
    middles = (bounds[1:] + bounds[:-1]) / 2
    for rung in picked_rungs(betas.size):
        axes.fill_between(middles, density[rung], color=colours[rung], alpha=0.12, lw=0)
        axes.plot(middles, density[rung], color=colours[rung], lw=1.8, label=f"{betas[rung]:.3g}")
    dress(axes, "Overlap distribution", "overlap $q$", "probability density $P(q)$")
    axes.set_xlim(bounds[0], bounds[-1])
    axes.set_ylim(bottom=0)
    axes.legend(
        title=r"$\beta$", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, reverse=True
    )
    return axes


def _beta_scale(axes: "Axes", betas: Array) -> None:
    """Take a logarithmic scale for betas of many sizes."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if betas[0] > 0 and betas[-1] >= 20 * betas[0]:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda beta, _: f"{beta:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    if betas.size > 1:
        axes.set_xlim(betas[0], betas[-1])
