"""A free phase by replica exchange, for machines whose chains do not mix."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from magnetite import _core
from magnetite._checks import check_count, check_real
from magnetite.boltzmann.chains import Mover, random_spins
from magnetite.boltzmann.phases import Context, PhaseRun, Rows
from magnetite.models.assemble import core_of_polynomial
from magnetite.models.topology import Moments, Parameters

__all__ = ["Tempering"]


@dataclass(frozen=True)
class Tempering:
    """Persistent ladders of replicas, which exchange their betas: for the machine left alone.

    Betas are equally spaced from `hottest` to 1. After the exchanges of an update, the replicas at
    beta = 1 make `num_collected` more sweeps, over which moments are averaged.

    Parameters
    ----------
    num_ladders : int
        Ladders, 25 by default.
    num_rungs : int
        Replicas of a ladder, 8 by default.
    num_sweeps : int
        Sweeps an update, with an exchange after each, 2 by default.
    hottest : float
        The first beta, 0 by default, where states are random.
    num_collected : int
        Sweeps that moments are averaged over, 1 by default.

    References
    ----------
    K. Hukushima, K. Nemoto, J. Phys. Soc. Jpn 65, 1604 (1996).

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.boltzmann.Tempering(num_rungs=5).betas.tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """

    num_ladders: int = 25
    num_rungs: int = 8
    num_sweeps: int = 2
    hottest: float = 0.0
    num_collected: int = 1

    def __post_init__(self) -> None:
        for name in ("num_ladders", "num_sweeps", "num_collected"):
            check_count(name, getattr(self, name), 1, bits=31)
        check_count("num_rungs", self.num_rungs, 2, bits=31)
        if not 0 <= check_real("hottest", self.hottest) < 1:
            raise ValueError(f"hottest must be at least 0 and below 1, got {self.hottest!r}")

    @property
    def betas(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The ladder."""
        return np.linspace(self.hottest, 1.0, self.num_rungs)

    def start(self, context: Context) -> PhaseRun:
        """Begin, at random states."""
        if context.by_row:
            name = "positive" if context.clamped else "negative, with inputs,"
            raise TypeError(
                f"{name} must be mg.boltzmann.Annealing, Chains, MeanField or Enumeration: the "
                "replicas of Tempering cannot be held each at a row of its own"
            )
        return _TemperingRun(self, context)


class _TemperingRun:
    """`Tempering` at work."""

    def __init__(self, options: Tempering, context: Context) -> None:
        self.options, self.context, self.mover = options, context, Mover(context)
        rng = np.random.default_rng(context.key)
        count = options.num_ladders * options.num_rungs
        self.states = random_spins(rng, (count, context.graph.num_units))

    def moments(self, parameters: Parameters, rows: Rows, update: int) -> Moments:
        options, n = self.options, self.context.graph.num_units
        ladders = self._exchanged(parameters, update * options.num_sweeps)
        coldest, moments = self.mover.move(
            parameters,
            np.ascontiguousarray(ladders[:, -1]),
            np.ones(options.num_ladders),
            np.ones(options.num_collected),
            options.num_collected,
            update * options.num_collected,
        )
        ladders[:, -1] = coldest
        self.states = ladders.reshape(-1, n)
        return moments

    def _exchanged(self, parameters: Parameters, first_sweep: int) -> Any:
        """Return states (num_ladders, num_rungs, n) after the sweeps of an update."""
        options = self.options
        nothing = np.empty(0, np.int64)
        run = _core.TemperRun(
            core_of_polynomial(self.context.graph.energy(parameters)),
            seed=self.context.key + 1,  # streams of their own
            first_chain=0,
            num_ladders=options.num_ladders,
            betas=options.betas,
            num_sweeps=options.num_sweeps,
            warmup=0,
            thin=options.num_sweeps,
            first_sweep=first_sweep,
            swaps="even-odd",
            swap_interval=1,
            cluster_interval=0,
            cluster_rungs=np.zeros(options.num_rungs, np.bool_),
            observe_interval=options.num_sweeps,
            links=False,
            moments=False,
            store_states=False,
            kernel="gibbs",
            scan="sequential",
            initial_states=self.states,
            clamped=nothing,
            clamped_values=nothing.astype(np.int8),
            num_threads=self.context.num_threads,
        )
        while not run.advance(1.0):
            pass
        return run.states()

    def state(self) -> dict[str, Any]:
        return {"states": self.states}

    def restore(self, state: dict[str, Any]) -> None:
        self.states = state["states"]
