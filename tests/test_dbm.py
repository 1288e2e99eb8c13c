"""Deep Boltzmann machines: energies, inference, draws, files, and what is refused."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import magnetite as mg
from magnetite.deep.dbm_fold import Fold
from tools.deep import SIZES, all_layers, bits, deep_machine
from tools.laws import all_states, boltzmann, chi_square_excess, state_numbers

NUM_CHAINS = 10_000

COUNT = 3_000

sizes_of_machines = st.lists(st.integers(1, 3), min_size=3, max_size=5)


@settings(max_examples=40)
@given(sizes_of_machines, st.integers(0, 99))
def test_energies_are_those_of_the_definition(sizes: list[int], seed: int) -> None:
    dbm = deep_machine(sizes, seed=seed)
    layers = [rows[:: max(1, 2 ** sum(sizes) // 64)] for rows in all_layers(dbm)]
    expected = -sum(x @ b for x, b in zip(layers, dbm.biases, strict=True))
    for below, w, above in zip(layers, dbm.weights, layers[1:], strict=False):
        expected -= np.einsum("ri,ij,rj->r", below, w, above)
    np.testing.assert_allclose(dbm.energy(*layers), expected, atol=1e-12)
    whole = np.concatenate(layers, axis=1).astype(np.int8)
    np.testing.assert_allclose(dbm.to_model().energies(whole), expected, atol=1e-12)


@settings(max_examples=40)
@given(sizes_of_machines)
def test_folding_is_undone(sizes: list[int]) -> None:
    fold = Fold(tuple(sizes))
    layers = [np.full((2, size), float(i)) for i, size in enumerate(sizes)]
    for before, after in zip(layers, fold.layers(*fold.sides(layers)), strict=True):
        np.testing.assert_array_equal(before, after)
    weights = np.zeros((fold.num_even, fold.num_odd))
    for w in fold.weights(weights):
        w += 1
    for block in fold.absent():
        weights[block] += 1
    assert (weights == 1).all()  # every entry belongs to one block


@pytest.mark.parametrize("sizes", SIZES)
def test_the_restricted_machine_is_the_same(sizes: tuple[int, ...]) -> None:
    dbm = deep_machine(sizes)
    rbm, layers = dbm.to_rbm(), all_layers(dbm)
    even, odd = (np.concatenate(layers[i::2], axis=1) for i in (0, 1))
    np.testing.assert_allclose(rbm.energy(even, odd), dbm.energy(*layers), atol=1e-12)
    rbm.weights[:] = 0  # a copy
    assert dbm.weights[0].any()


def test_parameters_may_be_written_to() -> None:
    dbm = mg.DBM([2, 3, 1, 2])
    dbm.weights[1][:] = 5
    dbm.biases[2][:] = -1
    assert dbm.energy([[0, 0]], [[0, 1, 0]], [[1]], [[0, 0]]) == [-4]
    assert dbm.to_rbm().weights.sum() == 15


# Inference.


@pytest.mark.parametrize("sizes", SIZES)
def test_mean_field_solves_its_equations(sizes: tuple[int, ...]) -> None:
    dbm = deep_machine(sizes)
    v = bits(sizes[0])
    found = dbm.mean_field(v, tolerance=1e-13)
    assert found.converged.all()
    layers = [v, *found.means]
    for i in range(1, len(sizes)):
        x = dbm.biases[i] + layers[i - 1] @ dbm.weights[i - 1]
        if i + 1 < len(sizes):
            x += layers[i + 1] @ dbm.weights[i].T
        np.testing.assert_allclose(layers[i], 1 / (1 + np.exp(-x)), atol=1e-11)


def test_mean_field_is_exact_where_the_upper_layers_are_independent() -> None:
    dbm = deep_machine((4, 3, 2))
    dbm.weights[1][:] = 0
    v, *hidden = dbm.gibbs(np.tile(bits(4)[5], (4000, 1)), clamp=np.ones(4, bool), seed=1)
    for means, draws in zip(dbm.mean_field(v[:1]).means, hidden, strict=True):
        error = np.sqrt(means * (1 - means) / len(draws))
        assert (np.abs(draws.mean(axis=0) - means) < 4 * error).all()


def test_mean_field_says_which_rows_did_not_converge() -> None:
    dbm = deep_machine((4, 3, 2), scale=2.0)
    found = dbm.mean_field(bits(4), max_iterations=3, tolerance=1e-3)
    assert 0 < found.converged.sum() < 16
    assert (found.iterations[~found.converged] == 3).all()
    assert repr(found) == (
        f"<MeanField: 16 rows, {found.converged.sum()} converged, at most 3 iterations>"
    )


def test_rows_do_not_depend_on_their_company_or_on_threads() -> None:
    dbm = deep_machine((90, 70, 50, 30), scale=0.3, dtype="float32")
    v = np.random.default_rng(2).random((2100, 90)) < 0.4
    together = dbm.mean_field(v, num_threads=1)
    again = dbm.mean_field(v, num_threads=2)
    alone = dbm.mean_field(v[2043:2050])
    assert len(set(together.iterations)) > 1
    np.testing.assert_array_equal(together.iterations, again.iterations)
    for many, two, some in zip(together.means, again.means, alone.means, strict=True):
        np.testing.assert_array_equal(many, two)
        np.testing.assert_array_equal(many[2043:2050], some)


def test_no_rows_have_no_means() -> None:
    found = mg.DBM([4, 3, 2]).mean_field(np.empty((0, 4)))
    assert [means.shape for means in found.means] == [(0, 3), (0, 2)]
    with pytest.raises(ValueError, match="at least one row"):
        mg.DBM([4, 3, 2]).log_likelihood_bound(np.empty((0, 4)))


def test_transform_gives_the_means_of_a_layer() -> None:
    dbm = deep_machine((4, 3, 2))
    means = dbm.mean_field(bits(4)).means
    np.testing.assert_array_equal(dbm.transform(bits(4)), means[1])
    np.testing.assert_array_equal(dbm.transform(bits(4), layer=1), means[0])
    np.testing.assert_array_equal(dbm.transform(bits(4), layer=-2), means[0])


# Draws.


def excess(sizes: tuple[int, ...], held: dict[int, int], steps: int, beta: float) -> float:
    """Return the excess of the chi-square of chains that start at exact draws at beta 1."""
    dbm = deep_machine(sizes)
    model = dbm.to_model()
    law = boltzmann(model, 1.0, held)
    starts = np.random.default_rng(1).choice(len(law), NUM_CHAINS, p=law)
    v, *hidden = np.split(all_states(model)[starts], np.cumsum(sizes)[:-1], axis=1)
    clamp = np.isin(np.arange(sizes[0]), list(held))
    layers = dbm.gibbs(v, hidden=hidden, num_steps=steps, beta=beta, clamp=clamp, seed=3)
    numbers = state_numbers(model, np.concatenate(layers, axis=1).astype(np.int8))
    assert steps < 16 or (numbers != starts).mean() > 0.5 * (1 - law @ law)
    return chi_square_excess(np.bincount(numbers, minlength=len(law)), law)


CLAMPS: dict[str, dict[int, int]] = {"free": {}, "some": {1: 1}, "all": {0: 1, 1: 0, 2: 1}}


@pytest.mark.parametrize("held", CLAMPS.values(), ids=CLAMPS.keys())
@pytest.mark.parametrize("sizes", [(3, 3, 2), (3, 2, 2, 2)])
def test_exact_draws_stay_exact(sizes: tuple[int, ...], held: dict[int, int]) -> None:
    for steps in (1, 4, 16):
        assert excess(sizes, held, steps, 1.0) < 1


@pytest.mark.parametrize("held", CLAMPS.values(), ids=CLAMPS.keys())
@pytest.mark.parametrize("beta", [0.8, 1.25])
def test_a_wrong_beta_is_noticed(beta: float, held: dict[int, int]) -> None:
    assert excess((3, 3, 2), held, 16, beta) > 1


@pytest.mark.parametrize("held", [{}, {1: 1}, {0: 1, 1: 0, 2: 1}])
def test_samplers_take_the_machine_itself(held: dict[int, int]) -> None:
    dbm = deep_machine((3, 2, 2, 2))
    law = boltzmann(dbm.to_model(), 1.0, held)
    result = mg.sample(
        dbm, num_chains=NUM_CHAINS, num_sweeps=1, warmup=40, clamp=held or None, seed=2
    )
    numbers = state_numbers(dbm.to_model(), result.states)
    assert chi_square_excess(np.bincount(numbers, minlength=len(law)), law) < 1


@pytest.mark.parametrize("sizes", SIZES)
def test_marginals_of_samples_are_exact(sizes: tuple[int, ...]) -> None:
    dbm = deep_machine(sizes)
    model = dbm.to_model()
    exact = boltzmann(model, 1.0) @ all_states(model)[:, : sizes[0]]
    means = dbm.sample(COUNT, num_steps=40, seed=4).mean(axis=0)
    assert (np.abs(means - exact) < 4 * np.sqrt(exact * (1 - exact) / COUNT)).all()
    layers = dbm.gibbs(np.zeros((COUNT, sizes[0])), num_steps=40, seed=5)
    exact = boltzmann(model, 1.0) @ all_states(model)
    means = np.concatenate(layers, axis=1).mean(axis=0)
    assert (np.abs(means - exact) < 4 * np.sqrt(exact * (1 - exact) / COUNT)).all()


def test_draws_depend_on_the_seed_alone() -> None:
    dbm = deep_machine((40, 30, 20), scale=0.2)
    draws = [dbm.sample(64, num_steps=5, seed=9, num_threads=t) for t in (1, 2)]
    np.testing.assert_array_equal(*draws)
    assert (dbm.sample(64, num_steps=5, seed=8) != draws[0]).any()
    first, second = (dbm.gibbs(draws[0], seed=9, num_threads=t) for t in (1, 2))
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)


# Copies and files.


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_copies_and_files_are_the_same_machine(
    sizes: tuple[int, ...], dtype: str, tmp_path: Path
) -> None:
    dbm = deep_machine(sizes, dtype=dtype)
    dbm.fit(bits(sizes[0]), epochs=1, seed=1)
    dbm.save(tmp_path / "dbm.npz")
    others = [
        mg.load(tmp_path / "dbm.npz"),
        pickle.loads(pickle.dumps(dbm)),
        copy.deepcopy(dbm),
        dbm.copy(),
    ]
    v = bits(sizes[0])
    for other in others:
        assert repr(other) == repr(dbm)
        assert other.dtype == dtype
        for ours, theirs in zip(
            dbm.weights + dbm.biases, other.weights + other.biases, strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(other.data_means, dbm.data_means)
        np.testing.assert_array_equal(other.transform(v), dbm.transform(v))
        other.weights[0][:] = 0
        assert dbm.weights[0].any()
    assert dbm.astype("float64").dtype == np.float64


class Named(mg.DBM):
    """A kind of one's own."""


def test_files_give_back_the_very_kind(tmp_path: Path) -> None:
    for number, made in enumerate((Named([2, 1, 1]), mg.DBN([3, 2]), mg.RBM(3, 2))):
        made.save(tmp_path / f"{number}.npz")
        assert type(mg.load(tmp_path / f"{number}.npz")) is type(made)


# What is refused.

BAD_MACHINES: list[tuple[dict[str, Any], str]] = [
    ({"sizes": [4, 3]}, "at least two hidden layers.*mg.RBM"),
    ({"sizes": []}, "at least two hidden layers"),
    ({"sizes": 4}, "sizes must be a list"),
    ({"sizes": "432"}, "sizes must be a list"),
    ({"sizes": [4, 0, 2]}, r"sizes\[1\] must be at least 1, got 0"),
    ({"sizes": [4, 3, 2.0]}, r"sizes\[2\] must be an integer"),
    ({"sizes": [4, 3, 2], "dtype": "float16"}, "dtype must be"),
    ({"sizes": [4, 3, 2], "weights": [np.zeros((4, 3))]}, "weights must be 2 arrays, got 1"),
    (
        {"sizes": [4, 3, 2], "weights": [np.zeros((4, 3)), np.zeros((2, 2))]},
        r"weights\[1\] must have shape \(3, 2\), got \(2, 2\)",
    ),
    (
        {"sizes": [2, 1, 1], "weights": [[[np.nan], [0]], [[0]]]},
        r"weights\[0\] must be finite, got nan at index \(0, 0\)",
    ),
    ({"sizes": [2, 1, 1], "biases": 3}, "biases must be a list of 3 arrays, got 3"),
    ({"sizes": [1, 1, 1], "biases": ["a", [0], [0]]}, r"biases\[0\] must hold real numbers"),
    ({"sizes": [1, 1, 1], "biases": [[0], [0], [1j]]}, r"biases\[2\] must hold real numbers"),
    ({"sizes": [1, 1, 1], "biases": [[0], [1e39], [0]]}, r"biases\[1\] must be finite, got inf"),
    ({"sizes": [2, 1, 1], "biases": [[0, 0], [0, 0], [0]]}, r"biases\[1\] must have shape \(1,\)"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_MACHINES)
def test_bad_machines_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        mg.DBM(**arguments)


BAD_CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("energy", ([[0, 2]], [[0]], [[0]]), {}, r"v must hold 0 or 1 .*got 2 at index \(0, 1\)"),
    ("energy", ([[0, 1]], [[0]]), {}, "hidden must be states of 2 layers, got 1"),
    ("energy", ([[0, 1]], [[0]], [[0.5]]), {}, "h2 must hold 0 or 1"),
    ("energy", ([[0, 1]], [[0]], [[0], [1]]), {}, "h2 must have as many rows as v, 1, got 2"),
    ("mean_field", ([[0, np.nan]],), {}, "v must hold 0 or 1"),
    ("mean_field", ([[0, 1, 1]],), {}, r"v must have shape \(rows, 2\)"),
    ("mean_field", ([[0, 1]],), {"max_iterations": 0}, "max_iterations must be at least 1"),
    ("mean_field", ([[0, 1]],), {"tolerance": -1}, "tolerance must be at least 0"),
    ("mean_field", ([[0, 1]],), {"tolerance": np.nan}, "tolerance must be at least 0"),
    ("transform", ([[0, 1]],), {"layer": 0}, "layer must be from 1 to 2, or from -2 to -1, got 0"),
    ("transform", ([[0, 1]],), {"layer": 3}, "layer must be from 1 to 2"),
    ("transform", ([[0, 1]],), {"layer": 1.0}, "layer must be an integer, got 1.0"),
    ("transform", ([[0, 1]],), {"layer": -3}, "layer must be at least -2, got -3"),
    ("gibbs", ([[0, 1]],), {"clamp": [True]}, r"clamp must be a boolean array of shape \(2,\)"),
    ("gibbs", ([[0, 1]],), {"clamp": [0, 1]}, "clamp must be a boolean array"),
    ("gibbs", ([[0, 1]],), {"beta": -1}, "beta must be at least 0"),
    ("gibbs", ([[0, 1]],), {"num_steps": -1}, "num_steps must be at least 0"),
    ("gibbs", ([[0, 1]],), {"hidden": [[[0]]]}, "hidden must be states of 2 layers"),
    ("gibbs", ([[0, 1]],), {"hidden": [[[0]], [[2]]]}, "h2 must hold 0 or 1"),
    ("sample", (0,), {}, "num_samples must be at least 1"),
    ("log_likelihood_bound", ([[0, 3]],), {}, "X must hold 0 or 1"),
    ("log_likelihood_bound", ([[0, 1]],), {"tolerance": 1}, "tolerance must be .* below 1"),
    ("log_partition", (), {"base": [0.5]}, r"base must have shape \(2,\), got \(1,\)"),
    ("log_partition", (), {"base": [[0, 7]]}, "base must hold 0 or 1"),
    ("fit", ([[0, -1]],), {}, r"X must hold 0 or 1 .*got -1 at index \(0, 1\)"),
    ("fit", ([[0, np.nan]],), {}, "X must hold 0 or 1"),
    ("fit", ([[0, 1, 0]],), {}, r"X must have shape"),
    ("fit", ([[0, 1]],), {"mean_field_steps": 0}, "mean_field_steps must be at least 1"),
    ("fit", ([[0, 1]],), {"mean_field_tolerance": 2}, "mean_field_tolerance must be .* below 1"),
    ("fit", ([[0, 1]],), {"negative": mg.PCD}, "negative must be an object"),
    ("fit", ([[0, 1]],), {"gradient": "natural"}, "gradient must be one of"),
]


@pytest.mark.parametrize(("method", "arguments", "options", "message"), BAD_CALLS)
def test_bad_calls_are_refused(
    method: str, arguments: tuple[Any, ...], options: dict[str, Any], message: str
) -> None:
    dbm = mg.DBM([2, 1, 1], weights=[[[1.0], [2.0]], [[1.0]]])
    before = dbm.copy()
    with pytest.raises((TypeError, ValueError), match=message):
        getattr(dbm, method)(*arguments, **options)
    assert dbm.energy([[1, 1]], [[1]], [[1]]) == before.energy([[1, 1]], [[1]], [[1]])


def test_a_machine_without_training_has_no_chains() -> None:
    with pytest.raises(AttributeError, match="no chains"):
        _ = mg.DBM([2, 1, 1]).chains
