"""Options of the estimators, in the words of scikit-learn."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from joblib import effective_n_jobs  # type: ignore[import-untyped]
from sklearn.utils import check_random_state

import magnetite as mg
from magnetite._checks import check_count, check_real

__all__ = [
    "TrainingOptions",
    "check_verbose",
    "negative_of",
    "new_seed",
    "own_names",
    "penalties_of",
    "threads_of",
]

NAMES = {
    "n_hidden": "n_components",
    "rate": "learning_rate",
    "epochs": "n_iter",
    "steps": "n_steps",
    "cost": "weight_decay",
    "num_samples": "n_samples",
    "num_steps": "n_steps",
}
"""What the estimators call the arguments of `magnetite.RBM` and its options."""


def new_seed(random_state: Any) -> int:
    """Return a seed of our own from what scikit-learn calls a random state."""
    return int(check_random_state(random_state).randint(2**31))


@contextmanager
def own_names() -> Iterator[None]:
    """Let errors name arguments as the estimators do."""
    try:
        yield
    except (TypeError, ValueError) as error:
        # All machines of a stack have the same options: which one refuses them says nothing.
        message = re.sub(r"^layers\[\d+\]: ", "", str(error))
        name, *rest = message.split(" ", 1)
        error.args = (" ".join([NAMES.get(name, name), *rest]),)
        raise


def check_verbose(verbose: Any) -> bool:
    """Return whether to show progress; refuse what is neither a truth value nor a count."""
    if not isinstance(verbose, bool | np.bool_):
        check_count("verbose", verbose)
    return bool(verbose)


def threads_of(n_jobs: Any) -> int | None:
    """Return `n_jobs` as a number of threads; negative ones count from all cores down."""
    if n_jobs is None:
        return None
    if isinstance(n_jobs, bool) or not hasattr(n_jobs, "__index__"):
        raise TypeError(f"n_jobs must be an integer or None, got {n_jobs!r}")
    return int(effective_n_jobs(n_jobs))


def negative_of(algorithm: Any, n_steps: Any) -> mg.CD | mg.PCD:
    """Return the negative phase of this name."""
    if algorithm == "cd":
        return mg.CD(steps=n_steps)
    if algorithm == "pcd":
        return mg.PCD(steps=n_steps)
    raise ValueError(f"algorithm must be 'cd' or 'pcd', got {algorithm!r}")


def penalties_of(weight_decay: Any) -> list[mg.training.Penalty]:
    """Return what a cost of the weights' squares asks for: nothing where it is zero."""
    if not 0 <= check_real("weight_decay", weight_decay) < np.inf:
        raise ValueError(f"weight_decay must be at least 0 and finite, got {weight_decay!r}")
    return [mg.training.L2(weight_decay)] if weight_decay else []


class TrainingOptions:
    """Base of estimators with the options of a machine's training."""

    learning_rate: float
    momentum: float
    batch_size: int
    weight_decay: float
    algorithm: str
    n_steps: int
    gradient: str
    n_jobs: int | None

    def _options(self) -> dict[str, Any]:
        """Return the options of training that are the same for whole and partial fits."""
        return {
            "negative": self._negative(),
            "optimizer": mg.SGD(self.learning_rate, momentum=self.momentum),
            "batch_size": self.batch_size,
            "gradient": self.gradient,
            "num_threads": self._num_threads(),
            "penalties": penalties_of(self.weight_decay),
        }

    def _num_threads(self) -> int | None:
        return threads_of(self.n_jobs)

    def _negative(self) -> Any:
        return negative_of(self.algorithm, self.n_steps)
