"""All that a result has to show, in one figure."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from magnetite._checks import check_choice
from magnetite.plots.curves import heat_capacity, overlap_distribution
from magnetite.plots.ladders import energy_histograms, replica_flow, swap_rates
from magnetite.plots.series import autocorrelation, search, trajectory
from magnetite.plots.style import BLUE, ENERGY, ORANGE, dress, legend_above, need_matplotlib
from magnetite.results import AnnealResult, Result
from magnetite.solve_result import SolveResult
from magnetite.temper_result import TemperResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Picture: TypeAlias = Callable[["Axes"], object]

COLUMNS = 3
PANEL = (5.6, 3.9)  # inches
DPI = 110
MOST_BINS = 40


def overview(
    result: Result, *, pictures: Sequence[str] | None = None, figure: "Figure | None" = None
) -> "Figure":
    """Draw all that a result has to show in one figure, or some of it.

    Of a `TemperResult`: "energy_histograms", "swap_rates", "replica_flow", "heat_capacity",
    "overlap_distribution" (with two ladders or more, at measurements) and "autocorrelation" (of the
    energy, at the rung that forgets most slowly). Of an `AnnealResult`: "trajectory" (where it was
    recorded), "rounds" (where there were several) and "energies" (of the reads). Of a
    `SolveResult`: "search" (where there were rounds) and "energies" (of the best states).

    Parameters
    ----------
    result : TemperResult, AnnealResult or SolveResult
        What was found.
    pictures : sequence of str, optional
        The pictures to be drawn, in this order; by default all that there are data for.
    figure : matplotlib Figure, optional
        Where to draw, its size changed to fit; by default a new figure of pyplot's.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If the result is of another kind.
    ValueError
        If there are no data for a picture that is asked for; the message names the option.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # files only, no windows
    >>> import magnetite as mg
    >>> from magnetite import plots
    >>> model = mg.Ising({(i, (i + 1) % 12): 1.0 for i in range(12)})
    >>> result = mg.temper(model, betas=[0.2, 0.5, 1.0], num_sweeps=200, seed=1)
    >>> figure = plots.overview(result, pictures=["swap_rates", "replica_flow"])
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['Swap rates', 'Replica flow']
    >>> figure.savefig("ladder.png")  # doctest: +SKIP
    """
    need_matplotlib()
    if isinstance(result, TemperResult):
        known, title = _of_ladders(result), _title_of_ladders(result)
    elif isinstance(result, AnnealResult):
        known, title = _of_reads(result), _title_of_states(result, "reads")
    elif isinstance(result, SolveResult):
        known, title = _of_search(result), _title_of_states(result, "best states")
    else:
        raise TypeError(
            "result must be a TemperResult, an AnnealResult or a SolveResult, "
            f"got {type(result).__name__}"
        )
    if pictures is not None:
        known = {name: _asked_for(name, known, type(result)) for name in pictures}
    if not known:
        raise ValueError("pictures must name at least one that the result has data for")
    figure = _figure_of(figure, len(known), title)
    for axes, draw in zip(figure.axes, known.values(), strict=True):
        draw(axes)
    return figure


def _asked_for(name: str, known: dict[str, Picture], kind: type[Result]) -> Picture:
    """Return a picture; refuse one without data, and name the option that records them."""
    needed = _NEEDED[kind]
    check_choice("pictures", name, tuple(needed))
    if name not in known:
        raise ValueError(f"pictures has no data for {name!r}: it takes a run {needed[name]}")
    return known[name]


def _figure_of(figure: "Figure | None", number: int, title: str) -> "Figure":
    """Return a figure with so many axes, row by row."""
    if figure is None:
        from matplotlib import pyplot

        figure = pyplot.figure()
    across = min(COLUMNS, number) if number != COLUMNS + 1 else 2
    down = math.ceil(number / across)
    figure.set_size_inches(PANEL[0] * across, PANEL[1] * down + 0.4)
    figure.set_dpi(DPI)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    for place in range(number):
        figure.add_subplot(down, across, place + 1)
    return figure


def _of_ladders(result: TemperResult) -> dict[str, Picture]:
    """Return the pictures that there are data for."""
    betas, pictures = result.betas, dict[str, Picture]()
    if np.isfinite(result.energies).all(axis=(0, 1)).any():
        pictures["energy_histograms"] = lambda ax: energy_histograms(result.energies, betas, ax=ax)
    pictures["swap_rates"] = lambda ax: swap_rates(betas, result.swap_rates, ax=ax)
    pictures["replica_flow"] = lambda ax: replica_flow(betas, result.from_hot, ax=ax)
    if np.isfinite(result.heat_capacity.value).any():
        pictures["heat_capacity"] = partial(_heat_capacity, result)
    if result.overlaps.any():
        pictures["overlap_distribution"] = lambda ax: overlap_distribution(
            result.overlap_edges, result.overlaps, betas, ax=ax
        )
    if np.isfinite(result.equilibration.autocorrelation_time.value).any():
        pictures["autocorrelation"] = partial(_slowest_autocorrelation, result)
    return pictures


def _title_of_ladders(result: TemperResult) -> str:
    num_ladders, num_rungs, num_draws = result.energies.shape
    verdict = "yes" if result.equilibration.verdict else "no"
    return (
        f"{result.states.shape[-1]:,} variables, {num_ladders} x {num_rungs} replicas, "
        f"{num_draws:,} draws; best {result.objective_name} {result.best_objective:.10g}; "
        f"equilibrated: {verdict}"
    )


def _heat_capacity(result: TemperResult, ax: "Axes") -> None:
    estimates = result.heat_capacity
    heat_capacity(result.betas, estimates.value, estimates.error, ax=ax)


def _slowest_autocorrelation(result: TemperResult, ax: "Axes") -> None:
    """Draw the autocorrelation of the energy at the rung that forgets most slowly."""
    slowest = int(np.nanargmax(result.equilibration.autocorrelation_time.value))
    autocorrelation(result.energies[:, slowest], ax=ax)
    ax.set_ylabel(rf"$\rho(t)$ of $E$ at $\beta = {result.betas[slowest]:.3g}$, the slowest rung")


def _of_reads(result: AnnealResult) -> dict[str, Picture]:
    """Return the pictures that there are data for."""
    pictures: dict[str, Picture] = {}
    if hasattr(result, "trajectory") and np.isfinite(result.trajectory.energies).any():
        sweeps, energies = result.trajectory
        pictures["trajectory"] = lambda ax: trajectory(sweeps, energies, ax=ax)
    if len(result.info["rounds"]) > 1:
        pictures["rounds"] = partial(_rounds, result)
    if np.isfinite(result.energies).any():
        pictures["energies"] = partial(_energies, result)
    return pictures


def _of_search(result: SolveResult) -> dict[str, Picture]:
    """Return the pictures that there are data for."""
    pictures: dict[str, Picture] = {}
    rounds = result.info["rounds"]
    if rounds:
        best, mean, steps, epochs = (
            [this[name] for this in rounds]
            for name in ("best_energy", "mean_energy", "step", "epoch")
        )
        pictures["search"] = lambda ax: search(best, mean, steps, populations=epochs, ax=ax)
    pictures["energies"] = partial(_energies, result)
    return pictures


def _title_of_states(result: Result, what: str) -> str:
    num_states, num_variables = result.states.shape
    return (
        f"{num_variables:,} variables, {num_states:,} {what}; "
        f"best {result.objective_name} {result.best_objective:.10g}"
    )


def _rounds(result: AnnealResult, ax: "Axes") -> None:
    """Draw the lowest energy of each round, and of all so far, over the time it took."""
    rounds = [this for this in result.info["rounds"] if math.isfinite(this["best_energy"])]
    seconds = np.cumsum([this["seconds"] for this in rounds])
    energies = np.array([this["best_energy"] for this in rounds])
    ax.plot(seconds, energies, "o", color=BLUE, ms=5, zorder=3, label="a round")
    lowest = np.minimum.accumulate(energies)
    ax.step(seconds, lowest, where="post", color=ORANGE, lw=2, label="lowest so far")
    dress(ax, "Best by round", "time (s)", ENERGY)
    ax.set_xlim(left=0)
    legend_above(ax)


def _energies(result: AnnealResult | SolveResult, ax: "Axes") -> None:
    """Draw how the energies of the reads, or of the best states, are spread."""
    from matplotlib.ticker import MaxNLocator

    energies = result.energies[np.isfinite(result.energies)]
    distinct = np.unique(energies)
    step = np.diff(distinct).min(initial=np.inf) if distinct.size > 1 else 1.0
    low, high = distinct[0] - step / 2, distinct[-1] + step / 2
    points = round(float((high - low) / step))
    if points <= MOST_BINS:
        edges = np.linspace(low, high, points + 1)
    else:
        edges = np.linspace(distinct[0], distinct[-1], MOST_BINS + 1)
    counts, _ = np.histogram(energies, edges)
    ax.bar((edges[1:] + edges[:-1]) / 2, counts, 0.9 * np.diff(edges), color=BLUE, alpha=0.8)
    ax.axvline(distinct[0], color=ORANGE, ls="--", lw=1.6, label=f"lowest {distinct[0]:.8g}")
    what = "reads" if isinstance(result, AnnealResult) else "best states"
    dress(ax, f"Energies of the {what}", ENERGY, what)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if distinct.size == 1:
        ax.set_xlim(low - 3 * step, high + 3 * step)
    legend_above(ax)


_NEEDED: dict[type[Result], dict[str, str]] = {
    TemperResult: {
        "energy_histograms": "with num_sweeps of at least thin, that is not stopped before",
        "swap_rates": "of any length",
        "replica_flow": "of any length",
        "heat_capacity": "with more draws: num_sweeps // thin of at least 8",
        "overlap_distribution": "with num_ladders of at least 2, and observe_interval from 1 to "
        "num_draws",
        "autocorrelation": "with more draws: a larger num_sweeps",
    },
    AnnealResult: {
        "trajectory": "with trajectory= a number of points",
        "rounds": "with a time_limit to fill, num_reads or num_sweeps left out",
        "energies": "of at least one read",
    },
    SolveResult: {
        "search": "with rounds, and this answer was proven without any",
        "energies": "of any length",
    },
}
"""By the kind of result and the name of a picture: what its data take."""
