"""The machines that training went through, as a ladder to sample the last one with."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from magnetite import ladders
from magnetite._checks import check_count, check_real
from magnetite.diagnostics._series import check_positive
from magnetite.layers import Draws
from magnetite.models.bipartite import PARAMETERS
from magnetite.options import SeedLike, check_seed
from magnetite.trajectory_chains import TrajectoryChains, exchange_gain, log_weights
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM
    from magnetite.training.result import TrainingProgress

__all__ = ["Trajectory", "TrajectorySamples"]

TURNS, TUNING_ROUNDS = 3, 40
"""How often machines are chosen anew, and after how many rounds of exchanges."""
FIRST_STEPS, WARM_STEPS = 100, 5
"""Gibbs steps on the first machine, and on each that may become the next of the ladder."""


@dataclass(frozen=True, eq=False, repr=False)
class TrajectorySamples:
    """What `Trajectory.sample` returns.

    Attributes
    ----------
    states : ndarray, shape (num_samples, n_visible)
        Visible states of the last machine, each from a ladder of its own.
    updates : tuple of int
        The update after which each machine of the ladder was saved.
    exchange_rates : ndarray, shape (num_machines - 1,)
        Share of exchanges accepted between neighbours.
    round_trips : int
        How often a walker went from the first machine to the last and back, in all ladders.
    num_rounds : int
        Rounds made.
    """

    states: Array
    updates: tuple[int, ...]
    exchange_rates: NDArray[np.float64]
    round_trips: int
    num_rounds: int

    def __repr__(self) -> str:
        return (
            f"<TrajectorySamples: {len(self.states)} samples through {len(self.updates)} machines; "
            f"exchange rates from {self.exchange_rates.min(initial=1.0):.2f}; "
            f"{self.round_trips / len(self.states):.2g} round trips each>"
        )


@dataclass(eq=False)
class Trajectory:
    """Machines saved on the way of training, close enough for exchanges between neighbours.

    A callback of `RBM.fit`, which begins without machines; in the end the trained machine is the
    last one. Early machines mix
    fast and late ones slowly, and neighbours differ little: exchanges between them carry states
    across barriers that tempering meets as a transition of first order (Bereux, Decelle,
    Furtlehner, Rosset and Seoane, arXiv 2405.15376).

    On digits 0 and 1 of MNIST, 200 hidden units and 600 updates, samples made 13 times as many
    round trips for the work as a ladder of betas from 0, and an eighth of those of a ladder that
    begins at the data's means, the default of `TemperedPCD` (`tests/test_trajectory_mnist.py`).

    Parameters
    ----------
    spacing : float
        Ratio of successive updates at which the machine may be saved, 1.02 by default.
    exchange_rate : float
        It is saved when fewer exchanges than this share would be accepted between it and the last
        one saved, 0.7 by default: by ``erfc(s / 2)``, where s is the spread of the difference of
        their free energies over the chains of the negative phase (a normal law of it assumed).
        Negative phases without chains have all machines saved that may be.

    Attributes
    ----------
    machines : list of RBM
        Copies of the machine, the earliest first.
    updates : list of int
        After which update each was saved.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> trajectory = mg.training.Trajectory()
    >>> for update, strength in enumerate(np.linspace(0, 6, 20)):
    ...     trajectory.save(mg.RBM(2, 1, weights=[[strength], [-strength]]), update)
    >>> samples = trajectory.sample(500, num_rounds=50, seed=1)
    >>> samples.updates[0], samples.updates[-1], len(samples.updates) < 20
    (0, 19, True)
    >>> samples.states.shape
    (500, 2)
    """

    spacing: float = 1.02
    exchange_rate: float = 0.7
    machines: list["RBM"] = field(default_factory=list)
    updates: list[int] = field(default_factory=list)
    _seen: int = field(default=0, init=False, repr=False)
    _looked: int = field(default=-1, init=False, repr=False)
    _saved: Mapping[str, Mapping[str, Array]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not check_real("spacing", self.spacing) > 1:
            raise ValueError(f"spacing must be above 1, got {self.spacing}")
        check_positive("exchange_rate", self.exchange_rate)

    def __repr__(self) -> str:
        last = f" up to update {self.updates[-1]}" if self.updates else ""
        return f"<Trajectory: {len(self.machines)} machines{last}>"

    def due(self, update: int) -> bool:
        """Return whether it is to be seen after this update if the machine is to be saved."""
        return update >= max(self._looked + 1, math.ceil(self._looked * self.spacing))

    def save(self, rbm: "RBM", update: int) -> None:
        """Save a copy of the machine, whether it is due or not."""
        if self.updates and update <= self.updates[-1]:
            raise ValueError(
                f"update must be above that of the last machine, {self.updates[-1]}, got {update}"
            )
        self.machines.append(rbm.copy())
        self.updates.append(update)
        self._looked = update

    # As a callback of `fit`.

    def start(self, rbm: "RBM") -> None:
        """Forget the training before, and all machines."""
        self.machines, self.updates = [], []
        self._seen, self._looked, self._saved = 0, -1, {}

    def __call__(self, progress: "TrainingProgress") -> None:
        """Do nothing: epochs are too long steps."""

    def after_update(self, progress: "TrainingProgress") -> None:
        """Save the machine where that is due, and the last one saved has become too far."""
        self._take_up(progress.rbm)
        self._seen = progress.updates
        if self.due(progress.updates):
            self._looked = progress.updates
            if not self.machines or self._rate(progress) < self.exchange_rate:
                self.save(progress.rbm, progress.updates)

    def _rate(self, progress: "TrainingProgress") -> float:
        """Return the share of exchanges that the last machine saved would accept with this one."""
        states = getattr(progress.negative, "states", None)
        v = None if states is None else states()
        if v is None or len(v) < 2:
            return 0.0
        pairs = progress.rbm.pair, self.machines[-1].pair
        now, then = (log_weights(progress.layers, pair, v) for pair in pairs)
        return math.erfc(float((now - then).std(ddof=1)) / 2)

    def finish(self, rbm: "RBM") -> None:
        """Save the trained machine."""
        self._take_up(rbm)
        if not self.updates or self._seen > self.updates[-1]:
            self.save(rbm, self._seen)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        machines = {
            str(update): {name: getattr(rbm, name) for name in PARAMETERS}
            for update, rbm in zip(self.updates, self.machines, strict=True)
        }
        return {"machines": machines, "seen": self._seen, "looked": self._looked}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Undo `state`, as soon as there is a machine to make the others of."""
        self._saved, self._seen, self._looked = (
            state[name] for name in ("machines", "seen", "looked")
        )

    def _take_up(self, rbm: "RBM") -> None:
        """Go on from the machines of a checkpoint."""
        if not self._saved:
            return
        self.machines, self.updates = [], []
        for update, parameters in self._saved.items():
            machine = rbm.copy()
            for name, value in parameters.items():
                getattr(machine, name)[...] = value
            self.machines.append(machine)
            self.updates.append(int(update))
        self._saved = {}

    def sample(
        self,
        num_samples: int = 1,
        *,
        num_rounds: int = 1000,
        steps: int = 1,
        exchange_rate: float = 0.5,
        seed: SeedLike = None,
        num_threads: int | None = None,
    ) -> TrajectorySamples:
        """Draw visible states of the last machine by exchanges with those before it.

        Parameters
        ----------
        num_samples : int
            Ladders, one sample of each.
        num_rounds : int
            Rounds of Gibbs steps on every machine and an exchange of neighbours, 1,000 by default.
        steps : int
            Gibbs steps of a round, 1 by default.
        exchange_rate : float
            Share of exchanges that neighbours of the ladder are to accept, 0.5 by default, which
            gives the most round trips for the work. Machines are chosen for it in rounds of their
            own, before the others.
        seed, num_threads
            As for `magnetite.sample`; the result does not depend on the number of threads.

        Returns
        -------
        TrajectorySamples

        Raises
        ------
        ValueError
            If no machine was saved.
        """
        count = check_count("num_samples", num_samples, 1, bits=31)
        rounds = check_count("num_rounds", num_rounds, 1, bits=31)
        steps = check_count("steps", steps, 1, bits=31)
        rate = check_real("exchange_rate", exchange_rate)
        if not 0 < rate < 1:
            raise ValueError(f"exchange_rate must be between 0 and 1, got {exchange_rate!r}")
        if not self.machines:
            raise ValueError("the trajectory must hold a machine: give it to fit as a callback")
        choice, run = np.random.SeedSequence(check_seed(seed).key).spawn(2)
        ladder, v = self._ladder(count, rate, check_seed(choice).key, num_threads)
        layers = self.machines[-1].layers(num_threads)
        tuned, final = np.random.SeedSequence(check_seed(run).key).generate_state(2, np.uint64)
        for turn in range(TURNS + 1):
            pairs = [self.machines[k].pair for k in ladder]
            if turn == TURNS:
                break
            chains = TrajectoryChains(layers, pairs, v, int(tuned) ^ turn)
            chains.advance(TUNING_ROUNDS, steps)
            ladder, v = respaced(ladder, chains, rate)
        chains = TrajectoryChains(layers, pairs, v, int(final))
        chains.advance(rounds, steps)
        updates = tuple(self.updates[k] for k in ladder)
        return TrajectorySamples(
            chains.v[-1].copy(), updates, chains.acceptance, chains.round_trips, rounds
        )

    def _ladder(
        self, count: int, rate: float, key: int, num_threads: int | None
    ) -> tuple[Sequence[int], Array]:
        """Choose machines whose neighbours exchange at `rate`, and bring chains up to each.

        From the first on, the next is the last one whose exchanges with it are accepted so often.
        """
        machines, layers = self.machines, self.machines[-1].layers(num_threads)
        ones, stage = np.ones(count), 0

        def warmed(v: Array, k: int, num_steps: int) -> Array:
            nonlocal stage
            stage += 1
            draws = Draws(key, 0, stage << 40)
            v = v.copy()
            _, h = layers.hidden(v, machines[k].pair, ones, draws)
            layers.gibbs(
                v, h, machines[k].pair, ones, draws._replace(step=draws.step + 1), num_steps
            )
            return v

        nothing = np.zeros((count, machines[0].n_hidden), machines[0].dtype)
        start = layers.visible(nothing, machines[0].pair, ones, Draws(key, 0, 0))[1]
        chosen, chains, at = [0], [warmed(start, 0, FIRST_STEPS)], 0
        while at < len(machines) - 1:
            best, v_best = at + 1, warmed(chains[-1], at + 1, WARM_STEPS)
            for k in range(at + 2, len(machines)):
                v = warmed(v_best, k, WARM_STEPS)
                gain = exchange_gain(layers, machines[at].pair, machines[k].pair, chains[-1], v)
                if np.exp(np.minimum(gain, 0)).mean() < rate:
                    break
                best, v_best = k, v
            chosen.append(best)
            chains.append(v_best)
            at = best
        return chosen, np.stack(chains)


def respaced(
    ladder: Sequence[int], chains: TrajectoryChains, rate: float
) -> tuple[Sequence[int], Array]:
    """Choose machines between the ends anew, so that neighbours exchange at `rate`.

    Rejections add up along the trajectory, as they do along a ladder of betas
    (`ladders.equalised`); new machines begin with the states of the nearest old one.
    """
    if len(ladder) < 2:
        return ladder, chains.v
    rejections = 1 - chains.acceptance
    count = max(2, math.ceil(ladders.barrier(rejections)[-1] / (1 - rate)) + 1)
    places = np.asarray(ladder, np.float64)
    chosen = np.unique(ladders.equalised(places, rejections, count).round().astype(np.int64))
    nearest = np.abs(chosen[:, None] - places).argmin(axis=1)
    return chosen.tolist(), chains.v[nearest]
