"""The stub of the compiled module says what the compiled module is."""

import subprocess
import sys
from importlib import resources

import pytest

pytest.importorskip("mypy", reason="mypy is not installed")


@pytest.mark.slow  # and `make lint` does the same
def test_stub_matches_the_built_module() -> None:
    # Without any stub the checker has nothing to complain about.
    assert (resources.files("magnetite") / "_core.pyi").is_file()
    check = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "magnetite._core"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert check.returncode == 0, check.stdout + check.stderr
