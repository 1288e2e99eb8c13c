"""dimod's COO text, and the ``.ising`` files of planted problems: lines ``i j w``.

Entries ``i i w`` are linear. A comment ``# vartype=SPIN`` or ``# vartype=BINARY`` says what the
variables are. The labels are the integers that occur, so a variable without any term is written as
``i i 0``. An offset, which the format does not know, is kept in a comment ``# offset=1.5``.

Planted problems also have lines ``i j k w``, products of three spins. Each becomes terms of pairs
with an auxiliary spin, labelled ``("aux", number)``: see `magnetite.models.cubic`.
"""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from magnetite.formats.comments import Comment, comment_offset, split_comments
from magnetite.formats.numbers import edge_lines, number_text
from magnetite.formats.source import Source
from magnetite.formats.table import Table, parse_table
from magnetite.inputs import FloatArray, Labels, Problem
from magnetite.models import Ising, Model, Qubo
from magnetite.models.cubic import cubic_terms

__all__ = ["parse", "render"]

_VARTYPE = re.compile(r"vartype[:=][ \t]*([-_.a-zA-Z0-9]+)")
_LARGEST_LABEL = 2**53


def parse(source: Source, vartype: str | None) -> Ising | Qubo:
    """Read an energy of spins or of bits, as the file or else `vartype` says."""
    comments, text = split_comments(source, b"#")
    vartype = _vartype(source, comments, vartype)
    table = parse_table(source, text)
    wide = table.widths == 4 if vartype == "SPIN" else np.zeros(len(table), np.bool_)
    pairs, products = table.only(~wide), table.only(wide)
    edges = pairs.edges(0, len(pairs), base=0, size=_LARGEST_LABEL)
    triples, weights = _products(products)
    ends = np.concatenate([edges.rows, edges.cols, triples.ravel()])
    names, positions = np.unique(ends, return_inverse=True)
    number = edges.rows.size
    terms = cubic_terms(positions[2 * number :].reshape(-1, 3), weights, names.size)
    rows, cols = positions[:number], positions[number : 2 * number]
    own = rows == cols
    linear = np.bincount(rows[own], edges.weights[own], terms.linear.size) + terms.linear
    labels = _labels(names)
    if weights.size:
        labels = (*labels, *(("aux", k) for k in range(weights.size)))
    problem = Problem(
        "edges",
        labels,
        np.concatenate([rows[~own], terms.rows]),
        np.concatenate([cols[~own], terms.cols]),
        np.concatenate([edges.weights[~own], terms.weights]),
        fields=linear,
    )
    offset = comment_offset(source, comments) + terms.offset
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


def _products(table: Table) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return the rows ``i j k w`` as labels, shape (m, 3), and weights."""
    block = table.values.reshape(-1, 4)
    columns = [table.indices(block[:, k], 0, 0, _LARGEST_LABEL) for k in range(3)]
    triples = np.stack(columns, axis=1)
    repeated = np.flatnonzero((np.diff(np.sort(triples, axis=1), axis=1) == 0).any(axis=1))
    if repeated.size:
        i, j, k = triples[repeated[0]].tolist()
        raise table.error(
            int(repeated[0]), f"a product must be of three different spins, got {i} {j} {k}"
        )
    weights = np.ascontiguousarray(block[:, 3], np.float64)
    table.check_finite(weights, 0)
    return triples, weights


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
