"""Pictures of restricted Boltzmann machines: what units look for, what chains draw."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_count, check_finite, real_array
from magnetite.plots.style import ORANGE, Array, axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from magnetite.models.rbm import RBM

__all__ = ["filters", "inpainting", "samples"]

MOST = 100
"""Images that are shown of more, unless asked for."""
BLANK = "#C8C8C8"
"""Colour between images, and of what is not known."""


def filters(
    machine: "RBM | ArrayLike",
    shape: Sequence[int],
    *,
    num_filters: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the weights of hidden units as images of the visible layer, the strongest first.

    Blue weights switch a hidden unit on, red ones off, white ones do nothing; all images share one
    scale, which ends at the 99.5th percentile of the sizes of the weights shown.

    Parameters
    ----------
    machine : RBM, or array_like of shape (n_visible, n_hidden)
        The machine, or its weights.
    shape : (int, int)
        Rows and columns of an image, of ``n_visible`` units together.
    num_filters : int, optional
        How many hidden units, those with the largest weights (root of the sum of squares); at most
        100 by default.
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
        If `shape` does not fit.
    """
    weights = real_array("machine", getattr(machine, "weights", machine))
    if weights.ndim != 2:
        raise ValueError(f"machine must have weights (n_visible, n_hidden), got {weights.shape}")
    check_finite("machine", weights)
    images = as_images("machine", weights.T, shape)
    count = _count("num_filters", num_filters, len(images))
    strongest = np.argsort(-np.square(images).sum(axis=(1, 2)), kind="stable")[:count]
    axes = _image_axes(ax, count, shape)
    shown = images[strongest]
    limit = float(np.quantile(np.abs(shown), 0.995)) or float(np.abs(shown).max()) or 1.0
    picture = axes.imshow(
        tiled(shown, columns_for(count, shape)), cmap=_diverging(), vmin=-limit, vmax=limit
    )
    bar = axes.figure.colorbar(picture, ax=axes, pad=0.02, aspect=30, shrink=0.9)
    bar.ax.set_title("$W_{ij}$", fontsize=11)
    bar.outline.set_visible(False)
    which = "all" if count == len(images) else f"the strongest {count} of"
    _dress(axes, "Filters", f"{which} {len(images)} hidden units, row by row")
    return axes


def samples(
    states: ArrayLike,
    shape: Sequence[int],
    *,
    steps: Sequence[int] | None = None,
    num_samples: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw visible states, or means, as images; of chains in time, a row a chain.

    Parameters
    ----------
    states : array_like, shape (num_samples, n_visible) or (num_chains, num_times, n_visible)
        Bits, means, spins or real numbers; nan is left blank.
    shape : (int, int)
        Rows and columns of an image.
    steps : sequence of int, optional
        Of chains, the numbers of steps at the times, which are written below the columns.
    num_samples : int, optional
        How many samples, or chains; by default at most 100, or 10 chains.
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
    array = real_array("states", states)
    if array.ndim not in (2, 3) or not array.size:
        raise ValueError(
            "states must have shape (num_samples, n_visible) or (num_chains, num_times, "
            f"n_visible), got {array.shape}"
        )
    in_time = array.ndim == 3
    if steps is not None and not (in_time and len(steps) == array.shape[1]):
        raise ValueError(f"steps must be one for each time of states, got {len(steps)}")
    count = _count("num_samples", num_samples, len(array), 10 if in_time else MOST)
    chosen = array[:count]
    images = as_images("states", chosen.reshape(-1, array.shape[-1]), shape)
    columns = array.shape[1] if in_time else columns_for(count, shape)
    axes = _image_axes(ax, len(images), shape, columns)
    low, high = _limits(images)
    axes.imshow(tiled(images, columns), cmap=_grey(), vmin=low, vmax=high)
    if in_time:
        _dress(axes, "Chains", "time" if steps is None else "Gibbs steps")
        axes.set_ylabel("chain")
        if steps is not None:
            middles = (np.arange(columns) + 0.5) * (shape[1] + 1) - 1
            axes.set_xticks(middles, [str(step) for step in steps])
            axes.tick_params(length=0)
    else:
        whole = "" if count == len(array) else f" of {len(array)}"
        _dress(axes, "Samples", f"{count}{whole} states, row by row")
    return axes


def inpainting(
    known: ArrayLike,
    filled: ArrayLike,
    shape: Sequence[int],
    *,
    original: ArrayLike | None = None,
    num_rows: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw what was known, what a machine made of it, and the truth: a column an image.

    Parameters
    ----------
    known : array_like, shape (rows, n_visible)
        Visible states, nan where missing; those units are shown in orange.
    filled : array_like, shape (rows, n_visible)
        What `RBM.inpaint` made of them.
    shape : (int, int)
        Rows and columns of an image.
    original : array_like, shape (rows, n_visible), optional
        The states before anything was taken away.
    num_rows : int, optional
        How many images; 12 by default.
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
    named = {"known": known, "filled": filled} | (
        {} if original is None else {"original": original}
    )
    arrays = {name: real_array(name, value) for name, value in named.items()}
    for name, array in arrays.items():
        if array.ndim != 2 or array.shape != arrays["known"].shape or not array.size:
            raise ValueError(
                f"{name} must have shape (rows, n_visible) as known has it, "
                f"{arrays['known'].shape}, got {array.shape}"
            )
    count = _count("num_rows", num_rows, len(arrays["known"]), 12)
    rows = [as_images(name, array[:count], shape) for name, array in arrays.items()]
    axes = _image_axes(ax, count * len(rows), shape, count)
    low, high = _limits(np.concatenate(rows))
    axes.imshow(tiled(np.concatenate(rows), count), cmap=_grey(), vmin=low, vmax=high)
    # What is missing lies over it, in a colour that no state has.
    missing = tiled(np.isnan(rows[0]).astype(np.float64), count)
    from matplotlib.colors import ListedColormap

    veil = np.where(missing == 1, 1.0, np.nan)
    axes.imshow(
        veil, cmap=ListedColormap([ORANGE]), alpha=0.55,
        extent=(-0.5, veil.shape[1] - 0.5, veil.shape[0] - 0.5, -0.5),
    )  # fmt: skip
    height = len(rows) * (shape[0] + 1) - 1
    axes.set_ylim(height - 0.5, -0.5)
    _dress(axes, "Inpainting", "missing units in orange; filled with means")
    names = {"known": "known", "filled": "filled", "original": "truth"}
    middles = (np.arange(len(rows)) + 0.5) * (shape[0] + 1) - 1
    axes.set_yticks(middles, [names[name] for name in arrays])
    axes.tick_params(length=0)
    return axes


def as_images(name: str, rows: Array, shape: Sequence[int]) -> Array:
    """Return rows as images (rows, height, width)."""
    if len(shape) != 2 or int(shape[0]) * int(shape[1]) != rows.shape[1]:
        raise ValueError(
            f"shape must be the rows and columns of an image of {rows.shape[1]} units, as {name} "
            f"has them, got {tuple(shape)}"
        )
    return rows.reshape(len(rows), int(shape[0]), int(shape[1]))


def columns_for(count: int, shape: Sequence[int]) -> int:
    """Return how many images side by side make a picture about as high as wide.

    Examples
    --------
    >>> from magnetite.plots.machines import columns_for
    >>> columns_for(100, (28, 28)), columns_for(4, (4, 16))
    (10, 1)
    """
    return max(1, min(count, round(float(np.sqrt(count * shape[0] / shape[1])))))


def tiled(images: Array, columns: int) -> Array:
    """Return images (count, height, width) as one, nan between them and where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.plots.machines import tiled
    >>> tiled(np.array([[[1.0]], [[2.0]], [[3.0]]]), 2)
    array([[ 1., nan,  2.],
           [nan, nan, nan],
           [ 3., nan, nan]])
    """
    count, height, width = images.shape
    lines = -(-count // columns)
    sheet = np.full((lines, height + 1, columns, width + 1), np.nan)
    for k, image in enumerate(images):
        sheet[k // columns, :height, k % columns, :width] = image
    return sheet.reshape(lines * (height + 1), columns * (width + 1))[:-1, :-1]


def _count(name: str, given: int | None, there: int, most: int = MOST) -> int:
    return min(there, most if given is None else check_count(name, given, 1))


def _limits(images: Array) -> tuple[float, float]:
    """Return where black and white are: 0 and 1, or further out if numbers are."""
    known = images[~np.isnan(images)]
    return float(min(known.min(initial=0), 0)), float(max(known.max(initial=1), 1))


def _image_axes(
    ax: "Axes | None", count: int, shape: Sequence[int], columns: int | None = None
) -> "Axes":
    """Return the axes to draw on; a new figure has the form of its images."""
    if ax is not None:
        return axes_of(ax)
    columns = columns or columns_for(count, shape)
    wide, high = columns * shape[1], -(-count // columns) * shape[0]
    axes = axes_of(None)
    figure: Any = axes.figure
    width = 6.4
    figure.set_size_inches(width, min(8.0, max(1.6, width * 0.9 * high / wide + 0.7)))
    return axes


def _dress(axes: "Axes", title: str, below: str) -> None:
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
    axes.set_xlabel(below)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _diverging() -> Any:
    """Red, white, blue; told apart by those who are colour-blind."""
    from matplotlib import colormaps

    return colormaps["RdBu"].with_extremes(bad=BLANK)


def _grey() -> Any:
    from matplotlib import colormaps

    return colormaps["gray"].with_extremes(bad=BLANK)
