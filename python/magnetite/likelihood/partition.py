"""The method `RBM.log_partition`."""

import time
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_choice, check_count, check_finite, real_array
from magnetite.control import carrying
from magnetite.likelihood.annealed import Annealer, adaptive_betas, base_draws
from magnetite.likelihood.bases import (
    Base,
    BaseLike,
    bridge,
    choose_base,
    data_base,
    flat_base,
    log_base,
)
from magnetite.likelihood.bracket import (
    LogPartition,
    Weights,
    combine,
    exact_result,
    refused_result,
)
from magnetite.likelihood.enumerate import Enumeration, can_enumerate, exact_log_z
from magnetite.likelihood.population import Population, exact_population, tempered_population
from magnetite.likelihood.watch import EvaluationCallback, Stopped, Watch
from magnetite.options import SeedLike, check_seed, check_threads

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["PartitionOptions", "check_partition_options", "log_partition"]

FloatArray = NDArray[np.float64]

METHODS = ("auto", "exact", "annealed")
STARTS = ("auto", "exact", "tempered", "none")
SCHEDULES = ("adaptive", "linear")

NUM_CHAINS = 100
NUM_BETAS = 10_000
MAX_ROUNDS = 16_384

BASE_DRAWS = 512
"""Without data, the base has the means of so many draws of the machine."""


class PartitionOptions(TypedDict, total=False):
    """The options of `log_partition`, where another function passes them on."""

    method: str
    base: BaseLike
    num_chains: int
    num_betas: int
    schedule: str | ArrayLike
    starts: str
    max_rounds: int
    seed: SeedLike
    num_threads: int | None
    time_limit: float | None
    callback: EvaluationCallback | None
    progress: bool


def log_partition(
    self: "RBM",
    *,
    method: str = "auto",
    base: BaseLike = None,
    num_chains: int = NUM_CHAINS,
    num_betas: int = NUM_BETAS,
    schedule: str | ArrayLike = "adaptive",
    starts: str = "auto",
    max_rounds: int = MAX_ROUNDS,
    seed: SeedLike = None,
    num_threads: int | None = None,
    time_limit: float | None = None,
    callback: EvaluationCallback | None = None,
    progress: bool = False,
) -> LogPartition:
    """Return log Z: exact where the smaller layer allows, else a bracket and, if earned, a number.

    Annealed importance sampling goes from independent units to the machine and back. Its
    forward side is a lower bound, and can be far off with a small error bar; so it is quoted only
    if the reverse side agrees, which is an upper bound if its chains start from draws of the
    machine: exact ones, or those of replica exchange that passed its tests of equilibrium.

    Parameters
    ----------
    method : "auto" (default), "exact" or "annealed"
        "auto" sums exactly where a layer has at most 2**25 states.
    base : array_like or "model", optional
        Where annealing begins: at independent units with the means of these data (rows, n_visible),
        or with these means (n_visible,). By default those of the data the machine was fitted to;
        without any, those of draws by replica exchange. "model" takes the machine's own visible
        biases, the choice of other packages, which can be many nats off.
    num_chains : int
        Chains each way, 100 by default.
    num_betas : int
        Betas from 0 to 1, 10,000 by default; a chain makes a step at each.
    schedule : "adaptive" (default), "linear" or array_like
        Betas dense where the weights spread fastest in a small run; equal steps; or the betas.
    starts : "auto" (default), "exact", "tempered" or "none"
        Of the reverse chains: exact draws where a layer can be enumerated, else by replica
        exchange. With "none" there is no reverse side, and no single number.
    max_rounds : int
        Replica exchange is given up after so many rounds, 16,384 by default.
    seed, num_threads, time_limit
        As for `magnetite.sample`. Where the limit comes first, the result is a refusal; what the
        forward side bounds, if that was finished, is in it.
    callback : callable, optional
        Told an `EvaluationProgress`; True ends the run in the same way. After Ctrl-C, or an error
        in the callback, the exception has that result as its `.result`.
    progress : bool
        Whether to show a bar for each stage.

    Returns
    -------
    LogPartition

    References
    ----------
    Salakhutdinov and Murray, ICML (2008) 872, section 4.1; Neal, Statistics and Computing 11
    (2001) 125; Burda, Grosse and Salakhutdinov, AISTATS (2015) 102 (the reverse side); Bennett,
    J. Comput. Phys. 22 (1976) 245 (both together).

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> rbm = mg.RBM(6, 4, weights=np.random.default_rng(1).normal(size=(6, 4)))
    >>> exact = rbm.log_partition()
    >>> annealed = rbm.log_partition(method="annealed", num_betas=200, seed=1)
    >>> annealed.verdict, annealed.bracket[0] < exact.value < annealed.bracket[1]
    ('reliable', True)
    """
    began = time.perf_counter()
    betas = check_partition_options(
        self,
        method=method,
        num_chains=num_chains,
        num_betas=num_betas,
        schedule=schedule,
        starts=starts,
        max_rounds=max_rounds,
        num_threads=num_threads,
    )
    chains, rounds = int(num_chains), int(max_rounds)
    chosen, replay = choose_base(self, base), check_seed(seed).replay
    watch = Watch(time_limit, callback, progress)
    countable = can_enumerate(self)
    if not countable and "exact" in (method, starts):
        raise ValueError(
            f"{'method' if method == 'exact' else 'starts'}='exact' needs a layer of at most "
            f"2**25 states, got an {self}"
        )
    exact = method == "exact" or (method == "auto" and countable)
    if starts == "auto":
        starts = "exact" if countable else "tempered"
    info: dict[str, object] = {"seed": replay, "num_chains": chains, "starts": starts}
    run = _Annealing(self, chains, replay, num_threads, rounds, watch, info)

    def left(reason: str) -> LogPartition:
        """Return what was found before the run was ended."""
        info["seconds"] = time.perf_counter() - began
        return refused_result(reason, "exact", info) if exact else run.combined(stopped=reason)

    try:
        if exact:
            with watch.stage("summing"):
                log_z = exact_log_z(Enumeration.of(self, num_threads), watch)
            return exact_result(log_z, {"seconds": time.perf_counter() - began})
        result = run.bracket(chosen, betas, starts)
    except Stopped as stop:
        return left(str(stop))
    except BaseException as error:  # Ctrl-C, or one of the callback's
        result = left(f"{type(error).__name__} ended the run in stage {watch.name!r}")
        raise carrying(error, result)  # noqa: B904
    info["seconds"] = time.perf_counter() - began
    return result


def check_partition_options(
    rbm: "RBM",
    *,
    method: str = "auto",
    num_chains: int = NUM_CHAINS,
    num_betas: int = NUM_BETAS,
    schedule: str | ArrayLike = "adaptive",
    starts: str = "auto",
    max_rounds: int = MAX_ROUNDS,
    num_threads: int | None = None,
) -> FloatArray | int:
    """Check options of `log_partition`; return the betas, or how many are to be placed."""
    check_choice("method", method, METHODS)
    check_choice("starts", starts, STARTS)
    check_count("num_chains", num_chains, 2, bits=31)
    check_count("max_rounds", max_rounds, 1, bits=31)
    check_threads(num_threads)
    return _schedule(schedule, check_count("num_betas", num_betas, 2, bits=31), rbm)


def _schedule(schedule: str | ArrayLike, count: int, rbm: "RBM") -> FloatArray | int:
    """Return the betas, or how many are to be placed adaptively."""
    if isinstance(schedule, str):
        if check_choice("schedule", schedule, SCHEDULES) == "adaptive":
            return count
        return _rounded(np.linspace(0.0, 1.0, count), rbm)
    betas = real_array("schedule", schedule)
    check_finite("schedule", betas)
    if betas.ndim != 1 or betas.size < 2 or betas[0] != 0 or betas[-1] != 1:
        raise ValueError("schedule must be a vector of betas from 0 to 1")
    if (np.diff(betas) < 0).any():
        raise ValueError("schedule must be ascending")
    return _rounded(betas, rbm)


def _rounded(betas: FloatArray, rbm: "RBM") -> FloatArray:
    """Return betas as the machine's dtype has them, so that all parts of an energy see the same."""
    return betas.astype(rbm.dtype).astype(np.float64)


class _Annealing:
    """The stages of one call, each with its own random numbers."""

    def __init__(
        self,
        rbm: "RBM",
        num_chains: int,
        seed: int,
        num_threads: int | None,
        max_rounds: int,
        watch: Watch,
        info: dict[str, object],
    ) -> None:
        self.rbm, self.num_chains, self.num_threads = rbm, num_chains, num_threads
        self.max_rounds, self.watch, self.info = max_rounds, watch, info
        self.annealer: Annealer | None = None
        self.betas = np.empty(0)
        self.forward: Weights | None = None
        self.population: Population | None = None
        names = ("base", "pilot", "forward", "starts", "reverse", "errors")
        self.seeds = dict(zip(names, np.random.SeedSequence(seed).spawn(6), strict=True))

    def key(self, name: str) -> int:
        """Return the key of a stage's random numbers."""
        return int(self.seeds[name].generate_state(1, np.uint64)[0])

    def bracket(self, base: Base | None, betas: FloatArray | int, starts: str) -> LogPartition:
        """Go both ways and put the two together."""
        if base is None:
            base = self._drawn_base()
        annealer = self._annealer(base)
        if isinstance(betas, int):
            with self.watch.stage("pilot"):
                betas = adaptive_betas(annealer, betas, self.key("pilot"), self.watch)
            betas = _rounded(betas, self.rbm)
        self.info.update(base=base.origin, num_betas=betas.size)
        self.annealer, self.betas = annealer, betas
        with self.watch.stage("forward"):
            v = base_draws(annealer, self.num_chains, self.key("forward"))
            logs = annealer.log_weights(v, betas, self.key("forward"), self.watch)
        self.forward = Weights(logs, np.arange(self.num_chains))
        if starts == "none":
            return self.combined()
        self.population = population = self._population(annealer, starts)
        self.info["population"] = population.facts
        with self.watch.stage("reverse"):
            logs = annealer.log_weights(population.v, betas[::-1], self.key("reverse"), self.watch)
        return self.combined(Weights(logs, population.families))

    def combined(self, reverse: Weights | None = None, stopped: str = "") -> LogPartition:
        """Put the two together, or say what the forward side says where the run was stopped."""
        if self.forward is None or self.annealer is None:
            return refused_result(stopped, "annealed", self.info)
        return combine(
            log_base(self.rbm, self.annealer.pair),
            self.betas,
            self.forward,
            reverse,
            None if self.population is None else self.population.verdict,
            self.key("errors"),
            self.info,
            stopped,
        )

    def _annealer(self, base: Base) -> Annealer:
        return Annealer(self.rbm.layers(self.num_threads), bridge(self.rbm.pair.copied(), base))

    def _drawn_base(self) -> Base:
        """Return a base with the means of the machine's own draws."""
        if can_enumerate(self.rbm):
            how, annealer, starts = "exact draws", None, "exact"
        else:
            how, annealer, starts = (
                "replica exchange",
                self._annealer(flat_base(self.rbm)),
                "tempered",
            )
        drawn = self._population(annealer, starts, "base", BASE_DRAWS)
        return data_base(self.rbm, drawn.v, f"the means of {len(drawn.v)} draws by {how}")

    def _population(
        self,
        annealer: Annealer | None,
        starts: str,
        name: str = "starts",
        count: int | None = None,
    ) -> Population:
        count, seed = count or self.num_chains, self.seeds[name]
        if starts == "exact" or annealer is None:
            with self.watch.stage("summing"):
                return exact_population(self.rbm, count, seed, self.num_threads, self.watch)
        with self.watch.stage("tempering"):
            return tempered_population(annealer, count, seed, self.max_rounds, self.watch)
