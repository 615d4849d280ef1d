"""loggers.py: where this package's records go."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from flask_socketio import UsageError
from flask_socketio.loggers import ENGINEIO, SOCKETIO, Forwarding, configure_loggers

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = logging.getLogger(SOCKETIO)
ENGINE = logging.getLogger(ENGINEIO)


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """Both loggers as they are in a fresh process; afterwards as before."""
    before = [(log, log.level, log.handlers, log.propagate, log.parent) for log in (OURS, ENGINE)]
    for log in (OURS, ENGINE):
        log.setLevel(logging.NOTSET)
        log.handlers = []
        log.propagate = True
    OURS.parent = None  # pytest has put its own handlers on the root logger
    yield
    for log, level, handlers, propagate, parent in before:
        log.setLevel(level)
        log.handlers, log.propagate, log.parent = handlers, propagate, parent


class Recorder:
    """An object with a logger's methods that is none."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def debug(self, message: str) -> None:
        self.lines.append(("debug", message))

    def info(self, message: str) -> None:
        self.lines.append(("info", message))

    def warning(self, message: str) -> None:
        self.lines.append(("warning", message))

    def error(self, message: str) -> None:
        self.lines.append(("error", message))


class Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def test_true_writes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_loggers(True, True)
    OURS.info("from Socket.IO")
    ENGINE.info("from Engine.IO")
    OURS.debug("too much")

    assert capsys.readouterr().err == "from Socket.IO\nfrom Engine.IO\n"


def test_true_twice_writes_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_loggers(True, True)
    configure_loggers(True, True)
    ENGINE.info("once")

    assert capsys.readouterr().err == "once\n"


def test_engine_alone(capsys: pytest.CaptureFixture[str]) -> None:
    configure_loggers(False, True)
    OURS.info("from Socket.IO")
    ENGINE.info("from Engine.IO")

    assert capsys.readouterr().err == "from Engine.IO\n"


@pytest.mark.parametrize("off", [False, None])
def test_fatal_errors_are_always_logged(
    off: bool | None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_loggers(off, off)
    OURS.info("too much")
    OURS.error("fatal")

    assert capsys.readouterr().err == "fatal\n"


def test_true_after_false(capsys: pytest.CaptureFixture[str]) -> None:
    configure_loggers(False, False)
    configure_loggers(True, False)
    OURS.info("shown")

    assert capsys.readouterr().err == "shown\n"


def test_level_of_the_application_stays() -> None:
    OURS.setLevel(logging.DEBUG)
    ENGINE.setLevel(logging.CRITICAL)
    configure_loggers(True, False)

    assert (OURS.level, ENGINE.level) == (logging.DEBUG, logging.CRITICAL)


def test_handlers_of_the_application_are_enough(capsys: pytest.CaptureFixture[str]) -> None:
    collector = Collector()
    OURS.addHandler(collector)
    configure_loggers(True, True)
    ENGINE.info("once")

    assert [record.getMessage() for record in collector.records] == ["once"]
    assert capsys.readouterr().err == ""


def test_logger_of_the_application(capsys: pytest.CaptureFixture[str]) -> None:
    receiver, collector = logging.Logger("application", logging.WARNING), Collector()
    receiver.addHandler(collector)
    configure_loggers(receiver, receiver)
    OURS.info("too much")
    OURS.warning("number %d", 1)
    ENGINE.warning("number %d", 2)

    assert [(r.name, r.getMessage()) for r in collector.records] == [
        (SOCKETIO, "number 1"),
        (ENGINEIO, "number 2"),
    ]
    assert capsys.readouterr().err == ""


def test_level_of_the_applications_logger_may_rise_later() -> None:
    receiver, collector = logging.Logger("application", logging.INFO), Collector()
    receiver.addHandler(collector)
    configure_loggers(receiver, False)
    receiver.setLevel(logging.ERROR)
    OURS.info("too much")

    assert collector.records == []


def test_object_with_the_methods_of_a_logger() -> None:
    recorder = Recorder()
    configure_loggers(recorder, False)
    OURS.setLevel(logging.DEBUG)
    OURS.debug("one")
    OURS.info("two %s", 2)
    OURS.warning("three")
    OURS.error("four")
    OURS.critical("five")

    assert recorder.lines == [
        ("debug", "one"),
        ("info", "two 2"),
        ("warning", "three"),
        ("error", "four"),
        ("error", "five"),
    ]


def test_object_gets_tracebacks() -> None:
    recorder = Recorder()
    configure_loggers(recorder, False)
    OURS.error("failed", exc_info=RuntimeError("why"))

    assert recorder.lines == [("error", "failed\nRuntimeError: why")]


def test_the_last_one_replaces_the_others() -> None:
    first, second, collector = Recorder(), Recorder(), Collector()
    OURS.addHandler(collector)
    configure_loggers(first, False)
    configure_loggers(second, False)
    OURS.info("hello")

    assert (first.lines, second.lines) == ([], [("info", "hello")])
    assert len(collector.records) == 1


@pytest.mark.parametrize("name", [SOCKETIO, SOCKETIO + ".application"])
def test_our_own_loggers_are_not_forwarded_to_themselves(name: str) -> None:
    collector = Collector()
    OURS.addHandler(collector)
    receiver = logging.getLogger(name)
    configure_loggers(receiver, False)
    OURS.error("once")

    assert len(collector.records) == 1
    assert not any(isinstance(handler, Forwarding) for handler in OURS.handlers)


@pytest.mark.parametrize("given", ["stderr", 1, object()])
def test_something_else(given: Any) -> None:
    with pytest.raises(UsageError, match="engineio_logger="):
        configure_loggers(False, given)
