"""The package as it is installed: version, types, names, and the command."""

import re
import tomllib
from importlib import import_module, metadata, resources
from types import ModuleType

import magnetite as mg
from magnetite.stored import _KINDS
from tools.pages import ROOT


def test_version_stands_in_one_place() -> None:
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    assert mg.__version__ == manifest["package"]["version"]
    assert metadata.version("magnetite") == mg.__version__


def test_changelog_knows_the_version() -> None:
    assert f"## [{mg.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_types_ship_with_the_package() -> None:
    package = resources.files(mg)
    assert (package / "py.typed").is_file()
    assert (package / "_core.pyi").is_file()


def test_public_names_are_there_and_documented() -> None:
    for name in mg.__all__:
        thing = getattr(mg, name)
        assert not callable(thing) or thing.__doc__, name


def test_every_public_function_has_an_example() -> None:
    functions = [getattr(mg, name) for name in mg.__all__ if callable(getattr(mg, name))]
    assert [f.__name__ for f in functions if ">>>" not in f.__doc__] == []


def test_command_is_installed() -> None:
    (command,) = metadata.entry_points(group="console_scripts", name="magnetite")
    assert command.value == "magnetite.cli:main"
    assert callable(command.load())


def test_numpy_is_all_it_requires() -> None:
    required = metadata.requires("magnetite") or []
    assert [r for r in required if "extra ==" not in r] == ["numpy>=1.26"]


def test_the_reference_has_every_public_name_and_every_result() -> None:
    reference = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    modules = re.findall(r"automodule:: (\S+)$", reference, re.MULTILINE)
    documented = set(re.findall(r"auto\w+:: \S+\.(\w+)$", reference, re.MULTILINE))
    for module in map(import_module, modules):
        local = [n for n, thing in vars(module).items() if is_of(thing, module)]
        documented |= set(getattr(module, "__all__", local))
    names = {name for name in mg.__all__ if callable(getattr(mg, name))}
    kinds = {name for name, kind in _KINDS.items() if kind.__module__.startswith("magnetite.")}
    inside = {"TakesMeans"}
    assert sorted((names | kinds) - documented - inside) == []


def is_of(thing: object, module: ModuleType) -> bool:
    return getattr(thing, "__module__", None) == module.__name__
