"""Word counts: log Z over count vectors, the gradient, chains that keep lengths, real documents."""

import math
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.layers import Draws
from magnetite.relatives.counts import draw_counts
from magnetite.training import Positive, Sample
from magnetite.training.gradient import Coordinates
from magnetite.training.optimizers import Steps
from tools.documents import (
    DOCUMENTS,
    WORDS,
    count_vectors,
    hidden_states,
    log_z,
    multiplicities,
    negative_energies,
    random_model,
)

Floats = NDArray[np.float64]
EPSILON = 1e-5


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5])
def test_log_z_is_the_sum_over_counts_with_their_multiplicity(length: int) -> None:
    model = random_model()
    assert model.log_partition(length)[length].value == pytest.approx(
        log_z(model, length), abs=1e-10
    )
    machine = model.of_length(length)
    assert machine.log_partition().value == pytest.approx(log_z(model, length), abs=1e-10)


def test_log_z_without_multiplicity_is_another() -> None:
    model = random_model()
    plain = np.log(np.exp(negative_energies(model, count_vectors(3), hidden_states())).sum())
    assert abs(model.log_partition(3)[3].value - plain) > 0.1


def test_log_z_of_many_lengths_is_that_of_each() -> None:
    model = random_model()
    together = model.log_partition([5, 1, 3, 3])
    assert list(together) == [1, 3, 5]
    assert all(together[n].value == model.log_partition(n)[n].value for n in together)


@pytest.mark.parametrize("length", [1, 4])
def test_probabilities_of_counts_sum_to_one(length: int) -> None:
    model, v = random_model(), count_vectors(length)
    of_counts = np.exp(model.log_probabilities(v, ordered=False))
    of_orders = np.exp(model.log_probabilities(v))
    assert of_counts.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(of_counts, multiplicities(v) * of_orders, rtol=1e-12)


def test_scores_are_means_of_log_probabilities() -> None:
    model, lengths = random_model(), DOCUMENTS.sum(axis=1)
    logs = np.array(
        [
            np.logaddexp.reduce(negative_energies(model, v[None], hidden_states())[0])
            - log_z(model, int(v.sum()))
            for v in DOCUMENTS
        ]
    )
    np.testing.assert_allclose(model.log_probabilities(DOCUMENTS), logs, atol=1e-10)
    found = model.log_likelihood(DOCUMENTS)
    assert (found.value, found.error) == (pytest.approx(logs.mean(), abs=1e-10), 0.0)
    with_orders = model.log_likelihood(DOCUMENTS, ordered=False).value
    coefficients = np.log(multiplicities(DOCUMENTS))
    assert with_orders == pytest.approx((logs + coefficients).mean(), abs=1e-10)
    of_documents, of_words = (
        model.perplexity(DOCUMENTS, average=kind).value for kind in ("documents", "words")
    )
    assert of_documents == pytest.approx(np.exp(-(logs / lengths).mean()), rel=1e-10)
    assert of_words == pytest.approx(np.exp(-logs.sum() / lengths.sum()), rel=1e-10)


def test_annealed_log_z_of_each_length_has_the_exact_one_in_its_bracket() -> None:
    model = random_model()
    exact = model.log_partition([2, 6])
    annealed = model.log_partition([2, 6], method="annealed", num_betas=80, seed=1)
    for length, found in annealed.items():
        assert found.reliable
        assert found.bracket[0] < exact[length].value < found.bracket[1]
        assert abs(found.value - exact[length].value) < 4 * found.error
    assert annealed[2].value != annealed[6].value
    score = model.log_likelihood(DOCUMENTS[[0]] * 2, log_z=annealed)
    assert score.error == annealed[6].error > 0
    perplexity = model.perplexity(DOCUMENTS[[0]] * 2, log_z=annealed)
    assert perplexity.bracket[0] < perplexity.value < perplexity.bracket[1]


@pytest.mark.slow
@pytest.mark.parametrize("length", [2, 6])
def test_more_topics_than_can_be_summed_are_annealed(length: int) -> None:
    rng = np.random.default_rng(1)
    weights = 0.4 * rng.standard_normal((WORDS, 30))
    model = mg.ReplicatedSoftmax(
        WORDS, 30, weights=weights, visible_bias=rng.standard_normal(WORDS)
    )
    v = count_vectors(length)
    exact = np.logaddexp.reduce(np.log(multiplicities(v)) - model.free_energy(v))
    found = model.log_partition(length, num_betas=500, num_chains=50, seed=1)[length]
    assert (found.method, found.verdict) == ("annealed", "reliable")
    assert abs(found.value - exact) < 4 * found.error < 0.1
    assert found.bracket[0] < exact < found.bracket[1]


def test_a_refused_log_z_refuses_the_score_and_keeps_its_bracket() -> None:
    model = random_model()
    known = model.log_partition(3, method="annealed", num_betas=50, starts="none", seed=1)
    found = model.perplexity(DOCUMENTS[[0]], log_z=known)
    assert not found.reliable
    assert found.reason.startswith("1 of 1 log Z are refused")
    assert math.isnan(found.value)
    assert found.bracket[1] < math.inf or found.bracket[0] > 0


def test_energies_are_those_of_the_formula() -> None:
    model, h = random_model(), hidden_states()
    for v in DOCUMENTS:
        rows = np.repeat(v[None], len(h), axis=0)
        found = model.of_length(int(v.sum())).energy(rows, h)
        wanted = -negative_energies(model, v[None], h)[0]
        np.testing.assert_allclose(found, wanted, atol=1e-12)
        machine = model.copy()._documents
        machine.scale_to(2.5)  # that of the trainer, which callbacks see
        np.testing.assert_allclose(machine.energy(rows, h), wanted, atol=1e-12)
    wanted = -np.logaddexp.reduce(negative_energies(model, DOCUMENTS, h), axis=1)
    np.testing.assert_allclose(model.free_energy(DOCUMENTS), wanted, atol=1e-12)
    inputs = DOCUMENTS @ model.weights + np.outer(DOCUMENTS.sum(axis=1), model.hidden_bias)
    np.testing.assert_allclose(model.transform(DOCUMENTS), 1 / (1 + np.exp(-inputs)), atol=1e-12)


def test_one_word_is_a_document_of_length_one() -> None:
    model, v = random_model(), np.eye(WORDS)
    one, other = model.one_word(), model.of_length(1)
    np.testing.assert_allclose(one.free_energy(v), other.free_energy(v), atol=1e-12)


# Draws.


def test_counts_have_the_moments_of_the_multinomial_law() -> None:
    rows, length = 20_000, 6
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    u = np.random.default_rng(1).random((rows, WORDS))
    drawn = draw_counts(np.tile(shares, (rows, 1)), np.full(rows, length), u)
    assert (drawn.sum(axis=1) == length).all()
    covariance = length * (np.diag(shares) - np.outer(shares, shares))
    errors = np.sqrt(np.diag(covariance) / rows)
    assert (np.abs(drawn.mean(axis=0) - length * shares) < 4 * errors).all()
    about = drawn - length * shares
    products = about[:, :, None] * about[:, None, :]
    errors = products.std(axis=0) / np.sqrt(rows)
    assert (np.abs(products.mean(axis=0) - covariance) < 4 * errors).all()


def test_words_are_drawn_in_parts_where_they_are_many(monkeypatch: Any) -> None:
    rng = np.random.default_rng(1)
    shares, lengths = rng.dirichlet(np.ones(WORDS), 9), rng.integers(0, 40, 9)
    u = rng.random((9, WORDS))
    whole = draw_counts(shares, lengths, u)
    monkeypatch.setattr("magnetite.relatives.counts.WORDS_AT_ONCE", 30)
    np.testing.assert_array_equal(draw_counts(shares, lengths, u), whole)


def chi_square(drawn: Floats, states: Floats, chances: Floats) -> float:
    """Pearson's statistic less its mean, in its standard deviations."""
    counts = (drawn[:, None, :] == states).all(axis=2).sum(axis=0)
    expected = len(drawn) * chances
    freedom = len(states) - 1
    return float((((counts - expected) ** 2 / expected).sum() - freedom) / np.sqrt(2 * freedom))


@pytest.mark.parametrize("wrong", [False, True])
def test_chains_stay_at_exact_draws_of_each_length(wrong: bool) -> None:
    model, rows = random_model(), 10_000
    documents = model._documents
    documents.scale_to(2.5)
    laws = {}
    v = np.empty((0, WORDS))
    for length in (2, 3):
        states = count_vectors(length)
        chances = np.exp(model.log_probabilities(states, ordered=False))
        chosen = np.random.default_rng(length).choice(len(states), rows, p=chances / chances.sum())
        v, laws[length] = np.concatenate([v, states[chosen]]), (states, chances)
    layers, pair, ones = documents.layers(), documents.pair, np.ones(len(v))
    h = layers.hidden(v, pair, ones, Draws(5, 0, 0))[1]
    if wrong:
        documents.hidden_bias += 1.0
    layers.gibbs(v, h, pair, ones, Draws(5, 0, 1), 4)
    found = []
    for part, (length, (states, chances)) in zip((v[:rows], v[rows:]), laws.items(), strict=True):
        assert (part.sum(axis=1) == length).all()
        found.append(chi_square(part, states, chances))
    assert max(found) > 8 if wrong else max(found) < 4


def test_samples_follow_the_model() -> None:
    model, states = random_model(), count_vectors(3)
    drawn = model.sample(3, 4000, num_steps=15, seed=1)
    assert drawn.dtype == np.int64
    chances = np.exp(model.log_probabilities(states, ordered=False))
    assert chi_square(drawn, states, chances) < 4
    np.testing.assert_array_equal(drawn, model.sample(3, 4000, num_steps=15, seed=1))


# The gradient.


def exact_sample(model: mg.ReplicatedSoftmax, data: Floats) -> Sample:
    """The model's own rows given the lengths of the data, each with its weight."""
    parts = []
    for length in data.sum(axis=1):
        v = count_vectors(int(length))
        chances = np.exp(model.log_probabilities(v, ordered=False)) / len(data)
        parts.append((v, model.transform(v), chances))
    v, h, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Sample(v, h, weights)


def gradient_of(model: mg.ReplicatedSoftmax, kind: str) -> tuple[dict[str, Any], Coordinates]:
    documents = model._documents
    means, share = model.transform(DOCUMENTS), np.full(len(DOCUMENTS), 1 / len(DOCUMENTS))
    positive = Positive(DOCUMENTS, means, means, share)
    coordinates = Coordinates(cast(mg.RBM, documents), kind, 0.01)
    coordinates.follow(positive)
    sample = exact_sample(model, DOCUMENTS)
    found = coordinates.gradient(documents.layers(), positive, sample)
    return {name: value.copy() for name, value in found.items()}, coordinates


def test_the_gradient_is_that_of_the_exact_likelihood() -> None:
    model = random_model()
    model._documents.scale_to(2.75)
    gradient, _ = gradient_of(model, "plain")
    for name, found in gradient.items():
        values = getattr(model._documents, name)
        for index in np.ndindex(values.shape):
            before, sides = values[index], []
            for step in (EPSILON, -EPSILON):
                values[index] = before + step
                sides.append(model.log_likelihood(DOCUMENTS).value)
            values[index] = before
            slope = (sides[0] - sides[1]) / (2 * EPSILON)
            assert found[index] == pytest.approx(slope, abs=1e-7), name


def test_centred_coordinates_move_each_document_by_its_own_length() -> None:
    model = random_model()
    model._documents.scale_to(2.75)
    plain, _ = gradient_of(model, "plain")
    centred, coordinates = gradient_of(model, "centered")
    mu, lam = coordinates.mu, coordinates.lam
    outer = np.multiply.outer
    wanted = plain["weights"] - outer(mu, plain["hidden_bias"]) - outer(plain["visible_bias"], lam)
    np.testing.assert_allclose(centred["weights"], wanted, atol=1e-12)
    # A step of the weights in these coordinates changes energies as it says, up to constants.
    h, v = hidden_states(), count_vectors(4)
    before = negative_energies(model, v, h)
    step = {name: np.zeros_like(value) for name, value in plain.items()}
    step["weights"] = np.random.default_rng(1).standard_normal(plain["weights"].shape)
    coordinates.add(model._documents.layers(), Steps(step, 1.0))
    change = negative_energies(model, v, h) - before
    moved = (v - 4 / 2.75 * mu) @ step["weights"] @ (h - lam).T
    np.testing.assert_allclose(change - change[0, 0], moved - moved[0, 0], atol=1e-12)
