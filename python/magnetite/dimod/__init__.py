"""Samplers with the interface of `dimod` and the call of D-Wave's ``dwave-samplers``.

Replacing ``from dwave.samplers import SimulatedAnnealingSampler`` by
``from magnetite.dimod import SimulatedAnnealingSampler`` is all that a program
needs. `Solver` (the search for the best state), replica exchange, population annealing and exact
sums are beside it. This package needs `dimod`, which `magnetite` itself does not:
``pip install "magnetite[dimod]"``.

Examples
--------
>>> from magnetite.dimod import SimulatedAnnealingSampler
>>> sampler = SimulatedAnnealingSampler()
>>> sampleset = sampler.sample_ising({"a": 0.5}, {("a", "b"): -1.0}, num_reads=4, seed=1)
>>> print(sampleset.first.energy)
-1.5
"""

try:
    import dimod as _dimod  # noqa: F401
except ImportError as error:
    raise ImportError(
        "magnetite.dimod needs the package dimod: pip install 'magnetite[dimod]'"
    ) from error

from magnetite.dimod.exact import ExactSolver
from magnetite.dimod.population import PopulationAnnealingSampler
from magnetite.dimod.sampler import Neal, SimulatedAnnealingSampler
from magnetite.dimod.solver import Solver
from magnetite.dimod.tempering import ParallelTemperingSampler

__all__ = [
    "ExactSolver",
    "Neal",
    "ParallelTemperingSampler",
    "PopulationAnnealingSampler",
    "SimulatedAnnealingSampler",
    "Solver",
]
