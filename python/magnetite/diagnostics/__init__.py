"""Statistics of draws: how long they remember, whether they agree, and what they say."""

from magnetite.diagnostics.autocorrelation import (
    autocorrelation,
    autocorrelation_time,
    effective_sample_size,
)
from magnetite.diagnostics.blocking import (
    binder_ratio,
    blocked_mean,
    heat_capacity,
    jackknife,
    susceptibility,
)
from magnetite.diagnostics.convergence import ess_bulk, split_r_hat
from magnetite.diagnostics.ensembles import link_overlap_identity
from magnetite.diagnostics.equilibration import Equilibration, Verdict, equilibration
from magnetite.diagnostics.integration import Integral, thermodynamic_integration
from magnetite.diagnostics.reweighting import Reweighting, reweighting

__all__ = [
    "Equilibration",
    "Integral",
    "Reweighting",
    "Verdict",
    "autocorrelation",
    "autocorrelation_time",
    "binder_ratio",
    "blocked_mean",
    "effective_sample_size",
    "equilibration",
    "ess_bulk",
    "heat_capacity",
    "jackknife",
    "link_overlap_identity",
    "reweighting",
    "split_r_hat",
    "susceptibility",
    "thermodynamic_integration",
]
