"""How Engine.IO 3 is written and read: three forms, for what its clients can take.

Both generations of JavaScript clients call themselves version 3, and write text payloads
differently: 1.x encodes text as UTF-8 twice, and counts bytes; 2.x encodes it once, and counts
UTF-16 code units. What they send is told apart by what it looks like. A binary payload they read
the same way, so that a client that can take one gets nothing else. The others name ``b64=1``. They
get ASCII where it can say the same, and else what 2.x reads; one that is seen to write as 1.x does
gets the same back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .heartbeat_v3 import HeartbeatV3
from .packet_v3 import decode_binary, decode_text, old_forms
from .payload_v3 import (
    decode_binary_payload,
    decode_text_packets,
    is_binary,
    split_text_payload,
    utf8_of,
)
from .wire import CURRENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .packet import PacketGroup
    from .request import Query
    from .settings import SessionSettings
    from .wire import HeartbeatRule, Wire


class BinaryWire:
    """Engine.IO 3 for a client that takes binary."""

    __slots__ = ()

    version = 3

    def heartbeat(self, settings: SessionSettings, now: float) -> HeartbeatRule:
        """Make the heartbeat of a session."""
        return HeartbeatV3(settings, now)

    def groups(self, groups: list[PacketGroup]) -> list[PacketGroup]:
        """Return groups in which binary messages have a type."""
        return [old_forms(group).binary for group in groups]

    def encode_payload(self, groups: Sequence[PacketGroup]) -> bytes:
        """Make a binary payload."""
        return b"".join([old_forms(group).framed for group in groups])

    def decode_message(self, data: str | bytes) -> str | bytes:
        """Read a WebSocket message.

        :raises ProtocolError: it is no packet.
        """
        return decode_text(data) if isinstance(data, str) else decode_binary(data)

    def decode_payload(self, body: bytes, max_packets: int | None) -> list[str | bytes]:
        """Read the body of a POST, which browsers send as text when they can.

        :raises ProtocolError: it is no payload, or holds too many packets.
        """
        if is_binary(body):
            return decode_binary_payload(body, max_packets)
        packets = split_text_payload(body, max_packets)
        return decode_text_packets([utf8_of(packet) or packet for packet in packets])

    def on_websocket(self, base64: bool) -> Wire:
        """Return the wire for a WebSocket.

        :param base64: whether its query string refuses binary messages.
        """
        return TextWire() if base64 else BINARY


class TextWire:
    """Engine.IO 3 for one session of a client that takes text only."""

    __slots__ = ("_is_text_of_bytes",)

    version = 3

    def __init__(self) -> None:
        #: Whether the client was seen to encode text twice.
        self._is_text_of_bytes = False

    def heartbeat(self, settings: SessionSettings, now: float) -> HeartbeatRule:
        """Make the heartbeat of a session."""
        return HeartbeatV3(settings, now)

    def groups(self, groups: list[PacketGroup]) -> list[PacketGroup]:
        """Return groups without binary messages."""
        return [old_forms(group).base64 for group in groups]

    def encode_payload(self, groups: Sequence[PacketGroup]) -> bytes:
        """Make a text payload, in the encoding that the client uses."""
        if self._is_text_of_bytes:
            return b"".join([old_forms(group).text_of_bytes for group in groups])
        return b"".join([old_forms(group).text for group in groups])

    def decode_message(self, data: str | bytes) -> str | bytes:
        """Read a WebSocket message.

        :raises ProtocolError: it is no packet.
        """
        return BINARY.decode_message(data)

    def decode_payload(self, body: bytes, max_packets: int | None) -> list[str | bytes]:
        """Read the body of a POST.

        :raises ProtocolError: it is no payload, or holds too many packets.
        """
        if is_binary(body):
            return decode_binary_payload(body, max_packets)
        packets = split_text_payload(body, max_packets)
        return decode_text_packets([self._decode_twice(packet) for packet in packets])

    def on_websocket(self, base64: bool) -> Wire:
        """Return the wire for a WebSocket.

        :param base64: whether its query string refuses binary messages.
        """
        return BINARY.on_websocket(base64)

    def _decode_twice(self, packet: str) -> str:
        """Undo the second encoding of a 1.x client, and learn from it."""
        text = utf8_of(packet)
        if text is None:
            return packet
        self._is_text_of_bytes = True
        return text


#: The wire of clients that take binary; it has no state.
BINARY: Final[Wire] = BinaryWire()


def choose_wire(query: Query) -> Wire:
    """Return the wire for a session, whose version `check_handshake` has let pass.

    :param query: the query string of the request that opens it.
    """
    if query.eio != "3":
        return CURRENT
    return TextWire() if query.b64 else BINARY
