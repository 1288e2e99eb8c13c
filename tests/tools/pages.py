"""Run the code blocks of Markdown pages, so that no page can promise what the library does not do.

A page is run from top to bottom in an empty folder, and its blocks share one namespace. What a
block must do depends on its language:

* ``python``: run; lines after ``>>>`` are doctests and must print what the page says.
* ``console``: each line after ``$`` is run, by the shell unless `magnetite` is all it calls, must
  succeed, and must print what follows it, if anything does.
* ``sh``: set-up, which a test cannot do; each ``make`` target it names must exist.
* ``rust``: quoted from the file that a comment ``<!-- from: PATH -->`` above it names, and must
  still be there.
* ``text``: not code.

A comment ``<!-- needs: PATH -->`` above a block copies that file of the data folder into the folder
where the page runs; without a data folder the block is left out. Blocks below
``<!-- needs: PATH, slow -->`` and ``<!-- slow -->`` are left out of a quick run of their page.
``...`` in expected output stands for anything.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from magnetite.cli import main

ROOT = Path(__file__).parents[2]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.REPORT_ONLY_FIRST_FAILURE
FENCE = re.compile(
    r"(?:<!-- (?:(?P<key>needs|from): (?P<value>[^\s,]+)(?:, )?)?(?P<slow>slow)? -->\n)?"
    r"^```(?P<language>\S*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page; `line` is the number of its first line of code."""

    page: Path
    line: int
    language: str
    text: str
    needs: str | None
    source: str | None
    slow: bool

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    content = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(content):
        note = {match["key"]: match["value"]}
        yield Block(
            page=page,
            line=content.count("\n", 0, match.start("text")) + 1,
            language=match["language"],
            text=match["text"],
            needs=note.get("needs"),
            source=note.get("from"),
            slow=match["slow"] is not None,
        )


def run_page(page: Path, folder: Path, data: Path | None, *, quick: bool = False) -> int:
    """Run all blocks of a page in `folder`, or the quick ones; return how many were run."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    done = 0
    for block in blocks(page):
        if quick and block.slow:
            continue
        if block.needs is not None:
            if data is None:
                continue
            shutil.copy(data / block.needs, folder)
        if block.language == "python":
            run_python(block, namespace)
        elif block.language == "console":
            run_console(block, folder)
        elif block.language == "sh":
            check_setup(block)
        elif block.language == "rust":
            check_quoted(block)
        elif block.language != "text":
            raise AssertionError(f"{block.place}: no rule for the language {block.language!r}")
        done += 1
    return done


def run_python(block: Block, namespace: dict[str, object]) -> None:
    """Run Python as a doctest where it has prompts, and as a script where it has none."""
    if ">>>" not in block.text:
        exec(compile("\n" * (block.line - 1) + block.text, str(block.page), "exec"), namespace)
        return
    test = doctest.DocTestParser().get_doctest(
        block.text, namespace, block.place, str(block.page), block.line - 1
    )
    report: list[str] = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(
        test, out=report.append, clear_globs=False
    )
    namespace.update(test.globs)
    assert result.failed == 0, "".join(report)


def run_console(block: Block, folder: Path) -> None:
    """Run each command of a terminal session, and compare what it prints."""
    session = block.text.replace("\\\n", " ")
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE):
        alone = command.startswith("magnetite ") and not set(command) & set("|&;<>$`*?")
        code, out, err = run_here(command) if alone else run_in_shell(command, folder)
        where = f"{block.place}: $ {command}"
        assert code == 0, f"{where}\nended with {code}\n{err}"
        if expected.strip():
            assert doctest.OutputChecker().check_output(expected, out, FLAGS), (
                f"{where}\nthe page says\n{expected}\nit printed\n{out}"
            )


def run_here(command: str) -> tuple[int, str, str]:
    """Run the command `magnetite` in this process, which needs no start of another."""
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
        mock.patch.dict(os.environ, COLUMNS="100"),
    ):
        code = main(shlex.split(command)[1:])
    return code, out.getvalue(), err.getvalue()


def run_in_shell(command: str, folder: Path) -> tuple[int, str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=os.environ | {"PATH": path, "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return ran.returncode, ran.stdout, ran.stderr


def check_setup(block: Block) -> None:
    """Require that every `make` target of a set-up block exists."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in block.text.splitlines():
        words = line.split("#")[0].split()
        if words[:1] == ["make"]:
            for target in words[1:]:
                known = "=" in target or re.search(rf"^{target}:", makefile, re.MULTILINE)
                assert known, f"{block.place}: the Makefile has no target {target}"


def check_quoted(block: Block) -> None:
    """Require that a quotation still stands in its file, whatever its indentation."""
    assert block.source is not None, f"{block.place}: name the file: <!-- from: src/... -->"
    there = [line.strip() for line in (ROOT / block.source).read_text().splitlines()]
    quoted = [line.strip() for line in block.text.splitlines()]
    starts = range(len(there) - len(quoted) + 1)
    found = any(there[start : start + len(quoted)] == quoted for start in starts)
    assert found, f"{block.place}: not to be found in {block.source}"


def broken_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead nowhere."""
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose)
    return [t for t in targets if "://" not in t and not (page.parent / t).exists()]
