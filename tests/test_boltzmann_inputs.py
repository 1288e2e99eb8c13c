"""Conditional learning: visible units that are held at data in the negative phase too."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.boltzmann import Annealing, Chains, Enumeration, MeanField, Moments, Tempering
from tools.boltzmann import (
    Recorder,
    exact_moments,
    flat,
    law,
    machine,
    phase_moments,
    slopes_of,
    visible_rows,
)

EXCLUSIVE_OR = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
SLOW = [(2.0, 10), (1.5, 10), (1.0, 20)]


def exact_given(model: mg.BoltzmannMachine, rows: NDArray[Any], weights: NDArray[Any]) -> Moments:
    """Moments given the first and the last visible unit of weighted rows."""
    inputs = model.visible[[0, 2]]
    other = copy.copy(model)
    other._topology = type(model._topology)(
        model.num_variables, *model.edges, inputs, model.values == (0, 1)
    )
    return exact_moments(other, rows[:, [0, 2]], weights)


@pytest.mark.parametrize("values", ["binary", "spin"])
@pytest.mark.parametrize(
    "phase", [Enumeration(), Chains(), Annealing(SLOW, repeats=20)], ids=["sums", "chains", "1985"]
)
def test_phases_given_inputs_agree_with_sums_over_all_states(phase: Any, values: str) -> None:
    model = machine(values, scale=0.7)
    rows, weights = visible_rows(model, 5), np.array([1.0, 2.0, 0.0, 0.5, 1.0])
    wanted = flat(exact_given(model, rows, weights))
    options: dict[str, Any] = {"weights": weights, "inputs": (0, 2), "updates": 600}
    found = np.array([flat(m) for m in phase_moments(model, phase, rows, **options)])
    # Blocks of twenty updates are as good as independent, also of persistent chains.
    means = found.reshape(30, 20, -1).mean(axis=1)
    error = means.std(axis=0, ddof=1) / np.sqrt(30)
    off = np.abs(means.mean(axis=0) - wanted)
    assert (off <= 4.5 * error + 1e-12).all()
    alone = flat(exact_moments(model))
    assert (np.abs(means.mean(axis=0) - alone) > 4.5 * error + 1e-12).any()


def test_mean_field_given_inputs_is_exact_where_the_others_do_not_meet() -> None:
    edges = {(0, 1): 0.7, (0, 2): -1.2, (3, 1): 0.4, (3, 2): 0.9, (0, 3): 0.5}
    model = mg.BoltzmannMachine(edges, [0.1, -0.3, 0.2, 0.4], visible=[0, 3, 1])
    rows, weights = np.array([[0, 1, 1], [1, 1, 0], [1, 0, 0]]), np.array([1.0, 2.0, 3.0])
    phase = MeanField(tolerance=1e-12)
    (found,) = phase_moments(model, phase, rows, weights=weights, inputs=(0, 1))
    (exact,) = phase_moments(model, Enumeration(), rows, weights=weights, inputs=(0, 1))
    np.testing.assert_allclose(flat(found), flat(exact), atol=1e-9)


def conditional_log_likelihood(model: mg.BoltzmannMachine, rows: NDArray[Any]) -> float:
    """Mean log of ``p(visible units | the first of them)``."""
    states, chances = law(model)
    inside = states[:, model.visible]
    same = [(inside[:, :1] == row[:1]).all(axis=1) for row in rows]
    joint = [chances[(inside == row).all(axis=1)].sum() for row in rows]
    of_inputs = [chances[mask].sum() for mask in same]
    return float(np.mean(np.log(joint) - np.log(of_inputs)))


@pytest.mark.parametrize("values", ["binary", "spin"])
def test_gradient_given_inputs_is_that_of_the_conditional_likelihood(values: str) -> None:
    model, rows = machine(values), visible_rows(machine(values), 5)
    recorder = Recorder(0.0)
    phases = {"positive": Enumeration(), "negative": Enumeration()}
    copy.copy(model).fit(rows, inputs=[0], gradient="plain", optimizer=recorder, epochs=1, **phases)
    (found,) = recorder.seen
    for name, slopes in slopes_of(
        model, lambda other: conditional_log_likelihood(other, rows)
    ).items():
        assert found[name] == pytest.approx(slopes, abs=1e-6)


def test_divergence_given_inputs() -> None:
    model = machine()
    rows = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 0, 1]])
    # Given the first unit the rows are one of two, or certain.
    expected = -conditional_log_likelihood(model, rows) - np.log(2) / 2
    assert model.divergence(rows, inputs=[0]) == pytest.approx(expected)
    assert model.divergence(rows) != pytest.approx(expected, abs=0.01)
    assert model.divergence(rows, inputs=[0, 2, 5]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("negative", [None, Chains(), MeanField()], ids=repr)
def test_the_exclusive_or_of_inputs_is_learnt(negative: Any) -> None:
    X = np.repeat(EXCLUSIVE_OR, [2, 1, 1, 1], axis=0)
    pairs = [(i, j) for i in range(4) for j in range(i)]
    model = mg.BoltzmannMachine(dict.fromkeys(pairs, 0.0), visible=[0, 1, 2])
    result = model.fit(
        X,
        inputs=[0, 1],
        negative=negative,
        optimizer=mg.Adam(0.1),
        epochs=400,
        monitor_every=400,
        seed=1,
    )
    for row in EXCLUSIVE_OR:
        found = model.marginals({0: int(row[0]), 1: int(row[1])}).mean[2]
        assert abs(found - row[2]) < 0.3
    assert result.history["divergence"][-1] == pytest.approx(model.divergence(X, inputs=[0, 1]))
    assert result.info["inputs"] == "(0, 1)"


def test_what_lies_among_inputs_stays() -> None:
    model = machine(visible=range(6))
    before = model.parameters
    noisy = Annealing(noise=(0.2, 0.2))
    options: dict[str, Any] = {"positive": noisy, "negative": noisy, "gradient": "plain", "seed": 1}
    model.fit(visible_rows(model), inputs=[1, 3, 4], epochs=3, **options)
    among = np.isin(model.edges, [1, 3, 4]).all(axis=0)
    assert (model.weights == before["weights"])[among].all()
    assert (model.weights != before["weights"])[~among].all()
    assert ((model.biases == before["biases"]) == np.isin(range(6), [1, 3, 4])).all()


def test_a_training_given_inputs_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "inputs": [2, 0],
        "positive": Annealing(noise=(0.1, 0.1)),
        "negative": Chains(),
        "shrinkage": mg.training.Cosine(0.01),
        "batch_size": 3,
        "epochs": 6,
        "seed": 4,
        "checkpoint": tmp_path / "run.npz",
    }
    whole, broken, again = (mg.BoltzmannMachine.layered([3, 2]) for _ in range(3))
    whole.fit(EXCLUSIVE_OR, **options | {"checkpoint": None})
    broken.fit(EXCLUSIVE_OR, callbacks=[lambda progress: progress.epoch == 3], **options)
    assert broken.weights.tolist() != whole.weights.tolist()
    again.fit(EXCLUSIVE_OR, resume=True, **options)
    assert again.weights.tolist() == whole.weights.tolist()
    with pytest.raises(ValueError, match="inputs must be that of the checkpoint"):
        again.fit(EXCLUSIVE_OR, resume=True, **options | {"inputs": [0]})


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"inputs": [3]}, ValueError, "inputs must name visible units, got 3"),
        ({"inputs": [1, 1]}, ValueError, "inputs must name each unit once, got 1 twice"),
        ({"inputs": [[1]]}, ValueError, r"inputs must name visible units, got \[1\]"),
        ({"inputs": [2, 0, 1]}, ValueError, "inputs must leave a visible unit to be learnt"),
        ({"inputs": 1}, TypeError, "inputs must be a sequence of labels, got 1"),
        ({"inputs": "01"}, TypeError, "inputs must be a sequence of labels, got '01'"),
        (
            {"inputs": [0], "negative": Tempering()},
            TypeError,
            "negative, with inputs, must be mg.boltzmann.Annealing",
        ),
    ],
)
def test_bad_inputs_are_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    model = mg.BoltzmannMachine.layered([3, 2])
    with pytest.raises(error, match=message):
        model.fit(EXCLUSIVE_OR, **options)
    assert not model.weights.any()
    pairs = mg.BoltzmannMachine.from_graph(np.ones((3, 3)) - np.eye(3))
    with pytest.raises(ValueError, match="inputs must be none for objective=RatioMatching"):
        pairs.fit(EXCLUSIVE_OR, inputs=[0], objective="ratio_matching")
    with pytest.raises(ValueError, match="inputs must name visible units, got 4"):
        model.divergence(EXCLUSIVE_OR, inputs=[4])
