from __future__ import annotations

import logging

import pytest

from flask_socketio.hub.client_errors import INTERVAL, ClientErrors


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def errors(clock: Clock, caplog: pytest.LogCaptureFixture) -> ClientErrors:
    caplog.set_level(logging.INFO, "flask_socketio.test")
    return ClientErrors(logging.getLogger("flask_socketio.test"), clock)


def levels(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_the_first_of_a_kind_is_an_error_and_the_next_are_not(
    errors: ClientErrors, caplog: pytest.LogCaptureFixture
) -> None:
    for address in "abc":
        errors.log("origin", f"refused {address}")
    errors.log("version", "refused d: 100% too old")
    assert levels(caplog) == [
        ("ERROR", "refused a"),
        ("INFO", "refused b"),
        ("INFO", "refused c"),
        ("ERROR", "refused d: 100% too old"),
    ]


def test_after_a_minute_there_is_another_line_which_counts_the_others(
    errors: ClientErrors, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    errors.log("origin", "refused a")
    errors.log("origin", "refused b")
    clock.now = INTERVAL
    errors.log("origin", "refused c")
    clock.now = 2 * INTERVAL
    errors.log("origin", "refused d")
    assert levels(caplog)[2:] == [
        ("ERROR", "refused c (1 more like this before, at level INFO)"),
        ("ERROR", "refused d"),
    ]
