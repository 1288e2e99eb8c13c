"""Word counts: learning topics, streams, files, bad input, real documents."""

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

import magnetite as mg
from magnetite.relatives.counts import Counts
from tools.documents import DOCUMENTS, random_model

Floats = NDArray[np.float64]

TOPIC_SHARES = np.array([[0.28] * 3 + [0.16 / 3] * 3, [0.16 / 3] * 3 + [0.28] * 3])


def two_topics(rows: int = 60, seed: int = 1, shortest: int = 4) -> NDArray[np.int64]:
    """Documents of up to 20 words, each most of all of the first or of the last three."""
    rng = np.random.default_rng(seed)
    return np.array(
        [
            rng.multinomial(rng.integers(shortest, 21), TOPIC_SHARES[topic])
            for topic in rng.integers(2, size=rows)
        ]
    )


def true_perplexity(X: NDArray[np.int64]) -> float:
    """That of the law which the documents were drawn from."""
    logs = np.logaddexp.reduce(X @ np.log(TOPIC_SHARES.T), axis=1) - math.log(2)
    return float(np.exp(-(logs / X.sum(axis=1)).mean()))


def test_topics_are_found() -> None:
    model = mg.ReplicatedSoftmax(6, 1)
    run = model.fit(two_topics(200), epochs=50, batch_size=20, optimizer=mg.SGD(0.03), seed=1)
    held_out = two_topics(300, seed=2)
    truth = true_perplexity(held_out)
    assert truth < 5.1 < 6  # as of words alone
    assert truth < model.perplexity(held_out).value < 1.03 * truth
    assert set(model.top_words(0, "abcdef", count=3)) in (set("abc"), set("def"))
    figures = run.history["reconstruction_perplexity"]
    assert figures[-1] < 5.2 < figures[0]


def test_persistent_chains_serve_documents_of_one_length() -> None:
    X, held_out = (two_topics(200, seed, shortest=20) for seed in (1, 2))
    model = mg.ReplicatedSoftmax(6, 1)
    negative = mg.PCD(num_chains=200, steps=5)
    model.fit(X, negative=negative, epochs=30, optimizer=mg.SGD(0.06), monitor_every=30, seed=1)
    assert model.perplexity(held_out).value < 1.05 * true_perplexity(held_out)
    assert (model._documents.chains[0].sum(axis=1) == 20).all()


def test_no_bit_hangs_on_threads_or_on_how_data_are_kept() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    X = two_topics()
    found = []
    for data, threads in ((X, 1), (X, 2), (sparse.csr_array(X), 1), (X.astype(np.float32), 1)):
        model = mg.ReplicatedSoftmax(6, 2)
        model.fit(data, epochs=3, batch_size=20, num_threads=threads, seed=4)
        found.append(np.concatenate([model.weights.ravel(), model.hidden_bias]))
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
    model = mg.ReplicatedSoftmax(6, 2)
    model.fit(X, epochs=3, batch_size=20, seed=5)
    assert (model.weights.ravel() != found[0][:12]).any()
    np.testing.assert_array_equal(
        model.log_probabilities(sparse.csr_array(X)), model.log_probabilities(X)
    )


def test_a_training_that_was_broken_off_goes_on_at_the_same_bits(tmp_path: Path) -> None:
    X, options = two_topics(), {"batch_size": 20, "optimizer": mg.SGD(0.1), "seed": 3}
    whole, parts = mg.ReplicatedSoftmax(6, 2), mg.ReplicatedSoftmax(6, 2)
    whole.fit(X, epochs=6, **options)

    class Stop:
        def __call__(self, progress: Any) -> bool:
            return bool(progress.epoch == 3)

    path = tmp_path / "checkpoint.npz"
    parts.fit(X, epochs=6, checkpoint=path, callbacks=[Stop()], **options)
    assert (parts.weights != whole.weights).any()
    parts = mg.ReplicatedSoftmax(6, 2)
    parts.fit(X, epochs=6, checkpoint=path, resume=True, **options)
    np.testing.assert_array_equal(parts.weights, whole.weights)
    np.testing.assert_array_equal(parts.hidden_bias, whole.hidden_bias)


def test_streams_go_on_in_pickles() -> None:
    X, options = two_topics(), {"batch_size": 20, "seed": 3}
    straight, broken = mg.ReplicatedSoftmax(6, 2), mg.ReplicatedSoftmax(6, 2)
    for start in (0, 20, 40):
        straight.partial_fit(X[start : start + 20], **options)
        broken = pickle.loads(pickle.dumps(broken))
        broken.partial_fit(X[start : start + 20], **options)
    assert straight.weights.any()
    np.testing.assert_array_equal(broken.weights, straight.weights)


def test_another_typical_length_is_the_same_model() -> None:
    model = random_model()
    before = model.log_probabilities(DOCUMENTS)
    model._documents.scale_to(17.0)
    np.testing.assert_allclose(model.log_probabilities(DOCUMENTS), before, atol=1e-12)


# Copies and files.


def test_files_copies_and_pickles_hold_the_model(tmp_path: Path) -> None:
    model = mg.ReplicatedSoftmax(6, 2)
    model.fit(two_topics(), epochs=2, seed=1)
    model.save(tmp_path / "model.npz")
    for other in (
        mg.load(tmp_path / "model.npz"),
        model.copy(),
        pickle.loads(pickle.dumps(model)),
    ):
        assert type(other) is mg.ReplicatedSoftmax
        assert repr(other) == "ReplicatedSoftmax(6 words, 2 binary)"
        for name in ("weights", "visible_bias", "hidden_bias"):
            np.testing.assert_array_equal(getattr(other, name), getattr(model, name))
        other.weights[:] = 0
    assert model.weights.any()


# Bad input.


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1, -1, 3, 0]], "whole numbers, at least 0"),
        ([[0.5, 1, 1, 0]], "whole numbers"),
        ([[np.nan, 1, 1, 0]], "X must"),
        ([[np.inf, 1, 1, 0]], "whole numbers"),
        ([[1, 0, 0, 0], [0, 0, 0, 0]], "at least one word in every row.* row 1"),
        ([[1, 2, 3]], r"shape \(rows, 4\)"),
        (np.zeros((0, 4)), "X must"),
    ],
)
def test_rows_that_are_no_documents_are_refused(X: Any, message: str) -> None:
    model = mg.ReplicatedSoftmax(4, 2)
    for method in (model.fit, model.partial_fit, model.perplexity, model.log_likelihood):
        with pytest.raises(ValueError, match=message):
            method(np.array(X, np.float64))
    assert not model.weights.any()


@pytest.mark.parametrize(
    "X", [[["a", "b"]], np.array([["a", "b"]]), lambda: [[1, 2]], [[1, 2], [1]], np.array([None])]
)
def test_what_is_no_matrix_of_numbers_is_refused(X: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="X must"):
        mg.ReplicatedSoftmax(2, 1).fit(X)


def test_persistent_chains_of_a_stream_keep_their_length() -> None:
    model, negative = mg.ReplicatedSoftmax(2, 1), mg.PCD(num_chains=4)
    model.partial_fit([[2, 1], [0, 3]], negative=negative, seed=1)
    model.partial_fit([[3, 0]], negative=negative, seed=1)
    with pytest.raises(ValueError, match="lengths 3 to 4"):
        model.partial_fit([[2, 2]], negative=negative, seed=1)


@pytest.mark.parametrize(
    ("negative", "error", "message"),
    [
        (mg.PCD(), ValueError, "documents differ in length.*lengths 1 to 5"),
        (mg.Exact(), TypeError, r"mg.CD\(steps\) or mg.PCD"),
        (mg.PCD(start_at="biases"), TypeError, r"mg.CD\(steps\) or mg.PCD"),
        (mg.CD, TypeError, r"mg.CD\(steps\) or mg.PCD"),
    ],
)
def test_chains_that_would_mix_lengths_are_refused(
    negative: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        mg.ReplicatedSoftmax(4, 2).fit(DOCUMENTS, negative=negative)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.perplexity(DOCUMENTS, average="mean"), ValueError, "average must be one of"),
        (lambda m: m.log_partition(0), ValueError, "lengths must be at least 1, got 0"),
        (lambda m: m.log_partition([2, 1.5]), TypeError, "lengths must be an integer"),
        (lambda m: m.log_partition(2, method="sum"), ValueError, "method must be one of"),
        (lambda m: m.log_partition(2, speed=1), TypeError, "speed"),
        (lambda m: m.log_partition(2, num_chains=0), ValueError, "num_chains must be at least 2"),
        (lambda m: m.perplexity(DOCUMENTS, seed=-1), ValueError, "seed must be non-negative"),
        (lambda m: m.of_length(-1), ValueError, "length must be at least 1"),
        (lambda m: m.sample(3, 0), ValueError, "num_samples must be at least 1"),
        (lambda m: m.top_words(3), ValueError, "unit must be below 3, got 3"),
        (lambda m: m.top_words(0, "ab"), ValueError, "vocabulary must have 4 words, got 2"),
        (
            lambda m: m.perplexity(DOCUMENTS, log_z=m.log_partition(3)),
            ValueError,
            "log_z must have the length of every row, got none of 1",
        ),
        (lambda m: mg.ReplicatedSoftmax(1, 2), ValueError, "num_words must be at least 2"),
        (lambda m: mg.ReplicatedSoftmax(4, 0), ValueError, "n_hidden must be at least 1"),
        (lambda m: mg.ReplicatedSoftmax(4, 2, weights=[[1]]), ValueError, "weights must have"),
        (lambda m: m.of_length(3).free_energy([[1, 1, 0, 0]]), ValueError, "of sum 3"),
    ],
)
def test_options_that_break_a_rule_are_refused(
    call: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(random_model())


@pytest.mark.parametrize("options", [{"epochs": -1}, {"optimizer": "adam"}, {"resume": True}])
def test_a_training_that_is_refused_changes_no_bit(options: Any) -> None:
    model = random_model().astype("float32")
    before = pickle.dumps(model)
    with pytest.raises((TypeError, ValueError)):
        model.fit(DOCUMENTS, **options)
    assert pickle.dumps(model) == before


def test_an_error_of_a_callback_keeps_the_topics() -> None:
    def fail(progress: Any) -> None:
        raise ValueError("no more")

    model = mg.ReplicatedSoftmax(6, 2)
    with pytest.raises(ValueError, match="no more"):
        model.fit(two_topics(), callbacks=[fail], seed=1)
    assert model.weights.any()
    assert np.isfinite(model.perplexity(two_topics()).value)
    assert model._documents.typical > 1


def test_too_many_topics_cannot_be_summed() -> None:
    with pytest.raises(ValueError, match="at most 25 hidden units"):
        mg.ReplicatedSoftmax(3, 30).log_partition(2, method="exact")


def test_interrupted_annealing_gives_the_lengths_so_far() -> None:
    def stop(progress: Any) -> None:
        turns.append(progress.stage)
        if "reverse" in turns and progress.stage == "pilot":
            raise KeyboardInterrupt

    turns: list[str] = []
    options: dict[str, Any] = {"method": "annealed", "num_betas": 20, "num_chains": 20, "seed": 1}
    with pytest.raises(KeyboardInterrupt) as caught:
        random_model().log_partition([2, 3], callback=stop, **options)
    whole = random_model().log_partition(2, **options)
    found = caught.value.result  # type: ignore[attr-defined]
    assert list(found) == [2]
    assert found[2].value == whole[2].value


def test_a_time_limit_refuses_log_z() -> None:
    found = mg.ReplicatedSoftmax(300, 18).log_partition([3, 4], time_limit=0.0)
    assert [z.reliable for z in found.values()] == [False, False]
    assert "time_limit" in found[3].reason


@settings(max_examples=40)
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(0, 4), st.integers(1, 4)),
        elements=st.sampled_from([0.0, 1.0, 2.0, 7.0, 0.5, -1.0, 1e300, np.nan, np.inf]),
    )
)
def test_any_matrix_is_scored_or_refused(X: Floats) -> None:
    model = random_model(3, 2)
    good = X.shape[0] > 0 and X.shape[1] == 3 and np.isin(X, (0, 1, 2, 7)).all()
    if good and X.any(axis=1).all():
        assert np.isfinite(model.perplexity(X).value)
        model.fit(X, epochs=1, seed=1)
        assert np.isfinite(model.weights).all()
    elif not (X == 1e300).any():
        with pytest.raises(ValueError, match="X must"):
            model.fit(X, epochs=1)
        with pytest.raises(ValueError, match="X must"):
            model.perplexity(X)


def test_units_of_counts_say_what_they_take() -> None:
    units = Counts(3)
    assert units.wrong(np.array([[1.0, 2.5, np.nan]])).tolist() == [[False, True, True]]
    assert Counts(3, 2).wrong(np.array([[1.0, 2.0, 0.0]])).all()
    with pytest.raises(ValueError, match="length must be at least 1"):
        Counts(3, 0)
    bias = units.bias_of(np.array([2.0, 1.0, 0.0]), np.ones(3))
    assert bias[0] > bias[1] > bias[2] > -math.inf
    assert bias.sum() == pytest.approx(0, abs=1e-12)


# Real documents.


@pytest.mark.slow
def test_real_documents_are_foretold_better_than_by_their_words_alone(data_dir: Path) -> None:
    with np.load(data_dir / "bag_of_words" / "reuters395.npz") as arrays:
        X, vocabulary = arrays["counts"], arrays["words"]
    order = np.random.default_rng(1).permutation(len(X))
    test, train = X[order[:79]], X[order[79:]]
    alone = mg.ReplicatedSoftmax(X.shape[1], 1)
    alone.fit(train, epochs=0, seed=1)  # shares of words, and no topics
    logs = test @ alone.visible_bias.astype(np.float64)
    bias = np.logaddexp.reduce(alone.visible_bias.astype(np.float64))
    unigram = np.exp(-(logs / test.sum(axis=1) - bias).mean())
    assert alone.perplexity(test).value == pytest.approx(unigram, rel=2e-2)  # weights of 0.01
    model = mg.ReplicatedSoftmax(X.shape[1], 6)
    model.fit(train, epochs=10, monitor_every=10, batch_size=50, seed=1)
    assert model.perplexity(test).value < 0.95 * unigram
    assert set(model.top_words(0, vocabulary)) <= set(vocabulary)
