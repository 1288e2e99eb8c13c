"""Relatives of the restricted Boltzmann machine, each on its trainer."""

from magnetite.relatives.replicated import ReplicatedSoftmax

__all__ = ["ReplicatedSoftmax"]
