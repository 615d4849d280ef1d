from __future__ import annotations

import sys

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from flask_socketio.hub.mailbox import Mailbox, Run


class Job:
    """A job with a number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def run(self) -> None:
        raise AssertionError("a mailbox runs nothing")


class MailboxMachine(RuleBasedStateMachine):
    """A mailbox and whoever runs its jobs, against a list of numbers.

    A run ends, or lets go of its lane before it ends (it waits, or takes long): whoever runs the
    jobs calls `release` for both, so that most runs are released twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mailbox = Mailbox()
        self.arrived = 0
        self.started: list[int] = []
        self.running: list[Run] = []
        #: The run that the next job has to wait for.
        self.lane: Run | None = None
        #: Whether the mailbox has said that it is ready, and was not started since.
        self.ready = False

    def waiting(self) -> int:
        return self.arrived - len(self.started)

    @rule(count=st.integers(1, 3))
    def put(self, count: int) -> None:
        for _ in range(count):
            must_start = self.lane is None and not self.ready
            assert self.mailbox.put(Job(self.arrived)) is must_start
            self.arrived += 1
            self.ready = self.ready or must_start

    @precondition(lambda self: self.ready)
    @rule(now=st.floats(0, 1000))
    def start(self, now: float) -> None:
        run = self.mailbox.start(now)
        assert run.started == now
        self.started.append(run.job.number)  # type: ignore[attr-defined]
        self.running.append(run)
        self.lane = run
        self.ready = False

    @precondition(lambda self: self.lane is not None)
    @rule()
    def let_go(self) -> None:
        assert self.lane is not None
        self.release(self.lane)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(self.running))
        self.running.remove(run)
        self.release(run)

    def release(self, run: Run) -> None:
        becomes_ready = run is self.lane and self.waiting() > 0
        assert self.mailbox.release(run) is becomes_ready
        if run is self.lane:
            self.lane = None
        self.ready = self.ready or becomes_ready

    @invariant()
    def jobs_start_in_the_order_they_came(self) -> None:
        assert self.started == list(range(len(self.started)))

    @invariant()
    def the_lane_is_held_by_one_run_at_most(self) -> None:
        assert self.mailbox.lane is self.lane

    @invariant()
    def it_knows_how_many_wait(self) -> None:
        assert len(self.mailbox) == self.waiting()

    @invariant()
    def no_job_is_forgotten(self) -> None:
        assert not self.waiting() or self.ready or self.lane is not None

    @invariant()
    def an_empty_one_costs_nothing(self) -> None:
        assert self.waiting() or (self.mailbox.next is None and self.mailbox._later is None)


MailboxMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestMailbox = MailboxMachine.TestCase


def test_a_mailbox_knows_whether_it_is_strict() -> None:
    assert not Mailbox().strict
    assert Mailbox(strict=True).strict


def test_an_idle_one_is_small() -> None:
    mailbox = Mailbox()
    mailbox.put(Job(0))
    mailbox.release(mailbox.start(0.0))
    assert sys.getsizeof(mailbox) <= 80
