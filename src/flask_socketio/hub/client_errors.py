"""What clients did wrong, in the log: an operator must see it, and no client may fill the disk."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

advice: logging.Logger = logging.getLogger("flask_socketio.advice")

#: Seconds between two lines above level INFO about errors of one kind.
INTERVAL = 60.0


class ClientErrors:
    """Logs the first error of each kind, once a minute, and the others at INFO.

    :param logger: where.
    :param clock: the time in seconds.
    """

    __slots__ = ("_clock", "_kinds", "_logger")

    def __init__(self, logger: logging.Logger, clock: Callable[[], float]) -> None:
        self._logger = logger
        self._clock = clock
        #: When the last line of a kind was logged above INFO, and how many more there were since.
        self._kinds: dict[str, tuple[float, int]] = {}

    def log(self, kind: str, message: str, level: int = logging.ERROR) -> None:
        """Log one error.

        :param kind: what it counts as; there are only so many kinds.
        :param message: what the client did, with its address, and what may be changed.
        :param level: the level of the first of its kind; a warning is shown whatever the
            application's logging options say, like an error.
        """
        now = self._clock()
        logged_at, others = self._kinds.get(kind, (-INTERVAL, 0))
        if now - logged_at < INTERVAL:
            self._kinds[kind] = (logged_at, others + 1)
            self._logger.info("%s", message)
            return
        self._kinds[kind] = (now, 0)
        since = f" ({others} more like this before, at level INFO)" if others else ""
        logger = self._logger if level >= logging.ERROR else advice
        logger.log(level, "%s%s", message, since)
