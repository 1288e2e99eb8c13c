"""Pictures of learning: curves by epoch, histograms of parameters and means."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_choice, real_array
from magnetite.plots.style import BLUE, GREY, ORANGE, axes_of, dress, legend_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from magnetite.models.rbm import RBM

__all__ = ["learning_curves", "parameter_histogram"]

LIKELIHOODS = {
    "log_likelihood": "log-likelihood",
    "validation_log_likelihood": "log-likelihood, validation",
    "pseudo_log_likelihood": "pseudo-likelihood",
    "validation_pseudo_log_likelihood": "pseudo-likelihood, validation",
}
UNITS = {
    "free_energy_gap": "free-energy gap, validation - training (nats)",
    "reconstruction_error": "mean squared error of reconstruction (an alarm only)",
    "mean_abs_weight": r"mean $|W_{ij}|$",
    "update_ratio": r"mean $|\Delta W|$ / mean $|W|$",
    "autocorrelation_time": "autocorrelation time (Gibbs steps)",
    "training_time": "autocorrelation time while learning (Gibbs steps)",
    "r_hat": r"split $\hat{R}$",
    "steps": "Gibbs steps an update",
}
COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", GREY)
KINDS = {
    "weights": ("Weights", "weight $W_{ij}$"),
    "biases": ("Biases", "bias"),
    "means": ("Hidden means", r"mean $\langle h_j \rangle$ over the data"),
    "updates": ("Updates", r"change of a weight, $\Delta W_{ij}$"),
}


def learning_curves(
    history: Any, *, names: Sequence[str] | None = None, ax: "Axes | None" = None
) -> "Axes":
    """Draw columns of a training's history by epoch.

    Parameters
    ----------
    history : TrainingResult, or dict of array_like
        What `RBM.fit` returns, or its ``history``.
    names : sequence of str, optional
        Columns, of one unit; by default those of likelihoods and pseudo-likelihoods, or where they
        have no numbers (as of real units) the gap of free energies or the error of reconstruction.
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
        If a column is not there.
    """
    table: Mapping[str, ArrayLike] = getattr(history, "history", history)
    there = [name for name in table if name not in ("epoch", "updates", "seconds")]
    chosen = _telling(table) if names is None else list(names)
    if not chosen:
        raise ValueError(f"names must be columns of the history, of {there}, got none")
    for name in chosen:
        check_choice("names", name, there)
    columns = {name: real_array(name, table[name]) for name in chosen}
    length = columns[chosen[0]].size
    epochs = real_array("epoch", table.get("epoch", np.arange(1, length + 1)))
    axes = axes_of(ax)
    for k, (name, values) in enumerate(columns.items()):
        made = np.isfinite(values)
        label = LIKELIHOODS.get(name, name.replace("_", " "))
        marker = "o-" if made.sum() <= 40 else "-"
        colour = COLOURS[k % len(COLOURS)]
        axes.plot(epochs[made], values[made], marker, ms=3.5, lw=1.6, color=colour, label=label)
    if all(name in LIKELIHOODS for name in chosen):
        unit = r"$\ln p$ per row (nats)"
    else:
        unit = UNITS.get(chosen[0], chosen[0].replace("_", " ")) if len(chosen) == 1 else "value"
    from matplotlib.ticker import MaxNLocator

    dress(axes, "Learning", "epoch", unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.02)
    if len(chosen) > 1:
        legend_above(axes)
    return axes


def _telling(table: Mapping[str, ArrayLike]) -> list[str]:
    """Return the columns of likelihoods, or one other, that have numbers."""
    full = [
        name
        for name in (*LIKELIHOODS, *UNITS)
        if name in table and np.isfinite(real_array(name, table[name])).any()
    ]
    return [name for name in full if name in LIKELIHOODS] or full[:1]


def parameter_histogram(
    values: "RBM | ArrayLike",
    *,
    kind: str = "weights",
    num_bins: int = 60,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw how weights, biases, updates or means of hidden units are distributed.

    A healthy machine has most weights near zero and a few strong ones, hidden means that are not
    all at an end of their range, and updates about a thousand times smaller than its weights
    (Hinton, "A practical guide to training restricted Boltzmann machines", 2010).

    Parameters
    ----------
    values : array_like of any shape, or RBM
        The numbers; of a machine its weights, or with kind "biases" those of both layers.
    kind : "weights" (default), "biases", "means" or "updates"
        What they are. Counts of "weights", "biases" and "updates" are on a logarithmic scale.
    num_bins : int
        Bins, 60 by default.
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
        If there are no finite numbers, or if they are of a kind that a machine does not hold.
    """
    title, label = KINDS[check_choice("kind", kind, tuple(KINDS))]
    if hasattr(values, "weights"):
        values = _parameters(values, kind)
    numbers = real_array("values", values).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        raise ValueError("values must have a finite number at least, got none")
    axes = axes_of(ax)
    counts, edges = np.histogram(numbers, num_bins)
    axes.stairs(counts, edges, fill=True, color=BLUE, alpha=0.8)
    mean, spread = float(numbers.mean()), float(numbers.std())
    axes.axvline(mean, color=ORANGE, ls="--", lw=1.6, label=f"mean {mean:.3g}, spread {spread:.2g}")
    dress(axes, title, label, "number")
    if kind != "means":
        axes.set_yscale("log")
        axes.set_ylim(0.7)
    legend_above(axes)
    return axes


def _parameters(machine: Any, kind: str) -> Any:
    if kind == "weights":
        return machine.weights
    if kind == "biases":
        return np.concatenate([machine.visible_bias, machine.hidden_bias])
    raise ValueError(f"kind must be 'weights' or 'biases' of a machine, got {kind!r}")
