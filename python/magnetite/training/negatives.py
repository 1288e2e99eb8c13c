"""Negative phases by sampling: contrastive divergence, persistent chains, fast weights."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from magnetite._checks import check_choice, check_count, check_real
from magnetite.layers import Draws, Pair
from magnetite.training.auto_steps import AutoSteps
from magnetite.training.chains import STARTS, Chains
from magnetite.training.gradient import weighted_mean
from magnetite.training.phases import Context, NegativePhase, Positive, Sample
from magnetite.units.base import Array

__all__ = ["CD", "PCD", "FastPCD"]


@dataclass(frozen=True)
class CD:
    """Contrastive divergence: chains that start at the batch at every update.

    Quick, and biased: what the machine puts far from the data is never seen. Likelihoods are
    better with `PCD`.

    Parameters
    ----------
    steps : int
        Block Gibbs steps, 1 by default.
    mean_field : bool
        Whether chains start from the means of the hidden units, instead of draws of them.

    References
    ----------
    Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation
    14 (2002) 1771.

    Examples
    --------
    >>> import magnetite as mg
    >>> rbm = mg.RBM(2, 1)
    >>> _ = rbm.fit([[0, 0], [1, 1]], negative=mg.CD(steps=5), epochs=1, seed=1)
    """

    steps: int = 1
    mean_field: bool = False

    def __post_init__(self) -> None:
        check_count("steps", self.steps, 1, bits=31)

    def start(self, context: Context) -> NegativePhase:
        """Begin; there is nothing to keep."""
        return _CDPhase(self, context)


@dataclass(frozen=True)
class _CDPhase:
    options: CD
    context: Context

    def advance(self, positive: Positive, update: int) -> Sample:
        steps, layers, pair = self.options.steps, self.context.layers, self.context.pair
        v = positive.v.copy()  # of which a step takes what relatives of the machine hold
        h = (positive.h_means if self.options.mean_field else positive.h).copy()
        draws = Draws(self.context.seed, 0, update * steps)
        means = layers.gibbs(v, h, pair, np.ones(len(v)), draws, steps)
        return Sample(v, means, positive.weights)

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass


@dataclass(frozen=True)
class PCD:
    """Persistent contrastive divergence: chains that go on from update to update.

    Parameters
    ----------
    num_chains : int, optional
        Chains; as many as rows in a batch by default.
    steps : int or "auto"
        Block Gibbs steps an update, 1 by default; "auto" begins with one and doubles them, up to
        100, when the autocorrelation time of the chains exceeds them.
    start_at : "data" (default) or "biases"
        Whether the chains start at rows of the first batch, or as if there were no weights.

    References
    ----------
    Tieleman, "Training restricted Boltzmann machines using approximations to the likelihood
    gradient", ICML (2008) 1064; Younes, Stochastics 65 (1999) 177.

    Examples
    --------
    >>> import magnetite as mg
    >>> rbm = mg.RBM(2, 1)
    >>> _ = rbm.fit([[0, 0], [1, 1]], negative=mg.PCD(num_chains=50), epochs=1, seed=1)
    """

    num_chains: int | None = None
    steps: int | Literal["auto"] = 1
    start_at: str = "data"

    def __post_init__(self) -> None:
        steps = 1 if self.steps == "auto" else self.steps
        _check_chains(self.num_chains, steps, self.start_at)

    def start(self, context: Context) -> NegativePhase:
        """Begin; the chains are placed when the first batch is there."""
        chains = Chains(context, self.num_chains or context.batch_size, self.start_at)
        if self.steps == "auto":
            return _AutoPhase(chains, AutoSteps(context))
        return _PCDPhase(chains, self.steps)


def _check_chains(num_chains: int | None, steps: int, start_at: str) -> None:
    if num_chains is not None:
        check_count("num_chains", num_chains, 1, bits=31)
    check_count("steps", steps, 1, bits=31)
    check_choice("start_at", start_at, STARTS)


@dataclass(frozen=True)
class _PCDPhase:
    chains: Chains
    steps: int

    def advance(self, positive: Positive, update: int) -> Sample:
        v, means = self.chains.advance(self.chains.context.pair, self.steps, positive)
        return Sample(v, means, self.chains.weights)

    @property
    def joint_states(self) -> tuple[Array, Array] | None:
        return self.chains.joint_states

    def state(self) -> dict[str, Any]:
        return self.chains.state()

    def restore(self, state: dict[str, Any]) -> None:
        self.chains.restore(state)

    def states(self) -> Array | None:
        """Return the visible states of the chains; None before the first update."""
        return self.chains.v


@dataclass(frozen=True)
class _AutoPhase:
    chains: Chains
    auto: AutoSteps

    def advance(self, positive: Positive, update: int) -> Sample:
        v, means = self.chains.advance(self.chains.context.pair, self.auto.steps, positive)
        self.auto.next_steps(v)
        return Sample(v, means, self.chains.weights)

    @property
    def joint_states(self) -> tuple[Array, Array] | None:
        return self.chains.joint_states

    def state(self) -> dict[str, Any]:
        return {"chains": self.chains.state(), "auto": self.auto.state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.chains.restore(state["chains"])
        self.auto.restore(state["auto"])

    def states(self) -> Array | None:
        """Return the visible states of the chains; None before the first update."""
        return self.chains.v

    def figures(self) -> dict[str, float]:
        """Return the steps of now, for the history."""
        return self.auto.figures()


@dataclass(frozen=True)
class FastPCD:
    """Persistent chains driven on by fast weights, which learn quickly and decay quickly.

    The chains see the parameters plus the fast weights; what they have just visited is raised in
    energy for a while, so that they move on even where the machine alone mixes slowly.

    Parameters
    ----------
    num_chains, steps, start_at
        As for `PCD`.
    fast_rate : float
        Learning rate of the fast weights, 0.01 by default.
    decay : float
        What is left of the fast weights after an update, 19/20 by default.

    References
    ----------
    Tieleman and Hinton, "Using fast weights to improve persistent contrastive divergence", ICML
    (2009) 1033.

    Examples
    --------
    >>> import magnetite as mg
    >>> rbm = mg.RBM(2, 1)
    >>> _ = rbm.fit([[0, 0], [1, 1]], negative=mg.FastPCD(), epochs=1, seed=1)
    """

    num_chains: int | None = None
    steps: int = 1
    fast_rate: float = 0.01
    decay: float = 19 / 20
    start_at: str = "data"

    def __post_init__(self) -> None:
        _check_chains(self.num_chains, self.steps, self.start_at)
        if not check_real("fast_rate", self.fast_rate) > 0:
            raise ValueError(f"fast_rate must be positive, got {self.fast_rate!r}")
        if not 0 <= check_real("decay", self.decay) < 1:
            raise ValueError(f"decay must be at least 0 and below 1, got {self.decay!r}")

    def start(self, context: Context) -> NegativePhase:
        """Begin, with fast weights of zero."""
        chains = Chains(context, self.num_chains or context.batch_size, self.start_at)
        return _FastPhase(self, chains)


class _FastPhase:
    def __init__(self, options: FastPCD, chains: Chains) -> None:
        self.options, self.chains = options, chains
        rbm = chains.context.rbm
        self.fast = {
            name: np.zeros_like(getattr(rbm, name))
            for name in ("weights", "visible_bias", "hidden_bias")
        }

    def advance(self, positive: Positive, update: int) -> Sample:
        v, means = self.chains.advance(self._pair(), self.options.steps, positive)
        sample = Sample(v, means, self.chains.weights)
        self._learn(positive, sample)
        return sample

    @property
    def joint_states(self) -> tuple[Array, Array] | None:
        return self.chains.joint_states

    def _pair(self) -> Pair:
        pair, fast = self.chains.context.pair, self.fast
        return Pair(
            pair.weights + fast["weights"],
            pair.visible._replace(bias=pair.visible.bias + fast["visible_bias"]),
            pair.hidden._replace(bias=pair.hidden.bias + fast["hidden_bias"]),
        )

    def _learn(self, positive: Positive, sample: Sample) -> None:
        """Let the fast weights decay, and take a step along the centred gradient of the batch."""
        mu = weighted_mean(positive.weights, positive.v)
        lam = weighted_mean(positive.weights, positive.h_means)
        gW = np.empty_like(self.fast["weights"])
        gb, gc = self.chains.context.layers.moments(
            positive.v,
            positive.h_means,
            positive.weights,
            sample.v,
            sample.h_means,
            sample.weights,
            mu,
            lam,
            gW,
        )
        gb -= np.einsum("ij,j->i", gW, lam)
        gc -= np.einsum("ij,i->j", gW, mu)
        for fast, gradient in zip(self.fast.values(), (gW, gb, gc), strict=True):
            fast *= self.options.decay
            fast += self.options.fast_rate * gradient

    def state(self) -> dict[str, Any]:
        return {"chains": self.chains.state(), "fast": self.fast}

    def restore(self, state: dict[str, Any]) -> None:
        self.chains.restore(state["chains"])
        self.fast = state["fast"]

    def states(self) -> Array | None:
        """Return the visible states of the chains; None before the first update."""
        return self.chains.v
