"""The test of a WebSocket that is to replace polling (Engine.IO protocol, "Upgrade")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ProtocolError
from .heartbeat import STALL
from .packet import PROBE_PONG
from .wire import CURRENT

if TYPE_CHECKING:
    from .packet import PacketGroup
    from .wire import Wire


class Probe:
    """One WebSocket under test: ``2probe`` is answered with ``3probe``, then ``5`` completes it.

    :param expires_at: when the test has failed, in monotonic seconds.
    :param wire: the wire of the session when the test has succeeded.
    """

    __slots__ = ("_to_send", "answered", "expires_at", "wire")

    def __init__(self, expires_at: float, wire: Wire = CURRENT) -> None:
        self.expires_at: float = expires_at
        self.wire: Wire = wire
        #: Whether ``3probe`` was sent, so that the client is about to leave polling.
        self.answered: bool = False
        self._to_send: list[PacketGroup] = []

    def receive(self, data: str | bytes) -> bool:
        """Take one message.

        :returns: whether it completes the upgrade.
        :raises ProtocolError: when it is none of this exchange.
        """
        if data == "2probe":
            self.answered = True
            self._to_send.append(PROBE_PONG)
            return False
        if data == "5" and self.answered:
            return True
        raise ProtocolError(f"unexpected in the test of a WebSocket: {data[:20]!r}")

    def has_expired(self, now: float) -> bool:
        """Tell whether the test has failed; a timer that is very late gives it another chance."""
        if now - self.expires_at > STALL:
            self.expires_at = now + STALL
        return now >= self.expires_at

    def groups_to_send(self) -> list[PacketGroup]:
        """Drain what goes to the WebSocket."""
        groups, self._to_send = self._to_send, []
        return groups
