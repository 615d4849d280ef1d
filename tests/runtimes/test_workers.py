from __future__ import annotations

import gc
import logging
import sys
import threading
import weakref
from typing import TYPE_CHECKING

import pytest
from tests.runtimes.jobs import TIMEOUT, Blocked, Pool, Task, wait_until

from flask_socketio.hub.mailbox import Mailbox
from flask_socketio.runtimes.workers import LOOK_INTERVAL, STALLED_LOOKS, WARNING_INTERVAL, _Worker

if TYPE_CHECKING:
    from collections.abc import Callable


class TestOneClient:
    def test_its_jobs_start_in_order(self) -> None:
        pool = Pool()
        mailbox = Mailbox()
        ran: list[int] = []
        for first in range(0, 300, 3):
            numbers = range(first, first + 3)
            pool.put(
                mailbox, *[Task(lambda number=number: ran.append(number)) for number in numbers]
            )
        pool.rest()
        assert ran == list(range(300))
        assert pool.workers.count == 1

    def test_the_next_job_waits_for_the_one_before(self) -> None:
        pool = Pool()
        mailbox = Mailbox()
        first, second = Blocked(), Blocked()
        pool.put(mailbox, first, second)
        assert first.started.wait(TIMEOUT)
        pool.pass_time(0.09)
        assert not second.started.is_set()
        first.go.set()
        assert second.started.wait(TIMEOUT)
        second.go.set()
        pool.rest()

    def test_the_next_job_starts_beside_one_that_waits(self) -> None:
        pool = Pool()
        mailbox = Mailbox()
        first, second = Blocked(pool), Task(int)
        pool.put(mailbox, first, second)
        assert second.ended.wait(TIMEOUT)
        assert not first.ended.is_set()
        first.go.set()
        pool.rest()

    def test_a_job_that_comes_while_one_waits_starts_at_once(self) -> None:
        pool = Pool()
        mailbox = Mailbox()
        first, second = Blocked(pool), Task(int)
        pool.put(mailbox, first)
        wait_until(lambda: mailbox.lane is None, "the lane is free")
        pool.put(mailbox, second)
        assert second.ended.wait(TIMEOUT)
        first.go.set()
        pool.rest()

    def test_waiting_within_waiting_is_waiting(self) -> None:
        pool = Pool()
        mailbox = Mailbox()
        inner = Blocked(pool)

        def wait_twice() -> None:
            with pool.workers.waiting():
                inner.run()

        second = Task(int)
        pool.put(mailbox, Task(wait_twice), second)
        assert second.ended.wait(TIMEOUT)
        inner.go.set()
        pool.rest()

    def test_a_thread_that_is_no_worker_may_wait(self) -> None:
        pool = Pool()
        with pool.workers.waiting():
            assert pool.workers.is_idle


class TestOverlap:
    @pytest.fixture
    def mailbox(self) -> Mailbox:
        return Mailbox()

    def overlap(self, pool: Pool, second: Blocked | Task) -> None:
        pool.pass_time(0.099)
        assert pool.workers.count == 1, "the lane was lost too early"
        event = second.started if isinstance(second, Blocked) else second.ended
        wait_until(lambda: pool.look() or event.is_set(), "the next job starts beside the slow one")

    def test_a_job_that_comes_later(self, mailbox: Mailbox) -> None:
        pool = Pool()
        slow, second = Blocked(), Task(int)
        pool.put(mailbox, slow)
        assert slow.started.wait(TIMEOUT)
        pool.put(mailbox, second)
        self.overlap(pool, second)
        slow.go.set()
        pool.rest()

    def test_a_job_that_came_in_the_same_turn(self, mailbox: Mailbox) -> None:
        pool = Pool()
        slow, second = Blocked(), Task(int)
        pool.put(mailbox, slow, second)
        assert slow.started.wait(TIMEOUT)
        self.overlap(pool, second)
        slow.go.set()
        pool.rest()

    def test_each_of_many_slow_jobs(self, mailbox: Mailbox) -> None:
        pool = Pool()
        slow = [Blocked() for _ in range(4)]
        pool.put(mailbox, *slow)
        wait_until(
            lambda: pool.look() or all(job.started.is_set() for job in slow),
            "every job has started although none has ended",
        )
        assert pool.loop.now - 100 > 0.3
        for job in slow:
            job.go.set()
        pool.rest()

    def test_a_job_behind_one_that_is_not_slow(self, mailbox: Mailbox) -> None:
        pool = Pool()
        jobs = [Blocked() for _ in range(3)]
        pool.put(mailbox, *jobs)
        for job in jobs:
            assert job.started.wait(TIMEOUT)
            pool.pass_time(0.06)
            assert sum(job.started.is_set() for job in jobs) == jobs.index(job) + 1
            job.go.set()
        pool.rest()
        pool.look()
        assert not pool.loop.timers, "nothing runs, and yet there are looks around"

    def test_an_idle_worker_takes_the_job_at_the_next_look(self, mailbox: Mailbox) -> None:
        pool = Pool()
        pair = [Blocked(), Blocked()]
        for job in pair:
            pool.put(Mailbox(), job)
        wait_until(lambda: pool.look() or pair[1].started.is_set(), "two workers run")
        for job in pair:
            job.go.set()
        pool.rest()
        slow, second = Blocked(), Task(int)
        pool.put(mailbox, slow, second)
        assert slow.started.wait(TIMEOUT)
        pool.pass_time(0.11)
        assert second.ended.wait(TIMEOUT)
        slow.go.set()
        pool.rest()

    def test_strict_handlers_never_overlap(self) -> None:
        pool = Pool()
        mailbox = Mailbox(strict=True)
        first, second, third = Blocked(pool), Blocked(), Task(int)
        pool.put(mailbox, first, second)
        assert first.started.wait(TIMEOUT)
        pool.put(mailbox, third)
        pool.pass_time(60)
        assert not second.started.is_set()
        first.go.set()
        assert second.started.wait(TIMEOUT)
        pool.pass_time(60)
        assert not third.ended.is_set()
        second.go.set()
        pool.rest()


class TestManyClients:
    def test_they_run_in_parallel_when_handlers_block(self) -> None:
        pool = Pool()
        jobs = [Blocked() for _ in range(16)]
        for job in jobs:
            pool.put(Mailbox(), job)
        wait_until(
            lambda: pool.look() or all(job.started.is_set() for job in jobs),
            "all sixteen handlers run at the same time",
        )
        assert pool.loop.now - 100 < 1, "the pool grows too slowly"
        for job in jobs:
            job.go.set()
        pool.rest()

    def test_no_worker_is_added_while_handlers_only_compute(self) -> None:
        pool = Pool(busy=True)
        computing = [Blocked() for _ in range(30)]
        for job in computing:
            pool.put(Mailbox(), job)
        for job in computing:
            assert job.started.wait(TIMEOUT)
            pool.look(STALLED_LOOKS - 1)
            job.go.set()
            assert job.ended.wait(TIMEOUT)
        pool.rest()
        assert pool.workers.count == 1

    def test_a_worker_is_added_when_nothing_starts_although_the_processor_is_busy(self) -> None:
        pool = Pool(busy=True)
        slow, other = Blocked(), Task(int)
        pool.put(Mailbox(), slow)
        pool.put(Mailbox(), other)
        assert slow.started.wait(TIMEOUT)
        pool.look(STALLED_LOOKS + 1)
        assert other.ended.wait(TIMEOUT)
        slow.go.set()
        pool.rest()

    def test_an_idle_worker_stands_in_for_a_blocked_one_at_once(self) -> None:
        pool = Pool()
        pair = [Blocked(), Blocked()]
        for job in pair:
            pool.put(Mailbox(), job)
        wait_until(lambda: pool.look() or pair[1].started.is_set(), "two workers run")
        pair[1].go.set()
        wait_until(lambda: pool.workers._idle, "one is idle")
        pool.pass_time(10)
        for _ in range(5):
            other = Task(int)
            pool.put(Mailbox(), other)
            assert other.ended.wait(TIMEOUT), "it waits for a look around"
            wait_until(lambda: pool.workers._idle, "it is idle again")
        pair[0].go.set()
        pool.rest()

    def test_a_worker_that_says_that_it_waits_needs_no_look_to_be_replaced(self) -> None:
        pool = Pool()
        waits, other = Blocked(pool), Task(int)
        pool.put(Mailbox(), waits)
        wait_until(lambda: not pool.workers._running, "it waits")
        pool.put(Mailbox(), other)
        assert other.ended.wait(TIMEOUT)
        waits.go.set()
        pool.rest()

    def test_there_are_never_more_than_the_limit(self) -> None:
        pool = Pool(max_workers=3)
        jobs = [Blocked() for _ in range(7)]
        for job in jobs:
            pool.put(Mailbox(), job)
        wait_until(lambda: pool.look() or pool.workers.count == 3, "three workers")
        wait_until(lambda: sum(job.started.is_set() for job in jobs) == 3, "all of them are used")
        pool.look(50)
        assert pool.workers.count == 3
        for job in jobs:
            job.go.set()
        pool.run_dry()
        assert all(job.ended.is_set() for job in jobs)

    def test_a_job_that_waits_for_no_other(self) -> None:
        pool = Pool()
        blocked, other = Blocked(pool), Task(int)
        pool.workers.run(blocked)
        pool.workers.run(other)
        pool.hand_over()
        assert other.ended.wait(TIMEOUT)
        blocked.go.set()
        pool.rest()

    def test_no_job_is_lost_when_many_threads_contend(self) -> None:
        pool = Pool(0.01, idle_time=0.0005)
        mailboxes = [Mailbox(strict=number % 3 == 0) for number in range(12)]
        started: list[list[int]] = [[] for _ in mailboxes]

        def handler(client: int, number: int) -> Callable[[], None]:
            def run() -> None:
                started[client].append(number)
                if number % 5 == 0:
                    with pool.workers.waiting():
                        threading.Event().wait(0.0005)

            return run

        for number in range(60):
            for client, mailbox in enumerate(mailboxes):
                pool.put(mailbox, Task(handler(client, number)))
            pool.look()
        pool.run_dry()
        # Where handlers overlap, one that has started may be late to say so.
        numbers = list(range(60))
        assert started[::3] == [numbers] * 4, "strict mailboxes"
        assert [sorted(client) for client in started] == [numbers] * 12
        assert not pool.workers._running
        assert pool.workers.count == len(pool.workers._idle)


class TestTheEndOfWorkers:
    def test_idle_workers_end(self) -> None:
        pool = Pool(idle_time=0.01)
        pool.put(Mailbox(), Task(int))
        wait_until(lambda: pool.workers._taken == 1 and pool.workers.count == 0, "it has ended")
        assert pool.workers.is_idle
        again = Task(int)
        pool.put(Mailbox(), again)
        assert again.ended.wait(TIMEOUT)

    def test_a_worker_that_is_woken_while_it_gives_up_goes_on(self) -> None:
        class LateGate:
            """A lock that is released just after the time to wait for it has passed."""

            def acquire(self, timeout: float = -1) -> bool:
                return timeout == -1

        pool = Pool()
        woken = _Worker()
        woken.gate = LateGate()  # type: ignore[assignment]
        assert pool.workers._wait(woken)

    def test_one_job_after_another_reaches_workers_that_are_about_to_end(self) -> None:
        pool = Pool(idle_time=0.0002)
        mailbox = Mailbox()
        for _ in range(300):
            job = Task(int)
            pool.put(mailbox, job)
            assert job.ended.wait(TIMEOUT)
        pool.rest()


class TestFailures:
    @pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
    def test_a_job_that_raises_ends_no_worker(
        self, error: type[BaseException], caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail() -> None:
            raise error("on purpose")

        pool = Pool()
        mailbox = Mailbox()
        second = Task(int)
        pool.put(mailbox, Task(fail), second)
        assert second.ended.wait(TIMEOUT)
        pool.rest()
        assert pool.workers.count == 1
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert "on purpose" in caplog.text

    def test_no_thread_is_to_be_had(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(_thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        pool = Pool()
        job = Task(int)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            pool.put(Mailbox(), job)
            pool.look(5 * STALLED_LOOKS)
            assert len(caplog.records) == 1
            assert "0 workers run, and one more was refused: can't start" in caplog.text
            pool.pass_time(WARNING_INTERVAL)
            assert len(caplog.records) == 2
        assert not pool.workers.is_idle
        pool.look(2 * STALLED_LOOKS)
        assert job.ended.wait(TIMEOUT)
        pool.rest()


class TestIsIdle:
    def test_until_the_last_job_has_ended(self) -> None:
        pool = Pool()
        mailbox = Mailbox()
        assert pool.workers.is_idle
        waits, last = Blocked(pool), Blocked()
        pool.workers.put(mailbox, waits)
        assert not pool.workers.is_idle, "a job of this turn"
        pool.hand_over()
        assert waits.started.wait(TIMEOUT)
        assert not pool.workers.is_idle, "a job that waits"
        pool.put(mailbox, last)
        waits.go.set()
        assert last.started.wait(TIMEOUT)
        assert not pool.workers.is_idle
        last.go.set()
        pool.rest()

    def test_nothing_is_left_of_a_job(self) -> None:
        pool = Pool()
        mailbox = Mailbox()
        job, behind = Task(int), Task(int)
        gone = [weakref.ref(job), weakref.ref(behind)]
        gc.disable()
        try:
            pool.put(mailbox, job, behind)
            del job, behind
            pool.rest()
            pool.look()
            assert [reference() for reference in gone] == [None, None]
        finally:
            gc.enable()
        assert sys.getsizeof(mailbox) < 100
        assert (mailbox.next, mailbox._later) == (None, None)

    def test_there_are_no_looks_around_without_jobs(self) -> None:
        pool = Pool()
        pool.put(Mailbox(), Task(int))
        pool.rest()
        pool.look(2)
        assert pool.loop.timers == []
        assert LOOK_INTERVAL > 0
