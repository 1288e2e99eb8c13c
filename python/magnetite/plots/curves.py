"""Pictures of what was measured, as curves."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_count, real_array
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
    edges: ArrayLike,
    histogram: ArrayLike,
    betas: ArrayLike,
    *,
    num_bins: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the distribution P(q) of overlaps at a few rungs, from hot to cold.

    Neighbouring bins are joined where there are more than the counts bear.

    Parameters
    ----------
    edges : array_like
        Edges (num_bins + 1,) of the bins, ascending, from -1 to 1 for an overlap.
    histogram : array_like
        Counts (num_rungs, bins).
    betas : array_like
        Betas (num_rungs,), ascending.
    num_bins : int, optional
        About so many bins at most; by default as wide as Scott's rule says for the spread of the
        size of q at a rung, and the number of its counts.
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
    if num_bins is not None:
        num_bins = check_count("num_bins", num_bins, 1)
    rungs = picked_rungs(betas.size)
    for rung in rungs:
        wanted = _num_bins(bounds, counts[rung]) if num_bins is None else num_bins
        edges, joined = _joined(bounds, counts[rung], wanted)
        density = joined / max(1.0, joined.sum()) / np.diff(edges)
        middles = (edges[1:] + edges[:-1]) / 2
        axes.fill_between(middles, density, color=colours[rung], alpha=0.12, lw=0)
        axes.plot(middles, density, color=colours[rung], lw=1.8, label=f"{betas[rung]:.3g}")
    dress(axes, "Overlap distribution", "overlap $q$", "probability density $P(q)$")
    axes.set_xlim(*_span(bounds, counts[rungs].sum(axis=0)))
    axes.set_ylim(bottom=0)
    axes.legend(
        title=r"$\beta$", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, reverse=True
    )
    return axes


def _num_bins(edges: Array, counts: Array) -> int:
    """Return how many bins the counts bear (Scott, Biometrika 66 (1979) 605).

    The spread is that of the size of q, in which the two sides of a symmetric distribution fall
    together: times 1 / 0.603 it is the standard deviation of a normal q.
    """
    total = counts.sum()
    if total == 0:
        return 1
    sizes = abs(edges[1:] + edges[:-1]) / 2
    mean = counts @ sizes / total
    spread = math.sqrt(counts @ (sizes - mean) ** 2 / total) / 0.603
    width = 3.49 * spread / math.cbrt(total)
    return counts.size if width == 0 else max(1, math.floor((edges[-1] - edges[0]) / width))


def _span(edges: Array, counts: Array) -> tuple[float, float]:
    """Return what is shown of the axis: all of it, or the middle where all counts are there."""
    there = np.flatnonzero(counts)
    if there.size and (reach := 1.2 * max(-edges[there[0]], edges[there[-1] + 1])) < edges[-1] / 2:
        return -reach, reach
    return float(edges[0]), float(edges[-1])


def _joined(edges: Array, counts: Array, num_bins: int) -> tuple[Array, Array]:
    """Join bins to about `num_bins`, alike to both sides of the middle."""
    there = counts.size
    width = max(1, there // num_bins)
    if there % 2:
        width += 1 - width % 2  # so that the bin in the middle stays there
    first = (there // 2 - there % 2 * (width // 2)) % width
    inner = np.arange(first, there, width)
    starts = inner if first == 0 else np.concatenate([[0], inner])
    return edges[np.append(starts, there)], np.add.reduceat(counts, starts)


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
