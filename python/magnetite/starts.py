"""Where chains start and which sites are held: initial states and clamps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite.models import Model

ClampLike = Mapping[Any, int] | tuple[ArrayLike, ArrayLike] | None


@dataclass(frozen=True, eq=False)
class Clamp:
    """Sites held at fixed spins, in ascending order of site."""

    sites: NDArray[np.int64]
    spins: NDArray[np.int8]


def check_clamp(model: Model, clamp: ClampLike, name: str = "clamp") -> Clamp:
    """Return the held sites and their spins; values are given in the model's own values.

    `clamp` maps labels to values, or is a pair (sites, values) of arrays, where a site is a
    position in `model.variables`. The same site twice is fine when the values agree.
    `name` is what messages call it.
    """
    if clamp is None:
        return Clamp(np.empty(0, np.int64), np.empty(0, np.int8))
    if isinstance(clamp, Mapping):
        sites = _positions(model, list(clamp), name)
        values = np.asarray(list(clamp.values()))
    elif isinstance(clamp, tuple) and len(clamp) == 2:
        sites, values = _site_array(model, clamp[0], name), np.asarray(clamp[1])
    else:
        raise TypeError(
            f"{name} must be a dict {{label: value}} or a pair (sites, values) of arrays, "
            f"got {type(clamp).__name__}"
        )
    if values.shape != sites.shape:
        raise ValueError(
            f"{name} must hold one value a site, got {sites.size} sites and values of shape "
            f"{values.shape}"
        )
    return _sorted_clamp(model, sites, _spins(model, sites, values, name), name)


def _positions(model: Model, labels: list[Any], name: str) -> NDArray[np.int64]:
    variables = model.variables
    if isinstance(variables, range):
        known: Mapping[Any, int] = {v: variables.index(v) for v in labels if v in variables}
    else:
        known = {v: site for site, v in enumerate(variables)} if labels else {}
    for label in labels:
        if label not in known:
            raise ValueError(f"{name} names {label!r}, which is no variable of the model")
    return np.array([known[label] for label in labels], dtype=np.int64)


def _site_array(model: Model, sites: ArrayLike, name: str) -> NDArray[np.int64]:
    array = np.asarray(sites)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(
            f"{name} must give its sites as a vector of integers, got shape "
            f"{array.shape} and dtype {array.dtype}"
        )
    wrong = np.flatnonzero((array < 0) | (array >= model.num_variables))
    if wrong.size:
        raise ValueError(
            f"{name} sites must be below {model.num_variables} and non-negative, "
            f"got {array[wrong[0]]} at index {wrong[0]}"
        )
    return array.astype(np.int64)


def _spins(
    model: Model, sites: NDArray[np.int64], values: NDArray[Any], name: str
) -> NDArray[np.int8]:
    low, high = model.values
    wrong = np.flatnonzero(~np.isin(values, (low, high)))
    if wrong.size:
        label, value = model.variables[int(sites[wrong[0]])], values.tolist()[wrong[0]]
        raise ValueError(f"{name} values must be {low} or {high}, got {value!r} for {label!r}")
    return np.where(values == high, 1, -1).astype(np.int8)


def _sorted_clamp(
    model: Model, sites: NDArray[np.int64], spins: NDArray[np.int8], name: str
) -> Clamp:
    order = np.argsort(sites, kind="stable")
    sites, spins = sites[order], spins[order]
    same = sites[1:] == sites[:-1]
    wrong = np.flatnonzero(same & (spins[1:] != spins[:-1]))
    if wrong.size:
        label = model.variables[int(sites[wrong[0]])]
        raise ValueError(f"{name} holds {label!r} at two different values")
    first = np.append(True, ~same)[: sites.size]
    return Clamp(sites[first], spins[first])


def check_initial_states(
    model: Model, initial_states: ArrayLike | None, clamp: Clamp
) -> NDArray[np.int8] | None:
    """Return initial states as spins, shape (k, n), with the clamp written over them.

    The caller's array is never changed. A vector (n,) gives k = 1.
    """
    if initial_states is None:
        return None
    spins = np.array(model.to_spins(initial_states, name="initial_states"), np.int8, ndmin=2)
    if spins.shape[0] == 0:
        raise ValueError("initial_states must hold at least one state, got none")
    spins[:, clamp.sites] = clamp.spins
    return spins


def count_states(initial_states: ArrayLike | None) -> int | None:
    """Return k for states of shape (k, n); None where they do not say how many chains there be."""
    if initial_states is None or np.ndim(initial_states) < 2:
        return None
    return int(np.shape(initial_states)[0])


def tile_states(
    states: NDArray[np.int8] | None, num_chains: int, name: str = "num_reads"
) -> NDArray[np.int8] | None:
    """Give chain c state c mod k of the (k, n) `states`; more states than chains are refused."""
    if states is None:
        return None
    if states.shape[0] > num_chains:
        raise ValueError(
            f"initial_states must not hold more states than {name}, "
            f"got {states.shape[0]} states and {name}={num_chains}"
        )
    return np.ascontiguousarray(np.resize(states, (num_chains, states.shape[1])))
