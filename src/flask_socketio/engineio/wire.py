"""What differs between the versions of Engine.IO: one object, given to a session at its start.

Everything a session writes and reads passes through its wire; the session itself, and whatever is
above it, does not ask for a version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from .heartbeat import Heartbeat
from .payload import decode_payload, encode_payload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .heartbeat import Beat
    from .packet import PacketGroup
    from .settings import SessionSettings


class HeartbeatRule(Protocol):
    """Who pings whom, and when silence ends a session."""

    #: When :meth:`handle_timer` has something to do, in monotonic seconds.
    due_at: float
    #: The seconds of silence that end the session.
    patience: float

    def receive_ping(self, now: float) -> None:
        """Note a PING; it will be answered with a PONG.

        :raises ProtocolError: the client must not send it.
        """
        ...

    def receive_pong(self, now: float) -> None:
        """Note a PONG.

        :raises ProtocolError: the client must not send it.
        """
        ...

    def handle_timer(self, now: float, last_seen: float) -> Beat:
        """Tell what to do at this time, and set the next one."""
        ...


class Wire(Protocol):
    """How the packets of one session are written and read."""

    #: The version of the protocol: the ``EIO`` of the query string.
    version: int

    def heartbeat(self, settings: SessionSettings, now: float) -> HeartbeatRule:
        """Make the heartbeat of a session."""
        ...

    def groups(self, groups: list[PacketGroup]) -> list[PacketGroup]:
        """Turn groups into what a WebSocket carries."""
        ...

    def encode_payload(self, groups: Sequence[PacketGroup]) -> bytes:
        """Turn groups into the answer to a poll."""
        ...

    def decode_message(self, data: str | bytes) -> str | bytes:
        """Read a WebSocket message: a packet with its type, or what a binary message says.

        :raises ProtocolError: it is no packet.
        """
        ...

    def decode_payload(self, body: bytes, max_packets: int | None) -> list[str | bytes]:
        """Read the body of a POST: packets as :meth:`decode_message` returns them, none empty.

        :raises ProtocolError: it is no payload, or holds too many packets.
        """
        ...

    def on_websocket(self, base64: bool) -> Wire:
        """Return the wire of the session when a WebSocket has replaced polling.

        :param base64: whether the WebSocket's query string refuses binary messages.
        """
        ...


class CurrentWire:
    """Engine.IO 4: groups are made in its form."""

    __slots__ = ()

    version = 4

    def heartbeat(self, settings: SessionSettings, now: float) -> HeartbeatRule:
        """Make the heartbeat of a session."""
        return Heartbeat(settings, now)

    def groups(self, groups: list[PacketGroup]) -> list[PacketGroup]:
        """Return groups as they are."""
        return groups

    def encode_payload(self, groups: Sequence[PacketGroup]) -> bytes:
        """Join the payloads of groups."""
        return encode_payload(groups)

    def decode_message(self, data: str | bytes) -> str | bytes:
        """Return a WebSocket message as it is: text has its type, binary needs none."""
        return data

    def decode_payload(self, body: bytes, max_packets: int | None) -> list[str | bytes]:
        """Read the body of a POST.

        :raises ProtocolError: it is no payload, or holds too many packets.
        """
        return decode_payload(body, max_packets)

    def on_websocket(self, base64: bool) -> Wire:
        """Return this wire: it is the same on every transport."""
        return self


#: The wire of the current protocol; it has no state.
CURRENT: Final[Wire] = CurrentWire()
