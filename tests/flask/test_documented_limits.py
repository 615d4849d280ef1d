"""The limits page says what happens when a limit is broken: each is broken here, in both ways."""

from __future__ import annotations

import re
from dataclasses import dataclass
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

import pytest
from tests.documents import ROOT
from tests.interop.raw_clients import PollingSession, RawWebSocket

from flask_socketio import emit
from flask_socketio.config import _ABOVE_ZERO, _FROM_ZERO

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site

WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"
UNKNOWN_SESSION = '{"code":1,"message":"Session ID unknown"}'
#: Seconds for the disconnect handler to run.
TIMEOUT = 5.0

#: How a client breaks a limit, by the option that sets it: the option's value and a message that is
#: sent when the client is connected; None: it does nothing.
BREACHES: dict[str, tuple[dict[str, Any], str | None]] = {
    "max_http_buffer_size": ({"max_http_buffer_size": 1000}, '42["' + "x" * 1000 + '"]'),
    "max_attachments": ({"max_attachments": 1}, '452-["two"]'),
    "max_namespaces": ({"max_namespaces": 1}, "40/second,"),
    "max_buffered_bytes": ({"max_buffered_bytes": 5000}, '42["flood"]'),
    "ping_timeout": ({"ping_interval": 0.1, "ping_timeout": 0.1}, None),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What the page says about one option."""

    websocket: str
    polling: str
    reason: str


def documented() -> dict[str, Row]:
    text = (ROOT / "docs" / "limits.rst").read_text()
    rows = re.findall(
        r"^   \* - :confval:`(\w+)`(?:.*\n)(?:       .*\n)*     - \|\1\|\n"
        r"     - (.*)\n     - (.*)\n     - (.*)\n",
        text,
        re.MULTILINE,
    )
    return {name: Row(*cells) for name, *cells in rows}


ROWS = documented()


def close_code(row: Row) -> int:
    found = re.search(r"close code (\d+)", row.websocket)
    assert found is not None, row
    return int(found[1])


@pytest.fixture
def reasons() -> Queue[str]:
    return Queue()


@pytest.fixture
def make_limited(make_site: MakeSite, reasons: Queue[str]) -> Callable[..., Site]:
    """A site that tells why a client was disconnected."""

    def make(**options: Any) -> Site:
        site = make_site(namespaces="*", **options)
        site.socketio.on_event("disconnect", reasons.put)
        site.socketio.on_event("flood", flood)
        site.start()
        return site

    return make


def flood() -> None:
    # More than the buffers of two sockets take: 20 MB.
    for _ in range(20):
        emit("x", "y" * 1_000_000)


def reason_of(reasons: Queue[str]) -> str:
    try:
        return reasons.get(timeout=TIMEOUT)
    except Empty:
        pytest.fail("the disconnect handler did not run")


def test_every_limit_among_the_options_is_on_the_page() -> None:
    # Of what must be a number the threshold of compression alone limits nobody.
    numbers = {*_ABOVE_ZERO, *_FROM_ZERO} - {"compression_threshold"}
    assert set(ROWS) == numbers


@pytest.mark.parametrize("option", sorted(BREACHES))
def test_a_breach_over_a_websocket_ends_as_documented(
    make_limited: Callable[..., Site], reasons: Queue[str], option: str
) -> None:
    options, message = BREACHES[option]
    site = make_limited(**options)
    with RawWebSocket(site.port, WEBSOCKET, receive_buffer=4096).open() as websocket:
        websocket.receive()
        websocket.send("40")
        websocket.receive()
        if message is not None:
            websocket.send(message)
        assert reason_of(reasons) == ROWS[option].reason
        ended = websocket.receive_until_closed()
    # A client that reads nothing at all cannot be told.
    allowed = {close_code(ROWS[option])} | (
        {None} if "cut off" in ROWS[option].websocket else set()
    )
    assert ended.code in allowed


@pytest.mark.parametrize("option", sorted(BREACHES))
def test_a_breach_over_long_polling_ends_as_documented(
    make_limited: Callable[..., Site], reasons: Queue[str], option: str
) -> None:
    options, message = BREACHES[option]
    session = PollingSession(make_limited(**options).port)
    session.post("40")
    session.get()
    answer = session.post(message) if message is not None else None
    assert reason_of(reasons) == ROWS[option].reason
    if "status" in ROWS[option].polling:
        assert answer is not None
        assert f"status {answer.status}" == ROWS[option].polling
    else:
        assert ROWS[option].polling == "session ends"
    assert last_answer(session) == UNKNOWN_SESSION


def last_answer(session: PollingSession) -> str:
    """Read what was waiting; returns the first answer that is none of the session's."""
    for _ in range(5):
        answer = session.get()
        if answer.status != 200:
            return answer.text
    raise AssertionError("the session goes on")


def test_a_client_that_connects_to_no_namespace_ends_as_documented(
    make_limited: Callable[..., Site],
) -> None:
    site = make_limited(connect_timeout=0.1)
    with RawWebSocket(site.port, WEBSOCKET).open() as websocket:
        ended = websocket.receive_until_closed()
    assert ended.code == close_code(ROWS["connect_timeout"])
    assert last_answer(PollingSession(site.port)) == UNKNOWN_SESSION


def test_an_upgrade_that_takes_too_long_ends_as_documented(
    make_limited: Callable[..., Site],
) -> None:
    site = make_limited(upgrade_timeout=0.1)
    session = PollingSession(site.port)
    session.post("40")
    session.get()
    with RawWebSocket(site.port, f"{WEBSOCKET}&sid={session.sid}").open() as websocket:
        ended = websocket.receive_until_closed()
    assert ended.code == close_code(ROWS["upgrade_timeout"])
    assert ROWS["upgrade_timeout"].polling == "session goes on"
    session.post('421["fence"]')
    assert session.get().text == "431[]"


def test_a_client_with_too_many_events_stays(make_limited: Callable[..., Site]) -> None:
    site = make_limited(max_pending_events=2, handler_overlap=0)
    client = site.connect()
    for _ in range(50):
        client.emit("fence")
    assert client.call("fence") is None
    assert ROWS["max_pending_events"].reason == "none: it stays"


def test_a_server_that_stops_says_so_as_documented(
    make_limited: Callable[..., Site], reasons: Queue[str]
) -> None:
    site = make_limited()
    client = site.connect()
    site.stop()
    assert reason_of(reasons) == ROWS["shutdown_grace"].reason
    assert client.wait_for_close()[0] == close_code(ROWS["shutdown_grace"])
