"""Sample from, anneal and learn Boltzmann distributions: many chains at once, repeatable bits."""

from importlib import import_module
from typing import TYPE_CHECKING

from magnetite import (
    boltzmann,
    calibration,
    likelihood,
    networks,
    planted,
    relatives,
    training,
    units,
)
from magnetite._core import version as _version
from magnetite.anneal import anneal
from magnetite.deep.dbm import DBM
from magnetite.deep.dbn import DBN
from magnetite.estimates import Estimate
from magnetite.exact import exact
from magnetite.formats import read, write
from magnetite.log_partition import log_partition
from magnetite.maxent import MaxEnt
from magnetite.models import (
    RBM,
    BoltzmannMachine,
    Hopfield,
    Ising,
    Qubo,
    clique,
    graph_coloring,
    independent_set,
    max_sat,
    maxcut,
    number_partition,
)
from magnetite.networks import Network
from magnetite.population_anneal import population_anneal
from magnetite.relatives import (
    ClassificationRBM,
    ConditionalRBM,
    RatingsRBM,
    ReplicatedSoftmax,
    read_ratings,
)
from magnetite.resume import resume
from magnetite.sample import sample
from magnetite.solve import solve
from magnetite.stored import load
from magnetite.temper import temper
from magnetite.times import tts
from magnetite.training import CD, PCD, SGD, Adam, Exact, FastPCD, TemperedPCD, TrajectoryPCD

if TYPE_CHECKING:
    from magnetite import plots as plots
else:

    def __getattr__(name: str) -> object:
        if name == "plots":  # what few use is imported where it is used
            return import_module("magnetite.plots")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = _version()

__all__ = [
    "CD",
    "DBM",
    "DBN",
    "PCD",
    "RBM",
    "SGD",
    "Adam",
    "BoltzmannMachine",
    "ClassificationRBM",
    "ConditionalRBM",
    "Estimate",
    "Exact",
    "FastPCD",
    "Hopfield",
    "Ising",
    "MaxEnt",
    "Network",
    "Qubo",
    "RatingsRBM",
    "ReplicatedSoftmax",
    "TemperedPCD",
    "TrajectoryPCD",
    "__version__",
    "anneal",
    "boltzmann",
    "calibration",
    "clique",
    "exact",
    "graph_coloring",
    "independent_set",
    "likelihood",
    "load",
    "log_partition",
    "max_sat",
    "maxcut",
    "networks",
    "number_partition",
    "planted",
    "population_anneal",
    "read",
    "read_ratings",
    "relatives",
    "resume",
    "sample",
    "solve",
    "temper",
    "training",
    "tts",
    "units",
    "write",
]
