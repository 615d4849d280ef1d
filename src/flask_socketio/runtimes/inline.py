"""Handlers without threads of their own, and a time that moves when it is told to: for tests.

Threads: any thread may put jobs and may run them (`run_ready`, `wait`). ``_changed`` guards the
ready queue and every mailbox. The clock has a condition of its own.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, Protocol

from ..hub.mailbox import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from ..hub.mailbox import Mailbox
    from ..hub.ports import Job
    from .lock import LockRuntime

#: Seconds, of real time, that background tasks have to sleep or to end, before time moves on.
TASK_TIME = 1.0
#: Seconds between two looks at something that tells nobody when it happens.
LOOK_INTERVAL = 0.01
#: The same, for who sleeps.
EVENT_INTERVAL = 0.2


class BackgroundThreads(Protocol):
    """The threads that do not move the time, but wait until another one does."""

    @property
    def is_current(self) -> bool:
        """Whether the current thread is one of them."""
        ...

    @property
    def threads(self) -> Collection[threading.Thread]:
        """Those that run at this moment."""
        ...


class ManualClock:
    """A time that stands still until it is moved, and wakes who sleeps in it.

    Its timers are those of ``runtime``.

    :param background: who has to be asleep before it moves.
    """

    runtime: LockRuntime

    def __init__(self, background: BackgroundThreads) -> None:
        self._background = background
        self._time = 0.0
        self._changed = threading.Condition()
        #: Who sleeps, and until when.
        self._sleepers: dict[threading.Thread, float] = {}
        #: Who is not waited for any more, until it sleeps again.
        self._busy: set[threading.Thread] = set()

    def now(self) -> float:
        """Return the time in seconds, from 0 on."""
        return self._time

    @property
    def next_awakening(self) -> float:
        """When the first of those who sleep wakes; infinity when nobody sleeps."""
        with self._changed:
            return min(self._sleepers.values(), default=inf)

    def sleep(self, event: threading.Event, seconds: float | None) -> bool:
        """Wait until another thread has moved the time, or set the event; `notify` hastens that.

        :param seconds: of this clock; None for no limit.
        :returns: whether the event was set.
        """
        thread = threading.current_thread()
        until = inf if seconds is None else self._time + seconds
        with self._changed:
            self._sleepers[thread] = until
            self._busy.discard(thread)
            self._changed.notify_all()
            # Who moves the time takes out whom it wakes: they count as awake at once.
            while not event.is_set() and thread in self._sleepers:
                self._changed.wait(EVENT_INTERVAL)
            self._sleepers.pop(thread, None)
        return event.is_set()

    def notify(self) -> None:
        """Have those who sleep look at their events."""
        with self._changed:
            self._changed.notify_all()

    def advance(self, seconds: float, run: Callable[[], object], stop: threading.Event) -> None:
        """Move the time, with each timer and each awakening at its time.

        :param run: called after each; it is to do what has become due.
        :param stop: ends it early.
        """
        end = self._time + seconds
        while not stop.is_set():
            self._await_tasks()
            run()
            when = min(self.runtime.timer_at, self.next_awakening)
            if when > end:
                self._time = max(self._time, end)
                break
            self._time = max(self._time, when)
            if self.runtime.timer_at <= self._time:
                self.runtime.handle_timer()
            self._wake_sleepers()

    @property
    def all_asleep(self) -> bool:
        """Whether every background thread sleeps."""
        with self._changed:
            return not self._awake(())

    def _awake(self, but: Collection[threading.Thread]) -> list[threading.Thread]:
        return [
            thread
            for thread in self._background.threads
            if thread not in self._sleepers and thread not in but
        ]

    def _await_tasks(self) -> None:
        """Wait until background threads sleep or have ended, but not for ever."""
        deadline = time.monotonic() + TASK_TIME
        with self._changed:
            self._busy.intersection_update(self._background.threads)
            while awake := self._awake({*self._busy, threading.current_thread()}):
                if time.monotonic() > deadline:
                    self._busy.update(awake)
                    return
                self._changed.wait(LOOK_INTERVAL)

    def _wake_sleepers(self) -> None:
        with self._changed:
            for thread in [who for who, until in self._sleepers.items() if until <= self._time]:
                del self._sleepers[thread]
            self._changed.notify_all()


class InlineWorkers:
    """Runs jobs in whatever thread asks for it, in the order of their mailboxes.

    :param clock: the time; who waits in a job moves it instead of waiting.
    :param background: the threads that do not move it.
    """

    def __init__(self, clock: ManualClock, background: BackgroundThreads) -> None:
        self._clock = clock
        self._background = background
        self._changed = threading.Condition()
        #: Mailboxes with a job to start, and runs that go on.
        self._ready: deque[Mailbox | Run] = deque()
        #: How many jobs run and do not wait, in all threads.
        self._running = 0
        self._current = threading.local()

    def put(self, mailbox: Mailbox, job: Job) -> None:
        """Add a job to a mailbox; somebody has to run it."""
        with self._changed:
            if mailbox.put(job):
                self._ready.append(mailbox)
            self._changed.notify_all()

    # ---------------------------------------------------------------- running

    @property
    def in_job(self) -> bool:
        """Whether the current thread runs a job that does not wait."""
        return getattr(self._current, "run", None) is not None

    def run_ready(self) -> None:
        """Run jobs until none is ready; in a job, nothing happens: they run after it."""
        if self.in_job:
            return
        while True:
            while self._run_one():
                pass
            # What this thread has asked of the Hub may have been left to another one.
            self._clock.runtime.settle()
            if not self._ready:
                return

    def _run_one(self) -> bool:
        with self._changed:
            if not self._ready:
                return False
            ready = self._ready.popleft()
            run = ready if isinstance(ready, Run) else ready.start(self._clock.now())
            self._running += 1
        self._current.run = run
        try:
            run.job.run()
        finally:  # also for what ends a test, such as pytest.fail() in a handler
            if self._current.run is run:
                self._current.run = None
                self._let_go(run)
        return True

    def detach(self) -> Run | None:
        """Let the caller's job go on after it has returned, until `resume`.

        :returns: what to resume; None outside a job.
        """
        run: Run | None = getattr(self._current, "run", None)
        self._current.run = None
        return run

    def resume(self, run: Run, job: Job) -> None:
        """Have a run that `detach` returned go on with another job; somebody has to run it."""
        run.job = job
        with self._changed:
            self._running -= 1
            self._ready.append(run)
            self._changed.notify_all()

    def _let_go(self, run: Run, strict: bool = False) -> None:
        """A run has ended or waits: others may start.

        :param strict: True to keep the lane of its mailbox.
        """
        with self._changed:
            self._running -= 1
            if not strict and run.mailbox.release(run):
                self._ready.append(run.mailbox)
            self._changed.notify_all()
        self._clock.notify()

    def finish(self, *mailboxes: Mailbox) -> None:
        """Run jobs until these mailboxes are empty, also of jobs that other threads run.

        It gives up when no job runs any more: those that are left wait for something. In a job,
        nothing happens.
        """
        if self.in_job:
            return
        while True:
            self.run_ready()
            with self._changed:
                if not any(len(mailbox) or mailbox.lane is not None for mailbox in mailboxes):
                    return
                if not self._ready:
                    if not self._running:
                        return
                    self._changed.wait()

    def wait_for_job(self, seconds: float) -> None:
        """Wait until there is a job to run, for some seconds of real time at most."""
        with self._changed:
            if not self._ready:
                self._changed.wait(seconds)

    # ---------------------------------------------------------------- waiting

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let other jobs run in this thread meanwhile: a job is about to wait.

        The client's next handler may start, unless its handlers are strictly one after the other.
        """
        run: Run | None = getattr(self._current, "run", None)
        self._current.run = None
        if run is not None:
            self._let_go(run, run.mailbox.strict)
        try:
            yield
        finally:
            self._current.run = run
            if run is not None:
                with self._changed:
                    self._running += 1

    def wait(self, event: threading.Event, timeout: float | None) -> bool:
        """Wait for an event, with nothing but the clock moving.

        Whoever can set it is run. When all have run, the time-out comes at once: the clock is moved
        there. (Background threads wait until another thread moves it.)

        :param timeout: seconds of the clock; None gives up when nobody is left to set the event.
        :returns: whether the event was set.
        """
        with self.waiting():
            self._run_all(event, timeout)
            if not event.is_set():
                if self._background.is_current:
                    return self._clock.sleep(event, timeout)
                if timeout is not None:
                    self._clock.advance(timeout, self.run_ready, event)
            return event.is_set()

    def _run_all(self, event: threading.Event, timeout: float | None) -> None:
        """Run jobs until the event is set, or none is left, also none that other threads run."""
        deadline = time.monotonic() + (inf if timeout is None else timeout)
        while not event.is_set():
            self.run_ready()
            with self._changed:
                if not self._ready:
                    if not self._running or time.monotonic() > deadline:
                        return
                    self._changed.wait(LOOK_INTERVAL)

    def sleep(self, seconds: float, until: threading.Event | None = None) -> bool:
        """Move the clock; in a background thread, wait until another thread has moved it.

        :param until: ends it early.
        :returns: whether that was set.
        """
        event = until or threading.Event()
        if self._background.is_current:  # whoever moves the time runs the jobs
            with self.waiting():
                return self._clock.sleep(event, seconds)
        return self.wait(event, seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock, and run what becomes due."""
        with self.waiting():
            self.run_ready()
            self._clock.advance(seconds, self.run_ready, threading.Event())
