"""The Hub behind a lock: one owner at a time, calls in order, whoever makes them."""

from __future__ import annotations

import itertools
import threading
from math import inf
from typing import TYPE_CHECKING, Any

import pytest
from tests.hub.doubles import ENVIRON, Application, WebSocket

from flask_socketio.engineio import SessionSettings, Transport, message_group
from flask_socketio.hub.engine import FLUSH_BUDGET, Engine
from flask_socketio.runtimes.lock import LockRuntime

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT = 10.0


@pytest.fixture
def runtime() -> LockRuntime:
    return LockRuntime(lambda: 0.0)


def run_in_threads(count: int, work: Callable[[int], Any]) -> None:
    failed: list[int] = list(range(count))

    def run(number: int) -> None:
        work(number)
        failed.remove(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
        assert not thread.is_alive()
    assert not failed


class TestSubmit:
    def test_the_call_has_been_made_when_it_returns(self, runtime: LockRuntime) -> None:
        made: list[int] = []
        runtime.submit(made.append, 1)
        assert made == [1]

    def test_what_the_hub_submits_itself_comes_after_what_it_does(
        self, runtime: LockRuntime
    ) -> None:
        made: list[str] = []

        def outer() -> None:
            runtime.submit(made.append, "inner")
            made.append("outer")

        runtime.submit(outer)
        assert made == ["outer", "inner"]

    def test_a_call_that_fails_is_logged_and_holds_up_no_other(
        self, runtime: LockRuntime, caplog: pytest.LogCaptureFixture
    ) -> None:
        made: list[int] = []

        def both() -> None:
            runtime.submit(int, "no number")
            runtime.submit(made.append, 1)

        runtime.submit(both)
        assert made == [1]
        assert "a defect" in caplog.text

    def test_a_call_that_ends_the_program_gives_the_lock_back(self, runtime: LockRuntime) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            runtime.submit(interrupt)
        assert runtime.ask(int, "5") == 5

    def test_who_finds_an_owner_leaves_its_call_to_it(self, runtime: LockRuntime) -> None:
        entered, leave = threading.Event(), threading.Event()
        makers: list[threading.Thread] = []

        def hold() -> None:
            entered.set()
            assert leave.wait(TIMEOUT)

        owner = threading.Thread(target=runtime.submit, args=(hold,))
        owner.start()
        assert entered.wait(TIMEOUT)
        runtime.submit(lambda: makers.append(threading.current_thread()))
        assert not makers, "two owners at once"
        leave.set()
        owner.join(TIMEOUT)
        assert makers == [owner]

    def test_many_threads_have_one_owner_at_a_time_and_keep_their_order(
        self, runtime: LockRuntime
    ) -> None:
        inside = 0
        made: list[tuple[int, int]] = []
        together: list[int] = []

        def call(thread: int, number: int) -> None:
            nonlocal inside
            inside += 1
            together.append(inside)
            made.append((thread, number))
            inside -= 1

        def work(thread: int) -> None:
            for number in range(500):
                runtime.submit(call, thread, number)

        run_in_threads(8, work)
        runtime.ask(int)  # behind everything
        assert set(together) == {1}
        assert len(made) == 8 * 500
        for thread in range(8):
            assert [number for owner, number in made if owner == thread] == list(range(500))


class TestAsk:
    def test_it_returns_what_the_call_returns(self, runtime: LockRuntime) -> None:
        assert runtime.ask(int, "12") == 12

    def test_it_raises_what_the_call_raises(self, runtime: LockRuntime) -> None:
        with pytest.raises(ValueError, match="no number"):
            runtime.ask(int, "no number")

    def test_what_was_submitted_before_has_been_done(self, runtime: LockRuntime) -> None:
        seen: list[int] = []

        def work(thread: int) -> None:
            own: list[int] = []
            for number in range(200):
                runtime.submit(own.append, number)
                seen.append(runtime.ask(len, own) - number)

        run_in_threads(4, work)
        assert set(seen) == {1}


class TestClose:
    def test_nothing_happens_afterwards(self, runtime: LockRuntime) -> None:
        made: list[int] = []
        runtime.close()
        runtime.submit(made.append, 1)
        assert made == []
        assert runtime.closed

    def test_who_asks_learns_it(self, runtime: LockRuntime) -> None:
        runtime.close()
        with pytest.raises(RuntimeError, match="stopped"):
            runtime.ask(int)

    def test_what_was_submitted_before_is_done(self, runtime: LockRuntime) -> None:
        made: list[int] = []

        def both() -> None:
            runtime.submit(made.append, 1)
            runtime.close()
            runtime.submit(made.append, 2)

        runtime.submit(both)
        assert made == [1]


class Site:
    """An engine whose runtime is a lock."""

    def __init__(self) -> None:
        self.time = 0.0
        self.moved: list[float] = []
        self.runtime = LockRuntime(lambda: self.time, self.moved.append)
        settings = SessionSettings(25.0, ping_timeout=20.0)
        numbers = itertools.count(1)
        self.engine = Engine(settings, Application(), self.runtime, lambda: f"e{next(numbers)}")
        self.runtime.engine = self.engine

    def open(self) -> WebSocket:
        websocket = WebSocket()

        def open_session() -> None:
            self.engine.open(Transport.WEBSOCKET, ENVIRON).websocket = websocket

        self.runtime.submit(open_session)
        return websocket


class TestSettle:
    def test_everything_has_been_written(self) -> None:
        site = Site()
        websockets = [site.open() for _ in range(3 * FLUSH_BUDGET)]
        sockets = list(site.engine.sockets.values())
        for websocket in websockets:
            websocket.take()

        def work(number: int) -> None:
            for socket in sockets[number::4]:
                site.runtime.submit(site.engine.send, socket, message_group("a"))
            site.runtime.settle()
            for websocket in websockets[number::4]:
                assert websocket.take() == ["4a"]

        run_in_threads(4, work)

    def test_after_the_end_nobody_waits(self) -> None:
        site = Site()
        site.runtime.close()
        site.runtime.settle()


class TestEngine:
    def test_it_is_flushed_after_the_call(self) -> None:
        websocket = Site().open()
        assert str(websocket.take()[0]).startswith("0{")

    def test_calls_that_wait_already_are_flushed_together(self) -> None:
        site = Site()
        websocket = site.open()
        (socket,) = site.engine.sockets.values()
        websocket.take()
        writes = websocket.writes

        def twice() -> None:
            for text in ("a", "b"):
                site.runtime.submit(site.engine.send, socket, message_group(text))

        site.runtime.submit(twice)
        assert websocket.take() == ["4a", "4b"]
        assert websocket.writes == writes + 1

    def test_timers_are_announced_and_handled(self) -> None:
        site = Site()
        websocket = site.open()
        websocket.take()
        assert site.moved == [25.0]
        assert site.runtime.timer_at == 25.0

        site.time = 25.0
        site.runtime.handle_timer()
        assert websocket.take() == ["2"]
        assert site.runtime.timer_at == site.moved[-1] == 45.0

    def test_a_timer_before_its_time_does_nothing_and_comes_again(self) -> None:
        site = Site()
        websocket = site.open()
        websocket.take()
        site.runtime.handle_timer()
        assert websocket.take() == []
        assert site.runtime.timer_at == 25.0

    def test_without_sessions_there_is_none(self) -> None:
        assert Site().runtime.timer_at == inf

    def test_nobody_needs_to_be_told_of_timers(self) -> None:
        runtime = LockRuntime(lambda: 0.0)
        runtime.request_timer(5.0)
        runtime.request_timer(7.0)
        assert runtime.timer_at == 5.0
