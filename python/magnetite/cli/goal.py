"""A value that a run is compared with: its target, or the best value known."""

import math
from dataclasses import dataclass
from typing import Any

from magnetite.cli.words import plain
from magnetite.models import Model

__all__ = ["Goal"]

TOLERANCE = 1e-9  # relative; sums of real weights differ in their last digits


@dataclass(frozen=True)
class Goal:
    """A value to compare with, in the problem's own sense.

    Examples
    --------
    >>> from magnetite.cli.goal import Goal
    >>> goal = Goal(13359.0, maximise=True)
    >>> goal.gap(13350.0), goal.reached(13350.0)
    (9.0, False)
    """

    value: float
    maximise: bool

    @classmethod
    def of(cls, model: Model, value: float | None) -> "Goal | None":
        """Return a goal in the sense of a model; None where there is no value."""
        return None if value is None else cls(value, model.sense == "maximise")

    def gap(self, objective: float) -> float:
        """Return by how much an objective falls short; negative when it is better."""
        return self.value - objective if self.maximise else objective - self.value

    def reached(self, objective: float) -> bool:
        """Tell whether an objective is as good, within rounding."""
        return self.gap(objective) <= TOLERANCE * max(1.0, abs(self.value))

    def percent(self, objective: float) -> float:
        """Return the gap in per cent of the goal; nan where the goal is zero."""
        return 100 * self.gap(objective) / abs(self.value) if self.value else math.nan

    def verdict(self, objective: float) -> str:
        """Say in words how an objective compares.

        Examples
        --------
        >>> from magnetite.cli.goal import Goal
        >>> Goal(1000.0, maximise=True).verdict(990.0)
        '1000, missed by 10 (1 %)'
        """
        gap = self.gap(objective)
        if abs(gap) <= TOLERANCE * max(1.0, abs(self.value)):
            return f"{plain(self.value)}, reached"
        share = f" ({abs(self.percent(objective)):.3g} %)" if self.value else ""
        word = "missed" if gap > 0 else "beaten"
        return f"{plain(self.value)}, {word} by {plain(abs(gap))}{share}"

    def as_json(self, objective: float) -> dict[str, Any]:
        """Return the comparison for a JSON document."""
        return {
            "value": self.value,
            "reached": self.reached(objective),
            "gap": self.gap(objective),
            "gap_percent": self.percent(objective),
        }
