"""Models: energies over spins or bits, ready to be sampled and annealed."""

from magnetite.models.base import Model
from magnetite.models.boltzmann import BoltzmannMachine
from magnetite.models.ising import Ising
from magnetite.models.maxcut import MaxCut, maxcut
from magnetite.models.qubo import Qubo

__all__ = ["BoltzmannMachine", "Ising", "MaxCut", "Model", "Qubo", "maxcut"]
