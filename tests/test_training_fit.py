"""`RBM.fit` as its users meet it: options, history, callbacks, stops, and the same bits always."""

import signal
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.training import TrainingDiverged, TrainingProgress
from tools.training import (
    KINDS,
    Ternary,
    bars_and_stripes,
    machine,
    mean_log_likelihood,
    some_data,
)

PARAMETERS = (
    "weights",
    "visible_bias",
    "hidden_bias",
    "visible_precision",
    "hidden_precision",
)
NEGATIVES = {
    "CD": mg.CD(steps=2),
    "mean field": mg.CD(mean_field=True),
    "PCD": mg.PCD(num_chains=100),
    "FastPCD": mg.FastPCD(num_chains=100),
    "Exact": mg.Exact(),
}
X = bars_and_stripes(3)


def bits(rbm: mg.RBM) -> list[bytes]:
    return [getattr(rbm, name).tobytes() for name in PARAMETERS]


@pytest.mark.parametrize("negative", NEGATIVES)
@pytest.mark.parametrize("visible", KINDS)
def test_the_same_bits_at_any_number_of_threads(negative: str, visible: str) -> None:
    data = some_data(machine(KINDS[visible], "binary", n=4), rows=40)
    data[3, :2] = np.nan
    found = []
    for threads in (1, 2, 5):
        rbm = mg.RBM(4, 3, visible=KINDS[visible])
        rbm.fit(
            data,
            negative=NEGATIVES[negative],
            gradient="standardized",
            epochs=2,
            batch_size=9,
            penalties=[mg.training.SparsityTarget(0.2)],
            seed=3,
            num_threads=threads,
        )
        found.append(bits(rbm))
    assert found[0] == found[1] == found[2]
    rbm.fit(data, epochs=1, seed=3)
    assert bits(rbm) != found[0]


@pytest.mark.parametrize("gradient", ["plain", "centered", "standardized"])
@pytest.mark.parametrize("negative", NEGATIVES)
def test_every_negative_phase_learns_in_every_coordinates(negative: str, gradient: str) -> None:
    rbm = mg.RBM(9, 8, dtype="float64")
    before = mean_log_likelihood(rbm, X)
    rate = {"plain": 0.5, "centered": 0.5, "standardized": 0.02}[gradient]
    rbm.fit(
        X,
        negative=NEGATIVES[negative],
        optimizer=mg.SGD(rate),
        epochs=800,
        batch_size=16,
        gradient=gradient,
        seed=1,
        monitor_every=800,
    )
    assert mean_log_likelihood(rbm, X) > before + 1.0


def test_exact_gradient_and_adam_solve_bars_and_stripes() -> None:
    """Mean log-likelihood of the 3 x 3 images; two of the 16 are there twice: -2.5993 at best."""
    rbm = mg.RBM(9, 8)
    rbm.fit(
        X, negative=mg.Exact(), optimizer=mg.Adam(0.02), epochs=2500, seed=1, monitor_every=2500
    )
    assert -2.5993 - 0.05 < mean_log_likelihood(rbm, X) < -2.5992


@pytest.mark.slow
@pytest.mark.parametrize(
    ("negative", "options", "within"),
    [
        (mg.Exact(), {"optimizer": mg.Adam(0.02), "epochs": 6000}, 0.05),
        (
            mg.PCD(num_chains=500, steps=5),
            {"optimizer": mg.SGD(mg.training.Cosine(0.1, begin=0.5)), "epochs": 20000},
            0.3,
        ),
    ],
)
def test_four_by_four_bars_and_stripes(
    negative: Any, options: dict[str, Any], within: float
) -> None:
    """The best mean is -3.3791: 30 images, two of them there twice."""
    data = bars_and_stripes(4)
    rbm = mg.RBM(16, 8)
    rbm.fit(data, negative=negative, batch_size=32, seed=1, monitor_every=1000, **options)
    found = mean_log_likelihood(rbm, data)
    print(f"bars and stripes 4 x 4, {negative}: {found:.4f}")
    assert -3.3791 - within < found < -3.379


def test_units_of_ones_own_are_trained() -> None:
    rng = np.random.default_rng(1)
    data = rng.choice(3, (200, 4), p=[0.2, 0.1, 0.7]).astype(float)
    data[:, 1] = data[:, 0]
    rbm = mg.RBM(4, 3, visible=Ternary(), dtype="float64")
    before = mean_log_likelihood(rbm, data)
    for negative in (mg.PCD(), mg.CD(), mg.Exact()):
        rbm.fit(data, negative=negative, optimizer=mg.SGD(0.1), epochs=40, seed=1)
    assert mean_log_likelihood(rbm, data) > before + 0.7


def test_history_and_info_say_what_happened() -> None:
    rbm = mg.RBM(9, 4)
    result = rbm.fit(X, validation=X[:5], epochs=4, batch_size=5, monitor_every=2, seed=7)
    history = result.history
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert history["updates"].tolist() == [4, 8, 12, 16]
    assert np.isnan(history["free_energy_gap"]).tolist() == [True, False, True, False]
    gap = rbm.free_energy(X[:5]).mean() - rbm.free_energy(X).mean()
    assert history["free_energy_gap"][-1] == pytest.approx(gap, abs=1e-6)
    error = ((X - rbm.reconstruct(X)) ** 2).mean()
    assert history["reconstruction_error"][-1] == pytest.approx(error, rel=1e-5)
    assert history["mean_abs_weight"][-1] == pytest.approx(np.abs(rbm.weights).mean(), rel=1e-5)
    assert (np.diff(history["seconds"]) > 0).all()
    assert 0 < history["update_ratio"][-1] < 1
    info = result.info
    assert (info["seed"], info["stop_reason"], info["updates"]) == (7, "completed", 16)
    assert info["negative"] == "PCD(num_chains=None, steps=1, start_at='data')"
    np.testing.assert_allclose(rbm.data_means, X.mean(axis=0), rtol=1e-6)
    np.testing.assert_array_equal(rbm.copy().data_means, rbm.data_means)
    assert [states.shape for states in rbm.chains] == [(5, 9), (5, 4)]
    with pytest.raises(AttributeError, match="the machine has no chains"):
        _ = mg.RBM(2, 2).chains


def test_one_site_pseudo_likelihood_is_that_of_the_conditional_laws() -> None:
    """The monitor takes one site a row; sites of a continuum are given."""
    from magnetite.likelihood.pseudo import Sites
    from magnetite.training.monitors import Monitors

    kinds = [("binary", 2), ("gaussian", 1), (KINDS["categorical"], 2), ("spin", 1)]
    rbm = machine(kinds, "binary", n=6, m=3)
    row = some_data(rbm, rows=1)
    groups = rbm.visible.groups
    finite = mg.units.Layer((groups[0], *groups[2:])).states(0, 16)
    states = np.insert(finite, 2, row[0, 2], axis=1)
    weights = np.exp(-rbm.free_energy(states))
    wanted = []
    for columns in ([0], [1], [3, 4], [5]):
        others = [c for c in range(6) if c not in columns]
        alike = (states[:, others] == row[:, others]).all(axis=1)
        own = alike & (states == row).all(axis=1)
        wanted.append(np.log(weights[own].sum() / weights[alike].sum()))
    sites = Sites.of(rbm)
    rows, chosen = np.repeat(row, 4, axis=0), np.arange(4)[:, None]
    np.testing.assert_allclose(sites.log_conditionals(rows, chosen, 1), wanted, rtol=1e-6)
    for key in range(8):
        monitors = Monitors(rbm, rbm.layers(), row, None, key, 1)
        site = int(np.random.default_rng(key).integers(4, size=Monitors.num_rows)[0])
        found = monitors.figures()["pseudo_log_likelihood"]
        assert found == pytest.approx(4 * wanted[site])


def test_result_is_written_and_read(tmp_path: Path) -> None:
    result = mg.RBM(9, 4).fit(X, epochs=2, seed=1)
    result.save(tmp_path / "result.npz")
    again = mg.load(tmp_path / "result.npz")
    assert again.info == result.info
    np.testing.assert_array_equal(again.history["updates"], result.history["updates"])


def test_schedules_are_asked_how_far_the_training_is() -> None:
    seen: list[tuple[float, float]] = []

    def rate(clock: mg.training.Clock) -> float:
        seen.append((round(clock.epoch, 3), round(clock.fraction, 3)))
        return 0.01

    mg.RBM(9, 2).fit(X, optimizer=mg.SGD(rate), epochs=2, batch_size=8, seed=1)
    assert seen == [(0.0, 0.0), (0.5, 0.25), (1.0, 0.5), (1.5, 0.75)]


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_a_rate_that_diverges_leaves_the_last_good_epoch(visible: str) -> None:
    rbm = mg.RBM(9, 4, visible=visible)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TrainingDiverged, match="lower the learning rate") as caught:
            rbm.fit(30 * X if visible == "gaussian" else X, optimizer=mg.SGD(1e6), seed=1)
    assert caught.value.result is not None
    assert caught.value.result.info["stop_reason"] == "diverged"
    assert all(np.isfinite(getattr(rbm, name)).all() for name in PARAMETERS)
    assert np.abs(rbm.weights).max() < 1
    with pytest.raises(FloatingPointError, match="after epoch 0"):
        mg.RBM(9, 4).partial_fit(X, optimizer=mg.SGD(np.float64(1e30)), seed=1)


def test_weights_between_units_of_a_continuum_stay_normalisable() -> None:
    rng = np.random.default_rng(1)
    data = rng.standard_normal((200, 1)) * [5.0, 5.0, 5.0] + 0.1 * rng.standard_normal((200, 3))
    for hidden in ("gaussian", "relu"):
        rbm = mg.RBM(3, 2, visible="gaussian", hidden=hidden)
        rbm.fit(data, optimizer=mg.SGD(0.05), epochs=20, seed=1)
        rbm.copy()  # which refuses parameters without a distribution
        assert np.isfinite(rbm.weights).all()


def test_time_limit_and_callback_errors_leave_a_usable_machine() -> None:
    rbm = mg.RBM(9, 4)
    result = rbm.fit(X, epochs=10**6, time_limit=0.2, seed=1)
    assert result.info["stop_reason"] == "time_limit"
    assert rbm.weights.any()

    def broken(progress: TrainingProgress) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine") as caught:
        rbm.fit(X, callbacks=[broken], seed=1)
    assert caught.value.result.info["stop_reason"] == "error"  # type: ignore[attr-defined]


@pytest.mark.parametrize("action", ["raise", "return"])
def test_an_interrupt_leaves_a_usable_machine(action: str) -> None:
    class Interrupting:
        def __call__(self, progress: TrainingProgress) -> None: ...

        def after_update(self, progress: TrainingProgress) -> None:
            if progress.updates == 7:
                signal.raise_signal(signal.SIGINT)

    rbm = mg.RBM(9, 4)
    options: dict[str, Any] = {"callbacks": [Interrupting()], "batch_size": 4, "seed": 1}
    if action == "raise":
        with pytest.raises(KeyboardInterrupt) as caught:
            rbm.fit(X, **options)
        result = caught.value.result  # type: ignore[attr-defined]
    else:
        result = rbm.fit(X, on_interrupt="return", **options)
    assert (result.info["stop_reason"], result.info["updates"]) == ("interrupted", 7)
    assert rbm.sample(2, num_steps=1).shape == (2, 9)


def test_progress_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    mg.RBM(9, 4).fit(X, validation=X, epochs=2, progress=True, seed=1)
    shown = capsys.readouterr().err
    assert "epoch 2" in shown and "PL" in shown and "gap" in shown


def test_a_trained_machine_goes_on_from_its_weights() -> None:
    rbm = mg.RBM(9, 4)
    rbm.fit(X, epochs=1, seed=1)
    before = rbm.weights.copy()
    rbm.fit(X, epochs=0, seed=2)
    np.testing.assert_array_equal(rbm.weights, before)
    other = mg.RBM(9, 4)
    other.fit(X, epochs=0, initial=None, seed=1)
    assert not other.weights.any() and not other.visible_bias.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"negative": mg.PCD}, "negative must be an object like mg.PCD"),
        ({"negative": mg.boltzmann.Chains()}, "negative must be an object like mg.PCD"),
        ({"negative": mg.SGD(0.1)}, "negative must be an object like mg.PCD"),
        ({"optimizer": mg.CD()}, "optimizer must be an object like mg.SGD"),
        ({"optimizer": 0.1}, "optimizer must be an object like mg.SGD"),
        ({"epochs": -1}, "epochs must be at least 0, got -1"),
        ({"epochs": 2.5}, "epochs must be an integer, got 2.5"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"gradient": "natural"}, "gradient must be one of 'plain', 'centered', 'standardized'"),
        ({"offset_rate": 1.5}, "offset_rate must lie between 0 and 1, got 1.5"),
        ({"precision_rate": -1}, "precision_rate must lie between 0 and 1, got -1"),
        ({"penalties": mg.training.L2()}, "penalties must be a list, got L2"),
        ({"penalties": [0.1]}, "penalties must be objects like mg.training.L2"),
        ({"callbacks": print}, "callbacks must be a list, got builtin_function_or_method"),
        ({"callbacks": [3]}, "callbacks must be callable, got 3"),
        ({"initial": "pca"}, "initial must be 'data' or None, got 'pca'"),
        ({"shuffle": "no"}, "shuffle must be True or False, got 'no'"),
        ({"monitor_every": 0}, "monitor_every must be at least 1, got 0"),
        ({"resume": True}, "resume must be False without a checkpoint, got True"),
        (
            {"checkpoint": "/nowhere/there.npz"},
            "checkpoint must be a file in an existing directory",
        ),
        ({"time_limit": -1}, "time_limit must be a non-negative number of seconds, got -1"),
        ({"penalties": [mg.training.SparsityTarget(1.5)]}, "target must lie between 0 and 1 for"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    rbm = mg.RBM(9, 4)
    with pytest.raises((TypeError, ValueError), match=message):
        rbm.fit(X[:5], **options)
    assert not rbm.visible_bias.any() and rbm.data_means is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mg.CD(steps=0), "steps must be at least 1, got 0"),
        (lambda: mg.PCD(num_chains=0), "num_chains must be at least 1, got 0"),
        (lambda: mg.PCD(start_at="zero"), "start_at must be one of 'data', 'biases', got 'zero'"),
        (lambda: mg.FastPCD(fast_rate=0), "fast_rate must be positive, got 0"),
        (lambda: mg.FastPCD(decay=1), "decay must be at least 0 and below 1, got 1"),
        (lambda: mg.SGD(-0.1), "rate must be at least 0 and finite, got -0.1"),
        (lambda: mg.SGD(0.1, momentum=1), "momentum must be at least 0 and below 1, got 1"),
        (lambda: mg.SGD("fast"), "rate must be a real number, got str"),
        (lambda: mg.Adam(beta1=1), "beta1 must be at least 0 and below 1, got 1"),
        (lambda: mg.Adam(epsilon=0), "epsilon must be positive, got 0"),
        (lambda: mg.training.L2(0), "cost must be positive and finite, got 0"),
        (lambda: mg.training.MaxNorm(-1), "limit must be positive and finite, got -1"),
        (lambda: mg.training.SparsityTarget(0.1, decay=1), "decay must be at least 0 and below 1"),
        (lambda: mg.training.Linear(1, 0, begin=0.5, end=0.5), "begin and end must be fractions"),
        (lambda: mg.training.InverseTime(1, half_life=0), "half_life must be positive, got 0"),
        (lambda: mg.training.Step({1: 0.5}), "points must give a number for epoch 0"),
        (lambda: mg.training.EarlyStopping(patience=0), "patience must be at least 1, got 0"),
        (lambda: mg.training.Evaluate(X, every=0), "every must be at least 1, got 0"),
    ],
)
def test_bad_parts_are_refused(make: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_an_optimiser_that_gives_no_steps_is_refused() -> None:
    class Plain:
        def start(self, shapes: Any, dtype: Any) -> Any:
            return self

        def steps(self, gradients: Any, clock: Any) -> Any:
            return gradients

    with pytest.raises(TypeError, match=r"must give magnetite\.training\.Steps.*, got dict"):
        mg.RBM(9, 4).fit(X, optimizer=Plain())  # type: ignore[arg-type]


def test_what_cannot_be_listed_or_learnt_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Exact, at most 1,048,576, got 1.07e\+09 visible"):
        mg.RBM(30, 40).fit(np.zeros((2, 30)), negative=mg.Exact())

    class Soft(Ternary):
        kind = "soft"
        learns_precision = True

    with pytest.raises(TypeError, match="precision can be learnt of gaussian units only, not of"):
        mg.RBM(2, 2, visible=Soft()).fit([[1, 0]])
