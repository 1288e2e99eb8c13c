"""Ratings as triples and in files: what is read, and which line is at fault."""

import gzip
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import magnetite as mg
from magnetite.relatives import Ratings
from magnetite.relatives.rating_data import as_ratings

U_DATA = "196\t242\t3\t881250949\n186\t302\t3\t891717742\n22\t242\t1\t878887116\n"


@settings(max_examples=20)
@given(hnp.arrays(np.float64, (3, 4), elements=st.sampled_from([np.nan, 1.0, 2.5])))
def test_matrices_and_triples_are_the_same(matrix: Any) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    known = as_ratings("X", matrix)
    np.testing.assert_array_equal(known.to_matrix(), matrix)
    assert len(known) == np.count_nonzero(~np.isnan(matrix))
    other = as_ratings("X", sparse.csr_array(np.nan_to_num(matrix)))
    np.testing.assert_array_equal(other.to_matrix(), matrix)


def test_entries_of_sparse_matrices_are_no_sums() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    twice = sparse.coo_array(([2.0, 3.0], ([0, 0], [1, 1])), shape=(1, 2))
    with pytest.raises(ValueError, match="got user 0 and item 1 again at index 1"):
        as_ratings("X", twice)
    with pytest.raises(ValueError, match="X must be finite, got nan at index 0"):
        as_ratings("X", sparse.coo_array(([np.nan], ([0], [1])), shape=(1, 2)))


def test_parts_are_all_there_once() -> None:
    whole = as_ratings("X", np.arange(1.0, 101.0).reshape(20, 5))
    train, test = whole.split(0.3, seed=1)
    assert (len(train), len(test), train.shape) == (70, 30, (20, 5))
    assert sorted([*train.values, *test.values]) == sorted(whole.values)
    again = whole.split(0.3, seed=1)[1]
    np.testing.assert_array_equal(again.values, test.values)
    assert (whole.split(0.3, seed=2)[1].values != test.values).any()
    assert repr(whole) == "Ratings(100 ratings of 5 items by 20 users)"


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_movielens_is_read(packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "u.data"
    data = (U_DATA + "\n").replace("\n", "\r\n").encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    found = mg.read_ratings(path)
    assert found.shape == (196, 302)
    assert found.users.tolist() == [195, 185, 21]
    assert found.items.tolist() == [241, 301, 241]
    assert found.values.tolist() == [3, 3, 1]
    made = mg.RatingsRBM(found.shape[1], 2)
    assert made.predict(found).shape == (196, 302)


def test_three_fields_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "ratings"
    path.write_text("1 1 0.5\n2 3 4.5\n")
    assert mg.read_ratings(path).values.tolist() == [0.5, 4.5]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\t2", ":4: expected 'user item rating [time]', got '1 2'"),
        ("1 2 3 4 5", ":4: expected 'user item rating [time]', got '1 2 3 4 5'"),
        ("a 2 3 4", ":4: expected whole numbers and a rating"),
        ("1.0 2 3 4", ":4: expected whole numbers and a rating"),
        ("1 2 good 4", ":4: expected whole numbers and a rating"),
        ("0 2 3 4", ":4: users and items must be numbers from 1, got '0 2 3 4'"),
        ("1 -2 3 4", ":4: users and items must be numbers from 1"),
        (f"1 {2**31} 3 4", ":4: users and items must be numbers from 1"),
        ("1 2 nan 4", ":4: the rating must be finite, got '1 2 nan 4'"),
        ("22 242 5 1", ":4: user 22 has rated item 242 in line 3 already"),
        ("\xff", ":4: expected 'user item rating [time]', got"),
    ],
)
def test_a_bad_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "u.data"
    path.write_bytes((U_DATA + line + "\n").encode("latin-1"))
    with pytest.raises(ValueError, match=re.escape(f"{path}{message}")):
        mg.read_ratings(path)


def test_files_without_ratings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_text("\n")
    with pytest.raises(ValueError, match=r"empty:1: expected lines 'user item rating', got an"):
        mg.read_ratings(path)
    with pytest.raises(FileNotFoundError):
        mg.read_ratings(tmp_path / "none")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (([0], [0, 1], [1.0], (2, 2)), "users, items and values must be as many, got {'users': 1"),
        (([2], [0], [1.0], (2, 2)), "users must be below 2, got 2"),
        (([0], [2], [1.0], (2, 2)), "items must be below 2, got 2"),
        (([-1], [0], [1.0], (2, 2)), "users must be non-negative, got -1 at index 0"),
        (([0], [0], [np.nan], (2, 2)), "values must be finite, got nan at index 0"),
        (([0, 1, 0], [1, 1, 1], [1.0] * 3, (2, 2)), "got user 0 and item 1 again at index 2"),
        (([0], [0], [1.0], (0, 2)), "shape must be at least 1, got 0"),
    ],
)
def test_bad_triples_are_refused(parts: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Ratings(*parts)


@pytest.mark.parametrize("shape", [5, (1, 2, 3), None])
def test_shapes_are_pairs(shape: Any) -> None:
    with pytest.raises(TypeError, match=r"shape must be a pair \(users, items\), got"):
        Ratings([0], [0], [1.0], shape)


def test_bad_shares_are_refused() -> None:
    for share in (0.0, 1.0, -0.5):
        with pytest.raises(ValueError, match="share must lie between 0 and 1, got"):
            Ratings([0], [0], [1.0], (1, 1)).split(share)
