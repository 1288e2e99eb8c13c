"""Learning rates and momenta that change while a machine is trained."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from magnetite._checks import check_real

__all__ = [
    "Clock",
    "Constant",
    "Cosine",
    "InverseTime",
    "Linear",
    "Piecewise",
    "Schedule",
    "ScheduleLike",
    "Step",
    "as_schedule",
    "check_endless",
]


@dataclass(frozen=True)
class Clock:
    """How far a training is.

    Attributes
    ----------
    update : int
        Updates made so far.
    epoch : float
        Passes over the data made so far, parts of one included; of chunks, whose number nobody
        knows, whole passes alone.
    fraction : float
        Part of all epochs that is behind, 0 to 1; nan in `RBM.partial_fit`, which has no end.
    """

    update: int
    epoch: float
    fraction: float

    def within(self, begin: float, end: float) -> float:
        """Return how much of the stretch from `begin` to `end` of the training is behind, 0 to 1.

        Raises
        ------
        ValueError
            If nobody knows how long the training will be.
        """
        if math.isnan(self.fraction):
            raise ValueError(
                "Linear and Cosine schedules need a training whose length is known; partial_fit "
                "can go on for ever: take InverseTime, Step or Piecewise, which count epochs"
            )
        return min(max((self.fraction - begin) / (end - begin), 0.0), 1.0)


class Schedule(ABC):
    """A number that depends on how far the training is; any callable of a `Clock` will do too."""

    @abstractmethod
    def __call__(self, clock: Clock) -> float:
        """Return the number of now."""


ScheduleLike = float | Callable[[Clock], float]


@dataclass(frozen=True)
class Constant(Schedule):
    """Always the same number.

    Examples
    --------
    >>> from magnetite.training import Clock, Constant
    >>> Constant(0.1)(Clock(update=7, epoch=0.5, fraction=0.1))
    0.1
    """

    value: float

    def __call__(self, clock: Clock) -> float:
        """Return the number."""
        return self.value


class _Stretch(Schedule):
    """What `Linear` and `Cosine` share: the stretch of the training, in fractions of all of it."""

    begin: float
    end: float

    def __post_init__(self) -> None:
        if not 0 <= self.begin < self.end <= 1:
            raise ValueError(
                "begin and end must be fractions of the training with 0 <= begin < end <= 1, "
                f"got {self.begin!r} and {self.end!r}"
            )


def check_endless(optimizer: object, where: str, instead: str) -> None:
    """Refuse an optimiser with schedules by fractions of a training whose length nobody knows.

    Raises
    ------
    ValueError
        Names the schedule.
    """
    for name, value in getattr(optimizer, "__dict__", {}).items():
        if isinstance(value, _Stretch):
            raise ValueError(
                f"optimizer must have no schedule by fractions of the training in {where}, got "
                f"{name}={value!r}: take {instead}"
            )


@dataclass(frozen=True)
class Linear(_Stretch):
    """From `start` to `stop` in a straight line, over the fractions `begin` to `end` of the run.

    Examples
    --------
    >>> from magnetite.training import Clock, Linear
    >>> Linear(0.5, 0.9)(Clock(update=7, epoch=5.0, fraction=0.5))
    0.7
    """

    start: float
    stop: float
    begin: float = 0.0
    end: float = 1.0

    def __call__(self, clock: Clock) -> float:
        """Return the number of now."""
        return self.start + (self.stop - self.start) * clock.within(self.begin, self.end)


@dataclass(frozen=True)
class Cosine(_Stretch):
    """From `start` to `stop` along half a cosine, over the fractions `begin` to `end` of the run.

    Examples
    --------
    A rate that stays for half of the training, and then decays:

    >>> from magnetite.training import Clock, Cosine
    >>> rate = Cosine(0.01, 0.0, begin=0.5)
    >>> [round(rate(Clock(0, 0.0, f)), 4) for f in (0.0, 0.5, 0.75, 1.0)]
    [0.01, 0.01, 0.005, 0.0]
    """

    start: float
    stop: float = 0.0
    begin: float = 0.0
    end: float = 1.0

    def __call__(self, clock: Clock) -> float:
        """Return the number of now."""
        behind = (1 - math.cos(math.pi * clock.within(self.begin, self.end))) / 2
        return self.start + (self.stop - self.start) * behind


@dataclass(frozen=True)
class InverseTime(Schedule):
    """``start / (1 + epoch / half_life)``: half of it after `half_life` epochs, a third after two.

    Examples
    --------
    >>> from magnetite.training import Clock, InverseTime
    >>> InverseTime(0.1, half_life=10)(Clock(update=0, epoch=10.0, fraction=0.5))
    0.05
    """

    start: float
    half_life: float

    def __post_init__(self) -> None:
        if not check_real("half_life", self.half_life) > 0:
            raise ValueError(f"half_life must be positive, got {self.half_life!r}")

    def __call__(self, clock: Clock) -> float:
        """Return the number of now."""
        return self.start / (1 + clock.epoch / self.half_life)


class _Points(Schedule):
    """Numbers by the epoch from which they hold."""

    def __init__(self, points: Mapping[float, float]) -> None:
        if not points or min(points) != 0 or not all(math.isfinite(x) for x in points):
            raise ValueError(
                f"points must give a number for epoch 0, and for others, got {dict(points)!r}"
            )
        self.points = tuple(sorted((float(at), float(value)) for at, value in points.items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self.points)})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.points)


class Step(_Points):
    """One number until an epoch, another from there on.

    Parameters
    ----------
    points : dict of epoch: number
        From which epoch on each number holds; the first at epoch 0.

    Examples
    --------
    Hinton's momentum:

    >>> from magnetite.training import Clock, Step
    >>> momentum = Step({0: 0.5, 5: 0.9})
    >>> momentum(Clock(update=0, epoch=4.99, fraction=0.1)), momentum(Clock(0, 5.0, 0.1))
    (0.5, 0.9)
    """

    def __call__(self, clock: Clock) -> float:
        """Return the number of now."""
        return [value for at, value in self.points if at <= clock.epoch][-1]


class Piecewise(_Points):
    """Straight lines between given epochs, and the last number after them.

    Parameters
    ----------
    points : dict of epoch: number
        What holds at each of these epochs; the first is epoch 0.

    Examples
    --------
    >>> from magnetite.training import Clock, Piecewise
    >>> Piecewise({0: 0.0, 2: 0.1, 10: 0.05})(Clock(update=0, epoch=1.0, fraction=0.1))
    0.05
    """

    def __call__(self, clock: Clock) -> float:
        """Return the number of now."""
        for (left, low), (right, high) in zip(self.points, self.points[1:], strict=False):
            if clock.epoch < right:
                return low + (high - low) * (clock.epoch - left) / (right - left)
        return self.points[-1][1]


def as_schedule(
    name: str, value: Any, minimum: float = 0.0, below: float = math.inf
) -> Callable[[Clock], float]:
    """Return a schedule of a number or a callable, whose numbers are checked where they are used.

    Raises
    ------
    TypeError, ValueError
        If it is neither, or if a number lies outside ``minimum <= number < below``.
    """
    if callable(value):
        return lambda clock: _checked(name, value(clock), minimum, below)
    return Constant(_checked(name, value, minimum, below))


def _checked(name: str, value: Any, minimum: float, below: float) -> float:
    number = check_real(name, value)
    if not minimum <= number < below:
        bound = "finite" if below == math.inf else f"below {below:g}"
        raise ValueError(f"{name} must be at least {minimum:g} and {bound}, got {number!r}")
    return number
