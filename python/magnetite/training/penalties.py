"""What keeps parameters small, sparse or bounded while a machine is trained."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from magnetite._checks import check_real
from magnetite.training.gradient import weighted_mean
from magnetite.training.phases import Positive
from magnetite.units.base import Array
from magnetite.units.discrete import Binary, Spin

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM
    from magnetite.training.gradient import Coordinates

__all__ = ["L1", "L2", "GroupLasso", "MaxNorm", "Penalty", "SparsityTarget"]

Arrays = dict[str, Array]


class Penalty:
    """Base of penalties: what one does not define, it does not do.

    Examples
    --------
    A penalty of one's own that pulls all weights towards one value:

    >>> import magnetite as mg
    >>> class Pull(mg.training.Penalty):
    ...     def push(self, gradient, rbm, positive, coordinates):
    ...         gradient["weights"] -= 0.1 * (rbm.weights - 1.0)
    >>> rbm = mg.RBM(2, 1)
    >>> _ = rbm.fit([[0, 0], [1, 1]], penalties=[Pull()], epochs=2, seed=1)
    """

    def start(self, rbm: "RBM") -> "Penalty":
        """Return the penalty at work: itself, where it has nothing to remember."""
        return self

    def push(
        self, gradient: Arrays, rbm: "RBM", positive: Positive, coordinates: "Coordinates"
    ) -> None:
        """Add to the gradient, in place."""

    def project(self, rbm: "RBM") -> None:
        """Change parameters after a step, in place."""

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""


def _check_cost(name: str, value: float) -> None:
    if not 0 < check_real(name, value) < np.inf:
        raise ValueError(f"{name} must be positive and finite, got {value!r}")


class _Decay(Penalty):
    """What `L1` and `L2` share: a function of each weight and, if asked, each bias."""

    cost: float
    biases: bool

    def __post_init__(self) -> None:
        _check_cost("cost", self.cost)

    @abstractmethod
    def slope(self, values: Array) -> Array:
        """Return the derivative by each of some parameters."""

    def push(
        self, gradient: Arrays, rbm: "RBM", positive: Positive, coordinates: "Coordinates"
    ) -> None:
        """Subtract the derivative."""
        gradient["weights"] -= self.slope(rbm.weights)
        if self.biases:
            b, c = (self.slope(bias) for bias in (rbm.visible_bias, rbm.hidden_bias))
            _subtract_of_biases(gradient, b, c, coordinates)


@dataclass(frozen=True)
class L2(_Decay):
    """``cost / 2`` times the sum of the squares of the weights (weight decay).

    Parameters
    ----------
    cost : float
        2e-4 by default; 1e-5 to 1e-2 are common.
    biases : bool
        Whether the biases are held down as well.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.training.L2(1e-3)
    L2(cost=0.001, biases=False)
    """

    cost: float = 2e-4
    biases: bool = False

    def slope(self, values: Array) -> Array:
        """Return ``cost * values``."""
        return self.cost * values


@dataclass(frozen=True)
class L1(_Decay):
    """`cost` times the sum of the sizes of the weights: brings many of them near zero.

    Near zero, not to it: gradients of batches and chains are noisy, and where they are, a soft
    threshold after every step leaves next to no zeros either. Make zeros of what is small once the
    training is over.

    Parameters
    ----------
    cost : float
        1e-4 by default.
    biases : bool
        Whether the biases are held down as well.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> X = np.random.default_rng(1).random((200, 4)) < 0.5  # nothing to learn
    >>> rbm = mg.RBM(4, 2, weights=np.full((4, 2), 0.5))
    >>> _ = rbm.fit(X, penalties=[mg.training.L1(0.1)], epochs=50, seed=1)
    >>> rbm.weights[np.abs(rbm.weights) < 0.05] = 0
    >>> int(np.count_nonzero(rbm.weights))
    0
    """

    cost: float = 1e-4
    biases: bool = False

    def slope(self, values: Array) -> Array:
        """Return ``cost * sign(values)``."""
        return self.cost * np.sign(values)


def _subtract_of_biases(
    gradient: Arrays, of_b: Array, of_c: Array, coordinates: "Coordinates"
) -> None:
    """Subtract the gradient of a penalty, given that by the biases b and c.

    In centred coordinates ``b = b' - W lambda`` and ``c = c' - W^T mu``: they depend on the weights
    too, whose share is ``-(of_b lambda^T + mu of_c^T)``.
    """
    gradient["visible_bias"] -= of_b
    gradient["hidden_bias"] -= of_c
    if coordinates.kind != "plain":
        gradient["weights"] += np.multiply.outer(of_b, coordinates.lam)
        gradient["weights"] += np.multiply.outer(coordinates.mu, of_c)


@dataclass(frozen=True)
class GroupLasso(Penalty):
    """`cost` times the sum of the norms of the hidden units' weights: brings whole units near zero.

    Near zero, not to it, as `L1`: make zeros of columns of small norm once the training is over.

    Parameters
    ----------
    cost : float
        1e-3 by default.

    References
    ----------
    Yuan and Lin, "Model selection and estimation in regression with grouped variables", Journal of
    the Royal Statistical Society B 68 (2006) 49, equation 2.1.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.training.GroupLasso(0.01)
    GroupLasso(cost=0.01)
    """

    cost: float = 1e-3

    def __post_init__(self) -> None:
        _check_cost("cost", self.cost)

    def push(
        self, gradient: Arrays, rbm: "RBM", positive: Positive, coordinates: "Coordinates"
    ) -> None:
        """Subtract ``cost * W_j / |W_j|`` for every hidden unit j."""
        norms = _column_norms(rbm.weights)
        gradient["weights"] -= self.cost * rbm.weights / np.where(norms > 0, norms, 1)


@dataclass(frozen=True)
class MaxNorm(Penalty):
    """The weights of a hidden unit are scaled back when their norm exceeds `limit`.

    Parameters
    ----------
    limit : float
        The largest norm.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> rbm = mg.RBM(2, 1, weights=[[3.0], [4.0]])
    >>> mg.training.MaxNorm(1.0).project(rbm)
    >>> rbm.weights.round(2).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    limit: float

    def __post_init__(self) -> None:
        _check_cost("limit", self.limit)

    def project(self, rbm: "RBM") -> None:
        """Scale columns back."""
        norms = _column_norms(rbm.weights)
        rbm.weights *= np.where(norms > self.limit, self.limit / np.where(norms > 0, norms, 1), 1)


def _column_norms(weights: Array) -> Array:
    norms: Array = np.sqrt(np.einsum("ij,ij->j", weights, weights))
    return norms


@dataclass(frozen=True)
class SparsityTarget(Penalty):
    """Hidden units are pushed towards a mean activity, say of 0.05.

    What is subtracted from the gradient is `cost` times the difference of the running mean activity
    and the target, for the hidden biases, and the same times the visible means for the weights.

    Parameters
    ----------
    target : float
        Mean activity of a hidden unit.
    cost : float
        How hard to push, 0.1 by default.
    decay : float
        How slowly the running mean forgets, 0.95 an update by default.

    References
    ----------
    Hinton, "A practical guide to training restricted Boltzmann machines", UTML TR 2010-003,
    section 11.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.training.SparsityTarget(0.05)
    SparsityTarget(target=0.05, cost=0.1, decay=0.95)
    """

    target: float
    cost: float = 0.1
    decay: float = 0.95

    def __post_init__(self) -> None:
        check_real("target", self.target)
        _check_cost("cost", self.cost)
        if not 0 <= check_real("decay", self.decay) < 1:
            raise ValueError(f"decay must be at least 0 and below 1, got {self.decay!r}")

    def start(self, rbm: "RBM") -> Penalty:
        """Begin; a target that the hidden units cannot reach is refused."""
        for units, _ in rbm.hidden.groups:
            low, high = (
                (0, 1)
                if isinstance(units, Binary)
                else ((-1, 1) if isinstance(units, Spin) else (-np.inf, np.inf))
            )
            if not low < self.target < high:
                raise ValueError(
                    f"target must lie between {low} and {high} for {units.kind} units, "
                    f"got {self.target!r}"
                )
        return _RunningSparsity(self)


class _RunningSparsity(Penalty):
    """A sparsity target with its running mean of the hidden units."""

    def __init__(self, options: SparsityTarget) -> None:
        self.options = options
        self.activity: Array | None = None

    def push(
        self, gradient: Arrays, rbm: "RBM", positive: Positive, coordinates: "Coordinates"
    ) -> None:
        """Subtract what is too much, and go on with the running mean."""
        now = weighted_mean(positive.weights, positive.h_means)
        before = now if self.activity is None else self.activity
        self.activity = before + now.dtype.type(1 - self.options.decay) * (now - before)
        excess = self.options.cost * (self.activity - self.options.target)
        about = weighted_mean(positive.weights, positive.v) - coordinates.mu
        gradient["hidden_bias"] -= excess
        gradient["weights"] -= np.multiply.outer(about, excess)

    def state(self) -> dict[str, Any]:
        return {"activity": self.activity}

    def restore(self, state: dict[str, Any]) -> None:
        self.activity = state["activity"]
