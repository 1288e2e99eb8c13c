"""`magnetite solve`: what it prints and writes, its JSON document, and its exit codes."""

from pathlib import Path

import pytest

import magnetite as mg
from tools.shell import MAXCUT, Command, fields, write_file

COMMAND = Command("solve")
run, run_json = COMMAND.run, COMMAND.run_json

TORUS = "torus_12x60"


def test_says_what_is_proven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_file(tmp_path, "five.rud", MAXCUT)
    code, out, err = run(capsys, path, "--seed", "1")
    said = fields(out)
    assert (code, err) == (0, "")
    assert (said["cut"], said["energy"]) == ("5", "-4")
    assert said["reduced"] == "to 0 variables, 0 couplings"
    assert said["proven"] == "optimal"
    assert said["stopped"] == "the answer is proven"
    assert fields(run(capsys, TORUS, "--rounds", "1")[1])["stopped"] == "all rounds done"


def test_reaches_the_target_of_a_spin_glass(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, TORUS, "--seed", "1", "--target", "476", "--time-limit", "30")
    said = fields(out)
    assert code == 0
    assert said["target"] == said["best known"] == "476, reached"
    assert said["stopped"] == "target reached"
    assert "populations of 64" in said["rounds"] or "1 population of 64" in said["rounds"]


def test_populations_of_every_kind_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    options = (TORUS, "--rounds", "16", "--seed", "1")
    rounds = run_json(capsys, *options)["info"]["rounds"]
    number = len({this["epoch"] for this in rounds})
    assert "temper" in {this["step"] for this in rounds}
    said = fields(run(capsys, *options)[1])["rounds"]
    assert said.startswith(f"16, with {number} populations of 64;")


def test_json_and_missed_targets(capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(capsys, TORUS, "--rounds", "2", "--seed", "1", "--target", "477")
    assert (document["command"], document["exit_code"]) == ("solve", 3)
    assert document["target"]["reached"] is False
    assert document["is_optimal"] is False
    assert [this["step"] for this in document["info"]["rounds"]] == ["anneal", "breed"]
    assert document["sweeps_done"] == document["info"]["sweeps_done"]
    again = run_json(capsys, TORUS, "--rounds", "2", "--seed", "1", "--threads", "1")
    assert again["best"] == document["best"]


def test_writes_starts_from_and_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    best, saved = str(tmp_path / "best.txt"), str(tmp_path / "run.npz")
    first = run_json(
        capsys, TORUS, "--rounds", "3", "--seed", "1", "--output", best, "--checkpoint", saved
    )
    later = run_json(capsys, TORUS, "--rounds", "1", "--seed", "2", "--initial", best)
    assert later["best"]["objective"] >= first["best"]["objective"]
    resumed = run_json(capsys, TORUS, "--resume", saved)
    assert resumed["best"] == first["best"]
    code, _, err = run(capsys, TORUS, "--resume", saved, "--seed", "1")
    assert code == 2
    assert "leave out --seed" in err


def test_a_checkpoint_of_another_sampler_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "anneal.npz"
    mg.anneal(mg.instances.load(TORUS), num_reads=2, num_sweeps=2, seed=1, checkpoint=saved)
    code, _, err = run(capsys, TORUS, "--resume", str(saved))
    assert code == 2
    assert "is a checkpoint of another sampler, anneal" in err


@pytest.mark.parametrize(
    "option", [("--rounds", "0"), ("--time-limit", "0"), ("--reads", "3"), ("--threads", "x")]
)
def test_bad_options_exit_with_2(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        run(capsys, TORUS, *option)
    assert left.value.code == 2
    assert option[0] in capsys.readouterr().err


@pytest.mark.parametrize("problem", [TORUS, "proven"])
def test_plot_draws_a_picture(
    problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    if problem == "proven":
        problem = write_file(tmp_path, "five.rud", MAXCUT)
    path = tmp_path / "out.png"
    code, out, _ = run(capsys, problem, "--rounds", "3", "--seed", "1", "--plot", str(path))
    assert (code, fields(out)["picture"]) == (0, str(path))
    assert path.read_bytes().startswith(b"\x89PNG")
