"""What a Boltzmann machine answers: states and means given others, likelihoods, divergences."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from tools.boltzmann import law, machine, visible_rows

GIVEN = {1: 1, 4: 0}


def conditional_means(model: mg.BoltzmannMachine, given: dict[int, int]) -> Any:
    states, chances = law(model)
    for unit, value in given.items():
        chances = chances * (states[:, unit] == value)
    return chances @ states / chances.sum()


def test_exact_marginals_are_conditional_means() -> None:
    model = machine()
    for given in ({}, GIVEN):
        found = model.marginals(given)
        np.testing.assert_allclose(found.mean, conditional_means(model, given), atol=1e-12)
        assert found.method == "exact"
        assert not found.error.any()
        assert found[0].error == 0


def test_sampled_marginals_are_within_their_errors() -> None:
    model = machine(scale=0.6)
    found = model.marginals(GIVEN, method="sampling", seed=1)
    off = found.mean - conditional_means(model, GIVEN)
    assert found.reliable
    assert found.error[[1, 4]].tolist() == [0, 0] == off[[1, 4]].tolist()
    free = [0, 2, 3, 5]
    assert (found.error[free] > 0).all()
    assert np.sqrt(np.mean((off[free] / found.error[free]) ** 2)) < 2
    assert np.sqrt(np.mean((off[free] + 0.02) ** 2 / found.error[free] ** 2)) > 3


def test_chains_that_disagree_are_not_vouched_for() -> None:
    n = 10
    pairs = {(i, j): 2.0 for i in range(n) for j in range(i)}
    model = mg.BoltzmannMachine(pairs, values="spin")
    found = model.marginals(method="sampling", num_sweeps=100, seed=1)
    assert not found.reliable
    assert "chains disagree" in found.reason
    assert not found[3].reliable
    assert "unreliable" in repr(found)


def test_samples_hold_what_is_given() -> None:
    model = machine()
    result = model.sample(GIVEN, num_chains=400, num_sweeps=50, seed=1)
    assert (result.states[:, [1, 4]] == [1, 0]).all()
    assert result.info["kernel"] == "gibbs"
    pair = model.sample(([4, 1], [0, 1]), num_chains=400, num_sweeps=50, seed=1)
    assert (pair.states == result.states).all()


def test_labels_are_those_of_the_machine() -> None:
    model = mg.BoltzmannMachine({("rain", "wet"): 4.0}, {"rain": -1.0, "wet": -2.0})
    found = model.marginals({"wet": 1})
    assert found["rain"].value == pytest.approx(1 / (1 + np.exp(-3)))
    with pytest.raises(KeyError, match="snow"):
        found["snow"]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({9: 1}, ValueError, "given names 9, which is no variable"),
        ({0: 2}, ValueError, "given values must be 0 or 1, got 2 for 0"),
        (([0, 0], [0, 1]), ValueError, "given holds 0 at two different values"),
        (([0, 1], [0]), ValueError, "given must hold one value a site"),
        ([0, 1], TypeError, "given must be a dict"),
    ],
)
def test_bad_clamps_are_refused(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(TypeError, match="clamp must be left out: name what is held in given"):
        machine().sample(clamp={0: 1})
    for ask in (machine().sample, machine().marginals):
        with pytest.raises(error, match=message):
            ask(given)


@pytest.mark.parametrize("values", ["binary", "spin"])
def test_log_likelihood_and_divergence_are_sums(values: str) -> None:
    model, rows = machine(values), visible_rows(machine(values))
    states, chances = law(model)
    weights = np.array([1.0, 2.0, 0.0, 3.0])
    seen = [chances[(states[:, model.visible] == row).all(axis=1)].sum() for row in rows]
    expected = float(weights @ np.log(seen) / weights.sum())
    found = model.log_likelihood(rows, sample_weight=weights)
    assert found.value == pytest.approx(expected, abs=1e-10)
    assert found.reliable
    shares: dict[tuple[float, ...], float] = {}
    for row, weight in zip(rows, weights / weights.sum(), strict=True):
        shares[tuple(row)] = shares.get(tuple(row), 0.0) + weight
    entropy = -sum(p * np.log(p) for p in shares.values() if p > 0)
    gap = model.divergence(rows, sample_weight=weights)
    assert gap == pytest.approx(-entropy - expected, abs=1e-10)


def test_an_offset_moves_no_likelihood() -> None:
    rows = visible_rows(machine())
    model = machine()
    edges = (*model.edges, model.weights)
    shifted = mg.BoltzmannMachine(edges, model.biases, visible=[0, 2, 5], offset=3.5)
    found = shifted.log_likelihood(rows).value
    assert found == pytest.approx(model.log_likelihood(rows).value, abs=1e-10)
    assert shifted.divergence(rows) == pytest.approx(model.divergence(rows), abs=1e-10)


def test_log_likelihood_of_a_larger_machine_has_a_bracket() -> None:
    model = mg.BoltzmannMachine.layered([30, 6])
    X = (np.random.default_rng(1).random((200, 30)) < 0.3).astype(int)
    model.fit(X, epochs=3, seed=1)
    found = model.log_likelihood(X, seed=1)
    exact = -model.weights  # an RBM: its log Z is known
    rbm = mg.RBM(
        30,
        6,
        weights=-exact.reshape(30, 6),
        visible_bias=model.biases[:30],
        hidden_bias=model.biases[30:],
        dtype="float64",
    )
    low, high = found.bracket
    assert low - 1e-9 <= rbm.log_likelihood(X).value <= high + 1e-9


@pytest.mark.parametrize("values", ["binary", "spin"])
def test_graphs_become_machines(values: Any) -> None:
    edges = {("c", "a"): 5.0, ("a", "b"): 0.0}
    model = mg.BoltzmannMachine.from_graph(edges, visible=["b", "a"], values=values)
    assert model.variables == ("a", "b", "c")
    assert model.edges.tolist() == [[0, 0], [1, 2]]
    assert model.weights.tolist() == [0, 0]
    assert (model.visible.tolist(), model.hidden.tolist()) == ([1, 0], [2])
    matrix = mg.BoltzmannMachine.from_graph([[0, 1, 0], [1, 0, 2], [0, 2, 0]])
    assert matrix.edges.tolist() == [[0, 1], [1, 2]]
    kept = mg.BoltzmannMachine({(0, 1): 1.0, (1, 0): -1.0, (1, 2): 0.0})
    assert kept.edges.tolist() == [[0, 1], [1, 2]]
    assert kept.weights.tolist() == [0, 0]
    assert mg.BoltzmannMachine([[0.0, 1.0], [1.0, 0.0]]).edges.tolist() == [[0], [1]]


def test_layers_are_joined_unit_by_unit() -> None:
    model = mg.BoltzmannMachine.layered([2, 1, 2], visible=[2, 0])
    assert model.edges.tolist() == [[0, 1, 2, 2], [2, 2, 3, 4]]
    assert model.visible.tolist() == [3, 4, 0, 1]
    with pytest.raises(ValueError, match="sizes must be those of at least two layers, got 1"):
        mg.BoltzmannMachine.layered([3])
    with pytest.raises(TypeError, match="visible must be a sequence of layers, got 0"):
        mg.BoltzmannMachine.layered([3, 1], visible=0)
    with pytest.raises(ValueError, match="visible must name layers below 2, got 2"):
        mg.BoltzmannMachine.layered([3, 1], visible=[2])


@pytest.mark.parametrize("kind", [list, np.array])
def test_visible_units_may_be_marked(kind: Any) -> None:
    edges = {(0, 1): 1.0, (1, 2): 1.0}
    assert mg.BoltzmannMachine(edges, visible=kind([False, True, True])).visible.tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"visible must have shape \(3,\) as a mask, got \(2,\)"):
        mg.BoltzmannMachine(edges, visible=kind([True, False]))


def test_files_give_machines_back(tmp_path: Path) -> None:
    model = mg.BoltzmannMachine({("a", "b"): 0.0, ("b", "c"): 1.5}, {"a": 0.3}, visible="ca")
    model.save(tmp_path / "machine.npz")
    again = mg.load(tmp_path / "machine.npz")
    assert repr(again) == repr(model)
    assert again.variables == model.variables
    assert again.visible.tolist() == model.visible.tolist()
    assert again.edges.tolist() == model.edges.tolist()
    assert again.energies([[1, 1, 1]]) == model.energies([[1, 1, 1]])


def test_runs_of_machines_are_put_aside_and_taken_up(tmp_path: Path) -> None:
    path, options = tmp_path / "run.npz", {"num_chains": 8, "num_sweeps": 300, "seed": 1}

    def stop(progress: Any) -> bool:
        return True

    whole = machine().sample(**options)
    machine().sample(checkpoint=path, callback=stop, **options)
    assert mg.resume(path).energies.tolist() == whole.energies.tolist()
