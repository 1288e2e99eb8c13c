"""`magnetite info` and `convert`, and what every command says of bad input."""

import json
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import magnetite as mg
from magnetite import _core
from magnetite.cli import main
from magnetite.cli.facts import count_components
from tools.shell import BQP, MAXCUT, QUBO, fields, shell, write_file


def info(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[dict[str, str], Any]:
    """Return what `info` says as text and as JSON."""
    assert main(["info", *args]) == 0
    text = capsys.readouterr().out
    assert main(["info", *args, "--json"]) == 0
    return fields(text), json.loads(capsys.readouterr().out)


# info


def test_info_of_a_maxcut_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_file(tmp_path, "five.rud", MAXCUT)
    said, document = info(capsys, path)
    assert said["problem"] == f"{path}: MaxCut, 5 variables, 6 couplings"
    assert said["weights"] == "1 (6)"
    assert said["degrees"] == "2 to 3, mean 2.4"
    assert said["components"] == "1"
    assert said["bipartite"] == "no"
    assert "linear" not in said
    assert document["command"] == "info"
    assert document["problem"]["kind"] == "MaxCut"
    assert document["sense"] == "maximise"
    assert document["degrees"] == {"min": 2, "mean": 2.4, "max": 3}
    assert document["beta_range"] == pytest.approx(mg.read(path).annealing_range())
    assert set(document["run"]) == {"path", "simd", "num_threads"}
    first, last = (float(word) for word in said["beta range"].split()[:3:2])
    assert (first, last) == pytest.approx(document["beta_range"], rel=1e-5)


def test_info_of_a_qubo_gives_its_own_coefficients(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said, document = info(capsys, write_file(tmp_path, "three.sparse", QUBO))
    assert said["quadratic"] == "2 (1)"
    assert said["linear"] == "-3 (2), -2 (1)"
    assert said["components"] == "2"
    assert said["bipartite"] == "yes"
    assert document["objective"] == "energy"
    assert document["linear"]["values"] == [[-3, 2], [-2, 1]]


def test_info_of_a_maximised_qubo_gives_its_own_signs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, "bqp.txt", BQP)
    said, document = info(capsys, path, "--format", "bqp")
    assert said["problem"].startswith(f"{path}: QUBO to maximise")
    assert said["linear"] == "2 (1), 3 (2)"
    assert document["sense"] == "maximise"


def test_info_of_many_values_gives_the_range(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = np.linspace(-1.5, 2.5, 101)
    model = mg.Ising((np.arange(101), np.arange(1, 102), weights), np.linspace(0, 1, 102))
    path = tmp_path / "chain.coo"
    mg.write(model, path)
    said, document = info(capsys, str(path))
    assert said["problem"].startswith(f"{path}: Ising model, 102 variables")
    assert said["quadratic"] == "-1.5 .. 2.5, 101 distinct values"
    assert document["quadratic"]["values"] is None
    assert document["linear"]["distinct"] == 102


def test_vartype_says_what_a_coo_file_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, "pair.coo", "0 0 2\n0 1 1\n")
    assert main(["info", path]) == 2
    assert "or say it with vartype" in capsys.readouterr().err
    for vartype, kind in (("SPIN", "Ising model"), ("BINARY", "QUBO to minimise")):
        assert main(["info", path, "--vartype", vartype]) == 0
        assert f"pair.coo: {kind}, 2 variables" in capsys.readouterr().out


def test_info_says_what_the_environment_forces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, "five.rud", MAXCUT)
    monkeypatch.setenv("MAGNETITE_SIMD", "baseline")
    monkeypatch.setenv("MAGNETITE_NUM_THREADS", "1")
    assert main(["info", path]) == 0
    assert capsys.readouterr().out.endswith(", baseline, 1 thread\n")
    monkeypatch.setenv("MAGNETITE_SIMD", "")
    assert main(["info", path]) == 0
    assert capsys.readouterr().out.endswith(f", {_core.simd_levels()[-1]}, 1 thread\n")
    monkeypatch.setenv("MAGNETITE_SIMD", "mmx")
    assert main(["info", path]) == 2
    assert "MAGNETITE_SIMD must be one of" in capsys.readouterr().err


def test_info_of_the_second_instance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_file(tmp_path, "two.bqp", "2\n3 1\n1 1 3\n4 1\n2 2 5\n")
    _, document = info(capsys, path, "--instance", "2")
    assert document["problem"]["num_variables"] == 4


def test_info_of_a_shipped_instance(capsys: pytest.CaptureFixture[str]) -> None:
    said, document = info(capsys, "torus_12x60")
    assert said["degrees"] == "4 to 4, mean 4"
    assert said["bipartite"] == "yes"
    assert said["best known"] == "476"
    assert document["best_known"] == 476


def test_a_file_goes_before_a_shipped_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_file(tmp_path, "torus_12x60", MAXCUT)
    monkeypatch.chdir(tmp_path)
    _, document = info(capsys, "torus_12x60")
    assert document["problem"]["num_variables"] == 5
    assert document["best_known"] is None


@pytest.mark.parametrize("text", ["0 0\n", "1 0\n"])
def test_info_of_next_to_nothing(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said, document = info(capsys, write_file(tmp_path, "tiny.rud", text))
    assert said["degrees"] == "0 to 0, mean 0"
    assert said["weights"] == "none"
    assert document["beta_range"] == [0.1, 1.0]


@pytest.mark.parametrize("seed", range(8))
def test_components_are_those_of_networkx(seed: int) -> None:
    graph = nx.gnm_random_graph(60, 5 + 10 * seed, seed=seed)
    edges = np.array(graph.edges, dtype=np.int64).reshape(-1, 2)
    count = count_components(60, edges[:, 0], edges[:, 1])
    assert count == nx.number_connected_components(graph)


def test_components_of_a_long_chain_in_a_bad_order() -> None:
    order = np.random.default_rng(0).permutation(200_000)
    assert count_components(200_001, order[:-1], order[1:]) == 2


# convert


@pytest.mark.parametrize("suffix", [".rud", ".rud.gz", ".sparse", ".qubo", ".coo"])
def test_convert_keeps_the_energy(
    tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_file(tmp_path, "five.rud", MAXCUT)
    target = str(tmp_path / f"out{suffix}")
    code = main(["convert", source, target])
    captured = capsys.readouterr()
    if code == 2:  # an Ising model with a constant that the format has no place for
        assert "offset" in captured.err or "constant" in captured.err
        return
    assert code == 0
    assert captured.out == ""
    assert captured.err == f"{source}: MaxCut, 5 variables, 6 couplings -> {target}\n"
    again = mg.read(target)
    best = mg.anneal(again, seed=1).best.energy
    assert best == mg.anneal(mg.read(source), seed=1).best.energy


def test_convert_takes_formats_by_name(tmp_path: Path) -> None:
    source = write_file(tmp_path, "in", QUBO)
    target = str(tmp_path / "out")
    assert main(["convert", source, target, "--format", "sparse", "--output-format", "qubo"]) == 0
    again = mg.read(target, format="qubo")
    assert again.energies([1, 0, 1]) == -6


# Bad input: exit code 2, one line, no traceback


COMMANDS = [["anneal"], ["info"], ["convert"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_missing_file(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "none.txt")
    out = [str(tmp_path / "out.rud")] if command == ["convert"] else []
    assert main([*command, path, *out]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"magnetite: {path}: No such file or directory\n"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
@pytest.mark.parametrize(
    ("text", "line"), [("3 2\n1 2 1\n", 2), ("3 1\n1 2 x\n", 2), ("3 1\n1 9 1\n", 2)]
)
def test_bad_file_is_named_with_its_line(
    command: list[str], text: str, line: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, "bad.rud", text)
    out = [str(tmp_path / "out.rud")] if command == ["convert"] else []
    assert main([*command, path, *out]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"magnetite: {path}:{line}: ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--reads", "0"], "must be an integer of at least 1, got '0'"),
        (["--reads", "many"], "must be an integer of at least 1, got 'many'"),
        (["--sweeps", "-1"], "must be an integer of at least 0, got '-1'"),
        (["--time-limit", "0"], "must be positive, got '0'"),
        (["--time-limit", "nan"], "must be a finite number, got 'nan'"),
        (["--target", "x"], "must be a finite number, got 'x'"),
        (["--seed", "1.5"], "must be an integer of at least 0, got '1.5'"),
        (["--threads", "0"], "must be an integer of at least 1, got '0'"),
        (["--beta-range", "1"], "expected 2 arguments"),
        (["--beta-range", "1", "inf"], "must be a finite number, got 'inf'"),
        (["--kernel", "dwave"], "invalid choice: 'dwave'"),
        (["--schedule", "cubic"], "invalid choice: 'cubic'"),
        (["--scan", "none"], "invalid choice: 'none'"),
        (["--format", "csv"], "invalid choice: 'csv'"),
        (["--instance", "0"], "must be an integer of at least 1, got '0'"),
        (["--vartype", "spin"], "invalid choice: 'spin'"),
        (["--sweep", "3"], "unrecognized arguments"),
    ],
    ids=str,
)
def test_bad_options(
    tmp_path: Path, args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, "five.rud", MAXCUT)
    with pytest.raises(SystemExit) as stop:
        main(["anneal", path, *args])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--beta-range", "-1", "1"], "beta_range[0] must be non-negative, got -1.0"),
        (["--beta-range", "0", "1"], "beta_range must be positive for a geometric schedule"),
        (["--instance", "2"], "instance must be 1 for format 'rudy', which holds one problem"),
        (["--vartype", "SPIN"], "vartype must be None for format 'rudy'"),
        (["--reads", "10000000000000"], "states of num_reads=10000000000000 "),
        (["--threads", "65536"], "num_threads must be below 2**16, got 65536"),
        (["--output", "{tmp}"], "{tmp}: is a directory"),
        (["--output", "{tmp}/no/best.txt"], "{tmp}/no/best.txt: no such directory to write to"),
        (["--checkpoint", "{tmp}/no/run.npz"], "{tmp}/no/run.npz: no such directory to write to"),
        (["--initial", "{tmp}/none.txt"], "{tmp}/none.txt: No such file or directory"),
        (
            ["--initial", "{tmp}/short.txt"],
            "{tmp}/short.txt: must hold 5 values, one a line",
        ),
        (["--initial", "{tmp}/wrong.txt"], "{tmp}/wrong.txt:2: must be -1 or 1, got '0'"),
        (["--initial", "{tmp}/damaged.npz"], "{tmp}/damaged.npz: not a magnetite file"),
        (["--resume", "{tmp}/none.npz"], "{tmp}/none.npz: No such file or directory"),
    ],
    ids=str,
)
def test_bad_values(
    tmp_path: Path, args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, "five.rud", MAXCUT)
    write_file(tmp_path, "short.txt", "1\n-1\n")
    write_file(tmp_path, "wrong.txt", "1\n0\n1\n1\n1\n")
    write_file(tmp_path, "damaged.npz", "PK no archive")
    assert main(["anneal", path, *(arg.format(tmp=tmp_path) for arg in args)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("magnetite: ")
    assert captured.err.count("\n") == 1
    assert message.format(tmp=tmp_path) in captured.err


def test_no_traceback_from_a_process(tmp_path: Path) -> None:
    ran = shell("info", write_file(tmp_path, "bad.rud", "3 1\n1 2\n3"))
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_without_a_command() -> None:
    ran = shell()
    assert ran.returncode == 2
    assert "COMMAND" in ran.stderr
