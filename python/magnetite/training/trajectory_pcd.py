"""Exchanges with the machines that training went through, in the negative phase."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_count, check_real
from magnetite.layers import Draws, Pair, Side
from magnetite.likelihood.bases import mean_base
from magnetite.models.bipartite import PARAMETERS
from magnetite.training.phases import Context, NegativePhase, Positive, Sample
from magnetite.training.tempered import copies
from magnetite.trajectory_chains import TrajectoryChains
from magnetite.units.base import Array

__all__ = ["TrajectoryPCD", "TrajectoryPhase"]

TRIALS = 400
"""Exchanges with the last saved machine that must have been tried before their rate counts."""


@dataclass(frozen=True, kw_only=True)
class TrajectoryPCD:
    """Persistent chains that exchange states with those of machines saved on the way of training.

    The ladder begins with independent units of the data's means and ends with the machine that
    learns. When exchanges between it and the last saved machine become rarer than
    `exchange_rate`, a copy of it is saved as a new rung (Bereux, Decelle, Furtlehner, Rosset and
    Seoane, arXiv 2405.15376).

    Parameters
    ----------
    num_chains : int, optional
        Chains of each machine; as many as a batch has rows by default.
    steps : int
        Gibbs steps for every update, each followed by an exchange; 1 by default.
    exchange_rate : float
        Share of exchanges accepted below which the machine is saved; 0.3 by default.
    max_machines : int
        Rungs of the ladder, 20 by default. Of more, the machine goes whose neighbours are nearest
        to it, by the rates of exchange.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.TrajectoryPCD(num_chains=20)
    TrajectoryPCD(num_chains=20, steps=1, exchange_rate=0.3, max_machines=20)
    """

    num_chains: int | None = None
    steps: int = 1
    exchange_rate: float = 0.3
    max_machines: int = 20

    def __post_init__(self) -> None:
        if self.num_chains is not None:
            check_count("num_chains", self.num_chains, 1, bits=31)
        check_count("steps", self.steps, 1, bits=31)
        check_count("max_machines", self.max_machines, 3, bits=31)
        if not 0 < check_real("exchange_rate", self.exchange_rate) < 1:
            raise ValueError(f"exchange_rate must be between 0 and 1, got {self.exchange_rate!r}")

    def start(self, context: Context) -> NegativePhase:
        """Begin; the chains start from the first batch."""
        return TrajectoryPhase(self, context)


class TrajectoryPhase:
    """`TrajectoryPCD` at work."""

    def __init__(self, options: TrajectoryPCD, context: Context) -> None:
        self.options, self.context = options, context
        self.num_chains = options.num_chains or context.batch_size
        self.saved: list[Pair] = []
        self.chains: TrajectoryChains | None = None

    def advance(self, positive: Positive, update: int) -> Sample:
        """Make `steps` rounds of Gibbs step and exchange; return the last machine's states."""
        chains = self.chains or self._begin(positive)
        chains.pairs[-1] = self.context.pair
        chains.advance(self.options.steps)
        if chains.tried[-1] >= TRIALS:
            if chains.acceptance[-1] < self.options.exchange_rate:
                self._save(chains)
            chains.tried[-1] = chains.accepted[-1] = 0
        v = chains.v[-1].copy()
        means, _ = self.context.layers.hidden(v, self.context.pair, np.ones(len(v)))
        return Sample(v, means, np.full(len(v), 1 / len(v)))

    def _begin(self, positive: Positive) -> TrajectoryChains:
        first = independent(self.context, (positive.weights[:, None] * positive.v).sum(axis=0))
        self.saved = [first]
        seeds = np.random.SeedSequence(self.context.seed).generate_state(2, np.uint64)
        rows = np.arange(self.num_chains) % len(positive.v)
        layers, ones = self.context.layers, np.ones(self.num_chains)
        nothing = np.zeros((self.num_chains, self.context.rbm.n_hidden), first.weights.dtype)
        hot = layers.visible(nothing, first, ones, Draws(int(seeds[0]), 0, 0))[1]
        pairs, v = [first, self.context.pair], np.stack([hot, positive.v[rows]])
        self.chains = TrajectoryChains(layers, pairs, v, int(seeds[1]))
        return self.chains

    def _save(self, chains: TrajectoryChains) -> None:
        pair = self.context.rbm.copy().pair
        self.saved.append(pair)
        acceptance = chains.acceptance
        chains.add(pair, chains.v[-1])
        if chains.num_machines > self.options.max_machines:
            # Those between were exchanged since long; the two new intervals say nothing yet.
            nearest = 1 + int(np.argmax(acceptance[:-2] + acceptance[1:-1]))
            chains.remove(nearest)
            self.saved.pop(nearest)

    # What monitors and checkpoints read.

    @property
    def joint_states(self) -> tuple[Array, Array] | None:
        """States of the machine that learns, the hidden ones drawn given the visible ones.

        None before the first update.
        """
        if self.chains is None:
            return None
        # Hidden draws of the chains take even steps only: these numbers serve nothing else.
        draws = Draws(self.chains.seed, 0, 2 * self.chains.step + 1)
        v = self.chains.v[-1].copy()
        return v, self.context.layers.hidden(v, self.context.pair, np.ones(len(v)), draws)[1]

    def states(self) -> Array | None:
        """Return the visible states of the machine that learns; None before the first update."""
        return None if self.chains is None else self.chains.v[-1].copy()

    def figures(self) -> dict[str, float]:
        """Return round trips so far, of all chains, and the number of machines."""
        if self.chains is None:
            return {}
        return {"round_trips": self.chains.round_trips, "num_machines": len(self.chains.pairs)}

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds: arrays and numbers."""
        if self.chains is None:
            return {}
        machines = {str(k): _parameters(pair) for k, pair in enumerate(self.saved)}
        return {"chains": self.chains.state(), "machines": machines}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Undo `state`."""
        self.chains, self.saved = None, []
        if state:
            machines = state["machines"]
            self.saved = [_pair_of(machines[str(k)]) for k in range(len(machines))]
            saved = copies(state["chains"])
            pairs = [*self.saved, self.context.pair]
            v, seed = saved.pop("v"), saved.pop("seed")
            self.chains = TrajectoryChains(self.context.layers, pairs, v, seed)
            self.chains.restore(saved)


def independent(context: Context, means: NDArray[np.float64]) -> Pair:
    """Return parameters without weights, whose visible units have these means."""
    rbm = context.rbm
    bias = mean_base(rbm, means, None, "the means of the data").visible_bias
    return Pair(
        np.zeros_like(rbm.weights),
        Side.plain(bias.astype(rbm.dtype), rbm.visible_precision.copy()),
        Side.plain(np.zeros_like(rbm.hidden_bias), rbm.hidden_precision.copy()),
    )


def _parameters(pair: Pair) -> dict[str, Array]:
    values = (
        pair.weights,
        pair.visible.bias,
        pair.hidden.bias,
        pair.visible.precision,
        pair.hidden.precision,
    )
    return dict(zip(PARAMETERS, values, strict=True))


def _pair_of(parameters: Mapping[str, Any]) -> Pair:
    weights, b, c, a, d = (np.array(parameters[name]) for name in PARAMETERS)
    return Pair(weights, Side.plain(b, a), Side.plain(c, d))
