"""Refuses arrays that could never fit in memory, before anything is allocated."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

SHARE = 0.9
"""Part of the available memory that a run may take; the rest is for what runs beside it."""

_MEMINFO = Path("/proc/meminfo")
_GROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def available_memory() -> int | None:
    """Return the bytes of memory that are available, or None where the system does not say.

    On Linux that is what is free or can be freed at once, within the limit of a container;
    elsewhere all memory of the machine.
    """
    known = [_free(), *map(_group_limit, _GROUP_LIMITS)]
    return min((size for size in known if size is not None), default=None)


def check_memory(arrays: Mapping[str, int]) -> None:
    """Raise MemoryError when `arrays` (what they are -> bytes) add up to more than may be taken."""
    available = available_memory()
    needed = sum(arrays.values())
    if available is None or needed <= SHARE * available:
        return
    largest = max(arrays, key=lambda name: arrays[name])
    raise MemoryError(
        f"this would need {_readable(needed)}, most of it for {largest} "
        f"({_readable(arrays[largest])}), but it may take at most {_readable(SHARE * available)} "
        "of this machine's memory"
    )


def _free() -> int | None:
    found = re.search(r"^MemAvailable: *(\d+) kB$", _text(_MEMINFO), re.MULTILINE)
    return 1024 * int(found[1]) if found else _physical()


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _group_limit(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""


def _readable(num_bytes: float) -> str:
    size = float(num_bytes)
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.3g} EB"
