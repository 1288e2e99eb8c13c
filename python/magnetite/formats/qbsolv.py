"""The ``.qubo`` files of qbsolv: a QUBO to be minimised, each pair once, counted from 0.

``p qubo topology maxNodes nNodes nCouplers`` stands before nNodes lines ``i i q`` and nCouplers
lines ``i j q``; lines that begin with ``c`` are comments. An offset, which the format does not
know, is written as a comment ``c offset=1.5`` and read back from there.
"""

import numpy as np

from magnetite.formats.comments import Comment, comment_offset, one_header, split_comments
from magnetite.formats.headed import check_header_size, edge_problem, entries_once
from magnetite.formats.numbers import edge_lines, number_text
from magnetite.formats.source import Source
from magnetite.formats.table import Edges, Table, parse_table
from magnetite.models import Model, Qubo

__all__ = ["parse", "render"]

_EXPECTED = "p qubo topology maxNodes nNodes nCouplers"


def parse(source: Source) -> Qubo:
    """Read a QUBO to be minimised."""
    comments, text = split_comments(source, b"cp")
    line, size, diagonal, pairs = _header(source, comments)
    table = parse_table(source, text)
    check_header_size(source, line, size, pairs)
    edges = table.edges(0, len(table), base=0, size=size)
    _check_counts(table, edges, line, diagonal, pairs)
    return Qubo(edge_problem(size, edges), offset=comment_offset(source, comments))


def render(model: Model) -> str:
    """Write the energy of bits, its offset as a comment."""
    energy = model.to_qubo().polynomial()
    rows, cols, entries = entries_once(energy)
    comment = f"c offset={number_text(energy.offset)}\n" if energy.offset else ""
    pairs = energy.rows.size
    head = f"p qubo 0 {model.num_variables} {rows.size - pairs} {pairs}\n"
    return comment + head + edge_lines(rows, cols, entries)


def _header(source: Source, comments: list[Comment]) -> tuple[int, int, int, int]:
    """Return line, maxNodes, nNodes and nCouplers of the one header."""
    first = one_header(source, comments, _EXPECTED)
    words = first.text.split()
    if len(words) != 6 or words[:2] != ["p", "qubo"] or not all(map(str.isdecimal, words[3:])):
        raise source.error(first.line, f"expected a header '{_EXPECTED}', got '{first.text}'")
    size, diagonal, pairs = map(int, words[3:])
    return first.line, size, diagonal, pairs


def _check_counts(table: Table, edges: Edges, line: int, diagonal: int, pairs: int) -> None:
    own = int(np.count_nonzero(edges.rows == edges.cols))
    for what, found, promised in (
        ("nodes (lines 'i i q')", own, diagonal),
        ("couplers (lines 'i j q')", edges.rows.size - own, pairs),
    ):
        if found != promised:
            raise table.error_at_end(
                f"the file has {found} {what}, but line {line} promises {promised}"
            )
