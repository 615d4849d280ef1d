"""The tests that the page about testing shows are collected by pytest, and pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.documents import ROOT, python_blocks

if TYPE_CHECKING:
    import pytest

pytest_plugins = ["pytester"]

PAGE = ROOT / "docs" / "testing.rst"


def test_the_tests_of_the_page_pass(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    source = "\n\n".join(block.code for block in python_blocks(PAGE))
    pytester.makepyfile(test_page=source)
    result = pytester.runpytest_subprocess("-p", "flask_socketio.pytest_plugin", "-W", "error")
    result.assert_outcomes(passed=source.count("def test_"))
