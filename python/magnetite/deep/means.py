"""Machines that learn from means: chances where their visible units are bits."""

from numpy.typing import ArrayLike

from magnetite._checks import check_finite
from magnetite.models.rbm import RBM
from magnetite.units.base import Array

__all__ = ["TakesMeans"]


class TakesMeans(RBM):
    """The same machine, whose visible states may be means of its units; it shares parameters."""

    @classmethod
    def of(cls, rbm: RBM) -> "TakesMeans":
        """Return a machine that changes the parameters of another in place, as it learns."""
        view = cls.__new__(cls)
        vars(view).update(vars(rbm))
        return view

    def visible_states(
        self, v: ArrayLike, *, name: str = "v", missing: bool = False, first_row: int = 0
    ) -> Array:
        """Return finite numbers of the right shape."""
        states = self._matrix(name, v, self.n_visible)
        check_finite(name, states)
        return states
