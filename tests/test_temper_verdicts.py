"""What `temper` vouches for: ladders that forget, ladders that agree, draws that count."""

from typing import Any

import numpy as np
import pytest

import magnetite as mg


def square_glass(size: int, seed: int) -> mg.Ising:
    """Return couplings +1 and -1 at random on a periodic square."""
    site = np.arange(size**2).reshape(size, size)
    columns = np.concatenate([np.roll(site, -1, axis).ravel() for axis in range(2)])
    weights = np.random.default_rng(seed).choice([-1.0, 1.0], columns.size)
    return mg.Ising((np.tile(site.ravel(), 2), columns, weights))


@pytest.mark.parametrize("size", [8, 16])
@pytest.mark.parametrize("betas", [[20, 50, 100], [4, 5, 6], [50, 51]], ids=str)
@pytest.mark.parametrize("options", [{}, {"cluster_moves": False}, {"num_ladders": 1}], ids=str)
def test_frozen_ladders_are_not_vouched_for(
    size: int, betas: list[float], options: dict[str, Any]
) -> None:
    """Rungs of equal energies change places, clusters too; no replica ever forgets."""
    for seed in range(2):
        with pytest.warns(RuntimeWarning, match=r"hardly forget .*; begin at a smaller beta"):
            result = mg.temper(
                square_glass(size, 0), betas=betas, num_sweeps=1000, seed=seed, **options
            )
        assert "the hot end, cannot be told" in result.equilibration.verdict.reasons[0]


def test_the_same_rungs_below_a_hot_end_are() -> None:
    """The negative control: a ladder from a beta that forgets, whose coldest rungs stand still."""
    result = mg.temper(square_glass(8, 0), beta_range=(0.2, 20.0), num_sweeps=4000, seed=1)
    assert result.energies[:, -1].std() < 0.1
    assert result.equilibration.verdict


def test_frozen_at_the_hot_end_but_for_rare_flips() -> None:
    with pytest.warns(RuntimeWarning, match="energies changed [0-9]+ times in 3000 draws"):
        result = mg.temper(square_glass(16, 0), betas=[3, 4, 5], num_sweeps=3000, seed=0)
    assert "cannot be told" in str(result.equilibration)


def test_a_model_of_one_energy_is_in_equilibrium() -> None:
    """Nothing to warn of, nothing to refuse: each of its draws is as good as any."""
    for model, clamp in (
        (mg.Ising({}, offset=1.5), None),
        (mg.Ising({(0, 1): 0.0}), None),
        (mg.Ising({(0, 1): 1.0}), {0: 1, 1: 1}),
    ):
        result = mg.temper(model, clamp=clamp, num_sweeps=50, seed=1)
        assert str(result.equilibration) == "equilibrated: yes"
        assert result.mean_energy[-1].error == 0.0


@pytest.mark.parametrize("cluster_moves", [True, False])
@pytest.mark.parametrize("options", [{}, {"num_sweeps": 1279}, {"num_sweeps": 2000, "thin": 5}])
def test_overlaps_are_tested_in_short_runs_too(
    options: dict[str, Any], cluster_moves: bool
) -> None:
    result = mg.temper(
        square_glass(8, 1), beta_range=(0.1, 1.5), cluster_moves=cluster_moves, seed=1, **options
    )
    assert (result.counts == 0).any()
    assert result.equilibration.moment_drifts["squared overlap"].reliable.all()
    assert result.equilibration.verdict


def test_too_few_overlaps_are_told_of() -> None:
    result = mg.temper(square_glass(8, 1), beta_range=(0.1, 1.5), num_sweeps=200, seed=1)
    assert result.equilibration.verdict.reasons[-1] == (
        "the squared overlap has 10 draws of the 16 that it takes to tell"
    )
    assert result.equilibration.drift.reliable.all()


def test_drifting_overlaps_are_refused_in_a_short_run() -> None:
    result = mg.temper(
        square_glass(8, 1), beta_range=(0.1, 1.5), cluster_moves=False, num_sweeps=1000, seed=1
    )
    early = np.flatnonzero(result.counts)[:12]
    result.pair_sums[:, -1, early, 2] += result.counts[early]  # of a square that is 1 at most
    assert "the squared overlap at beta = 1.5 still drifts" in str(result.equilibration)


def test_ladders_of_a_pair_are_told_in_their_own_draws() -> None:
    result = mg.temper(square_glass(8, 1), beta_range=(0.1, 1.5), num_sweeps=1000, seed=1)
    assert result.cluster_rungs.any()
    found = result.equilibration
    assert found.bin_edges[-1] == 1000
    assert found.round_trips is not None
    assert found.round_trips.tolist() == result.round_trips.tolist()
    assert found.disagreement.reliable.all()
    plain = mg.temper(
        square_glass(8, 1), betas=result.betas, num_sweeps=1000, cluster_moves=False, seed=1
    )
    times = found.autocorrelation_time.value / plain.equilibration.autocorrelation_time.value
    assert 0.6 < np.median(times) < 1.4


def test_ladders_of_a_pair_must_agree() -> None:
    result = mg.temper(square_glass(8, 1), beta_range=(0.1, 1.5), num_sweeps=1000, seed=1)
    assert result.cluster_rungs.any() and result.equilibration.verdict
    shifted = mg.temper(square_glass(8, 1), betas=result.betas, num_sweeps=1000, seed=1)
    shifted.energies[1] += 2.0
    assert any("of ladder 0 differs" in each for each in shifted.equilibration.verdict.reasons)


@pytest.mark.parametrize("betas", ["auto", [0.1, 1.0]], ids=str)
def test_draws_of_a_tuning_round_are_not_vouched_for(betas: Any) -> None:
    model = square_glass(8, 1)
    ground = mg.anneal(model, num_reads=64, seed=1).best.energy
    options: dict[str, Any] = {"betas": betas, "num_sweeps": 10**6, "seed": 1}
    result = mg.temper(model, target_energy=ground, **options)
    assert not result.info["tuned"]
    for estimate in (
        result.mean_energy[-1],
        result.heat_capacity[-1],
        result.log_partition(1.0),
        result.thermodynamics([1.0]).energy[0],
    ):
        assert not estimate.reliable and "no warm-up" in estimate.reason
    assert "no warm-up" in str(result.equilibration)


def test_a_cut_names_the_option_that_was_not_given() -> None:
    options: dict[str, Any] = {"num_sweeps": 10**6, "time_limit": 0.0, "seed": 1}
    with pytest.warns(RuntimeWarning, match="more time, or cluster_moves=True or False") as found:
        mg.temper(square_glass(8, 1), betas=[0.1, 1.0], **options)
    assert "betas" not in str(found[0].message)
    with pytest.warns(RuntimeWarning, match="still being tuned.* give it more time, or betas"):
        mg.temper(square_glass(8, 1), **options)
