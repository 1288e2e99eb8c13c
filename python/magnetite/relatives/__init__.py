"""Relatives of the restricted Boltzmann machine, each on its trainer."""

from magnetite.relatives.classification import ClassificationRBM
from magnetite.relatives.conditional import ConditionalRBM
from magnetite.relatives.history import stack_history
from magnetite.relatives.rating_data import Ratings, read_ratings
from magnetite.relatives.rating_predictions import Recommendations
from magnetite.relatives.ratings import RatingsRBM
from magnetite.relatives.replicated import ReplicatedSoftmax

__all__ = [
    "ClassificationRBM",
    "ConditionalRBM",
    "Ratings",
    "RatingsRBM",
    "Recommendations",
    "ReplicatedSoftmax",
    "read_ratings",
    "stack_history",
]
