"""The list of compiled modules fits the source, and where they should run, they do."""

from __future__ import annotations

import importlib
import os
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = "flask_socketio"
#: Set by ``make test-compiled``: the package that is tested has been compiled.
EXPECTED: Final = "EXPECT_COMPILED" in os.environ


def build_hook() -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    hook: dict[str, Any] = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    return hook


#: Paths below the package.
MODULES: Final[list[str]] = build_hook()["modules"]


def test_a_normal_build_compiles_nothing() -> None:
    assert build_hook()["enable-by-default"] is False


def test_the_list_names_each_module_once_and_in_order() -> None:
    assert sorted(set(MODULES)) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_what_is_listed_exists(module: str) -> None:
    assert (ROOT / "src" / PACKAGE / f"{module}.py").is_file()


@pytest.mark.skipif(not EXPECTED, reason="the package that is tested here is not compiled")
def test_what_is_listed_runs_compiled() -> None:
    names = [f"{PACKAGE}.{module.replace('/', '.')}" for module in MODULES]
    files = [Path(str(importlib.import_module(name).__file__)) for name in names]
    assert [str(file) for file in files if file.suffix not in (".so", ".pyd")] == []
