"""Log-likelihoods of rows, missing values, pseudo-likelihood and thermodynamics of machines."""

import math
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.likelihood import observed, pseudo
from tools.machines import DISCRETE, KINDS, MIXED, all_visible, joint_law, machine

PAIRS = [(v, h) for v in DISCRETE for h in DISCRETE]


def log_sum(logs: Any) -> float:
    return float(np.logaddexp.reduce(logs))


def row_of(rbm: mg.RBM) -> Any:
    return rbm.sample(1, num_steps=5, seed=3)


def grid_of(kind: str) -> Any:
    return np.linspace(0 if kind == "relu" else -30, 30, 60_001)


@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
def test_probabilities_are_those_of_the_joint_law(visible: str, hidden: str) -> None:
    rbm = machine(visible, hidden)
    states, law = all_visible(rbm), joint_law(rbm).sum(axis=1)
    logs = rbm.log_probabilities(states)
    np.testing.assert_allclose(logs, np.log(law), atol=1e-10)
    found = rbm.log_likelihood(states)
    assert found.value == pytest.approx(np.log(law).mean(), abs=1e-10)
    assert (found.error, found.reliable, found.bracket[0]) == (0.0, True, found.value)


@pytest.mark.parametrize("kind", ["gaussian", "relu"])
def test_densities_integrate_to_one(kind: str) -> None:
    rbm, grid = machine(kind, "binary", n=1), grid_of(kind)
    density = np.exp(rbm.log_probabilities(grid[:, None]))
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-6)


def test_what_log_z_leaves_open_is_left_open() -> None:
    rbm = machine("binary", "binary")
    rows, truth = all_visible(rbm)[:5], rbm.log_partition().value
    mean = rbm.log_likelihood(rows).value
    given = mg.Estimate(truth, 0.1, (truth - 0.2, truth + 0.3), 50.0, True, "")
    found = rbm.log_likelihood(rows, log_z=given)
    assert (found.value, found.error, found.ess) == (pytest.approx(mean), 0.1, 50.0)
    assert found.bracket == (pytest.approx(mean - 0.3), pytest.approx(mean + 0.2))
    refused = mg.Estimate(math.nan, math.nan, (truth - 1, math.inf), 5.0, False, "no bound")
    found = rbm.log_likelihood(rows, log_z=refused)
    assert (found.reliable, found.reason) == (False, "no bound")
    assert found.bracket == (-math.inf, pytest.approx(mean + 1))
    assert rbm.log_likelihood(rows, log_z=truth).value == pytest.approx(mean)
    assert np.isnan(rbm.log_probabilities(rows, log_z=refused)).all()


def test_log_z_comes_from_an_earlier_likelihood() -> None:
    rbm = machine("binary", "binary")
    rows = all_visible(rbm)[:5]
    found = rbm.log_likelihood(rows, method="annealed", num_betas=100, seed=1)
    again = rbm.log_likelihood(rows, log_z=found)
    assert (again.value, again.error, again.log_z) == (found.value, found.error, found.log_z)
    logs = rbm.log_probabilities(rows, log_z=again)
    assert logs.tolist() == rbm.log_probabilities(rows, log_z=found.log_z).tolist()


def test_options_reach_log_partition_with_the_rows_as_base() -> None:
    rbm = machine("binary", "binary")
    rows = all_visible(rbm)
    found = rbm.log_likelihood(rows, method="annealed", num_betas=100, seed=1)
    assert abs(found.value - rbm.log_likelihood(rows).value) < 4 * found.error
    with pytest.raises(TypeError, match="num_beta"):
        rbm.log_likelihood(rows, num_beta=3)  # type: ignore[call-arg]


def test_gauge_changes_leave_probabilities_as_they_are() -> None:
    """Bits as spins, hidden bits turned around, hidden units in another order."""
    rbm = machine("binary", "binary", scale=1.5)
    rows = all_visible(rbm)
    logs = rbm.log_probabilities(rows)
    spins = rbm.convert(visible="spin", hidden="spin")
    np.testing.assert_allclose(spins.log_probabilities(2 * rows - 1), logs, atol=1e-10)
    turned = mg.RBM(
        6,
        3,
        weights=-rbm.weights[:, ::-1],
        visible_bias=rbm.visible_bias + rbm.weights.sum(axis=1),
        hidden_bias=-rbm.hidden_bias[::-1],
        dtype="float64",
    )
    np.testing.assert_allclose(turned.log_probabilities(rows), logs, atol=1e-10)


# Missing values.


@pytest.mark.parametrize("way", ["hidden", "missing"])
@pytest.mark.parametrize(("visible", "hidden"), [*PAIRS, ("binary", "gaussian"), ("spin", "relu")])
def test_missing_values_are_summed_out(
    visible: str, hidden: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By sums over the hidden states, or over the missing ones, against all full rows."""
    hides = way == "hidden" and hidden not in ("gaussian", "relu")
    few = 3 if hidden == "categorical" else 1
    rbm = machine(visible, hidden, n=6, m=few if hides else 9, scale=0.8)
    monkeypatch.setattr(observed, "_over_missing" if hides else "_over_hidden", None)
    row = row_of(rbm)
    row[0, 3:] = np.nan
    states = all_visible(rbm)
    fitting = (states[:, :3] == row[0, :3]).all(axis=1)
    truth = log_sum(rbm.log_probabilities(states)[fitting])
    assert rbm.log_probabilities(row)[0] == pytest.approx(truth, abs=1e-9)


def test_every_row_is_summed_over_what_has_fewer_states(monkeypatch: pytest.MonkeyPatch) -> None:
    rbm = machine("binary", "binary", n=6, m=3)
    rows = np.repeat(row_of(rbm), 4, axis=0)
    rows[1, 0], rows[2, 1:3], rows[3, :5] = np.nan, np.nan, np.nan
    states, logs = all_visible(rbm), rbm.log_probabilities(all_visible(rbm))
    truth = [log_sum(logs[((states == row) | np.isnan(row)).all(axis=1)]) for row in rows]
    over_hidden, over_missing, seen = observed._over_hidden, observed._over_missing, []

    def hidden(wide: Any, rows: Any, *rest: Any) -> Any:
        seen.extend(np.isnan(rows).sum(axis=1).tolist())
        return over_hidden(wide, rows, *rest)

    def missing(wide: Any, row: Any, *rest: Any) -> Any:
        seen.append(-np.isnan(row).sum())
        return over_missing(wide, row, *rest)

    monkeypatch.setattr(observed, "_over_hidden", hidden)
    monkeypatch.setattr(observed, "_over_missing", missing)
    np.testing.assert_allclose(rbm.log_probabilities(rows), truth, atol=1e-10)
    assert seen == [5, -1, -2]


@pytest.mark.parametrize("kind", ["gaussian", "relu"])
def test_missing_values_of_a_continuum_are_integrated_out(kind: str) -> None:
    rbm, grid = machine(kind, "binary", n=3), grid_of(kind)
    row = row_of(rbm)
    full = np.repeat(row, len(grid), axis=0)
    full[:, 1] = grid
    truth = math.log(np.trapezoid(np.exp(rbm.log_probabilities(full)), grid))
    row[0, 1] = np.nan
    assert rbm.log_probabilities(row)[0] == pytest.approx(truth, abs=1e-6)


@pytest.mark.parametrize("visible", [*KINDS, "mixed"])
def test_missing_values_by_annealing(visible: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    kind: Any = MIXED if visible == "mixed" else KINDS[visible]
    n = 7 if visible == "mixed" else 6
    rbm = mg.RBM(n, 3, visible=kind, weights=0.8 * rng.normal(size=(n, 3)), dtype="float64")
    rows = np.repeat(row_of(rbm), 3, axis=0)
    rows[1, 3:6], rows[2] = np.nan, np.nan
    exact = rbm.log_probabilities(rows)
    assert exact[2] == pytest.approx(0, abs=1e-9)
    log_z = rbm.log_partition()
    monkeypatch.setattr(observed, "MOST_STATES", 1.0)
    options: Any = {"num_betas": 100, "num_chains": 400, "seed": 1, "log_z": log_z}
    logs = rbm.log_probabilities(rows, **options)
    mean = rbm.log_likelihood(rows, **options)
    assert logs[0] == exact[0]
    assert 0 < abs(mean.value - exact.mean()) < 4 * mean.error < 0.3
    assert mean.bracket == (
        pytest.approx(mean.value - 2 * mean.error),
        pytest.approx(mean.value + 2 * mean.error),
    )


def test_rows_are_annealed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many chains in a call, and the same bits however many rows go together."""
    monkeypatch.setattr(observed, "MOST_STATES", 1.0)
    rbm, calls = machine("binary", "binary", n=9, m=6), []
    rows = rbm.sample(5, num_steps=5, seed=3)
    rows[:, 4:], rows[1], rows[3, :2] = np.nan, np.nan, np.nan
    log_weights = observed.Annealer.log_weights

    def counted(self: Any, v: Any, *rest: Any) -> Any:
        calls.append(len(v))
        return log_weights(self, v, *rest)

    monkeypatch.setattr(observed.Annealer, "log_weights", counted)
    options: Any = {"num_betas": 20, "num_chains": 40, "seed": 1, "log_z": 0.0}
    logs = rbm.log_probabilities(rows, **options)
    assert calls == [200]
    monkeypatch.setattr(observed, "CHAIN_ENTRIES", 2 * 40 * 9)
    assert rbm.log_probabilities(rows, **options).tolist() == logs.tolist()
    assert calls == [200, 80, 80, 40]


def test_progress_of_missing_values_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("magnetite.likelihood.watch.SLICE_SECONDS", 0.0)
    monkeypatch.setattr(observed, "CHAIN_ENTRIES", 1)
    rbm, told = machine("binary", "binary", n=9, m=6), []
    rows = rbm.sample(5, num_steps=5, seed=3)
    rows[0, 0], rows[1:] = np.nan, np.nan
    options: Any = {"log_z": 0.0, "num_betas": 5, "num_chains": 4, "seed": 1}
    for most in (32.0, 1e6):
        monkeypatch.setattr(observed, "MOST_STATES", most)
        rbm.log_likelihood(rows, callback=lambda p: told.append(p.fraction), **options)
    assert told == pytest.approx([0.2, *np.linspace(0.25, 1, 16), 0.8, 1.0])


def test_missing_values_may_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    rbm, row = machine("binary", "binary"), np.full((1, 6), np.nan)
    monkeypatch.setattr(observed, "MOST_STATES", 1.0)
    options: Any = {"log_z": 1.0, "callback": lambda progress: True, "num_betas": 50}
    found = rbm.log_likelihood(row, **options)
    assert found.reason == "the callback ended the run in stage 'missing'"
    assert np.isnan(rbm.log_probabilities(row, **options)).all()


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_log_z_and_finished_rows_outlive_a_stop_at_missing_values(
    error: type[BaseException] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observed, "MOST_STATES", 4.0)
    rbm = machine("binary", "binary")
    rows = np.repeat(row_of(rbm), 3, axis=0)
    rows[1, 0], rows[2] = np.nan, np.nan

    def stop(progress: mg.likelihood.EvaluationProgress) -> bool:
        if progress.stage == "missing" and progress.fraction == 1 and error is not None:
            raise error
        return progress.stage == "missing" and progress.fraction == 1

    options: Any = {"callback": stop, "num_betas": 50, "seed": 1}
    if error is None:
        found = rbm.log_likelihood(rows, **options)
        logs = rbm.log_probabilities(rows, **options)
        np.testing.assert_allclose(logs[:2], rbm.log_probabilities(rows[:2]), atol=1e-10)
        assert np.isnan(logs[2])
    else:
        with pytest.raises(error) as caught:
            rbm.log_likelihood(rows, **options)
        found = caught.value.result  # type: ignore[attr-defined]
    assert not found.reliable and found.reason.endswith("ended the run in stage 'missing'")
    assert found.log_z.value == rbm.log_partition().value
    assert found.errors[:2].tolist() == [0, 0]
    whole = rbm.log_likelihood(rows[:2], log_z=found.log_z).log_weights
    assert found.log_weights[:2].tolist() == whole.tolist()
    assert np.isnan(found.log_weights[2])


def test_missing_values_and_log_z_may_both_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two betas are too few for strong weights; nothing is then known of the rows."""
    monkeypatch.setattr(observed, "MOST_STATES", 1.0)
    rbm = machine("binary", "binary", n=6, m=9, scale=20.0)
    row = np.full((1, 6), np.nan)
    options: Any = {"num_betas": 2, "seed": 1}
    refused = mg.Estimate(math.nan, math.nan, (3.0, math.inf), 5.0, False, "no bound")
    for log_z, first in ((1.0, ""), (refused, "no bound; and ")):
        found = rbm.log_likelihood(row, log_z=log_z, **options)
        assert found.bracket == (-math.inf, math.inf)
        assert found.reason.startswith(f"{first}of the values of missing units too few count")


def test_half_a_category_cannot_be_missing() -> None:
    rbm = machine("categorical", "binary")
    row = row_of(rbm)
    row[0, 0] = np.nan
    with pytest.raises(ValueError, match="X must hold groups of 3 columns"):
        rbm.log_likelihood(row)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((0, 6)), "X must have at least one row"),
        (np.zeros((2, 5)), r"X must have shape \(rows, 6\)"),
        (np.full((1, 6), 0.5), "X must hold 0 or 1"),
    ],
)
def test_wrong_rows_are_refused(rows: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        machine("binary", "binary").log_likelihood(rows)


@pytest.mark.parametrize("name", ["log_likelihood", "log_probabilities"])
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"foo": 1}, TypeError, "unexpected keyword argument 'foo'"),
        ({"num_chains": -5}, ValueError, "num_chains must be at least 2, got -5"),
        ({"num_betas": 1}, ValueError, "num_betas must be at least 2, got 1"),
        ({"method": "guess"}, ValueError, "method must be one of"),
        ({"base": "data"}, ValueError, "base must be data, means of data, or 'model'"),
        ({"seed": -1}, ValueError, "seed"),
        ({"num_threads": 0}, ValueError, "num_threads must be at least 1, got 0"),
        ({"time_limit": -1}, ValueError, "time_limit must be a non-negative number"),
        ({"callback": 3}, TypeError, "callback must be callable"),
        ({"log_z": math.nan}, ValueError, "log_z must be finite, got nan"),
        ({"log_z": math.inf}, ValueError, "log_z must be finite, got inf"),
        ({"log_z": "4"}, TypeError, "log_z must be a real number"),
    ],
)
def test_wrong_options_are_refused_beside_a_log_z(
    name: str, options: Any, error: type[Exception], message: str
) -> None:
    rbm = machine("binary", "binary")
    with pytest.raises(error, match=message):
        getattr(rbm, name)(row_of(rbm), **{"log_z": 1.0, **options})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((0, 6)), "must have at least one row, got none"),
        (np.full((1, 6), 0.5), r"must hold 0 or 1 .* got 0\.5 at index \(0, 0\); draw bits"),
        ([[0, np.nan, 0, 0, 0, 0]], r"must hold 0 or 1 .* got nan at index \(0, 1\)$"),
    ],
)
def test_wrong_rows_of_a_gap_are_refused_by_name(wrong: Any, message: str) -> None:
    rbm, right = machine("binary", "binary"), np.zeros((1, 6))
    for rows, name in (((wrong, right), "train"), ((right, wrong), "validation")):
        with pytest.raises(ValueError, match=f"{name} {message}"):
            rbm.free_energy_gap(*rows)


# Pseudo-likelihood.


@pytest.mark.parametrize("visible", DISCRETE)
def test_pseudo_likelihood_is_the_sum_of_conditionals(visible: str) -> None:
    rbm = machine(visible, "binary")
    states, law = all_visible(rbm), joint_law(rbm).sum(axis=1)
    width = 3 if visible == "categorical" else 1
    total = np.zeros(len(states))
    for site in range(0, 6, width):
        others = np.delete(states, np.s_[site : site + width], axis=1)
        same = (others[:, None] == others[None]).all(axis=2)
        total += np.log(law) - np.log(same @ law)
    np.testing.assert_allclose(rbm.pseudo_log_likelihood(states), total, atol=1e-10)


@pytest.mark.parametrize("hidden", KINDS)
@pytest.mark.parametrize("visible", DISCRETE)
def test_pseudo_likelihood_needs_no_free_energies(
    visible: str, hidden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One product with the weights gives what two free energies a site give."""
    rbm = machine(visible, hidden, n=9, m=6, scale=0.3)
    v, width = rbm.sample(20, num_steps=5, seed=3), 3 if visible == "categorical" else 1
    truth = np.zeros(len(v))
    for at in range(0, 9, width):
        logs = []
        for state in next(iter(rbm.visible.parts()))[0].site_states:
            changed = v.copy()
            changed[:, at : at + width] = state
            logs.append(-rbm.free_energy(changed))
        truth += -rbm.free_energy(v) - np.logaddexp.reduce(logs, axis=0)
    monkeypatch.setattr(mg.RBM, "free_energy", None)
    monkeypatch.setattr(pseudo, "BLOCK_ENTRIES", 63)  # blocks of 7 rows
    found = rbm.pseudo_log_likelihood(v, num_threads=1)
    np.testing.assert_allclose(found, truth, atol=1e-10)
    assert rbm.pseudo_log_likelihood(v, num_threads=3).tolist() == found.tolist()
    with pytest.raises(ValueError, match="num_threads must be at least 1"):
        rbm.pseudo_log_likelihood(v, num_threads=0)


def test_one_site_is_unbiased_and_repeats() -> None:
    rbm = machine("binary", "binary")
    row = np.repeat(row_of(rbm), 20_000, axis=0)
    for sites in (1, 3, 6):
        found = rbm.pseudo_log_likelihood(row, num_sites=sites, seed=1)
        error = found.std() / math.sqrt(len(found))
        assert abs(found.mean() - rbm.pseudo_log_likelihood(row[:1])[0]) <= 4 * error + 1e-9
    again = rbm.pseudo_log_likelihood(row, num_sites=6, seed=1)
    assert again.tolist() == found.tolist()


def test_pseudo_likelihood_of_a_continuum_is_refused() -> None:
    with pytest.raises(ValueError, match="needs visible units of finitely many values, got gauss"):
        machine("gaussian", "binary").pseudo_log_likelihood(np.zeros((1, 6)))
    with pytest.raises(ValueError, match="num_sites must be at most 6, got 7"):
        machine("binary", "binary").pseudo_log_likelihood(np.zeros((1, 6)), num_sites=7)


# Thermodynamics.


def test_thermodynamics_of_a_machine() -> None:
    """Log Z, energy, entropy and heat capacity by replica exchange, to 1 % of enumeration."""
    rbm = machine("binary", "binary", n=8, m=4, scale=1.0)
    betas = np.array([0.25, 0.5, 0.75, 1.0])
    exact = mg.exact(rbm).thermodynamics(betas)
    assert exact.log_z.value[-1] == pytest.approx(rbm.log_partition().value, abs=1e-9)
    run = mg.temper(rbm, beta_range=(0.0, 1.0), num_ladders=4, num_sweeps=40_000, seed=1)
    found = run.thermodynamics(betas)
    for name in ("log_z", "energy", "entropy", "heat_capacity"):
        curve, truth = getattr(found, name), getattr(exact, name).value
        assert curve.reliable.all()
        np.testing.assert_allclose(curve.value, truth, rtol=0.01)
