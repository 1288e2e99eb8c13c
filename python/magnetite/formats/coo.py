"""dimod's COO text, and the ``.ising`` files of planted problems: lines ``i j w``.

Entries ``i i w`` are linear. A comment ``# vartype=SPIN`` or ``# vartype=BINARY`` says what the
variables are. The labels are the integers that occur, so a variable without any term is written as
``i i 0``. An offset, which the format does not know, is kept in a comment ``# offset=1.5``.
"""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from magnetite.formats.comments import Comment, comment_offset, split_comments
from magnetite.formats.numbers import edge_lines, number_text
from magnetite.formats.source import Source
from magnetite.formats.table import parse_table
from magnetite.inputs import Labels, Problem
from magnetite.models import Ising, Model, Qubo

__all__ = ["parse", "render"]

_VARTYPE = re.compile(r"vartype[:=][ \t]*([-_.a-zA-Z0-9]+)")
_LARGEST_LABEL = 2**53


def parse(source: Source, vartype: str | None) -> Ising | Qubo:
    """Read an energy of spins or of bits, as the file or else `vartype` says."""
    comments, text = split_comments(source, b"#")
    vartype = _vartype(source, comments, vartype)
    table = parse_table(source, text)
    edges = table.edges(0, len(table), base=0, size=_LARGEST_LABEL)
    names, positions = np.unique(np.concatenate([edges.rows, edges.cols]), return_inverse=True)
    rows, cols = positions[: edges.rows.size], positions[edges.rows.size :]
    own = rows == cols
    linear = np.bincount(rows[own], edges.weights[own], names.size).astype(np.float64, copy=False)
    labels = _labels(names)
    pairs = rows[~own], cols[~own], edges.weights[~own]
    problem = Problem("edges", labels, *pairs, fields=linear)
    offset = comment_offset(source, comments)
    return (Ising if vartype == "SPIN" else Qubo)(problem, offset=offset)


def render(model: Model) -> str:
    """Write the energy in the model's own values, with its vartype and its offset as comments."""
    labels = np.array(_integer_labels(model.variables), np.int64)
    energy = model.polynomial()
    coupled = np.zeros(model.num_variables, np.bool_)
    coupled[energy.rows] = coupled[energy.cols] = True
    own = np.flatnonzero((energy.linear != 0) | ~coupled)
    rows = labels[np.concatenate([own, energy.rows])]
    cols = labels[np.concatenate([own, energy.cols])]
    weights = np.concatenate([energy.linear[own], energy.weights])
    head = f"# vartype={'SPIN' if model.values == (-1, 1) else 'BINARY'}\n"
    if energy.offset:
        head += f"# offset={number_text(energy.offset)}\n"
    return head + edge_lines(rows, cols, weights)


def _vartype(source: Source, comments: list[Comment], given: str | None) -> str:
    for comment in comments:
        found = _VARTYPE.search(comment.text)
        if not found:
            continue
        if found[1] not in ("SPIN", "BINARY"):
            raise source.error(comment.line, f"vartype must be SPIN or BINARY, got {found[1]}")
        if given not in (None, found[1]):
            raise source.error(
                comment.line, f"the file says vartype={found[1]}, but {given} was asked for"
            )
        return found[1]
    if given is None:
        raise source.error(
            1,
            "nothing says what the variables are: add a line '# vartype=SPIN' or "
            "'# vartype=BINARY', or say it with vartype",
        )
    return given


def _labels(names: npt.NDArray[np.int64]) -> Labels:
    whole = range(names.size)
    return whole if names.size == 0 or names[-1] == names.size - 1 else tuple(names.tolist())


def _integer_labels(labels: Labels) -> list[Any] | range:
    if isinstance(labels, range):
        return labels
    for label in labels:
        if type(label) is not int or not 0 <= label < _LARGEST_LABEL:
            raise ValueError(f"format 'coo' holds only non-negative integer labels, got {label!r}")
    return list(labels)
