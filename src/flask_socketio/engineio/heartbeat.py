"""The heartbeat of Engine.IO 4: the server sends a PING, the client answers with a PONG.

Engine.IO protocol, "Heartbeat". As in the reference server the interval is counted from the PONG,
and any packet that came since the PING is a sign of life.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from ..errors import ProtocolError

if TYPE_CHECKING:
    from .settings import SessionSettings

#: A timer that is later than this, in seconds, means that this process stood still. What clients
#: sent meanwhile may be unread, so nobody is declared dead before the next timer.
STALL: Final = 2.0


class Beat(Enum):
    """What a heartbeat wants when its time has come."""

    NOTHING = "nothing"
    PING = "ping"
    TIMEOUT = "timeout"


class Heartbeat:
    """The heartbeat of one session.

    :param settings: the settings of the session.
    :param now: the time in monotonic seconds.
    """

    __slots__ = ("_pinged_at", "_settings", "due_at", "patience")

    def __init__(self, settings: SessionSettings, now: float) -> None:
        self._settings = settings
        #: When the PING that waits for its PONG went out; None when none does.
        self._pinged_at: float | None = None
        #: When :meth:`handle_timer` has something to do, in monotonic seconds.
        self.due_at: float = now + settings.ping_interval
        #: The seconds of silence, after a PING, that end the session.
        self.patience: float = settings.ping_timeout

    def receive_ping(self, now: float) -> None:
        """Refuse a PING.

        :raises ProtocolError: always, since the client must not send it.
        """
        raise ProtocolError("a PING from the client: in protocol 4 the server sends them")

    def receive_pong(self, now: float) -> None:
        """Note a PONG."""
        self._pinged_at = None
        self.due_at = now + self._settings.ping_interval

    def handle_timer(self, now: float, last_seen: float) -> Beat:
        """Tell what to do at this time, and set the next one.

        :param now: the time in monotonic seconds.
        :param last_seen: when the client was last heard.
        """
        if now < self.due_at:
            return Beat.NOTHING
        if self._pinged_at is None:
            return self._ping(now)
        if last_seen > self._pinged_at:
            # Alive, with its PONG held up behind other packets. Its own patience counts from our
            # pings, so it gets another.
            return self._ping(now)
        if now - self.due_at > STALL:
            self.due_at = now + STALL
            return Beat.NOTHING
        return Beat.TIMEOUT

    def _ping(self, now: float) -> Beat:
        if self._settings.monitor_clients:
            self._pinged_at = now
            self.due_at = now + self._settings.ping_timeout
        else:
            self.due_at = now + self._settings.ping_interval
        return Beat.PING
