"""What reports say of runs that have hardly anything to tell."""

import json
import re

import pytest

from magnetite.cli import main
from magnetite.cli.words import with_error
from tools.shell import fields


@pytest.mark.filterwarnings("ignore:the run was stopped while its ladder")
@pytest.mark.filterwarnings("ignore:the run was stopped in the trial")
def test_a_ladder_that_was_cut_before_any_exchange_has_no_barrier(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["torus_12x60", "--betas", "0.1,0.5,1", "--sweeps", "50", "--time-limit", "1e-9"]
    assert main(["temper", *options, "--quiet"]) == 0
    said = fields(capsys.readouterr().out)
    assert said["exchanges"] == "none tried"
    assert "barrier -, " in said["ladders"]
    assert main(["temper", *options, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["barrier"] is None


def test_errors_of_rounding_are_not_shown() -> None:
    assert with_error(0.2, 3e-14) == "0.2"
    assert re.fullmatch(r"0\.2\d* \+- 0\.0*30", with_error(0.2, 3e-11))
