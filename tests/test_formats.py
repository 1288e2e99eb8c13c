"""Problem files: what each format means, round trips, and errors that name file and line."""

import gzip
from pathlib import Path
from typing import Any

import dimod
import numpy as np
import pytest
from dimod.serialization import coo as dimod_coo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import magnetite as mg
import magnetite.memory
from magnetite.models import MaxCut, Model

NUMBERS = st.one_of(
    st.integers(-(2**53), 2**53).map(float),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300),
).filter(lambda x: x == 0 or abs(x) > 1e-290)


def put(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def bits(n: int) -> Any:
    return np.arange(2**n)[:, None] >> np.arange(n) & 1


# What each format means


def test_rudy(tmp_path: Path) -> None:
    path = put(tmp_path, "g.txt", "4 3\n1 2 5\n4 2 -1\n\n3 1 2.5\n")
    model = mg.read(path)
    assert isinstance(model, MaxCut)
    assert model.variables == range(4)
    assert model.cut([1, -1, -1, 1]) == 6.5  # edges 1-2, 2-4 and 1-3: 5 - 1 + 2.5


def test_weights_of_a_graph_may_be_left_out(tmp_path: Path) -> None:
    model = mg.read(put(tmp_path, "g.mc", "3 2\n1 2\n2 3\n"))
    assert model.objective([1, -1, 1]) == 2.0


def test_an_entry_on_the_diagonal_makes_a_qubo(tmp_path: Path) -> None:
    text = "3 3\n1 1 -4\n1 2 3\n2 3 1.5\n"
    for name in ("q.sparse", "q.txt", "q", "q.rud"):
        model = mg.read(put(tmp_path, name, text))
        assert type(model) is mg.Qubo
        assert model.energies([1, 1, 0]) == -4 + 2 * 3
        assert (model.sense, model.energies([1, 1, 1])) == ("minimise", -4 + 2 * 3 + 2 * 1.5)
    with pytest.raises(
        ValueError, match=r"q\.rud:2: a graph must have no self-loop, got 1 1; with"
    ):
        mg.read(tmp_path / "q.rud", format="rudy")


def test_suffix_and_format_decide_what_content_cannot(tmp_path: Path) -> None:
    text = "2 1\n1 2 3\n"
    assert type(mg.read(put(tmp_path, "q.txt", text))) is MaxCut
    assert type(mg.read(tmp_path / "q.txt", format="sparse")) is mg.Qubo
    assert type(mg.read(put(tmp_path, "q.SPARSE", text))) is mg.Qubo
    assert type(mg.read(tmp_path / "q.SPARSE", format="rudy")) is MaxCut


def test_bqp(tmp_path: Path) -> None:
    path = put(tmp_path, "bqp.txt", "2\n2 1\n1 2 3\n3 2\n1 1 5\n2 3 -1\n")
    first, second = mg.read(path), mg.read(path, instance=2)
    assert (first.num_variables, second.num_variables) == (2, 3)
    assert (first.sense, first.objective([1, 1]), first.energies([1, 1])) == ("maximise", 6.0, -6.0)
    assert second.objective([1, 1, 1]) == 5 - 2


def test_qbsolv(tmp_path: Path) -> None:
    text = "c a comment\np qubo 0 4 2 2\n0 0 1.5\nc another\n  2 2 -1\n 0 1 2\n2 3 -0.5\n"
    model = mg.read(put(tmp_path, "a.qubo", text))
    assert type(model) is mg.Qubo
    assert (model.num_variables, model.sense) == (4, "minimise")
    assert model.energies([1, 1, 1, 1]) == 1.5 - 1 + 2 - 0.5
    again = mg.read(put(tmp_path, "b.txt", text))
    assert again.energies(bits(4)).tolist() == model.energies(bits(4)).tolist()


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_coo_is_dimods(tmp_path: Path, vartype: Any) -> None:
    bqm = dimod.BQM({0: 1.0, 7: -2.5, 3: 0.0}, {(0, 7): 4.0}, 0.0, vartype)
    with_header = put(tmp_path, "a.coo", dimod_coo.dumps(bqm, vartype_header=True))
    model = mg.read(with_header)
    assert model.variables == (0, 7)  # dimod writes no variable without terms
    assert model.to_bqm() == dimod_coo.loads(with_header.read_text())
    without = put(tmp_path, "b.coo", dimod_coo.dumps(bqm))
    assert mg.read(without, vartype=vartype).to_bqm() == model.to_bqm()
    mg.write(Model.from_bqm(bqm), without)
    assert dimod_coo.loads(without.read_text()) == bqm
    assert mg.read(without).to_bqm() == bqm


def test_planted_ising(tmp_path: Path) -> None:
    model = mg.read(put(tmp_path, "a.ising", "# n=3 ground_energy=-3\n0 1 -2\n1 2 1\n"))
    assert type(model) is mg.Ising
    assert model.energies([1, 1, -1]) == -3.0


@pytest.mark.parametrize("members", [1, 3])
def test_gzip_whatever_the_name(tmp_path: Path, members: int) -> None:
    parts = [b"3 2\n1 ", b"2 1\n", b"2 3 1\n"] if members == 3 else [b"3 2\n1 2 1\n2 3 1\n"]
    data = b"".join(map(gzip.compress, parts))
    for name in ("g.txt.gz", "g"):
        assert mg.read(put(tmp_path, name, data)).objective([1, -1, 1]) == 2.0


@pytest.mark.parametrize(
    "text",
    ["2 1\r\n1 2 3\r\n", "\ufeff2 1\n1 2 3", "\n\n 2\t1 \n\n1  2\t3 \n\n", "2 1\n2 1 3e0"],
    ids=["crlf", "byte order mark", "blanks", "no last newline"],
)
def test_white_space(tmp_path: Path, text: str) -> None:
    assert mg.read(put(tmp_path, "g.txt", text)).objective([1, -1]) == 3.0


@pytest.mark.parametrize("name", ["a.rud", "a.sparse", "a.bqp", "a.qubo", "a.coo"])
@pytest.mark.parametrize("size", [0, 1, 3])
def test_no_couplings(tmp_path: Path, name: str, size: int) -> None:
    spin = name in ("a.rud", "a.coo")
    mg.write(
        mg.Ising(np.zeros((size, size))) if spin else mg.Qubo(np.zeros((size, size))),
        tmp_path / name,
    )
    model = mg.read(tmp_path / name)
    assert (model.num_variables, model.core.num_couplings) == (size, 0)


# Round trips


def models(kind: str) -> st.SearchStrategy[Model]:
    def build(n: int, weights: list[float], linear: list[float], offset: float) -> Model:
        rows, cols = np.triu_indices(n, 1)
        pairs = (rows, cols, np.array(weights[: rows.size]))
        if kind == "rudy":
            return mg.maxcut(as_dense(n, pairs))
        own = np.arange(n)
        if kind == "coo spins":
            return mg.Ising(pairs, linear[:n], offset=offset)
        entries = tuple(np.concatenate(p) for p in zip(pairs, (own, own, linear[:n]), strict=True))
        return mg.Qubo(
            entries,
            offset=offset if kind in ("qubo", "coo") else 0.0,
            sense="maximise" if kind == "bqp" else "minimise",
        )

    lists = st.lists(NUMBERS, min_size=6, max_size=6)
    return st.builds(build, st.integers(1, 4), lists, lists, NUMBERS)


def as_dense(n: int, pairs: tuple[Any, Any, Any]) -> Any:
    matrix = np.zeros((n, n))
    matrix[pairs[0], pairs[1]] = pairs[2]
    return matrix


@pytest.mark.parametrize("kind", ["rudy", "sparse", "bqp", "qubo", "coo", "coo spins"])
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), packed=st.booleans())
def test_read_after_write_is_the_same(
    tmp_path: Path, kind: str, data: st.DataObject, packed: bool
) -> None:
    model = data.draw(models(kind))
    name = kind.split()[0]
    path = tmp_path / f"model.{name}{'.gz' if packed else ''}"
    mg.write(model, path, format=name)
    again = mg.read(path, format=name)
    assert type(again) is type(model)
    assert again.sense == model.sense
    assert again.variables == model.variables
    ours, theirs = model.polynomial(), again.polynomial()
    for part in ("rows", "cols", "weights", "linear"):
        assert getattr(ours, part).tolist() == getattr(theirs, part).tolist()
    assert ours.offset == theirs.offset


def test_integers_are_written_as_integers(tmp_path: Path) -> None:
    mg.write(mg.maxcut({(0, 1): 3.0, (1, 2): -0.1}), tmp_path / "a.rud")
    assert (tmp_path / "a.rud").read_text() == "3 2\n1 2 3\n2 3 -0.1\n"
    mg.write(mg.Qubo([[2, 6], [0, 0]], offset=-0.5), tmp_path / "a.qubo")
    assert (tmp_path / "a.qubo").read_text() == "c offset=-0.5\np qubo 0 2 1 1\n0 0 2\n0 1 6\n"
    mg.write(mg.Qubo([[2, 6], [0, 0]]), tmp_path / "a.sparse")
    assert (tmp_path / "a.sparse").read_text() == "2 2\n1 1 2\n1 2 3\n"
    mg.write(mg.Qubo([[2, 6], [0, 0]]), tmp_path / "a.bqp")
    assert (tmp_path / "a.bqp").read_text() == "1\n2 2\n1 1 -2\n1 2 -3\n"
    mg.write(mg.Ising({(4, 2): 1}, {9: 0}, offset=3), tmp_path / "a.coo")
    assert (tmp_path / "a.coo").read_text() == "# vartype=SPIN\n# offset=3\n9 9 0\n2 4 1\n"


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    model = mg.maxcut({(0, 1): 1})
    for name in ("a.rud.gz", "b.rud.gz"):
        mg.write(model, tmp_path / name)
    assert (tmp_path / "a.rud.gz").read_bytes() == (tmp_path / "b.rud.gz").read_bytes()


@pytest.mark.parametrize("format", ["qubo", "coo"])
def test_formats_of_bits_take_spins(tmp_path: Path, format: str) -> None:
    model = mg.Ising({(0, 1): 1.0, (1, 2): -0.5}, [0.5, 0, 2], offset=1)
    mg.write(model, tmp_path / "a", format=format)
    again = mg.read(tmp_path / "a", format=format)
    assert (
        again.energies(again.from_spins(2 * bits(3) - 1)).tolist()
        == model.energies(2 * bits(3) - 1).tolist()
    )


UNWRITABLE: list[tuple[Model, str, str | None, str]] = [
    (mg.Qubo([[1]]), "a.rud", None, "format 'rudy' holds graphs, not bits: use 'sparse', 'qubo'"),
    (mg.Ising({}, [1]), "a.rud", None, "format 'rudy' has no place for fields: use 'coo'"),
    (mg.Ising({}, offset=2), "a.rud", None, "format 'rudy' has no place for the offset 2: use"),
    (mg.Qubo({}, offset=0.5), "a.sparse", None, "'sparse' has no place for the offset 0.5"),
    (mg.Qubo({}, offset=2), "a.bqp", None, "format 'bqp' has no place for the offset 2"),
    (mg.Ising({("a", "b"): 1}), "a.coo", None, "holds only non-negative integer labels, got 'a'"),
    (mg.Ising({(-1, 2): 1}), "a.coo", None, "holds only non-negative integer labels, got -1"),
    (mg.Ising({}), "a.txt", None, "format must be given for '"),
    (
        mg.Ising({}),
        "a",
        "csv",
        "format must be one of 'rudy', 'sparse', 'bqp', 'qubo', 'coo', 'dim",
    ),
]


@pytest.mark.parametrize(("model", "name", "format", "message"), UNWRITABLE)
def test_what_a_format_cannot_hold_is_refused(
    tmp_path: Path, model: Model, name: str, format: str | None, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        mg.write(model, tmp_path / name, format=format)
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


# Errors


DAMAGED: list[tuple[str, str, str]] = [
    ("a.txt", "", ":1: the file is empty"),
    (
        "a.txt",
        "\nhello\n",
        ":2: the file is in no known format, which are rudy, sparse, bqp, qubo,",
    ),
    ("a.txt", "1 2 3\n", "lines 'i j w' without a header may be 'coo'"),
    ("a.rud", "", ":1: expected the header 'n m', got an empty file"),
    ("a.rud", "3\n", ":1: expected the header 'n m', got 1 value"),
    ("a.rud", "3 -1\n", ":1: the header 'n m' must hold non-negative integers, got -1"),
    ("a.rud", "3 1.5\n1 2 1\n", ":1: the header 'n m' must hold non-negative integers, got 1.5"),
    ("a.rud", "3 2\n1 2 1\n", ":2: the file ends after 1 of the 2 entries that line 1 promises"),
    ("a.rud", "3 1\n1 2 1\n\n1 3 1\n", ":4: more entries than the 1 that line 1 promises"),
    ("a.rud", "3 2\n1 2 1\n2 3\n", ":3: expected 'i j weight', got 2 values"),
    ("a.rud", "3 2\n1 2\n2 3 1\n", ":3: expected 'i j', got 3 values"),
    ("a.rud", "3 1\n1\n", ":2: expected 'i j weight', got 1 value"),
    ("a.rud", "3 1\n1 2 1 1\n", ":2: expected 'i j weight', got 4 values"),
    ("a.rud", "3 2\n\n1 2 1\n2 x 1\n", ":4: expected a number, got 'x'"),
    ("a.rud", "3 1\n1 2 1-2\n", ":2: expected a number, got '1-2'"),
    ("a.rud", "3 1\n1 2 0x10\n", ":2: expected a number, got '0x10'"),
    ("a.rud", "3 1\n1 2 1\0 2\n", ":2: expected a number, got '1\0'"),
    ("a.rud", "3 1\n1 2 \N{DEGREE SIGN}\n", r":2: expected a number, got '\xc2\xb0'"),
    ("a.rud", "3 1\n1 4 1\n", ":2: the index must be an integer in 1..3, got 4"),
    ("a.rud", "3 1\n0 2 1\n", ":2: the index must be an integer in 1..3, got 0"),
    ("a.rud", "3 1\n1 2.5 1\n", ":2: the index must be an integer in 1..3, got 2.5"),
    ("a.rud", "3 1\n1 nan 1\n", ":2: the index must be an integer in 1..3, got nan"),
    ("a.rud", "3 1\n1 1e400 1\n", ":2: the index must be an integer in 1..3, got inf"),
    ("a.rud", "0 1\n1 1 1\n", ":2: the index must be absent: there are no variables, got 1"),
    ("a.rud", "3 2\n1 2 1\n1 3 nan\n", ":3: the weight must be finite, got nan"),
    ("a.rud", "3 1\n1 2 1e999\n", ":2: the weight must be finite, got inf"),
    ("a.rud", "99999999999 0\n", ":1: the model must have at most 2147483647 variables"),
    ("a.rud", "3 2\n1 2 1e308\n1 2 1e308\n", ": graph must be finite, but entries of site"),
    (
        "a.sparse",
        "3 2\n1 2 1\n2 1 1\n",
        ":3: each pair must stand once, got 2 1 in both directions",
    ),
    ("a.bqp", "", ":1: expected the number of instances, got an empty file"),
    ("a.bqp", "2 1\n", ":1: expected the header 'instances', got 2 values"),
    (
        "a.bqp",
        "2\n2 1\n1 2 3\n",
        ":3: the file ends after 1 of the 2 instances that line 1 promises",
    ),
    ("a.bqp", "1\n2 3\n1 2 3\n", ":3: the file ends after 1 of the 3 entries that line 2 promises"),
    ("a.bqp", "1\n2 1\n1 2 3\n2 2 1\n", ":4: more rows than the 1 instances that line 1 promises"),
    ("a.bqp", "2\n2 2\n1 2 3\n3 1\n1 1 1\n", ":4: expected 'i j weight', got 2 values"),
    ("a.qubo", "c x\n0 0 1\n", ":1: expected a header 'p qubo topology maxNodes nNodes nCouplers'"),
    ("a.qubo", "c x\np qubo 0 2 1\n0 0 1\n", ":2: expected a header 'p qubo topology maxNodes"),
    ("a.qubo", "p cnf 0 2 1 0\n", ":1: expected a header 'p qubo topology maxNodes nNodes nCoup"),
    ("a.qubo", "p qubo 0 2 0 0\np qubo 0 2 0 0\n", ":2: expected one header, got a second one"),
    (
        "a.qubo",
        "p qubo 0 2 1 1\n0 0 1\n",
        ":2: the file has 0 couplers (lines 'i j q'), but line 1",
    ),
    ("a.qubo", "p qubo 0 2 0 1\n0 0 1\n", ":2: the file has 1 nodes (lines 'i i q'), but line 1"),
    ("a.qubo", "p qubo 0 2 1 0\n2 2 1\n", ":2: the index must be an integer in 0..1, got 2"),
    ("a.qubo", "c offset=x\np qubo 0 0 0 0\n", ":1: could not convert string to float: 'x'"),
    ("a.qubo", "c offset=nan\np qubo 0 0 0 0\n", ":1: offset must be finite, got nan"),
    ("a.coo", "0 1 1\n", ":1: nothing says what the variables are: add a line '# vartype=SPIN'"),
    ("a.coo", "# vartype=INT\n0 1 1\n", ":1: vartype must be SPIN or BINARY, got INT"),
    ("a.coo", "# vartype=SPIN\n0 1 1\n0 1\n", ":3: expected 'i j weight', got 2 values"),
    ("a.coo", "# vartype=SPIN\n-1 1 1\n", ":2: the index must be an integer in 0..90071992"),
    ("a.coo", "# vartype=BINARY\n0 1 1\n0 1 2 1\n", ":3: expected 'i j weight', got 4 values"),
    ("a.ising", "0 1 1\n0 1 2 3 1\n", ":2: expected 'i j weight', got 5 values"),
    ("a.ising", "0 1 1\n0 1 1 1\n", ":2: a product must be of three different spins, got 0 1 1"),
    ("a.ising", "0 1 1\n\n0 1 -2 1\n", ":3: the index must be an integer in 0..9007199254740991,"),
    ("a.ising", "0 1 1\n0 1 2 nan\n", ":2: the weight must be finite, got nan"),
]


@pytest.mark.parametrize(("name", "text", "message"), DAMAGED)
def test_damaged_files(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = put(tmp_path, name, text)
    with pytest.raises(ValueError) as caught:
        mg.read(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_header_beyond_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, "a.rud", "2000000000 0\n")
    monkeypatch.setattr(magnetite.memory, "available_memory", lambda: 10**9)
    with pytest.raises(MemoryError, match=r"a\.rud:1: .*but it may take at most 900.0 MB"):
        mg.read(path)


def test_damaged_gzip(tmp_path: Path) -> None:
    data = gzip.compress(b"3 2\n1 2 1\n2 3 1\n" * 50)
    with pytest.raises(ValueError, match=r"g\.gz:\d+: the file ends inside its gzip data"):
        mg.read(put(tmp_path, "g.gz", data[:-9]))
    broken = data[:-8] + bytes(4) + data[-4:]
    with pytest.raises(ValueError, match=r"g\.gz: damaged gzip data: "):
        mg.read(put(tmp_path, "g.gz", broken))


def test_wrong_arguments(tmp_path: Path) -> None:
    path = put(tmp_path, "a.coo", "# vartype=SPIN\n0 1 1\n")
    with pytest.raises(ValueError, match=r"^format must be one of 'rudy', .* got 'csv'$"):
        mg.read(path, format="csv")
    with pytest.raises(ValueError, match=r"a\.coo:1: the file says vartype=SPIN, but BINARY was"):
        mg.read(path, vartype="BINARY")
    with pytest.raises(ValueError, match=r"^vartype must be one of 'SPIN', 'BINARY', got 'spin'$"):
        mg.read(path, vartype="spin")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^instance must be 1 for format 'coo', which holds one"):
        mg.read(path, instance=2)
    with pytest.raises(ValueError, match=r"^instance must be at least 1, got 0$"):
        mg.read(path, instance=0)
    with pytest.raises(ValueError, match=r"^instance must be between 1 and 1, .*a\.bqp, got 2$"):
        mg.read(put(tmp_path, "a.bqp", "1\n1 0\n"), instance=2)
    with pytest.raises(ValueError, match=r"^vartype must be None for format 'rudy', .* 'SPIN'$"):
        mg.read(put(tmp_path, "a.rud", "2 1\n1 2 1\n"), vartype="SPIN")
    with pytest.raises(FileNotFoundError):
        mg.read(tmp_path / "missing.txt")
    with pytest.raises(TypeError, match=r"^model must be a magnetite model, got str$"):
        mg.write("model", path)  # type: ignore[arg-type]
