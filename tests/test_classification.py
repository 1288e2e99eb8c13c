"""Classification RBM: the law of labels by enumeration, learning, draws, files, and bad input."""

import itertools
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.calibration import softmax
from magnetite.training import CD, PCD, Discriminative, Exact, Hybrid
from magnetite.units import Categorical
from tools.classifiers import CLASSES, joint, machine, some_rows
from tools.training import KINDS

Rows = NDArray[Any]


def parity(rows: int = 300) -> tuple[Rows, Rows]:
    x = np.random.default_rng(5).integers(0, 2, (rows, 6))
    return x, np.where(x[:, 0] == x[:, 3], "same", "other")


# The law of the label.


def test_the_law_of_labels_is_that_of_all_states() -> None:
    """Over all hidden states of all labels, written out from the parameters."""
    made = machine()
    w, b, c = made.rbm.weights, made.rbm.visible_bias, made.rbm.hidden_bias
    hidden = np.array(list(itertools.product([0, 1], repeat=3)))
    for x in itertools.product([0, 1], repeat=4):
        v = np.concatenate([np.tile(x, (3, 1)), np.eye(3)], axis=1)
        logs = v @ w @ hidden.T + (v @ b)[:, None] + hidden @ c
        sums = np.exp(logs).sum(axis=1)
        expected = sums / sums.sum()
        np.testing.assert_allclose(made.predict_proba([x])[0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("hidden", KINDS)
@pytest.mark.parametrize("visible", ["binary", "spin", "gaussian", "relu"])
def test_the_law_of_labels_is_that_of_free_energies(visible: str, hidden: str) -> None:
    made = machine(KINDS[visible], KINDS[hidden])
    x, _ = some_rows(made)
    each = np.stack([-made.rbm.free_energy(joint(made, x, np.full(9, c))) for c in CLASSES], axis=1)
    np.testing.assert_allclose(made.predict_proba(x), softmax(each), rtol=0, atol=1e-12)


def test_blocks_threads_and_the_own_label_change_nothing(monkeypatch: Any) -> None:
    made = machine()
    x, _ = some_rows(made, 40)
    whole = made.logits(x, num_threads=1)
    np.testing.assert_array_equal(made.logits(x, num_threads=2), whole)
    monkeypatch.setattr("magnetite.training.discriminative.NUMBERS_AT_ONCE", 3 * 10 * 7)
    np.testing.assert_array_equal(made.logits(x), whole)
    np.testing.assert_array_equal(made.logits(x[3]), whole[3:4])
    sparse = pytest.importorskip("scipy.sparse")
    np.testing.assert_array_equal(made.logits(sparse.csr_array(x)), whole)


# Learning.


@pytest.mark.parametrize(
    "negative", [Discriminative(), Hybrid(), Hybrid(PCD(), alpha=0.1), Exact()], ids=repr
)
def test_parity_is_learnt(negative: Any) -> None:
    """No classifier by one column, or by a sum over columns, can do it."""
    x, y = parity()
    made = mg.ClassificationRBM(6, 12, classes=["other", "same"])
    held_out = x[200:], y[200:]
    options = {"optimizer": mg.Adam(0.1), "epochs": 40, "batch_size": 30}
    run = made.fit(
        x[:200],
        y[:200],
        negative=negative,
        validation=held_out,
        monitor_every=40,
        seed=1,
        **options,
    )
    assert made.score(x[200:], y[200:]) > 0.95
    assert run.history["validation_accuracy"][-1] == made.score(x[200:], y[200:])
    assert run.history["log_loss"][-1] < 0.3  # ln 2 at first
    logits = made.logits(x[200:])
    chances = softmax(logits)[np.arange(100), (y[200:] == "same").astype(int)]
    np.testing.assert_allclose(run.history["validation_log_loss"][-1], -np.log(chances).mean())


def test_the_loss_of_a_label_without_a_chance_is_finite() -> None:
    made = mg.ClassificationRBM(2, 1, classes=2)
    made.rbm.visible_bias[-2:] = [1000.0, 0.0]
    run = made.fit([[0, 1]], [1], epochs=1, optimizer=mg.SGD(1e-9), initial=None, seed=1)
    assert run.history["log_loss"][-1] == pytest.approx(1000)


def test_a_fit_is_a_function_of_the_seed() -> None:
    x, y = parity(60)

    def weights(seed: int, num_threads: int) -> Rows:
        made = mg.ClassificationRBM(6, 5, classes=["other", "same"])
        made.fit(x, y, epochs=3, batch_size=20, seed=seed, num_threads=num_threads)
        return made.rbm.weights

    np.testing.assert_array_equal(weights(1, 1), weights(1, 2))
    assert (weights(1, 1) != weights(2, 1)).any()


def test_whole_weights_are_repeated_rows() -> None:
    x, y = parity(40)
    counts = np.arange(40) % 3
    options = {"negative": Discriminative(), "epochs": 20, "shuffle": False, "seed": 1}
    found = []
    for rows, weight in ((np.arange(40), counts), (np.repeat(np.arange(40), counts), None)):
        made = mg.ClassificationRBM(6, 5, classes=["other", "same"], dtype="float64")
        made.fit(x[rows], y[rows], sample_weight=weight, batch_size=40, **options)
        found.append(made.rbm.weights)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_early_stopping_goes_by_the_labels() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 2, (80, 6)), rng.integers(0, 2, 80)  # nothing to learn
    made = mg.ClassificationRBM(6, 30, classes=2)
    stop = mg.training.EarlyStopping("validation_log_loss", mode="min", patience=3)
    run = made.fit(
        x[:40], y[:40], validation=(x[40:], y[40:]), callbacks=[stop], epochs=500, seed=1
    )
    assert run.info["stop_reason"] == "callback"
    losses = run.history["validation_log_loss"]
    chances = made.predict_proba(x[40:])[np.arange(40), y[40:]]
    np.testing.assert_allclose(-np.log(chances).mean(), losses.min(), rtol=1e-6)


def test_a_training_that_was_cut_goes_on(tmp_path: Path) -> None:
    x, y = parity(60)
    options: dict[str, Any] = {"negative": Hybrid(PCD()), "batch_size": 20, "seed": 1}
    options["optimizer"] = mg.SGD(0.05)
    whole, cut = (mg.ClassificationRBM(6, 5, classes=["other", "same"]) for _ in range(2))
    whole.fit(x, y, epochs=6, **options)
    path = tmp_path / "run.npz"
    cut.fit(x, y, epochs=3, checkpoint=path, **options)
    again = mg.ClassificationRBM(6, 5, classes=["other", "same"])
    again.fit(x, y, epochs=6, checkpoint=path, resume=True, **options)
    np.testing.assert_array_equal(again.rbm.weights, whole.rbm.weights)
    assert whole.rbm.chains[0].shape == (20, 8)


def test_ctrl_c_keeps_what_was_learnt() -> None:
    x, y = parity(60)
    made = mg.ClassificationRBM(6, 5, classes=["other", "same"])

    def interrupt(progress: Any) -> None:
        if progress.epoch == 2:
            raise KeyboardInterrupt

    made.temperature = 2.0
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        made.fit(x, y, batch_size=0)
    assert made.temperature == 2.0
    with pytest.raises(KeyboardInterrupt) as caught:
        made.fit(x, y, epochs=50, callbacks=[interrupt], seed=1)
    assert caught.value.result.info["epochs"] == 2
    assert made.rbm.weights.any()
    assert made.temperature == 1.0


def test_monitors_see_the_chains_of_a_hybrid() -> None:
    x, y = parity(60)
    made = mg.ClassificationRBM(6, 5, classes=["other", "same"])
    watch = mg.training.EquilibriumMonitor(every=1, num_steps=200)
    run = made.fit(x, y, negative=Hybrid(PCD(steps="auto")), callbacks=[watch], epochs=1, seed=1)
    assert run.history["steps"][-1] >= 1
    with pytest.raises(TypeError, match="rows must be given where the negative phase has no"):
        made.fit(x, y, negative=Hybrid(CD()), callbacks=[watch], epochs=1, seed=1)


# Temperature and draws.


def test_calibration_finds_a_planted_temperature() -> None:
    made = machine()
    made.rbm.weights *= 5
    x = np.random.default_rng(1).integers(0, 2, (6000, 4))
    chances = made.predict_proba(x, temperature=2.0)
    u = np.random.default_rng(2).random((6000, 1))
    y = made.classes[(u >= chances.cumsum(axis=1)[:, :-1]).sum(axis=1)]
    logits = made.logits(x)
    variance = (chances * logits**2).sum(axis=1) - (chances * logits).sum(axis=1) ** 2
    error = variance.sum() ** -0.5
    found = made.calibrate(x, y)
    assert abs(1 / found - 0.5) < 4 * error
    assert error < 0.03
    assert made.temperature == found
    np.testing.assert_array_equal(made.predict_proba(x), softmax(logits / found))
    with pytest.raises(ValueError, match="the lower the temperature, the likelier"):
        made.calibrate(x, made.predict(x))
    assert made.temperature == found
    half = np.arange(6000) < 3000
    assert made.calibrate(x, y, sample_weight=half) == made.calibrate(x[half], y[half])
    made.fit(x[:10], y[:10], epochs=0, seed=1)
    assert made.temperature == 1.0


def test_drawn_labels_have_their_chances() -> None:
    made = machine()
    made.temperature = 7.0  # which is of no matter here
    x = np.array([[0, 1, 0, 1]])
    drawn = made.sample_labels(np.repeat(x, 20_000, axis=0), seed=1)
    chances = made.predict_proba(x, temperature=1.0)[0]
    shares = (drawn[:, None] == made.classes).mean(axis=0)
    assert (np.abs(shares - chances) < 4 * np.sqrt(chances * (1 - chances) / 20_000)).all()
    np.testing.assert_array_equal(made.sample_labels(x, seed=3), made.sample_labels(x, seed=3))


def test_generated_data_have_the_law_given_their_label() -> None:
    made = machine()
    made.rbm.weights *= 2
    states = np.array(list(itertools.product([0, 1], repeat=4)))
    drawn = made.generate(np.repeat(["a", "c"], 4000), num_steps=15, seed=1)
    for label, rows in (("a", drawn[:4000]), ("c", drawn[4000:])):
        chances = softmax(-made.rbm.free_energy(joint(made, states, np.full(16, label)))[None])[0]
        counts = np.bincount((rows @ [8, 4, 2, 1]).astype(int), minlength=16)
        chi2 = ((counts - 4000 * chances) ** 2 / (4000 * chances)).sum()
        assert chi2 < 15 + 4 * np.sqrt(30)
        other = softmax(-made.rbm.free_energy(joint(made, states, np.full(16, "b")))[None])[0]
        assert ((counts - 4000 * other) ** 2 / (4000 * other)).sum() > 15 + 8 * np.sqrt(30)
    again = made.generate(["a", "c"], num_steps=30, seed=1, num_threads=2)
    np.testing.assert_array_equal(
        again, made.generate(["a", "c"], num_steps=30, seed=1, num_threads=1)
    )


# Copies, files, names.


@pytest.mark.parametrize("classes", [3, CLASSES, [3, 1, 2], np.array([0.5, 1.5, 2.5]), ["x", 1, 2]])
def test_labels_are_what_the_user_calls_them(classes: Any, tmp_path: Path) -> None:
    made = mg.ClassificationRBM(4, 2, classes=classes)
    names = list(range(3)) if isinstance(classes, int) else list(classes)
    assert made.classes.tolist() == names
    made.rbm.visible_bias[-2] = 9.0
    assert made.predict([[0, 0, 0, 0]]).tolist() == [names[1]]
    assert made.score([[0, 0, 0, 0]], [names[1]]) == 1.0
    made.temperature = 1.5
    made.save(tmp_path / "machine.npz")
    for other in (
        mg.load(tmp_path / "machine.npz"),
        pickle.loads(pickle.dumps(made)),
        made.copy(),
        made.astype("float64").astype("float32"),
    ):
        assert repr(other) == repr(made) == "ClassificationRBM(4 binary, 2 binary, 3 classes)"
        assert (other.classes.tolist(), other.temperature) == (names, 1.5)
        x = np.eye(4)
        np.testing.assert_array_equal(other.predict_proba(x), made.predict_proba(x))
        other.rbm.weights[:] = 1.0
    assert not made.rbm.weights.any()


def test_a_machine_that_was_there_becomes_a_classifier() -> None:
    rbm = mg.RBM(6, 2, visible=[("spin", 2), ("gaussian", 1), (Categorical(3), 3)])
    made = mg.ClassificationRBM.from_rbm(rbm, classes=CLASSES)
    assert made.rbm is rbm
    assert (made.n_visible, made.n_hidden) == (3, 2)
    assert repr(made) == "ClassificationRBM(2 spin + 1 gaussian, 2 binary, 3 classes)"
    with pytest.raises(ValueError, match="classes must be 3, as the label has states, got 2"):
        mg.ClassificationRBM.from_rbm(rbm, classes=2)
    for visible in ("binary", Categorical(6), [(Categorical(2), 2), (Categorical(2), 4)]):
        with pytest.raises(ValueError, match="the last group of visible units must be the label"):
            mg.ClassificationRBM.from_rbm(mg.RBM(6, 2, visible=visible), classes=2)
    with pytest.raises(ValueError, match="the last group of visible units must be the label"):
        mg.RBM(6, 2).fit(np.eye(6), negative=Discriminative())


X, Y = np.zeros((3, 4)), ["a", "b", "c"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.fit(X, ["a", "b", "z"]), "y must hold known classes ('a', 'b', 'c'), got 'z'"),
        (lambda m: m.calibrate(X, ["a", "b", 1]), "got 1 at index 2"),
        (lambda m: m.score(X, ["q", "b", "c"]), "got 'q' at index 0"),
        (lambda m: m.generate(["a", "z"]), "got 'z' at index 1"),
        (lambda m: m.generate([]), "y must hold at least one label, got none"),
        (lambda m: m.fit(X, ["a", "b"]), "y must have a label for each of 3 rows, got 2"),
        (lambda m: m.fit(X, [["a", "b", "c"]]), "y must be a vector of labels, got shape (1, 3)"),
        (lambda m: m.fit(X[:, :3], Y), "X must have shape (rows, 4), got (3, 3)"),
        (lambda m: m.predict(np.zeros((2, 7))), "X must have shape (rows, 4), got (2, 7)"),
        (lambda m: m.fit(X - 1, Y), "X must hold 0 or 1 where its units are binary, got -1"),
        (lambda m: m.fit(X * np.nan, Y), "X must hold 0 or 1 where its units are binary, got nan"),
        (lambda m: m.predict(X * np.nan), "X must be finite, got nan at index (0, 0)"),
        (lambda m: m.fit(X[:0], []), "X must have at least one row, got none"),
        (lambda m: m.score(X[:0], []), "X must have at least one row, got none"),
        (lambda m: m.calibrate(X[:0], []), "X must have at least one row, got none"),
        (lambda m: m.fit(X, [[1], [2, 3], [4]]), "y must be a vector of labels, got [[1], [2, 3]"),
        (lambda m: m.fit(X, None), "y must be a vector of labels, got None"),
        (lambda m: m.fit(X, Y, validation=(X, ["a", "z", "c"])), "y of validation must hold known"),
        (lambda m: m.predict_proba(X, temperature=0.0), "temperature must be positive and finite"),
        (lambda m: m.fit(X, Y, sample_weight=[1.0]), "sample_weight must have shape (3,), got (1,"),
        (lambda m: mg.ClassificationRBM(4, 2, classes=1), "classes must be at least 2, got 1"),
        (lambda m: mg.ClassificationRBM(4, 2, classes=["a"]), "classes must be at least two, got"),
        (lambda m: mg.ClassificationRBM(4, 2, classes=["a", "a"]), "classes must be all different"),
        (lambda m: mg.ClassificationRBM(4, 2, classes="ab"), "classes must be a vector of labels"),
        (lambda m: mg.ClassificationRBM(4, 2, classes=[1.0, np.nan]), "classes must not be nan"),
        (lambda m: mg.ClassificationRBM(0, 2, classes=2), "n_visible must be at least 1, got 0"),
        (lambda m: Hybrid(alpha=-1.0), "alpha must be at least 0 and finite, got -1.0"),
    ],
)
def test_bad_input_is_refused(call: Any, message: str) -> None:
    made = machine()
    before = made.rbm.weights.copy()
    with pytest.raises(ValueError, match=re.escape(message)):
        call(made)
    np.testing.assert_array_equal(made.rbm.weights, before)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.fit(X, Y, validation=X), "validation must be a pair (X, y)"),
        (lambda m: m.fit(X, Y, callbacks=print), "callbacks must be a list"),
        (lambda m: m.fit(X, Y, negative=Hybrid), "negative must be an object like"),
        (lambda m: m.fit([["a"] * 4] * 3, Y), "X must hold numbers"),
        (lambda m: m.predict_proba(X, temperature="1"), "temperature must be a real number"),
        (lambda m: Hybrid(CD), "generative must be an object like mg.CD(), got"),
        (lambda m: Hybrid(mg.SGD(0.1)), "generative must be an object like mg.CD(), got"),
        (lambda m: Hybrid(alpha="1"), "alpha must be a real number, got str"),
    ],
)
def test_other_types_are_refused(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        call(machine())
