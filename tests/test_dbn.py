"""Deep belief networks: how they are made, what goes up and down, what greedy training makes."""

import pickle
import signal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import magnetite as mg
from magnetite.training import TrainingProgress
from tools.training import bars_and_stripes, machine

X = np.tile(bars_and_stripes(3), (4, 1))
PARAMETERS = ("weights", "visible_bias", "hidden_bias")


def same(one: mg.DBN, other: mg.DBN) -> None:
    for a, b in zip(one.layers, other.layers, strict=True):
        for name in PARAMETERS:
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


# How they are made.


@settings(max_examples=30)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=5))
def test_sizes_make_machines_that_fit_on_each_other(sizes: list[int]) -> None:
    dbn = mg.DBN(sizes)
    assert [(rbm.n_visible, rbm.n_hidden) for rbm in dbn.layers] == [*pairwise(sizes)]
    assert dbn.n_visible == sizes[0]


def test_units_of_the_first_layer_and_of_the_hidden_ones() -> None:
    dbn = mg.DBN([4, 3, 2], visible="gaussian", hidden="spin", dtype="float64")
    assert repr(dbn) == "DBN(4 gaussian, 3 spin, 2 spin)"
    assert repr(dbn.layers[1]) == "RBM(3 spin, 2 spin)"
    assert {rbm.dtype.name for rbm in dbn.layers} == {"float64"}


def test_given_machines_become_the_layers() -> None:
    machines = [machine("gaussian", "binary", 4, 3), machine("binary", "spin", 3, 2)]
    dbn = mg.DBN(machines)
    assert all(a is b for a, b in zip(dbn.layers, machines, strict=True))


BAD: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "no list": (4, {}, TypeError, "layers must be a list of sizes"),
    "a string": ("43", {}, TypeError, "layers must be a list of sizes"),
    "one size": ([4], {}, ValueError, "at least 2 sizes"),
    "nothing": ([], {}, ValueError, "at least 2 sizes"),
    "size 0": ([4, 0], {}, ValueError, r"layers\[1\] must be at least 1, got 0"),
    "a real size": ([4, 2.5], {}, TypeError, r"layers\[1\] must be an integer, got 2.5"),
    "sizes that do not chain": (
        [mg.RBM(4, 3), mg.RBM(2, 2)],
        {},
        ValueError,
        r"visible layer of layers\[1\] must be the hidden layer of layers\[0\], 3 binary, got 2",
    ),
    "units that do not chain": (
        [mg.RBM(4, 3, hidden="spin"), mg.RBM(3, 2)],
        {},
        ValueError,
        "3 spin, got 3 binary",
    ),
    "two dtypes": (
        [mg.RBM(4, 3), mg.RBM(3, 2, dtype="float64")],
        {},
        ValueError,
        r"one dtype, got float32 in layers\[0\] and float64",
    ),
    "one machine twice": ([mg.RBM(3, 3)] * 2, {}, ValueError, "different machines"),
    "machines and units": ([mg.RBM(4, 3)], {"visible": "spin"}, ValueError, "visible must be left"),
    "a mixture": ([4, mg.RBM(4, 3)], {}, TypeError, "layers must be all sizes or all machines"),
    "groups of hidden units": ([4, 3], {"hidden": [("spin", 3)]}, TypeError, "hidden must be one"),
    "unknown units": ([4, 3], {"hidden": "quantum"}, ValueError, "must be one of 'binary'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_layers_are_refused(case: str) -> None:
    layers, options, error, message = BAD[case]
    with pytest.raises(error, match=message):
        mg.DBN(layers, **options)


# What goes up.


def test_means_go_up_layer_by_layer() -> None:
    below, above = machine("binary", "binary", 9, 4), machine("binary", "binary", 4, 2)
    dbn = mg.DBN([below, above])
    first = below.hidden_means(X)
    np.testing.assert_array_equal(dbn.transform(X, depth=1), first)
    np.testing.assert_array_equal(dbn.transform(X), above.hidden_means(first))


def test_draws_go_up_layer_by_layer() -> None:
    below, above = (
        machine("binary", "binary", 2, 2, scale=2),
        machine("binary", "spin", 2, 1, scale=3),
    )
    rows = np.tile([[1.0, 0.0]], (20_000, 1))
    drawn = mg.DBN([below, above]).sample_hidden(rows, seed=1)
    states = below.hidden.states(0, 4)
    chances = np.exp(below.free_energy(rows[:1]) - below.energy(np.tile(rows[:1], (4, 1)), states))
    mean = float(chances @ above.hidden_means(states)[:, 0])
    assert abs(drawn.mean() - mean) < 4 * np.sqrt((1 - mean**2) / len(rows))
    # The means of means are something else.
    assert abs(mg.DBN([below, above]).transform(rows[:1]).item() - mean) > 0.02


@pytest.mark.parametrize("depth", [0, 3, 1.5])
def test_a_depth_that_is_not_there_is_refused(depth: Any) -> None:
    for method in (mg.DBN([9, 4, 2]).transform, mg.DBN([9, 4, 2]).sample_hidden):
        with pytest.raises((TypeError, ValueError), match="depth must be"):
            method(X, depth=depth)


# Greedy training.


@pytest.mark.parametrize("pass_up", ["means", "samples"])
def test_each_machine_learns_what_those_below_make_of_the_data(pass_up: str) -> None:
    dbn = mg.DBN([9, 6, 4])
    result = dbn.fit(X, epochs=3, batch_size=16, pass_up=pass_up, seed=1)
    assert [len(run.history["epoch"]) for run in result.runs] == [3, 3]
    passed = dbn.transform(X, depth=1) if pass_up == "means" else dbn.sample_hidden(X, depth=1)
    error = 0.0 if pass_up == "means" else 5 * 0.5 / np.sqrt(len(X))
    np.testing.assert_allclose(dbn.layers[1].data_means, passed.mean(axis=0), atol=error + 1e-6)
    assert dbn.layers[1].chains[0].shape == (16, 6)


def test_the_first_machine_learns_as_it_does_alone() -> None:
    dbn, alone = mg.DBN([9, 6, 4]), mg.RBM(9, 6)
    result = dbn.fit(X, epochs=3, seed=1)
    alone.fit(X, epochs=3, seed=result.runs[0].info["seed"])
    np.testing.assert_array_equal(dbn.layers[0].weights, alone.weights)


def test_figures_of_means_are_no_pseudo_likelihoods() -> None:
    result = mg.DBN([9, 6, 4]).fit(X, epochs=1, validation=X[:9], seed=1)
    figures = [{name: run.history[name][-1] for name in run.history} for run in result.runs]
    assert np.isfinite(list(figures[0].values())).all()
    wrong = {name for name, value in figures[1].items() if np.isnan(value)}
    assert wrong == {"pseudo_log_likelihood", "validation_pseudo_log_likelihood"}


def test_options_of_all_layers_and_of_each() -> None:
    dbn = mg.DBN([9, 6, 4])
    result = dbn.fit(X, layers=[{"epochs": 2}, {"negative": mg.CD(3)}], epochs=1, seed=1)
    assert [run.info["epochs"] for run in result.runs] == [2, 1]
    assert result.runs[1].info["negative"] == "CD(steps=3, mean_field=False)"
    assert [run.info["epochs"] for run in dbn.fit(X, layers={"epochs": 0}).runs] == [0, 0]


def test_layers_before_the_first_stay_as_they_are() -> None:
    dbn = mg.DBN([machine("binary", "binary", 9, 6), machine("binary", "binary", 6, 4)])
    before = [rbm.weights.copy() for rbm in dbn.layers]
    assert len(dbn.fit(X, epochs=1, first_layer=1, seed=1).runs) == 1
    np.testing.assert_array_equal(dbn.layers[0].weights, before[0])
    assert (dbn.layers[1].weights != before[1]).any()


@pytest.mark.parametrize("visible", ["spin", "gaussian", mg.units.Categorical(3)])
@pytest.mark.parametrize("hidden", ["binary", "spin", "gaussian", "relu", mg.units.Categorical(2)])
def test_all_kinds_of_units_can_be_stacked(visible: Any, hidden: Any) -> None:
    rows = mg.RBM(6, 1, visible=visible).sample(40, num_steps=0, seed=1)
    if visible == "gaussian" and hidden in ("gaussian", "relu"):
        rows = rows / 2
    dbn = mg.DBN([6, 4, 6], visible=visible, hidden=hidden)
    dbn.fit(rows, epochs=2, optimizer=mg.SGD(0.001), seed=1)
    assert np.isfinite(dbn.transform(rows)).all()


@pytest.mark.parametrize(
    "negative",
    [mg.CD(2), mg.FastPCD(), mg.TemperedPCD(num_chains=9), mg.TrajectoryPCD(), mg.Exact()],
    ids=lambda negative: type(negative).__name__,
)
def test_means_are_learnt_with_all_negative_phases(negative: Any) -> None:
    dbn = mg.DBN([9, 5, 4])
    dbn.fit(X, epochs=3, negative=negative, seed=1)
    assert np.isfinite(dbn.layers[1].weights).all()
    assert type(dbn.layers[1]) is mg.RBM


def test_sparse_data_are_the_same_data() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    one, other = mg.DBN([9, 5, 4]), mg.DBN([9, 5, 4])
    one.fit(X, epochs=1, seed=1)
    other.fit(sparse.csr_matrix(X), epochs=1, seed=1)
    same(one, other)
    np.testing.assert_array_equal(one.transform(X), other.transform(sparse.csr_matrix(X)))


def test_a_single_machine_learns_from_rows_with_missing_values() -> None:
    holes, alone = X.copy(), mg.RBM(9, 5)
    holes[::5, 2:5] = np.nan
    dbn = mg.DBN([9, 5])
    result = dbn.fit(holes, epochs=1, seed=1)
    alone.fit(holes, epochs=1, seed=result.runs[0].info["seed"])
    np.testing.assert_array_equal(dbn.layers[0].weights, alone.weights)


def test_the_bits_do_not_depend_on_the_number_of_threads() -> None:
    one, three = mg.DBN([9, 6, 4]), mg.DBN([9, 6, 4])
    one.fit(X, epochs=2, seed=1, num_threads=1)
    three.fit(X, epochs=2, seed=1, num_threads=3)
    same(one, three)


BAD_FITS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "an option of the stack in a layer": ({"layers": {"seed": 1}}, TypeError, "seed is an option"),
    "an unknown option": ({"rate": 1}, TypeError, "'rate' is no option of RBM.fit"),
    "a dict too few": ({"layers": [{}]}, ValueError, "options of all 2 machines, got 1"),
    "no dicts": ({"layers": [1, 2]}, TypeError, "layers must hold dicts"),
    "a bad option of an upper layer": (
        {"layers": [{}, {"batch_size": 0}]},
        ValueError,
        r"layers\[1\]: batch_size must be at least 1",
    ),
    "deviations of means": (
        {"gradient": "standardized"},
        ValueError,
        r"layers\[1\]: gradient must be 'plain' or 'centered' where means are learnt",
    ),
    "bad epochs above": ({"layers": [{}, {"epochs": -1}]}, ValueError, r"layers\[1\]: epochs"),
    "a way up": ({"pass_up": "bits"}, ValueError, "pass_up must be one of 'means', 'samples'"),
    "mirrored": ({"mirrored": 2}, TypeError, "mirrored must be True or False"),
    "first_layer": ({"first_layer": 2}, ValueError, "first_layer must be below 2, got 2"),
    "resume": ({"resume": True}, ValueError, "resume must be False without a checkpoint"),
    "columns": ({"X": X[:, :4]}, ValueError, r"X must have shape \(rows, 9\)"),
    "no rows": ({"X": X[:0]}, ValueError, "X must have at least one row"),
    "missing": ({"X": np.where(X == 1, np.nan, X)}, ValueError, "X must hold 0 or 1"),
    "validation": ({"validation": X * 2}, ValueError, "validation must hold 0 or 1"),
    "seed": ({"seed": -1}, ValueError, "seed must be non-negative"),
}


@pytest.mark.parametrize("case", BAD_FITS)
def test_bad_options_are_refused_before_work_starts(case: str) -> None:
    options, error, message = BAD_FITS[case]
    dbn = mg.DBN([9, 6, 4])
    with pytest.raises(error, match=message):
        dbn.fit(**{"X": X, **options})
    assert not dbn.layers[0].weights.any()


# Trainings that are broken off.


def stop_in(layer: int, updates: int) -> Any:
    """What sends Ctrl-C after some updates of a layer."""

    class Stop:
        starts = -1

        def __call__(self, progress: TrainingProgress) -> None: ...

        def start(self, rbm: mg.RBM) -> None:
            self.starts += 1

        def after_update(self, progress: TrainingProgress) -> None:
            if self.starts == layer and progress.updates == updates:
                signal.raise_signal(signal.SIGINT)

    return Stop()


OPTIONS: dict[str, Any] = {"epochs": 4, "batch_size": 16, "seed": 3}


@pytest.mark.parametrize(("layer", "updates"), [(0, 1), (1, 3), (2, 6)])
@pytest.mark.parametrize("pass_up", ["means", "samples"])
def test_ctrl_c_loses_nothing_and_the_training_goes_on(
    layer: int, updates: int, pass_up: str, tmp_path: Path
) -> None:
    path, options = tmp_path / "stack.npz", {**OPTIONS, "pass_up": pass_up}
    whole, broken, resumed = (mg.DBN([9, 6, 9, 4]) for _ in range(3))
    wanted = whole.fit(X, **options)
    with pytest.raises(KeyboardInterrupt) as caught:
        broken.fit(X, checkpoint=path, callbacks=[stop_in(layer, updates)], **options)
    result = caught.value.result  # type: ignore[attr-defined]
    assert repr(result) == f"GreedyResult({layer} of 3 layers, interrupted)"
    assert result.runs[-1].info["updates"] == updates
    for number in range(layer):  # finished
        np.testing.assert_array_equal(broken.layers[number].weights, whole.layers[number].weights)
    found = resumed.fit(X, checkpoint=path, resume=True, num_threads=3, **options)
    same(resumed, whole)
    assert repr(found) == "GreedyResult(3 of 3 layers, completed)"
    once_more = mg.DBN([9, 6, 9, 4])
    once_more.fit(X, checkpoint=path, resume=True, **options)
    same(once_more, whole)
    for one, other in zip(once_more.layers, whole.layers, strict=True):
        np.testing.assert_array_equal(one.chains[0], other.chains[0])
    for a, b in zip(found.runs, wanted.runs, strict=True):
        np.testing.assert_array_equal(a.history["updates"], b.history["updates"])
    assert [file.name for file in tmp_path.iterdir()] == ["stack.npz"]


def test_ctrl_c_between_layers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path, whole = tmp_path / "stack.npz", mg.DBN([9, 6, 4])
    whole.fit(X, **OPTIONS)
    broken = mg.DBN([9, 6, 4])
    with monkeypatch.context() as patch:

        def hidden_means(v: Any) -> Any:
            signal.raise_signal(signal.SIGINT)

        patch.setattr(broken.layers[0], "hidden_means", hidden_means, raising=False)
        result = broken.fit(X, checkpoint=path, on_interrupt="return", **OPTIONS)
    assert (result.info["stop_reason"], result.info["finished"]) == ("interrupted", 1)
    broken.fit(X, checkpoint=path, resume=True, **OPTIONS)
    same(broken, whole)


def test_a_seed_that_was_drawn_is_gone_on_with(tmp_path: Path) -> None:
    path, options = tmp_path / "stack.npz", OPTIONS | {"seed": None}
    broken, again = mg.DBN([9, 6, 4]), mg.DBN([9, 6, 4])
    callbacks = [stop_in(0, 3)]
    first = broken.fit(X, checkpoint=path, callbacks=callbacks, on_interrupt="return", **options)
    second = again.fit(X, checkpoint=path, resume=True, **options)
    assert second.info["seed"] == first.info["seed"]
    whole = mg.DBN([9, 6, 4])
    whole.fit(X, **OPTIONS | {"seed": first.info["seed"]})
    same(again, whole)


def test_files_of_an_earlier_training_are_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "stack.npz"
    for layer in (1, 0):  # the second is broken off before the layer whose file the first has left
        mg.DBN([9, 6, 4]).fit(
            X,
            checkpoint=path,
            callbacks=[stop_in(layer, 3)],
            on_interrupt="return",
            **OPTIONS | {"batch_size": 8 if layer else 16},
        )
        assert [file.name for file in tmp_path.glob("*.layer*")] == [f"stack.npz.layer{layer}"]
    resumed, whole = mg.DBN([9, 6, 4]), mg.DBN([9, 6, 4])
    resumed.fit(X, checkpoint=path, resume=True, **OPTIONS)
    whole.fit(X, **OPTIONS)
    same(resumed, whole)


def test_the_file_of_a_layer_counts_for_nothing_alone(tmp_path: Path) -> None:
    path, whole, again = tmp_path / "stack.npz", mg.DBN([9, 6, 4]), mg.DBN([9, 6, 4])
    stop = {"callbacks": [stop_in(1, 3)], "on_interrupt": "return"}
    mg.DBN([9, 6, 4]).fit(1 - X, checkpoint=path, **stop, **OPTIONS)
    path.unlink()
    whole.fit(X, **OPTIONS)
    again.fit(X, checkpoint=path, resume=True, **OPTIONS)
    same(again, whole)


def test_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "stack.npz"
    mg.DBN([9, 6, 4]).fit(X, checkpoint=path, **OPTIONS)
    changes: dict[str, dict[str, Any]] = {
        "the number of rows of X": {"X": X[:40]},
        "the options of layers": {"batch_size": 8},
        "pass_up": {"pass_up": "samples"},
        "seed": {"seed": 4},
    }
    for name, change in changes.items():
        with pytest.raises(ValueError, match=f"{name} must be that of the checkpoint"):
            mg.DBN([9, 6, 4]).fit(
                **{"X": X, "checkpoint": path, "resume": True, **OPTIONS, **change}
            )
    with pytest.raises(ValueError, match="holds a magnetite stack training checkpoint"):
        mg.RBM(9, 6).fit(X, checkpoint=path, resume=True)


def test_a_training_that_diverges_keeps_the_finished_layers() -> None:
    dbn = mg.DBN([9, 6, 4])
    wild = {"optimizer": mg.SGD(1e30), "epochs": 5}
    with pytest.raises(mg.training.TrainingDiverged, match="lower the learning rate") as caught:
        dbn.fit(X, layers=[{"epochs": 1}, wild], seed=1)
    assert repr(caught.value.result) == "GreedyResult(1 of 2 layers, error)"
    assert caught.value.__notes__ == ["in the training of layers[1]"]
    assert np.isfinite(dbn.layers[1].weights).all()


def test_pickles_keep_the_parameters() -> None:
    dbn = mg.DBN([9, 6, 4])
    dbn.fit(X, epochs=1, seed=1)
    same(pickle.loads(pickle.dumps(dbn)), dbn)
