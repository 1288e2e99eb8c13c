"""The option ``--plot``: a picture of what was found."""

from pathlib import Path
from typing import Any

from magnetite.cli.states import check_output
from magnetite.results import Result

__all__ = ["add_plot_argument", "check_plot", "write_plot"]


def add_plot_argument(group: Any, what: str | None) -> None:
    """Add the option; a command whose results have no picture (None) goes without."""
    if what is None:
        group.set_defaults(plot=None)
        return
    group.add_argument(
        "--plot",
        metavar="PNG",
        help=f"draw {what} (or .pdf, .svg; needs magnetite[plot])",
    )


def check_plot(path: str | None) -> None:
    """Refuse a picture that cannot be drawn or written, before the work starts."""
    if path is None:
        return
    check_output(path)
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError as error:
        raise ValueError(
            "--plot needs matplotlib, which is not installed: pip install magnetite[plot]"
        ) from error
    kinds = FigureCanvasBase.get_supported_filetypes()
    if Path(path).suffix[1:].lower() not in kinds:
        raise ValueError(f"{path}: --plot must end in one of .{', .'.join(sorted(kinds))}")


def write_plot(path: str, result: Result) -> None:
    """Draw a result that `magnetite.plots.overview` knows, without a window."""
    from matplotlib.figure import Figure

    from magnetite.plots import overview

    overview(result, figure=Figure()).savefig(path)
