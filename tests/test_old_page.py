"""The page from 2018, with the JavaScript client 1.3.6, in a browser of today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.chromium import Chromium, run_chromium
from tests.interop.processes import ROOT, ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOWN = (
    "my response: I'm connected! Jsem tu 🐍",
    "answer: one, 2",
    "acknowledged: žádný problém",
    'json: {"list":[1,null]}',
    "picture: 3, 255 2 1",
    "message: ann has entered the room.",
    "my error event: on purpose",
    "private: refused",
)

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with run_chromium(tmp_path_factory.mktemp("chromium")) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    log = tmp_path_factory.mktemp("old-page") / "log"
    script = ROOT / "examples" / "old_page" / "app.py"
    process = ServerProcess(script, (), "/", log, {"PORT": "{port}"})
    yield process
    process.discard()


@pytest.mark.parametrize(
    ("asked_for", "transport"),
    [("", "websocket"), ("?polling", "polling"), ("?websocket", "websocket")],
)
def test_the_page(asked_for: str, transport: str, browser: Chromium, server: ServerProcess) -> None:
    with browser.page(f"{server.url}/{asked_for}") as page:
        for text in SHOWN:
            page.wait_text("#log li", text)
        page.wait_text("#transport", transport)
        page.wait_text("#visitors", "1")
        with browser.page(f"{server.url}/{asked_for}") as other:
            page.wait_text("#visitors", "2")
            other.wait_text("#transport", transport)
            other.type("#text", "Dobrý den 🐍")
            other.press_enter()
            page.wait_text("#log li", "message: Dobrý den 🐍")
        page.wait_text("#visitors", "1")
    assert "Traceback" not in server.output()
