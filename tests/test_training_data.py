"""Where data come from: whatever the source, the same machine; what cannot be learnt is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.training.data import make_source
from magnetite.training.summary import summarise
from tools.training import KINDS, gradient_of, machine, mean_log_likelihood, some_data

PARAMETERS = ("weights", "visible_bias", "hidden_bias")


def images(rows: int = 230, n: int = 9, seed: int = 1) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    base = rng.random((rows, 1)) < 0.5
    return ((rng.random((rows, n)) < 0.2) ^ base).astype(np.float32)


def fitted(X: Any, **options: Any) -> mg.RBM:
    rbm = mg.RBM(9, 4, weights=0.1 * np.random.default_rng(2).standard_normal((9, 4)))
    rbm.fit(X, **{"optimizer": mg.SGD(0.5), "epochs": 3, "batch_size": 32, "seed": 5} | options)
    return rbm


def assert_same(a: mg.RBM, b: mg.RBM) -> None:
    for name in PARAMETERS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def test_an_array_of_any_dtype_a_list_a_memory_map_and_a_sparse_matrix_are_one(
    tmp_path: Path,
) -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="scipy is not installed")
    X = images()
    wanted = fitted(X)
    np.save(tmp_path / "X.npy", X.astype(np.uint8))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    for other in (
        X.astype(np.int8),
        X.astype(bool),
        X.tolist(),
        np.asfortranarray(X),
        mapped,
        sparse.csr_matrix(X),
        sparse.coo_array(X),
    ):
        assert_same(fitted(other), wanted)
    assert not np.array_equal(wanted.weights, fitted(1 - X).weights)


def test_a_memory_map_is_never_loaded_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("magnetite.training.data.NUMBERS_AT_ONCE", 9 * 50)
    np.save(tmp_path / "X.npy", images())
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    rbm = mg.RBM(9, 4)
    source = make_source(rbm, mapped, None, batch_size=32, shuffle=True, key=1)
    assert np.shares_memory(source.matrix.X, mapped)
    taken: list[int] = []
    monkeypatch.setattr(
        mg.RBM, "visible_states", lambda self, v, **_: taken.append(len(v)) or np.asarray(v)
    )
    make_source(rbm, mapped, None, batch_size=32, shuffle=True, key=1)
    assert taken == [50, 50, 50, 50, 30]


def test_chunks_give_what_their_rows_give() -> None:
    X = images(256)
    parts = [X[:100], X[100:101], X[101:]]

    def chunks() -> Iterator[Any]:
        yield from parts

    for source in (parts, chunks):
        rbm = fitted(source, shuffle=False, gradient="plain")
        assert_same(rbm, fitted(X, shuffle=False, gradient="plain"))
    # Where biases come from the data, they come from the first chunk.
    first = mg.RBM(9, 4)
    first.fit(parts, epochs=0, seed=5)
    np.testing.assert_allclose(first.data_means, X[:100].mean(axis=0), rtol=1e-6)


def test_rows_of_chunks_are_those_of_a_whole_pass(tmp_path: Path) -> None:
    X = images(50)
    parts = [X[:20], X[20:21], X[21:]]
    options: dict[str, Any] = {"batch_size": 8, "seed": 1}
    assert mg.RBM(9, 4).fit(parts, epochs=0, **options).info["rows"] == 20
    assert mg.RBM(9, 4).fit(iter(parts), epochs=1, **options).info["rows"] == 50
    for _ in range(2):  # the second one goes on from the end: there is no pass left
        rbm = mg.RBM(9, 4)
        path = tmp_path / "a.npz"
        result = rbm.fit(parts, epochs=2, checkpoint=path, resume=True, **options)
        assert result.info["rows"] == 50
    assert mg.RBM(9, 4).fit(X, epochs=1, **options).info["rows"] == 50


def test_chunks_may_be_sparse_and_have_weights() -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="scipy is not installed")
    X, weights = images(64), np.arange(64.0) % 4  # of the same mean in both chunks
    pairs = [(sparse.csr_array(X[:40]), weights[:40]), (X[40:], weights[40:])]
    rbm = fitted(pairs, shuffle=False, gradient="plain")
    assert_same(rbm, fitted(X[1:], sample_weight=weights[1:], shuffle=False, gradient="plain"))


def test_an_iterator_is_good_for_one_epoch() -> None:
    X = images()
    once = fitted(iter([X[:100], X[100:]]), epochs=1, shuffle=False, gradient="plain")
    assert_same(once, fitted(X, epochs=1, shuffle=False, gradient="plain"))
    with pytest.raises(ValueError, match="epochs must be 1 for an X that can be gone through only"):
        fitted(iter([X]), epochs=2)


def test_shuffling_is_another_order_of_all_rows_in_every_epoch() -> None:
    X = np.arange(20.0).repeat(2).reshape(20, 2)
    rbm = mg.RBM(2, 1, visible="gaussian")
    source = make_source(rbm, X, None, batch_size=6, shuffle=True, key=7)
    epochs = [[b.v[:, 0].tolist() for b in source.batches(epoch)] for epoch in (0, 1, 0)]
    assert [len(batch) for batch in epochs[0]] == [6, 6, 6, 2]
    for epoch in epochs[:2]:
        assert sorted(value for batch in epoch for value in batch) == list(range(20))
    assert epochs[0] == epochs[2] != epochs[1]
    assert [b.v[:, 0].tolist() for b in source.batches(0, skip=2)] == epochs[0][2:]


@pytest.mark.parametrize("negative", [mg.CD(), mg.PCD(), mg.Exact()])
def test_one_row_and_a_batch_that_is_larger_than_the_data(negative: Any) -> None:
    rbm = mg.RBM(3, 2)
    rbm.fit([[1, 0, 1]], negative=negative, epochs=300, seed=1)
    assert rbm.free_energy([[1, 0, 1]]) < rbm.free_energy([[0, 1, 1]])
    result = mg.RBM(3, 2).fit(np.ones((5, 3)), batch_size=10**6, epochs=2, seed=1)
    assert result.info["updates"] == 2
    assert result.info["constant_columns"] == 3


@pytest.mark.parametrize("chunk", [7, 100, 1000])
def test_partial_fit_finds_the_means(chunk: int) -> None:
    rng = np.random.default_rng(3)
    rbm = mg.RBM(10, 3)
    for _ in range(8000 // chunk):
        rbm.partial_fit(rng.random((chunk, 10)) < 0.3, batch_size=10, seed=1)
    means = rbm.sample(5000, num_steps=20, seed=2).mean(axis=0)
    np.testing.assert_allclose(means, 0.3, atol=0.06)


def test_partial_fit_goes_on_where_it_was() -> None:
    X = images(96)
    whole, parts = mg.RBM(9, 4), mg.RBM(9, 4)
    options: dict[str, Any] = {"batch_size": 32, "shuffle": False, "initial": None, "seed": 5}
    whole.partial_fit(X, **options)
    for start in range(0, 96, 32):
        parts.partial_fit(X[start : start + 32], **options)
    # Offsets begin at the means of the first chunk, which is all that differs.
    np.testing.assert_allclose(whole.weights, parts.weights, atol=1e-3)
    assert parts._stream is not None and parts._stream.session.updates == 3
    assert len(parts.chains[0]) == 32
    few = mg.RBM(9, 4)
    few.partial_fit(X[:1], seed=1)
    assert len(few.chains[0]) == 100
    parts.partial_fit(X, **options | {"optimizer": mg.Adam()})
    assert parts._stream.session.updates == 3


@pytest.mark.parametrize(
    "optimizer",
    [mg.SGD(0.1, momentum=mg.training.Linear(0.5, 0.9)), mg.Adam(mg.training.Cosine(1))],
)
def test_schedules_by_fractions_need_a_known_end(optimizer: Any) -> None:
    X, rbm = images(64), mg.RBM(9, 4)
    message = "optimizer must have no schedule by fractions .* in partial_fit, .*got .*(Lin|Cos)"
    with pytest.raises(ValueError, match=message):
        rbm.partial_fit(X, optimizer=optimizer)
    for chunks in ([X], iter([X])):
        with pytest.raises(ValueError, match=r"by fractions .* in a single pass over chunks"):
            rbm.fit(chunks, optimizer=optimizer, epochs=1)
    assert not rbm.weights.any()  # refused before work starts
    rbm.fit([X], optimizer=optimizer, epochs=2)
    rbm.fit(iter([X]), epochs=1)
    rbm.fit(X, optimizer=optimizer, epochs=1)

    def halfway(clock: Any) -> float:
        return 0.1 * clock.within(0, 0.5)

    with pytest.raises(ValueError, match="partial_fit can go on for ever"):
        rbm.partial_fit(X, optimizer=mg.SGD(halfway))


@pytest.mark.parametrize("visible", KINDS)
def test_whole_weights_are_repeated_rows(visible: str) -> None:
    rbm = machine(KINDS[visible], "binary")
    data, weights = some_data(rbm, rows=5), np.array([1, 3, 0, 2, 1])
    other = rbm.copy()
    options: dict[str, Any] = {
        "negative": mg.Exact(),
        "optimizer": mg.SGD(0.05, momentum=0.5),
        "batch_size": 7,
        "epochs": 20,
        "seed": 1,
    }
    rbm.fit(data, sample_weight=weights, **options)
    other.fit(np.repeat(data, weights, axis=0), **options)
    for name in (*PARAMETERS, "visible_precision"):
        np.testing.assert_allclose(getattr(rbm, name), getattr(other, name), atol=1e-12)


def test_whole_weights_are_repeated_rows_to_contrastive_divergence() -> None:
    rbm = machine("binary", "binary")
    data, weights = some_data(rbm, rows=5), np.array([1, 3, 0, 2, 1])

    def steps(X: Any, sample_weight: Any) -> NDArray[np.float64]:
        found = []
        for seed in range(100):
            now = rbm.copy()
            now.fit(
                X,
                sample_weight=sample_weight,
                negative=mg.CD(),
                optimizer=mg.SGD(1.0),
                epochs=1,
                seed=seed,
            )
            found.append(now.weights - rbm.weights)
        return np.array(found)

    a, b = steps(data, weights), steps(np.repeat(data, weights, axis=0), None)
    error = np.sqrt((a.var(axis=0) + b.var(axis=0)) / 100)
    assert (np.abs(a.mean(axis=0) - b.mean(axis=0)) < 4 * error).all()
    unweighted = steps(data, None)
    assert (np.abs(a.mean(axis=0) - unweighted.mean(axis=0)) > 4 * error).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_summary_of_blocks_is_that_of_the_whole(dtype: str) -> None:
    rng = np.random.default_rng(1)
    given = (1e4 + rng.standard_normal((50, 3))).astype(dtype)
    given[18:][rng.random((32, 3)) < 0.2] = np.nan  # blocks without missing values, and with
    X, weights = given.copy(), rng.random(50)
    weights[::7] = 0
    blocks = iter([(0, X[:17]), (17, X[17:18]), (18, X[18:])])
    summary = summarise("X", blocks, weights)
    np.testing.assert_array_equal(X, given)
    X = X.astype(np.float64)
    w = np.where(np.isnan(X), 0, weights[:, None])
    means = (w * np.nan_to_num(X)).sum(axis=0) / w.sum(axis=0)
    np.testing.assert_allclose(summary.means, means, rtol=1e-12)
    variances = (w * np.nan_to_num(X - means) ** 2).sum(axis=0) / w.sum(axis=0)
    np.testing.assert_allclose(summary.variances, variances, rtol=1e-9)
    assert summary.missing and summary.num_rows == 50


def test_columns_without_values_are_found_whatever_the_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("magnetite.training.data.NUMBERS_AT_ONCE", 9 * 10)
    X = images()
    X[:, 4] = np.nan
    for seed in range(5):
        weights = np.random.default_rng(seed).random(len(X))
        with pytest.raises(ValueError, match="got nan only in column 4"):
            mg.RBM(9, 4).fit(X, sample_weight=weights, epochs=1)
    # A value in a row of no weight is none.
    X[0, 4], weights[0] = 1, 0
    with pytest.raises(ValueError, match="got nan only in column 4"):
        mg.RBM(9, 4).fit(X, sample_weight=weights, epochs=1)


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        (np.zeros((0, 9)), {}, "X must have at least one row, got none"),
        ([], {}, "X must have at least one row, got none"),
        (iter(()), {"epochs": 1}, "X must give at least one chunk of rows, got an empty iterator"),
        (lambda: [], {}, "X must give at least one chunk of rows, got an empty iterator"),
        (np.zeros((3, 8)), {}, r"X must have shape \(rows, 9\), got \(3, 8\)"),
        (np.full((3, 9), 0.5), {}, r"X must hold 0 or 1 where its units are binary, got 0.5 at"),
        (np.full((3, 9), np.inf), {}, "X must hold 0 or 1 where its units are binary, got inf at"),
        (np.full((3, 9), "a"), {}, "X must hold numbers, got dtype"),
        (7, {}, "X must be a matrix, a sparse matrix, or an iterable of such"),
        (np.zeros((3, 9)), {"sample_weight": [1, 2]}, r"sample_weight must have shape \(3,\), got"),
        (np.zeros((3, 9)), {"sample_weight": [1, -2, 1]}, "non-negative, got -2 at index 1"),
        (np.zeros((3, 9)), {"sample_weight": [0, 0, 0]}, "must have a positive entry, got zeros"),
        (np.zeros((3, 9)), {"sample_weight": [1, np.nan, 0]}, "sample_weight must be finite"),
        ([np.zeros((3, 9))], {"sample_weight": [1, 1, 1]}, "must be None where X gives chunks"),
        (np.zeros((3, 9)), {"validation": np.ones((2, 8))}, "validation must have shape"),
        (np.zeros((3, 9)), {"validation": np.full((2, 9), 3)}, "validation must hold 0 or 1"),
        ([np.zeros((3, 9)), np.ones((3, 9)) * 2], {}, "chunk 1 of X must hold 0 or 1"),
    ],
)
def test_bad_data_are_refused(X: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        mg.RBM(9, 4).fit(X, seed=1, **{"epochs": 2} | options)


def test_errors_name_the_row_in_the_whole_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("magnetite.training.data.NUMBERS_AT_ONCE", 9 * 10)
    X = images()
    X[123, 4] = 2
    with pytest.raises(ValueError, match=r"got 2 at index \(123, 4\)"):
        mg.RBM(9, 4).fit(X)
    X[123, 4] = 1
    X[45] = np.nan
    with pytest.raises(
        ValueError, match="X must have a value in every row, got nan only in row 45"
    ):
        mg.RBM(9, 4).fit(X)
    X[45] = 1
    X[:, 7] = np.nan
    with pytest.raises(ValueError, match="a value in every column, got nan only in column 7"):
        mg.RBM(9, 4).fit(X)


def test_missing_values_are_worth_what_the_others_say_of_them() -> None:
    """A fifth of the values away, and the machine fits the full data nearly as well."""
    rng = np.random.default_rng(8)
    truth = machine("binary", "binary", n=10, m=3, scale=1.5, seed=8)
    X = truth.sample(3000, num_steps=200, seed=1)
    holes = np.where(rng.random(X.shape) < 0.2, np.nan, X)
    holes[np.isnan(holes).all(axis=1), 0] = 1
    filled = np.where(np.isnan(holes), np.nanmean(holes, axis=0) > 0.5, holes)  # a plain remedy
    options: dict[str, Any] = {
        "negative": mg.Exact(),
        "optimizer": mg.Adam(0.02),
        "epochs": 40,
        "batch_size": 300,
    }
    found = []
    for data in (X, holes, filled):
        rbm = mg.RBM(10, 3, dtype="float64")
        rbm.fit(data, seed=2, **options)
        found.append(mean_log_likelihood(rbm, X))
    full, missing, plain = found
    assert full - missing < 0.02
    assert full - plain > 3 * (full - missing)


@pytest.mark.parametrize("visible", KINDS)
def test_a_column_that_the_first_chunk_does_not_know_begins_without_bias(visible: str) -> None:
    X = some_data(machine(KINDS[visible], "binary"), rows=30).copy()
    first = X[:10].copy()
    first[:, 2:] = np.nan
    rbm, stream = (mg.RBM(4, 2, visible=KINDS[visible]) for _ in range(2))
    result = rbm.fit([first, X[10:]], epochs=0, seed=1)
    stream.partial_fit(first, optimizer=mg.SGD(1e-9), seed=1)
    assert rbm.data_means is not None and not rbm.visible_bias[2:].any()
    assert result.info["constant_columns"] == np.sum(X[:10, :2].var(axis=0) == 0)
    plain = mg.RBM(4, 2, visible=KINDS[visible]).visible_means(np.zeros((1, 2)))[0]
    np.testing.assert_allclose(rbm.data_means[2:], plain[2:], rtol=1e-6)
    np.testing.assert_allclose(rbm.data_means[:2], X[:10, :2].mean(axis=0), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(stream.visible_bias[2:], 0, atol=1e-6)


def test_complete_batches_are_learnt_as_if_nothing_were_missing() -> None:
    X = images(96)
    holes = X.copy()
    holes[70, 3] = np.nan
    options: dict[str, Any] = {"batch_size": 32, "shuffle": False, "key": 1}
    batches = make_source(mg.RBM(9, 4), holes, None, **options).batches(0)
    assert [batch.missing for batch in batches] == [False, False, True]

    def trained(data: Any) -> list[NDArray[Any]]:
        found: list[NDArray[Any]] = []

        class Keep:
            def __call__(self, progress: Any) -> None: ...

            def after_update(self, progress: Any) -> None:
                found.append(progress.rbm.weights.copy())

        fitted(data, shuffle=False, gradient="plain", epochs=1, callbacks=[Keep()])
        return found

    whole, parted = trained(X), trained(holes)
    np.testing.assert_array_equal(parted[:2], whole[:2])


@pytest.mark.parametrize("visible", KINDS)
def test_missing_values_of_every_kind_and_of_every_source(visible: str) -> None:
    X = some_data(machine(KINDS[visible], "binary"), rows=30).copy()
    X[3, :2] = X[7, 2:] = np.nan
    for source in (X, [X[:10], X[10:]]):
        rbm = mg.RBM(4, 2, visible=KINDS[visible])
        result = rbm.fit(source, epochs=2, batch_size=8, seed=1)
        assert np.isfinite(rbm.weights).all()
    assert result.info["missing_values"]
    gradient_of(rbm, X[:3])
    if visible == "categorical":
        X[5, 0] = np.nan
        with pytest.raises(ValueError, match="groups of 2 columns"):
            rbm.fit(X)
