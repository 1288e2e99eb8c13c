"""What every kind of unit answers."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["ROUNDING", "Array", "Units"]

Array = NDArray[np.floating[Any]]

ROUNDING = 1e-6
"""By so much means, which were scaled perhaps, may leave the range of a unit's values."""


class Units(ABC):
    """A kind of unit, whose law given its input `x` is ``p(s) ~ exp(x s - q s**2 / 2)``.

    `x` is what the other layer and the bias give, `q` the unit's `precision`, which is zero for
    units of finitely many values. Arrays have the shape (rows, columns); `q` too, or one that
    broadcasts to it.

    To add a unit, derive from this class; the three abstract methods are all that sampling,
    training by sampling and annealed importance sampling need.

    Examples
    --------
    Units with the values 0, 1 and 2:

    >>> import numpy as np
    >>> import magnetite as mg
    >>> class Ternary(mg.units.Units):
    ...     kind = "ternary"
    ...     site_states = np.array([[0.0], [1.0], [2.0]])
    ...
    ...     def weights(self, x):
    ...         return np.exp(x[..., None] * np.arange(3))
    ...
    ...     def log_norms(self, x, q):
    ...         return np.log(self.weights(x).sum(-1))
    ...
    ...     def means(self, x, q):
    ...         return self.weights(x) @ np.arange(3) / self.weights(x).sum(-1)
    ...
    ...     def draws(self, x, q, u):
    ...         below = np.cumsum(self.weights(x), axis=-1)
    ...         return (u[..., None] * below[..., -1:] > below).sum(-1)
    >>> rbm = mg.RBM(4, 3, visible=Ternary())
    >>> rbm.visible_means(np.zeros((1, 3))).tolist()
    [[1.0, 1.0, 1.0, 1.0]]
    """

    kind: ClassVar[str]
    """What messages call the unit."""

    core_kind: ClassVar[str | None] = None
    """The accelerator in the core, where there is one."""

    @property
    def site_states(self) -> NDArray[np.float64] | None:
        """All states of one site, shape (states, columns); None where there is a continuum."""
        return None

    @property
    def precision(self) -> float:
        """The precision `q` that a new machine begins with."""
        return 0.0

    @property
    def learns_precision(self) -> bool:
        """Whether training changes the precision."""
        return False

    @property
    def width(self) -> int:
        """Columns of one site: as many as categories, else one."""
        return 1 if self.site_states is None else int(self.site_states.shape[1])

    @abstractmethod
    def log_norms(self, x: Array, q: Array) -> Array:
        """Return ``ln sum_s exp(x s - q s**2 / 2)`` of every site, shape (rows, sites)."""

    @abstractmethod
    def means(self, x: Array, q: Array) -> Array:
        """Return the mean of every column."""

    @abstractmethod
    def draws(self, x: Array, q: Array, u: Array) -> Array:
        """Return a draw of every column, made of a uniform number between 0 and 1 each."""

    def bias_of(self, means: Array, variances: Array) -> Array:
        """Return the input at which the unit has these means: where the biases of data begin."""
        return np.zeros_like(means)

    def second_moments(self, x: Array, q: Array) -> Array:
        """Return the mean of every column's square."""
        raise NotImplementedError(f"{self.kind} units have no second moments")

    def wrong(self, values: Array) -> NDArray[np.bool_]:
        """Return where values are none that the unit may take."""
        if self.site_states is None:
            return ~np.isfinite(values)
        wrong = np.ones(values.shape, np.bool_)
        for value in np.unique(self.site_states):
            wrong &= values != value
        return wrong

    @property
    def rule(self) -> str:
        """What `wrong` asks for, in words."""
        if self.site_states is None:
            return "finite numbers"
        return " or ".join(f"{value:g}" for value in np.unique(self.site_states))

    def wrong_means(self, values: Array) -> NDArray[np.bool_]:
        """Return where values are no means of the unit: beyond the ends of its values."""
        if self.site_states is None:
            return self.wrong(values)
        low, high = self.site_states.min() - ROUNDING, self.site_states.max() + ROUNDING
        wrong: NDArray[np.bool_] = ~((values >= low) & (values <= high))
        return wrong

    @property
    def rule_of_means(self) -> str:
        """What `wrong_means` asks for, in words."""
        if self.site_states is None:
            return self.rule
        return f"numbers from {self.site_states.min():g} to {self.site_states.max():g}"
