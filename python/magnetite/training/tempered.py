"""Replica exchange in the negative phase."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from magnetite import ladders
from magnetite._checks import check_choice, check_count
from magnetite.diagnostics._series import as_betas
from magnetite.layers import Draws, Pair
from magnetite.likelihood.bases import bridge, mean_base
from magnetite.tempered_chains import TemperedChains
from magnetite.training.phases import Context, NegativePhase, Positive, Sample
from magnetite.units.base import Array

__all__ = ["TemperedPCD", "TemperedPhase", "copies"]

BASES = ("data", "uniform")
FORGET = 0.01
"""Rate at which the means that the hot end is made of follow the data."""


@dataclass(frozen=True, kw_only=True)
class TemperedPCD:
    """Persistent chains that exchange their inverse temperatures with hotter ones.

    Every chain of the negative phase is the cold end of a ladder of replicas, whose hot end has no
    weights and forgets at once. Neighbours exchange by their joint energies, which leaves each
    rung's ``p(v, h) ~ exp(-beta E(v, h))`` exact (Desjardins, Courville, Bengio, Vincent and
    Delalleau, AISTATS (2010) 145; Cho, Raiko and Ilin, IJCNN (2010)). Only the states at beta = 1
    enter the gradient.

    Parameters
    ----------
    num_chains : int, optional
        Ladders; as many as a batch has rows by default. The work is that of
        ``num_chains * num_betas`` chains of `PCD`.
    num_betas : int
        Rungs of a ladder, 10 by default.
    betas : array_like, optional
        Where the rungs begin: ascending, the last 1. Evenly spaced from 0 by default.
    steps : int
        Gibbs steps for every update, each followed by an exchange; 1 by default.
    base : "data" (default) or "uniform"
        What beta = 0 is: independent units with the means of the data, or all states alike. With
        "data" a rung is ``p_base**(1 - beta) p**beta``, and fewer rungs do.
    adapt_every : int
        Updates between adaptations of the ladder to equal rates of exchange, 100 by default; 0
        keeps it as it is. Between updates, so that no rung is biased (Syed et al. 2022, as in
        `magnetite.temper`).

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.TemperedPCD(num_chains=20, num_betas=5).betas
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """

    num_chains: int | None = None
    num_betas: int = 10
    betas: ArrayLike | None = None
    steps: int = 1
    base: str = "data"
    adapt_every: int = 100

    def __post_init__(self) -> None:
        if self.num_chains is not None:
            check_count("num_chains", self.num_chains, 1, bits=31)
        check_count("num_betas", self.num_betas, 2, bits=16)
        check_count("steps", self.steps, 1, bits=31)
        check_count("adapt_every", self.adapt_every)
        check_choice("base", self.base, BASES)
        betas = as_betas(
            np.linspace(0.0, 1.0, self.num_betas) if self.betas is None else self.betas
        )
        if betas.size < 2 or betas[-1] != 1.0:
            raise ValueError(f"betas must be at least 2, the last 1, got {betas.tolist()}")
        object.__setattr__(self, "betas", tuple(betas.tolist()))
        object.__setattr__(self, "num_betas", betas.size)

    def start(self, context: Context) -> NegativePhase:
        """Begin; the chains start from the first batch."""
        return TemperedPhase(self, context)


class TemperedPhase:
    """`TemperedPCD` at work."""

    def __init__(self, options: TemperedPCD, context: Context) -> None:
        self.options, self.context = options, context
        self.num_ladders = options.num_chains or context.batch_size
        continuum = context.rbm.visible_precision.any() or context.rbm.hidden_precision.any()
        if options.base == "uniform" and continuum and np.ravel(options.betas or 0.0)[0] == 0.0:
            raise ValueError(
                "betas must begin above 0 where base is 'uniform' and units are a continuum, "
                f"got {options.betas}: nothing normalises them at 0; take base='data'"
            )
        self.data_means = np.zeros(context.rbm.n_visible)
        self.num_batches = 0
        self.chains: TemperedChains | None = None

    def advance(self, positive: Positive, update: int) -> Sample:
        """Make `steps` rounds of Gibbs step and exchange; return the states at beta = 1."""
        self._follow(positive)
        chains = self.chains or self._begin(positive)
        chains.pair = self._pair()
        chains.advance(self.options.steps)
        v, _ = chains.at(len(chains.betas) - 1)
        if self.options.adapt_every and (update + 1) % self.options.adapt_every == 0:
            self._adapt(chains)
        means, _ = self.context.layers.hidden(v, self.context.pair, np.ones(len(v)))
        return Sample(v, means, np.full(len(v), 1 / len(v)))

    def _follow(self, positive: Positive) -> None:
        """Let the means of the hot end follow those of the data: a mean at first, then a trace."""
        means = (positive.weights[:, None] * positive.v).sum(axis=0)
        self.num_batches += 1
        self.data_means += max(FORGET, 1 / self.num_batches) * (means - self.data_means)

    def _begin(self, positive: Positive) -> TemperedChains:
        betas = np.asarray(self.options.betas, np.float64)
        start, run = np.random.SeedSequence(self.context.seed).generate_state(2, np.uint64)
        rows = np.arange(self.num_ladders * betas.size) % len(positive.v)
        v = np.ascontiguousarray(positive.v[rows])
        pair, layers = self._pair(), self.context.layers
        h = layers.hidden(v, pair, np.tile(betas, self.num_ladders), Draws(int(start), 0, 0))[1]
        self.chains = TemperedChains(layers, pair, betas, v, h, int(run))
        return self.chains

    def _pair(self) -> Pair:
        if self.options.base == "uniform":
            return self.context.pair
        base = mean_base(self.context.rbm, self.data_means, None, "the means of the data")
        return bridge(self.context.pair, base)

    def _adapt(self, chains: TemperedChains) -> None:
        if chains.tried.min() == 0:
            return
        chains.betas = ladders.equalised(chains.betas, 1 - chains.acceptance, len(chains.betas))
        chains.tried[:], chains.accepted[:] = 0, 0

    # What monitors and checkpoints read.

    @property
    def joint_states(self) -> tuple[Array, Array] | None:
        """Visible and hidden states at beta = 1; None before the first update."""
        return None if self.chains is None else self.chains.at(len(self.chains.betas) - 1)

    def states(self) -> Array | None:
        """Return the visible states at beta = 1; None before the first update."""
        return None if self.chains is None else self.chains.at(len(self.chains.betas) - 1)[0]

    def figures(self) -> dict[str, float]:
        """Return round trips so far, of all ladders, and the least rate of exchange of late."""
        if self.chains is None:
            return {}
        tried = self.chains.tried > 0
        least = self.chains.acceptance[tried].min() if tried.any() else np.nan
        return {"round_trips": self.chains.round_trips, "exchange_rate": float(least)}

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds: arrays and numbers."""
        state: dict[str, Any] = {"data_means": self.data_means, "num_batches": self.num_batches}
        if self.chains is not None:
            state["chains"] = self.chains.state() | {"betas": self.chains.betas}
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Undo `state`."""
        self.data_means = np.array(state["data_means"], np.float64)
        self.num_batches = int(state["num_batches"])
        self.chains = None
        if "chains" in state:
            saved = copies(state["chains"])
            betas, v, h, seed = (saved.pop(name) for name in ("betas", "v", "h", "seed"))
            self.chains = TemperedChains(self.context.layers, self._pair(), betas, v, h, seed)
            self.chains.restore(saved)


def copies(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of chains with arrays of its own, which the chains may change."""
    return {
        name: value.copy() if isinstance(value, np.ndarray) else value
        for name, value in state.items()
    }
