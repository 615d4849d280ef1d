"""coroutines.py: the loop of the coroutines, without a server."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

import pytest

from flask_socketio.runtimes.coroutines import Coroutines

if TYPE_CHECKING:
    from collections.abc import Iterator

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


@pytest.fixture
def coroutines() -> Iterator[Coroutines]:
    loop = Coroutines()
    yield loop
    assert loop.end()


def test_context_is_a_copy_of_the_callers(coroutines: Coroutines) -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        seen = variable.get()
        variable.set("the coroutine's")
        return seen

    variable.set("the caller's")

    assert coroutines.run(work()) == "the caller's"
    assert variable.get() == "the caller's"


@pytest.mark.parametrize("error", [ValueError("why"), SystemExit("why")])
def test_errors_are_the_callers(coroutines: Coroutines, error: BaseException) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(type(error)) as raised:
        coroutines.run(fail())
    assert raised.value is error
    assert coroutines.run(asyncio.sleep(0, "goes on")) == "goes on"


def test_a_task_that_exits_ends_the_loop_and_the_next_coroutine_has_a_new_one(
    coroutines: Coroutines, caplog: pytest.LogCaptureFixture
) -> None:
    async def leave() -> None:
        async def work() -> None:
            sys.exit("expected by the test")

        tasks.add(asyncio.create_task(work()))
        await asyncio.sleep(3600)

    tasks: set[asyncio.Task[None]] = set()

    with pytest.raises(CancelledError, match="by itself or because the server stops"):
        coroutines.run(leave())
    assert coroutines.run(asyncio.sleep(0, "goes on")) == "goes on"
    assert "SystemExit: expected by the test" in caplog.text
    assert [type(task.exception()) for task in tasks] == [SystemExit]


def test_no_coroutine_begins_after_the_end(coroutines: Coroutines) -> None:
    coroutines.run(asyncio.sleep(0))
    assert coroutines.end()

    with pytest.raises(RuntimeError, match="the server has stopped"):
        coroutines.run(asyncio.sleep(0))
    coroutines.begin()
    assert coroutines.run(asyncio.sleep(0, "goes on")) == "goes on"


def test_what_blocks_the_loop_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_socketio.runtimes.coroutines.CANCEL_TIME", 0.01)
    coroutines = Coroutines()
    begun, release = threading.Event(), threading.Event()

    async def block() -> None:
        begun.set()
        release.wait()

    caller = threading.Thread(target=coroutines.run, args=(block(),))
    caller.start()
    begun.wait()
    assert not coroutines.end()
    release.set()
    caller.join()
    while not coroutines.end():
        pass


def test_where_the_system_gives_no_thread(
    coroutines: Coroutines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            coroutines.run(asyncio.sleep(0))
    assert coroutines.run(asyncio.sleep(0, "goes on")) == "goes on"
