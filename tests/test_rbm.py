"""Energies and conditional laws of restricted Boltzmann machines against sums over states."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

import magnetite as mg
from magnetite.models.normalisable import gain_of, largest_gain
from magnetite.models.rbm_files import content_of_rbm, rbm_of_content
from magnetite.training.bounds import keep_normalisable
from tools.laws import chi_square_excess
from tools.machines import (
    ALL_PAIRS,
    CONTINUOUS,
    KINDS,
    MIXED,
    PAIRS,
    all_hidden,
    all_visible,
    joint_law,
    machine,
    numbers_of,
)


@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
def test_free_energies_are_sums_of_joint_weights(visible: str, hidden: str) -> None:
    rbm = machine(visible, hidden)
    v, h = all_visible(rbm), all_hidden(rbm)
    energies = rbm.energy(np.repeat(v, len(h), axis=0), np.tile(h, (len(v), 1)))
    joint = np.exp(-0.7 * energies.reshape(len(v), len(h)))
    np.testing.assert_allclose(
        rbm.free_energy(v, beta=0.7), -np.log(joint.sum(axis=1)) / 0.7, atol=1e-10
    )
    np.testing.assert_allclose(
        rbm.hidden_free_energy(h, beta=0.7), -np.log(joint.sum(axis=0)) / 0.7, atol=1e-10
    )


@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
def test_conditional_means_are_those_of_the_joint_law(visible: str, hidden: str) -> None:
    rbm = machine(visible, hidden)
    v, h, law = all_visible(rbm), all_hidden(rbm), joint_law(rbm)
    np.testing.assert_allclose(rbm.hidden_means(v), law @ h / law.sum(1)[:, None], atol=1e-10)
    np.testing.assert_allclose(rbm.visible_means(h), law.T @ v / law.sum(0)[:, None], atol=1e-10)


@pytest.mark.parametrize(("visible", "hidden"), ALL_PAIRS)
def test_one_layer_summed_out_is_the_other(visible: str, hidden: str) -> None:
    """Log Z does not depend on which layer is summed first; quadrature where it is a continuum."""
    rbm = machine(
        visible,
        hidden,
        n=3 if visible == "categorical" else 1,
        m=3 if hidden == "categorical" else 1,
    )
    grid = np.linspace(-30, 30, 60001)[:, None]

    def log_z(layer: mg.units.Layer, free_energy) -> float:
        if np.isfinite(layer.num_states):
            return float(
                np.log(np.exp(-free_energy(layer.states(0, round(layer.num_states)))).sum())
            )
        points = grid[grid[:, 0] >= 0] if "relu" in layer.describe() else grid
        density = np.exp(-free_energy(points))
        return float(np.log(np.trapezoid(density, points[:, 0])))

    by_visible = log_z(rbm.visible, rbm.free_energy)
    assert by_visible == pytest.approx(log_z(rbm.hidden, rbm.hidden_free_energy), abs=1e-6)


@pytest.mark.parametrize(
    ("visible", "hidden"), [("binary", "binary"), ("spin", "categorical"), ("categorical", "spin")]
)
def test_block_gibbs_keeps_the_law(visible: str, hidden: str) -> None:
    """Chains that start at exact draws stay exact draws; another beta is found out."""
    rbm = machine(visible, hidden, n=6 if visible == "categorical" else 4)
    v, h, law = all_visible(rbm), all_hidden(rbm), joint_law(rbm)
    start = v[np.random.default_rng(3).choice(len(v), 40_000, p=law.sum(axis=1))]
    for num_steps in (1, 4):
        v_new, h_new = rbm.gibbs(start, num_steps=num_steps, seed=num_steps)
        number = numbers_of(v_new, v) * len(h) + numbers_of(h_new, h)
        counts = np.bincount(number, minlength=law.size)
        assert chi_square_excess(counts, law.ravel()) < 1
        assert (v_new != start).any()
    v_new, h_new = rbm.gibbs(start, num_steps=4, beta=0.8, seed=1)
    number = numbers_of(v_new, v) * len(h) + numbers_of(h_new, h)
    assert chi_square_excess(np.bincount(number, minlength=law.size), law.ravel()) > 1


def test_clamped_units_stay_and_the_others_follow_their_conditional_law() -> None:
    rbm = machine("binary", "binary", n=4)
    v, law = all_visible(rbm), joint_law(rbm).sum(axis=1)
    mask = np.array([True, False, True, False])
    fits = (v[:, mask] == [1, 0]).all(axis=1)
    start = np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (30_000, 1))
    drawn, _ = rbm.gibbs(start, num_steps=40, clamp=mask, seed=1)
    assert (drawn[:, mask] == [1, 0]).all()
    counts = np.bincount(numbers_of(drawn, v), minlength=len(v))
    conditional = np.where(fits, law, 0)
    assert chi_square_excess(counts, conditional / conditional.sum()) < 1


def test_each_chain_at_its_own_beta() -> None:
    rbm = machine("spin", "binary", n=4)
    v = all_visible(rbm)
    betas = np.repeat([0.3, 1.0], 10_000)
    drawn, _ = rbm.gibbs(np.ones((20_000, 4)), num_steps=40, beta=betas, seed=2)
    for beta in (0.3, 1.0):
        counts = np.bincount(numbers_of(drawn[betas == beta], v), minlength=len(v))
        assert chi_square_excess(counts, joint_law(rbm, beta).sum(axis=1)) < 1


@pytest.mark.parametrize("visible", [*KINDS, "mixed"])
def test_inpainting_gives_conditional_means(visible: str) -> None:
    """Against the sum over hidden states, each weighted by what is known of the visible ones."""
    rng = np.random.default_rng(5)
    kinds = MIXED if visible == "mixed" else [(KINDS[visible], 3), (KINDS[visible], 3)]
    n = sum(size for _, size in kinds)
    rbm = mg.RBM(n, 3, visible=kinds, weights=0.6 * rng.normal(size=(n, 3)), dtype="float64")
    row = rbm.sample(1, num_steps=5, seed=1)
    cut = 3
    row[0, cut:] = np.nan
    filled = rbm.inpaint(row, num_steps=30, num_chains=4000, seed=3)
    h = all_hidden(rbm)
    inputs = h @ rbm.weights.T
    missing = mg.units.Layer(rbm.visible.groups[-2 if visible == "mixed" else -1 :])
    q = rbm.visible_precision[cut:]
    log_weights = inputs[:, :cut] @ row[0, :cut] + missing.log_norms(inputs[:, cut:], q)
    chances = np.exp(log_weights - log_weights.max())
    chances /= chances.sum()
    means = missing.means(inputs[:, cut:], q)
    exact = chances @ means
    spread = np.sqrt(chances @ (means - exact) ** 2 / 4000)
    assert (np.abs(filled[0, cut:] - exact) < 5 * spread + 1e-9).all()
    np.testing.assert_array_equal(filled[0, :cut], row[0, :cut])


@pytest.mark.parametrize("num_threads", [2, 5])
def test_chains_do_not_depend_on_threads_or_on_each_other(num_threads: int) -> None:
    rbm = mg.RBM(
        70,
        30,
        visible=[("binary", 40), ("gaussian", 30)],
        weights=0.1 * np.random.default_rng(1).normal(size=(70, 30)),
    )
    start = rbm.sample(101, num_steps=1, seed=1)
    v, h = rbm.gibbs(start, num_steps=5, seed=2, num_threads=1)
    for rows in (101, 30):
        again = rbm.gibbs(start[:rows], num_steps=5, seed=2, num_threads=num_threads)
        np.testing.assert_array_equal(again[0], v[:rows])
        np.testing.assert_array_equal(again[1], h[:rows])


@pytest.mark.parametrize("values", ["binary", "spin"])
def test_a_machine_is_an_energy_for_every_sampler(values: str) -> None:
    rng = np.random.default_rng(4)
    rbm = mg.RBM(
        5,
        4,
        visible=values,
        hidden=values,
        weights=rng.normal(size=(5, 4)),
        hidden_bias=rng.normal(size=4),
        dtype="float64",
    )
    log_z = float(np.log(np.exp(-rbm.free_energy(all_visible(rbm))).sum()))
    exact = mg.exact(rbm)
    assert exact.log_z == pytest.approx(log_z, abs=1e-10)
    v, h = all_visible(rbm), all_hidden(rbm)
    lowest = rbm.energy(np.repeat(v, len(h), axis=0), np.tile(h, (len(v), 1))).min()
    best = mg.anneal(rbm, num_sweeps=100, seed=1).best
    assert best.energy == pytest.approx(lowest)
    assert rbm.energy(best.state[:5], best.state[5:])[0] == pytest.approx(best.energy)
    assert mg.log_partition(rbm).value == pytest.approx(log_z)
    sampled = mg.sample(rbm, num_chains=2000, num_sweeps=20, warmup=20, seed=1)
    assert sampled.info["kernel"] == "gibbs"
    numbers = numbers_of(sampled.states[:, :5], v)
    law = joint_law(rbm).sum(axis=1)
    assert chi_square_excess(np.bincount(numbers, minlength=len(v)), law) < 1
    tempered = mg.temper(rbm, betas=[0.0, 0.5, 1.0], num_ladders=500, num_sweeps=20, seed=1)
    numbers = numbers_of(tempered.states[:, -1, :5], v)
    assert chi_square_excess(np.bincount(numbers, minlength=len(v)), law) < 1


@pytest.mark.parametrize("visible", ["gaussian", mg.units.Categorical(2)])
def test_samplers_of_spins_refuse_other_units(visible: object) -> None:
    with pytest.raises(
        TypeError, match=r"all binary or all spin, got an RBM\(.*: draw from it with"
    ):
        mg.anneal(mg.RBM(4, 2, visible=visible))
    with pytest.raises(TypeError, match=r"take rbm\.convert"):
        mg.anneal(mg.RBM(4, 2, visible="spin"))


@pytest.mark.parametrize("old", [("binary", "binary"), ("binary", "spin"), ("spin", "spin")])
@pytest.mark.parametrize("new", [("binary", "binary"), ("spin", "binary"), ("spin", "spin")])
def test_conversion_keeps_every_probability(old: tuple[str, str], new: tuple[str, str]) -> None:
    rbm = machine(*old)
    other = rbm.convert(visible=new[0], hidden=new[1])
    np.testing.assert_allclose(joint_law(other), joint_law(rbm), atol=1e-12)


def test_conversion_keeps_the_means_of_the_data() -> None:
    rbm = mg.RBM(3, 2)
    assert rbm.convert(visible="spin", hidden="binary").data_means is None
    rbm.fit([[1, 0, 1], [1, 1, 0]], epochs=1, seed=1)
    assert rbm.data_means.tolist() == [1, 0.5, 0.5]
    spins = rbm.convert(visible="spin", hidden="binary")
    assert spins.data_means.tolist() == [1, 0, 0]
    back = spins.convert(visible="binary", hidden="spin")
    assert back.data_means.tolist() == [1, 0.5, 0.5]


def test_conversion_needs_two_values() -> None:
    with pytest.raises(TypeError, match="visible must have units of two values, got 2 gaussian"):
        mg.RBM(2, 1, visible="gaussian").convert(visible="spin", hidden="spin")


def test_weights_that_leave_no_distribution_are_refused() -> None:
    mg.RBM(1, 1, visible="gaussian", hidden="gaussian", weights=[[0.99]])
    with pytest.raises(ValueError, match=r"normalised: .* must be below 1, got 1\.01"):
        mg.RBM(1, 1, visible="gaussian", hidden="gaussian", weights=[[-1.01]])
    mg.RBM(1, 1, visible="relu", hidden="relu", weights=[[-5.0]])
    with pytest.raises(ValueError, match="normalised"):
        mg.RBM(1, 1, visible="relu", hidden="relu", weights=[[1.01]])
    mg.RBM(1, 1, visible="relu", hidden="binary", weights=[[50.0]])


def test_gain_of_cut_vectors_is_found() -> None:
    rng = np.random.default_rng(6)
    for _ in range(20):
        weights = rng.normal(size=(3, 2))
        angles = np.linspace(0, np.pi / 2, 20001)
        b = np.array([np.cos(angles), np.sin(angles)])
        brute = np.linalg.norm(np.maximum(weights @ b, 0), axis=0).max()
        yes = np.ones(3, bool)
        assert largest_gain(weights, yes, yes[:2]) == pytest.approx(brute, abs=1e-6)


def test_a_gain_among_few_of_many_units_is_found() -> None:
    """Where the strongest weights are negative, and no start among the first columns helps."""
    weights = np.diag([-10.0] * 80 + [2.0] * 20)
    yes = np.ones(100, bool)
    assert largest_gain(weights, yes, yes) == pytest.approx(2.0)
    with pytest.raises(ValueError, match=r"normalised: .* must be below 1, got 2"):
        mg.RBM(100, 100, visible="relu", hidden="relu", weights=weights)


@pytest.mark.parametrize("shape", [(9, 3), (3, 9)])
@pytest.mark.parametrize("cut", [0, 1])
def test_gain_with_one_side_cut_does_not_depend_on_how_it_is_found(
    shape: tuple[int, int], cut: int
) -> None:
    """Against random directions of the side that is cut, each refined."""
    rng = np.random.default_rng(8)
    for _ in range(10):
        weights = rng.normal(size=shape)
        sides = [np.zeros(n, bool) for n in shape]
        sides[cut][:] = True
        product = weights @ weights.T if cut == 0 else weights.T @ weights
        b = np.abs(rng.normal(size=(len(product), 300)))
        for _ in range(300):
            b = np.maximum(product @ b, 0)
            b /= np.maximum(np.linalg.norm(b, axis=0), 1e-300)
        brute = np.sqrt((b * (product @ b)).sum(axis=0).max())
        assert largest_gain(weights, *sides) == pytest.approx(brute, rel=1e-6)


@pytest.mark.parametrize("kinds", [("relu", "relu"), ("gaussian", "relu"), ("gaussian",) * 2])
def test_the_quick_bound_is_no_smaller_than_the_gain(kinds: tuple[str, str]) -> None:
    rng = np.random.default_rng(9)
    for _ in range(20):
        weights = 0.1 * rng.normal(size=(5, 4))
        rbm = mg.RBM(5, 4, visible=kinds[0], hidden=kinds[1], weights=weights, dtype="float64")
        assert gain_of(rbm, enough=10.0) >= gain_of(rbm)


def test_weights_beyond_the_limit_are_scaled_back_to_it() -> None:
    weights = 0.015 * np.random.default_rng(0).normal(size=(784, 100))
    rbm = mg.RBM(784, 100, visible="gaussian", hidden="relu", weights=weights, dtype="float64")
    rbm.weights *= 3
    keep_normalisable(rbm)
    assert gain_of(rbm) == pytest.approx(0.99)


def test_files_pickles_and_copies_hold_the_machine(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    rbm = mg.RBM(7, 3, visible=MIXED, hidden="spin", weights=0.1 * rng.normal(size=(7, 3)))
    rbm.save(tmp_path / "rbm.npz")
    v = rbm.sample(5, num_steps=3, seed=1)
    for other in (
        mg.load(tmp_path / "rbm.npz"),
        pickle.loads(pickle.dumps(rbm)),
        rbm.copy(),
        copy.deepcopy(rbm),
    ):
        assert other.visible == rbm.visible
        np.testing.assert_array_equal(other.free_energy(v), rbm.free_energy(v))
        other.weights[:] = 0
    assert rbm.weights.any()


def test_a_checkpoint_of_a_training_is_no_machine(tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    mg.RBM(2, 1).fit([[0, 1], [1, 0]], epochs=1, checkpoint=path, seed=1)
    with pytest.raises(ValueError, match=r"the method that wrote it, .* resume=True"):
        mg.load(path)


def test_files_that_call_relu_units_rectified_are_read() -> None:
    rbm = mg.RBM(2, 1, visible="relu")
    content = content_of_rbm(rbm)
    assert content["visible"][0][0] == "relu"
    content["visible"][0][0] = "rectified"
    assert rbm_of_content(content).visible == rbm.visible


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": np.zeros((3, 2))}, r"weights must have shape \(2, 3\), got \(3, 2\)"),
        ({"visible_bias": [0, np.nan]}, "visible_bias must be finite, got nan at index 1"),
        ({"visible_precision": [1, 1]}, "visible_precision must be positive for gaussian and relu"),
        ({"dtype": "float16"}, "dtype must be 'float32' or 'float64', got 'float16'"),
    ],
)
def test_parameters_that_cannot_be(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mg.RBM(2, 3, **options)


def test_states_of_the_wrong_shape() -> None:
    rbm = mg.RBM(2, 3)
    with pytest.raises(ValueError, match=r"v must have shape \(rows, 2\), got \(1, 3\)"):
        rbm.free_energy([[0, 1, 0]])
    with pytest.raises(TypeError, match="v must hold numbers"):
        rbm.free_energy([["a", "b"]])
    with pytest.raises(ValueError, match="as many rows, got 1 and 2"):
        rbm.energy([[0, 1]], [[0, 0, 0], [1, 1, 1]])
    with pytest.raises(
        ValueError, match=r"clamp must be a boolean array of shape \(2,\) or \(1, 2\)"
    ):
        rbm.gibbs([[0, 1]], clamp=[True])
    with pytest.raises(ValueError, match="beta must be positive, got 0"):
        rbm.free_energy([[0, 1]], beta=0.0)


def test_a_clamp_covers_whole_categories() -> None:
    rbm = mg.RBM(8, 3, visible=[("binary", 2), (mg.units.Categorical(3), 6)])
    start = rbm.sample(2, num_steps=1, seed=1)
    with pytest.raises(ValueError, match=r"all 3 columns of a site .* in columns 5 to 7 of row 1"):
        mask = np.zeros((2, 8), bool)
        mask[0, 2:5] = mask[1, 6:] = True
        rbm.gibbs(start, clamp=mask)
    whole = np.arange(8) < 5
    v, _ = rbm.gibbs(start, clamp=whole, num_steps=20, seed=2)
    np.testing.assert_array_equal(v[:, whole], start[:, whole])


def test_a_single_state_is_a_row() -> None:
    rbm = machine("binary", "spin")
    v, h = all_visible(rbm)[37], all_hidden(rbm)[3]
    assert rbm.free_energy(v)[0] == rbm.free_energy(v[None])[0]
    assert rbm.hidden_free_energy(h).shape == rbm.energy(v, h).shape == (1,)


def test_continuous_units_are_named() -> None:
    assert set(CONTINUOUS) == {"gaussian", "relu"}
    assert repr(mg.RBM(7, 3, visible=MIXED, hidden="relu")) == (
        "RBM(2 binary + 1 gaussian + 3 categorical + 1 relu, 3 relu)"
    )
