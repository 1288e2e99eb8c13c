"""Plans of runs, where a test needs no run."""

from typing import Any

import numpy as np

from magnetite.options import Seed
from magnetite.plans import TemperPlan
from magnetite.starts import Clamp


def temper_plan(**changes: Any) -> TemperPlan:
    """Return the plan of an automatic ladder from 0.1 to 3, with changes."""
    plan: dict[str, Any] = {
        "seed": Seed(1, 1),
        "first_chain": 0,
        "kernel": "metropolis",
        "scan": "sequential",
        "initial_states": None,
        "clamp": Clamp(np.empty(0, np.int64), np.empty(0, np.int8)),
        "betas": None,
        "beta_range": (0.1, 3.0),
        "num_rungs": None,
        "num_ladders": 2,
        "num_sweeps": 1000,
        "warmup": None,
        "tuning": 500,
        "thin": 1,
        "swaps": "even-odd",
        "swap_interval": 1,
        "move_clusters": None,
        "cluster_interval": 4,
        "observe_interval": 20,
        "links": True,
        "moments": False,
        "store_states": False,
        "fills": False,
    }
    return TemperPlan(**{**plan, **changes})
