"""Numbers to be split into two groups of equal sum: as they are, with white space between them."""

import numpy as np

from magnetite.formats.numbers import number_text
from magnetite.formats.source import Source
from magnetite.formats.table import parse_table
from magnetite.models import Model, NumberPartition

__all__ = ["parse", "render"]


def parse(source: Source) -> NumberPartition:
    """Read all numbers of the file."""
    table = parse_table(source)
    if not len(table):
        raise table.error_at_end("expected numbers, got an empty file")
    finite = np.isfinite(table.values)
    if not finite.all():
        position = int(np.argmin(finite))
        row = int(np.searchsorted(table.starts, position, side="right")) - 1
        raise table.error(row, f"a number must be finite, got {table.values[position]}")
    return NumberPartition(table.values)


def render(model: Model) -> str:
    """Write one number a line."""
    if not isinstance(model, NumberPartition):
        raise ValueError(f"format 'numbers' holds numbers to split, not {type(model).__name__}")
    texts = (str(a) if isinstance(a, int) else number_text(a) for a in model.numbers)
    return "".join(f"{text}\n" for text in texts)
