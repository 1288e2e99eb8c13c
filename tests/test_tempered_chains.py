"""Replica exchange between chains of a machine leaves the law of every rung as it is."""

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.layers import Pair
from magnetite.likelihood.bases import bridge, mean_base
from magnetite.tempered_chains import TemperedChains
from tools.ladders import both_states, counts_of, noise, path_law, variation
from tools.laws import chi_square_excess
from tools.machines import all_visible, machine

BETAS = np.array([0.2, 0.6, 1.0])
LADDERS = 30_000


class Wrong(TemperedChains):
    """Exchanges by beta times the free energy at beta = 1, as `rbms` 0.5.0 does."""

    def scaled_energies(self) -> NDArray[np.float64]:
        own = self.pair.visible.energies(self.v, np.ones(len(self.v)))
        logs = self.layers.hidden_log_norms(self.v, self.pair, np.ones(len(self.v)))
        return (own - logs).reshape(self.rungs.shape)


def counts_at(chains: TemperedChains, rbm: mg.RBM, rung: int) -> NDArray[np.int64]:
    return counts_of(np.hstack(both_states(rbm)), np.hstack(chains.at(rung)))


def tempered(
    kind: type[TemperedChains], rbm: mg.RBM, pair: Pair, betas: NDArray[np.float64], rounds: int = 5
) -> tuple[TemperedChains, list[NDArray[np.float64]]]:
    """Return ladders some rounds after exact draws of every rung, and the laws of the rungs."""
    laws = [path_law(rbm, pair, beta) for beta in betas]
    rng, (v, h) = np.random.default_rng(7), both_states(rbm)
    starts = np.stack([rng.choice(len(law), LADDERS, p=law) for law in laws], axis=1).ravel()
    chains = kind(rbm.layers(), pair, betas, v[starts].copy(), h[starts].copy(), seed=5)
    chains.advance(rounds)
    return chains, laws


@pytest.mark.parametrize("rounds", [2, 5])
@pytest.mark.parametrize(("units", "scale"), [("binary", 1.5), ("spin", 0.5)])
def test_exact_draws_stay_exact_draws_at_every_beta(units: str, scale: float, rounds: int) -> None:
    rbm = machine(units, units, m=4, scale=scale)
    chains, laws = tempered(TemperedChains, rbm, rbm.pair, BETAS, rounds)
    assert 0.05 < chains.acceptance.min() < 0.95  # exchanges are made, and refused
    for rung, law in enumerate(laws):
        counts = counts_at(chains, rbm, rung)
        assert chi_square_excess(counts, law) < 1
        visible = law.reshape(64, 16).sum(axis=1)
        off = variation(counts.reshape(64, 16).sum(axis=1), visible)
        assert off < 1.5 * noise(visible, LADDERS)


def test_exchange_by_free_energies_of_another_beta_is_found_out() -> None:
    rbm = machine("binary", "binary", m=4, scale=1.5)
    chains, laws = tempered(Wrong, rbm, rbm.pair, BETAS)
    excess = [chi_square_excess(counts_at(chains, rbm, rung), law) for rung, law in enumerate(laws)]
    assert max(excess) > 3


def test_ladders_that_begin_at_the_means_of_data_are_exact_too() -> None:
    rbm = machine("binary", "spin", m=4, scale=1.0)
    path = bridge(rbm.pair, mean_base(rbm, np.linspace(0.05, 0.95, 6), None, "means"))
    betas = np.array([0.0, 0.3, 1.0])
    np.testing.assert_allclose(path_law(rbm, path, 1.0), path_law(rbm, rbm.pair, 1.0), rtol=1e-10)
    chains, laws = tempered(TemperedChains, rbm, path, betas)
    for rung, law in enumerate(laws):
        assert chi_square_excess(counts_at(chains, rbm, rung), law) < 1


def test_any_start_reaches_the_law() -> None:
    rbm, ladders = machine("binary", "binary", m=4, scale=1.5), 2000
    laws = [path_law(rbm, rbm.pair, beta).reshape(64, 16).sum(axis=1) for beta in BETAS]
    v, h = np.zeros((ladders * 3, 6)), np.zeros((ladders * 3, 4))
    chains = TemperedChains(rbm.layers(), rbm.pair, BETAS, v, h, seed=2)
    chains.advance(100)
    for rung, law in enumerate(laws):
        assert chi_square_excess(counts_of(all_visible(rbm), chains.at(rung)[0]), law) < 1
    assert chains.round_trips > ladders


def test_round_trips_are_counted_from_hot_to_cold_and_back() -> None:
    """Two rungs of one law: every exchange is accepted, so each chain goes round in two."""
    rbm = mg.RBM(2, 1, dtype="float64")
    v, h = np.zeros((2, 2)), np.zeros((2, 1))
    chains = TemperedChains(rbm.layers(), rbm.pair, np.array([0.5, 1.0]), v, h, seed=1)
    chains.advance(40)  # the pair of neighbours is tried every second round: 20 exchanges
    assert chains.acceptance[0] == 1
    # After every exchange one of them is back; the first two only find out where the ends are.
    assert chains.round_trips == 18
