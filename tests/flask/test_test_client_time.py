"""Time under the test client: it moves when it is told to, and nobody really waits."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from flask import Flask

from flask_socketio import SocketIO, SocketIOTestClient, TimeoutError, call, emit

#: Seconds that a test takes at most, although hours pass in it.
AT_ONCE = 5.0


class Site:
    """An application with Socket.IO, for test clients."""

    def __init__(self, **options: Any) -> None:
        self.app = Flask(__name__)
        self.app.config["SECRET_KEY"] = "secret!"
        self.socketio = SocketIO(self.app, **options)
        self.reasons: list[str] = []
        self.socketio.on_event("disconnect", self.reasons.append)
        self.began = time.monotonic()

    def connect(self) -> SocketIOTestClient:
        return self.socketio.test_client(self.app)

    def tick(self, *pauses: float) -> None:
        """A background task that emits after each pause."""

        def work() -> None:
            for number, pause in enumerate(pauses):
                self.socketio.sleep(pause)
                self.socketio.emit("tick", number)

        self.socketio.start_background_task(work)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture(autouse=True)
def nobody_waits(site: Site) -> Any:
    yield
    assert time.monotonic() - site.began < AT_ONCE, "somebody really waited"


class TestHeartbeat:
    def test_an_idle_client_stays(self, site: Site) -> None:
        client = site.connect()
        client.advance(24 * 3600)
        assert client.is_connected()
        assert site.reasons == []

    def test_a_client_that_hangs_is_disconnected(self, site: Site) -> None:
        client, other = site.connect(), site.connect()
        client.answers_pings = False
        client.advance(25 + 19)
        assert client.is_connected()
        client.advance(1)
        assert not client.is_connected()
        assert other.is_connected()
        assert site.reasons == ["ping timeout"]

    def test_also_in_the_next_connection(self, site: Site) -> None:
        client = site.connect()
        client.answers_pings = False
        client.disconnect()
        client.connect()
        client.advance(60)
        assert site.reasons[-1] == "ping timeout"
        assert not client.answers_pings


class TestSleep:
    def test_a_handler_that_sleeps_moves_the_time(self, site: Site) -> None:
        @site.socketio.on("slow")
        def slow() -> str:
            site.socketio.sleep(3600)
            emit("awake")
            return "done"

        client = site.connect()
        assert client.emit("slow", callback=True) == "done"
        assert client.get_received()[0]["name"] == "awake"

    @pytest.mark.parametrize("async_handlers", [True, False])
    def test_clients_stay_meanwhile(self, async_handlers: bool) -> None:
        site = Site(async_handlers=async_handlers)
        site.socketio.on_event("slow", lambda: site.socketio.sleep(3600))
        clients = [site.connect(), site.connect()]
        clients[0].emit("slow")
        assert [client.is_connected() for client in clients] == [True, True]

    def test_call_without_an_answer_times_out_at_once(self, site: Site) -> None:
        site.socketio.on_event("ask", lambda: call("question", timeout=600))
        client = site.connect()
        with pytest.raises(TimeoutError, match="no answer to 'question' within 600 s"):
            client.emit("ask")

    def test_call_from_the_test_times_out_at_once(self, site: Site) -> None:
        client = site.connect()
        for timeout in (600, None):
            with pytest.raises(TimeoutError):
                site.socketio.call("question", to=client.get_sid(), timeout=timeout)


class TestBackgroundTasks:
    def test_they_sleep_until_the_time_is_moved(self, site: Site) -> None:
        client = site.connect()
        site.tick(60, 60, 60)
        client.advance(150)
        assert [entry["args"] for entry in client.get_received()] == [[0], [1]]
        client.advance(3600)
        assert [entry["args"] for entry in client.get_received()] == [[2]]

    def test_wait_for_moves_the_time_when_all_sleep(self, site: Site) -> None:
        client = site.connect()
        site.tick(3, 3)
        expected = {"name": "tick", "args": [0], "namespace": "/"}
        assert client.wait_for("tick") == expected
        assert client.wait_for("tick")["args"] == [1]
        assert client.queue == []

    def test_wait_for_does_not_wait_longer_than_it_may(self, site: Site) -> None:
        client = site.connect()
        site.tick(0.01, 60)
        message = r"no event 'tock' within 0\.05 s; what has come: \['tick'\]"
        with pytest.raises(TimeoutError, match=message):
            client.wait_for("tock", timeout=0.05)

    def test_wait_for_what_is_not_asleep(self, site: Site) -> None:
        client = site.connect()

        def work() -> None:
            time.sleep(0.02)
            site.socketio.emit("done")

        threading.Thread(target=work).start()
        assert client.wait_for("done")["args"] == []

    def test_wait_for_raises_what_a_handler_raises(self, site: Site) -> None:
        site.socketio.on_event("fail", lambda: 1 / 0)
        client, other = site.connect(), site.connect()
        client.on("tick", lambda number: client.emit("fail"))
        site.tick(1)
        with pytest.raises(ZeroDivisionError):
            other.wait_for("tock")

    def test_handlers_of_clients_may_wait_for_them(self, site: Site) -> None:
        client = site.connect()
        seen: list[Any] = []
        client.on("go", lambda: seen.append(client.wait_for("tick")["args"]))
        site.tick(3)
        site.socketio.emit("go")
        client.get_received()
        assert seen == [[0]]

    def test_they_may_call_clients(self, site: Site) -> None:
        client = site.connect()
        client.on("question", lambda: 5)
        answers: list[Any] = []
        sid = client.get_sid()
        task = site.socketio.start_background_task(
            lambda: answers.append(site.socketio.call("question", to=sid))
        )
        task.join(AT_ONCE)
        assert answers == [5]

    def test_they_wait_for_answers_until_the_time_is_moved(self, site: Site) -> None:
        client = site.connect()
        errors: list[BaseException] = []
        sid = client.get_sid()

        def work() -> None:
            try:
                site.socketio.call("question", to=sid, timeout=60)
            except TimeoutError as error:
                errors.append(error)

        task = site.socketio.start_background_task(work)
        client.advance(59)
        assert task.is_alive()
        client.advance(1)
        task.join(AT_ONCE)
        assert len(errors) == 1

    def test_they_end_in_their_sleep_when_the_server_stops(self, site: Site) -> None:
        client = site.connect()
        task = site.socketio.start_background_task(lambda: site.socketio.sleep(60))
        site.socketio.stop()
        task.join(AT_ONCE)
        assert not task.is_alive()
        assert not client.is_connected()


def test_async_handlers(site: Site) -> None:
    @site.socketio.on("ask")
    async def ask(value: int) -> int:
        await asyncio.sleep(0.01)
        emit("asked", value)
        return value + 1

    client = site.connect()
    assert client.emit("ask", 4, callback=True) == 5
    assert client.get_received()[0]["args"] == [4]


def test_threads_may_use_clients_of_their_own(site: Site) -> None:
    site.socketio.on_event("add", lambda a, b: a + b)
    clients = [site.connect() for _ in range(6)]
    sids = [client.get_sid() for client in clients]
    results: list[list[int]] = [[] for _ in clients]
    seen: list[list[int]] = [[] for _ in clients]

    def work(number: int) -> None:
        for value in range(50):
            results[number].append(clients[number].emit("add", number, value, callback=True))
            site.socketio.emit("own", value, to=sids[number])
            seen[number] += [entry["args"][0] for entry in clients[number].get_received()]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(AT_ONCE)
    expected = [[number + value for value in range(50)] for number in range(len(clients))]
    assert results == expected
    assert seen == [list(range(50))] * len(clients)
