"""Files on disk: npz archives of plain arrays with a JSON header, versioned, never pickle."""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["decode", "encode", "read_archive", "write_archive"]

VERSION = 1
_HEADER = "magnetite"

Arrays = dict[str, NDArray[Any]]


def write_archive(path: str | PathLike[str], kind: str, content: Mapping[str, Any]) -> None:
    """Write nested dicts, arrays and plain values so that a crash leaves the old file or the new.

    The bytes go to a new file beside `path`, reach the disk, and then take its name. New files of
    this path whose processes were killed before that are removed.
    """
    path = Path(path)
    arrays: Arrays = {}
    encoded = encode(dict(content), arrays)
    text = json.dumps({"kind": kind, "version": VERSION, "content": encoded})
    savez: Callable[..., None] = np.savez  # its stubs know keywords that older numpy has not
    arrays[_HEADER] = np.frombuffer(text.encode(), np.uint8)
    new = path.with_name(_new_name(path, os.getpid()))
    try:
        with new.open("wb") as file:
            savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    _remove_stale(path)
    _sync_directory(path.parent)


def _new_name(path: Path, process: object) -> str:
    return f".{path.name}.{process}.new"


def _remove_stale(path: Path) -> None:
    """Remove the new files of `path` that processes which are gone have left, as far as may be."""
    if os.name != "posix":  # elsewhere a process cannot be asked for without harm
        return
    with suppress(OSError):
        for name in os.listdir(path.parent):
            process = name.removesuffix(".new").rpartition(".")[2]
            mine = process.isdecimal() and name == _new_name(path, process)
            if mine and _is_gone(int(process)):
                path.with_name(name).unlink(missing_ok=True)


def _is_gone(process: int) -> bool:
    """Return True if there is no such process; one that is not ours is there all the same."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _sync_directory(directory: Path) -> None:
    """Make a rename outlive a power cut; systems that cannot open a directory do without."""
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_archive(path: str | PathLike[str]) -> tuple[str, dict[str, Any]]:
    """Return kind and content of an archive; any other file is refused by name."""
    path = Path(path)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        description = json.loads(arrays.pop(_HEADER).tobytes())
        kind, version = str(description["kind"]), description["version"]
        content = dict(decode(description["content"], arrays))
    except OSError:
        raise
    except Exception as error:  # whatever a damaged archive makes zipfile, numpy or json raise
        raise ValueError(f"{path}: not a magnetite file, or one cut short or damaged") from error
    if version != VERSION:
        raise ValueError(
            f"{path}: written in version {version} of the file format, "
            f"this magnetite reads version {VERSION}"
        )
    return kind, content


def encode(value: Any, arrays: Arrays, name: str = "") -> Any:
    """Turn a value into what JSON can hold, types kept; arrays move to `arrays` by their path.

    >>> arrays = {}
    >>> encoded = encode({"label": ("a", 1), "spins": np.ones(2)}, arrays)
    >>> decode(encoded, arrays)
    {'label': ('a', 1), 'spins': array([1., 1.])}
    >>> list(arrays)
    ['spins']
    """
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, range):
        return {"range": [value.start, value.stop, value.step]}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        prefix = f"{name}." if name else ""
        return {
            "dict": [
                [encode(key, arrays), encode(item, arrays, f"{prefix}{key}")]
                for key, item in value.items()
            ]
        }
    if isinstance(value, list | tuple | frozenset):
        items = [encode(item, arrays, f"{name}.{index}") for index, item in enumerate(value)]
        kind = next(kind for kind in (list, tuple, frozenset) if isinstance(value, kind))
        return {kind.__name__: items}
    raise ValueError(
        f"{value!r} of type {type(value).__name__} cannot be written to a file; "
        "labels may be numbers, strings, bytes, None, tuples and frozensets of these"
    )


def decode(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Undo `encode`."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    match kind:
        case "array":
            return arrays[content]
        case "range":
            return range(*content)
        case "bytes":
            return bytes.fromhex(content)
        case "dict":
            return {decode(key, arrays): decode(item, arrays) for key, item in content}
        case "list" | "tuple" | "frozenset":
            make = {"list": list, "tuple": tuple, "frozenset": frozenset}[kind]
            return make(decode(item, arrays) for item in content)
    raise ValueError(f"unknown kind of value {kind!r}")
