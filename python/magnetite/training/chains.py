"""What the negative phases with chains share: where chains start, and how they go on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.layers import Draws, Pair
from magnetite.training.phases import Context, Positive
from magnetite.units.base import Array

__all__ = ["STARTS", "Chains"]

STARTS = ("data", "biases")

FIRST = 1 << 48
"""Number of the step whose draws start the chains: none that a training gets to."""


class Chains:
    """Persistent block Gibbs chains of joint states, one a row.

    Parameters
    ----------
    context : Context
        The training that they serve.
    num_chains : int
        Rows.
    start : "data" or "biases"
        Whether they start at rows of the first batch, or as if there were no weights.
    """

    def __init__(self, context: Context, num_chains: int, start: str) -> None:
        self.context, self.num_chains, self.start = context, num_chains, start
        self.v: Array | None = None
        self.h: Array | None = None
        self.step = 0
        self.betas = np.ones(num_chains)
        self.weights: NDArray[np.float64] = np.full(num_chains, 1 / num_chains)

    def advance(self, pair: Pair, num_steps: int, positive: Positive) -> tuple[Array, Array]:
        """Make steps; return visible states and hidden means, valid until the next call."""
        if self.v is None or self.h is None:
            self.v, self.h = self._begin(positive)
        draws = Draws(self.context.seed, 0, self.step)
        means = self.context.layers.gibbs(self.v, self.h, pair, self.betas, draws, num_steps)
        self.step += num_steps
        return self.v, means

    def _begin(self, positive: Positive) -> tuple[Array, Array]:
        context, draws = self.context, Draws(self.context.seed, 0, FIRST)
        if self.start == "biases":
            nothing = np.zeros((self.num_chains, context.rbm.n_hidden), context.rbm.dtype)
            v = context.layers.visible(nothing, context.pair, self.betas, draws)[1]
        elif self.num_chains == len(positive.v) and np.ptp(positive.weights) == 0:
            v = positive.v.copy()
        else:
            generator = np.random.default_rng(context.seed)
            rows = generator.choice(len(positive.v), self.num_chains, p=positive.weights)
            v = positive.v[rows]
        return v, context.layers.hidden(v, context.pair, self.betas, draws)[1]

    @property
    def joint_states(self) -> tuple[Array, Array] | None:
        """Visible and hidden states, None before the first update."""
        return None if self.v is None or self.h is None else (self.v, self.h)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {"v": self.v, "h": self.h, "step": self.step}

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        for name, value in state.items():
            setattr(self, name, value)
