"""The comparison with other packages runs, and would say so if our answers were worse."""

import json
from pathlib import Path

import numpy as np
import pytest

import compare
from comparing import measures
from comparing.measures import Plan
from comparing.packages import Magnetite, Outcome, peers
from comparing.problems import Problem, problems, random_regular, read_rudy
from comparing.tables import markdown

TINY = Problem("tiny", "random +-1, n = 60", lambda: random_regular(60, 4), sweeps=50, peer_reads=2)
PLAN = Plan(reads=8, repeats=2)


def outcome(energies: list[float]) -> Outcome:
    return Outcome(np.array(energies), sampling=0.5, wall=1.0)


def test_every_package_is_measured_on_the_same_problem() -> None:
    others = list(peers())
    record = measures.compare(TINY, others, PLAN)
    assert [peer["package"] for peer in record["peers"]] == [package.name for package in others]
    assert record["updates_per_second"] > 0
    assert all(peer["ratio"] > 0 and peer["wall_ratio"] > 0 for peer in record["peers"])


def test_energies_of_all_packages_agree() -> None:
    """Every package must see the same problem: its energies are those of the same states."""
    many = Problem("tiny", "", TINY.make, beta_range=(0.1, 3.0), sweeps=2000)
    packages = (Magnetite(), *peers())
    best = [p.anneal(many, reads=10, sweeps=2000, seed=1).energies.min() for p in packages]
    assert np.ptp(best) < 1e-9


def test_excess_is_in_standard_errors() -> None:
    ours = [outcome([0.0, 2.0]), outcome([0.0, 2.0])]
    error = np.std([0, 2, 0, 2], ddof=1) * np.sqrt(1 / 4 + 1)
    assert measures.excess(ours, [outcome([0.5])]) == pytest.approx(0.5 / error)
    assert measures.excess([outcome([1.0, 1.0])], [outcome([1.0])]) == 0.0
    assert measures.excess([outcome([1.0])], [outcome([1.0])]) is None


def test_worse_energies_are_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    peer = {"package": "other", "energy_excess": 2.5}
    report = {"compare": [{"problem": "tiny", "peers": [peer]}]}
    assert compare.verdict(report) == 1
    assert "2.5 standard errors above those of other" in capsys.readouterr().err
    peer["energy_excess"] = 1.5
    assert compare.verdict(report) == 0


def test_report_is_printed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compare, "problems", lambda _: [TINY])
    monkeypatch.setattr(compare, "THREADS", ("tiny",))
    path = tmp_path / "figures.json"
    parts = ["--only", "compare", "threads", "--reads", "4", "--repeats", "1"]
    assert compare.main([*parts, "--json", str(path)]) in (0, 1)
    report = json.loads(path.read_text())
    assert [record["problem"] for record in report["compare"]] == ["tiny"]
    assert "| tiny " in capsys.readouterr().out
    assert markdown(report).startswith(report["machine"]["cpu"])


def test_own_reader_reads_the_data(data_dir: Path) -> None:
    edges = read_rudy(data_dir / "gset" / "G1.txt.gz")
    assert (edges.n, edges.weights.size, edges.weights.sum()) == (800, 19176, 19176.0)
    assert len(list(problems(data_dir))) == 8


@pytest.mark.parametrize(("n", "degree"), [(100, 2), (1000, 6)])
def test_random_graph_is_nearly_regular(n: int, degree: int) -> None:
    edges = random_regular(n, degree)
    degrees = np.bincount(np.concatenate([edges.rows, edges.cols]), minlength=n)
    assert degrees.max() <= degree
    assert n * degree - degrees.sum() <= 4 * degree**2
    assert (edges.rows < edges.cols).all()
