"""README and CONTRIBUTING say nothing that is not so."""

import os
from pathlib import Path

import pytest

from tools.pages import ROOT, broken_links, run_page

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


@pytest.mark.parametrize(
    "quick", [pytest.param(True, id="quick"), pytest.param(False, id="all", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_blocks_do_what_the_page_says(
    page: Path, quick: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = os.environ.get("MAGNETITE_DATA")
    assert run_page(page, tmp_path, Path(data) if data else None, quick=quick) > 0


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []
