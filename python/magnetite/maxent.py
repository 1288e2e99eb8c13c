"""The distribution of greatest entropy that has given expectations."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_finite, check_weights, real_array
from magnetite.inputs import FloatArray
from magnetite.maxent_dual import solve_dual
from magnetite.maxent_spins import fit_spins
from magnetite.stored import Stored

__all__ = ["MaxEnt", "MaxEntResult"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MaxEntResult(Stored):
    """What `MaxEnt.fit` returns: ``p(x) = w(x) exp(-multipliers @ f(x)) / Z``.

    ``multipliers @ f`` is an energy at beta = 1, in the sign of `Ising`.

    Attributes
    ----------
    multipliers : ndarray of float64
        One a feature (k,).
    probabilities : ndarray of float64
        Of each state (num_states,).
    expectations : ndarray of float64
        Means (k,) of the features: those asked for, to rounding.
    entropy : float
        ``-sum_x p log(p / w)`` in nats; with w of ones the entropy itself.
    log_z : float
        ``log Z = log sum_x w exp(-multipliers @ f)``.
    num_steps : int
        Newton steps that it took.
    """

    multipliers: FloatArray
    probabilities: FloatArray
    expectations: FloatArray
    entropy: float
    log_z: float
    num_steps: int

    @property
    def free_energy(self) -> float:
        """``-log Z = multipliers @ expectations - entropy``."""
        return -self.log_z

    def __repr__(self) -> str:
        states, features = len(self.probabilities), len(self.multipliers)
        return (
            f"<MaxEntResult: {_counted(states, 'state')}, {_counted(features, 'feature')}; "
            f"entropy {self.entropy:.10g}, log Z {self.log_z:.10g}>"
        )


class MaxEnt:
    """Distributions over states that can be listed, of greatest entropy for their expectations.

    Parameters
    ----------
    features : array_like, shape (num_states, k) or (num_states,), or callable
        What is known of each state: k numbers, or one; a function is called with each of `states`.
    states : iterable, optional
        The states, for a function.

    Raises
    ------
    TypeError, ValueError
        If there are no states or no features, or one is not a finite real number.

    References
    ----------
    E. T. Jaynes: Information theory and statistical mechanics. Phys. Rev. 106, 620 (1957),
    section 2.

    Examples
    --------
    Jaynes' die, which shows 4.5 on average:

    >>> import numpy as np
    >>> import magnetite as mg
    >>> die = mg.MaxEnt(lambda face: face, range(1, 7)).fit(4.5)
    >>> die.probabilities.round(4).tolist()
    [0.0544, 0.0788, 0.1142, 0.1654, 0.2398, 0.3475]

    The softmax policy ``pi ~ exp(r / T)`` is that of one feature, the reward of an action: of all
    policies with this mean reward it commits itself least. The multiplier is ``-1 / T``.

    >>> rewards = np.array([1.0, 0.5, -1.0])
    >>> softmax = np.exp(rewards / 0.5) / np.exp(rewards / 0.5).sum()
    >>> policy = mg.MaxEnt(rewards).fit(softmax @ rewards)
    >>> bool(np.allclose(policy.probabilities, softmax, rtol=0, atol=1e-12))
    True
    >>> round(-1 / float(policy.multipliers[0]), 6)
    0.5
    """

    __slots__ = ("_features",)

    _features: FloatArray

    def __init__(
        self,
        features: ArrayLike | Callable[[Any], ArrayLike],
        states: Iterable[Any] | None = None,
    ) -> None:
        if callable(features):
            if states is None:
                raise TypeError("states must be given for features that are a function, got None")
            values: Any = [features(state) for state in states]
        elif states is not None:
            raise TypeError("states is for features that are a function: give the array alone")
        else:
            values = features
        array = real_array("features", values)
        if array.ndim not in (1, 2) or not array.size:
            raise ValueError(
                "features must have shape (num_states, k) or (num_states,), none of them 0, "
                f"got {array.shape}"
            )
        check_finite("features", array)
        self._features = np.array(array, ndmin=1).reshape(len(array), -1)

    @property
    def features(self) -> FloatArray:
        """Features of every state, shape (num_states, k)."""
        return self._features.copy()

    def __repr__(self) -> str:
        states, k = self._features.shape
        return f"MaxEnt({_counted(states, 'state')}, {_counted(k, 'feature')})"

    def fit(self, expectations: ArrayLike, *, prior: ArrayLike | None = None) -> MaxEntResult:
        """Return the distribution with these means of the features.

        Parameters
        ----------
        expectations : array_like, shape (k,), or float for one feature
            They must lie inside the convex hull of the features of the states.
        prior : array_like, shape (num_states,), optional
            Weights w of the states, not negative, ones by default: chances before anything was
            known, or numbers of states that are alike. What is made least is then the divergence
            from them. States of weight 0 are left out.

        Returns
        -------
        MaxEntResult

        Raises
        ------
        ValueError
            If the shape is wrong or a number not finite; or if the expectations lie outside the
            hull, where no distribution has them, or on its boundary (all but 1e-13 of the
            probability on a plane), where multipliers are infinite.

        Notes
        -----
        The multipliers minimise ``log Z + multipliers @ expectations``, a convex function, here by
        Newton's method. Where features depend on each other they are the shortest of those that
        do, each feature measured in its standard deviation over the states.

        Examples
        --------
        Two dice that show 4 on average, as one die of sums; a sum may come about in several ways:

        >>> import magnetite as mg
        >>> ways = [1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1]
        >>> two = mg.MaxEnt(range(2, 13)).fit(8, prior=ways)
        >>> one = mg.MaxEnt(range(1, 7)).fit(4)
        >>> float(two.multipliers[0]), float(one.multipliers[0])
        (-0.174628..., -0.174628...)
        >>> two.entropy, 2 * one.entropy
        (3.497012..., 3.497012...)
        """
        count, k = self._features.shape
        means = np.atleast_1d(real_array("expectations", expectations))
        if means.shape != (k,):
            raise ValueError(f"expectations must have shape ({k},), got {means.shape}")
        check_finite("expectations", means)
        weights = check_weights("prior", prior, count)
        there = weights > 0
        features = self._features[there]
        found = solve_dual(features, means, weights[there])
        probabilities = np.zeros(count)
        probabilities[there] = found.probabilities
        return MaxEntResult(
            multipliers=found.multipliers,
            probabilities=probabilities,
            expectations=probabilities @ self._features,
            entropy=found.entropy,
            log_z=found.log_z,
            num_steps=found.num_steps,
        )

    spins = staticmethod(fit_spins)


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
