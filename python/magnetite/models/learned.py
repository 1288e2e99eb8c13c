"""What a machine keeps of its training, beside the parameters."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.base import Model
    from magnetite.training.monitors import Monitors
    from magnetite.training.stream import Stream

__all__ = ["Learned"]


class Learned:
    """Means of the data, persistent chains, and what `partial_fit` goes on with.

    Base of the machines that `fit` trains, which samplers take as the model that they stand for.
    """

    data_means: NDArray[np.float64] | None = None
    """Means of the data that the machine was last fitted to, shape (n_visible,)."""

    _monitors: "ClassVar[type[Monitors] | None]" = None
    """What takes the figures of epochs, where those of `Monitors` do not fit."""

    _chains: tuple[Array, Array] | None = None
    _stream: "Stream | None" = None

    def to_model(self) -> "Model":
        """Return the energy as a model of all units, which samplers take."""
        raise NotImplementedError  # machines that only relatives stand on have no such model

    @property
    def chains(self) -> tuple[Array, ...]:
        """States of the persistent chains of the last training, layer by layer from the visible.

        Raises
        ------
        AttributeError
            If there was no training, or one without persistent chains.

        Examples
        --------
        >>> import magnetite as mg
        >>> rbm = mg.RBM(2, 3)
        >>> _ = rbm.fit([[0, 0], [1, 1]], negative=mg.PCD(num_chains=50), epochs=1, seed=1)
        >>> [states.shape for states in rbm.chains]
        [(50, 2), (50, 3)]
        """
        if self._chains is None:
            raise AttributeError(
                "the machine has no chains: none are left by trainings without persistent chains "
                "(mg.PCD has them, and FastPCD, TemperedPCD and TrajectoryPCD), nor kept in files "
                "and by `copy`"
            )
        return self._chains
