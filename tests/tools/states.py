"""All states of a small model."""

import numpy as np
from numpy.typing import NDArray

from magnetite.models import Model


def all_states(model: Model) -> NDArray[np.int8]:
    n = model.num_variables
    return model.from_spins(2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1) - 1)
