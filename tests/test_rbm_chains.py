"""Chains of a machine: those that training leaves, and those that go on from given states."""

import numpy as np
import pytest

import magnetite as mg

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
