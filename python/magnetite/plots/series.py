"""Pictures of series in time."""

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_finite, real_array
from magnetite.diagnostics import autocorrelation as autocorrelation_of
from magnetite.diagnostics import autocorrelation_time
from magnetite.diagnostics._series import lengths_of
from magnetite.plots.style import BLUE, ENERGY, GREY, ORANGE, axes_of, dress, legend_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of the steps of a search, in the order in which they are first met; of many rounds they are small.
MARKERS = "soD^vP*X"
MANY_ROUNDS = 60


def autocorrelation(
    series: ArrayLike, *, max_lag: int | None = None, ax: "Axes | None" = None
) -> "Axes":
    """Draw the autocorrelation function of a series, and its integrated time.

    Parameters
    ----------
    series : array_like
        Shape (num_draws,) or (num_chains, num_draws); chains may end in nan.
    max_lag : int, optional
        Largest lag in draws; by default ten integrated times.
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
        If draws are infinite, or nan before a number.
    """
    time = autocorrelation_time(series)
    if max_lag is None:
        longest = np.shape(series)[-1] // 4
        max_lag = min(longest, max(10, int(10 * time.value))) if time.reliable else longest
    rho = autocorrelation_of(series, max_lag=max_lag)
    axes = axes_of(ax)
    lags = np.arange(rho.size)
    axes.axhline(0, color=GREY, lw=1)
    axes.fill_between(lags, rho, color=BLUE, alpha=0.2, lw=0)
    axes.plot(lags, rho, "o-" if rho.size <= 60 else "-", color=BLUE, ms=3.5, lw=1.6)
    if time.reliable:
        text = rf"$\tau_\mathrm{{int}} = {time.value:.3g} \pm {time.error:.1g}$ draws"
        axes.axvline(time.value, color=ORANGE, ls="--", lw=1.6, label=text)
        legend_above(axes)
    dress(axes, "Autocorrelation", "lag $t$ (draws)", r"autocorrelation $\rho(t)$")
    axes.set_xlim(0, max(rho.size - 1, 1))
    axes.set_ylim(top=1.03)
    return axes


def trajectory(
    sweeps: ArrayLike,
    energies: ArrayLike,
    *,
    target: float | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw energies on the way: every read, their median, and the lowest so far.

    ``trajectory(*result.trajectory)`` draws that of an `AnnealResult`.

    Parameters
    ----------
    sweeps : array_like
        Sweeps (p,), ascending.
    energies : array_like
        Energies (num_reads, p), or (p,) of a single read; nan where not reached.
    target : float, optional
        The energy to be reached, drawn as a line.
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
    times = real_array("sweeps", sweeps)
    reads = np.atleast_2d(real_array("energies", energies))
    if times.ndim != 1 or reads.ndim != 2 or reads.shape[1] != times.size or not reads.size:
        raise ValueError(
            f"energies must have shape (num_reads, {times.size}), one column for each of sweeps, "
            f"got {np.shape(energies)}"
        )
    check_finite("sweeps", times)
    reached = int(lengths_of(reads, "energies").max())
    times, reads = times[:reached], reads[:, :reached]
    axes = axes_of(ax)
    if len(reads) > 1:
        faint = max(0.08, min(0.5, 8 / len(reads)))
        axes.plot(times, reads.T, color=GREY, alpha=faint, lw=0.8)
        axes.plot([], [], color=GREY, lw=0.8, label=f"{len(reads)} reads")
    middle = "median" if len(reads) > 1 else "energy"
    axes.plot(times, np.nanmedian(reads, axis=0), color=BLUE, lw=2, label=middle)
    lowest = np.minimum.accumulate(np.nanmin(reads, axis=0))
    axes.step(times, lowest, where="post", color=ORANGE, lw=2, label="lowest so far")
    if target is not None:
        axes.axhline(target, color="black", ls=":", lw=1.4, label=f"target {target:.8g}")
    dress(axes, "Energy on the way", "sweep", ENERGY)
    if times.size and times[0] > 0 and times[-1] >= 30 * times[0]:
        axes.set_xscale("log")
    axes.margins(x=0)
    legend_above(axes)
    return axes


def search(
    best_energies: ArrayLike,
    mean_energies: ArrayLike,
    steps: Sequence[str],
    *,
    populations: ArrayLike | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a search round by round: best and mean energy of its population, and the lowest so far.

    The marker of a round tells its step; a line joins the rounds of one population.

    Parameters
    ----------
    best_energies, mean_energies : array_like
        Of the population after each round, (num_rounds,).
    steps : sequence of str
        What each round did, such as "anneal" and "breed".
    populations : array_like, optional
        The number (num_rounds,) of the population of each round; by default all are of one.
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
        If shapes do not fit, or there are no rounds.
    """
    best, mean = (
        real_array(name, values)
        for name, values in (("best_energies", best_energies), ("mean_energies", mean_energies))
    )
    epochs = real_array("populations", np.zeros(len(steps)) if populations is None else populations)
    if not len(steps) or any(each.shape != (len(steps),) for each in (best, mean, epochs)):
        raise ValueError(
            f"best_energies, mean_energies and populations must have shape ({len(steps)},), as "
            f"steps has it, of at least one round, got {best.shape}, {mean.shape}, {epochs.shape}"
        )
    axes = axes_of(ax)
    from matplotlib.ticker import MaxNLocator

    numbers, names = np.arange(1, best.size + 1), np.array(steps)
    size = 5.0 if best.size <= MANY_ROUNDS else 3.0
    joined = np.split(np.arange(best.size), np.flatnonzero(np.diff(epochs)) + 1)
    for values, colour, label in ((mean, GREY, "mean"), (best, BLUE, "best")):
        for rounds in joined:
            axes.plot(numbers[rounds], values[rounds], color=colour, lw=1.2)
        axes.plot([], [], color=colour, lw=1.6, label=label)
        for name, marker in zip(dict.fromkeys(steps), cycle(MARKERS), strict=False):
            of_step = names == name
            axes.plot(
                numbers[of_step], values[of_step], marker, color=colour, ms=size, mew=0, zorder=3
            )
    lowest = np.fmin.accumulate(best)
    axes.step(numbers, lowest, where="post", color=ORANGE, lw=1.6, label="lowest so far")
    for name, marker in zip(dict.fromkeys(steps), cycle(MARKERS), strict=False):
        axes.plot([], [], marker, color="black", ms=5, mew=0, label=name)
    dress(axes, "Search by round", "round", ENERGY)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_above(axes)
    return axes
