"""A callback that looks every few epochs whether the chains are in equilibrium."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_count
from magnetite.layers import Draws
from magnetite.training.equilibrium import LEAST_ROWS, Equilibrium, equilibrium
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM
    from magnetite.training.result import TrainingProgress

__all__ = ["EquilibriumMonitor"]


@dataclass(eq=False)
class EquilibriumMonitor:
    """Test the chains of the negative phase, and record what is found; a callback of `RBM.fit`.

    The history has the figures "equilibrium" (1 or 0), "autocorrelation_time" in Gibbs steps,
    "r_hat", "ess", "drift" and "gap", as `magnetite.training.equilibrium` explains them, and those
    of the negative phase: "round_trips" and "exchange_rate" of a ladder, "steps" and
    "training_time" (the autocorrelation time of the chains while they learn) of
    ``PCD(steps="auto")``.

    With 784 x 500 units, a test by default takes as long as some 420 updates by `PCD` with batches
    of 100 rows: 7 % of a training on 60,000 rows, more where an epoch has fewer updates. The time
    of a test is proportional to `num_steps` and to `num_chains`, and `every` spreads it.

    Parameters
    ----------
    every : int
        Epochs between tests, 10 by default; the last epoch has one too.
    num_steps : int
        Gibbs steps of a test, 1,000 by default.
    rows : array_like, shape (num_rows, n_visible), optional
        Rows of data. Negative phases without chains of their own, such as `CD`, are judged by what
        `steps` Gibbs steps make of these.
    steps : int
        Those steps, 1 by default.
    verbose : bool
        Whether the verdict is printed.
    seed : int
        Of the tests, which are the same in every epoch.
    num_chains : int
        Up to so many chains of the negative phase are tested, 50 by default.

    Attributes
    ----------
    verdicts : list of Equilibrium
        What was found, epoch by epoch, in the last training.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> X = np.random.default_rng(1).random((500, 6)) < 0.3
    >>> monitor = mg.training.EquilibriumMonitor(every=2, num_steps=100, verbose=True)
    >>> rbm = mg.RBM(6, 2)
    >>> result = rbm.fit(X, epochs=2, callbacks=[monitor], seed=1)
    epoch 2: equilibrium (autocorrelation time 0.5... steps, R-hat 1.0...)
    >>> result.history["equilibrium"].tolist()
    [nan, 1.0]
    """

    every: int = 10
    num_steps: int = 1000
    rows: ArrayLike | None = None
    steps: int = 1
    verbose: bool = False
    seed: int = 0
    num_chains: int = 50
    verdicts: list[Equilibrium] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        for name in ("every", "num_steps", "num_chains", "steps"):
            check_count(name, getattr(self, name), 1, bits=31)

    def start(self, rbm: "RBM") -> None:
        """Forget the training before."""
        self.verdicts = []

    def __call__(self, progress: "TrainingProgress") -> None:
        """Test, if it is time for it."""
        if progress.epoch % self.every and progress.epoch != progress.num_epochs:
            return
        v = self._states(progress)
        if len(v) < LEAST_ROWS:  # few chains are judged by several continuations of each
            v = v[np.arange(LEAST_ROWS) % len(v)]
        found = equilibrium(
            progress.sampled, v, num_steps=self.num_steps, seed=self.seed, layers=progress.layers
        )
        self.verdicts.append(found)
        figures: dict[str, float] = getattr(progress.negative, "figures", dict)()
        progress.record(**(figures | found.figures()))
        if self.verbose:
            print(f"epoch {progress.epoch}: {found}")

    def _states(self, progress: "TrainingProgress") -> Array:
        """Return what the training takes for states of the machine."""
        if self.rows is not None:
            rbm, layers = progress.sampled, progress.layers
            v = rbm.visible_states(self.rows, name="rows").copy()
            ones, draws = np.ones(len(v)), Draws(self.seed, 1 << 40, 0)
            _, h = layers.hidden(v, rbm.pair, ones, draws)
            layers.gibbs(v, h, rbm.pair, ones, draws._replace(step=1), self.steps)
            return v
        states = getattr(progress.negative, "states", None)
        v_or_none: Array | None = None if states is None else states()
        if v_or_none is None:
            raise TypeError(
                "rows must be given where the negative phase has no chains, got None: "
                "EquilibriumMonitor(rows=X[:200], steps=...)"
            )
        return v_or_none[: self.num_chains]
