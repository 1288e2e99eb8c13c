"""Log Z of small machines: exact, by annealing both ways, and when there is no number."""

import math
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.diagnostics import Verdict
from magnetite.likelihood import EvaluationProgress, LogPartition
from magnetite.likelihood.bracket import Weights, combine
from tools.machines import (
    ALL_PAIRS,
    CONTINUOUS,
    KINDS,
    MIXED,
    PAIRS,
    all_hidden,
    all_visible,
    machine,
)
from tools.training import Ternary


def log_sum(logs: Any) -> float:
    return float(np.logaddexp.reduce(logs))


def two_modes(strength: float = 8.0, n: int = 12) -> mg.RBM:
    """Return a machine of all-up and all-down spins, with a wall of energy between."""
    return mg.RBM(
        n, 2 * n, visible="spin", hidden="spin", weights=np.full((n, 2 * n), strength / n)
    )


def rows_of(rbm: mg.RBM, count: int = 200) -> Any:
    return rbm.sample(count, num_steps=20, seed=5)


@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
def test_exact_log_z_is_the_sum_over_all_states(visible: str, hidden: str) -> None:
    rbm = machine(visible, hidden)
    v, h = all_visible(rbm), all_hidden(rbm)
    energies = rbm.energy(np.repeat(v, len(h), axis=0), np.tile(h, (len(v), 1)))
    found = rbm.log_partition()
    assert found.value == pytest.approx(log_sum(-energies), abs=1e-10)
    assert (found.verdict, found.error, found.method) == ("exact", 0.0, "exact")


@pytest.mark.parametrize("kind", CONTINUOUS)
def test_exact_log_z_beside_a_continuum(kind: str) -> None:
    """Quadrature over one unit of the continuum; the discrete layer is summed."""
    grid = np.linspace(-40, 40, 160_001)[:, None] if kind == "gaussian" else None
    grid = np.linspace(0, 80, 160_001)[:, None] if grid is None else grid
    rbm = machine(kind, "binary", n=1, m=5)
    logs = -rbm.free_energy(grid) + math.log(grid[1, 0] - grid[0, 0])
    logs[[0, -1]] -= math.log(2)
    assert rbm.log_partition().value == pytest.approx(log_sum(logs), abs=1e-5)
    other = mg.RBM(
        5,
        1,
        hidden=KINDS[kind],
        weights=rbm.weights.T,
        visible_bias=rbm.hidden_bias,
        hidden_bias=rbm.visible_bias,
        dtype="float64",
    )
    assert other.log_partition().value == pytest.approx(rbm.log_partition().value, abs=1e-10)


@pytest.mark.parametrize(("visible", "hidden"), [*ALL_PAIRS, ("mixed", "binary")])
def test_weights_of_both_directions_are_unbiased(visible: str, hidden: str) -> None:
    """With few betas, so that the annealing matters, and many chains."""
    if visible == "mixed":
        rng = np.random.default_rng(3)
        rbm = mg.RBM(7, 3, visible=MIXED, weights=rng.normal(size=(7, 3)), dtype="float64")
    else:
        rbm = machine(visible, hidden, scale=0.8)
    found = rbm.log_partition(
        method="annealed", base=rows_of(rbm), num_chains=1_000, num_betas=5, seed=2
    )
    truth = rbm.log_partition().value
    assert found.forward is not None
    assert found.reverse is not None
    assert abs(found.forward.value - truth) < 4 * found.forward.error < 0.8
    assert abs(found.reverse.value - truth) < 4 * found.reverse.error < 0.8
    assert found.reliable, found.reason
    assert abs(found.value - truth) < 4 * found.error
    assert np.ptp(found.forward_log_weights) > 0


def test_two_layers_of_a_continuum() -> None:
    """Gaussian units on both sides: ``ln Z = ln det(2 pi P^-1) / 2 + g P^-1 g / 2``."""
    rng = np.random.default_rng(4)
    weights, b, c = 0.3 * rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=2)
    gaussian: dict[str, Any] = {"visible": "gaussian", "hidden": "gaussian", "dtype": "float64"}
    rbm = mg.RBM(3, 2, weights=weights, visible_bias=b, hidden_bias=c, **gaussian)
    precision = np.block([[np.eye(3), -weights], [-weights.T, np.eye(2)]])
    bias = np.concatenate([b, c])
    truth = 2.5 * math.log(2 * math.pi) - np.linalg.slogdet(precision)[1] / 2
    truth += bias @ np.linalg.solve(precision, bias) / 2
    found = rbm.log_partition(num_betas=200, seed=1)
    assert found.method == "annealed"
    assert found.reliable, found.reason
    assert abs(found.value - truth) < 4 * found.error < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_bracket_and_value_with_starts_by_replica_exchange(seed: int) -> None:
    rbm = two_modes(3.0)
    truth = rbm.log_partition().value
    found = rbm.log_partition(
        method="annealed", base=np.zeros(12), starts="tempered", num_betas=300, seed=seed
    )
    assert found.equilibrium, found.equilibrium
    assert found.bracket[0] < truth < found.bracket[1]
    if found.reliable:
        assert abs(found.value - truth) < 4 * found.error + 1e-6


def test_starts_out_of_equilibrium_are_called_no_bound() -> None:
    """Eight rounds of replica exchange across a wall are nothing; forward still bounds below."""
    found = two_modes().log_partition(
        method="annealed", base=np.zeros(12), starts="tempered", max_rounds=8, num_betas=50, seed=1
    )
    assert found.reverse is not None
    assert not found.equilibrium
    assert found.verdict == "unreliable"
    assert math.isnan(found.value)
    assert "starts are no draws" in found.reason
    assert found.bracket[1] == math.inf
    assert found.bracket[0] > -math.inf


def test_without_reverse_side_there_is_no_number() -> None:
    found = machine("binary", "binary").log_partition(
        method="annealed", starts="none", num_betas=50, seed=1
    )
    assert found.verdict == "unreliable"
    assert found.forward is not None
    assert found.forward.reliable
    assert found.bracket == (found.forward.bracket[0], math.inf)


@pytest.mark.parametrize(
    ("base", "words"),
    [
        (None, "the means of 512 draws by exact draws"),
        ("model", "the visible biases"),
        (np.full(6, 0.5), "the given means"),
        (np.array([[0, 1, 0, 1, 0, 1.0], [1, 1, np.nan, 0, 0, 0]]), "the means of the given data"),
    ],
    ids=["none", "model", "means", "data"],
)
def test_bases(base: Any, words: str) -> None:
    rbm = machine("binary", "binary")
    found = rbm.log_partition(method="annealed", base=base, num_betas=100, seed=1)
    assert found.info["base"] == words
    assert abs(found.value - rbm.log_partition().value) < 4 * found.error


def test_one_row_of_data_is_not_taken_for_all_there_is() -> None:
    """From its means alone, 0.001 and 0.999, annealing would hardly leave that row."""
    rbm = machine("binary", "binary", scale=1.5)
    options: dict[str, Any] = {"method": "annealed", "num_betas": 200, "seed": 1}
    found = rbm.log_partition(base=[[0, 0, 0, 1, 1, np.nan]], **options)
    assert abs(found.value - rbm.log_partition().value) < 4 * found.error < 0.1


def test_means_that_the_machine_remembers_are_the_base() -> None:
    rbm = machine("binary", "binary")
    rbm.data_means = np.full(6, 0.3)
    found = rbm.log_partition(method="annealed", num_betas=20, seed=1)
    assert found.info["base"] == "the means of the training data"


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(1)
    rbm = mg.RBM(40, 30, weights=0.3 * rng.normal(size=(40, 30)))
    options: dict[str, Any] = {"num_betas": 50, "max_rounds": 128, "seed": 1}
    one = rbm.log_partition(num_threads=1, **options)
    for num_threads in (2, 5):
        more = rbm.log_partition(num_threads=num_threads, **options)
        assert one.betas.tolist() == more.betas.tolist()
        assert one.forward_log_weights.tolist() == more.forward_log_weights.tolist()
        assert one.reverse_log_weights.tolist() == more.reverse_log_weights.tolist()
        assert one.bracket == more.bracket


def made_of(forward: Any, reverse: Any, equilibrium: Verdict) -> LogPartition:
    up, down = Weights(forward, np.arange(100)), Weights(reverse, np.arange(100))
    return combine(0.0, np.array([0.0, 1.0]), up, down, equilibrium, 1, {})


def test_what_the_two_sides_say_of_each_other() -> None:
    """Normal log weights of variance 1 around 2 - 1/2 and -2 - 1/2 belong to log Z = 2."""
    rng, yes = np.random.default_rng(1), Verdict(True, ())
    forward, reverse = rng.normal(1.5, 1, 100), rng.normal(-2.5, 1, 100)
    good = made_of(forward, reverse, yes)
    assert good.verdict == "reliable"
    assert abs(good.value - 2) < 4 * good.error < 1
    assert good.bracket[0] < 2 < good.bracket[1]
    apart = made_of(forward - 5, reverse, yes)
    assert "disagree (more betas)" in apart.reason
    assert apart.bracket[0] < 2 < apart.bracket[1]  # the bounds hold all the same
    crossed = made_of(forward, reverse + 5, yes)
    assert "hardly draws" in crossed.reason
    assert crossed.bracket[1] == math.inf
    few = made_of(3 * forward, reverse, yes)
    assert "weights count" in few.reason
    no = made_of(forward, reverse, Verdict(False, ("it drifts",)))
    assert no.reason == "the reverse chains' starts are no draws: it drifts"
    assert no.bracket == (good.bracket[0], math.inf)


def test_no_bracket_is_upside_down() -> None:
    """Where few weights decide, both directions have small errors and may cross."""
    rng, yes, crossed = np.random.default_rng(1), Verdict(True, ()), 0
    for _ in range(150):
        forward, reverse = 3 * rng.normal(size=100), 3 * rng.normal(size=100)
        found = made_of(forward - 3.5 + rng.normal(), reverse - 3.5, yes)
        low, high = found.bracket
        assert low <= high
        if "the directions crossed" in found.reason:
            crossed += 1
            assert (found.verdict, high) == ("unreliable", math.inf)
    assert crossed > 0


def test_errors_are_made_of_families() -> None:
    """A hundred weights that are ten independent ones repeated are worth ten."""
    rng = np.random.default_rng(2)
    logs = rng.normal(size=(200, 20))
    spread = np.std([Weights(row, np.arange(20)).value for row in logs])
    errors = []
    for row in logs[:50]:
        weights = Weights(np.repeat(row, 5), np.repeat(np.arange(20), 5))
        means = [Weights(s, np.arange(len(s))).value for s in weights.resamples(rng)]
        errors.append(np.std(means, ddof=1) * weights.small)
    assert 0.7 < np.mean(errors) / spread < 1.3


def test_time_limit_and_callback_refuse() -> None:
    rbm = mg.RBM(60, 40)
    for options, reason in (
        ({"time_limit": 0.0}, "time_limit=0 ended the run in stage"),
        ({"callback": lambda progress: True}, "the callback ended the run in stage 'tempering'"),
    ):
        found = rbm.log_partition(seed=1, **options)
        assert found.verdict == "unreliable"
        assert found.reason.startswith(reason)
        assert found.bracket == (-math.inf, math.inf)


def test_a_callback_that_changes_the_machine_changes_no_run() -> None:
    rbm = machine("binary", "binary")
    options: dict[str, Any] = {"method": "annealed", "base": np.full(6, 0.5), "num_betas": 300}
    options |= {"starts": "tempered", "max_rounds": 64, "seed": 1}
    truth = rbm.log_partition(**options)

    def meddle(progress: EvaluationProgress) -> None:
        rbm.weights *= 1.5
        rbm.hidden_bias += 1

    found = rbm.log_partition(callback=meddle, **options)
    assert found.forward_log_weights.tolist() == truth.forward_log_weights.tolist()
    assert found.reverse_log_weights.tolist() == truth.reverse_log_weights.tolist()


@pytest.mark.parametrize("stage", ["tempering", "reverse"])
@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_the_forward_side_outlives_a_late_stop(stage: str, error: Any) -> None:
    rbm, reason = machine("binary", "binary"), "the callback"

    def stop(progress: EvaluationProgress) -> bool:
        if progress.stage == stage and error is not None:
            raise error
        return progress.stage == stage

    options: dict[str, Any] = {"method": "annealed", "base": np.full(6, 0.5), "num_betas": 50}
    options |= {"starts": "tempered", "max_rounds": 64, "seed": 1}
    whole = rbm.log_partition(**options)
    if error is None:
        found = rbm.log_partition(callback=stop, **options)
    else:
        reason = error.__name__
        with pytest.raises(error) as caught:
            rbm.log_partition(callback=stop, **options)
        found = caught.value.result
    assert found.reason.startswith(f"{reason} ended the run in stage '{stage}'; and ")
    assert found.forward_log_weights.tolist() == whole.forward_log_weights.tolist()
    assert found.bracket == (whole.bracket[0], math.inf)
    assert (found.reverse, found.verdict) == (None, "unreliable")
    assert (found.equilibrium is None) == (stage == "tempering")


def test_ctrl_c_while_summing_has_a_result_too() -> None:
    def stop(progress: EvaluationProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        machine("binary", "binary").log_partition(callback=stop)
    found: LogPartition = caught.value.result  # type: ignore[attr-defined]
    assert (found.method, found.verdict) == ("exact", "unreliable")
    assert found.reason == "KeyboardInterrupt ended the run in stage 'summing'"


def test_a_callback_sees_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[EvaluationProgress] = []
    machine("binary", "binary").log_partition(
        method="annealed",
        base=np.full(6, 0.5),
        num_betas=30,
        starts="tempered",
        callback=seen.append,
        progress=True,
        seed=1,
    )
    assert list(dict.fromkeys(p.stage for p in seen)) == [
        "pilot",
        "forward",
        "tempering",
        "reverse",
    ]
    assert all(0 <= p.fraction <= 1 and p.elapsed >= 0 for p in seen)
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "guess"}, "method must be one of"),
        ({"starts": "warm"}, "starts must be one of"),
        ({"base": "data"}, "base must be data, means of data, or 'model', got 'data'"),
        ({"base": np.zeros(5)}, r"base must have shape \(6,\), got \(5,\)"),
        ({"base": np.full((2, 6), 0.5)}, "base must hold 0 or 1"),
        ({"num_chains": 1}, "num_chains must be at least 2, got 1"),
        ({"num_betas": 1}, "num_betas must be at least 2"),
        ({"schedule": "cosine"}, "schedule must be one of"),
        ({"schedule": [0.0, 0.5]}, "schedule must be a vector of betas from 0 to 1"),
        ({"schedule": [0.0, 0.7, 0.5, 1.0]}, "schedule must be ascending"),
        ({"time_limit": -1}, "time_limit must be a non-negative number"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        machine("binary", "binary").log_partition(**options)


@pytest.mark.parametrize("option", ["method", "starts"])
def test_what_is_too_large_cannot_be_exact(option: str) -> None:
    with pytest.raises(ValueError, match=f"{option}='exact' needs a layer of at most 2\\*\\*25"):
        mg.RBM(30, 26).log_partition(**{option: "exact"})


def test_given_betas_are_used() -> None:
    betas = [0.0, 0.1, 0.5, 1.0]
    found = machine("spin", "binary").log_partition(method="annealed", schedule=betas, seed=1)
    assert found.betas.tolist() == betas


def test_user_units_are_evaluated_too() -> None:
    rng = np.random.default_rng(1)
    rbm = mg.RBM(4, 3, visible=Ternary(), weights=rng.normal(size=(4, 3)), dtype="float64")
    exact = rbm.log_partition().value
    assert exact == pytest.approx(log_sum(-rbm.free_energy(all_visible(rbm))), abs=1e-10)
    found = rbm.log_partition(method="annealed", num_betas=100, seed=1)
    assert abs(found.value - exact) < 4 * found.error
