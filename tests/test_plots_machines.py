"""Pictures of machines: each draws without a warning, names what it shows, and refuses the rest."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite import plots
from magnetite.training import TrainingResult

matplotlib = pytest.importorskip("matplotlib", reason="pictures need matplotlib")
matplotlib.use("Agg")

RNG = np.random.default_rng(3)
RBM = mg.RBM(12, 30, weights=RNG.normal(size=(12, 30)))
STATES = (RNG.random((150, 12)) < 0.5).astype(float)
KNOWN = np.where(RNG.random((20, 12)) < 0.5, STATES[:20], np.nan)
HISTORY = {
    "epoch": np.arange(1, 6),
    "pseudo_log_likelihood": -np.arange(5.0, 0, -1),
    "validation_pseudo_log_likelihood": [-6, np.nan, -4, -3, -2],
    "update_ratio": np.full(5, 1e-3),
    "own_figure": np.arange(5),
}

PICTURES: dict[str, Callable[..., Any]] = {
    "filters": lambda **on: plots.filters(RBM, (3, 4), **on),
    "filters, a few": lambda **on: plots.filters(RBM, (3, 4), num_filters=5, **on),
    "filters of weights": lambda **on: plots.filters(RBM.weights, (4, 3), **on),
    "filters of nothing": lambda **on: plots.filters(mg.RBM(4, 2), (2, 2), **on),
    "samples": lambda **on: plots.samples(STATES, (3, 4), **on),
    "a sample": lambda **on: plots.samples(STATES[:1], (3, 4), **on),
    "samples of spins": lambda **on: plots.samples(2 * STATES - 1, (3, 4), num_samples=7, **on),
    "chains": lambda **on: plots.samples(STATES[:80].reshape(16, 5, 12), (3, 4), **on),
    "chains in time": lambda **on: plots.samples(
        STATES[:20].reshape(4, 5, 12), (3, 4), steps=[0, 1, 10, 100, 1000], **on
    ),
    "codes": lambda **on: plots.codes(STATES[:8], RNG.random((8, 3)), **on),
    "codes of many": lambda **on: plots.codes(STATES[:60], STATES[60:120, :5], **on),
    "inpainting": lambda **on: plots.inpainting(KNOWN, STATES[:20], (3, 4), **on),
    "inpainting and truth": lambda **on: plots.inpainting(
        KNOWN, STATES[:20], (3, 4), original=STATES[:20], num_rows=3, **on
    ),
    "curves": lambda **on: plots.learning_curves(HISTORY, **on),
    "curves of a result": lambda **on: plots.learning_curves(TrainingResult(HISTORY, {}), **on),
    "curve": lambda **on: plots.learning_curves(HISTORY, names=["update_ratio"], **on),
    "curve of one's own": lambda **on: plots.learning_curves(HISTORY, names=["own_figure"], **on),
    "weights": lambda **on: plots.parameter_histogram(RBM.weights, **on),
    "weights of a machine": lambda **on: plots.parameter_histogram(RBM, **on),
    "biases of a machine": lambda **on: plots.parameter_histogram(RBM, kind="biases", **on),
    "means": lambda **on: plots.parameter_histogram(RNG.random(50), kind="means", **on),
    "updates": lambda **on: plots.parameter_histogram([0.0, 0.0], kind="updates", **on),
}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_draw_and_say_what_they_show(name: str) -> None:
    axes = PICTURES[name]()
    axes.figure.canvas.draw()  # any warning is an error
    assert axes.get_xlabel()
    assert axes.get_title(loc="left")
    figure, given = matplotlib.pyplot.subplots()
    assert PICTURES[name](ax=given) is given
    figure.canvas.draw()


def test_plots_are_there_without_an_import_of_their_own() -> None:
    program = (
        "import sys, magnetite as mg; assert 'magnetite.plots' not in sys.modules; "
        "assert callable(mg.plots.filters); assert 'matplotlib' not in sys.modules; "
        "assert not hasattr(mg, 'nothing')"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120)
    assert ran.returncode == 0, ran.stderr


def test_the_strongest_filters_come_first_as_they_are() -> None:
    weights = np.outer(np.arange(1, 7), [1, -3, 2])
    axes = plots.filters(weights, (2, 3), num_filters=2)
    sheet = np.ma.filled(axes.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(sheet[:2, :3], weights[:, 1].reshape(2, 3))
    np.testing.assert_array_equal(sheet[3:, :3], weights[:, 2].reshape(2, 3))
    assert np.isnan(sheet[2]).all()
    low, high = axes.images[0].get_clim()
    assert low == -high
    assert axes.get_xlabel() == "the strongest 2 of 3 hidden units, row by row"


def test_chains_are_rows_and_times_columns() -> None:
    frames = np.arange(2 * 3 * 4).reshape(2, 3, 4) / 24
    axes = plots.samples(frames, (2, 2), steps=[0, 5, 50])
    sheet = np.ma.filled(axes.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(sheet[:2, 6:], frames[0, 2].reshape(2, 2))
    np.testing.assert_array_equal(sheet[3:, 3:5], frames[1, 1].reshape(2, 2))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "5", "50"]
    assert axes.get_xticks().tolist() == [0.5, 3.5, 6.5]


def test_curves_of_real_units_show_what_there_is() -> None:
    X = RNG.normal(size=(50, 3))
    run = mg.RBM(3, 2, visible="gaussian").fit(X, epochs=2, seed=1)
    axes = plots.learning_curves(run)
    assert len(axes.lines) == 1
    assert axes.lines[0].get_xdata().tolist() == [1, 2]
    assert "reconstruction" in axes.get_ylabel()
    mixed = HISTORY | {"log_likelihood": np.full(5, np.nan)}
    labels = [line.get_label() for line in plots.learning_curves(mixed).lines]
    assert labels == ["pseudo-likelihood", "pseudo-likelihood, validation"]


def test_inpainting_shows_all_values() -> None:
    filled = np.where(np.isnan(KNOWN), 3.0, KNOWN)
    filled[0, 0] = -2
    assert plots.inpainting(KNOWN, filled, (3, 4)).images[0].get_clim() == (-2, 3)
    assert plots.inpainting(KNOWN, STATES[:20], (3, 4)).images[0].get_clim() == (0, 1)


def test_inpainting_has_a_line_for_what_is_known_filled_and_true() -> None:
    axes = plots.inpainting(KNOWN, STATES[:20], (3, 4), original=STATES[:20])
    sheet, veil = (np.ma.filled(image.get_array(), np.nan) for image in axes.images)
    assert sheet.shape == (11, 12 * 5 - 1)
    assert veil.shape == (3, 12 * 5 - 1)
    np.testing.assert_array_equal(veil[:, :4] == 1, np.isnan(KNOWN[0].reshape(3, 4)))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["known", "filled", "truth"]


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rows and columns of an image of 12 units.*got \(5, 2"):
        plots.filters(RBM, (5, 2))
    with pytest.raises(ValueError, match="machine must have weights"):
        plots.filters(np.zeros(3), (1, 3))
    with pytest.raises(ValueError, match="states must have shape"):
        plots.samples(np.zeros(3), (1, 3))
    with pytest.raises(ValueError, match="steps must be one for each time of states, got 2"):
        plots.samples(np.zeros((2, 3, 4)), (2, 2), steps=[1, 2])
    with pytest.raises(ValueError, match="filled must have shape"):
        plots.inpainting(KNOWN, STATES, (3, 4))
    with pytest.raises(ValueError, match="names must be one of 'gap'"):
        plots.learning_curves({"epoch": [1], "gap": [1]}, names=["loss"])
    with pytest.raises(ValueError, match="columns of the history, of \\['gap'\\], got none"):
        plots.learning_curves({"epoch": [1], "gap": [1]})
    with pytest.raises(ValueError, match="kind must be 'weights' or 'biases' of a machine"):
        plots.parameter_histogram(RBM, kind="means")
    with pytest.raises(ValueError, match="values must have a finite number"):
        plots.parameter_histogram([np.nan])


def test_codes_lie_beside_their_patterns() -> None:
    hidden = np.array([[1, 0], [0, 1], [1, 0]])
    axes = plots.codes(np.eye(3), hidden)
    left, right = (mesh.get_array() for mesh in axes.collections)
    np.testing.assert_array_equal(left, np.eye(3))
    np.testing.assert_array_equal(right, hidden)
    assert axes.get_xlabel() == "2 different codes"
    assert axes.yaxis_inverted()  # the first pattern is at the top


@pytest.mark.parametrize(
    ("patterns", "hidden", "message"),
    [
        (np.eye(3), np.eye(2), "hidden must have 3 rows as patterns has, got 2"),
        (np.eye(3), [1, 0, 1], r"hidden must have shape \(rows, units\), got \(3,\)"),
        (-np.eye(3), np.eye(3), "patterns must lie between 0 and 1, got -1"),
        (np.eye(3), np.full((3, 1), np.nan), "hidden must lie between 0 and 1, got nan"),
    ],
)
def test_codes_that_are_none_are_refused(patterns: Any, hidden: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plots.codes(patterns, hidden)
