"""Results in the containers of other packages: dimod and xarray, imported where they are used."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import dimod
    import xarray


def to_sampleset(
    states: NDArray[np.int8],
    energies: NDArray[np.float64],
    variables: Sequence[Any],
    values: tuple[int, int],
    info: Mapping[str, Any],
) -> "dimod.SampleSet":
    """Return a `dimod.SampleSet` with one row a state, in the order given."""
    import dimod

    from_samples: Callable[..., dimod.SampleSet] = dimod.SampleSet.from_samples
    return from_samples(
        (states, list(variables)),
        vartype="SPIN" if values == (-1, 1) else "BINARY",
        energy=energies,
        info=dict(info),
        sort_labels=False,
    )


def to_dataset(
    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]],
    variables: Sequence[Any],
    info: Mapping[str, Any],
) -> "xarray.Dataset":
    """Return an `xarray.Dataset` of named arrays, with labels as the coordinate `site`."""
    import xarray

    labels = np.empty(len(variables), dtype=object)
    labels[:] = list(variables)
    if isinstance(variables, range):
        labels = np.arange(variables.start, variables.stop, variables.step)
    attrs = {name: value if _plain(value) else json.dumps(value) for name, value in info.items()}
    return xarray.Dataset(arrays, coords={"site": labels}, attrs=attrs)


def _plain(value: object) -> bool:
    """Tell whether netCDF, which xarray writes, can hold a value as an attribute."""
    return isinstance(value, str | float) or (isinstance(value, int) and abs(value) < 2**63)
