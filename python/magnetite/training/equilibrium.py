"""Whether the chains of a machine are in equilibrium, and how long they remember."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_count
from magnetite.diagnostics import split_r_hat
from magnetite.diagnostics._series import check_positive, integrated_times
from magnetite.layers import Draws, Layers, Pair
from magnetite.options import SeedLike, check_seed
from magnetite.training.observables import Observables
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Equilibrium", "equilibrium"]

DRAWS = 1000
"""Draws of a chain in the second half of a run, fewer where it is shorter."""
RANKED = 100
"""R-hat is that of so many draws of a chain, evenly spaced, which cost less and say as much."""
MIN_DRAWS = 20
LEAST_ROWS = 20
"""Chains that it takes to judge means by their spread."""
NAMED = 2
"""Reasons that are printed, of more."""


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """What `equilibrium` found.

    Attributes
    ----------
    in_equilibrium : bool
        True when nothing speaks against it.
    reasons : tuple of str
        What does, otherwise.
    autocorrelation_time : float
        Largest integrated autocorrelation time of what is watched, in Gibbs steps, 1/2 for
        independent states; a lower bound where chains did not agree.
    r_hat : float
        Largest split R-hat of what is watched, over all chains.
    ess : float
        Independent states that the second half of the run is worth, all chains together.
    drift : float
        By how many standard deviations the given chains moved in the run, at most.
    gap : float
        How far chains from a random start and the given ones ended apart, likewise.
    num_steps : int
        Gibbs steps of the run.
    """

    in_equilibrium: bool
    reasons: tuple[str, ...]
    autocorrelation_time: float
    r_hat: float
    ess: float
    drift: float
    gap: float
    num_steps: int

    def __bool__(self) -> bool:
        return self.in_equilibrium

    def figures(self) -> dict[str, float]:
        """Return the numbers, as a history has them."""
        names = ("autocorrelation_time", "r_hat", "ess", "drift", "gap")
        return {"equilibrium": self.in_equilibrium} | {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        if self.in_equilibrium:
            return (
                f"equilibrium (autocorrelation time {self.autocorrelation_time:.2g} steps, R-hat "
                f"{self.r_hat:.3f})"
            )
        more = len(self.reasons) - NAMED
        rest = f"; and {more} more" if more > 0 else ""
        return "out of equilibrium, because " + "; and ".join(self.reasons[:NAMED]) + rest


def equilibrium(
    rbm: "RBM",
    v: ArrayLike,
    *,
    num_steps: int = 1000,
    max_shift: float = 0.2,
    max_r_hat: float = 1.2,
    seed: SeedLike = None,
    num_threads: int | None = None,
    layers: Layers | None = None,
) -> Equilibrium:
    """Test whether states that a training takes for the machine's own are in equilibrium.

    These are the states of its persistent chains, or those that k steps lead to from the data. They
    go on for `num_steps`, with the machine as it is, beside as many chains from a random start.
    Watched are the joint energy and the visible states along the three directions in which the
    weights are strongest: along those a machine is slow. In equilibrium

    * nothing has moved when the run ends, on average over the chains;
    * chains from the random start have come to the same means; and
    * all chains agree with each other and with their own halves (split R-hat), which they do when
      the second half of the run is several autocorrelation times long.

    Training with chains that do not reach equilibrium learns machines whose samples are good at
    the number of steps of the training, and not later (Decelle, Furtlehner and Seoane, "Equilibrium
    and non-equilibrium regimes in the learning of restricted Boltzmann machines", NeurIPS 2021).

    Parameters
    ----------
    v : array_like, shape (num_chains, n_visible)
        The states; at least 20.
    num_steps : int
        Gibbs steps, 1,000 by default and at least 40. What takes longer than that is out of
        equilibrium.
    max_shift : float
        Shifts of means up to so many standard deviations (and twice their error more) pass; 0.2
        by default.
    max_r_hat : float
        Largest R-hat that passes, 1.2 by default: that of chains in equilibrium when the second
        half of the run has some five autocorrelation times. Take more steps for less.
    seed, num_threads
        As for `magnetite.sample`; the result does not depend on the number of threads.
    layers : Layers, optional
        What is to do the work, of a training for one, instead of `num_threads`.

    Returns
    -------
    Equilibrium

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> rbm = mg.RBM(8, 2, weights=np.full((8, 2), 0.5), visible_bias=np.full(8, -0.5))
    >>> states = rbm.sample(100, seed=1)
    >>> bool(mg.training.equilibrium(rbm, states, seed=1))
    True
    >>> print(mg.training.equilibrium(rbm, np.zeros((100, 8)), seed=1))
    out of equilibrium, because the energy of the chains moved by ... standard deviations...
    """
    states = rbm.visible_states(v)
    if len(states) < LEAST_ROWS:
        raise ValueError(f"v must have at least {LEAST_ROWS} rows, got {len(states)}")
    steps = check_count("num_steps", num_steps, 2 * MIN_DRAWS, bits=31)
    shift, r_hat = check_positive("max_shift", max_shift), check_positive("max_r_hat", max_r_hat)
    work = layers or rbm.layers(num_threads)
    first, later, thin = _run(rbm, work, states, steps, check_seed(seed).key)
    return _judge(first, later, thin, steps, shift, r_hat)


def _run(
    rbm: "RBM", layers: Layers, states: Array, steps: int, key: int
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]], int]:
    """Return what is seen of the given chains at first, of all chains then, and the thinning."""
    starts, run = np.random.SeedSequence(key).generate_state(2, np.uint64)
    seen = Observables(rbm, layers)
    seen.turn(rounds=50)
    v = np.concatenate([states, random_states(rbm, layers, len(states), int(starts))])
    ones = np.ones(len(v))
    _, h = layers.hidden(v, rbm.pair, ones, Draws(int(run), 0, 0))
    first = {name: value[: len(states)] for name, value in seen.of(v, h).items()}
    half = steps // 2
    thin = -(-half // DRAWS)
    done = steps - half // thin * thin
    layers.gibbs(v, h, rbm.pair, ones, Draws(int(run), 0, 1), done)
    later: dict[str, list[NDArray[np.float64]]] = {name: [] for name in first}
    for _ in range(half // thin):
        layers.gibbs(v, h, rbm.pair, ones, Draws(int(run), 0, 1 + done), thin)
        done += thin
        for name, value in seen.of(v, h).items():
            later[name].append(value)
    return first, {name: np.stack(series, axis=1) for name, series in later.items()}, thin


def random_states(rbm: "RBM", layers: Layers, count: int, key: int) -> Array:
    """Return visible states of a machine whose parameters are all zero, but for the precisions."""
    pair = rbm.pair
    unbiased = [side._replace(bias=np.zeros_like(side.bias)) for side in pair.sides]
    zero = Pair(np.zeros_like(pair.weights), unbiased[0], unbiased[1])
    nothing = np.zeros((count, rbm.n_hidden), rbm.dtype)
    drawn: Array = layers.visible(nothing, zero, np.ones(count), Draws(key, 0, 0))[1]
    return drawn


def _judge(
    first: dict[str, NDArray[np.float64]],
    later: dict[str, NDArray[np.float64]],
    thin: int,
    steps: int,
    max_shift: float,
    max_r_hat: float,
) -> Equilibrium:
    reasons: list[str] = []
    taus, r_hats, drifts, gaps = [], [], [], []
    for name, series in later.items():
        given, random = np.split(series, 2)
        end = series.mean(axis=1)
        drifts.append(_shift(first[name], given.mean(axis=1), series))
        gaps.append(_shift(given.mean(axis=1), random.mean(axis=1), series))
        r_hats.append(split_r_hat(series[:, :: -(-series.shape[1] // RANKED)]))
        taus.append(thin * _time(series - end.mean()))
        reasons += _reasons(name, drifts[-1], gaps[-1], r_hats[-1], steps, max_shift, max_r_hat)
    num_chains, num_draws = series.shape
    tau = max(taus)
    return Equilibrium(
        in_equilibrium=not reasons,
        reasons=tuple(reasons),
        autocorrelation_time=tau,
        r_hat=max(r_hats),
        ess=num_chains * min(num_draws, num_draws * thin / (2 * tau)),
        drift=max(shift for shift, _ in drifts),
        gap=max(shift for shift, _ in gaps),
        num_steps=steps,
    )


def _time(deviations: NDArray[np.float64]) -> float:
    lengths = np.full(len(deviations), deviations.shape[1])
    return float(integrated_times(deviations[..., None], lengths).tau[0])


def _shift(
    before: NDArray[np.float64], after: NDArray[np.float64], series: NDArray[np.float64]
) -> tuple[float, float]:
    """Return by how much two means (num_chains,) differ, and its error, in standard deviations."""
    spread = float(series.std())
    difference = abs(float(after.mean() - before.mean()))
    error = math.sqrt(before.var(ddof=1) / before.size + after.var(ddof=1) / after.size)
    if spread == 0:
        return (0.0 if difference == 0 else math.inf), 0.0
    return difference / spread, error / spread


def _reasons(
    name: str,
    drift: tuple[float, float],
    gap: tuple[float, float],
    r_hat: float,
    steps: int,
    max_shift: float,
    max_r_hat: float,
) -> Iterator[str]:
    if drift[0] > max_shift + 2 * drift[1]:
        yield (
            f"the {name} of the chains moved by {drift[0]:.2g} standard deviations in {steps} steps"
        )
    if gap[0] > max_shift + 2 * gap[1]:
        yield (
            f"the {name} of chains from a random start is still {gap[0]:.2g} standard deviations "
            f"off after {steps} steps"
        )
    if r_hat > max_r_hat:
        yield f"chains disagree about the {name} (R-hat {r_hat:.3g}, above {max_r_hat:g})"
