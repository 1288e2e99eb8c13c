"""Which format a file is in, and the public functions that read and write it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Literal, get_args

from magnetite._checks import check_choice, check_count
from magnetite.formats import bqp, cnf, coo, dimacs, partition, qbsolv, rudy
from magnetite.formats.graphs import GraphProblem, check_problem, graph_model
from magnetite.formats.source import Source, load_source, store
from magnetite.models import Model

__all__ = ["FORMATS", "VARTYPES", "read", "write"]


@dataclass(frozen=True)
class Request:
    """A file to be read, and what the caller said of it."""

    source: Source
    instance: int
    vartype: str | None
    named: bool  # whether the caller named the format
    problem: str | None  # what is asked of a graph
    num_colors: int | None

    def has_suffix(self, suffix: str) -> bool:
        """Return whether the file's name ends so, whether compressed or not."""
        return _plain_name(self.source.name).endswith(suffix)


@dataclass(frozen=True)
class Format:
    """A file format: how its text becomes a model, and back."""

    parse: Callable[[Request], Model]
    render: Callable[[Model], str]
    suffixes: tuple[str, ...]


def _parse_rudy(request: Request) -> Model:
    if request.problem not in (None, "maxcut"):
        graph = rudy.parse_graph(request.source)
        return graph_model(graph, request.problem, request.num_colors)
    parse = rudy.parse_maxcut if request.named or request.problem else rudy.parse_either
    return parse(request.source)


def _parse_dimacs(request: Request) -> Model:
    graph = dimacs.parse(request.source)
    problem = request.problem or ("clique" if request.has_suffix(".clq") else None)
    return graph_model(graph, problem, request.num_colors)


def _parse_cnf(request: Request) -> Model:
    return cnf.parse(request.source, headless=request.has_suffix(".wcnf"))


def _parse_coo(request: Request) -> Model:
    spins = request.has_suffix(".ising")
    return coo.parse(request.source, request.vartype or ("SPIN" if spins else None))


_FORMATS = {
    "rudy": Format(_parse_rudy, rudy.render_graph, (".rud", ".rudy", ".mc")),
    "sparse": Format(lambda r: rudy.parse_sparse(r.source), rudy.render_sparse, (".sparse",)),
    "bqp": Format(lambda r: bqp.parse(r.source, r.instance), bqp.render, (".bqp",)),
    "qubo": Format(lambda r: qbsolv.parse(r.source), qbsolv.render, (".qubo",)),
    "coo": Format(_parse_coo, coo.render, (".coo", ".ising")),
    "dimacs": Format(_parse_dimacs, dimacs.render, (".col", ".clq")),
    "cnf": Format(_parse_cnf, cnf.render, (".cnf", ".wcnf")),
    "numbers": Format(lambda r: partition.parse(r.source), partition.render, (".npp",)),
}
FORMATS = tuple(_FORMATS)
_GRAPHS = ("rudy", "dimacs")

# The line "p ..." of those formats that have one.
_HEADER = re.compile(rb"^[ \t]*p[ \t]+(\S+)", re.MULTILINE)
_HEADERS = {b"edge": "dimacs", b"edges": "dimacs", b"col": "dimacs", b"cnf": "cnf", b"wcnf": "cnf"}

Vartype = Literal["SPIN", "BINARY"]
VARTYPES = get_args(Vartype)


def read(
    path: str | PathLike[str],
    *,
    format: str | None = None,
    instance: int = 1,
    vartype: Vartype | None = None,
    problem: GraphProblem | None = None,
    num_colors: int | None = None,
) -> Model:
    """Read a problem file, plain or gzip.

    Parameters
    ----------
    path : str or path
        The file.
    format : {"rudy", "sparse", "bqp", "qubo", "coo", "dimacs", "cnf", "numbers"}, optional
        What the file is; by default its suffix and content tell. A header ``n m`` over lines
        ``i j w`` is a graph to be cut ("rudy"), unless an entry ``i i`` or the suffix ``.sparse``
        makes it a QUBO.
    instance : int
        Which problem of a "bqp" file, counted from 1.
    vartype : {"SPIN", "BINARY"}, optional
        What the variables of a "coo" file are that does not say so.
    problem : {"clique", "coloring", "independent_set", "maxcut"}, optional
        What is asked of the graph in a "rudy" file (default: "maxcut") or a "dimacs" file (default
        with the suffix ``.clq``: "clique").
    num_colors : int, optional
        For "coloring", and to say it.

    Returns
    -------
    Model
        A MaxCut model for "rudy", a `Qubo` for "sparse", "qubo" (both minimised) and "bqp"
        (maximised), an `Ising` or a `Qubo` for "coo", the model of `problem` for "dimacs", of
        `max_sat` for "cnf" and of `number_partition` for "numbers". Variables are labelled from
        0, whatever the file counts from; in "coo", "dimacs" and "cnf" files by the file's own
        numbers.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not in the format; the message begins with file and line.

    Examples
    --------
    >>> import tempfile
    >>> import magnetite as mg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mg.write(mg.maxcut({(0, 1): 1, (1, 2): -1}), f"{folder}/path.rud.gz")
    ...     mg.read(f"{folder}/path.rud.gz")
    MaxCut(3 variables, 2 couplings, density 0.667)
    """
    if format is not None:
        check_choice("format", format, FORMATS)
    if vartype is not None:
        check_choice("vartype", vartype, VARTYPES)
    check_count("instance", instance, 1)
    asked = check_problem(problem, num_colors)
    source = load_source(path)
    name = format or _by_suffix(path) or _by_content(source)
    if name != "bqp" and instance != 1:
        raise ValueError(
            f"instance must be 1 for format {name!r}, which holds one problem, got {instance}"
        )
    if name != "coo" and vartype is not None:
        raise ValueError(
            f"vartype must be None for format {name!r}, whose variables are known, got {vartype!r}"
        )
    if name not in _GRAPHS and asked is not None:
        raise ValueError(
            f"problem must be None for format {name!r}, which holds no graph, got {asked!r}"
        )
    request = Request(source, instance, vartype, format is not None, asked, num_colors)
    try:
        return _FORMATS[name].parse(request)
    except ValueError as error:
        if source.name in str(error):
            raise
        raise ValueError(f"{source.name}: {error}") from None


def write(model: Model, path: str | PathLike[str], *, format: str | None = None) -> None:
    """Write a model to a file, as gzip where its name ends in ``.gz``.

    Numbers are written so that they read back to the same bits, integers as integers. What a
    format cannot hold is refused, except labels: all but "coo" and "cnf" number the variables.

    Parameters
    ----------
    model : Model
        What to write. "sparse", "qubo" and "bqp" hold energies of bits and convert those of spins;
        "dimacs", "cnf" and "numbers" hold the problem that a model was made from, and no other.
    path : str or path
        The file; an existing one is replaced.
    format : {"rudy", "sparse", "bqp", "qubo", "coo", "dimacs", "cnf", "numbers"}, optional
        By default the suffix tells.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If neither format nor suffix tell the format, or if it cannot hold the model.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import magnetite as mg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "pair.qubo")
    ...     mg.write(mg.Qubo([[1, 2], [0, 0.5]]), path)
    ...     print(path.read_text(), end="")
    p qubo 0 2 2 1
    0 0 1
    1 1 0.5
    0 1 2
    """
    if not isinstance(model, Model):
        raise TypeError(f"model must be a magnetite model, got {type(model).__name__}")
    name = format or _by_suffix(path)
    if name is None:
        suffixes = ", ".join(s for known in _FORMATS.values() for s in known.suffixes)
        raise ValueError(
            f"format must be given for {fspath(path)!r}, whose suffix is none of {suffixes}"
        )
    check_choice("format", name, FORMATS)
    store(path, _FORMATS[name].render(model))


def _plain_name(path: str | PathLike[str]) -> str:
    return fspath(path).lower().removesuffix(".gz")


def _by_suffix(path: str | PathLike[str]) -> str | None:
    name = _plain_name(path)
    return next((key for key, known in _FORMATS.items() if name.endswith(known.suffixes)), None)


def _by_content(source: Source) -> str:
    """Tell the format by the first line that is not blank."""
    text = source.text.lstrip()
    if not text:
        raise source.error(1, "the file is empty")
    words = text.split(b"\n", 1)[0].split()
    if words[0].startswith(b"#"):
        return "coo"
    if words[0] in (b"c", b"p"):
        header = _HEADER.search(text)
        return _HEADERS.get(header[1] if header else b"", "qubo")
    if len(words) == 2 and all(word.isdigit() for word in words):
        return "rudy"
    if len(words) == 1 and _is_number(words[0]):
        following = text[len(words[0]) :].lstrip().split(b"\n", 1)[0].split()
        return "bqp" if words[0].isdigit() and len(following) != 1 else "numbers"
    line = 1 + source.text.count(b"\n", 0, len(source.text) - len(text))
    hint = "; lines 'i j w' without a header may be 'coo'" if len(words) == 3 else ""
    known = ", ".join(FORMATS)
    raise source.error(line, f"the file is in no known format, which are {known}{hint}")


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
