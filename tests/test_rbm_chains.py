"""Chains of a machine: those that training leaves, and those that go on from given states."""

import signal
import threading
import tracemalloc

import numpy as np
import pytest

import magnetite as mg
from magnetite.layers import Draws
from magnetite.models import chains
from magnetite.options import check_seed

ROWS = np.random.default_rng(1).integers(0, 2, (40, 6))


@pytest.mark.parametrize(
    "negative",
    [
        mg.PCD(num_chains=30),
        mg.PCD(num_chains=30, steps="auto"),
        mg.FastPCD(num_chains=30),
        mg.TemperedPCD(num_chains=30, num_betas=3),
        mg.TrajectoryPCD(num_chains=30),
    ],
    ids=lambda negative: f"{type(negative).__name__}-{negative.steps}",
)
def test_every_training_with_persistent_chains_leaves_them(negative: object) -> None:
    rbm = mg.RBM(6, 4)
    rbm.fit(ROWS, negative=negative, epochs=2, seed=1)
    v, h = rbm.chains
    assert v.shape == (30, 6)
    assert h.shape == (30, 4)
    rbm.energy(v, h)  # refuses what are no states


def test_chains_of_ladders_are_those_at_beta_1() -> None:
    # Units that are nearly always 1 tell the states at beta = 1 from those of hotter rungs.
    rbm = mg.RBM(6, 4, hidden_bias=np.full(4, 9.0), visible_bias=np.full(6, 9.0))
    for negative in (mg.TemperedPCD(num_chains=200, num_betas=3), mg.TrajectoryPCD(num_chains=200)):
        machine = rbm.copy()
        machine.fit(ROWS, negative=negative, initial=None, epochs=5, seed=1)
        v, h = machine.chains
        assert v.mean() > 0.99
        assert h.mean() > 0.99


def test_without_chains_it_is_said_which_trainings_have_them() -> None:
    machine = mg.RBM(6, 4)
    machine.fit(ROWS, negative=mg.CD(), epochs=1, seed=1)
    with pytest.raises(AttributeError, match="TemperedPCD and TrajectoryPCD"):
        _ = machine.chains


def some_machine(visible: str = "binary") -> mg.RBM:
    weights = 0.2 * np.random.default_rng(2).normal(size=(30, 20))
    return mg.RBM(30, 20, visible=visible, weights=weights)


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_slices_of_steps_and_blocks_of_rows_give_the_same_bits(
    visible: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rbm = some_machine(visible)
    start = rbm.sample(17, num_steps=30, seed=1)
    clamp = np.arange(30) < 6
    v, h = rbm.gibbs(start, num_steps=33, clamp=clamp, seed=2)
    layers = rbm.layers()
    h_one = layers.hidden(start, rbm.pair, np.ones(17), Draws(check_seed(2).key, 0, 0))[1]
    v_one, draws = start.copy(), Draws(check_seed(2).key, 0, 1)
    held = np.ascontiguousarray(np.broadcast_to(clamp, v.shape))
    layers.gibbs(v_one, h_one, rbm.pair, np.ones(17), draws, 33, held)
    np.testing.assert_array_equal(v, v_one)
    np.testing.assert_array_equal(h, h_one)
    monkeypatch.setattr(chains, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(chains, "BLOCK_WORK", 5 * (30 * 20 + 64 * 50))
    again = rbm.gibbs(start, num_steps=33, clamp=clamp, seed=2)
    np.testing.assert_array_equal(again[0], v)
    np.testing.assert_array_equal(again[1], h)
    np.testing.assert_array_equal(rbm.sample(17, num_steps=30, seed=1), start)


@pytest.mark.parametrize("method", ["gibbs", "sample", "inpaint"])
def test_ctrl_c_ends_what_would_take_days(method: str) -> None:
    rbm = some_machine()
    first = {"gibbs": np.zeros((100, 30)), "sample": 100, "inpaint": np.full((5, 30), np.nan)}
    timer = threading.Timer(0.1, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        getattr(rbm, method)(first[method], num_steps=10**9, seed=1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_inpainting_takes_few_rows_at_once_and_gives_the_same_bits(
    visible: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rbm = some_machine(visible)
    rows = rbm.sample(17, num_steps=30, seed=1)
    rows[:, 9:] = np.nan
    rows[3] = np.nan
    whole = rbm.inpaint(rows, num_steps=20, num_chains=7, seed=4)
    for rows_at_once in (1, 5):
        monkeypatch.setattr(chains, "FILL_ENTRIES", rows_at_once * 7 * 50)
        monkeypatch.setattr(chains, "BLOCK_WORK", 3 * (30 * 20 + 64 * 50))
        np.testing.assert_array_equal(rbm.inpaint(rows, num_steps=20, num_chains=7, seed=4), whole)


def test_inpainting_does_not_hold_all_chains_at_once() -> None:
    rbm = some_machine()
    rows = np.full((4000, 30), np.nan, np.float32)
    tracemalloc.start()
    try:
        rbm.inpaint(rows, num_steps=1, num_chains=200, seed=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The states of all chains alone take 4000 * 200 * 50 * 4 bytes, 160 MB.
    assert peak < 100e6
