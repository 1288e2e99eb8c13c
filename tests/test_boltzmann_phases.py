"""Both phases of learning against sums over all states."""

from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite import _core
from magnetite.boltzmann import (
    Annealing,
    Chains,
    Context,
    Enumeration,
    MeanField,
    PseudoLikelihood,
    Rows,
    Tempering,
    Topology,
)
from magnetite.boltzmann.enumeration import Conditionals
from tools.boltzmann import (
    exact_moments,
    flat,
    law,
    machine,
    phase_moments,
    visible_rows,
)
from tools.laws import chi_square_excess

VALUES = ("binary", "spin")
SAMPLED = {
    "chains": Chains(num_chains=200, num_sweeps=5),
    "annealing": Annealing(schedule=[(3.0, 10), (1.5, 20), (1.0, 40)], repeats=10),
}


@pytest.mark.parametrize("values", VALUES)
def test_enumeration_is_exact(values: str) -> None:
    model, rows = machine(values), visible_rows(machine(values))
    weights = np.array([1.0, 2.0, 0.0, 0.5])
    (found,) = phase_moments(model, Enumeration(), rows, weights=weights)
    np.testing.assert_allclose(flat(found), flat(exact_moments(model, rows, weights)), atol=1e-12)
    (alone,) = phase_moments(model, Enumeration())
    np.testing.assert_allclose(flat(alone), flat(exact_moments(model)), atol=1e-12)


def errors_of(found: list[Any], wanted: Any, skip: int = 20, block: int = 10) -> float:
    """Root mean square of deviations, in standard errors by the spread of blocks of updates."""
    draws = np.array([flat(moments) for moments in found[skip:]])
    blocks = draws.reshape(-1, block, draws.shape[1]).mean(axis=1)
    error = blocks.std(axis=0, ddof=1) / np.sqrt(len(blocks))
    off = blocks.mean(axis=0) - flat(wanted)
    if np.abs(off[error == 0]).max(initial=0) > 1e-12:
        return float("inf")
    return float(np.sqrt(np.mean((off[error > 0] / error[error > 0]) ** 2)))


@pytest.mark.parametrize("clamped", [True, False])
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("name", SAMPLED)
def test_sampled_phases_agree_with_enumeration(name: str, values: str, clamped: bool) -> None:
    model = machine(values, scale=0.7)
    rows = visible_rows(model) if clamped else None
    found = phase_moments(model, SAMPLED[name], rows, updates=420)
    assert errors_of(found, exact_moments(model, rows)) < 2
    # A machine of weights that are a fifth larger would be noticed.
    other = mg.BoltzmannMachine(
        (*model.edges, 1.2 * model.weights), 1.2 * model.biases, visible=[0, 2, 5], values=values
    )
    assert errors_of(found, exact_moments(other, rows)) > 3


def test_weights_of_rows_count() -> None:
    model = machine()
    rows, weights = visible_rows(model), np.array([1.0, 3.0, 0.25, 0.0])
    found = phase_moments(model, Chains(num_sweeps=20), rows, weights=weights, updates=220)
    assert errors_of(found, exact_moments(model, rows, weights)) < 2
    assert errors_of(found, exact_moments(model, rows)) > 3


def test_tempering_finds_both_modes() -> None:
    # Two modes with a wall between them that chains at beta = 1 hardly cross.
    n = 8
    pairs = {(i, j): 0.6 for i in range(n) for j in range(i)}
    model = mg.BoltzmannMachine(pairs, np.full(n, 0.03), values="spin")
    exact = exact_moments(model)
    found = phase_moments(model, Tempering(num_ladders=50, num_rungs=8), updates=660)
    assert errors_of(found, exact, 60, 50) < 2
    stuck = phase_moments(model, Chains(num_chains=50), updates=660)
    assert errors_of(stuck, exact, 60, 50) > 5


def test_mean_field_solves_its_equations() -> None:
    model, rows = machine("spin", scale=0.3), visible_rows(machine("spin"))[:1]
    (found,) = phase_moments(model, MeanField(tolerance=1e-12, num_iterations=2000), rows)
    couplings = model._topology.matrix(model.weights)
    expected = np.tanh(couplings @ found.means + model.biases)
    expected[model.visible] = rows[0]
    np.testing.assert_allclose(found.means, expected, atol=1e-10)
    first, second = model.edges
    np.testing.assert_allclose(found.products, found.means[first] * found.means[second])
    (near,) = phase_moments(machine("binary", scale=0.1), MeanField())
    np.testing.assert_allclose(
        near.means, exact_moments(machine("binary", scale=0.1)).means, atol=5e-3
    )


@pytest.mark.parametrize("num_chains", [3, 100, 3000])
def test_threads_and_blocks_change_no_bit(num_chains: int) -> None:
    model = machine(num_units=12, visible=range(4))
    weights = np.random.default_rng(1).random(num_chains)
    rows = visible_rows(model, num_chains)
    for shares in (None, weights):
        one, two = (
            phase_moments(model, Chains(), rows, weights=shares, updates=2, num_threads=threads)
            for threads in (1, 3)
        )
        assert [flat(m).tolist() for m in one] == [flat(m).tolist() for m in two]


@pytest.mark.parametrize("scan", ["sequential", "permutation", "random"])
@pytest.mark.parametrize("kernel", ["gibbs", "metropolis"])
@pytest.mark.parametrize("values", VALUES)
def test_exact_draws_stay_exact_with_rows_of_their_own_held(
    values: str, kernel: str, scan: str
) -> None:
    """Stationarity: visible units of each chain are held at another draw of the machine."""
    model = machine(values)
    topology = model._topology
    states, chances = law(model)
    starts = np.random.default_rng(2).choice(len(states), 20_000, p=chances)
    spins = np.where(states[starts] == model.values[1], 1, -1).astype(np.int8)
    core = _core.Phase(
        6,
        rows=topology.rows,
        cols=topology.cols,
        held=topology.visible,
        kernel=kernel,
        scan=scan,
        seed=3,
        num_threads=2,
    )

    def excess(factor: float, sweeps: int) -> float:
        energy = topology.energy(model._parameters)
        moved, means = core.advance(
            factor * energy.weights,
            factor * energy.linear,
            np.ascontiguousarray(spins),
            shares=np.ones(len(spins)),
            betas=np.ones(sweeps),
            num_collected=1,
            first_sweep=7,
        )
        assert (moved[:, topology.visible] == spins[:, topology.visible]).all()
        np.testing.assert_allclose(means[:6], moved.mean(axis=0), atol=1e-9)
        products = moved[:, topology.rows] * moved[:, topology.cols]
        np.testing.assert_allclose(means[6:], products.mean(axis=0), atol=1e-9)
        numbers = (moved > 0) @ (1 << np.arange(6))
        assert sweeps < 16 or (numbers != starts).mean() > 0.3
        return chi_square_excess(np.bincount(numbers, minlength=64), chances)

    for sweeps in (1, 4, 16):
        assert excess(1.0, sweeps) < 1
    assert excess(0.8, 16) > 1


def test_noisy_clamping_turns_units_as_often_as_told() -> None:
    model = machine(num_units=4, visible=range(4), scale=0.0)
    rows = np.array([[1.0, 1, 0, 0]])
    (found,) = phase_moments(model, Annealing(repeats=40_000, noise=(0.15, 0.05)), rows)
    np.testing.assert_allclose(found.means, [0.85, 0.85, 0.05, 0.05], atol=0.01)


def test_free_annealings_are_as_many_as_those_of_a_batch() -> None:
    """Also where its rows are given once each, since the positive phase is enumerated."""
    model, rows = machine(), Rows(np.ones((2, 3), np.int8), np.full(2, 0.5))
    context = Context(model._topology, False, 100, 7, 5, 1)
    run = Annealing(repeats=3, num_collected=1).start(context)
    found = 3 * 7 * flat(run.moments(model._parameters, rows, 0))
    np.testing.assert_allclose(found, np.round(found), atol=1e-9)
    assert (np.round(found) % 3).any()


def test_the_schedule_is_that_of_1985_in_units_of_its_last_temperature() -> None:
    assert Annealing().betas.tolist() == [0.5] * 2 + [1 / 1.5] * 2 + [1 / 1.2] * 2 + [1.0] * 14


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Chains(num_chains=0), "num_chains must be at least 1, got 0"),
        (lambda: Annealing(noise=(0.6, 0.0)), r"noise must be two chances .* got \(0.6, 0.0\)"),
        (lambda: Annealing(noise=0.1), "noise must be two chances between 0 and 0.5, got 0.1"),
        (lambda: Annealing(schedule=[(0.0, 2)]), "temperatures must be at least 1e-06, got 0.0"),
        (lambda: Annealing(schedule=[2.0, 1.0]), "must hold pairs .*, got 2.0"),
        (lambda: Tempering(hottest=1.0), "hottest must be at least 0 and below 1, got 1.0"),
        (lambda: Tempering(num_rungs=1), "num_rungs must be at least 2, got 1"),
        (lambda: MeanField(damping=1.0), "damping must be at least 0 and below 1, got 1.0"),
        (lambda: MeanField(tolerance=0.0), "tolerance must be positive, got 0.0"),
    ],
)
def test_wrong_options_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_the_core_refuses_what_does_not_fit() -> None:
    def phase(rows: list[int], cols: list[int], held: list[int]) -> _core.Phase:
        arrays = {
            name: np.array(values, np.int64)
            for name, values in (("rows", rows), ("cols", cols), ("held", held))
        }
        return _core.Phase(3, **arrays, kernel="gibbs", scan="sequential", seed=1, num_threads=1)

    with pytest.raises(ValueError, match="ascending order"):
        phase([1, 0], [2, 1], [])
    with pytest.raises(ValueError, match="ascending order"):
        phase([1], [0], [])
    with pytest.raises(ValueError, match=r"held sites must be in 0..3, got 3"):
        phase([0], [1], [3])
    good = phase([0], [1], [2])
    states = np.ones((2, 3), np.int8)
    options: dict[str, Any] = {"betas": np.ones(1), "num_collected": 1, "first_sweep": 0}
    with pytest.raises(ValueError, match="shares must be as many as chains"):
        good.advance(np.ones(1), np.zeros(3), states, shares=np.ones(1), **options)
    with pytest.raises(ValueError, match="shares must be finite and non-negative, got -1"):
        good.advance(np.ones(1), np.zeros(3), states, shares=-np.ones(2), **options)
    with pytest.raises(ValueError, match="a phase of 3 sites and 1 edges"):
        good.advance(np.ones(2), np.zeros(3), states, shares=np.ones(2), **options)
    with pytest.raises(ValueError, match="spins -1 and \\+1, got 0"):
        good.advance(np.ones(1), np.zeros(3), 0 * states, shares=np.ones(2), **options)
    with pytest.raises(ValueError, match="betas must be non-negative, got -1"):
        wrong = options | {"betas": -np.ones(1)}
        good.advance(np.ones(1), np.zeros(3), states, shares=np.ones(2), **wrong)


def test_large_sparse_graphs_need_no_full_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edge by edge the same numbers are found as by full matrices."""
    rng = np.random.default_rng(1)
    n, pairs = 600, np.unique(np.sort(rng.integers(0, 600, (900, 2)), axis=1), axis=0)
    rows, cols = pairs[pairs[:, 0] < pairs[:, 1]].T
    weights, visible = rng.normal(size=rows.size), rng.permutation(n)[: n - 4]
    model = mg.BoltzmannMachine((rows, cols, weights), rng.normal(size=n), visible=visible)
    data, whole = visible_rows(model), mg.BoltzmannMachine((rows, cols, weights))
    clamps = Rows(rng.choice(np.array([-1, 1], np.int8), (3, n)), np.full(3, 1 / 3))

    def found() -> list[Any]:
        (held,) = phase_moments(model, Enumeration(), data)
        (means,) = phase_moments(model, MeanField(num_iterations=3), data)
        given = Conditionals(model._topology, model.visible)
        sums = given.log_sums(model._parameters, 2 * data - 1)
        slopes = PseudoLikelihood().gradient(whole._topology, whole._parameters, clamps)
        return [*held, *means, sums, *slopes]

    columns = Topology.columns

    def few(graph: Topology, of_edges: Any, units: Any) -> Any:
        assert units.size < 5
        return columns(graph, of_edges, units)

    with monkeypatch.context() as patch:
        patch.setattr(Topology, "columns", few)
        by_edges = found()
    for dense in (model, whole):
        dense._topology.__dict__["sparse"] = False
    for one, other in zip(by_edges, found(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
