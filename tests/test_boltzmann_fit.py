"""Learning of Boltzmann machines: gradients, known optima, options, interruptions."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.boltzmann import (
    Annealing,
    Chains,
    Enumeration,
    MeanField,
    Parameters,
    Tempering,
    Topology,
)
from tools.boltzmann import Recorder, law, machine, slopes_of, visible_rows

PARITY = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])


def mean_log_likelihood(model: mg.BoltzmannMachine, rows: NDArray[Any]) -> float:
    states, chances = law(model)
    seen = [chances[(states[:, model.visible] == row).all(axis=1)].sum() for row in rows]
    return float(np.mean(np.log(seen)))


@pytest.mark.parametrize("values", ["binary", "spin"])
def test_gradient_is_that_of_the_enumerated_likelihood(values: str) -> None:
    model, rows = machine(values), visible_rows(machine(values))
    recorder = Recorder(0.0)
    copy.copy(model).fit(
        rows,
        positive=Enumeration(),
        negative=Enumeration(),
        gradient="plain",
        optimizer=recorder,
        epochs=1,
    )
    (found,) = recorder.seen
    for name, slopes in slopes_of(model, lambda other: mean_log_likelihood(other, rows)).items():
        assert found[name] == pytest.approx(slopes, abs=1e-6)


def test_centred_steps_are_steps_of_the_centred_energy() -> None:
    """A small centred step climbs as ``|g|**2`` of the gradient in its own coordinates."""
    model, rows = machine(), visible_rows(machine())
    recorder, rate = Recorder(1e-5), 1e-5
    other = copy.copy(model)
    options: dict[str, Any] = {"positive": Enumeration(), "negative": Enumeration(), "epochs": 1}
    other.fit(rows, optimizer=recorder, gradient="centered", **options)
    (found,) = recorder.seen
    square = sum(float((g**2).sum()) for g in found.values())
    gain = mean_log_likelihood(other, rows) - mean_log_likelihood(model, rows)
    assert gain == pytest.approx(rate * square, rel=1e-3)


def test_flipping_bits_of_the_data_changes_nothing_in_centred_coordinates() -> None:
    """Learning from data and from their negative gives machines of the same law."""
    rows = visible_rows(machine(), 6)
    laws = []
    for data in (rows, 1 - rows):
        model = mg.BoltzmannMachine.layered([3, 2])
        start = Parameters(np.array([0.3, -0.2, 0.1, 0.4, -0.5, 0.2]), np.zeros(5))
        start = start if data is rows else Parameters(-start.weights, np.zeros(5))
        # With offsets of 1/2 the energies of a state and of its mirror image are then the same.
        hidden = -0.5 * model._topology.sums(start.weights, np.ones(5))
        model._become(Parameters(start.weights, hidden))
        model.fit(
            data,
            positive=Enumeration(),
            negative=Enumeration(),
            optimizer=mg.SGD(0.1),
            epochs=30,
            offset_rate=0.0,
            initial=None,
        )
        laws.append(mean_log_likelihood(model, data))
    assert laws[0] == pytest.approx(laws[1], abs=1e-10)


def test_the_divergence_is_told_while_pairs_learn_that_they_cannot_see_parity() -> None:
    pairs = mg.BoltzmannMachine.from_graph(np.ones((3, 3)) - np.eye(3))
    result = pairs.fit(PARITY, epochs=100, seed=1)
    assert result.history["divergence"][-1] == pytest.approx(np.log(2), abs=0.01)
    assert pairs.divergence(PARITY) == pytest.approx(result.history["divergence"][-1])


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        (Chains(), Chains()),
        (MeanField(), Chains()),
        (Enumeration(), Tempering()),
        (Annealing(), Annealing(num_chains=100)),
    ],
    ids=["chains", "mean field", "tempering", "annealing"],
)
def test_every_phase_learns(positive: Any, negative: Any) -> None:
    X = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0]], 20, axis=0)
    model = mg.BoltzmannMachine.layered([4, 3])
    before = model.divergence(X)
    model.fit(
        X,
        positive=positive,
        negative=negative,
        optimizer=mg.SGD(1.0),
        epochs=250,
        monitor_every=250,
        batch_size=60,
        seed=1,
    )
    assert model.divergence(X) < 0.35 < 1.2 < before


def test_sample_weights_are_repeated_rows() -> None:
    X = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0]])
    machines = []
    for rows, weights in ((X, [2, 1, 3]), (np.repeat(X, [2, 1, 3], axis=0), None)):
        model = mg.BoltzmannMachine.layered([3, 2])
        model.fit(rows, sample_weight=weights, epochs=20, seed=1)
        machines.append(model)
    np.testing.assert_allclose(machines[0].weights, machines[1].weights, atol=1e-10)


def test_threads_do_not_matter_and_seeds_do() -> None:
    X = visible_rows(machine(), 300)
    found = []
    for seed, threads in ((1, 1), (1, 3), (2, 1)):
        model = mg.BoltzmannMachine.layered([3, 12])
        phases = {"positive": Chains(), "negative": Chains(num_chains=3000)}
        model.fit(X, epochs=2, seed=seed, num_threads=threads, **phases)
        found.append(model.weights.tolist())
    assert found[0] == found[1] != found[2]


def test_a_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    X = visible_rows(machine(), 30)
    options: dict[str, Any] = {
        "positive": Chains(),
        "negative": Tempering(num_ladders=5),
        "optimizer": mg.Adam(0.05),
        "batch_size": 7,
        "epochs": 6,
        "seed": 4,
    }
    whole = mg.BoltzmannMachine.layered([3, 2])
    whole.fit(X, **options)
    path, broken = tmp_path / "run.npz", mg.BoltzmannMachine.layered([3, 2])

    def stop(progress: Any) -> bool:
        return bool(progress.epoch == 3)

    broken.fit(X, checkpoint=path, callbacks=[stop], **options)
    assert broken.weights.tolist() != whole.weights.tolist()
    again = mg.BoltzmannMachine.layered([3, 2])
    result = again.fit(X, checkpoint=path, resume=True, **options)
    assert again.weights.tolist() == whole.weights.tolist()
    assert result.history["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    with pytest.raises(ValueError, match="batch_size must be that of the checkpoint"):
        again.fit(X, checkpoint=path, resume=True, **options | {"batch_size": 8})


def test_trainings_of_others_are_not_gone_on_with(tmp_path: Path) -> None:
    X, path = np.zeros((3, 3)), tmp_path / "run.npz"
    options: dict[str, Any] = {"checkpoint": path, "resume": True, "epochs": 1, "seed": 1}

    def rates() -> mg.SGD:
        return mg.SGD(lambda clock: 0.1)  # in another process it has another address

    mg.BoltzmannMachine.layered([3, 2]).fit(X, optimizer=rates(), **options)
    mg.BoltzmannMachine.layered([3, 2]).fit(X, optimizer=rates(), **options)
    other = mg.BoltzmannMachine.layered([3, 2], values="spin")
    with pytest.raises(
        ValueError, match=r"the values of its units must be .* \[0, 1\], got \[-1, 1"
    ):
        other.fit(X - 1, optimizer=rates(), **options)
    pairs = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 3), (1, 4)]
    ring = mg.BoltzmannMachine(dict.fromkeys(pairs, 0.0), visible=[0, 1, 2])
    with pytest.raises(ValueError, match="the digest of its edges and visible units must be that"):
        ring.fit(X, optimizer=rates(), **options)


def test_callbacks_see_the_machine_as_it_is() -> None:
    X, seen = visible_rows(machine(), 10), []

    class Watch:
        def __call__(self, progress: Any) -> None:
            seen.append(progress.model.weights)

        def after_update(self, progress: Any) -> None:
            seen.append(progress.model.weights)

    model = mg.BoltzmannMachine.layered([3, 2])
    model.fit(X, epochs=2, callbacks=[Watch()], seed=1)
    assert seen[-1].tolist() == model.weights.tolist() != seen[0].tolist()
    stop = mg.training.EarlyStopping("divergence", mode="min", patience=3)
    result = model.fit(X, epochs=500, optimizer=mg.SGD(5.0), callbacks=[stop], seed=1)
    assert result.info["stop_reason"] == "callback"
    assert model.divergence(X) == pytest.approx(np.nanmin(result.history["divergence"]))


def test_what_diverges_goes_back() -> None:
    X = visible_rows(machine(), 4)
    model = mg.BoltzmannMachine.layered([3, 2])
    with pytest.raises(mg.training.TrainingDiverged, match="lower the learning rate"):
        model.fit(X, optimizer=mg.training.SignSteps(250.0), gradient="plain", epochs=9, seed=1)
    assert np.abs(model.weights).max() <= 200


def test_copies_pickles_and_models_made_before_are_left_alone() -> None:
    model = mg.BoltzmannMachine.layered([2, 1])
    other, ising = copy.deepcopy(model), model.to_ising()
    model.fit([[0, 1], [1, 0]], epochs=3, seed=1)
    assert not other.weights.any()
    assert not ising.polynomial().weights.any()
    again = pickle.loads(pickle.dumps(model))
    assert again.weights.tolist() == model.weights.tolist()
    assert again.edges.tolist() == model.edges.tolist()
    assert again.energies([[1, 1, 1]]) == model.energies([[1, 1, 1]])


def test_the_first_machine_has_the_means_of_the_data() -> None:
    X = np.random.default_rng(1).random((2000, 4)) < [0.1, 0.3, 0.5, 0.9]
    for values in ("binary", "spin"):
        data = X if values == "binary" else 2 * X.astype(int) - 1
        model = mg.BoltzmannMachine.layered([4, 2], values=values)
        model.fit(data, epochs=0, seed=1)
        mean = mg.exact(model).mean[:4]
        np.testing.assert_allclose(mean, data.mean(axis=0), atol=0.02)


@pytest.mark.parametrize("gradient", ["plain", "centered"])
def test_shrinkage_is_a_share_of_all_parameters(gradient: str) -> None:
    model = machine()
    options: dict[str, Any] = {"optimizer": Recorder(0.0), "gradient": gradient, "epochs": 2}
    before = model.parameters
    falling = mg.training.Cosine(0.1, 0.1)
    model.fit(visible_rows(model), shrinkage=falling, **options)
    for name, values in model.parameters.items():
        np.testing.assert_allclose(values, 0.81 * before[name], rtol=1e-12)


def test_penalties_are_subtracted_from_the_gradient_of_the_weights() -> None:
    def gradient(*penalties: Any) -> dict[str, Any]:
        model, recorder = machine(), Recorder(0.0)
        options: dict[str, Any] = {"optimizer": recorder, "penalties": penalties, "epochs": 1}
        model.fit(visible_rows(model), **options)
        return recorder.seen[0]

    plain, both = gradient(), gradient(mg.training.L1(0.1), mg.training.L2(0.2))
    weights = machine().weights
    lost = plain["weights"] - both["weights"]
    np.testing.assert_allclose(lost, 0.1 * np.sign(weights) + 0.2 * weights, rtol=1e-12)
    np.testing.assert_array_equal(plain["biases"], both["biases"])


def test_sign_steps_are_of_one_size() -> None:
    model = mg.BoltzmannMachine.layered([3, 2])
    options = {"gradient": "plain", "initial": None, "seed": 1}
    model.fit(visible_rows(machine()), optimizer=mg.training.SignSteps(0.25), epochs=7, **options)
    np.testing.assert_allclose(4 * model.weights, np.round(4 * model.weights), atol=1e-12)


@pytest.mark.parametrize(
    ("X", "options", "error", "message"),
    [
        ([[0, 1]], {}, ValueError, r"X must have shape \(rows, 3\)"),
        ([[0, 1, 2]], {}, ValueError, "X must hold 0 or 1, got 2 in row 0, column 2"),
        ([[0, 1, np.nan]], {}, ValueError, "X must hold 0 or 1, got nan in row 0, column 2"),
        ([["a", "b", "c"]], {}, TypeError, "X must hold numbers"),
        (np.empty((0, 3)), {}, ValueError, "at least one row"),
        (PARITY, {"objective": "likelyhood"}, ValueError, "objective must be one of"),
        (PARITY, {"objective": 3}, TypeError, "objective must be a name or an object like"),
        (PARITY, {"objective": "pseudo_likelihood"}, ValueError, "2 hidden units"),
        (PARITY, {"positive": Tempering()}, TypeError, "cannot be held each at a row of its own"),
        (PARITY, {"negative": mg.boltzmann.Chains}, TypeError, "negative must be an object like"),
        (PARITY, {"negative": 0}, TypeError, "negative must be an object like"),
        (PARITY, {"negative": mg.PCD()}, TypeError, "negative must be an object like"),
        (PARITY, {"positive": mg.SGD(0.1)}, TypeError, "positive must be an object like"),
        (PARITY, {"optimizer": mg.CD()}, TypeError, "optimizer must be an object like"),
        (PARITY, {"optimizer": mg.SGD}, TypeError, "optimizer must be an object like"),
        (PARITY, {"gradient": "natural"}, ValueError, "gradient must be one of"),
        (PARITY, {"offset_rate": 2.0}, ValueError, "offset_rate must lie between 0 and 1"),
        (
            PARITY,
            {"penalties": [mg.training.MaxNorm(1.0)]},
            ValueError,
            "penalties must be L1 or L2",
        ),
        (PARITY, {"penalties": [mg.training.L2(biases=True)]}, ValueError, "of weights alone"),
        (PARITY, {"penalties": 0.1}, TypeError, "penalties must be a list"),
        (PARITY, {"shrinkage": 1.0}, ValueError, "shrinkage must be at least 0 and below 1"),
        (PARITY, {"shrinkage": "little"}, TypeError, "shrinkage must be"),
        (PARITY, {"initial": "zeros"}, ValueError, "initial must be 'data' or None"),
        (PARITY, {"epochs": -1}, ValueError, "epochs must be at least 0"),
        (PARITY, {"batch_size": 0}, ValueError, "batch_size must be at least 1"),
        (PARITY, {"sample_weight": [1, 2]}, ValueError, r"sample_weight must have shape \(4,\)"),
        ([PARITY, PARITY], {}, TypeError, "X must be a matrix"),
    ],
)
def test_bad_input_is_refused(
    X: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    model = mg.BoltzmannMachine.layered([3, 2])
    with pytest.raises(error, match=message):
        model.fit(X, **options)
    assert not model.weights.any()


def test_a_machine_that_sees_nothing_is_refused() -> None:
    model = mg.BoltzmannMachine.layered([3, 2], visible=())
    with pytest.raises(ValueError, match="visible must name at least one unit"):
        model.fit(np.empty((4, 0)))
    with pytest.raises(ValueError, match="visible must name at least one unit"):
        model.divergence(np.empty((4, 0)))


def test_a_flow_without_bounds_says_that_it_diverges() -> None:
    model = mg.BoltzmannMachine({(0, 1): 190.0, (1, 2): 190.0}, [3000.0] * 3)
    with pytest.raises(mg.training.TrainingDiverged, match="lower the learning rate"):
        model.fit(PARITY, objective="probability_flow", seed=1)


def test_parameters_are_assigned_by_name() -> None:
    model = mg.BoltzmannMachine.layered([2, 1])
    given = np.array([1.0, 2.0])
    model.assign({"weights": given})
    given[:] = 0
    assert (model.weights.tolist(), model.biases.tolist()) == ([1, 2], [0, 0, 0])
    model.assign(model.parameters | {"biases": [3, 4, 5]})
    assert model.energies([1, 1, 1]) == -15
    with pytest.raises(ValueError, match="shape"):
        model.assign({"biases": np.zeros(2)})


def test_enumeration_of_many_units_is_refused() -> None:
    model = mg.BoltzmannMachine.layered([3, 30])
    with pytest.raises(ValueError, match="at most 20 hidden units, got 30"):
        model.fit(PARITY, positive=Enumeration())
    with pytest.raises(ValueError, match="at most 20 units, got 33"):
        model.fit(PARITY, negative=Enumeration())
    with pytest.raises(ValueError, match="at most 20 hidden units, got 30"):
        model.divergence(PARITY)
    assert not model.log_likelihood(PARITY).reliable


def test_what_nothing_reaches_is_found_on_any_graph() -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        rows, cols = np.sort(rng.choice(40, (int(rng.integers(1, 45)), 2)), axis=1).T
        pairs = np.unique(np.stack([rows, cols])[:, rows < cols], axis=1)
        visible = rng.permutation(40)[:3]
        joined = np.eye(40, dtype=bool)
        joined[tuple(pairs)] = joined[tuple(pairs[::-1])] = True
        for _ in range(6):
            joined = joined @ joined
        expected = np.flatnonzero(~joined[:, visible].any(axis=1))
        topology = Topology(40, *pairs, visible, True)
        assert topology.unreached().tolist() == expected.tolist()


def test_hidden_units_that_nothing_reaches_are_warned_of() -> None:
    edges = {("a", "b"): 0.0, ("h", "i"): 0.0}
    model = mg.BoltzmannMachine(edges, visible=["a", "b"])
    with pytest.warns(UserWarning, match=r"none leads from 'h' \(and 1 more\)"):
        model.fit([[0, 1]], epochs=1)
    joined = mg.BoltzmannMachine(edges | {("i", "b"): 0.0}, visible=["a", "b"])
    joined.fit([[0, 1]], epochs=1)


def test_validation_rows_are_measured_and_stop_a_training() -> None:
    X, held_out = PARITY[[0, 1, 1]], PARITY[[0, 3]]
    machine = mg.BoltzmannMachine.layered([3, 2])
    stop = mg.training.EarlyStopping("validation_divergence", mode="min", patience=2)
    options = {"validation": held_out, "epochs": 200, "optimizer": mg.SGD(1.0), "seed": 1}
    run = machine.fit(X, callbacks=[stop], **options)
    assert run.info["stop_reason"] == "callback"
    assert machine.divergence(held_out) == pytest.approx(run.history["validation_divergence"].min())
    again = mg.BoltzmannMachine.layered([3, 2])
    history = again.fit(X, epochs=3, validation=held_out, seed=1).history
    assert history["validation_divergence"][-1] == pytest.approx(again.divergence(held_out))
    unseen = mg.BoltzmannMachine.layered([3, 2])
    unseen.fit(X, epochs=3, seed=1)  # what is measured changes nothing
    np.testing.assert_array_equal(unseen.weights, again.weights)
    pairs = mg.BoltzmannMachine(np.zeros((3, 3)) + 1 - np.eye(3))
    history = pairs.fit(X, objective="pseudo_likelihood", validation=held_out, epochs=2).history
    assert np.isfinite(history["validation_objective"]).all()
    for bad, message in ((held_out[:, :2], r"shape \(rows, 3\)"), (held_out + 1, "must hold 0 or")):
        with pytest.raises(ValueError, match=f"validation must .*{message}|validation {message}"):
            machine.fit(X, validation=bad)
    with pytest.raises(ValueError, match="validation must have at least one row"):
        machine.fit(X, validation=held_out[:0])
