"""The order in which one client's handlers run."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ports import Job


class Run:
    """One job that has been started; it holds its mailbox's lane until it ends or lets go."""

    __slots__ = ("job", "mailbox", "started")

    def __init__(self, mailbox: Mailbox, job: Job, started: float) -> None:
        self.mailbox: Mailbox = mailbox
        self.job: Job = job
        self.started: float = started


class Mailbox:
    """Jobs that start in order: the next when the one before has ended or let go of the lane.

    It has no lock: who runs the jobs serialises the calls.

    :param strict: True if a run keeps the lane until it has ended (``async_handlers=False``).
    """

    __slots__ = ("_later", "_queued", "lane", "next", "strict")

    def __init__(self, strict: bool = False) -> None:
        self.strict: bool = strict
        #: The run that the next job waits for.
        self.lane: Run | None = None
        #: The job that starts next. Mostly there is one or none, and a deque, even an empty one,
        #: takes 600 bytes and its time.
        self.next: Job | None = None
        self._later: deque[Job] | None = None
        self._queued = False

    def __len__(self) -> int:
        later = self._later  # read once: a worker that starts the last job takes it away
        return (self.next is not None) + (len(later) if later is not None else 0)

    def put(self, job: Job) -> bool:
        """Add a job.

        :returns: True when the mailbox has become ready: `start` it.
        """
        if self.next is None:
            self.next = job
        elif self._later is None:
            self._later = deque((job,))
        else:
            self._later.append(job)
        return self._becomes_ready()

    def start(self, now: float) -> Run:
        """Start the next job of a mailbox that is ready."""
        assert self.lane is None, "start() is for a mailbox that has become ready"
        job = self.next
        assert job is not None
        self._queued = False
        self.next = None
        later = self._later
        if later is not None:
            self.next = later.popleft()
            if not later:
                self._later = None
        self.lane = Run(self, job, now)
        return self.lane

    def release(self, run: Run) -> bool:
        """Let the next job start: this run has ended, waits, or takes too long.

        :returns: True when the mailbox has become ready.
        """
        if self.lane is not run:
            return False
        self.lane = None
        return self._becomes_ready()

    def _becomes_ready(self) -> bool:
        if self._queued or self.lane is not None or self.next is None:
            return False
        self._queued = True
        return True
