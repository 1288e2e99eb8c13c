"""Pictures of a ladder, rung by rung."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_count
from magnetite.diagnostics._series import as_betas, as_ladders
from magnetite.plots.style import (
    BLUE,
    ENERGY,
    GREY,
    MAX_NAMED,
    ORANGE,
    RUNGS,
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


def energy_histograms(
    energies: ArrayLike, betas: ArrayLike, *, num_bins: int = 30, ax: "Axes | None" = None
) -> "Axes":
    """Draw how energies are distributed at every rung: neighbours must overlap, or nothing swaps.

    Every distribution is scaled to the same height.

    Parameters
    ----------
    energies : array_like
        Shape (num_ladders, num_rungs, num_draws); nan where a stopped run did not reach.
    betas : array_like
        Betas (num_rungs,), ascending.
    num_bins : int, default 30
        Most bins of a rung; fewer where its energies are that many steps of a grid, or its draws
        fewer than they bear: not more than 2 times the cube root of their number.
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
        If shapes do not fit, or there are no draws.
    """
    betas = as_betas(betas)
    draws = np.moveaxis(as_ladders("energies", energies, betas), 1, 0).reshape(betas.size, -1)
    if not draws.size:
        raise ValueError("energies must have at least one draw that all replicas reached")
    borne = math.ceil(2 * math.cbrt(draws.shape[1]))
    num_bins = min(borne, check_count("num_bins", num_bins, 1))
    axes = axes_of(ax)
    from matplotlib.ticker import MaxNLocator

    colours = colours_of(betas.size)
    step = _grid_step(draws)
    fill, line = (0.35, 1.4) if betas.size <= MAX_NAMED else (0.12, 1.2)
    line *= min(1.0, 5 / np.sqrt(betas.size))
    for rung in range(betas.size):
        edges = _bin_edges(draws[rung], step, num_bins)
        counts, _ = np.histogram(draws[rung], edges)
        # A line through the middles of the bins, and of an empty one at each end.
        places = np.concatenate([edges, [2 * edges[-1] - edges[-2]]]) - (edges[1] - edges[0]) / 2
        heights = np.concatenate([[0.0], counts / counts.max(), [0.0]])
        axes.fill_between(places, heights, color=colours[rung], alpha=fill, lw=0)
        axes.plot(places, heights, color=colours[rung], lw=line)
    dress(axes, "Energies by rung", ENERGY, r"probability $p_\beta(E)$ / its largest")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_ylim(0, 1.06)
    axes.margins(x=0.01)
    _beta_bar(axes, betas)
    return axes


def swap_rates(betas: ArrayLike, rates: ArrayLike, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the share of swaps that neighbouring rungs accept.

    Parameters
    ----------
    betas : array_like
        Betas (num_rungs,), ascending.
    rates : array_like
        Shares (num_rungs - 1,) from 0 to 1; nan where no swap was tried.
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
    shares = vector("rates", rates, betas.size - 1)
    axes = axes_of(ax)
    # A bar stands between the two rungs that swap.
    axes.bar(np.arange(shares.size) + 0.5, shares, 0.86, color=BLUE, alpha=0.8)
    made = shares[np.isfinite(shares)]
    if made.size:
        axes.axhline(made.mean(), color=ORANGE, ls="--", lw=1.6, label=f"mean {made.mean():.2f}")
    dress(axes, "Swap rates", RUNGS, "share of swaps accepted")
    axes.set_ylim(0, 1)
    _rung_ticks(axes, betas)
    legend_above(axes)
    return axes


def replica_flow(
    betas: ArrayLike, fraction_from_hot: ArrayLike, *, ax: "Axes | None" = None
) -> "Axes":
    """Draw which share of replicas at each rung came last from the hot end.

    On a ladder of the best betas the share falls evenly from rung to rung, along the dashed line; a
    sudden drop is where replicas cannot pass (Katzgraber, Trebst, Huse and Troyer, J. Stat. Mech.
    (2006) P03018).

    Parameters
    ----------
    betas : array_like
        Betas (num_rungs,), ascending.
    fraction_from_hot : array_like
        Shares (num_rungs,) from 0 to 1; nan where no replica has been at an end.
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
    shares = vector("fraction_from_hot", fraction_from_hot, betas.size)
    axes = axes_of(ax)
    axes.plot([0, betas.size - 1], [1, 0], color=GREY, ls="--", lw=1.4, label="even flow")
    axes.plot(shares, "o-", color=BLUE, ms=4.5, lw=1.6, label="this run")
    dress(axes, "Replica flow", RUNGS, "share that came from the hot end")
    axes.set_ylim(-0.03, 1.03)
    _rung_ticks(axes, betas)
    legend_above(axes)
    return axes


def _rung_ticks(axes: "Axes", betas: Array) -> None:
    """Put rungs at even distances, and the betas of a few below them."""
    picked = picked_rungs(betas.size)
    axes.set_xticks(picked, [f"{betas[rung]:.3g}" for rung in picked])
    axes.set_xlim(-0.5, betas.size - 0.5)


def _beta_bar(axes: "Axes", betas: Array) -> None:
    """Draw the scale of the rungs' colours, with the betas of a few."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import BoundaryNorm, ListedColormap

    norm = BoundaryNorm(np.arange(betas.size + 1) - 0.5, betas.size)
    scale = ScalarMappable(norm, ListedColormap(colours_of(betas.size)))
    bar = axes.figure.colorbar(scale, ax=axes, pad=0.02, aspect=30)
    picked = picked_rungs(betas.size)
    bar.set_ticks(picked.tolist(), labels=[f"{betas[rung]:.3g}" for rung in picked])
    bar.minorticks_off()
    bar.ax.set_title(r"$\beta$", fontsize=11)
    bar.outline.set_visible(False)


def _grid_step(draws: Array) -> float:
    """Return the smallest distance of two energies, of a sample of them that shows a grid."""
    sample = np.unique(draws.ravel()[:: -(-draws.size // 100_000)])
    steps = np.diff(sample)
    steps = steps[steps > 1e-9 * (sample[-1] - sample[0])]
    return float(steps.min(initial=1.0 if steps.size == 0 else np.inf))


def _bin_edges(draws: Array, step: float, num_bins: int) -> Array:
    """Return edges of even bins; on a grid of energies each holds the same number of its points."""
    low, high = float(draws.min()), float(draws.max())
    points = round((high - low) / step)
    if points > 1000 * num_bins:  # no grid, but any two numbers
        return np.linspace(low, high, num_bins + 1)
    width = step * max(1, -(-points // num_bins))
    numbers = np.arange(int((high - low + step / 2) / width) + 2)
    return np.asarray(low - step / 2 + width * numbers, np.float64)
