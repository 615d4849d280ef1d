"""The pages that README.md and getting_started.rst show, in a browser with the official client."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.chromium import Chromium, run_chromium
from tests.documents import README, ROOT, Served, blocks_of, program, python_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GETTING_STARTED = ROOT / "docs" / "getting_started.rst"
CLIENT = ROOT / "node_modules" / "socket.io-client" / "dist" / "socket.io.min.js"
#: Where the pages load it from; the tests have it on this machine.
ADDRESS = re.compile(r"https://cdn\.socket\.io/[\d.]+/socket\.io\.min\.js")

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with run_chromium(tmp_path_factory.mktemp("chromium")) as chromium:
        yield chromium


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """The program's folder of static files, with the official client."""
    assert CLIENT.is_file(), "the official client is missing: `make test` sets it up"
    folder = tmp_path / "static"
    folder.mkdir()
    shutil.copy(CLIENT, folder / "client.js")
    return folder


def with_own_client(text: str) -> str:
    changed, count = ADDRESS.subn("/static/client.js", text)
    assert count == 1, "the page loads the official client once"
    return changed


def assert_one_hears_the_other(browser: Chromium, served: Served) -> None:
    browser.page_errors.clear()
    url = served.url + "/"
    with browser.page(url) as first, browser.page(url) as second:
        for page in (first, second):
            page.wait("socket.connected")
        first.type("input", "hello")
        first.press_enter()
        second.wait_text("li", "hello")
        first.wait_text("li", "hello")
    assert browser.page_errors == []


def test_the_page_of_the_readme_works(browser: Chromium, static: Path) -> None:
    source = with_own_client(program(python_blocks(README)))
    with Served(source, static.parent) as served:
        assert_one_hears_the_other(browser, served)


def test_the_page_of_getting_started_works(browser: Chromium, static: Path) -> None:
    (html,) = [block for block in blocks_of(GETTING_STARTED) if block.language == "html"]
    (static / "index.html").write_text(with_own_client(html.code))
    with Served(program(python_blocks(GETTING_STARTED)[:1]), static.parent) as served:
        assert_one_hears_the_other(browser, served)
