"""Encoders, the shifter and couplings: what `benches/encoders.py` measures, held to its targets."""

import numpy as np
import pytest

import couplings
import encoders
import magnetite as mg


@pytest.mark.parametrize("seed", [0, 1])
def test_four_patterns_find_four_codes(seed: int) -> None:
    found = encoders.solve_encoder(seed, n=4, h=2, most=6000)
    assert found["cycles"] is not None
    assert found["codes"] == 4
    assert found["largest"] < 20


def test_an_encoder_that_knows_nothing_is_not_solved() -> None:
    machine = encoders.encoder(4, 2)
    assert not encoders.is_solved(machine, 4)
    assert encoders.num_codes(machine, np.tile(np.eye(4), 2)) == 1
    found = encoders.solve_encoder(0, n=4, h=2, most=20)
    assert found["cycles"] is None


def test_codes_are_the_likeliest_hidden_states() -> None:
    machine, patterns = encoders.encoder(4, 3), np.tile(np.eye(4), 2)
    rng = np.random.default_rng(1)
    machine.assign({name: rng.standard_normal(x.size) for name, x in machine.parameters.items()})
    for pattern, code in zip(patterns, encoders.codes(machine, patterns), strict=True):
        given = dict(zip(machine.visible.tolist(), pattern.astype(int).tolist(), strict=True))
        means = machine.marginals(given, method="exact").mean[machine.hidden]
        assert ((means > 0.5) == code).all()


def test_rows_of_the_shifter_are_shifted() -> None:
    rows = encoders.shifter_rows(500, np.random.default_rng(1))
    for row in rows:
        assert (np.roll(row[:8], int(row[16:].argmax()) - 1) == row[8:16]).all()
    np.testing.assert_allclose(rows[:, :8].mean(), 0.3, atol=4 * np.sqrt(0.21 / 4000))
    assert (rows[:, 16:].sum(axis=1) == 1).all()


def test_the_shift_that_is_told_is_the_likeliest() -> None:
    """Hidden units that are summed out in one formula, against sums over all states."""
    machine = mg.BoltzmannMachine(
        {(i, h): 0.0 for i in range(19) for h in range(19, 43)}, visible=range(19)
    )
    rng = np.random.default_rng(2)
    weights = 0.3 * rng.standard_normal(machine.weights.size)
    weights[machine.edges[1] >= 24] = 0.0  # few hidden units that do something
    machine.assign({"weights": weights, "biases": np.zeros(43)})
    rows = encoders.shifter_rows(6, rng)
    told = encoders.told_shifts(machine, rows)
    for row, shift in zip(rows, told, strict=True):
        logs = []
        for k in range(3):
            held = np.concatenate([row[:16], np.eye(3)[k]])
            hidden = np.arange(2**5)[:, None] >> np.arange(5) & 1
            states = np.zeros((32, 43))
            states[:, :19], states[:, 19:24] = held, hidden
            logs.append(np.logaddexp.reduce(-np.asarray(machine.energies(states))))
        assert np.argmax(logs) == shift


def test_parity_needs_a_hidden_unit() -> None:
    found = encoders.parity()
    assert found["pairs"] == pytest.approx(np.log(2), abs=0.01)
    assert found["with a hidden unit"] < 0.05


@pytest.mark.slow
def test_the_small_encoder_is_solved_from_every_seed() -> None:
    found = encoders.small_encoders(4, 2, 10_000, 250, 2)
    assert found["solved"] == 250, found


@pytest.mark.slow
def test_eight_patterns_find_eight_codes() -> None:
    found = encoders.small_encoders(8, 3, 10_000, 20, 2)
    assert found["solved"] >= 16, found


@pytest.mark.slow
def test_without_shrinkage_weights_run_off() -> None:
    """A negative control: the same machines, seeds and cycles."""
    kept, lost = (
        [encoders.solve_encoder(s, n=8, h=3, most=3000, shrinkage=x) for s in range(4, 10)]
        for x in (encoders.SHRINKAGE, 0.0)
    )
    assert sum(run["cycles"] is not None for run in kept) >= 4
    assert sum(run["cycles"] is not None for run in lost) <= 2
    assert max(run["largest"] for run in kept) < 15 < 30 < max(run["largest"] for run in lost)


@pytest.mark.slow
def test_forty_patterns_are_completed() -> None:
    """All units right by slow annealing, where the machine learns what follows from its inputs."""
    found = encoders.over_seeds(encoders.large_encoder, 3, 2)
    assert np.mean([run["completed"] for run in found]) >= 0.98, found


@pytest.mark.slow
def test_forty_patterns_are_completed_by_a_machine_that_learnt_both_halves() -> None:
    """As in 1985; the right unit is the one that is on most, others are on now and then."""
    found = [encoders.large_encoder(seed, alone=True) for seed in range(2)]
    assert np.mean([run["most_on"] for run in found]) >= 0.98, found


@pytest.mark.slow
def test_shifts_are_told() -> None:
    found = encoders.shifter(0)
    assert found["right"] > 0.89, found
    # Nothing tells how no bits, or all, were shifted.
    assert found["by_number_of_bits"][0] == pytest.approx(1 / 3, abs=0.05)


@pytest.mark.slow
def test_errors_of_couplings_fall_as_the_root_of_the_number_of_draws() -> None:
    found = couplings.couplings(1)
    for way, figures in found.items():
        assert figures["slope"] == pytest.approx(-0.5, abs=0.08), way
        assert figures["from_likelihood_in_errors"] < 1, way
        assert figures["largest_in_errors"] < 3, way
