"""Engine.IO 4 packets, in the groups that travel together.

A packet is one character for its type and then its data. A binary message has no type character
on a WebSocket, and is ``b`` plus base64 in a polling payload (Engine.IO protocol, "Packet
encoding").
"""

from __future__ import annotations

from binascii import b2a_base64
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ..errors import UsageError

if TYPE_CHECKING:
    from .packet_v3 import OldForms

#: Stands between the packets of a polling payload (Engine.IO protocol, "HTTP long-polling").
SEPARATOR: Final = "\x1e"

_SEPARATOR_BYTES: Final = SEPARATOR.encode()


class PacketType(StrEnum):
    """The types of packets (Engine.IO protocol, "Packet types")."""

    #: Server to client: the session and its settings.
    OPEN = "0"
    #: Either way: the session ends.
    CLOSE = "1"
    #: Server to client: the heartbeat. Client to server, with "probe": tests a WebSocket.
    PING = "2"
    #: The answer to a PING, with the same data.
    PONG = "3"
    #: Either way: what the layer above says.
    MESSAGE = "4"
    #: Client to server: the WebSocket that was probed is the transport from now on.
    UPGRADE = "5"
    #: Server to client: ends a poll that has nothing to say.
    NOOP = "6"


class PacketGroup:
    """Packets that are sent together: a message with its binary attachments, or a control packet.

    Nothing is ever put between the packets of a group, and a group is never sent in part. It is
    immutable but for its caches, so that one group can stand in the queues of many sessions.

    :param wire: the packets as a WebSocket carries them: text with its type, or raw bytes.
    :param size: what they weigh against limits, in bytes.
    """

    __slots__ = ("_payload", "frames", "old_forms", "size", "wire")

    def __init__(self, wire: tuple[str | bytes, ...], size: int) -> None:
        self.wire: tuple[str | bytes, ...] = wire
        self.size: int = size
        #: Ready WebSocket frames, kept here by whoever writes them. This layer never looks at it.
        self.frames: bytes | None = None
        #: The forms of Engine.IO 3, kept here by packet_v3.
        self.old_forms: OldForms | None = None
        self._payload: bytes | None = None

    def __repr__(self) -> str:
        return f"PacketGroup({self.wire!r})"

    @property
    def payload(self) -> bytes:
        """The packets as a polling payload carries them; made once, however many sessions ask."""
        payload = self._payload
        if payload is None:
            payload = self._payload = _SEPARATOR_BYTES.join(map(_encode_packet, self.wire))
        return payload


def message_group(content: str | bytes, *attachments: str | bytes) -> PacketGroup:
    """Make the packets of one message.

    :param content: the message.
    :param attachments: binary messages that belong to it and follow it.
    :raises UsageError: when a text cannot be sent: it has half of a surrogate pair, which UTF-8
        cannot express, or U+001E, which would end the packet in a polling payload.
    """
    size = len(content)
    if isinstance(content, str):
        if SEPARATOR in content or not content.isascii():
            size += _extra_bytes(content)
        size += 1
        content = "4" + content
    if not attachments:
        return PacketGroup((content,), size)
    return PacketGroup((content, *attachments), size + sum(map(len, attachments)))


def control_group(packet_type: PacketType, data: str = "") -> PacketGroup:
    """Make a single packet that is not a message.

    :param packet_type: its type.
    :param data: what follows the type.
    """
    text = packet_type.value + data
    return PacketGroup((text,), len(text))


def _extra_bytes(text: str) -> int:
    """Check a text that is not plain, and count the bytes that UTF-8 adds to its length."""
    if SEPARATOR in text:
        raise UsageError("a text message must not contain U+001E; JSON text escapes it")
    try:
        return len(text.encode()) - len(text)
    except UnicodeEncodeError as error:
        raise UsageError(f"a text message must be valid Unicode: {error}") from error


def _encode_packet(packet: str | bytes) -> bytes:
    if isinstance(packet, str):
        return packet.encode()
    return b"b" + b2a_base64(packet, newline=False)


PING: Final = control_group(PacketType.PING)
NOOP: Final = control_group(PacketType.NOOP)
CLOSE: Final = control_group(PacketType.CLOSE)
PROBE_PONG: Final = control_group(PacketType.PONG, "probe")
