"""Pictures: each draws without a warning, names its axes, and leaves its data uncovered."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite import plots

matplotlib = pytest.importorskip("matplotlib", reason="pictures need matplotlib")
matplotlib.use("Agg")

RNG = np.random.default_rng(3)
BETAS = np.geomspace(0.1, 2.5, 20)
# Normal energies of 400 sites, on the grid of a +-1 model, the last draws not reached.
ENERGIES = 4 * np.round(
    RNG.normal(-100 * BETAS[:, None], 10 * np.sqrt(BETAS[:, None]), (2, 20, 300))
)
ENERGIES[..., -20:] = np.nan
HISTOGRAM = RNG.integers(1, 50, (20, 40))
RATES = np.append(RNG.random(18), np.nan)

PICTURES: dict[str, Callable[..., Any]] = {
    "histograms": lambda **on: plots.energy_histograms(ENERGIES, BETAS, **on),
    "histograms of three": lambda **on: plots.energy_histograms(ENERGIES[:, :3], BETAS[:3], **on),
    "histograms of reals": lambda **on: plots.energy_histograms(
        RNG.normal(size=(1, 64, 50)), np.arange(64), **on
    ),
    "histograms of one value": lambda **on: plots.energy_histograms(
        np.ones((1, 2, 9)), [0, 1], **on
    ),
    "swaps": lambda **on: plots.swap_rates(BETAS, RATES, **on),
    "no swaps": lambda **on: plots.swap_rates([0.5, 1.0], [np.nan], **on),
    "flow": lambda **on: plots.replica_flow(BETAS, np.linspace(1, 0, 20), **on),
    "heat capacity": lambda **on: plots.heat_capacity(BETAS, BETAS**2, 0.1 * BETAS, **on),
    "heat capacity from 0": lambda **on: plots.heat_capacity([0, 1, 2], [0, 1, np.nan], **on),
    "autocorrelation": lambda **on: plots.autocorrelation(RNG.normal(size=(3, 500)), **on),
    "autocorrelation of a ramp": lambda **on: plots.autocorrelation(np.arange(50.0), **on),
    "overlaps": lambda **on: plots.overlap_distribution(
        np.linspace(-1, 1, 41), HISTOGRAM, BETAS, **on
    ),
    "no overlaps": lambda **on: plots.overlap_distribution([-1, 0, 1], [[0, 0]], [1.0], **on),
    "trajectory": lambda **on: plots.trajectory(
        [1, 10, 100], [[3, 2, 1], [4, 1, np.nan]], target=1.0, **on
    ),
    "trajectory of one": lambda **on: plots.trajectory([0, 1, 2], [3.0, 1.0, 2.0], **on),
}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_draw_and_name_their_axes(name: str) -> None:
    axes = PICTURES[name]()
    axes.figure.canvas.draw()  # any warning is an error
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    assert axes.get_title(loc="left")
    legend = axes.get_legend()
    if legend is not None:
        # Outside the axes, so that no data lie under it.
        assert not axes.bbox.padded(-1).overlaps(legend.get_window_extent())


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_draw_where_they_are_told(name: str) -> None:
    _, (left, right) = matplotlib.pyplot.subplots(1, 2)
    assert PICTURES[name](ax=right) is right
    assert right.has_data()
    assert not left.has_data()


def test_of_many_rungs_a_few_are_named() -> None:
    betas = np.linspace(0, 1, 64)
    axes = plots.swap_rates(betas, np.full(63, 0.3))
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert len(labels) <= 8
    assert (labels[0], labels[-1]) == ("0", "1")


def test_bars_are_the_rates() -> None:
    axes = plots.swap_rates([0.5, 1.0, 2.0], [0.25, 0.75])
    assert [bar.get_height() for bar in axes.patches] == [0.25, 0.75]


def test_an_overlap_distribution_has_the_area_one() -> None:
    edges = np.array([-1.0, -0.5, 0.5, 1.0])
    axes = plots.overlap_distribution(edges, [[1, 2, 1]], [1.0])
    assert axes.lines[0].get_ydata() @ np.diff(edges) == pytest.approx(1)


def test_the_trajectory_of_an_anneal() -> None:
    model = mg.Ising({(i, i + 1): 1.0 for i in range(20)})
    result = mg.anneal(model, num_reads=4, num_sweeps=50, trajectory=10, seed=1)
    lowest = plots.trajectory(*result.trajectory).lines[-1].get_ydata()
    assert lowest[-1] == result.trajectory.energies.min()
    assert (np.diff(lowest) <= 0).all()


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.swap_rates([1, 2, 3], [0.1]), r"rates must have shape \(2,\)"),
        (lambda: plots.replica_flow([2, 1], [0, 1]), "betas must ascend"),
        (lambda: plots.heat_capacity([1, 2], [1, 2], [1]), "error must have shape"),
        (lambda: plots.energy_histograms(np.full((1, 1, 3), np.nan), [1]), "at least one draw"),
        (lambda: plots.overlap_distribution([0, 1], [[1, 2]], [1]), "histogram must have shape"),
        (lambda: plots.trajectory([1, 2], [[1, 2, 3]]), "one column for each of sweeps"),
    ],
)
def test_bad_input_is_refused(draw: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()


def test_without_matplotlib_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install magnetite\[plot\]"):
        plots.swap_rates([1, 2], [0.5])
