"""The small examples: each is started as its README says, and used by clients and by a browser."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from socketio.exceptions import ConnectionError as RefusedError
from tests.chromium import Chromium, run_chromium
from tests.documents import ROOT, free_port

from socketio import Client, SimpleClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = ROOT / "examples"
START_TIMEOUT = 15.0  # seconds
HOST_KEY = "open sesame"
SMALL = ("getting_started", "namespaces", "background")

pytestmark = pytest.mark.timeout(60)


class Example:
    """An example's ``app.py`` in a process of its own, between ``with`` and its end.

    :param name: its folder.
    :param folder: where its output is written.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._file = EXAMPLES / name / "app.py"
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Example:
        environment = {**os.environ, "PORT": str(self.port), "HOST_KEY": HOST_KEY}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, self._file], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        limit = time.monotonic() + START_TIMEOUT
        while not self._answers():
            assert self._process.poll() is None, f"it ended:\n{self.output()}"
            assert time.monotonic() < limit, f"it does not answer:\n{self.output()}"
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        try:
            return bool(self.page("/"))
        except ConnectionError:
            return False
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionError):
                return False
            raise

    def page(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def output(self) -> str:
        return self._log.read_text()

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(START_TIMEOUT)
        finally:
            self._process.kill()
            self._process.wait()


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Example]]:
    """The running examples by name; each is started once."""
    folder = tmp_path_factory.mktemp("examples")
    started = [Example(name, folder) for name in SMALL]
    with started[0], started[1], started[2]:
        yield dict(zip(SMALL, started, strict=True))


@pytest.fixture
def clients() -> Iterator[list[SimpleClient]]:
    """Two clients that are not connected yet."""
    with SimpleClient(reconnection=False) as one, SimpleClient(reconnection=False) as other:
        yield [one, other]


def connect(
    client: SimpleClient, example: Example, namespace: str = "/", **options: object
) -> None:
    client.connect(
        example.url, namespace=namespace, transports=["websocket"], wait_timeout=5, **options
    )


def receive(client: SimpleClient, event: str) -> object:
    """Return the argument of the next event of this name."""
    for _ in range(20):
        name, *args = client.receive(timeout=5)
        if name == event:
            return args[0]
    raise AssertionError(f"{event!r} did not come")


# ---------------------------------------------------------------- all of them


def test_the_list_of_examples_is_complete() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    names = [entry.name for entry in EXAMPLES.iterdir() if entry.name != "README.md"]
    assert [name for name in names if f"]({name})" not in listed] == []


@pytest.mark.parametrize("name", SMALL)
def test_an_example_is_small_and_says_how_it_is_started(name: str) -> None:
    assert len((EXAMPLES / name / "app.py").read_text().splitlines()) <= 60
    assert f"`python examples/{name}/app.py`" in (EXAMPLES / name / "README.md").read_text()


@pytest.mark.parametrize("name", SMALL)
def test_a_page_takes_nothing_from_other_machines(examples: dict[str, Example], name: str) -> None:
    page = examples[name].page("/")
    assert '<script src="/client/socket.io.min.js">' in page
    assert "//" not in page.replace("// ", "")


@pytest.mark.parametrize("name", SMALL)
def test_the_official_client_is_served(examples: dict[str, Example], name: str) -> None:
    if not (ROOT / "node_modules/socket.io-client").is_dir():
        pytest.skip("the npm packages are not installed")
    assert "Socket.IO v4" in examples[name].page("/client/socket.io.min.js")[:100]


# ---------------------------------------------------------------- what each does


def test_a_note_is_pinned_for_everybody(
    examples: dict[str, Example], clients: list[SimpleClient]
) -> None:
    ada, grace = clients
    connect(ada, examples["getting_started"])
    connect(grace, examples["getting_started"])
    assert set(ada.call("pin", " Buy milk ", timeout=5)) == {"notes"}
    assert receive(grace, "pinned") == "Buy milk"
    assert receive(ada, "pinned") == "Buy milk"


def test_who_comes_later_sees_the_wall(
    examples: dict[str, Example], clients: list[SimpleClient]
) -> None:
    ada, grace = clients
    connect(ada, examples["getting_started"])
    ada.call("pin", "Water the plants", timeout=5)
    connect(grace, examples["getting_started"])
    wall = receive(grace, "wall")
    assert isinstance(wall, list)
    assert wall[-1] == "Water the plants"


@pytest.mark.parametrize("text", ["", " ", "x" * 141, None, ["a"]])
def test_a_note_that_is_none_is_refused(
    examples: dict[str, Example], clients: list[SimpleClient], text: object
) -> None:
    connect(clients[0], examples["getting_started"])
    answer = clients[0].call("pin", text, timeout=5)
    assert answer == {"error": "A note has 1 to 140 characters."}


def test_the_host_asks_and_sees_how_the_audience_votes(
    examples: dict[str, Example], clients: list[SimpleClient]
) -> None:
    host, voter = clients
    connect(voter, examples["namespaces"], "/audience")
    connect(host, examples["namespaces"], "/host", auth={"key": HOST_KEY})
    host.emit("ask", "More biscuits?")
    assert receive(host, "result") == [0, 0]
    while receive(voter, "question") != "More biscuits?":
        pass  # the one that is asked at the beginning
    voter.emit("vote", True)
    assert receive(host, "result") == [1, 0]
    voter.emit("vote", False)
    assert receive(host, "result") == [0, 1]


def test_the_host_needs_the_key(examples: dict[str, Example]) -> None:
    refusals: list[object] = []
    client = Client(reconnection=False)
    client.on("connect_error", refusals.append, namespace="/host")
    with pytest.raises(RefusedError):
        client.connect(
            examples["namespaces"].url,
            namespaces=["/host"],
            auth={"key": "please"},
            transports=["websocket"],
        )
    client.disconnect()
    assert refusals == [{"message": "This key opens nothing."}]


def test_one_thread_tells_everybody(
    examples: dict[str, Example], clients: list[SimpleClient]
) -> None:
    for client in clients:
        connect(client, examples["background"])
    # With a thread for each client they would not be the same, and twice as many.
    first, second = receive(clients[0], "sample"), receive(clients[0], "sample")
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert second["time"] - first["time"] > 0.9
    assert second in (receive(clients[1], "sample"), receive(clients[1], "sample"))


def test_a_new_page_gets_the_last_minute(
    examples: dict[str, Example], clients: list[SimpleClient]
) -> None:
    connect(clients[0], examples["background"])
    sample = receive(clients[0], "sample")
    connect(clients[1], examples["background"])
    history = receive(clients[1], "history")
    assert isinstance(history, list)
    assert sample in history


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    if not (ROOT / "node_modules/socket.io-client").is_dir():
        pytest.skip("the npm packages are not installed")
    with run_chromium(tmp_path_factory.mktemp("chromium")) as chromium:
        yield chromium
        assert chromium.page_errors == []


def test_the_wall_in_a_browser(examples: dict[str, Example], browser: Chromium) -> None:
    with browser.page(examples["getting_started"].url + "/") as page:
        page.wait_text("#status", "connected")
        page.type("#text", "Feed <b>the</b> cat")
        page.press_enter()
        page.wait_text("#wall li:first-child", "Feed <b>the</b> cat")
        page.wait_text("#answer", "on the wall")


def test_the_vote_in_a_browser(examples: dict[str, Example], browser: Chromium) -> None:
    with browser.page(examples["namespaces"].url + "/") as page:
        page.type("#key", "wrong")
        page.press_enter()
        page.wait_text("#result", "This key opens nothing.")
        page.evaluate("document.querySelector('#key').value = ''")
        page.type("#key", HOST_KEY)
        page.press_enter()
        page.wait_text("#result", "You are the host.")
        page.type("#text", "Rain tomorrow?")
        page.press_enter()
        page.wait_text("#question", "Rain tomorrow?")
        page.click("#yes")
        page.wait_text("#result", "1 yes, 0 no")


def test_the_dashboard_in_a_browser(examples: dict[str, Example], browser: Chromium) -> None:
    with browser.page(examples["background"].url + "/") as page:
        page.wait_text("#time", ":")
        page.wait("document.querySelector('#curve').getAttribute('points').includes(' ')")
