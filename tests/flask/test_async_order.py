"""Handlers written with ``async def``: in which order they run, and how they end."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from flask import request
from tests.flask.site import Until

from flask_socketio import emit

if TYPE_CHECKING:
    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site

CROWD = 200


class TestOrder:
    def test_one_loop_for_all(self, site: Site) -> None:
        @site.socketio.on("where")
        async def where() -> int:
            return threading.get_ident()

        assert len({site.connect().call("where") for _ in range(3)}) == 1
        assert site.clients[0].call("where") != threading.get_ident()

    def test_many_at_once(self, site: Site) -> None:
        site.socketio.on_event("wait", asyncio.sleep)
        clients = [site.connect() for _ in range(CROWD)]
        begun = time.monotonic()
        asked = [client.start_call("wait", 1, "done") for client in clients]
        answers = [client.finish_call(ack) for client, ack in zip(clients, asked, strict=True)]

        assert answers == [["done"]] * CROWD
        assert time.monotonic() - begun < 2
        assert site.socketio.service.workers.count < CROWD / 10, "each held a thread"

    def test_functions_run_beside_them(self, site: Site) -> None:
        released = asyncio.Event()
        loops: list[asyncio.AbstractEventLoop] = []

        @site.socketio.on("wait")
        async def wait() -> None:
            loops.append(asyncio.get_running_loop())
            emit("waits", broadcast=True)
            await released.wait()

        @site.socketio.on("release")
        def release() -> None:
            loops[0].call_soon_threadsafe(released.set)

        ann, bob = site.connect(), site.connect()
        asked = ann.start_call("wait")
        bob.receive_event()
        bob.call("release")

        assert ann.finish_call(asked) == []

    @pytest.mark.parametrize("options", [{"handler_overlap": 60}, {"async_handlers": False}])
    def test_next_handler_waits_for_the_coroutine(self, make_site: MakeSite, options: Any) -> None:
        site = make_site(**options)
        seen: list[str] = []

        @site.socketio.on("slow")
        async def slow() -> None:
            seen.append("slow begins")
            await asyncio.sleep(0.05)
            seen.append("slow ends")

        site.socketio.on_event("fast", lambda: seen.append("fast"))
        client = site.connect()
        client.emit("slow")
        client.call("fast")

        assert seen == ["slow begins", "slow ends", "fast"]

    def test_next_handler_overlaps_a_slow_one(self, make_site: MakeSite) -> None:
        site = make_site(handler_overlap=0.01)
        released = asyncio.Event()
        loops: list[asyncio.AbstractEventLoop] = []

        @site.socketio.on("slow")
        async def slow() -> None:
            loops.append(asyncio.get_running_loop())
            await released.wait()

        @site.socketio.on("fast")
        def fast() -> None:
            loops[0].call_soon_threadsafe(released.set)

        client = site.connect()
        asked = client.start_call("slow")
        client.call("fast")

        assert client.finish_call(asked) == []


@pytest.fixture
def earlier_threads() -> set[threading.Thread]:
    """Those of other tests, whose servers were made for tests and do not end by themselves."""
    return coroutine_threads()


class TestEnd:
    def test_the_server_waits_for_handlers(self, make_site: MakeSite) -> None:
        site = make_site(shutdown_grace=10)
        begun, ended = Until(), Until()

        @site.socketio.on("go")
        async def go() -> None:
            begun.set()
            await asyncio.sleep(0.1)
            ended.set()

        site.connect().emit("go")
        begun.get()
        site.stop()

        assert ended.is_set

    def test_after_the_grace_time_they_are_cancelled(
        self,
        make_site: MakeSite,
        caplog: pytest.LogCaptureFixture,
        earlier_threads: set[threading.Thread],
    ) -> None:
        site = make_site(shutdown_grace=0.05)
        begun, cancelled, torn_down = Until(), Until(), Until()

        @site.socketio.on("go")
        async def go() -> None:
            begun.set()
            try:
                await asyncio.sleep(3600)
            finally:
                cancelled.set()

        @site.app.teardown_request
        def tear_down(error: BaseException | None) -> None:
            if request.event["message"] == "go":
                torn_down.set(str(error))

        site.connect().emit("go")
        begun.get()
        site.stop()

        assert cancelled.is_set
        assert "the server stops" in torn_down.get()
        assert coroutine_threads() <= earlier_threads

    def test_tasks_of_ended_handlers_are_cancelled(
        self, site: Site, earlier_threads: set[threading.Thread]
    ) -> None:
        cancelled = Until()
        tasks: set[Any] = set()

        async def work() -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                cancelled.set()

        @site.socketio.on("go")
        async def go() -> None:
            tasks.add(asyncio.create_task(work()))
            await asyncio.sleep(0)

        site.connect().call("go")
        site.stop()

        assert cancelled.is_set
        assert coroutine_threads() <= earlier_threads

    def test_next_server(self, site: Site) -> None:
        site.socketio.on_event("go", asyncio.sleep)
        site.connect().call("go", 0)
        site.restart()

        assert site.connect().call("go", 0, "again") == "again"

    def test_no_coroutine_no_thread(
        self, site: Site, earlier_threads: set[threading.Thread]
    ) -> None:
        site.connect().call("fence")

        assert coroutine_threads() <= earlier_threads


def coroutine_threads() -> set[threading.Thread]:
    return {
        thread for thread in threading.enumerate() if thread.name == "flask-socketio-coroutines"
    }
