"""What the options ``logger`` and ``engineio_logger`` mean."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .config import Logger

SOCKETIO = "flask_socketio"
ENGINEIO = "flask_socketio.engineio"


def configure_loggers(logger: Logger, engineio_logger: Logger) -> None:
    """Set up the two loggers of this package.

    :param logger: True logs to stderr from INFO on, False errors only, None leaves the logger as
        the application configured it; a logger gets the records instead.
    :param engineio_logger: the same for the Engine.IO layer.
    """
    _configure(logging.getLogger(SOCKETIO), logger)
    _configure(logging.getLogger(ENGINEIO), engineio_logger)


def _configure(ours: logging.Logger, option: Logger) -> None:
    if isinstance(option, bool):
        if ours.level == logging.NOTSET:
            ours.setLevel(logging.INFO if option else logging.WARNING)
        if option and not ours.hasHandlers():
            ours.addHandler(logging.StreamHandler())
    elif option is not None:
        ours.parent = option
        ours.setLevel(option.getEffectiveLevel())
