"""Pictures: each draws without a warning, names its axes, and leaves its data uncovered."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite import plots
from magnetite.temper_result import TemperResult

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
    "search": lambda **on: plots.search(
        [3.0, 1.0, 2.0, 0.5, 0.0],
        [4.0, 2.0, 3.0, 1.0, 0.5],
        ["anneal", "breed", "anneal", "temper", "breed"],
        populations=[0, 0, 1, 2, 2],
        **on,
    ),
    "search of a round": lambda **on: plots.search([3.0], [4.0], ["anneal"], **on),
    "search of many rounds": lambda **on: plots.search(
        -np.arange(200.0), -np.arange(200.0) / 2, ["anneal", "breed"] * 100, **on
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
    axes = plots.overlap_distribution(edges, [[1, 2, 1]], [1.0], num_bins=3)
    assert axes.lines[0].get_ydata() @ np.diff(edges) == pytest.approx(1)


@pytest.mark.parametrize(("bins", "asked"), [(201, 40), (200, 40), (7, 3), (3, 1), (5, 9)])
def test_joined_bins_are_alike_to_both_sides(bins: int, asked: int) -> None:
    edges = np.linspace(-1, 1, bins + 1)
    histogram = RNG.integers(1, 9, (2, bins))
    axes = plots.overlap_distribution(
        edges, histogram + histogram[:, ::-1], [0.5, 1.0], num_bins=asked
    )
    for line in axes.lines:
        middles, density = line.get_data()
        assert middles == pytest.approx(-middles[::-1])
        assert density == pytest.approx(density[::-1])
        assert len(middles) <= max(bins, asked) / (bins / asked) + 2


def test_overlaps_of_few_draws_are_drawn_in_few_bins() -> None:
    edges, histogram = np.linspace(-1, 1, 202), np.ones((1, 201), int)
    few = len(plots.overlap_distribution(edges, histogram, [1.0]).lines[0].get_xdata())
    many = len(plots.overlap_distribution(edges, 10**6 * histogram, [1.0]).lines[0].get_xdata())
    assert few < 30
    assert many == 201


def test_narrow_overlaps_are_shown_large_and_wide_ones_whole() -> None:
    edges, histogram = np.linspace(-1, 1, 202), np.zeros((1, 201), int)
    histogram[0, 98:103] = [1, 4, 6, 4, 1]
    low, high = plots.overlap_distribution(edges, histogram, [1.0]).get_xlim()
    assert (low, high) == pytest.approx((-1.2 * 5 / 201, 1.2 * 5 / 201))
    histogram[0, 150] = 1
    assert plots.overlap_distribution(edges, histogram, [1.0]).get_xlim() == (-1, 1)


@pytest.fixture(scope="module")
def ladders() -> TemperResult:
    site = np.arange(36).reshape(6, 6)
    columns = np.concatenate([np.roll(site, -1, axis).ravel() for axis in (0, 1)])
    weights = np.random.default_rng(1).choice([-1.0, 1.0], 72)
    model = mg.Ising((np.tile(site.ravel(), 2), columns, weights))
    return mg.temper(model, beta_range=(0.0, 1.5), num_sweeps=2000, seed=1)


def titles(figure: Any) -> list[str]:
    found = [axes.get_title(loc="left") for axes in figure.axes]
    return [title for title in found if title]  # the scale of colours has none


def test_the_overview_of_ladders(ladders: TemperResult) -> None:
    figure = plots.overview(ladders)
    figure.canvas.draw()  # any warning is an error
    assert titles(figure) == [
        "Energies by rung", "Swap rates", "Replica flow", "Heat capacity", "Overlap distribution",
        "Autocorrelation",
    ]  # fmt: skip
    assert "equilibrated: yes" in figure.get_suptitle()
    slowest = ladders.equilibration.autocorrelation_time.value.argmax()
    assert f"{ladders.betas[slowest]:.3g}" in figure.axes[5].get_ylabel()


def test_an_overview_of_some_pictures_on_a_figure(
    ladders: TemperResult,
) -> None:
    figure = matplotlib.figure.Figure()
    chosen = plots.overview(ladders, pictures=["replica_flow", "swap_rates"], figure=figure)
    assert chosen is figure
    assert titles(figure) == ["Replica flow", "Swap rates"]
    assert figure.axes[0].lines[-1].get_ydata() == pytest.approx(ladders.from_hot)


def test_the_overview_leaves_out_what_was_not_measured() -> None:
    model = mg.Ising({(0, 1): 1.0, (1, 2): 1.0})
    alone = mg.temper(model, betas=[0.1, 1.0], num_ladders=1, num_sweeps=100, seed=1)
    assert "Overlap distribution" not in titles(plots.overview(alone))
    none = mg.temper(model, betas=[0.1, 1.0], num_sweeps=1, warmup=0, seed=1)
    assert "Heat capacity" not in titles(plots.overview(none))
    with pytest.raises(
        ValueError,
        match=r"no data for 'overlap_distribution': it takes a run with num_ladders of at least 2, "
        "and observe_interval from 1 to num_draws",
    ):
        plots.overview(alone, pictures=["overlap_distribution"])
    with pytest.raises(ValueError, match=r"pictures must be one of .*, got 'trajectory'"):
        plots.overview(alone, pictures=["trajectory"])
    anneal = mg.anneal(model, num_reads=2, num_sweeps=2, seed=1)
    for name, option in (("trajectory", "with trajectory= a number"), ("rounds", "a time_limit")):
        with pytest.raises(ValueError, match=f"no data for {name!r}: it takes a run .*{option}"):
            plots.overview(anneal, pictures=[name])
    proven = mg.solve(model, seed=1)
    assert titles(plots.overview(proven)) == ["Energies of the best states"]
    with pytest.raises(ValueError, match=r"no data for 'search': .* was proven without any"):
        plots.overview(proven, pictures=["search"])


def test_the_bins_of_overlaps_hold_each_value_once() -> None:
    """Against the rule of the core: with k equal sites of n, bin k num_bins // (n + 1)."""
    model = mg.Ising({(i, i + 1): 1.0 for i in range(299)})
    result = mg.temper(model, betas=[0.1, 0.2], num_sweeps=40, seed=1)
    edges, (num_rungs, num_bins) = result.overlap_edges, result.overlaps.shape
    values = (2 * np.arange(301) - 300) / 300
    counted, _ = np.histogram(values, edges)
    assert (num_rungs, num_bins) == (2, 201)
    assert counted.tolist() == np.bincount(np.arange(301) * num_bins // 301).tolist()


@pytest.mark.parametrize(
    ("options", "pictures"),
    [
        ({"num_sweeps": 50, "trajectory": 10}, ["Energy on the way", "Energies of the reads"]),
        ({"num_sweeps": 50}, ["Energies of the reads"]),
        ({"num_sweeps": 0, "num_reads": 1}, ["Energies of the reads"]),
        ({"time_limit": 0.2}, ["Best by round", "Energies of the reads"]),
    ],
)
def test_the_overview_of_an_anneal(options: dict[str, Any], pictures: list[str]) -> None:
    model = mg.Ising({(i, i + 1): 1.0 + 0.01 * i for i in range(20)})
    figure = plots.overview(mg.anneal(model, seed=1, **options))
    figure.canvas.draw()  # any warning is an error
    assert titles(figure) == pictures


def test_the_overview_of_a_search() -> None:
    glass = mg.Ising(np.triu(np.random.default_rng(1).normal(size=(40, 40)), 1))
    result = mg.solve(glass, num_rounds=12, seed=1)
    figure = plots.overview(result)
    figure.canvas.draw()  # any warning is an error
    assert titles(figure) == ["Search by round", "Energies of the best states"]
    named = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert named[:3] == ["mean", "best", "lowest so far"]
    assert set(named[3:]) == {this["step"] for this in result.info["rounds"]}
    for label, name in (("best", "best_energy"), ("mean", "mean_energy")):
        colour = next(h.get_color() for h in figure.axes[0].lines if h.get_label() == label)
        drawn = [
            point
            for line in figure.axes[0].lines
            if line.get_color() == colour and line.get_marker() not in ("None", "")
            for point in zip(*line.get_data(), strict=True)
        ]
        assert dict(drawn) == {
            number: this[name] for number, this in enumerate(result.info["rounds"], start=1)
        }


def test_other_results_have_no_overview() -> None:
    result = mg.sample(mg.Ising({(0, 1): 1.0}), num_chains=2, num_sweeps=4, seed=1)
    with pytest.raises(TypeError, match="an AnnealResult or a SolveResult, got SampleResult"):
        plots.overview(result)
    anneal = mg.anneal(mg.Ising({(0, 1): 1.0}), num_reads=2, seed=1)
    with pytest.raises(ValueError, match="pictures must name at least one"):
        plots.overview(anneal, pictures=[])


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
        (lambda: plots.search([1.0], [1.0], []), r"must have shape \(0,\), .* at least one round"),
        (lambda: plots.search([1.0], [1.0, 2.0], ["anneal"]), r"got \(1,\), \(2,\), \(1,\)"),
        (lambda: plots.search([1.0], [1.0], ["anneal"], populations=[0, 1]), "populations must"),
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
