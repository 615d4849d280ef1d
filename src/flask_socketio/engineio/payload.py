"""Polling payloads of Engine.IO 4: packets joined by U+001E.

Engine.IO protocol, "HTTP long-polling": the text packets as they are, binary ones as ``b`` plus
base64, the whole as UTF-8.
"""

from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING

from ..errors import ProtocolError
from .packet import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .packet import PacketGroup

_SEPARATOR_BYTES = SEPARATOR.encode()
_CONTROL_TYPES = frozenset("012356")


def encode_payload(groups: Iterable[PacketGroup]) -> bytes:
    """Join groups to one payload, in their order.

    :param groups: what to send; each keeps its encoded form for the next session that sends it.
    """
    return _SEPARATOR_BYTES.join([group.payload for group in groups])


def decode_payload(body: bytes, max_packets: int | None = None) -> list[str | bytes]:
    """Split a payload into its packets, in linear time.

    :param body: the body of a POST request.
    :param max_packets: how many packets it may hold; None leaves that to the size of the body.
    :returns: the packets: text with its type character, or the content of a binary message.
    :raises ProtocolError: when the body is no payload, or holds too many packets.
    """
    # A count costs nothing beside the split, and comes before it: the list is never made.
    if max_packets is not None and (count := body.count(_SEPARATOR_BYTES) + 1) > max_packets:
        raise ProtocolError(f"a payload of {count} packets, where {max_packets} are allowed")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(f"a payload that is not UTF-8: {error}") from error
    return [
        packet if packet[:1] == "4" else _decode_packet(packet) for packet in text.split(SEPARATOR)
    ]


def _decode_packet(packet: str) -> str | bytes:
    first = packet[:1]
    if first in _CONTROL_TYPES:
        return packet
    if first != "b":
        raise ProtocolError(f"not an Engine.IO packet: {packet[:20]!r}")
    try:
        return a2b_base64(packet[1:], strict_mode=True)
    except ValueError as error:
        raise ProtocolError(f"a binary packet that is not base64: {error}") from error
