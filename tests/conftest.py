"""What all tests share: where the real instances are, and property tests that repeat."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every run: a failure seen once can be seen again.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
# Many fresh examples, for a search by hand: pytest --hypothesis-profile search
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of real instances with known optima that MAGNETITE_DATA names."""
    named = os.environ.get("MAGNETITE_DATA")
    if not named:  # the instances may not be shipped, so a clone need not have them
        pytest.skip("MAGNETITE_DATA does not name the folder of real instances")
    path = Path(named)
    if not path.is_dir():
        pytest.fail(f"MAGNETITE_DATA names {named}, which is no folder")
    return path
