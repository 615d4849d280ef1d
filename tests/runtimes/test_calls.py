from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

from flask_socketio.runtimes.calls import DRAIN_BUDGET, Calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMEOUT = 10.0


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def calls(loop: asyncio.AbstractEventLoop) -> Calls:
    return Calls(loop)


def turn(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop make one turn."""
    loop.call_soon(loop.stop)
    loop.run_forever()


def in_thread(function: Callable[[], Any]) -> Future[Any]:
    """Call a function in a thread; the future has what becomes of it."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that counts how often it is woken."""

    def __init__(self) -> None:
        super().__init__()
        self.wake_ups = 0

    def call_soon_threadsafe(self, *args: Any, **kwargs: Any) -> asyncio.Handle:
        self.wake_ups += 1
        return super().call_soon_threadsafe(*args, **kwargs)


class TestSubmit:
    def test_nothing_is_called_before_the_loop_turns(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        made: list[int] = []
        calls.submit(made.append, 1)
        assert made == []
        turn(loop)
        assert made == [1]

    def test_one_wake_up_for_many_calls(self) -> None:
        loop = CountingLoop()
        calls = Calls(loop)
        made: list[int] = []
        for number in range(10):
            calls.submit(made.append, number)
        assert loop.wake_ups == 1
        turn(loop)
        assert made == list(range(10))
        calls.submit(made.append, 10)
        assert loop.wake_ups == 2
        turn(loop)
        loop.close()
        assert made[-1] == 10

    def test_calls_of_each_thread_keep_their_order(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        made: list[tuple[int, int]] = []
        start = threading.Barrier(4)
        ended = threading.Semaphore(0)

        def submit_many(thread: int) -> None:
            start.wait(TIMEOUT)
            for number in range(500):
                calls.submit(made.append, (thread, number))
            ended.release()

        for thread in range(4):
            threading.Thread(target=submit_many, args=(thread,), daemon=True).start()
        while len(made) < 2000:
            turn(loop)
        for thread in range(4):
            assert [number for who, number in made if who == thread] == list(range(500))
            assert ended.acquire(timeout=TIMEOUT)

    def test_a_turn_makes_no_more_calls_than_its_budget(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        made: list[int] = []
        for number in range(2 * DRAIN_BUDGET + 1):
            calls.submit(made.append, number)
        turn(loop)
        assert len(made) == DRAIN_BUDGET
        loop.call_soon(made.append, -1)
        turn(loop)
        assert -1 in made, "another callback of the loop was not given its turn"
        turn(loop)
        made.remove(-1)
        assert made == list(range(2 * DRAIN_BUDGET + 1))

    def test_a_call_may_submit_another(self, loop: asyncio.AbstractEventLoop, calls: Calls) -> None:
        made: list[str] = []

        def first() -> None:
            calls.submit(made.append, "second")
            made.append("first")

        calls.submit(first)
        turn(loop)
        turn(loop)
        assert made == ["first", "second"]

    def test_a_call_that_fails_holds_up_no_other(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        failures: list[Any] = []
        made: list[int] = []
        loop.set_exception_handler(lambda _loop, context: failures.append(context["exception"]))
        calls.submit([].remove, 1)
        calls.submit(made.append, 2)
        turn(loop)
        turn(loop)
        assert made == [2]
        assert [type(failure) for failure in failures] == [ValueError]

    def test_a_failing_call_that_has_woken_the_loop_is_not_woken_twice(self) -> None:
        loop = CountingLoop()
        loop.set_exception_handler(lambda _loop, _context: None)
        calls = Calls(loop)
        made: list[int] = []

        def submit_and_fail() -> None:
            calls.submit(made.append, 1)
            raise ValueError

        calls.submit(submit_and_fail)
        turn(loop)
        turn(loop)
        loop.close()
        assert made == [1]
        assert loop.wake_ups == 2


class TestAsk:
    def ask(
        self, loop: asyncio.AbstractEventLoop, calls: Calls, function: Callable[..., Any]
    ) -> Future[Any]:
        answer = in_thread(lambda: calls.ask(function, 1))
        while not answer.done():
            turn(loop)
        return answer

    def test_returns_what_the_call_returns(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        assert self.ask(loop, calls, str).result(TIMEOUT) == "1"

    @pytest.mark.parametrize("error", [ValueError, KeyError, RuntimeError, TypeError, OSError])
    def test_raises_what_the_call_raises(
        self, loop: asyncio.AbstractEventLoop, calls: Calls, error: type[Exception]
    ) -> None:
        def fail(_argument: int) -> None:
            raise error("said why")

        with pytest.raises(error, match="said why"):
            self.ask(loop, calls, fail).result(TIMEOUT)

    def test_on_the_loop_s_own_thread_nobody_waits(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        made: list[object] = []

        def fail() -> None:
            raise ValueError("said why")

        def ask() -> None:
            calls.submit(made.append, "submitted")
            made.append(calls.ask(str, 1))
            with pytest.raises(ValueError, match="said why"):
                calls.ask(fail)

        loop.call_soon(ask)
        while len(made) < 2:
            turn(loop)
        assert made == ["1", "submitted"]


class TestClose:
    def test_calls_that_are_left_are_made(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        made: list[int] = []
        for number in range(3 * DRAIN_BUDGET):
            calls.submit(made.append, number)
        calls.close()
        assert made == list(range(3 * DRAIN_BUDGET))
        turn(loop)

    def test_calls_after_it_are_dropped_and_not_kept(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        calls.close()
        made: list[int] = []
        calls.submit(made.append, 1)
        turn(loop)
        assert made == []
        assert not calls._queue, "calls that nobody makes pile up"

    def test_a_call_made_at_the_end_may_submit_another(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        made: list[int] = []
        calls.submit(calls.submit, made.append, 1)
        calls.submit(made.append, 2)
        calls.close()
        turn(loop)
        assert made == [2]

    def test_ask_raises_after_it(self, calls: Calls) -> None:
        calls.close()
        with pytest.raises(RuntimeError, match="the server has stopped"):
            calls.ask(str, 1)

    def test_who_asked_too_late_to_be_answered_does_not_wait(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        asked = threading.Event()

        def ask_from_another_thread() -> None:
            answers.append(in_thread(lambda: (asked.set(), calls.ask(str, 1))))
            asked.wait(TIMEOUT)
            while not calls._queue:
                pass

        answers: list[Future[Any]] = []
        calls.submit(ask_from_another_thread)
        calls.close()
        with pytest.raises(RuntimeError, match="the server has stopped"):
            answers[0].result(TIMEOUT)

    def test_it_is_closed_although_a_last_call_fails(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        calls.submit([].remove, 1)
        with pytest.raises(ValueError, match="not in list"):
            calls.close()
        with pytest.raises(RuntimeError, match="the server has stopped"):
            calls.ask(str, 1)

    def test_a_loop_that_was_closed_before_is_no_error_for_the_caller(
        self, loop: asyncio.AbstractEventLoop, calls: Calls
    ) -> None:
        loop.close()
        calls.submit(print, 1)
        with pytest.raises(RuntimeError, match="the server has stopped"):
            calls.ask(str, 1)

    def test_two_threads_may_discard_at_once(self, calls: Calls) -> None:
        calls.close()
        start = threading.Barrier(2)

        def submit_many() -> None:
            start.wait(TIMEOUT)
            for number in range(2000):
                calls.submit(print, number)

        threads = [in_thread(submit_many) for _ in range(2)]
        for thread in threads:
            thread.result(TIMEOUT)
        assert not calls._queue
