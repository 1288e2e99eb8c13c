"""Ratings by a machine with absent units: exact laws, learning, predictions, and bad input."""

import itertools
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.relatives import Ratings
from magnetite.training import CD, Context, Positive
from magnetite.training.gradient import Coordinates
from magnetite.training.held import HeldCD
from planted_ratings import damped_means, errors_of, planted, rmse

Rows = NDArray[Any]
NAN = np.nan
X = np.array([[3, NAN, 1, NAN], [NAN, 2, 2, NAN], [1, 1, NAN, 3], [NAN, NAN, NAN, NAN]])


def machine(conditional: bool = False, seed: int = 1) -> mg.RatingsRBM:
    """Four items, three ratings, three hidden units; all parameters drawn."""
    rng = np.random.default_rng(seed)
    made = mg.RatingsRBM(4, 3, ratings=3, conditional=conditional, dtype="float64")
    made.rbm.weights[:] = rng.standard_normal(made.rbm.weights.shape)
    made.rbm.visible_bias[:12] = rng.standard_normal(12)
    made.rbm.hidden_bias[:] = rng.standard_normal(3)
    return made


def law_of_user(made: mg.RatingsRBM, row: Rows) -> dict[tuple[float, ...], float]:
    """The chance of all ratings of the items that a user has rated, hidden units summed out.

    Written out for a machine of these items alone.
    """
    rated = np.flatnonzero(~np.isnan(row))
    w = made.rbm.weights[:12].reshape(4, 3, 3)
    b = made.rbm.visible_bias[:12].reshape(4, 3)
    c = made.rbm.hidden_bias.copy()
    if made.conditional:
        c += made.rbm.weights[12:][rated].sum(axis=0)
    sums = {}
    for states in itertools.product(range(3), repeat=len(rated)):
        chosen = list(states)
        x = c + w[rated, chosen].sum(axis=0)
        sums[states] = float(np.exp(b[rated, chosen].sum()) * np.prod(1 + np.exp(x)))
    total = sum(sums.values())
    return {states: value / total for states, value in sums.items()}


# The law.


@pytest.mark.parametrize("conditional", [False, True])
def test_exact_predictions_are_those_of_all_states(conditional: bool) -> None:
    """Of a rated item given the others; of an item that is not, in a machine that it joins."""
    made = machine(conditional)
    found = made.predict_proba(X, method="exact")
    for user, row in enumerate(X):
        for item in range(4):
            joined = row.copy()
            joined[item] = 1  # any: all are summed over
            law = law_of_user(made, joined)
            if conditional and np.isnan(row[item]):  # then it is not known to be rated
                plain = machine(conditional)
                plain.rbm.weights[12 + item] = 0
                law = law_of_user(plain, joined)
            rated = np.flatnonzero(~np.isnan(joined)).tolist()
            at, chances = rated.index(item), np.zeros(3)
            for states, chance in law.items():
                others = [s for i, s in zip(rated, states, strict=True) if i != item]
                if others == [int(row[i]) - 1 for i in rated if i != item]:
                    chances[states[at]] += chance
            np.testing.assert_allclose(found[user, item], chances / chances.sum(), atol=1e-12)
    np.testing.assert_allclose(made.predict(X, method="exact"), found @ [1, 2, 3])


def test_mean_fields_are_those_of_the_paper() -> None:
    made = machine()
    w, b = made.rbm.weights.reshape(4, 3, 3), made.rbm.visible_bias.reshape(4, 3)
    for user, row in enumerate(X):
        inputs = made.rbm.hidden_bias.copy()
        for item in np.flatnonzero(~np.isnan(row)):
            inputs += w[item, int(row[item]) - 1]
        weights = np.exp(b + w @ (1 / (1 + np.exp(-inputs))))
        expected = weights / weights.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(made.predict_proba(X)[user], expected, atol=1e-12)


@pytest.mark.parametrize("conditional", [False, True])
def test_held_chains_have_the_law_of_the_user(conditional: bool) -> None:
    made, count = machine(conditional), 3000
    made.rbm.weights *= 0.5
    v = np.repeat(made._encoded(made._checked("X", X[:1])), count, axis=0)
    h = made.rbm.sample_hidden(v, seed=3)
    positive = Positive(v, made.rbm.hidden_means(v), h, np.full(count, 1 / count))
    context = Context(made.rbm, made.rbm.layers(), count, 7)
    sample = HeldCD((10,)).start(context).advance(positive, 0)
    law = law_of_user(made, X[0])
    for states, chance in law.items():
        drawn = np.ones(count, np.bool_)
        for item, state in zip((0, 2), states, strict=True):
            drawn &= sample.v[:, 3 * item + state] == 1
        assert abs(drawn.mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / count)
    absent = [3, 4, 5, 9, 10, 11]
    np.testing.assert_array_equal(sample.v[:, absent], 0)
    np.testing.assert_array_equal(sample.v[:, 12:], v[:, 12:])
    plain = CD(10).start(context).advance(positive, 0)  # which draws what nobody has rated
    assert plain.v[:, absent].any()


def test_nothing_is_learnt_of_items_that_nobody_rates() -> None:
    made = machine()
    some = X.copy()
    some[:, 3] = NAN
    v = made._encoded(made._checked("X", some))
    means = made.rbm.hidden_means(v)
    positive = Positive(v, means, made.rbm.sample_hidden(v, seed=1), np.full(4, 0.25))
    context = Context(made.rbm, made.rbm.layers(), 4, 1)
    sample = HeldCD((2,)).start(context).advance(positive, 0)
    found = Coordinates(made.rbm, "plain", 0.01).gradient(context.layers, positive, sample)
    assert not found["weights"][9:].any()
    assert not found["visible_bias"][9:].any()
    assert all(found["weights"][item : item + 3].any() for item in (0, 3, 6))


def test_first_biases_are_the_shares_of_ratings() -> None:
    made = mg.RatingsRBM(2, 1, ratings=2, dtype="float64")
    made.fit([[1, NAN]] * 30 + [[2, NAN]] * 90, epochs=0, seed=1)
    shares = np.array([30.5, 90.5]) / 121
    own = np.array([30, 90]) + 5 * shares
    expected = np.log([own, shares])
    expected -= expected.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(made.rbm.visible_bias, expected.ravel(), atol=1e-12)
    weights = made.rbm.weights.copy()
    assert 0 < np.abs(weights).max() < 0.1
    made.fit([[1, 2]], epochs=0, seed=2)  # goes on from what is there
    np.testing.assert_array_equal(made.rbm.weights, weights)


# Learning.


def test_planted_ratings_are_predicted_better_than_by_means() -> None:
    data = planted()
    made = mg.RatingsRBM(100, 20)
    run = made.fit(
        data.train,
        validation=data.test,
        optimizer=mg.Adam(mg.training.Cosine(0.01)),
        epochs=25,
        monitor_every=25,
        seed=1,
        num_threads=1,
    )
    ours = errors_of(made.predict(data.train), data.test)
    base = errors_of(damped_means(data.train), data.test)
    oracle = errors_of(data.expected, data.test)
    gain = base**2 - ours**2
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    print(f"RMSE {rmse(ours):.4f}, means {rmse(base):.4f}, oracle {rmse(oracle):.4f}")
    assert gain.mean() > 6 * error
    assert rmse(oracle) < rmse(ours) < 0.8 < 0.9 < rmse(base)
    np.testing.assert_allclose(run.history["validation_rmse"][-1], rmse(ours), rtol=1e-6)
    assert made.rmse(data.train, data.test) == pytest.approx(rmse(ours))
    assert made.rmse(data.train, data.test, method="exact") < 0.8
    assert "reconstruction_error" not in run.history
    assert "pseudo_log_likelihood" not in run.history


def test_what_is_rated_tells_the_taste_of_users() -> None:
    """Ten items tell the kind of a user by whether they are rated, not by the rating."""
    rng = np.random.default_rng(1)
    kinds = rng.integers(0, 2, (200, 1))
    told = (np.arange(10) < 5) == (kinds == 0)
    rated = np.hstack(
        [rng.random((200, 10)) < np.where(told, 0.6, 0.1), rng.random((200, 5)) < 0.3]
    )
    coins = np.hstack([rng.integers(1, 6, (200, 10)), np.where(kinds, [5] * 5, [1] * 5)])
    held = np.hstack([np.zeros((200, 10), np.bool_), rng.random((200, 5)) < 0.5])
    train, test = (np.where(rated & there, coins, NAN) for there in (~held, held))
    squares = []
    for conditional in (False, True):
        made = mg.RatingsRBM(15, 5, conditional=conditional)
        made.fit(train, optimizer=mg.Adam(0.02), epochs=20, monitor_every=20, seed=1)
        squares.append(((made.predict(train) - test) ** 2)[~np.isnan(test)])
    gain = squares[0] - squares[1]
    assert gain.mean() > 3 * gain.std(ddof=1) / np.sqrt(len(gain))


def test_a_fit_is_a_function_of_the_seed_and_of_the_ratings() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    known = np.where(np.isnan(X), 0, X)
    users, items = np.nonzero(known)
    triples = Ratings(users, items, known[users, items], X.shape)

    def weights(data: Any, seed: int = 1, num_threads: int = 1) -> Rows:
        made = mg.RatingsRBM(4, 3, ratings=3)
        made.fit(data, epochs=5, batch_size=2, seed=seed, num_threads=num_threads)
        return made.rbm.weights

    first = weights(X)
    for same in (X.tolist(), sparse.csr_array(known), sparse.coo_matrix(known), triples):
        np.testing.assert_array_equal(weights(same), first)
    np.testing.assert_array_equal(weights(X, num_threads=2), first)
    assert (weights(X, seed=2) != first).any()


def test_steps_grow_and_a_training_that_was_cut_goes_on(tmp_path: Path) -> None:
    options: dict[str, Any] = {"batch_size": 2, "optimizer": mg.SGD(0.1), "seed": 1}
    whole, cut, again = (mg.RatingsRBM(4, 3, ratings=3) for _ in range(3))
    run = whole.fit(X, epochs=8, steps=[1, 3], **options)
    assert run.info["negative"] == "HeldCD(steps=(1, 3))"
    one = mg.RatingsRBM(4, 3, ratings=3)
    one.fit(X, epochs=8, steps=1, **options)
    assert (one.rbm.weights != whole.rbm.weights).any()

    def stop(progress: Any) -> bool:
        return bool(progress.epoch == 5)

    path = tmp_path / "run.npz"
    options |= {"epochs": 8, "steps": [1, 3], "checkpoint": path}
    cut.fit(X, callbacks=[stop], **options)
    again.fit(X, resume=True, **options | {"seed": None})  # that of the checkpoint
    np.testing.assert_array_equal(again.rbm.weights, whole.rbm.weights)


def test_a_training_that_goes_on_may_be_longer(tmp_path: Path) -> None:
    options: dict[str, Any] = {"batch_size": 2, "optimizer": mg.SGD(0.1), "steps": 2}
    options |= {"checkpoint": tmp_path / "run.npz", "resume": True}
    whole, parts = (mg.RatingsRBM(4, 3, ratings=3) for _ in range(2))
    parts.fit(X, epochs=3, **options)
    run = parts.fit(X, epochs=6, **options)
    whole.fit(X, epochs=6, batch_size=2, optimizer=mg.SGD(0.1), steps=2, seed=run.info["seed"])
    np.testing.assert_array_equal(parts.rbm.weights, whole.rbm.weights)


def test_early_stopping_and_ctrl_c() -> None:
    data = planted(users=40, items=20, seed=2)
    made = mg.RatingsRBM(20, 30)
    stop = mg.training.EarlyStopping("validation_rmse", mode="min", patience=5)
    run = made.fit(
        data.train, validation=data.test, callbacks=[stop], epochs=500, seed=1, num_threads=1
    )
    assert run.info["stop_reason"] == "callback"
    best = np.nanmin(run.history["validation_rmse"])
    assert made.rmse(data.train, data.test) == pytest.approx(best, rel=1e-5)

    def interrupt(progress: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        made.fit(data.train, epochs=50, callbacks=[interrupt], seed=1)
    assert caught.value.result.info["epochs"] == 1


def test_figures_are_of_users_who_have_such_ratings() -> None:
    users, held_out = np.tile(X, (300, 1)), np.full((1200, 4), NAN)
    held_out[1101, 0] = 3.0
    made = mg.RatingsRBM(4, 3, ratings=3)
    run = made.fit(users, validation=held_out, epochs=1, seed=1)
    assert run.history["validation_rmse"][0] == pytest.approx(made.rmse(users, held_out))
    run = made.fit(X, validation=np.full(X.shape, NAN), epochs=1, seed=1)
    assert "validation_rmse" not in run.history


def test_without_a_beginning_parameters_are_left() -> None:
    made = mg.RatingsRBM(4, 3, ratings=3)
    made.fit(X, epochs=0, initial=None, seed=1)
    assert not made.rbm.weights.any()
    assert not made.rbm.visible_bias.any()


# Predictions, copies, files.


def test_recommendations_are_the_best_of_what_is_not_rated(monkeypatch: Any) -> None:
    made = machine()
    found = made.recommend(X, 3)
    expected = made.predict(X)
    for user, row in enumerate(X):
        free = np.flatnonzero(np.isnan(row))
        best = free[np.argsort(-expected[user, free], kind="stable")][:3]
        assert found.items[user].tolist() == best.tolist() + [-1] * (3 - len(best))
        np.testing.assert_array_equal(found.ratings[user, : len(best)], expected[user, best])
        assert np.isnan(found.ratings[user, len(best) :]).all()
    assert repr(found) == "<Recommendations: 3 items for each of 4 users>"
    assert made.recommend(X).items.shape == (4, 4)
    monkeypatch.setattr("magnetite.relatives.rating_predictions.NUMBERS_AT_ONCE", 20)
    for method in ("mean_field", "exact"):
        np.testing.assert_array_equal(made.predict(X), expected)
        by_one = [made.predict(row[None], method=method)[0] for row in X]
        np.testing.assert_array_equal(made.predict(X, method=method), by_one)


@pytest.mark.parametrize("conditional", [False, True])
def test_copies_and_files_are_the_same_machine(conditional: bool, tmp_path: Path) -> None:
    made = machine(conditional)
    told = ", conditional" if conditional else ""
    made.save(tmp_path / "machine.npz")
    for other in (
        mg.load(tmp_path / "machine.npz"),
        pickle.loads(pickle.dumps(made)),
        made.copy(),
        made.astype("float32").astype("float64"),
    ):
        assert repr(other) == repr(made) == f"RatingsRBM(4 items, 3 hidden, ratings 1 to 3{told})"
        np.testing.assert_allclose(other.predict(X), made.predict(X), atol=1e-6)
        assert (other.ratings == made.ratings).all()
        other.fit(X, epochs=1, seed=1)
    assert (other.rbm.weights != made.rbm.weights).any()
    assert (made.num_items, made.n_hidden, made.ratings.tolist()) == (4, 3, [1, 2, 3])


def test_ratings_may_be_any_rising_numbers() -> None:
    made = mg.RatingsRBM(2, 2, ratings=[-1.5, 0.0, 0.5])
    made.rbm.visible_bias[:3] = [0, 0, 9]
    assert made.predict([[NAN, -1.5]]).round(1).tolist() == [[0.5, -0.3]]
    assert made.recommend([[NAN, 0.5]], 1).items.tolist() == [[0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m: m.fit([[1, 2, 3, 4]]),
            "X must hold ratings (1, 2, 3), or nan for none, got 4 at",
        ),
        (lambda m: m.fit([[1, 2.5, 3, 1]]), "got 2.5 at index (0, 1)"),
        (lambda m: m.fit([[1, 2, 3, np.inf]]), "X must be finite, got inf at index (0, 3)"),
        (lambda m: m.fit([[1, 0, 3, 1]]), "got 0 at index (0, 1)"),
        (lambda m: m.fit([[1, 2, 3]]), "X must have shape (users, 4), got (1, 3)"),
        (lambda m: m.fit([1, 2, 3, 1]), "X must have shape (users, items), got (4,)"),
        (lambda m: m.fit(np.full((2, 4), NAN)), "X must hold at least one rating, got none"),
        (
            lambda m: m.fit(X, validation=X[:2]),
            "validation must have the shape of X, (4, 4), got (",
        ),
        (lambda m: m.fit(X, steps=0), "steps must be at least 1, got 0"),
        (lambda m: m.fit(X, epochs=-1), "epochs must be at least 0, got -1"),
        (lambda m: m.fit(X, batch_size=0), "batch_size must be at least 1, got 0"),
        (lambda m: m.predict(X[:, :2]), "X must have shape (users, 4), got (4, 2)"),
        (lambda m: m.predict(X * 9), "X must hold ratings (1, 2, 3), or nan for none, got 27"),
        (lambda m: m.predict(X, method="best"), "method must be one of 'mean_field', 'exact'"),
        (lambda m: m.recommend(X, 0), "k must be at least 1, got 0"),
        (lambda m: m.rmse(X, X * NAN), "held_out must have the shape of X, (4, 4), and at least"),
        (lambda m: mg.RatingsRBM(4, 2, ratings=1), "ratings must be at least 2, got 1"),
        (
            lambda m: mg.RatingsRBM(4, 2, ratings=[2, 1]),
            "ratings must be two numbers at least, ris",
        ),
        (lambda m: mg.RatingsRBM(0, 2), "num_items must be at least 1, got 0"),
    ],
)
def test_bad_input_is_refused(call: Any, message: str) -> None:
    made = machine()
    before = made.rbm.weights.copy()
    with pytest.raises(ValueError, match=re.escape(message)):
        call(made)
    np.testing.assert_array_equal(made.rbm.weights, before)


def test_other_types_are_refused() -> None:
    made = machine()
    with pytest.raises(TypeError, match="X must hold real numbers"):
        made.fit([["a", "b", "c", "d"]])
    with pytest.raises(TypeError, match=r"steps must be an integer, got 1\.5"):
        made.fit(X, steps=[1, 1.5])
    with pytest.raises(TypeError, match="negative must be left out"):
        machine().fit(X, negative=mg.PCD())
    with pytest.raises(TypeError, match="steps must be a tuple of integers"):
        made.fit(X, steps=[])
    with pytest.raises(TypeError, match="callbacks must be a list"):
        made.fit(X, callbacks=print)
    with pytest.raises(TypeError, match="conditional must be True or False, got 1"):
        mg.RatingsRBM(4, 2, conditional=1)
