"""What a restricted Boltzmann machine is worth, in numbers that can be believed.

`log_partition`, `log_likelihood`, `log_probabilities`, `pseudo_log_likelihood` and
`free_energy_gap` are methods of `magnetite.RBM`. There is no "contrastive divergence loss" here:
the difference of free energies that training follows says nothing about the likelihood.
"""

from magnetite.likelihood.bracket import LogPartition
from magnetite.likelihood.partition import log_partition
from magnetite.likelihood.pseudo import pseudo_log_likelihood
from magnetite.likelihood.rows import (
    LogLikelihood,
    free_energy_gap,
    log_likelihood,
    log_probabilities,
)
from magnetite.likelihood.scores import TwoSampleScores, two_sample_scores
from magnetite.likelihood.watch import EvaluationProgress

__all__ = [
    "EvaluationProgress",
    "LogLikelihood",
    "LogPartition",
    "TwoSampleScores",
    "free_energy_gap",
    "log_likelihood",
    "log_partition",
    "log_probabilities",
    "pseudo_log_likelihood",
    "two_sample_scores",
]
