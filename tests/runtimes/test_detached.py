"""workers.py: runs that go on without a worker, as those of coroutines do."""

from __future__ import annotations

import pytest
from tests.runtimes.jobs import TIMEOUT, Pool, Task, wait_until

from flask_socketio.hub.mailbox import Mailbox, Run


class Detached:
    """A job that ends without its run being over.

    :param pool: where it runs.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._run: Run | None = None

    def run(self) -> None:
        self._run = self._pool.workers.detach()
        assert self._pool.workers.detach() is None, "there is nothing left to detach"

    def resume(self, job: Task) -> None:
        assert self._run is not None
        self._pool.workers.resume(self._run, job)

    def wait(self) -> None:
        wait_until(lambda: self._run is not None, "the job has let go of its run")


@pytest.fixture
def pool() -> Pool:
    return Pool(0.1)


def start(pool: Pool, mailbox: Mailbox) -> Detached:
    job = Detached(pool)
    pool.workers.put(mailbox, job)
    pool.hand_over()
    job.wait()
    return job


def test_the_next_job_waits_until_the_run_is_over(pool: Pool) -> None:
    mailbox = Mailbox()
    order: list[str] = []
    detached = start(pool, mailbox)
    pool.put(mailbox, Task(lambda: order.append("next")))
    pool.put(Mailbox(), other := Task(int))
    assert other.ended.wait(TIMEOUT)
    assert order == []
    detached.resume(Task(lambda: order.append("end")))
    pool.rest()
    assert order == ["end", "next"]


def test_the_next_job_overlaps_a_long_run(pool: Pool) -> None:
    mailbox = Mailbox()
    detached = start(pool, mailbox)
    pool.put(mailbox, second := Task(int))
    pool.pass_time(0.09)
    assert not second.ended.is_set()
    wait_until(lambda: pool.look() or second.ended.is_set(), "the next job starts")
    detached.resume(Task(int))
    pool.rest()


def test_a_strict_mailbox_keeps_its_lane(pool: Pool) -> None:
    mailbox = Mailbox(strict=True)
    detached = start(pool, mailbox)
    pool.put(mailbox, second := Task(int))
    pool.pass_time(10)
    assert not second.ended.is_set()
    detached.resume(Task(int))
    assert second.ended.wait(TIMEOUT)
    pool.rest()


def test_runs_hold_no_worker(pool: Pool) -> None:
    runs = [start(pool, Mailbox()) for _ in range(20)]
    assert pool.workers.count == 1
    assert not pool.workers.is_idle
    ends = [Task(int) for _ in runs]
    for run, end in zip(runs, ends, strict=True):
        run.resume(end)
    pool.rest()
    assert all(end.ended.is_set() for end in ends)


def test_the_end_may_wait_as_any_job_may(pool: Pool) -> None:
    mailbox = Mailbox()
    detached = start(pool, mailbox)
    pool.put(mailbox, second := Task(int))

    def wait_for_the_second() -> None:
        with pool.workers.waiting():
            assert second.ended.wait(TIMEOUT)

    detached.resume(Task(wait_for_the_second))
    pool.rest()


def test_a_thread_that_is_no_worker_has_no_run(pool: Pool) -> None:
    assert pool.workers.detach() is None
