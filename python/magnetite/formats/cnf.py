"""DIMACS CNF and WCNF: clauses of literals, each ended by 0, under ``p cnf n m``.

In ``p wcnf n m top`` a weight stands before each clause, and clauses of weight ``top`` or more are
hard. WCNF files since 2022 have no header, and ``h`` in the place of the weight of a hard clause.
A line ``%`` ends the file, as in those of SATLIB. Lines that begin with ``c`` are comments.
"""

import re
from dataclasses import dataclass, replace

import numpy as np

from magnetite.formats.comments import one_header, split_comments
from magnetite.formats.headed import check_header_size
from magnetite.formats.numbers import number_text
from magnetite.formats.source import Source
from magnetite.formats.table import Table, parse_table
from magnetite.inputs import IntVector
from magnetite.models import MaxSat, Model

__all__ = ["parse", "render"]

_EXPECTED = "p cnf n m' or 'p wcnf n m top"
_HEADER = re.compile(r"p\s+(?:cnf\s+(\d+)\s+(\d+)|wcnf\s+(\d+)\s+(\d+)(?:\s+(\d+))?)")
_END = re.compile(rb"^[ \t]*%", re.MULTILINE)
_HARD = re.compile(rb"^[ \t]*h(?=\s)", re.MULTILINE)


@dataclass(frozen=True)
class Header:
    """What the line ``p`` says; nothing is known where there is none."""

    line: int = 0
    num_variables: int | None = None
    num_clauses: int | None = None
    weighted: bool = True
    top: float = np.inf


def parse(source: Source, headless: bool) -> MaxSat:
    """Read clauses; `headless` says whether the header may be missing."""
    end = _END.search(source.text)
    if end:
        source = replace(source, text=source.text[: end.start()])
    comments, text = split_comments(source, b"cp")
    if headless and not any(comment.text.startswith("p") for comment in comments):
        header = Header()
        text = _HARD.sub(b"inf", text)
    else:
        found = one_header(source, comments, _EXPECTED)
        header = _parse_header(source, found.line, found.text)
    table = parse_table(source, text)
    ends = np.flatnonzero(table.values == 0)
    if table.values.size and (not ends.size or ends[-1] != table.values.size - 1):
        raise table.error_at_end("expected a 0 at the end of the last clause")
    if header.num_clauses not in (None, ends.size):
        raise table.error_at_end(
            f"the file has {ends.size} clauses, but line {header.line} promises "
            f"{header.num_clauses}"
        )
    return _model(table, ends, header)


def render(model: Model) -> str:
    """Write the clauses of a problem of satisfiability, with weights where they are not all 1."""
    if not isinstance(model, MaxSat):
        raise ValueError(f"format 'cnf' holds clauses, not a model {type(model).__name__}")
    weights = model.weights
    hard = np.isinf(weights)
    size = f"{model.num_truths} {weights.size}"
    clauses = [" ".join(map(str, (*clause, 0))) for clause in model.clauses]
    if (weights == 1).all():
        return f"p cnf {size}\n" + "".join(f"{clause}\n" for clause in clauses)
    top = int(np.floor(weights[~hard].sum())) + 1
    head = f"p wcnf {size} {top}\n" if hard.any() else f"p wcnf {size}\n"
    numbers = [number_text(w) for w in np.where(hard, top, weights).tolist()]
    lines = (f"{w} {clause}\n" for w, clause in zip(numbers, clauses, strict=True))
    return head + "".join(lines)


def _parse_header(source: Source, line: int, text: str) -> Header:
    found = _HEADER.fullmatch(text)
    if not found:
        raise source.error(line, f"expected a header '{_EXPECTED}', got '{text}'")
    weighted = found[1] is None
    size, number = (int(found[k + 2 * weighted]) for k in (1, 2))
    check_header_size(source, line, size, number)
    return Header(line, size, number, weighted, float(found[5] or np.inf))


def _model(table: Table, ends: IntVector, header: Header) -> MaxSat:
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)[: ends.size]
    first = starts + header.weighted
    empty = np.flatnonzero(first >= ends)
    if empty.size:
        raise _error(table, int(ends[empty[0]]), "a clause must hold a literal before its 0")
    values = table.values
    literal = np.ones(values.size, np.bool_)
    literal[ends] = False
    weights = None
    if header.weighted:
        literal[starts] = False
        weights = values[starts].astype(np.float64)
        wrong = np.flatnonzero(~(weights > 0))
        if wrong.size:
            where, weight = int(starts[wrong[0]]), weights[wrong[0]]
            raise _error(table, where, f"the weight must be positive, got {weight:g}")
        weights[weights >= header.top] = np.inf
    largest = 2**31 - 1 if header.num_variables is None else header.num_variables
    fits = (np.abs(values) <= largest) & (values == np.floor(values))
    wrong = np.flatnonzero(literal & ~fits)
    if wrong.size:
        message = f"the literal must be an integer in -{largest}..{largest}, got"
        raise _error(table, int(wrong[0]), f"{message} {values[wrong[0]]:g}")
    clauses = [
        values[a:b].astype(np.int64).tolist()
        for a, b in zip(first.tolist(), ends.tolist(), strict=True)
    ]
    return MaxSat(clauses, weights=weights, num_variables=header.num_variables)


def _error(table: Table, position: int, message: str) -> ValueError:
    """Return the error to raise about the number at a position."""
    return table.error(int(np.searchsorted(table.starts, position, side="right")) - 1, message)
