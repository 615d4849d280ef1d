"""The demo of sessions and login, as a person uses it: in a browser, and from a program."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import requests
from socketio.exceptions import ConnectionError as RefusedError
from tests.chromium import Chromium, Page, run_chromium
from tests.documents import ROOT, free_port

from socketio import SimpleClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("flask_login")
pytest.importorskip("flask_session")

START_TIMEOUT = 15.0  # seconds

pytestmark = pytest.mark.timeout(90)


@contextmanager
def serve(log: Path, *options: str) -> Iterator[str]:
    """Run the demo in a process of its own; yields its address."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "examples/sessions/app.py", "--port", str(port), *options]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        end = time.monotonic() + START_TIMEOUT
        while not answers(address):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        yield address
        process.terminate()
        assert process.wait(START_TIMEOUT) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("forked") / "log") as address:
        yield address


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("shared") / "log", "--shared") as address:
        yield address


class Person:
    """Somebody who is logged in, with a cookie and a connection."""

    def __init__(self, address: str, name: str) -> None:
        self.address = address
        self.http = requests.Session()
        self.http.post(f"{address}/login", data={"name": name}, timeout=5)
        self.socket = SimpleClient(reconnection=False)

    def connect(self) -> None:
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        self.socket.connect(self.address, headers={"Cookie": cookies}, wait_timeout=5)

    def write(self, note: str) -> None:
        self.http.post(f"{self.address}/note", json=note, timeout=5)

    def note(self) -> object:
        return self.http.get(f"{self.address}/note", timeout=5).json()["note"]

    def ask(self, event: str, *args: object) -> tuple[object, object]:
        seen = self.socket.call(event, args, timeout=5)
        return seen["user"], seen["note"]


@contextmanager
def person(address: str, name: str) -> Iterator[Person]:
    somebody = Person(address, name)
    with somebody.http, somebody.socket:
        yield somebody


def test_a_fork_begins_as_the_session_was_and_is_the_connections_own(forked: str) -> None:
    with person(forked, "ann") as ann:
        ann.write("before")
        ann.connect()
        assert ann.ask("note") == ("ann", "before")
        assert ann.socket.transport == "websocket"
        ann.write("by a request")
        assert ann.ask("note") == ("ann", "before")
        assert ann.ask("write note", "by an event") == ("ann", "by an event")
        assert ann.ask("note") == ("ann", "by an event")
        assert ann.note() == "by a request"


def test_a_shared_session_is_one_for_both(shared: str) -> None:
    with person(shared, "ann") as ann:
        ann.connect()
        ann.write("by a request")
        assert ann.ask("note") == ("ann", "by a request")
        assert ann.ask("write note", "by an event") == ("ann", "by an event")
        assert ann.note() == "by an event"


@pytest.mark.parametrize("kind", ["forked", "shared"])
def test_login_in_a_handler(kind: str, request: pytest.FixtureRequest) -> None:
    with person(request.getfixturevalue(kind), "ann") as ann:
        ann.connect()
        assert ann.ask("change name", "bob")[0] == "bob"
        assert ann.ask("note")[0] == "bob"
        page = ann.http.get(ann.address, timeout=5).text
        assert ('<strong id="name">bob</strong>' in page) == (kind == "shared")


def test_strangers_are_refused(forked: str) -> None:
    with SimpleClient(reconnection=False) as stranger, pytest.raises(RefusedError):
        stranger.connect(forked, wait_timeout=5)


def submit(page: Page, form: str, text: str) -> None:
    page.type(f"#{form} input", text)
    page.press_enter()


def wait_for_page(page: Page, selector: str) -> None:
    """Wait until the browser has gone to the page that has an element."""
    end = time.monotonic() + START_TIMEOUT
    while True:
        with suppress(AssertionError):  # the page that was asked is no more
            if page.evaluate(f"!!document.querySelector({selector!r})"):
                return
        assert time.monotonic() < end, f"no page has {selector}"
        time.sleep(0.02)


@pytest.mark.parametrize("kind", ["forked", "shared"])
def test_page(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with run_chromium(tmp_path) as browser:
        check_page(browser, request.getfixturevalue(kind) + "/", shared=kind == "shared")


def check_page(browser: Chromium, address: str, shared: bool) -> None:
    with browser.page(address) as page:
        page.type("input[name=name]", "ann")
        page.press_enter()
        wait_for_page(page, "#event-user")
        page.wait_text("#event-user", "ann")
        submit(page, "http-write", "by a request")
        page.wait_text("#http-note", "by a request")
        page.wait_text("#event-note", "by a request" if shared else "(nothing)")
        submit(page, "event-write", "by an event")
        page.wait_text("#event-note", "by an event")
        page.wait_text("#http-note", "by an event" if shared else "by a request")
        submit(page, "event-name", "bob")
        page.wait_text("#event-user", "bob")
    assert browser.page_errors == []
