"""Whether chains are in equilibrium, and how many steps they are given."""

import numpy as np
import pytest

import magnetite as mg
from magnetite.layers import Draws
from magnetite.training.auto_steps import INTERVAL, AutoSteps
from magnetite.training.observables import Observables
from magnetite.training.phases import Context
from tools.machines import KINDS, machine


def two_modes(strength: float, n: int = 12) -> mg.RBM:
    """Return a machine that is as often on as off; the stronger, the rarer it changes."""
    return mg.RBM(
        n,
        1,
        weights=np.full((n, 1), strength),
        visible_bias=np.full(n, -strength / 2),
        hidden_bias=[-n * strength / 2],
        dtype="float64",
    )


def exact_states(rbm: mg.RBM, count: int, seed: int) -> np.ndarray:
    """Return independent draws of a machine with one hidden bit, both of whose values are alike."""
    h = (np.arange(count) % 2)[:, None].astype(float)
    return rbm.sample_visible(h, seed=seed)


@pytest.mark.parametrize("kind", KINDS)
def test_states_of_a_machine_that_mixes_are_in_equilibrium(kind: str) -> None:
    rbm = machine(kind, "binary", scale=0.3)
    states = rbm.sample(100, num_steps=100, seed=1)
    found = [mg.training.equilibrium(rbm, states, num_steps=200, seed=seed) for seed in range(4)]
    assert all(found)
    assert str(found[0]).startswith("equilibrium (autocorrelation time ")
    assert found[0].autocorrelation_time < 3
    assert found[0].r_hat < 1.05
    assert found[0].ess > 1000


def test_states_that_are_none_of_the_machine_are_out_of_equilibrium() -> None:
    rbm = machine("binary", "binary", scale=0.3)
    found = mg.training.equilibrium(rbm, np.ones((100, 6)), num_steps=200, seed=1)
    assert not found
    assert "of the chains moved by" in found.reasons[0]
    assert found.drift > 0.5 > found.gap


def test_chains_that_stay_where_they_are_are_out_of_equilibrium() -> None:
    slow = two_modes(4.0)
    found = mg.training.equilibrium(slow, exact_states(slow, 100, 1), num_steps=400, seed=1)
    assert not found
    assert "chains disagree about the place along direction 1" in str(found)
    assert found.r_hat > 1.5
    assert found.autocorrelation_time > 20
    # All chains in one of the two modes: those from a random start are in both.
    one_sided = slow.sample_visible(np.ones((100, 1)), seed=1)
    found = mg.training.equilibrium(slow, one_sided, num_steps=400, seed=1)
    assert "of chains from a random start is still" in str(found)
    assert found.gap > 0.5


def test_what_takes_longer_than_the_run_is_in_equilibrium_in_a_longer_run() -> None:
    rbm = two_modes(2.0)
    states = exact_states(rbm, 100, 1)
    assert not mg.training.equilibrium(rbm, states, num_steps=60, seed=1)
    assert mg.training.equilibrium(rbm, states, num_steps=3000, seed=1)


def test_the_autocorrelation_time_is_that_of_the_chain() -> None:
    """A hidden bit that follows n visible ones flips with a chance of its own."""
    rbm = two_modes(1.8, n=8)
    states = exact_states(rbm, 400, 1)
    found = mg.training.equilibrium(rbm, states, num_steps=1000, seed=2)
    # Transitions of h through v, by enumeration.
    v = rbm.visible.states(0, 256)
    of_v = np.exp(-rbm.free_energy(v))
    up = rbm.hidden_means(v)[:, 0]
    joint = of_v / of_v.sum() * up  # p(v, h = 1)
    stay = (joint / joint.sum()) @ up
    rho = 2 * stay - 1
    # v is a noisy sight of h: so much of the variance of its place is the hidden bit's.
    total = v @ np.full(8, 8**-0.5)
    law = of_v / of_v.sum()
    mean = [(law * p) @ total / (law @ p) for p in (up, 1 - up)]
    share = ((mean[0] - mean[1]) / 2) ** 2 / (law @ total**2 - (law @ total) ** 2)
    exact = 0.5 + share / (1 - rho)  # two visible states in a row share a hidden bit
    assert 2 < exact
    assert found.autocorrelation_time == pytest.approx(exact, rel=0.25)


def test_bits_do_not_depend_on_threads() -> None:
    rbm = machine("binary", "binary", n=20, m=16)
    v = rbm.sample(30, num_steps=5, seed=1)
    found = [
        mg.training.equilibrium(rbm, v, num_steps=60, seed=1, num_threads=threads)
        for threads in (1, 2, 5)
    ]
    assert len({(f.r_hat, f.drift, f.gap, f.autocorrelation_time) for f in found}) == 1


def test_what_cannot_be_is_refused() -> None:
    rbm = mg.RBM(3, 2)
    with pytest.raises(ValueError, match="v must have at least 20 rows, got 5"):
        mg.training.equilibrium(rbm, np.zeros((5, 3)))
    with pytest.raises(ValueError, match="num_steps must be at least 40, got 9"):
        mg.training.equilibrium(rbm, np.zeros((20, 3)), num_steps=9)
    with pytest.raises(ValueError, match="max_shift must be positive"):
        mg.training.equilibrium(rbm, np.zeros((20, 3)), max_shift=0)


def test_directions_are_singular_vectors() -> None:
    weights = np.random.default_rng(1).normal(size=(30, 20)) * np.linspace(2, 0.1, 20)
    rbm = mg.RBM(30, 20, weights=weights, dtype="float64")
    seen = Observables(rbm, rbm.layers())
    seen.turn(rounds=300)
    left = np.linalg.svd(weights)[0][:, :3].T
    np.testing.assert_allclose(np.abs(np.sum(seen.directions * left, axis=1)), 1, atol=1e-6)
    assert Observables(mg.RBM(2, 1), mg.RBM(2, 1).layers()).directions.shape == (1, 2)


def auto_steps_of(rbm: mg.RBM, updates: int, cap: int = 100) -> tuple[AutoSteps, list[int]]:
    """Return the steps decided on for chains of a machine that stays as it is."""
    auto = AutoSteps(Context(rbm, rbm.layers(), 200, 1), cap)
    v = rbm.sample(200, num_steps=300, seed=1)
    h = rbm.sample_hidden(v, seed=2)
    done, taken = 0, []
    for _ in range(updates):
        taken.append(auto.steps)
        rbm.layers().gibbs(v, h, rbm.pair, np.ones(200), Draws(7, 0, done), auto.steps)
        done += auto.steps
        assert auto.next_steps(v) == auto.steps
    return auto, taken


def test_steps_are_doubled_until_chains_forget_between_updates() -> None:
    auto, taken = auto_steps_of(two_modes(1.4), 12 * INTERVAL)
    assert taken[0] == 1
    assert sorted(set(taken)) == [2**k for k in range(len(set(taken)))]
    assert 4 <= auto.steps <= 64
    assert auto.autocorrelation_time <= auto.steps
    assert auto.figures() == {
        "steps": auto.steps, "training_time": auto.autocorrelation_time
    }  # fmt: skip


def test_a_machine_that_forgets_at_once_keeps_one_step() -> None:
    assert set(auto_steps_of(machine("binary", "binary", scale=0.2), 4 * INTERVAL)[1]) == {1}


def test_steps_stop_at_the_cap() -> None:
    auto, _ = auto_steps_of(two_modes(5.0), 6 * INTERVAL, cap=11)
    assert auto.steps == 11
    assert auto.autocorrelation_time > 11


def test_decisions_go_on_from_a_checkpoint() -> None:
    rbm = two_modes(1.4)
    rng = np.random.default_rng(1)
    states = [(rng.random((30, 12)) < 0.5).astype(float) for _ in range(30)]
    slow = [states[update // 10 % 30] for update in range(3 * INTERVAL)]
    context = Context(rbm, rbm.layers(), 30, 1)
    whole, first, second = (AutoSteps(context) for _ in range(3))
    expected = [whole.next_steps(v) for v in slow]
    found = [first.next_steps(v) for v in slow[:70]]
    second.restore(first.state())
    assert found + [second.next_steps(v) for v in slow[70:]] == expected
    assert expected[-1] > 1
