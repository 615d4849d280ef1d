"""The demo chat in a real browser: two people, each with a browser of their own, talk."""

from __future__ import annotations

import hashlib
import json
import os
import random
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.chromium import Chromium, Page, run_chromium
from tests.drawing import landscape, png

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SCREENSHOT = ROOT / "docs" / "_static" / "chat.png"
START_TIMEOUT = 15.0  # seconds

pytestmark = pytest.mark.timeout(90)


class ChatServer:
    """examples/chat/app.py in a process of its own, which can be restarted on its port."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it listens."""
        command = [sys.executable, "examples/chat/app.py", "--port", str(self.port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        end = time.monotonic() + START_TIMEOUT
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"the chat did not start:\n{self._log.read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the process as a service supervisor does."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(START_TIMEOUT)
            finally:
                self._process.kill()
                self._process.wait()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with run_chromium(tmp_path_factory.mktemp("chromium")) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    chat = ChatServer(tmp_path_factory.mktemp("chat") / "log")
    chat.start()
    yield chat
    chat.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ChatServer]:
    chat = ChatServer(tmp_path / "log")
    chat.start()
    yield chat
    chat.stop()


@pytest.fixture(autouse=True)
def _no_page_errors(browser: Chromium) -> Iterator[None]:
    browser.page_errors.clear()
    yield
    assert browser.page_errors == []


# Keeps the bytes that the page turns into pictures; its own rules forbid it to read them again.
KEEP_BLOBS = """
(() => {
  const make = URL.createObjectURL;
  window.shownBlobs = [];
  URL.createObjectURL = (blob) => {
    window.shownBlobs.push(blob);
    return make.call(URL, blob);
  };
})()
"""


def enter(page: Page, name: str) -> None:
    page.evaluate(KEEP_BLOBS)
    page.type("#name", name)
    page.press_enter()
    page.wait_text("#title", "lobby")


def say(page: Page, text: str) -> None:
    page.type("#text", text)
    page.press_enter()


@pytest.fixture
def pair(browser: Chromium, server: ChatServer) -> Iterator[tuple[Page, Page]]:
    with two_people(browser, server) as pages:
        yield pages


@contextmanager
def two_people(browser: Chromium, server: ChatServer) -> Iterator[tuple[Page, Page]]:
    with browser.page(server.url) as ada, browser.page(server.url) as grace:
        enter(ada, "Ada Lovelace")
        enter(grace, "Grace Hopper")
        ada.wait_text("#members", "Grace Hopper")
        yield ada, grace


def test_a_message_reaches_everybody_in_the_room(pair: tuple[Page, Page]) -> None:
    ada, grace = pair
    say(ada, "Good morning, everybody")
    grace.wait_text(".message:not(.own) .bubble", "Good morning, everybody")
    ada.wait_text(".message.own .bubble", "Good morning, everybody")
    assert ada.evaluate("document.querySelector('#text').value") == ""


def test_what_people_write_is_never_html(pair: tuple[Page, Page]) -> None:
    ada, grace = pair
    say(ada, "<img src=x onerror=alert(1)> <b>bold</b>")
    grace.wait_text(".bubble", "<img src=x onerror=alert(1)> <b>bold</b>")
    assert grace.evaluate("document.querySelectorAll('.bubble img, .bubble b').length") == 0


def test_a_private_message_reaches_one_person_only(
    browser: Chromium, server: ChatServer, pair: tuple[Page, Page]
) -> None:
    ada, grace = pair
    with browser.page(server.url) as eve:
        enter(eve, "Eve")
        ada.click("#members button", "Grace Hopper")
        ada.wait_text("#title", "Grace Hopper")
        say(ada, "Only for you")
        ada.wait_text(".message.own.private .bubble", "Only for you")
        grace.wait_text("#privates .badge", "1")
        grace.click("#privates button", "Ada Lovelace")
        grace.wait_text(".message.private .bubble", "Only for you")
        # What Ada says after it arrives: so would the private message have, long ago.
        ada.click("#rooms button", "lobby")
        say(ada, "Back in the lobby")
        eve.wait_text(".bubble", "Back in the lobby")
        assert "Only for you" not in eve.evaluate("document.body.textContent")
        assert eve.evaluate("document.querySelectorAll('#privates li').length") == 0


def test_one_sees_who_is_typing(pair: tuple[Page, Page]) -> None:
    ada, grace = pair
    grace.type("#text", "Let me think")
    ada.wait_text("#typing", "Grace Hopper is typing")
    grace.press_enter()
    ada.wait_text(".bubble", "Let me think")
    ada.wait("document.querySelector('#typing').textContent === ''")


def test_one_sees_who_is_here(
    browser: Chromium, server: ChatServer, pair: tuple[Page, Page]
) -> None:
    ada, _grace = pair
    with browser.page(server.url) as eve:
        enter(eve, "Eve")
        ada.wait_text("#members", "Eve")
        ada.wait_text("#subtitle", "3 people here")
        ada.wait_text(".notice", "Eve joined")
        # Between two polls nobody could notice that she leaves, but by the next ping's time-out.
        eve.wait("document.body.dataset.transport === 'websocket'")
    ada.wait("!document.querySelector('#members').textContent.includes('Eve')")
    ada.wait_text("#subtitle", "2 people here")


def test_a_taken_name_is_refused_with_the_reason(
    browser: Chromium, server: ChatServer, pair: tuple[Page, Page]
) -> None:
    with browser.page(server.url) as other:
        other.type("#name", "ada lovelace")
        other.press_enter()
        other.wait_text("#enter-error", "is taken")
        other.evaluate("document.querySelector('#name').value = ''")
        enter(other, "Augusta")


def test_a_picture_travels_as_the_bytes_it_is(pair: tuple[Page, Page], tmp_path: Path) -> None:
    ada, grace = pair
    picture = tmp_path / "landscape.png"
    picture.write_bytes(png(240, 150, landscape))
    ada.choose_file("#file", picture)
    grace.wait("document.querySelector('.picture img')?.naturalWidth === 240")
    assert shown_digest(grace) == hashlib.sha256(picture.read_bytes()).hexdigest()


def test_a_big_picture_is_made_smaller_before_it_is_sent(
    pair: tuple[Page, Page], tmp_path: Path
) -> None:
    ada, grace = pair
    picture = tmp_path / "noise.png"
    noise = random.Random(1).randbytes
    picture.write_bytes(png(2000, 500, lambda x, y: noise(3)))
    assert picture.stat().st_size > 900_000
    ada.choose_file("#file", picture)
    width = grace.wait("document.querySelector('.picture img')?.naturalWidth")
    assert width < 2000


def test_rooms_keep_their_messages_apart_and_count_the_unread(pair: tuple[Page, Page]) -> None:
    ada, grace = pair
    ada.type("#room-name", "Engines")
    ada.press_enter()
    ada.wait_text("#title", "Engines")
    say(ada, "Nobody else here yet")
    grace.wait_text("#rooms", "Engines")
    say(grace, "Are you still in the lobby?")
    ada.wait_text("#rooms .badge", "1")
    assert "still in the lobby" not in ada.evaluate("document.querySelector('#messages').innerText")
    # Whoever comes later is given what was said before.
    grace.click("#rooms button", "Engines")
    grace.wait_text(".bubble", "Nobody else here yet")
    ada.click("#rooms button", "lobby")
    ada.wait_text(".bubble", "Are you still in the lobby?")
    ada.wait("document.querySelector('#rooms .badge') === null")


def test_a_room_can_be_left(pair: tuple[Page, Page]) -> None:
    ada, grace = pair
    grace.click("#leave")
    ada.wait_text(".notice", "Grace Hopper left")
    grace.wait_text("#empty", "Choose a room")
    say(ada, "Gone already")
    ada.wait_text(".bubble", "Gone already")
    assert "Gone already" not in grace.evaluate("document.body.textContent")


def test_a_picture_is_in_the_history_too(
    browser: Chromium, server: ChatServer, pair: tuple[Page, Page], tmp_path: Path
) -> None:
    ada, grace = pair
    picture = tmp_path / "landscape.png"
    picture.write_bytes(png(200, 120, landscape))
    ada.type("#room-name", "Gallery")
    ada.press_enter()
    ada.wait_text("#title", "Gallery")
    ada.choose_file("#file", picture)
    ada.wait("document.querySelector('.picture img')?.naturalWidth === 200")
    grace.click("#rooms button", "Gallery")
    grace.wait("document.querySelector('.picture img')?.naturalWidth === 200")
    assert shown_digest(grace) == hashlib.sha256(picture.read_bytes()).hexdigest()


def test_the_clock_ticks(pair: tuple[Page, Page]) -> None:
    ada, _grace = pair
    first = ada.wait(
        "/\\d\\d:\\d\\d:\\d\\d/.exec(document.querySelector('#clock').textContent)?.[0]"
    )
    ada.wait(f"document.querySelector('#clock').textContent !== {json.dumps(first)}")


def test_a_reload_brings_everything_back(pair: tuple[Page, Page]) -> None:
    ada, grace = pair
    say(ada, "Before the reload")
    grace.wait_text(".bubble", "Before the reload")
    grace.call("Page.reload")
    grace.wait_text("#my-name", "Grace Hopper")
    grace.wait_text(".message:not(.own) .bubble", "Before the reload")
    say(grace, "After the reload")
    ada.wait_text(".bubble", "After the reload")


def test_a_second_window_of_the_same_person_takes_the_place_of_the_first(
    browser: Chromium, server: ChatServer, pair: tuple[Page, Page]
) -> None:
    ada, grace = pair
    memory = ada.evaluate("sessionStorage.getItem('chat')")
    with browser.page(server.url) as copy:
        copy.evaluate(f"sessionStorage.setItem('chat', {json.dumps(memory)})")
        copy.call("Page.reload")
        copy.wait_text("#my-name", "Ada Lovelace")
        ada.wait_text("#enter-error", "opened in another window")
        say(copy, "It is still me")
        grace.wait_text(".bubble", "It is still me")
        grace.wait_text("#subtitle", "2 people here")


def test_pages_find_back_after_the_server_restarts(
    browser: Chromium, own_server: ChatServer
) -> None:
    with two_people(browser, own_server) as (ada, grace):
        say(ada, "Before the restart")
        grace.wait_text(".bubble", "Before the restart")
        own_server.stop()
        for page in (ada, grace):
            page.wait_text("#status", "Reconnecting")
        own_server.start()
        for page in (ada, grace):
            page.wait("document.body.dataset.connection === 'online'")
            page.wait_text("#alerts", "connected again")
            page.wait_text("#subtitle", "2 people here")
        say(grace, "After the restart")
        ada.wait_text(".bubble", "After the restart")
        texts = "[...document.querySelectorAll('.bubble')].map((b) => b.textContent)"
        assert ada.evaluate(texts) == ["Before the restart", "After the restart"]


def test_the_page_looks_as_it_should(
    browser: Chromium, own_server: ChatServer, tmp_path: Path
) -> None:
    """Nothing sticks out sideways at any size; what it looks like is written as pictures."""
    update = os.environ.get("UPDATE_SCREENSHOT") == "1"
    folder = tmp_path
    with two_people(browser, own_server) as (ada, grace), browser.page(own_server.url) as alan:
        play_a_scene(ada, grace, alan, tmp_path)
        shots: list[tuple[Page, str, int, int, float, Path]] = [
            (ada, "light", 1280, 900, 1, SCREENSHOT if update else folder / "chat.png"),
            (ada, "dark", 1280, 900, 1, folder / "dark.png"),
            (grace, "light", 375, 780, 2, folder / "phone.png"),
            (grace, "dark", 375, 780, 2, folder / "phone-dark.png"),
        ]
        for page, scheme, width, height, scale, path in shots:
            page.prefer(scheme)
            page.resize(width, height, scale, mobile=width < 500)
            page.wait(f"innerWidth === {width}")
            assert page.evaluate("document.documentElement.scrollWidth") == width
            page.screenshot(path)
            assert path.stat().st_size > 10_000


def play_a_scene(ada: Page, grace: Page, alan: Page, folder: Path) -> None:
    picture = folder / "hills.png"
    picture.write_bytes(png(400, 210, landscape))
    enter(alan, "Alan Turing")
    for page, text in [
        (grace, "Morning! I am back from the mountains."),
        (grace, "A week without a phone. It was wonderful."),
        (ada, "Lovely. Did you get up for the sunrise?"),
        (alan, "She did. I slept through every single one."),
    ]:
        say(page, text)
        ada.wait_text(".bubble", text)
    grace.choose_file("#file", picture)
    ada.wait("document.querySelector('.picture img')?.naturalWidth === 400")
    say(grace, "This is the one Alan missed.")
    say(ada, "Beautiful! I am coming along next time.")
    alan.click("#members button", "Ada Lovelace")
    say(alan, "Do you have a minute?")
    ada.wait_text("#privates .badge", "1")
    alan.click("#rooms button", "music")
    alan.wait_text("#title", "music")
    alan.click("#rooms button", "lobby")
    alan.type("#text", "Same here")
    ada.wait_text("#typing", "Alan Turing is typing")


def shown_digest(page: Page) -> str:
    """Return the SHA-256 of the bytes of the last picture that a page was given."""
    digest: str = page.evaluate(
        """
        (async () => {
          const bytes = await window.shownBlobs.at(-1).arrayBuffer();
          const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
          return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
        })()
        """
    )
    return digest
