"""What the options ``logger`` and ``engineio_logger`` mean."""

from __future__ import annotations

import logging
from typing import Protocol, TypeAlias

from .errors import UsageError

SOCKETIO = "flask_socketio"
ENGINEIO = "flask_socketio.engineio"

#: For what must be seen whatever the option ``logger`` says: something asked for cannot be had.
advice: logging.Logger = logging.getLogger("flask_socketio.advice")
advice.setLevel(logging.WARNING)


class LoggerMethods(Protocol):
    """An object with the methods of a logger of :mod:`logging`."""

    def debug(self, message: str, /) -> object:
        """Log details."""
        ...

    def info(self, message: str, /) -> object:
        """Log what happens."""
        ...

    def warning(self, message: str, /) -> object:
        """Log what may be wrong."""
        ...

    def error(self, message: str, /) -> object:
        """Log what is wrong."""
        ...


Logger: TypeAlias = bool | logging.Logger | LoggerMethods | None


class Forwarding(logging.Handler):
    """Hands records to a logger of the application's.

    :param receiver: the logger, or an object with the methods of one.
    """

    def __init__(self, receiver: logging.Logger | LoggerMethods) -> None:
        super().__init__()
        self.receiver = receiver

    def emit(self, record: logging.LogRecord) -> None:
        """Hand over one record; an object that is no logger gets the text, with the traceback."""
        if isinstance(self.receiver, logging.Logger):
            if self.receiver.isEnabledFor(record.levelno):
                self.receiver.handle(record)
        elif record.levelno >= logging.ERROR:
            self.receiver.error(self.format(record))
        elif record.levelno >= logging.WARNING:
            self.receiver.warning(self.format(record))
        elif record.levelno >= logging.INFO:
            self.receiver.info(self.format(record))
        else:
            self.receiver.debug(self.format(record))


def configure_loggers(logger: Logger, engineio_logger: Logger) -> None:
    """Set up the two loggers of this package.

    :param logger: True logs to stderr from INFO on, False errors only, None leaves the logger as
        the application configured it; a logger, or an object with its methods, gets the records
        instead.
    :param engineio_logger: the same for the Engine.IO layer.
    :raises UsageError: one is something else.
    """
    _configure(logging.getLogger(SOCKETIO), logger, "logger")
    _configure(logging.getLogger(ENGINEIO), engineio_logger, "engineio_logger")


def _configure(ours: logging.Logger, option: Logger, name: str) -> None:
    if option is True:
        if not logging.NOTSET < ours.level <= logging.INFO:
            ours.setLevel(logging.INFO)
        if not ours.hasHandlers():
            ours.addHandler(logging.StreamHandler())
    elif option is False:
        if ours.level == logging.NOTSET:
            ours.setLevel(logging.ERROR)
    elif option is not None:
        _forward(ours, option, name)


def _forward(ours: logging.Logger, receiver: logging.Logger | LoggerMethods, name: str) -> None:
    if not callable(getattr(receiver, "error", None)):
        raise UsageError(f"{name}={receiver!r}: True, False, or a logger is needed")
    ours.setLevel(logging.INFO)
    if isinstance(receiver, logging.Logger):
        ours.setLevel(receiver.getEffectiveLevel())
        if receiver is ours or receiver.name.startswith(SOCKETIO + "."):
            return  # its records come here as well: forwarding them would never end
    for handler in tuple(ours.handlers):
        if isinstance(handler, Forwarding):
            ours.removeHandler(handler)
    ours.addHandler(Forwarding(receiver))
    ours.propagate = False
