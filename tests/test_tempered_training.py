"""Negative phases by replica exchange: what they draw, and that they go on where they were."""

import copy
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.training.phases import Context, Negative, NegativePhase, Positive, Sample
from tools.ladders import counts_of, visible_law
from tools.laws import chi_square_excess
from tools.machines import all_visible, machine


def context_of(rbm: mg.RBM, batch_size: int = 100, seed: int = 3) -> Context:
    return Context(rbm, rbm.layers(), batch_size, seed)


def batch_of(rbm: mg.RBM, rows: int = 100) -> Positive:
    rng = np.random.default_rng(5)
    states = all_visible(rbm)
    v = states[rng.integers(len(states), size=rows)].astype(rbm.dtype)
    means = rbm.hidden_means(v)
    return Positive(v, means, rbm.sample_hidden(v, seed=2), np.full(rows, 1 / rows))


def drawn(phase: NegativePhase, batch: Positive, updates: range) -> list[Sample]:
    return [phase.advance(batch, update) for update in updates]


def test_states_at_beta_one_are_those_of_the_machine_while_the_ladder_adapts() -> None:
    rbm = machine("binary", "binary", m=4, scale=1.5)
    negative = mg.TemperedPCD(num_chains=4000, num_betas=4, adapt_every=5)
    phase: Any = negative.start(context_of(rbm))
    sample = drawn(phase, batch_of(rbm), range(40))[-1]
    assert chi_square_excess(counts_of(all_visible(rbm), sample.v), visible_law(rbm)) < 1
    np.testing.assert_allclose(sample.h_means, rbm.hidden_means(sample.v), atol=1e-12)
    assert sample.weights.sum() == pytest.approx(1)
    assert tuple(phase.chains.betas) != negative.betas
    assert phase.chains.betas[[0, -1]].tolist() == [0, 1]


@pytest.mark.parametrize("base", ["data", "uniform"])
def test_ladders_adapt_to_equal_rates_of_exchange(base: str) -> None:
    rbm = machine("binary", "binary", n=12, m=8, scale=1.2)
    uneven = [0.0, 0.02, 0.04, 0.06, 0.08, 1.0]
    negative = mg.TemperedPCD(num_chains=500, betas=uneven, adapt_every=10, base=base)
    phase: Any = negative.start(context_of(rbm))
    batch = batch_of(rbm)
    drawn(phase, batch, range(9))
    before = phase.chains.acceptance
    drawn(phase, batch, range(9, 99))
    after = phase.chains.acceptance
    assert before.min() < 0.2 < 0.9 < before.max()
    assert np.ptp(after) < 0.1
    figures = phase.figures()
    assert figures["exchange_rate"] == after.min()
    assert figures["round_trips"] > 500


@pytest.mark.parametrize("visible", ["binary", "categorical", "gaussian", "relu"])
def test_all_units_can_be_tempered(visible: str) -> None:
    rbm = machine(visible, "binary", n=3, m=2, scale=0.4)
    rng = np.random.default_rng(1)
    if visible in ("binary", "categorical"):
        batch = batch_of(rbm)
    else:
        v = np.abs(rng.normal(size=(100, 3)))
        h = rbm.sample_hidden(v, seed=1)
        batch = Positive(v, rbm.hidden_means(v), h, np.full(100, 0.01))
    phase = mg.TemperedPCD(num_chains=1600, num_betas=3).start(context_of(rbm))
    tempered = drawn(phase, batch, range(30))[-1].v
    plain = rbm.sample(1600, num_steps=60, seed=9)
    error = np.sqrt(tempered.var(axis=0) / 800)
    assert (np.abs(tempered.mean(axis=0) - plain.mean(axis=0)) < 4.5 * error).all()


NEGATIVES: dict[str, Negative] = {
    "tempered": mg.TemperedPCD(num_chains=7, num_betas=3, adapt_every=2),
    "trajectory": mg.TrajectoryPCD(num_chains=500, exchange_rate=0.999, max_machines=4),
    "auto": mg.PCD(steps="auto"),
    "uniform": mg.TemperedPCD(num_betas=3, base="uniform", adapt_every=0, steps=2),
}


def learning(phase: NegativePhase, rbm: mg.RBM, batch: Positive, updates: range) -> list[Sample]:
    """Return samples of a machine whose weights grow from update to update."""
    samples = []
    for update in updates:
        samples.append(copy.deepcopy(phase.advance(batch, update)))
        rbm.weights *= 1.05
    return samples


@pytest.mark.parametrize("name", NEGATIVES)
def test_a_phase_goes_on_from_its_state_as_if_nothing_had_been(name: str) -> None:
    rbm = machine("binary", "binary", m=4)
    batch, negative = batch_of(rbm, 10), NEGATIVES[name]
    phase = negative.start(context_of(rbm, 10))
    fresh = copy.deepcopy(phase.state())
    learning(phase, rbm, batch, range(5))
    state, saved = copy.deepcopy(phase.state()), rbm.copy()
    on = learning(phase, rbm, batch, range(5, 10))
    other = negative.start(context_of(saved, 10))
    other.restore(fresh)
    other.restore(state)
    again = learning(other, saved, batch, range(5, 10))
    for one, two in zip(on, again, strict=True):
        np.testing.assert_array_equal(one.v, two.v)
        np.testing.assert_array_equal(one.h_means, two.h_means)


@pytest.mark.parametrize("name", NEGATIVES)
def test_bits_do_not_depend_on_threads(name: str) -> None:
    runs = []
    for threads in (1, 2, 5):
        rbm = machine("binary", "binary", n=20, m=16)
        phase = NEGATIVES[name].start(Context(rbm, rbm.layers(threads), 30, 3))
        v = (np.random.default_rng(1).random((30, 20)) < 0.5).astype(float)
        batch = Positive(v, rbm.hidden_means(v), rbm.sample_hidden(v, seed=1), np.full(30, 1 / 30))
        runs.append(learning(phase, rbm, batch, range(6))[-1])
    for run in runs[1:]:
        np.testing.assert_array_equal(run.v, runs[0].v)
        np.testing.assert_array_equal(run.h_means, runs[0].h_means)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="betas must be at least 2, the last 1, got"):
        mg.TemperedPCD(betas=[0, 0.5])
    with pytest.raises(ValueError, match="betas must ascend"):
        mg.TemperedPCD(betas=[0, 0, 1])
    with pytest.raises(ValueError, match="base must be one of 'data', 'uniform', got 'model'"):
        mg.TemperedPCD(base="model")
    with pytest.raises(ValueError, match="num_betas must be at least 2, got 1"):
        mg.TemperedPCD(num_betas=1)
    rbm = mg.RBM(3, 2, visible="gaussian")
    with pytest.raises(ValueError, match="betas must begin above 0 where base is 'uniform'"):
        mg.TemperedPCD(base="uniform").start(context_of(rbm))
    mg.TemperedPCD(base="uniform", betas=[0.1, 1]).start(context_of(rbm))


def test_machines_of_a_trajectory_are_saved_and_thinned_as_learning_goes_on() -> None:
    rbm = machine("binary", "binary", m=4, scale=0.1)
    negative = mg.TrajectoryPCD(num_chains=500, exchange_rate=0.9, max_machines=6)
    phase: Any = negative.start(context_of(rbm))
    batch, counts = batch_of(rbm), []
    for update in range(80):
        phase.advance(batch, update)
        rbm.weights *= 1.04
        counts.append(phase.figures()["num_machines"])
        assert len(phase.saved) == counts[-1] - 1
        numbers = np.sort(phase.chains.walkers, axis=0)
        np.testing.assert_array_equal(numbers, np.indices(numbers.shape)[0])
    assert counts[0] <= 3
    assert max(counts) == counts[-1] == 6
    assert not phase.saved[0].weights.any()
    sizes = [float(np.abs(pair.weights).mean()) for pair in phase.chains.pairs]
    assert sizes == sorted(sizes)
    assert phase.figures()["round_trips"] > 500
    rbm.weights /= 1.04  # of the last update that was seen
    sample = [phase.advance(batch, 80 + update) for update in range(30)][-1]
    assert chi_square_excess(counts_of(all_visible(rbm), sample.v), visible_law(rbm)) < 1


@pytest.mark.parametrize("base", ["data", "uniform"])
def test_all_products_of_an_update_know_the_weights_for_the_same(base: str) -> None:
    """What the core makes ready for a version of the weights, it makes ready once an update."""
    rbm = machine("binary", "binary")
    context, batch = context_of(rbm), batch_of(rbm)
    phase: Any = mg.TemperedPCD(num_chains=3, num_betas=3, base=base).start(context)
    for update in range(2):
        with context.same_parameters():
            phase.advance(batch, update)
            assert phase.chains.pair.version == context.pair.version is not None
        rbm.weights += 0.1  # the next update promises anew
    phase.restore(phase.state())
    assert phase.chains.pair.version is None  # outside, nobody promises anything
