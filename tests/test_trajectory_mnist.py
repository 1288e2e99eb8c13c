"""Round trips for the work: trajectories, plain ladders of betas, and ladders from the data."""

from pathlib import Path

import numpy as np
import pytest

import magnetite as mg
from magnetite import ladders
from magnetite.layers import Draws, Pair
from magnetite.likelihood.bases import bridge, mean_base
from magnetite.tempered_chains import TemperedChains

NUM_LADDERS, NUM_ROUNDS = 50, 500
# Products of a layer's states and the weights: in a round of a rung of a trajectory (hidden layer,
# visible layer, two free energies), and of a ladder of betas (both layers, an energy).
OF_TRAJECTORY, OF_BETAS = 4, 3


def ladder_trips(rbm: mg.RBM, pair: Pair, starts: np.ndarray) -> float:
    """Return round trips per million products of a ladder of betas tuned for its rejections."""
    layers, betas = rbm.layers(), np.linspace(0, 1, 20)
    for turn in range(4):
        count = NUM_LADDERS if turn == 3 else 20
        v = starts[np.arange(count * betas.size) % len(starts)].copy()
        h = layers.hidden(v, pair, np.tile(betas, count), Draws(1, 0, 0))[1]
        chains = TemperedChains(layers, pair, betas, v, h, 7)
        chains.advance(100)
        if turn < 3:
            rejections = 1 - chains.acceptance
            betas = ladders.equalised(
                betas, rejections, ladders.enough_rungs(ladders.barrier(rejections)[-1])
            )
    before = chains.round_trips
    chains.advance(NUM_ROUNDS)
    work = OF_BETAS * NUM_ROUNDS * NUM_LADDERS * betas.size
    return 1e6 * (chains.round_trips - before) / work


@pytest.mark.slow
def test_trajectories_make_more_round_trips_than_betas_for_the_work(data_dir: Path) -> None:
    with np.load(data_dir / "mnist_binary" / "mnist_threshold.npz") as file:
        chosen = np.isin(file["train.lbl"].ravel(), [0, 1])
        X = file["train.data"][chosen][:5000].astype(np.float32)
    rbm, trajectory = mg.RBM(784, 200), mg.training.Trajectory()
    rbm.fit(
        X, negative=mg.PCD(num_chains=500, steps=5), optimizer=mg.SGD(0.01), epochs=60,
        batch_size=500, callbacks=[trajectory], monitor_every=60, seed=1,
    )  # fmt: skip
    samples = trajectory.sample(NUM_LADDERS, num_rounds=NUM_ROUNDS, seed=1)
    work = OF_TRAJECTORY * NUM_ROUNDS * NUM_LADDERS * len(samples.updates)
    by_trajectory = 1e6 * samples.round_trips / work
    by_betas = ladder_trips(rbm, rbm.pair, X)
    from_data = ladder_trips(rbm, bridge(rbm.pair, mean_base(rbm, X.mean(axis=0), None, "")), X)
    print(
        f"round trips per million products: {by_trajectory:.2f} by {samples!r}, {by_betas:.2f} by "
        f"betas from 0, {from_data:.2f} by betas from the data's means"
    )
    assert by_trajectory > by_betas
