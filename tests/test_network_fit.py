"""Back-propagation at work: it learns, repeats to the bit, stops and goes on."""

import signal
from pathlib import Path

import numpy as np
import pytest

import magnetite as mg
from magnetite.networks import Network
from magnetite.training import (
    L1,
    L2,
    EarlyStopping,
    GroupLasso,
    MaxNorm,
    SparsityTarget,
    TrainingDiverged,
)

RNG = np.random.default_rng(1)
X = RNG.random((120, 6))
LABELS = (X[:, 0] > X[:, 1]).astype(int)
NUMBERS = 5 + 3 * X @ np.arange(6.0)


def classifier(dtype: str = "float64") -> mg.networks.Classifier:
    return Network.classifier([6, 12, 8], 2, activation="tanh", dtype=dtype, seed=1)


def same(a: Network, b: Network) -> bool:
    return all((x == b.parameters[name]).all() for name, x in a.parameters.items())


def test_classes_are_learnt() -> None:
    net = classifier("float32")
    before = net.loss(X, LABELS)
    run = net.fit(X, LABELS, optimizer=mg.Adam(0.01), epochs=60, batch_size=20, seed=1)
    assert net.loss(X, LABELS) < 0.2 * before
    assert (net.predict(X) == LABELS).mean() > 0.95
    assert run.history["loss"][-1] < 0.3 * run.history["loss"][0]
    assert run.info["stop_reason"] == "completed"
    assert run.info["updates"] == 60 * 6


def test_numbers_are_learnt_in_any_units() -> None:
    """The scale of the targets is taken out: predictions scale with them."""
    found = []
    for scale in (1.0, 1e6):
        net = Network.regressor([6, 12], activation="tanh", dtype="float64", seed=1)
        net.fit(X, scale * NUMBERS, optimizer=mg.Adam(0.02), epochs=60, batch_size=20, seed=1)
        found.append(net.predict(X) / scale)
    assert np.abs(found[0] - NUMBERS).mean() < 0.1 * NUMBERS.std()
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


def test_scales_of_targets_are_those_of_the_rows_that_count() -> None:
    y, weights = NUMBERS.copy(), np.arange(120) % 3
    y[weights == 0] = 1e9
    net = Network.regressor([6, 5], seed=1)
    net.fit(X, y, sample_weight=weights, epochs=0)
    repeated = np.repeat(y, weights)
    assert net.means == pytest.approx([repeated.mean()])
    assert net.deviations == pytest.approx([repeated.std()])
    huge = Network.regressor([6, 5], seed=1)
    huge.fit(X, 1e200 * NUMBERS, epochs=1, seed=1)
    assert np.isfinite(huge.predict(X)).all()


def test_bounded_outputs_learn_targets_as_they_are() -> None:
    net = mg.networks.Regressor([mg.networks.Dense(np.zeros((6, 1)), activation="sigmoid")])
    net.fit(X, LABELS, optimizer=mg.Adam(0.1), epochs=60, batch_size=20, seed=1)
    assert net.means is None
    assert ((net.predict(X) > 0.5) == LABELS).mean() > 0.95


def test_what_is_refused_leaves_the_scale_of_targets_open(tmp_path: Path) -> None:
    path, net = tmp_path / "run.npz", Network.regressor([6, 5], seed=1)
    classifier().fit(X, LABELS, epochs=1, checkpoint=path, seed=1)
    with pytest.raises(ValueError, match="must be that of the checkpoint"):
        net.fit(X, NUMBERS, checkpoint=path, resume=True)
    assert net.means is None


def test_training_forgets_the_temperature() -> None:
    net = classifier()
    net.fit(X, LABELS, epochs=5, seed=1)
    noisy = np.where(np.arange(120) % 5 == 0, 1 - LABELS, LABELS)
    assert net.calibrate(X, noisy) == net.temperature != 1
    with pytest.raises(ValueError, match="y must"):
        net.fit(X, LABELS[:5])
    assert net.temperature != 1
    net.fit(X, LABELS, validation=[X, LABELS], epochs=1, seed=1)
    assert net.temperature == 1


def test_autoencoders_get_better_than_the_machines_they_come_from() -> None:
    rows = (RNG.random((200, 2)) < 0.5).astype(float).repeat(4, axis=1)
    rbm = mg.RBM(8, 3)
    rbm.fit(rows, epochs=20, seed=1)
    net = Network.autoencoder([rbm])
    before = net.loss(rows)
    net.fit(rows, optimizer=mg.Adam(0.02), epochs=40, batch_size=20, seed=1)
    assert net.loss(rows) < 0.5 * before


@pytest.mark.parametrize("optimizer", [mg.SGD(0.1), mg.SGD(0.1, momentum=0.9), mg.Adam(0.01)])
def test_results_are_a_function_of_the_seed_alone(optimizer) -> None:
    nets = []
    for seed, threads in ((1, 1), (1, 2), (1, 3), (2, 1)):
        net = classifier("float32")
        net.fit(
            X,
            LABELS,
            optimizer=optimizer,
            epochs=3,
            batch_size=32,
            dropout=0.3,
            input_dropout=0.1,
            seed=seed,
            num_threads=threads,
        )
        nets.append(net)
    assert same(nets[0], nets[1])
    assert same(nets[0], nets[2])
    assert not same(nets[0], nets[3])


def test_one_step_is_that_of_the_whole_gradient() -> None:
    """A batch of all rows and plain descent: the loss falls by rate times the squared gradient."""
    net = classifier()
    net.layers[-1].weights[:] = RNG.normal(size=(8, 2))
    before, old = net.loss(X, LABELS), {n: x.copy() for n, x in net.parameters.items()}
    rate = 1e-5
    net.fit(X, LABELS, optimizer=mg.SGD(rate), epochs=1, batch_size=120, seed=1)
    squared = sum(float(((x - old[n]) ** 2).sum()) for n, x in net.parameters.items()) / rate**2
    assert before - net.loss(X, LABELS) == pytest.approx(rate * squared, rel=1e-3)


def test_whole_weights_are_repeated_rows() -> None:
    counts = np.arange(120) % 3
    repeated = np.repeat(np.arange(120), counts)
    nets = [classifier(), classifier()]
    options = {"optimizer": mg.SGD(0.5), "epochs": 5, "batch_size": 1000, "seed": 1}
    nets[0].fit(X, LABELS, sample_weight=counts, **options)
    nets[1].fit(X[repeated], LABELS[repeated], **options)
    for name, value in nets[0].parameters.items():
        np.testing.assert_allclose(value, nets[1].parameters[name], rtol=1e-9, atol=1e-12)
    unweighted = classifier()
    unweighted.fit(X, LABELS, **options)
    assert np.abs(unweighted.layers[0].weights - nets[0].layers[0].weights).max() > 1e-4


def test_a_small_last_batch_makes_a_small_step() -> None:
    """100 rows and then 20, at one rate: gradients count by their rows."""
    net = classifier()
    net.fit(X, LABELS, optimizer=mg.SGD(1e-6), epochs=1, batch_size=100, shuffle=False, seed=1)
    full = classifier()
    full.fit(X, LABELS, optimizer=mg.SGD(1e-6), epochs=1, batch_size=120, shuffle=False, seed=1)
    start = classifier().layers[-1].weights
    steps = [(x.layers[-1].weights - start) for x in (net, full)]
    np.testing.assert_allclose(steps[0], 1.2 * steps[1], rtol=1e-3)


def test_dropped_inputs_keep_their_mean() -> None:
    from magnetite.networks.session import _mask

    mask = _mask(np.random.default_rng(1), (1000, 50), 0.2, np.dtype("float64"))
    assert set(np.unique(mask)) == {0.0, 1.25}
    error = 1.25 * np.sqrt(0.2 * 0.8 / mask.size)
    assert mask.mean() == pytest.approx(1, abs=4 * error)


def test_dropout_holds_back() -> None:
    losses = []
    for dropout in (0.0, 0.8):
        net = classifier()
        net.fit(X, LABELS, optimizer=mg.Adam(0.02), epochs=40, dropout=dropout, seed=1)
        losses.append(net.loss(X, LABELS))
    assert losses[1] > 2 * losses[0]


@pytest.mark.parametrize("penalty", [L2(0.1), L1(0.05), GroupLasso(0.05), MaxNorm(0.5)])
def test_penalties_make_weights_small(penalty) -> None:
    free, held = classifier(), classifier()
    options = {"optimizer": mg.SGD(0.2), "epochs": 50, "seed": 1}
    free.fit(X, LABELS, **options)
    held.fit(X, LABELS, penalties=[penalty], **options)
    for a, b in zip(held.layers, free.layers, strict=True):
        assert np.linalg.norm(a.weights) < np.linalg.norm(b.weights)
    if isinstance(penalty, MaxNorm):
        for layer in held.layers:
            assert np.linalg.norm(layer.weights, axis=0).max() <= 0.5 * (1 + 1e-12)


def test_early_stopping_leaves_the_best_epoch() -> None:
    y = RNG.permutation(LABELS)  # nothing to learn: the loss of others grows
    net = classifier()
    stop = EarlyStopping("validation_loss", patience=5)
    run = net.fit(
        X[:60],
        y[:60],
        optimizer=mg.Adam(0.02),
        epochs=200,
        validation=(X[60:], y[60:]),
        callbacks=[stop],
        seed=1,
    )
    assert run.info["stop_reason"] == "callback"
    losses = run.history["validation_loss"]
    assert len(losses) < 200
    assert net.loss(X[60:], y[60:]) == pytest.approx(losses.min(), rel=1e-12)
    assert losses[-1] > losses.min()
    errors = run.history["validation_error"]
    assert (net.predict(X[60:]) != y[60:]).mean() == pytest.approx(errors[losses.argmin()])


def test_a_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    options = {"optimizer": mg.Adam(0.01), "batch_size": 50, "dropout": 0.2, "seed": 3}
    whole, broken = classifier("float32"), classifier("float32")
    expected = whole.fit(X, LABELS, epochs=4, **options)

    class Stop:
        def __call__(self, progress) -> None:
            pass

        def after_update(self, progress) -> None:
            if progress.updates == 5:
                raise KeyboardInterrupt

    path = tmp_path / "run.npz"
    with pytest.raises(KeyboardInterrupt) as caught:
        broken.fit(X, LABELS, epochs=4, checkpoint=path, callbacks=[Stop()], **options)
    assert caught.value.result.info["stop_reason"] == "interrupted"
    again = classifier("float32")
    run = again.fit(X, LABELS, epochs=4, checkpoint=path, resume=True, **options)
    assert same(again, whole)
    for name in ("loss", "updates", "update_ratio"):
        np.testing.assert_array_equal(run.history[name], expected.history[name])
    other = Network.classifier([6, 5], 2, seed=1)
    with pytest.raises(ValueError, match="the network must be that of the checkpoint"):
        other.fit(X, LABELS, epochs=4, checkpoint=path, resume=True, **options)
    with pytest.raises(ValueError, match="the machine must be that of the checkpoint"):
        mg.RBM(6, 5).fit(X > 0.5, checkpoint=path, resume=True)


def test_ctrl_c_keeps_what_was_learnt() -> None:
    net = classifier()

    class Press:
        def __call__(self, progress) -> None:
            pass

        def after_update(self, progress) -> None:
            if progress.updates == 3:
                signal.raise_signal(signal.SIGINT)

    run = net.fit(
        X, LABELS, epochs=9, batch_size=60, callbacks=[Press()], on_interrupt="return", seed=1
    )
    assert run.info["stop_reason"] == "interrupted"
    assert run.info["updates"] == 3
    assert net.layers[-1].weights.any()


def test_time_and_callbacks_stop() -> None:
    net = classifier()
    assert net.fit(X, LABELS, time_limit=0, seed=1).info["stop_reason"] == "time_limit"
    seen = []

    def stop(progress) -> bool:
        seen.append((progress.model, progress.epoch, progress.figures["loss"]))
        return progress.epoch == 2

    assert net.fit(X, LABELS, callbacks=[stop], seed=1).info["stop_reason"] == "callback"
    assert len(seen) == 2
    assert seen[0][0] is net


def test_what_diverges_goes_back() -> None:
    net = Network.regressor([6, 12], activation="relu", dtype="float32", seed=1)
    before = {name: x.copy() for name, x in net.parameters.items()}
    with pytest.raises(TrainingDiverged, match="lower the learning rate") as caught:
        net.fit(X, NUMBERS, optimizer=mg.SGD(1e20), epochs=3, seed=1)
    assert caught.value.result.info["stop_reason"] == "diverged"
    for name, value in net.parameters.items():
        np.testing.assert_array_equal(value, before[name])


def test_what_diverges_is_seen_within_an_epoch() -> None:
    net = Network.regressor([6, 12], activation="relu", dtype="float32", seed=1)
    rows = np.arange(6000) % 120
    with pytest.raises(TrainingDiverged) as caught:
        net.fit(X[rows], NUMBERS[rows], optimizer=mg.SGD(1e20), epochs=3, batch_size=10, seed=1)
    assert caught.value.result.info["updates"] == 50


def test_memory_maps_and_sparse_rows(tmp_path: Path) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    np.save(tmp_path / "x.npy", X)
    nets = [classifier(), classifier(), classifier()]
    rows = (X, np.load(tmp_path / "x.npy", mmap_mode="r"), sparse.csr_matrix(X))
    for net, x in zip(nets, rows, strict=True):
        net.fit(x, LABELS, epochs=2, seed=1)
    assert same(nets[0], nets[1])
    assert same(nets[0], nets[2])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"optimizer": 0.1}, TypeError, "optimizer must be an object like mg.SGD"),
        ({"optimizer": mg.SGD}, TypeError, "optimizer must be an object like mg.SGD"),
        ({"epochs": -1}, ValueError, "epochs must be at least 0"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
        ({"dropout": 1.0}, ValueError, "dropout must be at least 0 and below 1, got 1.0"),
        ({"input_dropout": -0.1}, ValueError, "input_dropout must be at least 0"),
        ({"penalties": L2()}, TypeError, "penalties must be a list"),
        ({"penalties": [0.1]}, TypeError, "penalties must be objects"),
        ({"penalties": [L2(biases=True)]}, ValueError, "of weights alone"),
        ({"penalties": [SparsityTarget(0.1)]}, ValueError, "of weights alone"),
        ({"shuffle": 1}, TypeError, "shuffle must be True or False"),
        ({"sample_weight": np.ones(3)}, ValueError, "sample_weight must have shape"),
        ({"validation": (X[:, :5], LABELS)}, ValueError, r"validation must have shape \(rows, 6\)"),
        (
            {"validation": (X, LABELS + 1)},
            ValueError,
            "the targets of validation must hold known classes",
        ),
        ({"validation": X}, TypeError, r"validation must be a pair \(X, y\)"),
        ({"validation": (X, LABELS, X)}, TypeError, r"validation must be a pair \(X, y\)"),
        ({"callbacks": [EarlyStopping("validation_loss")]}, ValueError, "validation must be given"),
        ({"callbacks": print}, TypeError, "callbacks must be a list"),
        ({"resume": True}, ValueError, "resume must be False without a checkpoint"),
        ({"num_threads": 0}, ValueError, "num_threads must be at least 1"),
        ({"seed": -1}, ValueError, "seed must be non-negative"),
        ({"on_interrupt": "stop"}, ValueError, "on_interrupt must be one of"),
        ({"time_limit": -1}, ValueError, "time_limit must be"),
    ],
)
def test_options_that_are_none(options, error: type, message: str) -> None:
    net = classifier()
    with pytest.raises(error, match=message):
        net.fit(X, LABELS, **options)
    assert same(net, classifier())


def test_data_that_are_none() -> None:
    net = classifier()
    with pytest.raises(ValueError, match=r"X must have shape \(rows, 6\)"):
        net.fit(X[:, :5], LABELS)
    with pytest.raises(ValueError, match=r"known classes \(0, 1\), got 7 at index 0"):
        net.fit(X, LABELS + 7)
    with pytest.raises(ValueError, match="y must have a label for each of 120 rows, got 119"):
        net.fit(X, LABELS[:-1])
    with pytest.raises(ValueError, match="X must be finite"):
        net.fit(np.where(X == X.max(), np.nan, X), LABELS)
    with pytest.raises(ValueError, match="X must have at least one row"):
        net.fit(X[:0], LABELS[:0])
    autoencoder = Network.autoencoder([mg.RBM(6, 2)])
    with pytest.raises(ValueError, match="X must lie between 0 and 1"):
        autoencoder.fit(X * 3)
