"""Files on disk: what goes in comes out, what is damaged is refused, and no crash costs a file."""

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import magnetite as mg
from magnetite.storage import decode, encode, read_archive, write_archive

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
LABELS = st.recursive(
    PLAIN | st.binary(max_size=8),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)
VALUES = st.recursive(
    LABELS | st.builds(range, st.integers(0, 9), st.integers(0, 9), st.integers(1, 3)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LABELS, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_values_keep_their_types(value: Any) -> None:
    text = json.dumps(encode(value, {}))
    again = decode(json.loads(text), {})
    assert again == value
    assert type(again) is type(value)


def test_nan_and_infinity() -> None:
    again = decode(json.loads(json.dumps(encode((math.nan, -math.inf), {}))), {})
    assert math.isnan(again[0])
    assert again[1] == -math.inf


def test_numpy_scalars_become_plain() -> None:
    assert encode((np.int8(3), np.float64(0.5), np.bool_(True)), {}) == {"tuple": [3, 0.5, True]}


@pytest.mark.parametrize("value", [object(), 1j, {1, 2}, np.array([None])])
def test_what_no_file_can_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=rf"of type {type(value).__name__} cannot be written"):
        encode({"label": value}, {})


def test_arrays_go_by_their_path(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    spins = np.array([[1, -1]], np.int8)
    write_archive(path, "test", {"states": spins, "deep": {"list": [1, np.zeros(0)]}})
    with np.load(path, allow_pickle=False) as archive:
        assert sorted(archive.files) == ["deep.list.1", "magnetite", "states"]
    kind, content = read_archive(path)
    assert kind == "test"
    assert content["states"].tolist() == [[1, -1]]
    assert content["states"].dtype == np.int8
    assert content["deep"]["list"][1].shape == (0,)


def archive(path: Path) -> Path:
    write_archive(path, "test", {"states": np.arange(1000), "label": ("a", 1)})
    return path


def test_every_cut_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz")
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"a\.npz: not a magnetite file, or one cut short"):
            read_archive(path)


@given(data=st.data())
def test_a_flipped_bit_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = archive(tmp_path_factory.mktemp("flip") / "a.npz")
    whole = bytearray(path.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    try:
        _, content = read_archive(path)
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert content["states"].tolist() == list(range(1000))
        assert content["label"] == ("a", 1)


@pytest.mark.parametrize("text", [b"", b"not a zip", b"\x93NUMPY", b"PK\x03\x04"])
def test_other_files_are_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(text)
    with pytest.raises(ValueError, match=r"other\.npz: not a magnetite file"):
        mg.load(path)
    with pytest.raises(ValueError, match=r"other\.npz: not a magnetite file"):
        mg.resume(path)


def test_other_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, states=np.zeros(3))
    with pytest.raises(ValueError, match=r"other\.npz: not a magnetite file"):
        mg.load(path)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"one\.npy: not a magnetite file"):
        mg.load(tmp_path / "one.npy")


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "evil.npz"
    np.savez(path, magnetite=np.array([print], dtype=object))
    with pytest.raises(ValueError, match=r"evil\.npz: not a magnetite file"):
        mg.load(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        mg.load(tmp_path / "none.npz")


def test_later_versions_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    monkeypatch.setattr("magnetite.storage.VERSION", 2)
    archive(path)
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"a\.npz: written in version 2 of the file format"):
        read_archive(path)


def test_wrong_kinds_are_named(tmp_path: Path) -> None:
    model = mg.Ising({(0, 1): 1.0})
    checkpoint, saved = tmp_path / "c.npz", tmp_path / "r.npz"
    mg.anneal(model, num_reads=2, num_sweeps=2, checkpoint=checkpoint).save(saved)
    with pytest.raises(ValueError, match=r"holds a magnetite anneal checkpoint, not a result; mag"):
        mg.load(checkpoint)
    with pytest.raises(ValueError, match="holds a magnetite AnnealResult, not a checkpoint"):
        mg.resume(saved)


def test_a_failed_write_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "a.npz")
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_archive(path, "test", {"states": np.zeros(5)})
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(
    os.name != "posix", reason="who is alive is asked by signal 0, which only POSIX has"
)
def test_what_killed_processes_have_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "[a].b.npz"
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        gone = process.pid
    left = f".[a].b.npz.{gone}.new"
    others = [
        f".[a].b.npz.{os.getppid()}.new",
        ".[a].b.npz.x.new",
        f".[a].b.npz.{10**40}.new",
        f".[a].b.npz.2.{gone}.new",
        f".b.npz.{gone}.new",
        f"[a].b.npz.{gone}.new",
    ]
    for name in (left, *others):
        (tmp_path / name).touch()
    write_archive(path, "test", {})
    assert sorted(os.listdir(tmp_path)) == sorted([path.name, *others])


KILLED = """
import sys
import magnetite as mg

model = mg.Ising({(i, i + 1): 1.0 for i in range(3000)})
print("ready", flush=True)
mg.anneal(model, num_reads=64, num_sweeps=10**6, seed=1, checkpoint=sys.argv[1],
          checkpoint_interval=1e-9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_kill_while_checkpoints_are_written(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    for attempt in range(3):
        command = [sys.executable, "-c", textwrap.dedent(KILLED), str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            first = path.stat().st_mtime_ns if path.exists() else 0
            # Checkpoints follow each other without a pause: whenever the kill comes, it is into
            # one. Wait until some have been written (another process writes them: there is nothing
            # to wait on but the file), then a little more in each attempt.
            while not path.exists() or path.stat().st_mtime_ns == first:
                time.sleep(0.005)
            time.sleep(0.025 * attempt)
            os.kill(process.pid, signal.SIGKILL)
        result = mg.resume(path, time_limit=0, checkpoint=tmp_path / "other.npz")
        assert result.states.shape == (64, 3001)
        assert result.sweeps_done.max() > 0
    mg.resume(path, time_limit=0)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["c.npz", "other.npz"]


def test_a_greedy_training_is_kept_with_its_runs(tmp_path: Path) -> None:
    result = mg.DBN([4, 3, 2]).fit(np.eye(4), epochs=2, seed=1)
    result.save(tmp_path / "result.npz")
    found = mg.load(tmp_path / "result.npz")
    assert repr(found) == repr(result) and found.info == result.info
    for ours, theirs in zip(found.runs, result.runs, strict=True):
        np.testing.assert_equal(vars(ours), vars(theirs))
