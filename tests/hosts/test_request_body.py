"""A request body that a worker reads while a loop in another thread receives it."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import TYPE_CHECKING, Any

import pytest

from flask_socketio.hosts.request_body import RequestBody

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def body_of(loop: asyncio.AbstractEventLoop, *pieces: bytes, whole: bool = True) -> RequestBody:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    if whole:
        messages[-1]["more_body"] = False

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return RequestBody(receive, loop)


def test_reading_everything(loop: asyncio.AbstractEventLoop) -> None:
    body = io.BufferedReader(body_of(loop, b"abc", b"", b"defg", b""))
    assert body.readable()
    assert body.read() == b"abcdefg"
    assert body.read(1) == b""


def test_reading_less_than_a_piece(loop: asyncio.AbstractEventLoop) -> None:
    body = body_of(loop, b"abcdef")
    assert [body.read(4), body.read(4), body.read(4)] == [b"abcd", b"ef", b""]


def test_lines(loop: asyncio.AbstractEventLoop) -> None:
    body = io.BufferedReader(body_of(loop, b"one\ntw", b"o\nthree"))
    assert list(body) == [b"one\n", b"two\n", b"three"]


def test_a_client_that_leaves(loop: asyncio.AbstractEventLoop) -> None:
    body = body_of(loop, b"abc", whole=False)
    assert body.read(10) == b"abc"
    for _ in range(2):
        with pytest.raises(OSError, match="before it had sent the whole request body"):
            body.read(10)


def test_a_loop_that_has_ended(loop: asyncio.AbstractEventLoop) -> None:
    body = body_of(loop, b"abc")
    stopped = threading.Event()
    loop.call_soon_threadsafe(lambda: (loop.stop(), stopped.set()))
    assert stopped.wait(5)
    while loop.is_running():
        pass
    loop.close()
    with pytest.raises(OSError, match="whole request body"):
        body.read(10)


def test_a_loop_that_ends_meanwhile(loop: asyncio.AbstractEventLoop) -> None:
    asked = threading.Event()

    async def receive() -> dict[str, Any]:
        asked.set()
        await asyncio.sleep(60)
        raise AssertionError("cancelled before")

    def cancel_all() -> None:
        for task in asyncio.all_tasks(loop):
            task.cancel()

    def end() -> None:
        assert asked.wait(5)
        loop.call_soon_threadsafe(cancel_all)

    ender = threading.Thread(target=end)
    ender.start()
    with pytest.raises(OSError, match="whole request body"):
        RequestBody(receive, loop).read(10)
    ender.join()
