"""`magnetite anneal`: what it prints and writes, its JSON document, and its exit codes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from tools.shell import BQP, MAXCUT, QUBO, Command, fields, write_file

COMMAND = Command("anneal")
run, run_json = COMMAND.run, COMMAND.run_json


@pytest.fixture
def maxcut(tmp_path: Path) -> str:
    return write_file(tmp_path, "five.rud", MAXCUT)


@pytest.fixture
def qubo(tmp_path: Path) -> str:
    return write_file(tmp_path, "three.sparse", QUBO)


# What is printed


def test_maxcut_prints_cut_and_energy(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, maxcut, "--seed", "1")
    said = fields(out)
    assert code == 0
    assert err == ""
    assert said["problem"] == f"{maxcut}: MaxCut, 5 variables, 6 couplings"
    assert said["cut"] == "5"
    assert said["energy"] == "-4"
    assert said["reads"].startswith("64 reads of 1,000 sweeps, ")
    assert said["seed"] == "1"
    assert said["stopped"] == "all reads done"
    assert "updates/s" in said["time"]
    assert "best known" not in said
    assert "target" not in said


def test_qubo_prints_the_energy_once(qubo: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, qubo, "--seed", "1")
    assert code == 0
    assert fields(out)["problem"].endswith("QUBO to minimise, 3 variables, 1 coupling")
    assert fields(out)["energy"] == "-6"
    assert "cut" not in fields(out)


def test_maximised_qubo_prints_the_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, "bqp.txt", BQP)
    code, out, _ = run(capsys, path, "--format", "bqp", "--target", "6", "--seed", "1")
    assert code == 0
    assert fields(out)["value"] == "6"
    assert fields(out)["energy"] == "-6"
    assert fields(out)["target"] == "6, reached"
    assert fields(out)["stopped"] in ("target reached", "all reads done")


@pytest.mark.parametrize(
    ("best_known", "verdict"),
    [("5", "5, reached"), ("6", "6, missed by 1 (16.7 %)"), ("4", "4, beaten by 1 (25 %)")],
)
def test_gap_to_the_best_known(
    maxcut: str, best_known: str, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, maxcut, "--best-known", best_known)
    assert code == 0
    assert fields(out)["best known"] == verdict


def test_shipped_instance_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "torus_12x60", "--reads", "4", "--sweeps", "10", "--seed", "1")
    assert code == 0
    assert fields(out)["best known"].startswith("476, missed by ")


def test_same_seed_same_states(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    args = [maxcut, "--reads", "5", "--sweeps", "3", "--seed", "7"]
    first = run_json(capsys, *args, "--threads", "1")
    again = run_json(capsys, *args, "--threads", "2")
    assert first["objectives"] == again["objectives"]
    assert first["best"] == again["best"]


# The options reach the run


def test_options_reach_the_run(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(
        capsys, maxcut, "--reads", "3", "--sweeps", "20", "--seed", "9", "--threads", "1",
        "--beta-range", "0.2", "3", "--schedule", "linear", "--kernel", "gibbs",
        "--scan", "permutation",
    )  # fmt: skip
    result = mg.anneal(
        mg.read(maxcut), num_reads=3, num_sweeps=20, seed=9, num_threads=1, beta_range=(0.2, 3),
        beta_schedule="linear", kernel="gibbs", scan="permutation",
    )  # fmt: skip
    assert document["energies"] == result.energies.tolist()
    for name in ("seed", "num_reads", "num_sweeps", "kernel", "scan", "beta_range"):
        assert np.array_equal(document["info"][name], result.info[name])
    assert document["sweeps_done"] == [20, 20, 20]


def test_zero_sweeps(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_json(capsys, maxcut, "--sweeps", "0", "--reads", "2")["sweeps_done"] == [0, 0]


def test_time_limit_alone_fills_the_time(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(capsys, maxcut, "--time-limit", "0.3")
    assert document["stop_reason"] == "time_limit"
    assert document["best"]["objective"] == 5
    assert len(document["info"]["rounds"]) >= 1


@pytest.mark.parametrize("text", ["0 0\n", "1 0\n"])
def test_next_to_nothing(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, write_file(tmp_path, "tiny.rud", text), "--best-known", "0")
    assert code == 0
    assert fields(out)["cut"] == "0"
    assert fields(out)["best known"] == "0, reached"


# The JSON document


def test_json_document(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(
        capsys, maxcut, "--reads", "4", "--best-known", "6", "--target", "5", "--seed", "1"
    )
    assert set(document) == {
        "command", "version", "problem", "objective", "sense", "best", "solution", "best_known",
        "target", "objectives", "energies", "sweeps_done", "updates_per_second", "stop_reason",
        "exit_code", "output", "plot", "info",
    }  # fmt: skip
    assert document["command"] == "anneal"
    assert document["problem"] == {
        "name": maxcut, "kind": "MaxCut", "num_variables": 5, "num_couplings": 6,
    }  # fmt: skip
    assert (document["objective"], document["sense"]) == ("cut", "maximise")
    assert document["best_known"]["value"] == 6
    assert document["best_known"]["reached"] is False
    assert document["best_known"]["gap"] == 1
    assert document["best_known"]["gap_percent"] == pytest.approx(100 / 6)
    assert document["target"] == {"value": 5, "reached": True, "gap": 0, "gap_percent": 0}
    assert len(document["objectives"]) == len(document["energies"]) == 4
    assert document["updates_per_second"] > 0
    assert document["info"]["seed"] == 1
    best = document["best"]
    assert mg.read(maxcut).cut(best["state"]) == best["objective"] == 5
    assert best["energy"] == -4


def test_json_has_null_where_nothing_was_given(
    qubo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = run_json(capsys, qubo, "--reads", "2")
    assert document["best_known"] is document["target"] is document["output"] is None


def test_json_of_a_gap_to_zero(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(capsys, maxcut, "--reads", "2", "--best-known", "0")
    assert document["best_known"]["gap_percent"] is None


# Targets and exit codes


def test_target_reached_stops_early(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(capsys, maxcut, "--target", "5", "--sweeps", "1000000", "--reads", "8")
    assert document["stop_reason"] == "target_energy"
    assert document["exit_code"] == 0


def test_target_missed(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, maxcut, "--target", "6", "--reads", "2")
    assert code == 3
    assert fields(out)["target"] == "6, missed by 1 (16.7 %)"


@pytest.mark.parametrize(("target", "expected"), [("-6", 0), ("-6.5", 3), ("-5", 0)])
def test_target_of_a_minimised_problem(
    qubo: str, target: str, expected: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, qubo, "--target", target, "--seed", "1")[0] == expected


# States in files


def test_output_as_text(maxcut: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "best.txt"
    code, out, _ = run(capsys, maxcut, "--seed", "1", "--output", str(path))
    state = [int(line) for line in path.read_text().splitlines()]
    assert code == 0
    assert mg.read(maxcut).cut(state) == 5
    assert fields(out)["written"] == str(path)


def test_output_as_npz(qubo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "result.npz"
    document = run_json(capsys, qubo, "--seed", "1", "--output", str(path))
    assert document["output"] == str(path)
    result = mg.load(path)
    assert result.energies.tolist() == document["energies"]


@pytest.mark.parametrize("name", ["best.txt", "result.npz"])
def test_output_serves_as_initial_states(
    qubo: str, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / name)
    run(capsys, qubo, "--seed", "1", "--output", path)
    document = run_json(capsys, qubo, "--sweeps", "0", "--initial", path)
    assert document["best"]["objective"] == -6


def test_initial_states_may_have_comments(
    qubo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, "start.txt", "# a state\n1\n\n0\n+1\n")
    document = run_json(capsys, qubo, "--sweeps", "0", "--initial", path)
    assert document["best"]["state"] == [1, 0, 1]


def test_output_that_cannot_be_written_costs_no_result(
    maxcut: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: str, result: Any) -> None:
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr("magnetite.cli.running.write_best", full)
    path = str(tmp_path / "best.txt")
    code, out, err = run(capsys, maxcut, "--seed", "1", "--output", path)
    assert code == 2
    assert err == f"magnetite: {path}: No space left on device\n"
    assert fields(out)["cut"] == "5"
    assert "written" not in fields(out)


# Checkpoints


def test_checkpoint_that_cannot_be_written_costs_no_result(
    maxcut: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(model: Any, **options: Any) -> Any:
        error = OSError(28, "No space left on device", "run.npz")
        error.result = mg.anneal(model, **options)  # type: ignore[attr-defined]
        raise error

    monkeypatch.setattr("magnetite.cli.anneal.anneal", fail)
    code, out, err = run(capsys, maxcut, "--seed", "1")
    assert code == 2
    assert err == "magnetite: run.npz: No space left on device\n"
    assert fields(out)["cut"] == "5"


def test_resume_goes_on_to_the_same_result(
    maxcut: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = str(tmp_path / "run.npz")
    plan = [maxcut, "--reads", "4", "--sweeps", "300000", "--seed", "1", "--threads", "1"]
    cut = run_json(capsys, *plan, "--time-limit", "0.1", "--checkpoint", checkpoint)
    assert cut["stop_reason"] == "time_limit"
    resumed = run_json(capsys, maxcut, "--resume", checkpoint)
    whole = run_json(capsys, *plan)
    assert resumed["stop_reason"] == "completed"
    assert resumed["energies"] == whole["energies"]
    assert resumed["best"] == whole["best"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["--reads", "4", "--kernel", "gibbs"],
            "--resume goes on with the options the run began with: leave out --reads, --kernel",
        ),
        ([], "is a checkpoint of another problem than"),
    ],
)
def test_resume_refuses(
    maxcut: str,
    qubo: str,
    tmp_path: Path,
    args: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkpoint = str(tmp_path / "run.npz")
    assert run(capsys, maxcut, "--reads", "2", "--checkpoint", checkpoint)[0] == 0
    code, out, err = run(capsys, qubo, "--resume", checkpoint, *args)
    assert (code, out) == (2, "")
    assert message in err


def test_resume_refuses_what_is_no_checkpoint(
    maxcut: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = str(tmp_path / "result.npz")
    run(capsys, maxcut, "--reads", "2", "--output", result)
    code, _, err = run(capsys, maxcut, "--resume", result)
    assert code == 2
    assert err.startswith(f"magnetite: {result}")
