"""Engine.IO 3 packets, made from the groups of the current protocol.

Text packets look the same in both. A binary message has its type before it: the byte 4, or ``b4``
and base64 for a client that takes no binary (Engine.IO protocol, revision 3, "Encoding").
"""

from __future__ import annotations

import json
import re
from binascii import a2b_base64, b2a_base64
from typing import Final

from ..errors import ProtocolError
from .packet import PacketGroup

_JSON_START: Final = re.compile(r'[\[{"]')
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_MESSAGE = b"\x04"
_TYPES = frozenset("0123456")


class OldForms:
    """One group in the forms of Engine.IO 3, each made when the first session asks for it.

    :param group: the group in the form of the current protocol.
    """

    __slots__ = ("_base64", "_binary", "_framed", "_text", "_text_of_bytes", "_wire")

    def __init__(self, group: PacketGroup) -> None:
        self._wire = group.wire
        # Without a binary packet, what a WebSocket carries is the same in both protocols.
        is_text = all(isinstance(packet, str) for packet in group.wire)
        self._binary: PacketGroup | None = group if is_text else None
        self._base64: PacketGroup | None = self._binary
        self._framed: bytes | None = None
        self._text: bytes | None = None
        self._text_of_bytes: bytes | None = None

    @property
    def binary(self) -> PacketGroup:
        """What a WebSocket carries."""
        if self._binary is None:
            self._binary = _regroup(
                [item if isinstance(item, str) else _MESSAGE + item for item in self._wire]
            )
        return self._binary

    @property
    def base64(self) -> PacketGroup:
        """What a WebSocket carries for a client that takes no binary messages."""
        if self._base64 is None:
            self._base64 = _regroup([encode_base64(item) for item in self._wire])
        return self._base64

    @property
    def framed(self) -> bytes:
        """The packets in a binary payload: type byte, decimal digits of the length, 255, packet."""
        if self._framed is None:
            self._framed = b"".join(map(_frame, self._wire))
        return self._framed

    @property
    def text(self) -> bytes:
        """The packets in a text payload: length in UTF-16 code units, colon, packet.

        JSON is written in ASCII, which both generations of clients read the same way.
        """
        if self._text is None:
            packets = [escape_json(encode_base64(item)) for item in self._wire]
            self._text = "".join(map(_with_length, packets)).encode()
        return self._text

    @property
    def text_of_bytes(self) -> bytes:
        """The text payload of 1.x clients: the characters stand for the bytes of UTF-8."""
        if self._text_of_bytes is None:
            packets = [encode_base64(item).encode().decode("latin-1") for item in self._wire]
            self._text_of_bytes = "".join(map(_with_length, packets)).encode()
        return self._text_of_bytes


def old_forms(group: PacketGroup) -> OldForms:
    """Return the forms of a group; they are kept with it, for the next session that asks."""
    forms = group.old_forms
    if forms is None:
        forms = group.old_forms = OldForms(group)
    return forms


def encode_base64(packet: str | bytes) -> str:
    """Write a packet as text, a binary message as ``b4`` and base64."""
    if isinstance(packet, str):
        return packet
    return "b4" + b2a_base64(packet, newline=False).decode()


def escape_json(packet: str) -> str:
    """Write a packet in ASCII, if it ends in JSON whose strings hold all that is not ASCII.

    :returns: the packet with escapes (RFC 8259 section 7); as it is, if that would change it.
    """
    if packet.isascii():
        return packet
    start = _JSON_START.search(packet)
    if start is None or not packet[: start.start()].isascii():
        return packet
    try:
        json.loads(packet[start.start() :])
    except (ValueError, RecursionError):
        return packet
    return _NOT_ASCII.sub(_escape, packet)


def decode_text(packet: str) -> str | bytes:
    """Read a text packet.

    :returns: the packet, or the content of a binary message in base64.
    :raises ProtocolError: it is none.
    """
    if packet[:2] == "b4":
        try:
            return a2b_base64(packet[2:], strict_mode=True)
        except ValueError as error:
            raise ProtocolError(f"a binary packet that is not base64: {error}") from error
    if packet[:1] not in _TYPES:
        raise ProtocolError(f"not an Engine.IO packet: {packet[:20]!r}")
    return packet


def decode_binary(packet: bytes) -> bytes:
    """Read a binary packet.

    :returns: the content of the message that it is.
    :raises ProtocolError: it is no message.
    """
    if packet[:1] != _MESSAGE:
        raise ProtocolError(f"a binary packet that is not a message: it begins {packet[:1]!r}")
    return packet[1:]


def count_units(text: str) -> int:
    """Count UTF-16 code units, which is the length of a string in JavaScript."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[index : index + 4]}" for index in range(0, len(units), 4))


def _regroup(packets: list[str | bytes]) -> PacketGroup:
    return PacketGroup(tuple(packets), sum(map(len, packets)))


def _with_length(packet: str) -> str:
    return f"{count_units(packet)}:{packet}"


def _frame(packet: str | bytes) -> bytes:
    if isinstance(packet, str):
        kind, data = b"\x00", packet.encode()
    else:
        kind, data = b"\x01", _MESSAGE + packet
    return kind + bytes(map(int, str(len(data)))) + b"\xff" + data
