"""Learning: how a machine is fitted to data.

`RBM.fit` takes its options from here: the negative phase (`CD`, `PCD`, `FastPCD`, `Exact`), the
optimiser (`SGD`, `Adam`), penalties, schedules and callbacks.
"""

from magnetite.training.callbacks import EarlyStopping, Evaluate
from magnetite.training.discriminative import Discriminative, Hybrid
from magnetite.training.equilibrium import Equilibrium, equilibrium
from magnetite.training.equilibrium_monitor import EquilibriumMonitor
from magnetite.training.exact_phase import Exact
from magnetite.training.negatives import CD, PCD, FastPCD
from magnetite.training.optimizers import SGD, Adam, Optimizer, OptimizerRun, SignSteps, Steps
from magnetite.training.penalties import L1, L2, GroupLasso, MaxNorm, Penalty, SparsityTarget
from magnetite.training.phases import Context, Negative, NegativePhase, Positive, Sample
from magnetite.training.result import (
    Progress,
    TrainingDiverged,
    TrainingProgress,
    TrainingResult,
)
from magnetite.training.schedules import (
    Clock,
    Constant,
    Cosine,
    InverseTime,
    Linear,
    Piecewise,
    Schedule,
    Step,
)
from magnetite.training.tempered import TemperedPCD
from magnetite.training.trajectory import Trajectory, TrajectorySamples
from magnetite.training.trajectory_pcd import TrajectoryPCD

__all__ = [
    "CD",
    "L1",
    "L2",
    "PCD",
    "SGD",
    "Adam",
    "Clock",
    "Constant",
    "Context",
    "Cosine",
    "Discriminative",
    "EarlyStopping",
    "Equilibrium",
    "EquilibriumMonitor",
    "Evaluate",
    "Exact",
    "FastPCD",
    "GroupLasso",
    "Hybrid",
    "InverseTime",
    "Linear",
    "MaxNorm",
    "Negative",
    "NegativePhase",
    "Optimizer",
    "OptimizerRun",
    "Penalty",
    "Piecewise",
    "Positive",
    "Progress",
    "Sample",
    "Schedule",
    "SignSteps",
    "SparsityTarget",
    "Step",
    "Steps",
    "TemperedPCD",
    "TrainingDiverged",
    "TrainingProgress",
    "TrainingResult",
    "Trajectory",
    "TrajectoryPCD",
    "TrajectorySamples",
    "equilibrium",
]
