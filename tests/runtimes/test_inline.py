"""Handlers in the caller, and a time that is moved."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.hub.doubles import ENVIRON, Application, WebSocket

from flask_socketio.engineio import SessionSettings, Transport
from flask_socketio.hub.engine import Engine
from flask_socketio.hub.mailbox import Mailbox
from flask_socketio.runtimes import inline
from flask_socketio.runtimes.inline import InlineWorkers, ManualClock
from flask_socketio.runtimes.lock import LockRuntime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMEOUT = 10.0


class Call:
    """A job that calls a function."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function

    def run(self) -> None:
        self._function()


class Background:
    """Threads that wait for the time to be moved."""

    def __init__(self) -> None:
        self.running: set[threading.Thread] = set()

    @property
    def threads(self) -> tuple[threading.Thread, ...]:
        return tuple(self.running)

    @property
    def is_current(self) -> bool:
        return threading.current_thread() in self.running


class Site:
    """Workers, with a clock whose only timers are those of an engine without sessions."""

    def __init__(self) -> None:
        self.background = Background()
        self.clock = ManualClock(self.background)
        self.runtime = self.clock.runtime = LockRuntime(self.clock.now)
        settings = SessionSettings(25.0, ping_timeout=20.0)
        self.engine = Engine(settings, Application(), self.runtime, lambda: "e1")
        self.runtime.engine = self.engine
        self.workers = InlineWorkers(self.clock, self.background)
        self.mailbox = Mailbox()
        self.done: list[Any] = []
        self._started: list[threading.Thread] = []

    def put(self, what: Any, mailbox: Mailbox | None = None) -> None:
        """Add a job that calls a function, or that only notes something."""
        job = Call(what if callable(what) else lambda: self.done.append(what))
        # An empty mailbox is false.
        self.workers.put(self.mailbox if mailbox is None else mailbox, job)

    def in_background(self, function: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                function()
            finally:
                self.background.running.discard(thread)

        thread = threading.Thread(target=run, daemon=True)
        self._started.append(thread)
        self.background.running.add(thread)
        thread.start()
        return thread

    def join(self) -> None:
        for thread in self._started:
            thread.join(TIMEOUT)
            assert not thread.is_alive(), "a background thread did not end"


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.join()


class TestOrder:
    def test_nothing_runs_by_itself(self, site: Site) -> None:
        site.put("a")
        assert site.done == []

    def test_jobs_of_a_mailbox_run_in_order(self, site: Site) -> None:
        for name in "abc":
            site.put(name)
        site.workers.run_ready()
        assert site.done == ["a", "b", "c"]

    def test_a_job_that_a_job_adds_runs_after_it(self, site: Site) -> None:
        def outer() -> None:
            site.put("inner", Mailbox())
            site.workers.run_ready()
            site.done.append("outer")

        site.put(outer)
        site.workers.run_ready()
        assert site.done == ["outer", "inner"]

    def test_a_job_that_fails_leaves_its_place(self, site: Site) -> None:
        def fail() -> None:
            raise KeyboardInterrupt

        site.put(fail)
        site.put("next")
        with pytest.raises(KeyboardInterrupt):
            site.workers.run_ready()
        assert not site.workers.in_job
        site.workers.run_ready()
        assert site.done == ["next"]


class TestWaiting:
    def test_the_next_job_of_the_mailbox_runs_meanwhile(self, site: Site) -> None:
        def sleep() -> None:
            site.workers.sleep(1)
            site.done.append("slept")

        site.put(sleep)
        site.put("next")
        site.workers.run_ready()
        assert site.done == ["next", "slept"]

    def test_but_not_if_it_is_strict(self, site: Site) -> None:
        strict = Mailbox(strict=True)

        def sleep() -> None:
            site.workers.sleep(1)
            site.done.append("slept")

        site.put(sleep, strict)
        site.put("next", strict)
        site.put("of another", Mailbox())
        site.workers.run_ready()
        assert site.done == ["of another", "slept", "next"]

    def test_sleep_moves_the_clock(self, site: Site) -> None:
        site.workers.sleep(90)
        assert site.clock.now() == 90

    def test_an_event_that_a_job_sets_comes_at_once(self, site: Site) -> None:
        event = threading.Event()
        site.put(event.set)
        assert site.workers.wait(event, 60)
        assert site.clock.now() == 0

    def test_an_event_that_nobody_sets_times_out_at_once(self, site: Site) -> None:
        assert not site.workers.wait(threading.Event(), 60)
        assert site.clock.now() == 60

    def test_without_a_limit_it_gives_up(self, site: Site) -> None:
        assert not site.workers.wait(threading.Event(), None)
        assert site.clock.now() == 0

    def test_an_event_that_another_threads_job_sets_is_waited_for(self, site: Site) -> None:
        event, entered, leave = threading.Event(), threading.Event(), threading.Event()

        def slow() -> None:
            entered.set()
            assert leave.wait(TIMEOUT)
            event.set()

        site.put(slow)
        other = threading.Thread(target=site.workers.run_ready)
        other.start()
        assert entered.wait(TIMEOUT)
        site.put(leave.set, Mailbox())
        assert site.workers.wait(event, 60)
        assert site.clock.now() == 0
        other.join(TIMEOUT)


class TestFinish:
    def test_it_runs_everything(self, site: Site) -> None:
        site.put("a")
        site.put("b", Mailbox())
        site.workers.finish(site.mailbox)
        assert site.done == ["a", "b"]

    def test_in_a_job_it_does_not_wait_for_the_job(self, site: Site) -> None:
        site.put(lambda: site.workers.finish(site.mailbox))
        site.workers.run_ready()

    def test_it_gives_up_when_what_is_left_waits(self, site: Site) -> None:
        strict = Mailbox(strict=True)

        def wait() -> None:
            with site.workers.waiting():
                site.workers.finish(strict)
            site.done.append("first")

        site.put(wait, strict)
        site.put("second", strict)
        site.workers.finish(strict)
        assert site.done == ["first", "second"]

    def test_it_waits_for_jobs_that_another_thread_runs(self, site: Site) -> None:
        entered, leave = threading.Event(), threading.Event()

        def slow() -> None:
            entered.set()
            assert leave.wait(TIMEOUT)
            site.done.append("slow")

        site.put(slow)
        other = threading.Thread(target=site.workers.run_ready)
        other.start()
        assert entered.wait(TIMEOUT)
        threading.Timer(0.02, leave.set).start()
        site.workers.finish(site.mailbox)
        assert site.done == ["slow"]
        other.join(TIMEOUT)

    def test_a_job_goes_on_after_it_was_detached(self, site: Site) -> None:
        def begin() -> None:
            run = site.workers.detach()
            assert run is not None
            end = Call(lambda: site.done.append("end"))
            threading.Timer(0.02, site.workers.resume, (run, end)).start()
            site.done.append("begin")

        site.put(begin)
        site.put("next")
        site.workers.finish(site.mailbox)
        assert site.done == ["begin", "end", "next"]

    def test_outside_of_a_job_nothing_is_detached(self, site: Site) -> None:
        assert site.workers.detach() is None

    def test_waiting_for_a_job_ends_when_there_is_one(self, site: Site) -> None:
        site.put("a")
        site.workers.wait_for_job(TIMEOUT)


class TestClock:
    def test_timers_happen_at_their_time(self, site: Site) -> None:
        websocket = WebSocket()

        def open_session() -> None:
            site.engine.open(Transport.WEBSOCKET, ENVIRON).websocket = websocket

        site.runtime.submit(open_session)
        websocket.take()
        site.workers.advance(24)
        assert websocket.take() == []
        site.workers.advance(1)
        assert websocket.take() == ["2"]
        site.workers.advance(20)
        assert websocket.closed is not None

    def test_background_threads_wake_in_the_order_of_their_times(self, site: Site) -> None:
        def every(seconds: int) -> None:
            for _ in range(3):
                site.workers.sleep(seconds)
                site.done.append(site.clock.now())

        site.in_background(lambda: every(2))
        site.in_background(lambda: every(5))
        site.workers.advance(11)
        assert site.done == [2, 4, 5, 6, 10]
        site.workers.advance(100)
        assert site.done[-1] == 15
        assert site.clock.now() == 111

    def test_a_handler_that_sleeps_lets_background_threads_run(self, site: Site) -> None:
        def work() -> None:
            site.workers.sleep(3)
            site.done.append("background")

        site.in_background(work)
        site.put(lambda: site.workers.sleep(5))
        site.put("handler")
        site.workers.finish(site.mailbox)
        assert site.done == ["handler", "background"]

    def test_a_background_thread_waits_for_an_event(self, site: Site) -> None:
        event = threading.Event()
        thread = site.in_background(lambda: site.done.append(site.workers.wait(event, None)))
        event.set()
        site.clock.notify()
        thread.join(TIMEOUT)
        assert site.done == [True]

    def test_all_asleep(self, site: Site) -> None:
        assert site.clock.all_asleep
        leave = threading.Event()
        site.in_background(lambda: leave.wait(TIMEOUT))
        assert not site.clock.all_asleep
        leave.set()

    def test_a_thread_that_is_busy_does_not_stop_the_time(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inline, "TASK_TIME", 0.02)
        leave = threading.Event()
        site.in_background(lambda: leave.wait(TIMEOUT))
        site.workers.advance(10)
        assert site.clock.now() == 10
        leave.set()

    def test_a_background_thread_may_move_the_time(self, site: Site) -> None:
        site.in_background(lambda: site.workers.advance(3))
        site.join()
        assert site.clock.now() == 3
