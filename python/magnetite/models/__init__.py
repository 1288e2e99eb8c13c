"""Models: energies over spins or bits, ready to be sampled and annealed."""

from magnetite.models.base import Model
from magnetite.models.boltzmann import BoltzmannMachine
from magnetite.models.coloring import GraphColoring, graph_coloring
from magnetite.models.hopfield import Hopfield
from magnetite.models.independent import Clique, IndependentSet, clique, independent_set
from magnetite.models.ising import Ising
from magnetite.models.learned import Learned
from magnetite.models.maxcut import MaxCut, maxcut
from magnetite.models.partition import NumberPartition, number_partition
from magnetite.models.qubo import Qubo
from magnetite.models.rbm import RBM
from magnetite.models.satisfiability import MaxSat, max_sat

ModelLike = Model | Learned
"""What samplers take."""

__all__ = [
    "RBM",
    "BoltzmannMachine",
    "Clique",
    "GraphColoring",
    "Hopfield",
    "IndependentSet",
    "Ising",
    "Learned",
    "MaxCut",
    "MaxSat",
    "Model",
    "ModelLike",
    "NumberPartition",
    "Qubo",
    "clique",
    "graph_coloring",
    "independent_set",
    "max_sat",
    "maxcut",
    "number_partition",
]
