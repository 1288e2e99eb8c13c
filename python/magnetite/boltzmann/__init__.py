"""Boltzmann machines that learn: phases, and objectives beside the likelihood.

`BoltzmannMachine.fit` takes its options from here.
"""

import magnetite.models  # noqa: F401 - the machine, which takes `fit` from here, comes first
from magnetite.boltzmann.chains import Annealing, Chains
from magnetite.boltzmann.enumeration import Enumeration
from magnetite.boltzmann.mean_field import MeanField
from magnetite.boltzmann.objectives import (
    MinimumProbabilityFlow,
    Objective,
    PseudoLikelihood,
    RatioMatching,
)
from magnetite.boltzmann.phases import Context, Phase, PhaseRun, Rows
from magnetite.boltzmann.queries import Marginals
from magnetite.boltzmann.tempering import Tempering
from magnetite.models.topology import Moments, Parameters, Topology

__all__ = [
    "Annealing",
    "Chains",
    "Context",
    "Enumeration",
    "Marginals",
    "MeanField",
    "MinimumProbabilityFlow",
    "Moments",
    "Objective",
    "Parameters",
    "Phase",
    "PhaseRun",
    "PseudoLikelihood",
    "RatioMatching",
    "Rows",
    "Tempering",
    "Topology",
]
