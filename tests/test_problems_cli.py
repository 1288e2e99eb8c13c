"""The command line on problems that say what a state means."""

import json
from pathlib import Path
from typing import Any

import pytest

from magnetite.cli import main
from tools.shell import MAXCUT, fields, write_file

GRAPH = "p edge 5 5\ne 1 2\ne 2 3\ne 3 4\ne 4 5\ne 5 1\n"  # a ring of odd length
CNF = "p cnf 3 4\n1 2 3 0\n-1 -2 0\n1 0\n-1 0\n"
WCNF = "p wcnf 2 3 9\n9 1 0\n9 -1 0\n1 2 0\n"


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[dict[str, str], Any]:
    """Return what a command says as text, and as JSON."""
    assert main([*args]) == 0
    text = capsys.readouterr().out
    assert main([*args, "--json"]) == 0
    return fields(text), json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("name", "text", "options", "kind", "objective", "answer", "feasible"),
    [
        ("a.clq", GRAPH, [], "maximum clique", ("size", 2), None, "yes"),
        (
            "a.col",
            GRAPH,
            ["--problem", "independent_set"],
            "maximum independent set",
            ("size", 2),
            None,
            "yes",
        ),
        (
            "a.col",
            GRAPH,
            ["--colors", "3"],
            "graph colouring",
            ("conflicts", 0),
            "5 vertices in 3 colours",
            "yes",
        ),
        (
            "a.rud",
            MAXCUT,
            ["--problem", "coloring", "--colors", "3"],
            "graph colouring",
            ("conflicts", 0),
            "5 vertices in 3 colours",
            "yes",
        ),
        ("a.cnf", CNF, [], "maximum satisfiability", ("unsatisfied", 1), None, "yes"),
        (
            "a.wcnf",
            WCNF,
            [],
            "maximum satisfiability",
            ("unsatisfied", 2),
            None,
            "no (hard clauses: 1)",
        ),
        (
            "a.txt",
            "4\n5\n6\n7\n9\n",
            [],
            "number partitioning",
            ("difference", 1),
            "3 numbers and 2 numbers, difference 1",
            "yes",
        ),
    ],
)
def test_problems_are_annealed_and_decoded(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    text: str,
    options: list[str],
    kind: str,
    objective: tuple[str, int],
    answer: str | None,
    feasible: str,
) -> None:
    path = write_file(tmp_path, name, text)
    said, document = run(capsys, "info", path, *options)
    assert said["problem"].startswith(f"{path}: {kind}, ")
    assert (document["problem"]["kind"], document["objective"]) == (kind, objective[0])
    said, document = run(capsys, "anneal", path, "--seed", "3", *options)
    assert said[objective[0]] == str(objective[1])
    assert said["feasible"] == feasible
    assert said["answer"] == (answer or said["answer"])
    solution = document["solution"]
    assert solution["feasible"] == (feasible == "yes")
    assert document["best"]["objective"] == objective[1]


def test_vertices_are_called_as_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, "a.clq", "p edge 4 3\ne 2 3\ne 3 4\ne 2 4\n")
    said, document = run(capsys, "anneal", path, "--seed", "1")
    assert said["answer"] == "2 3 4"
    assert document["solution"]["vertices"] == [2, 3, 4]


def test_targets_are_objectives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_file(tmp_path, "a.clq", GRAPH)
    assert main(["anneal", path, "--target", "2", "--best-known", "2"]) == 0
    assert fields(capsys.readouterr().out)["best known"] == "2, reached"
    assert main(["anneal", path, "--target", "3"]) == 3
    numbers = write_file(tmp_path, "a.npp", "4 5 6 7 9")
    assert main(["anneal", numbers, "--target", "1"]) == 0


def test_long_answers_are_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_file(tmp_path, "a.col", "p edge 1000 0\n")
    said, document = run(capsys, "anneal", path, "--problem", "independent_set", "--reads", "2")
    assert said["answer"].endswith(" ...")
    assert len(document["solution"]["vertices"]) == 1000


def test_maxcut_has_no_more_to_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said, document = run(capsys, "anneal", write_file(tmp_path, "a.rud", MAXCUT), "--seed", "1")
    assert "answer" not in said
    assert document["solution"] is None


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.col", [], "problem must say what is asked of the graph: one of 'clique', 'coloring'"),
        ("a.col", ["--problem", "coloring"], "num_colors must be given for problem 'coloring'"),
        ("a.clq", ["--colors", "2", "--problem", "clique"], "num_colors must be None for problem"),
    ],
)
def test_questions_that_make_no_sense(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    options: list[str],
    message: str,
) -> None:
    assert main(["anneal", write_file(tmp_path, name, GRAPH), *options]) == 2
    assert message in capsys.readouterr().err


def test_convert_knows_the_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_file(tmp_path, "a.clq", GRAPH)
    assert main(["convert", path, str(tmp_path / "b.col")]) == 0
    assert main(["convert", path, str(tmp_path / "b.qubo")]) == 0
    capsys.readouterr()
    assert (tmp_path / "b.col").read_text().splitlines()[0] == "p edge 5 5"
