"""Jobs whose course a test decides, and a pool on a loop that turns by hand."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from tests.runtimes.manual_loop import ManualLoop

from flask_socketio.runtimes.workers import LOOK_INTERVAL, Workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask_socketio.hub.mailbox import Mailbox

#: Seconds after which a test has failed; nothing waits for them otherwise.
TIMEOUT = 10.0


class Task:
    """A job that calls a function."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self.ended = threading.Event()

    def run(self) -> None:
        try:
            self._function()
        finally:
            self.ended.set()


class Blocked:
    """A job that runs until it is let go.

    :param around: what it does while it is blocked: ``waiting`` of the pool, or nothing.
    """

    def __init__(self, pool: Pool | None = None) -> None:
        self._pool = pool
        self.started = threading.Event()
        self.go = threading.Event()
        self.ended = threading.Event()

    def run(self) -> None:
        self.started.set()
        if self._pool is None:
            assert self.go.wait(TIMEOUT), "nobody let the job go"
        else:
            with self._pool.workers.waiting():
                assert self.go.wait(TIMEOUT), "nobody let the job go"
        self.ended.set()


class Pool:
    """Workers with a clock that stands still until `pass_time`.

    :param busy: whether the process uses its processor while time passes.
    """

    def __init__(
        self,
        overlap: float = 0.1,
        *,
        busy: bool = False,
        max_workers: int = 64,
        idle_time: float = 5.0,
    ) -> None:
        self.loop = ManualLoop()
        self.busy = busy
        self.workers = Workers(
            self.loop,  # type: ignore[arg-type]  # it has what workers need
            overlap,
            max_workers=max_workers,
            idle_time=idle_time,
            clock=self.loop.time,
            process_time=lambda: self.loop.now if busy else 0.0,
        )

    def put(self, mailbox: Mailbox, *jobs: Task | Blocked) -> None:
        """Add jobs in one turn of the loop."""
        for job in jobs:
            self.workers.put(mailbox, job)
        self.hand_over()

    def hand_over(self) -> None:
        """Turn the loop until a turn has added no job: then workers get them."""
        self.loop.turn()
        self.loop.turn()

    def pass_time(self, seconds: float) -> None:
        self.loop.advance(seconds)

    def look(self, times: int = 1) -> None:
        """Let so many looks around come due."""
        for _ in range(times):
            self.loop.advance(LOOK_INTERVAL)

    def rest(self) -> None:
        """Wait until every job has ended, without any look around."""
        wait_until(lambda: self.workers.is_idle, "every job has ended")

    def run_dry(self) -> None:
        """Let time pass until every job has ended."""
        wait_until(lambda: self.look() or self.workers.is_idle, "every job has ended")


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for something that other threads do."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.0005)
