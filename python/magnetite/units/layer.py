"""A layer: groups of units side by side."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_choice, check_count
from magnetite.units.base import Array, Units
from magnetite.units.continuous import Gaussian, ReLU
from magnetite.units.discrete import Binary, Categorical, Spin

__all__ = ["Layer", "LayerLike", "make_layer"]

NAMES: dict[str, Callable[[], Units]] = {
    "binary": Binary,
    "spin": Spin,
    "gaussian": Gaussian,
    "relu": ReLU,
}

CATEGORIES = ("categorical", "softmax", "potts")
"""What units are called whose number of categories a name does not say."""

UnitsLike = str | Units
LayerLike = UnitsLike | Sequence[tuple[UnitsLike, int]]


@dataclass(frozen=True)
class Layer:
    """Groups of units: pairs of a kind and its number of columns.

    Its methods are those of `Units`, each column treated by its own kind.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.units import Binary, Layer, Spin
    >>> layer = Layer(((Binary(), 2), (Spin(), 1)))
    >>> layer.means(np.zeros((1, 3)), np.zeros(3)).tolist()
    [[0.5, 0.5, 0.0]]
    """

    groups: tuple[tuple[Units, int], ...]

    @property
    def size(self) -> int:
        """Number of columns."""
        return sum(size for _, size in self.groups)

    def parts(self) -> Iterator[tuple[Units, slice]]:
        """Yield each kind with its columns."""
        start = 0
        for units, size in self.groups:
            yield units, slice(start, start + size)
            start += size

    @property
    def core_groups(self) -> list[tuple[str, int, int]] | None:
        """The layer as the core knows it; None where a kind has no accelerator."""
        kinds = [(units.core_kind, size, units) for units, size in self.groups]
        if any(kind is None for kind, _, _ in kinds):
            return None
        return [
            (kind, size, units.num_states if isinstance(units, Categorical) else 0)
            for kind, size, units in kinds
            if kind is not None
        ]

    @property
    def values(self) -> NDArray[np.int8] | None:
        """The two values of every column, shape (2, n); None unless all are bits or spins."""
        pairs = [
            np.repeat(units.site_states, size, axis=1)
            for units, size in self.groups
            if isinstance(units, Binary | Spin)
        ]
        if len(pairs) < len(self.groups):
            return None
        return np.concatenate(pairs, axis=1).astype(np.int8)

    def precisions(self) -> NDArray[np.float64]:
        """Return the precision that each column begins with."""
        return np.concatenate([np.full(size, units.precision) for units, size in self.groups])

    @property
    def learned_precisions(self) -> NDArray[np.bool_]:
        """Which columns' precisions training changes."""
        return np.concatenate(
            [np.full(size, units.learns_precision) for units, size in self.groups]
        )

    def log_norms(self, x: Array, q: Array) -> NDArray[np.float64]:
        """Return the logarithm of the layer's normaliser, shape (rows,)."""
        total = np.zeros(x.shape[0])
        for units, columns in self.parts():
            total += units.log_norms(x[:, columns], q[..., columns]).sum(axis=1, dtype=np.float64)
        return total

    def means(self, x: Array, q: Array) -> Array:
        """Return the mean of every column."""
        return self._joined(x, lambda u, at: u.means(x[:, at], q[..., at]))

    def second_moments(self, x: Array, q: Array) -> Array:
        """Return the mean of every column's square."""
        return self._joined(x, lambda u, at: u.second_moments(x[:, at], q[..., at]))

    def draws(self, x: Array, q: Array, u: Array) -> Array:
        """Return a draw of every column from a uniform number each."""
        return self._joined(x, lambda unit, at: unit.draws(x[:, at], q[..., at], u[:, at]))

    def bias_of(self, means: Array, variances: Array) -> Array:
        """Return the inputs at which the units have these means; all of shape (n,)."""
        biases = self._joined(
            means[None], lambda u, at: u.bias_of(means[None, at], variances[None, at])
        )
        return biases.reshape(means.shape)

    def _joined(self, like: Array, part: Callable[[Units, slice], Array]) -> Array:
        result = np.empty_like(like)
        for units, columns in self.parts():
            result[:, columns] = part(units, columns)
        return result

    def takes(self, values: Array) -> bool:
        """Tell whether the units can take all of these values."""
        return not any(units.wrong(values[:, columns]).any() for units, columns in self.parts())

    def check(
        self,
        name: str,
        values: Array,
        *,
        missing: bool = False,
        means: bool = False,
        first_row: int = 0,
    ) -> None:
        """Refuse values that the units cannot take; nan is allowed where `missing`.

        With `means`, values are means of the units. Of values that are part of a larger array,
        `first_row` is the place of the first row.

        Raises
        ------
        ValueError
            Names the first wrong value, its place, the unit, and the unit that would take it.
        """
        for units, columns in self.parts():
            part = values[:, columns]
            wrong = units.wrong_means(part) if means else units.wrong(part)
            if missing and wrong.any():
                wrong = wrong & ~np.isnan(part)
            if wrong.any():
                row, column = (int(i) for i in np.argwhere(wrong)[0])
                site = column // units.width * units.width
                of_site = part[row, site : site + units.width]
                raise ValueError(
                    f"{name} must hold {units.rule_of_means if means else units.rule} where its "
                    f"units are {units.kind}, got "
                    f"{part[row, column]:g} at index {(row + first_row, column + columns.start)}"
                    f"{_remedy(units, part, of_site, missing)}"
                )

    def check_whole(self, name: str, mask: NDArray[np.bool_]) -> None:
        """Refuse a mask (rows, n) that covers part of the columns of a site.

        Raises
        ------
        ValueError
            Names the first such site.
        """
        for units, columns in self.parts():
            sites = mask[:, columns].reshape(len(mask), -1, units.width)
            parted = sites.any(axis=-1) & ~sites.all(axis=-1)
            if parted.any():
                row, site = (int(i) for i in np.argwhere(parted)[0])
                first = columns.start + site * units.width
                raise ValueError(
                    f"{name} must cover all {units.width} columns of a site of {units.kind} units, "
                    f"or none, got {sites[row, site].tolist()} in columns {first} to "
                    f"{first + units.width - 1} of row {row}"
                )

    @property
    def num_states(self) -> float:
        """Number of states of the layer; infinity for a continuum."""
        return math.exp(self.log_states) if self.log_states < 709 else math.inf

    @property
    def log_states(self) -> float:
        """Logarithm of the number of states."""
        total = 0.0
        for units, size in self.groups:
            if units.site_states is None:
                return math.inf
            total += size // units.width * math.log(len(units.site_states))
        return total

    def states(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return the states numbered from `start` to below `stop`, the last site changing fastest.

        Examples
        --------
        >>> from magnetite.units import Layer, Spin
        >>> Layer(((Spin(), 2),)).states(0, 4).tolist()
        [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
        """
        number = np.arange(start, stop)
        columns: list[NDArray[np.float64]] = []
        for units, size in reversed(self.groups):
            if units.site_states is None:
                raise ValueError(f"{units.kind} units have no states that could be counted")
            for _ in range(size // units.width):
                number, digit = np.divmod(number, len(units.site_states))
                columns.append(units.site_states[digit])
        return np.concatenate(columns[::-1], axis=1)

    def describe(self) -> str:
        """Say in a few words what the layer is made of."""
        return " + ".join(f"{size} {units.kind}" for units, size in self.groups)


def _remedy(units: Units, values: Array, of_site: Array, missing: bool) -> str:
    """Offer the kind of unit that would take the values, or say what a site lacks."""
    if np.isnan(of_site).any():
        return "; all columns of a missing site must be nan" if missing else ""
    known = values[~np.isnan(values)]
    if not known.size or not np.isfinite(known).all():
        return ""
    if units.width > 1 and np.isin(known, (0, 1)).all():
        return ""  # right values, of which a site has too many or too few
    if set(np.unique(known[:10_000])) <= {-1.0, 1.0} and not isinstance(units, Spin):
        return "; 'spin' units take -1 and 1"
    if set(np.unique(known[:10_000])) <= {0.0, 1.0} and not isinstance(units, Binary):
        return "; 'binary' units take 0 and 1"
    if isinstance(units, Binary) and known.size and known.min() >= 0 and known.max() <= 1:
        return (
            "; draw bits with these chances, cut at a threshold, let `RBM.fit` take them as means "
            "of bits (means=True), or take 'gaussian' units for real numbers"
        )
    if isinstance(units, Gaussian):
        return ""
    return "; 'gaussian' units take real numbers"


def make_layer(name: str, value: LayerLike, size: int) -> Layer:
    """Return a layer of `size` columns of what the user wrote.

    Raises
    ------
    TypeError, ValueError
        If a kind is unknown, if the sizes do not add up, or if categories do not fit the columns.
    """
    if isinstance(value, str | Units):
        value = [(value, size)]
    groups = tuple(_group(name, entry) for entry in value)
    total = sum(columns for _, columns in groups)
    if total != size:
        raise ValueError(
            f"{name} must have as many columns as its layer, {size}, got groups of {total}"
        )
    return Layer(groups)


def _group(name: str, entry: Any) -> tuple[Units, int]:
    if not (isinstance(entry, tuple | list) and len(entry) == 2):
        raise TypeError(
            f"{name} must be a kind of unit, or a list of (kind, number of columns), got {entry!r}"
        )
    kind, size = entry
    columns = check_count(f"the columns of {name}", size, 1, bits=31)
    if not isinstance(kind, Units):
        if isinstance(kind, str) and kind in CATEGORIES:
            raise ValueError(
                f"{name} must say how many categories its sites have, got {kind!r}: take "
                "mg.units.Categorical(k) for k of them"
            )
        kind = NAMES[check_choice(name, kind, tuple(NAMES))]()
    if columns % kind.width:
        raise ValueError(
            f"{name} must have {kind.width} columns for each of its sites, got {columns} columns"
        )
    return kind, columns
