"""The shape of the code: which part may know which, and how long a file or a function may be."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.pages import ROOT

SRC = ROOT / "src"
PACKAGE = ROOT / "python" / "magnetite"

# From the ground upwards. A module may use its own layer and those before it, never one after it.
LAYERS = (
    ("error", "math", "rng", "schedule", "units"),
    ("model",),
    ("kernel",),
    ("ensemble",),
    ("run", "layers"),
    ("exact",),
    ("search",),
    ("py",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

RUST_FILES = sorted(SRC.rglob("*.rs"))
PYTHON_FILES = sorted(PACKAGE.rglob("*.py"))
ALL_FILES = [
    *RUST_FILES,
    *PYTHON_FILES,  # but not the stub of the core, which is a list of signatures
    *sorted((ROOT / "tests").rglob("*.py")),
    *sorted((ROOT / "tests").rglob("*.rs")),
    *sorted((ROOT / "benches").rglob("*.py")),
    *sorted((ROOT / "benches").rglob("*.rs")),
]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code_of(path: Path) -> str:
    """Rust without its comments and strings."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', '""', text, flags=re.DOTALL)


def module_of(path: Path) -> str:
    """Return the top-level module that a file under src/ belongs to."""
    return path.relative_to(SRC).parts[0].removesuffix(".rs")


def used_modules(code: str) -> set[str]:
    """Top-level modules that a file reaches through ``crate::``, grouped imports included."""
    used = set(re.findall(r"\bcrate::(\w+)", code))
    for group in re.finditer(r"\bcrate::\{", code):
        depth, word, names = 1, "", []
        for character in code[group.end() :]:
            depth += (character == "{") - (character == "}")
            if depth == 0:
                break
            if depth == 1:
                word += character
                names = re.findall(r"(?:^|,)\s*(\w+)", word)
        used.update(names)
    return used


def dependencies_upwards() -> Iterator[str]:
    for path in RUST_FILES:
        if path.name == "lib.rs":
            continue
        own = LEVEL[module_of(path)]
        for used in used_modules(code_of(path)):
            if LEVEL.get(used, own) > own:
                yield f"{name_of(path)} uses crate::{used}"


def test_import_reader_sees_groups() -> None:
    code = "use crate::{error::{Error, Result}, model::Ising, run};\nlet x = crate::rng::Key(1);"
    assert used_modules(code) == {"error", "model", "run", "rng"}


def test_every_module_of_the_core_has_its_layer() -> None:
    modules = {module_of(path) for path in RUST_FILES} - {"lib"}
    assert modules <= LEVEL.keys(), "a new module of src/ needs its place in LAYERS"


def test_dependencies_run_downwards() -> None:
    assert list(dependencies_upwards()) == []


def test_only_the_binding_names_python() -> None:
    named = re.compile(r"\b(pyo3|numpy)\b")
    outside = [p for p in RUST_FILES if module_of(p) != "py" and named.search(code_of(p))]
    assert [name_of(path) for path in outside] == []


def test_no_unsafe_where_nothing_needs_it() -> None:
    sound = {"model", "run", "exact", "search", "py"}
    safe = [path for path in RUST_FILES if module_of(path) in sound]
    unsafe = [name_of(path) for path in safe if re.search(r"\bunsafe\b", code_of(path))]
    assert unsafe == []


@pytest.mark.parametrize("path", ALL_FILES, ids=name_of)
def test_files_are_short(path: Path) -> None:
    num_lines = path.read_text(encoding="utf-8").count("\n")
    assert num_lines < 400


@pytest.mark.parametrize("path", PYTHON_FILES, ids=name_of)
def test_functions_are_short(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {function.name: length_without_docstring(function) for function in functions}
    assert {name: length for name, length in lengths.items() if length >= 60} == {}


@pytest.mark.parametrize("path", RUST_FILES, ids=name_of)
def test_functions_of_the_core_are_short(path: Path) -> None:
    # A function ends at the first brace at its own depth; rustfmt sees to that.
    starts = r"^( *)(?:pub(?:\([^)]*\))? )?(?:const )?(?:unsafe )?fn (\w+)[^;{]*\{$(.*?)^\1\}$"
    functions = re.findall(starts, path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lengths = {name: body.count("\n") for _, name, body in functions}
    assert {name: length for name, length in lengths.items() if length > 60} == {}


def length_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_importing_needs_numpy_only() -> None:
    """Run in a process where any other installed package is as good as missing."""
    program = """
import sys

class OnlyNumpy:
    allowed = sys.stdlib_module_names | {"numpy", "magnetite"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in self.allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

sys.meta_path.insert(0, OnlyNumpy())

import numpy as np
import magnetite as mg
import magnetite.cli

result = mg.anneal(mg.Ising(np.array([[0.0, 1.0], [1.0, 0.0]])), num_reads=2, seed=1)
assert result.best[1] == -1.0
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""


def test_importing_loads_no_optional_package() -> None:
    """What is imported where it is used costs nothing to those who do not use it."""
    program = (
        "import sys, magnetite; "
        "print(*sorted({n.partition('.')[0] for n in sys.modules} - sys.stdlib_module_names))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    optional = {"dimod", "matplotlib", "networkx", "pandas", "scipy", "sklearn", "tqdm", "xarray"}
    assert optional.isdisjoint(ran.stdout.split())
