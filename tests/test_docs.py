"""Every page under docs/ does what it says, and can be reached from the first."""

import os
from pathlib import Path

import pytest

from tools.pages import ROOT, blocks, broken_links, run_page

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def test_there_are_pages() -> None:
    assert len(PAGES) >= 8


@pytest.mark.parametrize(
    ("page", "quick"),
    [
        *(pytest.param(page, True, id=page.stem) for page in PAGES),
        *(
            pytest.param(page, False, id=f"{page.stem}-all", marks=pytest.mark.slow)
            for page in PAGES
            if any(block.slow for block in blocks(page))
        ),
    ],
)
def test_code_blocks_do_what_the_page_says(
    page: Path, quick: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = os.environ.get("MAGNETITE_DATA")
    run_page(page, tmp_path, Path(data) if data else None, quick=quick)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = (DOCS / "index.md").read_text(encoding="utf-8").split()
    assert [page.stem for page in PAGES if page.stem not in contents and page.stem != "index"] == []
