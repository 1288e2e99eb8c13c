"""What rows count: the same in small batches as in large ones, and as much as their weights say."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.training.data import make_source


def means_of(rbm: mg.RBM) -> NDArray[np.float64]:
    """The exact means of the visible units."""
    states = rbm.visible.states(0, 2**rbm.n_visible)
    weights = np.exp(-rbm.free_energy(states))
    return np.asarray(weights @ states / weights.sum())


def learnt(X: Any, **options: Any) -> float:
    """The mean of one unit after learning, from far away, with steps that become small."""
    rbm = mg.RBM(1, 1, dtype="float64")
    rate = mg.training.Cosine(0.5)
    defaults: dict[str, Any] = {"negative": mg.Exact(), "optimizer": mg.SGD(rate), "epochs": 60}
    defaults |= {"initial": None, "monitor_every": 60}
    rbm.fit(X, seed=1, **defaults | options)
    return float(means_of(rbm)[0])


ZEROS_AND_ONES = np.repeat([[0.0], [1.0]], 50, axis=0)
ONE_TO_NINE = np.repeat([1.0, 9.0], 50)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_weights_count_as_much_in_batches_of_any_size(batch_size: int) -> None:
    epochs = 60 if batch_size < 100 else 1500
    options: dict[str, Any] = {
        "sample_weight": ONE_TO_NINE,
        "batch_size": batch_size,
        "epochs": epochs,
    }
    options["monitor_every"] = epochs
    assert learnt(ZEROS_AND_ONES, **options) == pytest.approx(0.9, abs=0.02)


def test_weights_of_chunks_count_relative_to_the_first_chunk() -> None:
    order = np.arange(100).reshape(2, 50).T.ravel()
    X, weights = ZEROS_AND_ONES[order], ONE_TO_NINE[order]
    chunks = [(X[:40], weights[:40]), (X[40:], weights[40:])]
    assert learnt(chunks, batch_size=1) == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_row_that_is_left_over_counts_as_any_other(shuffle: bool) -> None:
    X = np.array([[0.0]] * 70 + [[1.0]] * 31)
    mixed = np.random.default_rng(1).permutation(X[:100])
    wanted = pytest.approx(31 / 101, abs=0.02)
    for source in ([mixed, X[100:]], np.concatenate([mixed, X[100:]])):
        assert learnt(source, batch_size=100, epochs=300, shuffle=shuffle) == wanted


def test_moments_are_met_where_the_last_batch_is_uneven() -> None:
    X = np.array([[0, 1, 1]] * 4 + [[1, 1, 0]] * 5 + [[0, 0, 1]] * 2, float)
    rbm = mg.RBM(3, 1, dtype="float64")
    options: dict[str, Any] = {"negative": mg.Exact(), "optimizer": mg.SGD(0.05)}
    rbm.fit(X, batch_size=10, epochs=800, monitor_every=800, seed=1, **options)
    np.testing.assert_allclose(means_of(rbm), X.mean(axis=0), atol=0.02)


def test_shares_of_batches() -> None:
    rbm, X = mg.RBM(1, 1), np.zeros((5, 1))

    def shares(X: Any, weights: Any = None, batch_size: int = 2, **options: Any) -> list[float]:
        source = make_source(
            rbm, X, weights, batch_size=batch_size, shuffle=False, key=1, **options
        )
        return [batch.share for batch in source.batches(0)]

    assert shares(X) == shares([X[:1], X[1:]]) == [1, 1, 0.5]
    assert shares(X, [1, 1, 0, 3, 3]) == [0.5, 1.5]
    assert shares(X, batch_size=9) == shares([X[:1], X[1:]], batch_size=9) == [1]
    assert shares(X, batch_size=10, stream=True) == [0.5]
    assert shares(X, np.full(5, 6.0), stream=True, mean_weight=3.0) == [2, 2, 1]
    chunks = make_source(rbm, [X[:1], X[1:]], None, batch_size=2, shuffle=False, key=1)
    assert [[batch.share for batch in chunks.batches(1, skip)] for skip in (1, 2, 3)] == [
        [1, 0.5],
        [0.5],
        [],
    ]


def test_rows_of_a_stream_count_the_same_in_chunks_of_any_size() -> None:
    rng = np.random.default_rng(2)
    rbm = mg.RBM(1, 1, dtype="float64")
    options: dict[str, Any] = {"negative": mg.Exact(), "optimizer": mg.SGD(0.05), "seed": 1}
    for _ in range(600):  # ten rows, of which three are one; then a single row of one
        rbm.partial_fit(rng.permutation([[1.0]] * 3 + [[0.0]] * 7), batch_size=10, **options)
        rbm.partial_fit([[1.0]], batch_size=10, **options)
    assert means_of(rbm)[0] == pytest.approx(4 / 11, abs=0.02)


def test_weights_of_a_stream_count_relative_to_its_first_chunk() -> None:
    rbm = mg.RBM(1, 1, dtype="float64")
    options: dict[str, Any] = {"negative": mg.Exact(), "optimizer": mg.SGD(0.02), "seed": 1}
    for _ in range(600):
        for value, weight in ((0.0, 1.0), (1.0, 3.0)):
            rbm.partial_fit([[value]], sample_weight=[weight], batch_size=1, **options)
    assert means_of(rbm)[0] == pytest.approx(0.75, abs=0.03)
