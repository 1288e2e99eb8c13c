"""OR-Library bqp: several QUBOs to be maximised in one file.

The first line says how many instances there are; each is a header ``n m`` and m lines ``i j q``
with variables counted from 1. Q is symmetric and each pair stands once, so that pairs count twice.
"""

from magnetite.formats.headed import (
    check_edge_count,
    check_header_size,
    entries_once,
    symmetric_problem,
)
from magnetite.formats.numbers import edge_lines, refuse_offset
from magnetite.formats.source import Source
from magnetite.formats.table import Table, parse_table
from magnetite.models import Model, Qubo

__all__ = ["parse", "render"]


def parse(source: Source, instance: int) -> Qubo:
    """Read the instance of that number, counted from 1; all headers of the file are checked."""
    table = parse_table(source)
    if not len(table):
        raise table.error_at_end("expected the number of instances, got an empty file")
    (number,) = table.counts(0, "instances")
    headers = _headers(table, number)
    if not 1 <= instance <= number:
        raise ValueError(
            f"instance must be between 1 and {number}, the number of instances in {source.name}, "
            f"got {instance}"
        )
    row, size, entries = headers[instance - 1]
    check_header_size(source, int(table.lines[row]), size, entries)
    edges = table.edges(row + 1, row + 1 + entries, base=1, size=size)
    return Qubo(symmetric_problem(table, row + 1, size, edges), sense="maximise")


def render(model: Model) -> str:
    """Write one instance, whose value is minus the model's energy."""
    energy = model.to_qubo().polynomial()
    refuse_offset(energy, "bqp")
    rows, cols, entries = entries_once(energy.negated(), 0.5)
    head = f"1\n{model.num_variables} {rows.size}\n"
    return head + edge_lines(rows + 1, cols + 1, entries)


def _headers(table: Table, number: int) -> list[tuple[int, int, int]]:
    """Return row, n and m of the header of each instance."""
    headers = []
    row = 1
    for k in range(number):
        if row >= len(table):
            raise table.error_at_end(
                f"the file ends after {k} of the {number} instances that line 1 promises"
            )
        size, entries = table.counts(row, "n m")
        left = len(table) - row - 1
        check_edge_count(table, row + 1, min(left, entries), entries, int(table.lines[row]))
        table.width(row + 1, row + 1 + entries)
        headers.append((row, size, entries))
        row += 1 + entries
    if row < len(table):
        raise table.error(row, f"more rows than the {number} instances that line 1 promises")
    return headers
