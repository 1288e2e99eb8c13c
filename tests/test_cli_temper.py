"""`magnetite temper`: what it prints and writes, its JSON document, and its exit codes."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.cli import main
from tools.shell import MAXCUT, Command, fields, shell, write_file

COMMAND = Command("temper")
run, run_json = COMMAND.run, COMMAND.run_json

RING = "# vartype=SPIN\n" + "".join(
    f"{i} {(i + 1) % 12} {(-1) ** (i * i // 3)}\n" for i in range(12)
)
SHORT = ["--betas", "0,0.4,0.8,1.5", "--sweeps", "400", "--seed", "1"]


@pytest.fixture
def ring(tmp_path: Path) -> str:
    return write_file(tmp_path, "ring.coo", RING)


@pytest.fixture
def maxcut(tmp_path: Path) -> str:
    return write_file(tmp_path, "five.rud", MAXCUT)


def test_what_is_said_of_a_ladder(ring: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, ring, *SHORT, "--sweeps", "4000", "--kernel", "gibbs")
    said = fields(out)
    result = mg.temper(
        mg.read(ring), betas=[0, 0.4, 0.8, 1.5], num_sweeps=4000, kernel="gibbs", seed=1
    )
    assert (code, err) == (0, "")
    assert said["problem"] == f"{ring}: Ising model, 12 variables, 12 couplings"
    assert said["energy"] == f"{result.best.energy:g}"
    assert said["ladders"].startswith("2 of 4 rungs, beta 0 to 1.5, barrier ")
    assert said["ladders"].endswith(", as given")
    assert said["sweeps"] == "4,000, after 400 of tuning and 2,000 of warm-up"
    low, high = result.swap_rates.min(), result.swap_rates.max()
    assert said["exchanges"] == f"{low:.3f} to {high:.3f} of those tried were made"
    assert said["round trips"].startswith(" + ".join(f"{n:,}" for n in result.round_trips) + "; ")
    assert said["equilibrated"] == "yes"
    assert said["log Z"].endswith(" at beta = 1.5")
    assert said["stopped"] == "all sweeps done"
    assert "updates/s" in said["time"]


def test_the_rows_by_rung_are_the_result(ring: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, ring, *SHORT)[1].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("by rung"))
    rows = [line.split() for line in lines[first + 1 : first + 5]]
    result = mg.temper(mg.read(ring), betas=[0, 0.4, 0.8, 1.5], num_sweeps=400, seed=1)
    assert lines[first].split() == ["by", "rung", "beta", "<E>", "C", "<|q|>", "swaps"]
    assert [float(row[0]) for row in rows] == [0, 0.4, 0.8, 1.5]
    assert [row[2] for row in rows] == ["+-"] * 4
    energies = result.mean_energy
    for row, value, error in zip(rows, energies.value, energies.error, strict=True):
        assert abs(float(row[1]) - value) <= 0.05 * error  # written to two digits of the error
    assert rows[0][4] == "0"  # the heat capacity at beta = 0, without an error
    assert [row[-1] for row in rows] == [*(f"{rate:.3f}" for rate in result.swap_rates), "-"]


def test_of_many_rungs_a_dozen_are_shown(ring: str, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["--beta-range", "0.1", "2", "--rungs", "20", "--sweeps", "50", "--seed", "1"]
    lines = run(capsys, ring, *args)[1].splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith(("by rung", "equilibrated"))]
    rows = lines[starts[0] + 1 : starts[1]]
    assert len(rows) == 12
    assert (rows[0].split()[0], rows[-1].split()[0]) == ("0.1", "2")


def test_no_log_z_where_nothing_is_known(ring: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, ring, "--betas", "0.4,0.8", "--sweeps", "100")
    assert code == 0
    assert "log Z" not in fields(out)


def test_a_run_that_is_too_short_says_why(ring: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, ring, "--betas", "0,0.4", "--sweeps", "10", "--ladders", "1")
    assert code == 0
    assert fields(out)["equilibrated"].startswith("no, because the energy has 10 draws")
    assert "it takes at least 16 draws" in fields(out)["log Z"]


def test_maxcut_prints_the_cut(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = fields(run(capsys, maxcut, "--seed", "1", "--best-known", "6")[1])
    assert (said["cut"], said["energy"]) == ("5", "-4")
    assert said["best known"] == "6, missed by 1 (16.7 %)"


@pytest.mark.filterwarnings("always")
def test_cold_ends_are_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_file(
        tmp_path, "chain.rud", "60 59\n" + "".join(f"{i} {i + 1} 1\n" for i in range(1, 60))
    )
    code, _, err = run(capsys, path, "--betas", "0,500", "--sweeps", "100", "--seed", "1")
    assert code == 0
    assert err.startswith("magnetite: warning: rungs 0 and 1 (beta 0 and 500) changed places in 0 ")


# The options reach the run


def test_options_reach_the_run(ring: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(
        capsys, ring, "--beta-range", "0.1", "1.5", "--rungs", "4", "--ladders", "3", "--sweeps",
        "60", "--warmup", "7", "--thin", "2", "--clusters", "on", "--kernel", "gibbs", "--scan",
        "permutation", "--seed", "9", "--threads", "1",
    )  # fmt: skip
    result = mg.temper(
        mg.read(ring), beta_range=(0.1, 1.5), num_rungs=4, num_ladders=3, num_sweeps=60, warmup=7,
        thin=2, cluster_moves=True, kernel="gibbs", scan="permutation", seed=9, num_threads=1,
    )  # fmt: skip
    assert document["mean_energy"]["value"] == result.mean_energy.value.tolist()
    assert document["betas"] == result.betas.tolist()
    assert document["cluster_rungs"] == [True] * 4
    assert (document["num_ladders"], document["num_draws"]) == (3, 30)
    for name in ("seed", "warmup", "thin", "kernel", "scan", "num_ladders"):
        assert document["info"][name] == result.info[name]


def test_same_seed_same_numbers(ring: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = run_json(capsys, ring, *SHORT, "--threads", "1")
    again = run_json(capsys, ring, *SHORT, "--threads", "2")
    assert first["mean_energy"] == again["mean_energy"]
    assert first["best"]["energy"] == again["best"]["energy"]


def test_clusters_are_off_when_told(ring: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(capsys, ring, *SHORT, "--clusters", "off")
    assert document["cluster_rungs"] == [False] * 4


def test_a_ladder_that_was_found_serves_again(
    ring: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "first.npz")
    first = run_json(capsys, ring, "--sweeps", "200", "--seed", "1", "--output", path)
    again = run_json(capsys, ring, "--sweeps", "200", "--seed", "2", "--betas", path)
    assert again["betas"] == first["betas"]
    assert again["info"]["ladder"] == "given"
    started = run_json(capsys, ring, "--sweeps", "200", "--betas", path, "--initial", path)
    assert started["betas"] == first["betas"]


def test_time_limit_alone_fills_the_time(ring: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(capsys, ring, "--time-limit", "0.5", "--seed", "1")
    assert document["stop_reason"] == "time_limit"
    assert document["num_draws"] > 0
    assert document["updates_per_second"] > 0


# The JSON document


def test_json_document(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    # Without rounds that tune, in which the target would be reached.
    document = run_json(capsys, maxcut, *SHORT, "--clusters", "off", "--target", "5")
    assert set(document) == {
        "command", "version", "problem", "objective", "sense", "best", "solution", "best_known",
        "target", "num_ladders", "num_draws", "sweeps_done", "betas", "barrier", "swap_rates",
        "round_trips", "round_trip_rate", "from_hot", "cluster_rungs", "mean_energy",
        "heat_capacity", "abs_overlap", "log_z", "equilibration", "updates_per_second",
        "stop_reason", "exit_code", "output", "plot", "info",
    }  # fmt: skip
    assert document["command"] == "temper"
    assert document["stop_reason"] == "target_energy"
    assert document["target"]["reached"] is True
    assert mg.read(maxcut).cut(document["best"]["state"]) == document["best"]["objective"] == 5


def test_json_has_the_numbers_of_the_result(ring: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(capsys, ring, *SHORT, "--sweeps", "4000", "--kernel", "gibbs")
    model = mg.read(ring)
    for number, beta in enumerate(document["betas"]):
        exact = mg.exact(model, beta=beta)
        value, error = (document["mean_energy"][name][number] for name in ("value", "error"))
        assert abs(value - exact.mean_energy) < 5 * error
    log_z = document["log_z"]
    assert abs(log_z["value"] - mg.exact(model, beta=1.5).log_z) < 5 * log_z["error"]
    assert document["equilibration"]["equilibrated"] is True
    assert document["equilibration"]["reasons"] == []
    # 400 that try cluster moves, 2,000 of warm-up, of 2 x 4 replicas
    assert document["sweeps_done"] == (400 + 2000 + 4000) * 8


def test_json_has_null_where_nothing_was_measured(
    ring: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seeded = ("--betas", "0.4,0.8", "--sweeps", "100", "--ladders", "1", "--seed", "1")
    document = run_json(capsys, ring, *seeded)
    assert document["abs_overlap"] is document["log_z"] is document["target"] is None
    assert document["round_trip_rate"] == {"value": None, "error": None}


# Exit codes


def test_target_missed(maxcut: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, maxcut, *SHORT, "--target", "6")
    assert code == 3
    assert fields(out)["target"] == "6, missed by 1 (16.7 %)"


def test_interrupted_after_printing(
    ring: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(model: Any, *, callback: Any, **options: Any) -> Any:
        def stop(progress: Any) -> bool:
            callback(progress)
            raise KeyboardInterrupt

        return mg.temper(model, callback=stop, **options)

    monkeypatch.setattr("magnetite.cli.temper.temper", interrupted)
    code, out, _ = run(capsys, ring, *SHORT, "--sweeps", "100000", "--clusters", "off")
    assert code == 130
    assert "energy" in fields(out)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--betas", "0,0.5,0.3"], "betas must ascend, got 0.5 before 0.3 at index 1"),
        (["--betas", "0.5"], "betas must be a vector of at least 2 values"),
        (["--betas=-0.3,0.5"], "betas must be finite and non-negative, got -0.3 at index 0"),
        (["--betas", "nan,0.5"], "betas must be finite and non-negative, got nan at index 0"),
        (["--betas", "none.npz"], "none.npz: No such file or directory"),
        (["--betas", "0,1", "--rungs", "3"], "num_rungs must be None when betas are given"),
        (["--rungs", "1000"], "num_rungs must be at most 512, got 1000"),
        (["--beta-range", "2", "1"], "0 <= hot < cold, got (2.0, 1.0)"),
        (["--clusters", "on", "--ladders", "1"], "num_ladders must be at least 2, got 1"),
        (["--plot", "out.xyz"], "out.xyz: --plot must end in one of "),
        (["--plot", "nowhere/out.png"], "nowhere/out.png: no such directory"),
    ],
)
def test_bad_input(
    ring: str, args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, ring, "--sweeps", "10", *args)
    assert (code, out) == (2, "")
    assert err.startswith("magnetite: ")
    assert message in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--betas", "0,x"], "--betas: must be numbers with commas between them"),
        (["--rungs", "1"], "--rungs: must be an integer of at least 2"),
        (["--clusters", "maybe"], "--clusters: invalid choice: 'maybe'"),
    ],
)
def test_bad_options(
    ring: str, args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["temper", ring, *args])
    assert exit_info.value.code == 2
    assert message in capsys.readouterr().err


def test_a_result_without_a_ladder_gives_none(
    maxcut: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "anneal.npz")
    mg.anneal(mg.read(maxcut), num_reads=2, seed=1).save(path)
    code, _, err = run(capsys, maxcut, "--betas", path)
    assert code == 2
    assert err.startswith(f"magnetite: {path}: has no ladder")


# Files


def test_output_as_npz(ring: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "result.npz"
    document = run_json(capsys, ring, *SHORT, "--output", str(path))
    result = mg.load(path)
    assert document["output"] == str(path)
    assert result.mean_energy.value.tolist() == document["mean_energy"]["value"]


def test_output_as_text(maxcut: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "best.txt"
    assert run(capsys, maxcut, *SHORT, "--output", str(path))[0] == 0
    assert mg.read(maxcut).cut([int(line) for line in path.read_text().splitlines()]) == 5


def test_resume_goes_on_to_the_same_result(
    ring: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = str(tmp_path / "run.npz")
    plan = [ring, *SHORT, "--sweeps", "100000", "--clusters", "off", "--threads", "1"]
    # The limit comes within the run on any machine that needs more than 0.05 s for it.
    cut = run_json(capsys, *plan, "--time-limit", "0.05", "--checkpoint", checkpoint, "--quiet")
    resumed = run_json(capsys, ring, "--resume", checkpoint)
    whole = run_json(capsys, *plan)
    assert cut["stop_reason"] == "time_limit"
    assert resumed["stop_reason"] == "completed"
    for name in ("betas", "mean_energy", "round_trips", "best", "sweeps_done"):
        assert resumed[name] == whole[name]


def test_resume_refuses_what_the_checkpoint_knows(
    ring: str, maxcut: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = str(tmp_path / "run.npz")
    assert run(capsys, ring, *SHORT, "--checkpoint", checkpoint)[0] == 0
    code, _, err = run(capsys, ring, "--resume", checkpoint, "--rungs", "4", "--clusters", "on")
    assert code == 2
    assert "leave out --rungs, --clusters" in err
    code, _, err = run(capsys, maxcut, "--resume", checkpoint)
    assert code == 2
    assert "is a checkpoint of another problem" in err
    assert main(["anneal", ring, "--resume", checkpoint]) == 2
    assert "is a checkpoint of another sampler, temper" in capsys.readouterr().err


# Pictures


@pytest.mark.parametrize("command", ["temper", "anneal"])
def test_plot_draws_a_picture(
    command: str, maxcut: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    path = tmp_path / "out.png"
    assert main([command, maxcut, "--sweeps", "200", "--seed", "1", "--plot", str(path)]) == 0
    assert fields(capsys.readouterr().out)["picture"] == str(path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_plot_of_an_anneal_that_fills_its_time(
    maxcut: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    path = tmp_path / "out.svg"
    assert main(["anneal", maxcut, "--time-limit", "0.2", "--plot", str(path)]) == 0
    assert "<svg" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["temper", "anneal"])
def test_plot_without_matplotlib_is_refused_before_the_run(
    command: str,
    maxcut: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    path = str(tmp_path / "out.png")
    assert main([command, maxcut, "--plot", path, "--sweeps", "1000000000"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "pip install magnetite[plot]" in captured.err


def test_a_picture_that_cannot_be_written_costs_no_result(
    maxcut: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")

    def full(path: str, result: Any) -> None:
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr("magnetite.cli.running.write_plot", full)
    path = str(tmp_path / "out.png")
    code, out, err = run(capsys, maxcut, *SHORT, "--plot", path)
    assert code == 2
    assert err == f"magnetite: {path}: No space left on device\n"
    assert fields(out)["cut"] == "5"
    assert "picture" not in fields(out)


def test_in_a_process_of_its_own(ring: str) -> None:
    ran = shell("temper", ring, *SHORT)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert np.isfinite(float(fields(ran.stdout)["log Z"].split()[0]))
