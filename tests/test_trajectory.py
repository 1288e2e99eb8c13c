"""Exchanges between the machines of a trajectory leave each machine's law as it is."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite import trajectory_chains
from magnetite.training.trajectory import Trajectory
from magnetite.trajectory_chains import TrajectoryChains, exchange_gain
from tools.ladders import counts_of, noise, variation, visible_law
from tools.laws import chi_square_excess
from tools.machines import all_visible, machine


def path_of_machines(count: int, units: str = "binary", scale: float = 1.5) -> list[mg.RBM]:
    """Return machines from independent units to strong weights, which turn on the way."""
    last, other = (machine(units, "binary", m=4, scale=scale, seed=seed) for seed in (1, 2))
    machines = []
    for t in np.linspace(0, 1, count):
        rbm = last.copy()
        rbm.weights[:] = t * (t * last.weights + (1 - t) * other.weights)
        machines.append(rbm)
    return machines


def after(machines: list[mg.RBM], rounds: int) -> tuple[TrajectoryChains, list[float]]:
    """Return chains after rounds from exact draws, and the chi-square excess of each machine."""
    states, rng = all_visible(machines[0]), np.random.default_rng(3)
    laws = [visible_law(rbm) for rbm in machines]
    v = np.stack([states[rng.choice(len(law), 40_000, p=law)] for law in laws])
    chains = TrajectoryChains(machines[0].layers(), [rbm.pair for rbm in machines], v, 5)
    chains.advance(rounds)
    pairs = zip(chains.v, laws, strict=True)
    return chains, [chi_square_excess(counts_of(states, v), law) for v, law in pairs]


@pytest.mark.parametrize("units", ["binary", "spin"])
@pytest.mark.parametrize("rounds", [2, 7])
def test_exact_draws_stay_exact_draws_of_every_machine(units: str, rounds: int) -> None:
    machines = path_of_machines(4, units, 1.5 if units == "binary" else 0.7)
    chains, excess = after(machines, rounds)
    assert max(excess) < 1
    assert 0.05 < chains.acceptance.min()
    assert chains.acceptance.max() < 0.999


def test_exchanges_by_other_energies_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def cold(*args: Any) -> NDArray[np.float64]:
        return 1.3 * exchange_gain(*args)

    monkeypatch.setattr(trajectory_chains, "exchange_gain", cold)
    _, excess = after(path_of_machines(4), 7)
    assert max(excess) > 1.5


def test_walkers_are_those_that_moved_and_round_trips_are_theirs() -> None:
    machines = path_of_machines(3)
    v = np.zeros((3, 500, 6))
    chains = TrajectoryChains(machines[0].layers(), [rbm.pair for rbm in machines], v, 1)
    trips, ends = 0, np.zeros((3, 500))
    for _ in range(60):
        chains.advance(1)
        np.testing.assert_array_equal(np.sort(chains.walkers, axis=0), np.indices((3, 500))[0])
        for column in range(500):
            low, high = chains.walkers[0, column], chains.walkers[-1, column]
            trips += ends[low, column] == 1
            ends[low, column] = -1
            ends[high, column] = 1 if ends[high, column] else 0
    assert chains.round_trips == trips > 500


def test_samples_of_a_trajectory_are_those_of_its_last_machine() -> None:
    machines = path_of_machines(40)
    trajectory = Trajectory()
    for update, rbm in enumerate(machines):
        trajectory.save(rbm, update)
    samples = trajectory.sample(2_000, num_rounds=30, exchange_rate=0.6, seed=2)
    law = visible_law(machines[-1])
    counts = counts_of(all_visible(machines[-1]), samples.states)
    assert chi_square_excess(counts, law) < 1
    assert variation(counts, law) < 1.5 * noise(law, 2_000)
    assert 2 < len(samples.updates) < 20
    assert (samples.exchange_rates > 0.5).all()
    assert samples.updates[-1] == 39
    assert samples.round_trips > 2_000
    assert "round trips each" in repr(samples)


def test_machines_are_saved_at_updates_that_grow_by_a_ratio() -> None:
    trajectory, rbm = Trajectory(spacing=1.5), mg.RBM(1, 1)
    for update in range(40):
        if trajectory.due(update):
            trajectory.save(rbm, update)
    assert trajectory.updates == [0, 1, 2, 3, 5, 8, 12, 18, 27]
    assert repr(trajectory) == "<Trajectory: 9 machines up to update 27>"
    rbm.weights[:] = 1
    assert not trajectory.machines[-1].weights.any()  # copies


def test_a_trajectory_of_one_machine_is_sampled_by_gibbs_steps() -> None:
    trajectory = Trajectory()
    trajectory.save(mg.RBM(2, 1, visible_bias=[9, -9]), 0)
    samples = trajectory.sample(3, num_rounds=2, seed=1)
    assert samples.states.tolist() == [[1, 0]] * 3
    assert samples.round_trips == 0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold a machine: give it to fit as a callback"):
        Trajectory().sample()
    with pytest.raises(ValueError, match="spacing must be above 1, got 1"):
        Trajectory(spacing=1)
    trajectory = Trajectory(updates=[5], machines=[mg.RBM(1, 1)])
    with pytest.raises(ValueError, match="must be above that of the last machine, 5, got 5"):
        trajectory.save(mg.RBM(1, 1), 5)
    with pytest.raises(ValueError, match="exchange_rate must be between 0 and 1, got 0"):
        trajectory.sample(exchange_rate=0)
