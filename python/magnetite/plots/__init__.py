"""Pictures of runs, with matplotlib (``pip install magnetite[plot]``).

`overview` draws all that a result has to show in one figure, and the figure's parts one by one
with ``pictures``. Every other function draws arrays on the axes it is given, or on a figure of its
own, and returns the axes.
Colours are told apart by those who are colour-blind; betas run from dark (hot) to bright (cold).
Ladders are shown rung by rung, evenly spaced, however their betas are.

Examples
--------
>>> import matplotlib
>>> matplotlib.use("Agg")  # files only, no windows
>>> from magnetite import plots
>>> axes = plots.swap_rates([0.1, 0.5, 1.0, 2.0], [0.45, 0.3, 0.38])
>>> axes.get_ylabel()
'share of swaps accepted'
>>> axes.figure.savefig("swaps.png")  # doctest: +SKIP
"""

from magnetite.plots.codes import codes
from magnetite.plots.curves import heat_capacity, overlap_distribution
from magnetite.plots.ladders import energy_histograms, replica_flow, swap_rates
from magnetite.plots.learning import learning_curves, parameter_histogram
from magnetite.plots.machines import filters, inpainting, samples
from magnetite.plots.overviews import overview
from magnetite.plots.series import autocorrelation, search, trajectory

__all__ = [
    "autocorrelation",
    "codes",
    "energy_histograms",
    "filters",
    "heat_capacity",
    "inpainting",
    "learning_curves",
    "overlap_distribution",
    "overview",
    "parameter_histogram",
    "replica_flow",
    "samples",
    "search",
    "swap_rates",
    "trajectory",
]
