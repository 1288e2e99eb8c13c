"""Refuses runs whose arrays could never fit in this machine, before anything is allocated."""

import os
from collections.abc import Mapping


def physical_memory() -> int | None:
    """Return the bytes of memory of this machine, or None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def check_memory(arrays: Mapping[str, int]) -> None:
    """Raise MemoryError when `arrays` (name and shape -> bytes) add up to more than there is."""
    available = physical_memory()
    needed = sum(arrays.values())
    if available is None or needed <= available:
        return
    largest = max(arrays, key=lambda name: arrays[name])
    raise MemoryError(
        f"the run would need {_readable(needed)}, most of it for {largest} "
        f"({_readable(arrays[largest])}), but this machine has {_readable(available)}"
    )


def _readable(num_bytes: int) -> str:
    size = float(num_bytes)
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.3g} EB"
