"""Relatives of the restricted Boltzmann machine, each on its trainer."""

from magnetite.relatives.classification import ClassificationRBM
from magnetite.relatives.conditional import ConditionalRBM
from magnetite.relatives.history import stack_history
from magnetite.relatives.replicated import ReplicatedSoftmax

__all__ = ["ClassificationRBM", "ConditionalRBM", "ReplicatedSoftmax", "stack_history"]
