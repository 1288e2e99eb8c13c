"""One adapter a package: the same problem in, and out come energies and the time it took."""

import importlib.metadata
import importlib.util
import os
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from comparing.problems import Problem

if TYPE_CHECKING:
    import dimod


@dataclass(frozen=True)
class Outcome:
    """What one run gave.

    ``sampling`` is the time in seconds that the package itself reports for its sampling, and
    ``wall`` that of everything from edge arrays to energies, which is what a user waits for.
    ``energies`` are those of the last state of each read.
    """

    energies: NDArray[np.float64]
    sampling: float
    wall: float


class Package(Protocol):
    """A package that can anneal."""

    name: str
    version: str

    def anneal(self, problem: Problem, *, reads: int, sweeps: int, seed: int) -> Outcome:
        """Anneal once, in one thread unless the package was told otherwise."""


class Magnetite:
    """Ours, with so many threads."""

    name = "magnetite"

    def __init__(self, num_threads: int = 1) -> None:
        self.version = importlib.metadata.version("magnetite")
        self.num_threads = num_threads

    def anneal(self, problem: Problem, *, reads: int, sweeps: int, seed: int) -> Outcome:
        import magnetite as mg

        edges = problem.edges
        started = time.perf_counter()
        # (row, col, weight) arrays do not say how many sites there are: the last ones may be alone.
        fields = np.zeros(edges.n)
        model = mg.Ising((edges.rows, edges.cols, edges.weights), fields)
        result = mg.anneal(
            model,
            num_reads=reads,
            num_sweeps=sweeps,
            beta_range=problem.beta_range,
            keep="last",
            seed=seed,
            num_threads=self.num_threads,
        )
        wall = time.perf_counter() - started
        return Outcome(result.energies, result.info["timing"]["sampling"], wall)


class DWave:
    """The simulated annealing of dwave-samplers; it has one thread."""

    name = "dwave-samplers"

    def __init__(self) -> None:
        self.version = importlib.metadata.version(self.name)

    def anneal(self, problem: Problem, *, reads: int, sweeps: int, seed: int) -> Outcome:
        from dwave.samplers import SimulatedAnnealingSampler

        started = time.perf_counter()
        sampleset = SimulatedAnnealingSampler().sample(
            make_bqm(problem),
            num_reads=reads,
            num_sweeps=sweeps,
            beta_range=problem.beta_range,
            seed=seed,
        )
        wall = time.perf_counter() - started
        return Outcome(sampleset.record.energy, sampleset.info["timing"]["sampling_ns"] / 1e9, wall)


class OpenJij:
    """The simulated annealing of OpenJij; on quadratic problems it has one thread."""

    name = "openjij"

    def __init__(self) -> None:
        self.version = importlib.metadata.version(self.name)

    def anneal(self, problem: Problem, *, reads: int, sweeps: int, seed: int) -> Outcome:
        import openjij

        beta_min, beta_max = problem.beta_range
        started = time.perf_counter()
        # With a seed all reads of OpenJij 0.12 are the same read, so it gets none.
        response = openjij.SASampler().sample(
            make_bqm(problem),
            num_reads=reads,
            num_sweeps=sweeps,
            beta_min=beta_min,
            beta_max=beta_max,
        )
        wall = time.perf_counter() - started
        return Outcome(response.record.energy, response.info["sampling_time"] / 1e6, wall)


def make_bqm(problem: Problem) -> "dimod.BinaryQuadraticModel":
    """Hand the edge arrays to dimod, without a Python loop."""
    import dimod

    edges = problem.edges
    return dimod.BinaryQuadraticModel.from_numpy_vectors(
        np.zeros(edges.n), (edges.rows, edges.cols, edges.weights), 0.0, "SPIN"
    )


def peers() -> Iterator[Package]:
    """Yield the other packages that this interpreter can import."""
    for module, make in (("dwave.samplers", DWave), ("openjij", OpenJij)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:
            found = False
        if found:
            yield make()


def vector_level() -> str:
    """Return the vector level that the core uses in this process."""
    from magnetite import _core

    return os.environ.get("MAGNETITE_SIMD") or _core.simd_levels()[-1]
