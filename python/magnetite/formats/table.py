"""The one parser of numbers: a whole text at once, with the line of every row kept for errors."""

import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from magnetite.formats.source import Source
from magnetite.inputs import FloatArray, IntVector

__all__ = ["Edges", "Table", "parse_table"]

_NUMBER = re.compile(
    rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf(inity)?)", re.IGNORECASE
)
_NEWLINE = 10
_SPACE = 32


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges read from rows of a table: positions counted from 0, and one weight each."""

    rows: IntVector
    cols: IntVector
    weights: FloatArray


@dataclass(frozen=True, eq=False)
class Table:
    """All numbers of a text, and which of them stand in which row (a line that is not blank).

    Attributes
    ----------
    source : Source
        Where the text came from.
    values : ndarray of int64 or float64, shape (t,)
        The numbers in order; int64 when all of them are integers of at most 63 bits.
    starts, widths, lines : ndarray of int64, shape (r,)
        For each row: position of its first number, how many there are, and its line, from 1.
    """

    source: Source
    values: npt.NDArray[Any]
    starts: IntVector
    widths: IntVector
    lines: IntVector

    def __len__(self) -> int:
        return self.lines.size

    def error(self, row: int, message: str) -> ValueError:
        """Return the error to raise about a row."""
        return self.source.error(int(self.lines[row]), message)

    def error_at_end(self, message: str) -> ValueError:
        """Return the error to raise about a text that ends too early."""
        return self.source.error(int(self.lines[-1]) if len(self) else 1, message)

    def counts(self, row: int, names: str) -> list[int]:
        """Return a row of non-negative integers, one for each word of `names`."""
        width = len(names.split())
        values = self.values[self.starts[row] : self.starts[row] + self.widths[row]].tolist()
        if len(values) != width:
            raise self.error(row, f"expected the header '{names}', got {_values(len(values))}")
        for value in values:
            if value < 0 or value != value // 1:
                raise self.error(
                    row, f"the header '{names}' must hold non-negative integers, got {value}"
                )
        return [int(value) for value in values]

    def only(self, chosen: npt.NDArray[np.bool_]) -> "Table":
        """Return the table of the chosen rows, which keep their lines."""
        widths = self.widths[chosen]
        starts = np.cumsum(widths) - widths
        values = self.values[np.repeat(chosen, self.widths)]
        return Table(self.source, values, starts, widths, self.lines[chosen])

    def edges(
        self, first: int, stop: int, *, base: int, size: int, optional: bool = False
    ) -> Edges:
        """Return the rows ``first <= r < stop`` as edges ``i j weight``.

        Parameters
        ----------
        first, stop : int
            Range of rows.
        base : int
            Number that the file gives the first variable, 0 or 1.
        size : int
            Number of variables.
        optional : bool
            Whether the weights may be missing, in all rows, and then are 1.
        """
        if first == stop:
            return Edges(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        width = self.width(first, stop, (2, 3) if optional else (3,))
        start = self.starts[first]
        block = self.values[start : start + width * (stop - first)].reshape(-1, width)
        rows, cols = (self.indices(block[:, k], first, base, size) for k in (0, 1))
        if width == 2:
            return Edges(rows, cols, np.ones(rows.size))
        weights = np.ascontiguousarray(block[:, 2], np.float64)
        self.check_finite(weights, first)
        return Edges(rows, cols, weights)

    def check_finite(self, weights: FloatArray, first: int) -> None:
        """Refuse nan and infinities, where ``weights[k]`` stands in row ``first + k``."""
        finite = np.isfinite(weights)
        if not finite.all():
            k = int(np.argmin(finite))
            raise self.error(first + k, f"the weight must be finite, got {weights[k]}")

    def width(self, first: int, stop: int, allowed: tuple[int, ...] = (3,)) -> int:
        """Return how many numbers each of the rows holds: one of `allowed`, and all the same."""
        widths = self.widths[first:stop]
        width = int(widths[0]) if widths.size and widths[0] in allowed else allowed[-1]
        wrong = widths != width
        if wrong.any():
            k = int(np.argmax(wrong))
            expected = "i j weight" if width == 3 else "i j"
            raise self.error(first + k, f"expected '{expected}', got {_values(int(widths[k]))}")
        return width

    def indices(self, column: npt.NDArray[Any], first: int, base: int, size: int) -> IntVector:
        """Return variables counted from 0, where ``column[k]`` stands in row ``first + k``."""
        last = base + size - 1
        wrong = ~((column >= base) & (column <= last))
        if column.dtype.kind == "f":
            wrong |= column != np.floor(column)
        if wrong.any():
            k = int(np.argmax(wrong))
            allowed = f"an integer in {base}..{last}" if size else "absent: there are no variables"
            raise self.error(first + k, f"the index must be {allowed}, got {_plain(column[k])}")
        return column.astype(np.int64) - base


def parse_table(source: Source, text: bytes | None = None) -> Table:
    """Parse numbers separated by white space.

    Parameters
    ----------
    source : Source
        The file.
    text : bytes or None
        What to parse in place of the file's own text: the same lines with some blanked out.
    """
    text = source.text if text is None else text
    tokens, per_line = _tokens(text)
    lines = np.flatnonzero(per_line)
    starts = (np.cumsum(per_line) - per_line)[lines]
    values = _numbers(text) if tokens else np.empty(0, np.int64)
    table = Table(source, values, starts, per_line[lines], lines + 1)
    if values.size != tokens:
        raise _bad_number(table, text)
    return table


def _tokens(text: bytes) -> tuple[int, IntVector]:
    """Count the words of a text, in all and in each line."""
    characters = np.frombuffer(text, np.uint8)
    space = (characters == _SPACE) | ((characters >= 9) & (characters <= 13))
    begins = ~space
    begins[1:] &= space[:-1]
    positions = np.flatnonzero(begins)
    ends = np.append(np.flatnonzero(characters == _NEWLINE), characters.size)
    return positions.size, np.diff(np.searchsorted(positions, ends), prepend=0)


def _numbers(text: bytes) -> npt.NDArray[Any]:
    """Parse all numbers; fewer come back where one of them is no number."""
    limits = np.iinfo(np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # numpy before 2.3 stops with a warning
        try:
            whole = np.fromstring(text, np.int64, sep=" ")
            if whole.max() < limits.max and whole.min() > limits.min:
                return whole
        except (DeprecationWarning, ValueError):
            pass  # not all of them are integers
        try:
            return np.fromstring(text, np.float64, sep=" ")
        except (DeprecationWarning, ValueError):
            return np.empty(0, np.float64)


def _bad_number(table: Table, text: bytes) -> ValueError:
    words = text.split()
    bad = next((k for k, word in enumerate(words) if not _NUMBER.fullmatch(word)), len(words) - 1)
    row = int(np.searchsorted(table.starts, bad, side="right")) - 1
    word = words[bad].decode("ascii", "backslashreplace")
    return table.error(row, f"expected a number, got '{word[:40]}'")


def _values(number: int) -> str:
    return "1 value" if number == 1 else f"{number} values"


def _plain(value: Any) -> int | float:
    number = float(value)
    return int(value) if number.is_integer() else number
