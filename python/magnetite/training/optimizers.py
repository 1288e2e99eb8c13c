"""How gradients become steps: stochastic gradient ascent with momentum, and Adam."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike

from magnetite import _core
from magnetite._checks import check_real
from magnetite.training.schedules import Clock, ScheduleLike, as_schedule
from magnetite.units.base import Array

__all__ = ["SGD", "Adam", "Optimizer", "OptimizerRun", "SignSteps", "Steps"]

Shapes = Mapping[str, tuple[int, ...]]
Arrays = dict[str, Array]


class Steps(NamedTuple):
    """Steps of all parameters: `rate` times the directions.

    Attributes
    ----------
    directions : dict of ndarray
        One of each parameter, in its shape and dtype, by the names of the gradients.
    rate : float
        What all of them are multiplied by, 1 by default.
    """

    directions: Arrays
    rate: float = 1.0


class OptimizerRun(Protocol):
    """An optimiser at work, with what it remembers of earlier gradients."""

    def steps(self, gradients: Arrays, clock: Clock) -> Steps:
        """Return what is to be added to each parameter; valid until the next call."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds: arrays and numbers."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        ...


class Optimizer(Protocol):
    """The options of an optimiser."""

    def start(self, shapes: Shapes, dtype: DTypeLike) -> OptimizerRun:
        """Begin, for parameters of these names and shapes."""
        ...


class _Run(ABC):
    """What SGD and Adam share: named memories of the parameters' shapes."""

    memories: tuple[str, ...]

    def __init__(self, shapes: Shapes, dtype: DTypeLike) -> None:
        self.num_steps = 0
        for memory in self.memories:
            setattr(self, memory, {n: np.zeros(shape, dtype) for n, shape in shapes.items()})

    @abstractmethod
    def steps(self, gradients: Arrays, clock: Clock) -> Steps:
        """Return what is to be added to each parameter; not to be changed, valid until the next."""

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        memories = {memory: getattr(self, memory) for memory in self.memories}
        return {"num_steps": self.num_steps} | memories

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        for name, value in state.items():
            setattr(self, name, value)


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient ascent: ``velocity = momentum * velocity + rate * gradient``.

    Parameters
    ----------
    rate : float or schedule
        Learning rate, 0.01 by default.
    momentum : float or schedule
        Share of the last step that is made again, 0 by default.
    nesterov : bool
        Whether the gradient counts as if it had been taken a step ahead.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep
    learning", ICML (2013), equations 1 to 4.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.SGD(mg.training.Cosine(0.1), momentum=mg.training.Step({0: 0.5, 5: 0.9}))
    SGD(rate=Cosine(start=0.1, stop=0.0, begin=0.0, end=1.0), momentum=Step({0.0: 0.5, 5.0: 0.9}),
    nesterov=False)
    """

    rate: ScheduleLike = 0.01
    momentum: ScheduleLike = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        self._schedules()

    def _schedules(self) -> tuple[Callable[[Clock], float], Callable[[Clock], float]]:
        return as_schedule("rate", self.rate), as_schedule("momentum", self.momentum, below=1.0)

    def start(self, shapes: Shapes, dtype: DTypeLike) -> OptimizerRun:
        """Begin, at rest."""
        if self.momentum == 0:
            return _PlainRun(self, shapes, dtype)
        return _MomentumRun(self, shapes, dtype)


class _PlainRun(_Run):
    """`SGD` without momentum at work: nothing is remembered, and gradients are not copied."""

    memories = ()

    def __init__(self, options: SGD, shapes: Shapes, dtype: DTypeLike) -> None:
        super().__init__(shapes, dtype)
        self.rate, _ = options._schedules()

    def steps(self, gradients: Arrays, clock: Clock) -> Steps:
        self.num_steps += 1
        return Steps(gradients, self.rate(clock))


class _MomentumRun(_Run):
    """`SGD` with momentum at work; `ahead` has the steps where they are Nesterov's."""

    memories = ("velocities",)
    velocities: Arrays

    def __init__(self, options: SGD, shapes: Shapes, dtype: DTypeLike) -> None:
        super().__init__(shapes, dtype)
        self.rate, self.momentum = options._schedules()
        self.ahead = {n: np.empty(shape, dtype) for n, shape in shapes.items() if options.nesterov}

    def steps(self, gradients: Arrays, clock: Clock) -> Steps:
        self.num_steps += 1
        rate, momentum = self.rate(clock), self.momentum(clock)
        for name, gradient in gradients.items():
            velocity, ahead = self.velocities[name], self.ahead.get(name)
            _core.sgd_step(velocity, gradient, rate=rate, momentum=momentum, ahead=ahead)
        return Steps(self.ahead or self.velocities)


@dataclass(frozen=True)
class Adam:
    """Steps of about the same size for every parameter, whatever the size of its gradient.

    Parameters
    ----------
    rate : float or schedule
        Size of a step, 0.001 by default.
    beta1, beta2 : float
        How slowly the means of gradients and of their squares forget.
    epsilon : float
        Added to the root of the mean square.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR (2015), algorithm 1.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.Adam(0.002)
    Adam(rate=0.002, beta1=0.9, beta2=0.999, epsilon=1e-08)
    """

    rate: ScheduleLike = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        as_schedule("rate", self.rate)
        as_schedule("beta1", check_real("beta1", self.beta1), below=1.0)
        as_schedule("beta2", check_real("beta2", self.beta2), below=1.0)
        if not check_real("epsilon", self.epsilon) > 0:
            raise ValueError(f"epsilon must be positive, got {self.epsilon!r}")

    def start(self, shapes: Shapes, dtype: DTypeLike) -> OptimizerRun:
        """Begin, without memories."""
        return _AdamRun(self, shapes, dtype)


class _AdamRun(_Run):
    """`Adam` at work: `first` and `second` are the means of gradients and of their squares."""

    memories = ("first", "second")
    first: Arrays
    second: Arrays

    def __init__(self, options: Adam, shapes: Shapes, dtype: DTypeLike) -> None:
        super().__init__(shapes, dtype)
        self.options, self.rate = options, as_schedule("rate", options.rate)
        self._steps = {name: np.empty(shape, dtype) for name, shape in shapes.items()}

    def steps(self, gradients: Arrays, clock: Clock) -> Steps:
        self.num_steps += 1
        rate = self.rate(clock)
        for name, gradient in gradients.items():
            _core.adam_step(
                self._steps[name],
                self.first[name],
                self.second[name],
                gradient,
                rate=rate,
                beta1=self.options.beta1,
                beta2=self.options.beta2,
                epsilon=self.options.epsilon,
                count=self.num_steps,
            )
        return Steps(self._steps)


@dataclass(frozen=True)
class SignSteps:
    """Steps of one size: up where the gradient is positive, down where it is negative.

    Parameters
    ----------
    rate : float or schedule
        Size of a step, 0.01 by default.

    References
    ----------
    D. H. Ackley, G. E. Hinton, T. J. Sejnowski: A learning algorithm for Boltzmann machines.
    Cognitive Science 9, 147-169 (1985), section 4, with a size of 2 at a temperature of 10.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.training.SignSteps(0.2)
    SignSteps(rate=0.2)
    """

    rate: ScheduleLike = 0.01

    def __post_init__(self) -> None:
        as_schedule("rate", self.rate)

    def start(self, shapes: Shapes, dtype: DTypeLike) -> OptimizerRun:
        """Begin."""
        return _SignRun(self, shapes, dtype)


class _SignRun(_Run):
    """`SignSteps` at work."""

    memories = ()

    def __init__(self, options: SignSteps, shapes: Shapes, dtype: DTypeLike) -> None:
        super().__init__(shapes, dtype)
        self.rate = as_schedule("rate", options.rate)

    def steps(self, gradients: Arrays, clock: Clock) -> Steps:
        self.num_steps += 1
        signs = {name: np.sign(gradient) for name, gradient in gradients.items()}
        return Steps(signs, self.rate(clock))
