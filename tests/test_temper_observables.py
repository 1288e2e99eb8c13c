"""What `temper` measures on the way, with errors, and what was not recorded."""

import math
import pickle
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.models import Model
from tools.laws import all_states, boltzmann
from tools.small import BETAS, BITS, GLASS, SPINS


@pytest.mark.parametrize("model", [SPINS, BITS], ids=["spins", "bits"])
def test_errors_of_moments_are_honest(model: Model) -> None:
    """Of all rungs, columns and seeds, scores are about as wide as those of a normal law."""
    states = all_states(model).astype(float)
    scores = []
    for seed in range(20):
        result = mg.temper(
            model, betas=BETAS, num_sweeps=2000, observe_interval=2, moments=True, seed=seed
        )
        rows, columns = result.edges
        laws = np.array([boltzmann(model, beta) for beta in BETAS])
        for found, error, values in (
            (result.mean, result.mean_error, states),
            (result.correlations, result.correlations_error, states[:, rows] * states[:, columns]),
        ):
            assert error.shape == found.shape
            scores.append(((found - laws @ values) / error).ravel())
    every = np.concatenate(scores)
    assert 0.9 < (np.abs(every) < 2).mean() < 0.99
    assert 0.7 < (every**2).mean() < 1.3


def test_moments_of_a_run_that_is_cut_have_no_error() -> None:
    result = mg.temper(SPINS, betas=BETAS, num_sweeps=60, observe_interval=10, moments=True, seed=1)
    assert np.isfinite(result.mean).all()
    assert np.isnan(result.mean_error).all() and np.isnan(result.correlations_error).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mean", "mean was not recorded: run with moments=True, and observe_interval from 1"),
        ("correlations_error", "correlations_error was not recorded: run with moments=True"),
        ("edges", "edges were not recorded: run with moments=True"),
        ("draws", "draws were not recorded: run with store_states=True"),
        ("link_overlaps", "link_overlaps were not recorded: run with num_ladders of at least 2"),
    ],
)
def test_what_was_not_recorded_names_the_option(name: str, message: str) -> None:
    result = mg.temper(GLASS, betas=BETAS, num_ladders=1, num_sweeps=50, seed=1)
    assert not hasattr(result, name)
    with pytest.raises(AttributeError, match=message):
        getattr(result, name)
    assert not hasattr(pickle.loads(pickle.dumps(result)), name)


def test_observables_are_those_of_the_draws() -> None:
    result = mg.temper(
        GLASS, betas=BETAS, num_ladders=4, num_sweeps=640, thin=2, observe_interval=1,
        store_states=True, seed=1,
    )  # fmt: skip
    m = result.draws.mean(axis=3)
    q = (result.draws[::2] * result.draws[1::2]).mean(axis=3)
    for estimates, draws in (
        (result.mean_energy, result.energies),
        (result.magnetisation, m),
        (result.abs_magnetisation, abs(m)),
        (result.overlap, q),
        (result.abs_overlap, abs(q)),
        (result.spin_glass_susceptibility, 60 * q**2),
    ):
        np.testing.assert_allclose(estimates.value, draws.mean(axis=(0, 2)), atol=1e-12)
        assert (estimates.error > 0).all()
    assert result.overlaps.sum() == 2 * 320 * len(BETAS)


def test_heat_capacity_and_log_z_are_those_of_enumeration() -> None:
    model = SPINS
    result = mg.temper(model, betas=BETAS, num_ladders=8, num_sweeps=4000, seed=3)
    energies = model.energies(all_states(model))
    for rung, beta in enumerate(BETAS):
        law = boltzmann(model, beta)
        variance = law @ energies**2 - (law @ energies) ** 2
        capacity = result.heat_capacity[rung]
        assert abs(capacity.value - beta**2 * variance) <= 4.5 * capacity.error
        log_z = float(np.log(np.exp(-beta * energies).sum()))
        estimate = result.log_partition(beta)
        assert abs(estimate.value - log_z) <= max(4.5 * estimate.error, 1e-9)
    assert result.equilibration.verdict.equilibrated


def test_a_drifting_run_is_not_called_equilibrated() -> None:
    cold = mg.temper(
        GLASS, betas=np.linspace(1.5, 5, 12), num_ladders=4, num_sweeps=600, warmup=0, seed=1
    )
    assert not cold.equilibration.verdict.equilibrated
    assert "equilibrated: no, because" in str(cold.equilibration)


def test_what_was_not_measured_names_its_option() -> None:
    result = mg.temper(GLASS, betas=BETAS, num_sweeps=200, observe_interval=0, seed=1)
    with pytest.raises(ValueError, match="observe_interval must be above 0"):
        _ = result.magnetisation
    one = mg.temper(GLASS, betas=BETAS, num_sweeps=200, num_ladders=1, seed=1)
    with pytest.raises(ValueError, match="num_ladders must be at least 2"):
        _ = one.overlap
    with pytest.raises(ValueError, match="link overlaps were not measured"):
        _ = one.link_overlap
    assert not one.round_trip_rate.reliable


def test_ladders_that_share_clusters_are_not_counted_twice() -> None:
    """Errors of means stay right although cluster moves make the ladders of a pair alike."""
    ring = mg.Ising({(i, (i + 1) % 12): 1.0 for i in range(12)})
    exact = mg.exact(ring, beta=1.0).mean_energy
    betas = [0.0, 0.29, 0.613, 1.0]
    options: dict[str, Any] = {"num_ladders": 4, "num_sweeps": 2000, "kernel": "gibbs"}
    scores, shared = [], 0
    for seed in range(60):
        result = mg.temper(ring, betas=betas, seed=seed, **options)
        shared += int(result.cluster_rungs[-1])
        estimate = result.mean_energy[-1]
        scores.append((estimate.value - exact) / estimate.error)
    assert shared > 30
    assert abs(np.square(scores).mean() - 1) < 4 * math.sqrt(2 / 60)


def test_a_ladder_without_a_partner_counts_too() -> None:
    """Three ladders of which two share clusters make one series of errors, with all draws."""
    ring = mg.Ising({(i, (i + 1) % 100): 1.0 for i in range(100)})
    result = mg.temper(ring, num_ladders=3, num_sweeps=400, observe_interval=1, seed=1)
    assert result.cluster_rungs.any()
    assert result.independent_energies.shape == (1, result.betas.size, 1200)
    draws = result.energies[:, 3]
    assert result.independent_energies[0, 3].tolist() == draws.T.ravel().tolist()
    np.testing.assert_allclose(result.mean_energy.value[3], draws.mean())
    m = result.single_sums[:, 3, :, 2].sum() / (3 * result.counts.sum())
    np.testing.assert_allclose(result.magnetisation.value[3], m, atol=1e-12)
    assert result.equilibration.round_trips is not None
    assert result.equilibration.round_trips.tolist() == result.round_trips.tolist()


def test_errors_of_three_ladders_are_as_large_as_they_say() -> None:
    ring = mg.Ising({(i, (i + 1) % 12): 1.0 for i in range(12)})
    exact = mg.exact(ring, beta=1.0).mean_energy
    options: dict[str, Any] = {"num_ladders": 3, "num_sweeps": 2000, "kernel": "gibbs"}
    scores = []
    for seed in range(60):
        result = mg.temper(ring, betas=[0.0, 0.29, 0.613, 1.0], seed=seed, **options)
        estimate = result.mean_energy[-1]
        scores.append((estimate.value - exact) / estimate.error)
    assert abs(np.square(scores).mean() - 1) < 4 * math.sqrt(2 / 60)
