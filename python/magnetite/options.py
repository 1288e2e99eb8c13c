"""Run options that every sampler shares, checked before any work starts."""

import math
import os
import secrets
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_count, check_real

KERNELS = ("metropolis", "gibbs", "dwave")
SCANS = ("sequential", "permutation", "random")
KEEPS = ("best", "last")
INTERRUPT_ACTIONS = ("raise", "return")

__all__ = [
    "INTERRUPT_ACTIONS",
    "KEEPS",
    "KERNELS",
    "SCANS",
    "Seed",
    "SeedLike",
    "check_beta",
    "check_each_beta",
    "check_seconds",
    "check_seed",
    "check_target",
    "check_threads",
    "usable_cores",
]

SeedLike = int | np.random.SeedSequence | np.random.Generator | None


@dataclass(frozen=True)
class Seed:
    """A seed as the user can replay it, and the 64 bits made of it that key the streams."""

    replay: int
    key: int


def check_seed(seed: SeedLike) -> Seed:
    """Turn any seed into an integer that replays the run and the key of its streams.

    A `numpy.random.Generator` is advanced once. A fresh or childless `SeedSequence` is worth its
    entropy, so that ``SeedSequence(5)`` and ``5`` are the same seed; a spawned one is hashed.
    """
    replay = _replayable(seed)
    return Seed(replay, int(np.random.SeedSequence(replay).generate_state(1, np.uint64)[0]))


def _replayable(seed: SeedLike) -> int:
    if seed is None:
        return secrets.randbits(63)
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**63))
    if isinstance(seed, np.random.SeedSequence):
        if not seed.spawn_key and isinstance(seed.entropy, int):
            return seed.entropy
        return int(seed.generate_state(1, np.uint64)[0])
    if isinstance(seed, Integral) and not isinstance(seed, bool):
        if seed < 0:
            raise ValueError(f"seed must be non-negative, got {seed}")
        return int(seed)
    raise TypeError(
        "seed must be an integer, a numpy.random.SeedSequence, a numpy.random.Generator or None, "
        f"got {type(seed).__name__}"
    )


def check_threads(num_threads: int | None) -> int:
    """Return the number of threads: given, from MAGNETITE_NUM_THREADS, or the usable cores."""
    if num_threads is not None:
        return check_count("num_threads", num_threads, 1, bits=16)
    text = os.environ.get("MAGNETITE_NUM_THREADS", "").strip()
    if not text:
        return usable_cores()
    if not text.isdecimal():
        raise ValueError(
            f"the environment variable MAGNETITE_NUM_THREADS must be a positive integer, "
            f"got {text!r}"
        )
    return check_count("the environment variable MAGNETITE_NUM_THREADS", int(text), 1, bits=16)


def usable_cores() -> int:
    """Return how many cores this process may use, its CPU affinity respected."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_seconds(name: str, value: float | None) -> float:
    """Return a non-negative duration; None is infinite."""
    if value is None:
        return math.inf
    seconds = check_real(name, value)
    if math.isnan(seconds) or seconds < 0:
        raise ValueError(f"{name} must be a non-negative number of seconds, got {value!r}")
    return seconds


def check_target(target_energy: float | None) -> float:
    """Return the target energy; None is minus infinity, which no state reaches."""
    if target_energy is None:
        return -math.inf
    target = check_real("target_energy", target_energy)
    if math.isnan(target):
        raise ValueError("target_energy must be a number, got nan")
    return target


def check_beta(name: str, value: float) -> float:
    """Return one inverse temperature: non-negative, infinity allowed."""
    beta = check_real(name, value)
    if math.isnan(beta) or beta < 0:
        raise ValueError(f"{name} must be non-negative, got {value!r}")
    return beta


def check_each_beta(betas: NDArray[np.float64]) -> None:
    """Refuse a vector of inverse temperatures that has a negative one or nan; name the first."""
    wrong = np.flatnonzero(~(betas >= 0))
    if wrong.size:
        index = int(wrong[0])
        raise ValueError(f"betas must be non-negative, got {betas[index]} at index {index}")
