"""The heartbeat of Engine.IO 3: the client sends a PING, the server answers with a PONG.

Engine.IO protocol, revision 3, "ping". The server sends none. It gives up a client from which
nothing came for as long as the two times add up to, as the reference server does; here any packet
counts, not the PING alone.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from ..errors import ProtocolError
from .heartbeat import STALL, Beat

if TYPE_CHECKING:
    from .settings import SessionSettings


class HeartbeatV3:
    """The heartbeat of one session.

    :param settings: the settings of the session.
    :param now: the time in monotonic seconds.
    """

    __slots__ = ("due_at", "patience")

    def __init__(self, settings: SessionSettings, now: float) -> None:
        #: The seconds of silence that end the session: the interval that was announced, and the
        #: time-out.
        self.patience: float = settings.ping_interval + settings.ping_grace + settings.ping_timeout
        #: When :meth:`handle_timer` has something to do, in monotonic seconds.
        self.due_at: float = now + self.patience if settings.monitor_clients else inf

    def receive_ping(self, now: float) -> None:
        """Note a PING: nothing but the session's ``last_seen`` counts."""

    def receive_pong(self, now: float) -> None:
        """Refuse a PONG.

        :raises ProtocolError: always, since the server has sent no PING.
        """
        raise ProtocolError("a PONG from the client: in protocol 3 the client sends the PINGs")

    def handle_timer(self, now: float, last_seen: float) -> Beat:
        """Tell what to do at this time, and set the next one.

        :param now: the time in monotonic seconds.
        :param last_seen: when the client was last heard.
        """
        if now < self.due_at:
            return Beat.NOTHING
        if last_seen + self.patience > now:
            self.due_at = last_seen + self.patience
            return Beat.NOTHING
        if now - self.due_at > STALL:
            self.due_at = now + STALL
            return Beat.NOTHING
        return Beat.TIMEOUT
