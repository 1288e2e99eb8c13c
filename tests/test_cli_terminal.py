"""The command and its process: terminals and pipes, Ctrl-C, the demo."""

import json
import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

import magnetite as mg
from magnetite import instances
from magnetite.cli import main
from magnetite.cli.live import LiveLine, progress_text
from magnetite.control import Progress
from tools.shell import MAXCUT, Command, fields, shell, start, write_file


@pytest.fixture
def maxcut(tmp_path: Path) -> str:
    return write_file(tmp_path, "five.rud", MAXCUT)


def progress(fraction: float, elapsed: float = 3.0) -> Progress:
    return Progress(
        elapsed=elapsed,
        fraction=fraction,
        sweeps_done=1000,
        best_energy=-4.0,
        best_objective=5.0,
        reads_done=0,
        round=0,
        _best_state=lambda: np.ones(5, np.int8),
    )


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


# The line of progress


def test_line_says_how_far_the_run_is() -> None:
    assert progress_text(progress(0.25), "cut") == " 25 %   best cut 5   9.0 s left"
    assert progress_text(progress(1.0), "cut") == "100 %   best cut 5"
    assert progress_text(progress(0.0), "energy") == "  0 %   best energy 5"


def test_line_is_rewritten_ten_times_a_second_at_most_and_wiped() -> None:
    now = [0.0]
    terminal = Terminal()
    live = LiveLine(terminal, "cut", clock=lambda: now[0])
    for _ in range(100):
        assert live(progress(0.25)) is False
        now[0] += 0.01
    assert 9 <= terminal.getvalue().count("\r") <= 11
    assert live.sweeps_done == 1000
    live.close()
    text = terminal.getvalue()
    assert "\n" not in text
    assert text.endswith("\r" + " " * len(progress_text(progress(0.25), "cut")) + "\r")


def test_shorter_text_covers_the_longer_one() -> None:
    now = [0.0]
    terminal = Terminal()
    live = LiveLine(terminal, "cut", clock=lambda: now[0])
    for fraction in (0.25, 1.0):
        live(progress(fraction))
        now[0] += 1
    lines = terminal.getvalue().split("\r")
    assert len(lines[1]) == len(lines[2])


@pytest.mark.parametrize(("stream", "shown"), [(StringIO(), True), (Terminal(), False)])
def test_nothing_is_written_where_nobody_looks(stream: StringIO, shown: bool) -> None:
    live = LiveLine(stream, "cut", shown=shown)
    live(progress(0.5))
    live.close()
    assert stream.getvalue() == ""


def on_terminal(*args: str, interrupt: bool = False) -> tuple[int, str, str]:
    """Run the command with its stderr on a terminal; return exit code, stdout and stderr.

    With `interrupt` it gets Ctrl-C as soon as it shows its line of progress.
    """
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "magnetite", *args], stdout=subprocess.PIPE, stderr=theirs, text=True
    ) as process:
        os.close(theirs)
        try:
            seen = b""
            while chunk := read_chunk(ours):
                seen += chunk
                if interrupt and b"best" in seen:
                    process.send_signal(signal.SIGINT)
                    interrupt = False
            assert process.stdout is not None
            out = process.stdout.read()
            process.wait(60)
        finally:
            process.kill()
            os.close(ours)
    return process.returncode, out, seen.decode()


def read_chunk(terminal: int) -> bytes:
    """Return the next bytes that a terminal shows, none once nobody writes to it any more."""
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says so
        return b""


def test_live_line_on_a_terminal(maxcut: str) -> None:
    code, out, err = on_terminal("anneal", maxcut, "--time-limit", "0.8")
    assert code == 0
    assert err.count("\r") > 3
    assert "best cut 5" in err
    assert " s left" in err or " ms left" in err
    assert err.endswith("\r")
    assert fields(out)["cut"] == "5"
    assert "\r" not in out


def test_quiet_on_a_terminal(maxcut: str) -> None:
    code, _, err = on_terminal("anneal", maxcut, "--time-limit", "0.3", "--quiet")
    assert (code, err) == (0, "")


def test_pipe_gets_clean_text(maxcut: str) -> None:
    ran = shell("anneal", maxcut, "--time-limit", "0.3")
    assert ran.returncode == 0
    assert ran.stderr == ""
    assert all(character.isprintable() or character == "\n" for character in ran.stdout)


def test_reader_that_goes_away(maxcut: str) -> None:
    with start("anneal", maxcut, "--time-limit", "0.5") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (141, "")


# Ctrl-C


@pytest.mark.parametrize("limits", [["--sweeps", "10000000"], ["--time-limit", "600"]], ids=str)
def test_ctrl_c_loses_nothing(tmp_path: Path, limits: list[str]) -> None:
    best = tmp_path / "best.txt"
    checkpoint = tmp_path / "run.npz"
    files = ["--output", str(best), "--checkpoint", str(checkpoint)]
    code, out, err = on_terminal("anneal", "torus_12x60", *limits, *files, interrupt=True)
    assert code == 130
    assert "Traceback" not in err
    assert fields(out)["stopped"] == "interrupted"
    state = [int(line) for line in best.read_text().splitlines()]
    assert instances.load("torus_12x60").cut(state) == float(fields(out)["cut"]) > 0
    assert checkpoint.exists()


def test_ctrl_c_with_json_and_a_missed_target() -> None:
    plan = ["--sweeps", "10000000", "--json", "--target", "477"]
    code, out, err = on_terminal("anneal", "torus_12x60", *plan, interrupt=True)
    document = json.loads(out)
    assert code == document["exit_code"] == 130
    assert "Traceback" not in err
    assert document["stop_reason"] == "interrupted"
    assert document["target"]["reached"] is False


@pytest.mark.parametrize("betas", [["--betas", "0.2,0.5,1"], ["--rungs", "8"]], ids=str)
def test_ctrl_c_loses_no_ladder(tmp_path: Path, betas: list[str]) -> None:
    """In the run that counts, and where the ladder is still being tuned."""
    plan = [*betas, "--clusters", "off", "--sweeps", "100000000", "--thin", "10000"]
    saved, checkpoint = tmp_path / "result.npz", tmp_path / "run.npz"
    files = ["--output", str(saved), "--checkpoint", str(checkpoint)]
    code, out, err = on_terminal("temper", "torus_12x60", *plan, *files, interrupt=True)
    assert code == 130
    assert "Traceback" not in err
    assert ("still being tuned" in err) == (betas[0] == "--rungs")
    assert fields(out)["stopped"] == "interrupted"
    assert mg.load(saved).best_objective == float(fields(out)["cut"]) > 0
    assert checkpoint.exists()


# The other ways in


def test_python_m_is_the_command(maxcut: str) -> None:
    script = Path(sys.executable).with_name("magnetite")
    if not script.exists():  # the package is used from its folder, without an installation
        pytest.skip("the command is not installed beside this interpreter")
    plan = ["anneal", maxcut, "--seed", "1", "--json"]
    ran = subprocess.run([script, *plan], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["energies"] == json.loads(shell(*plan).stdout)["energies"]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--version"])
    assert capsys.readouterr().out == f"magnetite {mg.__version__}\n"


@pytest.mark.parametrize(
    "command", [[], ["anneal"], ["temper"], ["info"], ["convert"], ["demo"]], ids=str
)
def test_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main([*command, "--help"])
    said = capsys.readouterr()
    assert "usage: magnetite" in said.out
    assert said.err == ""


def test_demo_reaches_the_optimum(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = Command("demo").run(capsys, "--seed", "1")
    said = fields(out)
    assert (code, err) == (0, "")
    assert said["cut"] == "476"
    assert said["best known"] == "476, reached"
    assert out.endswith("\nThe proven optimum was reached.\n")
    assert "updates/s" in said["time"]


def test_demo_says_by_how_much_the_optimum_was_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("magnetite.cli.demo.NUM_SWEEPS", 0)
    assert main(["demo"]) == 0
    out = capsys.readouterr().out
    missed = 476 - int(fields(out)["cut"])
    assert out.endswith(f"\nThe proven optimum was missed by {missed}.\n")


def test_demo_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--seed", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["command"] == "demo"
    assert document["best_known"]["reached"] is True
