"""What must hold for the repository as a whole: words, file names, public docstrings."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parent.parent
#: What is made, not written; only asked for where git cannot say it.
GENERATED: Final = frozenset(
    {"node_modules", "__pycache__", "_build", "build", "dist", "env", "loadgen", "Cargo.lock"}
)
#: A registry's address belongs into the configuration of a machine, never into the tree.
REGISTRY: Final = re.compile(
    r"\b(pypi\.org|pythonhosted\.org|npmjs\.(org|com)|yarnpkg\.com|crates\.io|deb\.debian\.org"
    r"|security\.debian\.org|proxy\.golang\.org|index[-]url|extra[-]index|_auth[T]oken)\b"
)
#: Nor does a place that only one machine has.
MACHINE_PATH: Final = re.compile(r"(?<![\w.$}~-])/(root|work)/")
#: Names that say nothing about what a file is for.
EMPTY_NAMES: Final = frozenset(
    {"util", "utils", "helper", "helpers", "manager", "managers", "base", "common", "impl"}
)
PACKAGES: Final = ("flask_socketio", "flask_sockets")
#: A fenced Python block of a Markdown file.
PYTHON_BLOCK: Final = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@cache
def written_files() -> tuple[Path, ...]:
    """Return the files that are, or would be, tracked."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):  # No git, or an unpacked archive.
        return tuple(walked_files())
    return tuple(file for name in listed.split("\0") if name and (file := ROOT / name).is_file())


def walked_files() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in GENERATED and name[0] != "."]
        yield from (Path(folder, name) for name in files if name not in GENERATED)
    yield ROOT / ".ci" / "run"


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Return where a pattern occurs in the written files, as ``file:line: text``."""
    found = []
    for file in written_files():
        text = file.read_bytes().decode("utf-8", "replace")
        if pattern.search(text):
            found += [
                f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
                for number, line in enumerate(text.splitlines(), 1)
                if pattern.search(line)
            ]
    return found


def test_no_file_names_a_package_registry() -> None:
    assert lines_with(REGISTRY) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert lines_with(MACHINE_PATH) == []


def test_no_lock_file_of_npm_is_kept() -> None:
    names = {"package-lock.json", "npm-shrinkwrap.json", "yarn.lock"}
    assert [str(file) for file in written_files() if file.name in names] == []


def test_package_json_pins_exact_versions() -> None:
    loose = re.findall(
        r'"([^"]+)": "([\^~<>=*x][^"]*|latest)"', (ROOT / "package.json").read_text()
    )
    assert [name for name, _ in loose if name != "node"] == []


def test_file_names_of_the_packages_say_what_is_in_them() -> None:
    source = ROOT / "src"
    empty = [
        str(file.relative_to(ROOT))
        for file in written_files()
        if source in file.parents
        for part in file.relative_to(source).with_suffix("").parts
        if EMPTY_NAMES.intersection(part.split("_"))
    ]
    assert empty == []


def public_names(package: str) -> list[str]:
    return list(getattr(importlib.import_module(package), "__all__", ()))


@pytest.mark.parametrize("package", PACKAGES)
def test_all_exported_names_exist_and_are_listed_once(package: str) -> None:
    names = public_names(package)
    module = importlib.import_module(package)
    assert [name for name in names if not hasattr(module, name)] == []
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_have_docstrings(package: str) -> None:
    module = importlib.import_module(package)
    missing = [
        f"{package}.{name}"
        for public in public_names(package)
        for name in undocumented(public, getattr(module, public))
    ]
    assert missing == []


def undocumented(name: str, value: object) -> Iterator[str]:
    """Yield what has no docstring: a function, a class, the public methods of a class."""
    if inspect.isclass(value):
        if not value.__dict__.get("__doc__"):
            yield name
        for attribute, member in vars(value).items():
            if not attribute.startswith("_") and is_described_by_docstring(member):
                yield from undocumented(f"{name}.{attribute}", unwrapped(member))
    elif inspect.isroutine(value) and not value.__doc__:
        yield name


def is_described_by_docstring(member: object) -> bool:
    return inspect.isroutine(member) or isinstance(member, property | staticmethod | classmethod)


def unwrapped(member: object) -> object:
    """Return the function that a property or a static or class method is made from."""
    match member:
        case property(fget=getter):
            return getter
        case staticmethod(__func__=function) | classmethod(__func__=function):
            return function
        case _:
            return member


def python_blocks(file: Path) -> list[str]:
    return PYTHON_BLOCK.findall(file.read_text())


def test_python_blocks_of_the_readme_compile() -> None:
    for block in python_blocks(ROOT / "README.md"):
        ast.parse(block, "README.md")


def test_the_readme_has_a_whole_application_in_twenty_lines() -> None:
    whole = [block for block in python_blocks(ROOT / "README.md") if "socketio.run(" in block]
    assert whole, "README.md has no Python block that ends in socketio.run(...)"
    lines = [line for line in whole[0].splitlines() if line.strip()]
    assert len(lines) <= 20, f"the first example of README.md has {len(lines)} lines"
