"""The time-outs of what is read, on a clock of the test's own."""

from __future__ import annotations

import pytest

from flask_socketio.hosts.read_limits import ReadTimeouts

TIMEOUT = 10.0


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Reader:
    timed_out = 0

    def time_out(self) -> None:
        self.timed_out += 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timeouts(clock: Clock) -> ReadTimeouts[Reader]:
    return ReadTimeouts(clock, TIMEOUT, Reader.time_out)


def test_a_head_that_takes_too_long(clock: Clock, timeouts: ReadTimeouts[Reader]) -> None:
    reader = Reader()
    timeouts.begin(reader)
    clock.now += TIMEOUT - 0.01
    timeouts.sweep()
    assert not reader.timed_out
    clock.now += 0.01
    timeouts.sweep()
    timeouts.sweep()
    assert reader.timed_out == 1
    assert not len(timeouts)


def test_a_head_that_has_come(clock: Clock, timeouts: ReadTimeouts[Reader]) -> None:
    reader = Reader()
    timeouts.begin(reader)
    timeouts.end(reader)
    timeouts.end(reader)
    clock.now += 2 * TIMEOUT
    timeouts.sweep()
    assert not reader.timed_out


def test_a_reader_whose_time_begins_again_holds_up_no_other(
    clock: Clock, timeouts: ReadTimeouts[Reader]
) -> None:
    first, second = Reader(), Reader()
    timeouts.begin(first)
    timeouts.begin(second)
    clock.now += TIMEOUT / 2
    timeouts.begin(first)
    clock.now += TIMEOUT / 2
    timeouts.sweep()
    assert (first.timed_out, second.timed_out) == (0, 1)


def test_another_limit(clock: Clock) -> None:
    timeouts = ReadTimeouts(clock, 0.5, Reader.time_out)
    reader = Reader()
    timeouts.begin(reader)
    clock.now += 0.5
    timeouts.sweep()
    assert reader.timed_out == 1
