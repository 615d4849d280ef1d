"""The threads that run handlers and views.

Threads: the loop's thread adds jobs (`put`), collects them for one turn and hands them over
together, with one wake-up. Workers take them. ``_lock`` guards the ready queue, every mailbox and
the numbers of workers. An idle worker waits on a lock of its own, the last to go idle wakes first.

How many workers: one is enough while handlers only compute, since Python runs one at a time; more
help as soon as handlers wait. So whenever jobs wait and the process does not use its processor,
workers are added, and those that have been idle for a while end.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..hub.mailbox import Mailbox, Run

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from ..hub.ports import Job

logger: logging.Logger = logging.getLogger("flask_socketio")

#: Workers at most; each blocked handler or view holds one.
MAX_WORKERS = 512
#: Seconds after which a worker with nothing to do ends.
IDLE_TIME = 20.0
#: Turns of the loop that may add to the jobs of one hand-over.
GATHER_TURNS = 4
#: Seconds between two looks at whether jobs wait too long.
LOOK_INTERVAL = 0.005
#: Looks without any job started, for each worker there is, after which one is added whatever the
#: processor's load: handlers that compute gain nothing from company.
STALLED_LOOKS = 4
#: Share of one processor above which more workers would only get in each other's way.
BUSY_SHARE = 0.7
#: Seconds between two warnings that the system gives no more threads.
WARNING_INTERVAL = 10.0


class _Worker:
    """What a worker thread waits on, and what it runs."""

    __slots__ = ("gate", "run", "since", "waiting")

    def __init__(self) -> None:
        self.gate = threading.Lock()
        self.gate.acquire()
        self.run: Run | None = None
        #: When it took that; a run that was resumed has started earlier.
        self.since = 0.0
        self.waiting = False


class _Resumption:
    """Stands in the ready queue for the mailbox of a run that goes on."""

    __slots__ = ("_run",)

    next: Job | None = None

    def __init__(self, run: Run) -> None:
        self._run = run

    def start(self, now: float) -> Run:
        """Return the run: it still has its lane, or has lost it."""
        return self._run


class Workers:
    """An elastic pool of daemon threads.

    :param loop: the loop whose thread calls `put`.
    :param handler_overlap: seconds after which a client's next handler starts although the one
        before it still runs (``handler_overlap``).
    :param max_workers: threads at most.
    :param idle_time: seconds after which a worker with nothing to do ends.
    :param clock: the time in seconds, which never goes back.
    :param process_time: the seconds of processor time that this process has used.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handler_overlap: float = 0.1,
        *,
        max_workers: int = MAX_WORKERS,
        idle_time: float = IDLE_TIME,
        clock: Callable[[], float] = time.monotonic,
        process_time: Callable[[], float] = time.process_time,
    ) -> None:
        self._loop = loop
        self._overlap = handler_overlap
        self._max_workers = max_workers
        self._idle_time = idle_time
        self._clock = clock
        self._process_time = process_time
        self._lock = threading.Lock()
        self._ready: deque[Mailbox | _Resumption] = deque()
        self._idle: list[_Worker] = []
        self._count = 0
        #: Runs that go on without a worker.
        self._detached = 0
        #: Workers that will soon take the next job: all but those that are idle, say that they
        #: wait, or were seen to run one job for long.
        self._running: set[_Worker] = set()
        #: How many jobs have been started.
        self._taken = 0
        self._warned_at = -WARNING_INTERVAL
        self._current = threading.local()
        self._incoming: list[tuple[Mailbox, Job]] = []
        #: How many jobs there were at the last turn of the loop; how many turns have added some.
        self._gathered = self._gathering = 0
        #: Every run that holds a lane other jobs wait for, with the time at which it loses it.
        #: While there is one, or a mailbox that is ready, a look around is due.
        self._overlapping: deque[tuple[float, Run]] = deque()
        self._look: asyncio.TimerHandle | None = None
        self._seen: tuple[int, float, float, int] = (0, 0.0, 0.0, 0)

    # ---------------------------------------------------------------- the loop's side

    def put(self, mailbox: Mailbox, job: Job) -> None:
        """Add a job to a mailbox; it is handed over at the end of this turn of the loop."""
        incoming = self._incoming
        if not incoming:
            self._gathered = self._gathering = 0
            self._loop.call_soon(self._gather)
        incoming.append((mailbox, job))

    def run(self, job: Job) -> None:
        """Add a job that waits for no other."""
        self.put(Mailbox(), job)

    def _gather(self) -> None:
        """Hand over the jobs of this turn, or first let the next turn add to them.

        Each hand-over costs some switches between threads, so that it pays, while many clients
        send, to wait for more; a turn that adds nothing ends the wait.
        """
        if len(self._incoming) > self._gathered and self._gathering < GATHER_TURNS:
            self._gathered = len(self._incoming)
            self._gathering += 1
            self._loop.call_soon(self._gather)
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        incoming, self._incoming = self._incoming, []
        ready = self._ready
        with self._lock:
            for mailbox, job in incoming:
                if mailbox.put(job):
                    ready.append(mailbox)
                elif len(mailbox) == 1 and mailbox.lane is not None:
                    self._watch_lane(mailbox.lane)
            if ready and self._lacks_worker():
                self._wake_one()
            look = bool(ready or self._overlapping)
        if look and self._look is None:
            self._look_soon()

    def resume(self, run: Run, job: Job) -> None:
        """Have a run that `detach` returned go on with another job, in any worker."""
        run.job = job
        with self._lock:
            self._detached -= 1
            self._ready.append(_Resumption(run))
            if self._lacks_worker():
                self._wake_one()
        if self._look is None:
            self._look_soon()

    def _look_soon(self) -> None:
        self._look = self._loop.call_later(LOOK_INTERVAL, self._look_around)

    def _look_around(self) -> None:
        """Add workers if jobs wait although the processor has time; free lanes held too long."""
        self._look = None
        now = self._clock()
        with self._lock:
            self._end_overlaps(now)
            if self._ready:
                self._judge_load(now)
            look = bool(self._ready or self._overlapping)
        if look:
            self._look_soon()

    def _watch_lane(self, run: Run) -> None:
        """A job waits for the lane of a run; the lock is held."""
        if not run.mailbox.strict:
            self._overlapping.append((run.started + self._overlap, run))

    def _end_overlaps(self, now: float) -> None:
        for _ in range(len(self._overlapping)):
            due, run = self._overlapping.popleft()
            mailbox = run.mailbox
            if due > now and mailbox.lane is run:
                self._overlapping.append((due, run))
            elif mailbox.release(run):
                self._ready.append(mailbox)
                if self._idle or not self._running:
                    self._wake_one()

    def _judge_load(self, now: float) -> None:
        used = self._process_time()
        taken, then, used_then, stalled = self._seen
        stalled = stalled + 1 if taken == self._taken else 0
        idle_processor = used - used_then < BUSY_SHARE * (now - then)
        recent = now - then < 10 * LOOK_INTERVAL
        self._seen = (self._taken, now, used, stalled)
        if recent and idle_processor:
            for _ in range(min(len(self._ready), max(1, self._count - len(self._idle)))):
                self._wake_one()
        elif stalled >= STALLED_LOOKS * max(1, self._count - len(self._idle)):
            self._seen = (self._taken, now, used, 0)
            self._wake_one()

    # ---------------------------------------------------------------- the workers' side

    def _lacks_worker(self) -> bool:
        """Tell whether nobody will soon take the next job; the lock is held.

        An idle worker need not wait for a look around when all others are blocked.
        """
        running = self._running
        if running and self._idle:
            lately = self._clock() - LOOK_INTERVAL
            for worker in tuple(running):
                if worker.run is None or worker.since > lately:
                    return False
                running.discard(worker)
        return not running

    def _wake_one(self) -> None:
        """Let one more worker take jobs. The lock is held."""
        if self._idle:
            worker = self._idle.pop()
            self._running.add(worker)
            worker.gate.release()
        elif self._count < self._max_workers:
            self._start_worker()

    def _start_worker(self) -> None:
        """Start a thread; if the system gives none, the next look around tries again."""
        worker = _Worker()
        name = f"flask-socketio-worker-{self._count + 1}"
        try:
            threading.Thread(target=self._work, args=(worker,), name=name, daemon=True).start()
        except RuntimeError as error:
            now = self._clock()
            if now - self._warned_at >= WARNING_INTERVAL:
                self._warned_at = now
                logger.error("%d workers run, and one more was refused: %s", self._count, error)
        else:
            self._running.add(worker)
            self._count += 1

    def _work(self, worker: _Worker) -> None:
        self._current.worker = worker
        lock = self._lock
        ready = self._ready
        running = self._running
        clock = self._clock
        while True:
            with lock:
                run = worker.run
                if run is not None:
                    worker.run = None
                    running.add(worker)
                    mailbox = run.mailbox
                    if mailbox.release(run):
                        ready.append(mailbox)
                if ready:
                    self._taken += 1
                    next_mailbox = ready.popleft()
                    now = worker.since = clock()
                    run = worker.run = next_mailbox.start(now)
                    if next_mailbox.next is not None:
                        self._watch_lane(run)
                else:
                    run = None
                    running.discard(worker)
                    self._idle.append(worker)
            if run is not None:
                try:
                    run.job.run()
                except BaseException:  # also of sys.exit() in a handler: the worker goes on
                    logger.exception("%r failed: sys.exit(), or our own defect", run.job)
            elif not self._wait(worker):
                return

    def _wait(self, worker: _Worker) -> bool:
        """Wait for jobs; False when none came for a while, and the worker ends."""
        if worker.gate.acquire(timeout=self._idle_time):
            return True
        with self._lock:
            if worker in self._idle:
                self._idle.remove(worker)
                self._count -= 1
                return False
        worker.gate.acquire()
        return True

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let others run meanwhile: the caller is about to wait (``sleep``, ``call``).

        The client's next handler may start, unless its handlers are strictly one after the other.
        Outside a worker nothing happens.
        """
        worker: _Worker | None = getattr(self._current, "worker", None)
        if worker is None or worker.waiting:
            yield
            return
        worker.waiting = True
        with self._lock:
            self._running.discard(worker)
            run = worker.run
            if run is not None and not run.mailbox.strict and run.mailbox.release(run):
                self._ready.append(run.mailbox)
            if self._ready and self._lacks_worker():
                self._wake_one()
        try:
            yield
        finally:
            worker.waiting = False
            with self._lock:
                self._running.add(worker)

    def detach(self) -> Run | None:
        """Let the caller's job go on after it has returned, until `resume`, holding no worker.

        The client's next handler waits for it as for one that blocks.

        :returns: what to resume; None outside a worker.
        """
        worker: _Worker | None = getattr(self._current, "worker", None)
        if worker is None or worker.run is None:
            return None
        with self._lock:
            run, worker.run = worker.run, None
            self._running.add(worker)
            self._detached += 1
        return run

    def wait(self, event: threading.Event, timeout: float | None) -> bool:
        """Wait for an event, and let others run meanwhile.

        :param timeout: seconds; None for no limit.
        :returns: whether it was set.
        """
        with self.waiting():
            return event.wait(timeout)

    def sleep(self, seconds: float, until: threading.Event | None = None) -> bool:
        """Wait for some seconds, and let others run meanwhile.

        :param until: ends it early.
        :returns: whether that was set.
        """
        with self.waiting():
            if until is not None:
                return until.wait(seconds)
            time.sleep(seconds)
            return False

    # ---------------------------------------------------------------- the end

    @property
    def is_idle(self) -> bool:
        """Whether every job has ended."""
        with self._lock:
            at_work = self._count - len(self._idle) + self._detached
            return not (self._incoming or self._ready or at_work)

    @property
    def count(self) -> int:
        """The number of worker threads."""
        return self._count
