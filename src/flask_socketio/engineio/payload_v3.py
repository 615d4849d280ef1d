"""Reading polling payloads of Engine.IO 3, text and binary (protocol, revision 3, "Payload").

A text payload holds ``<length>:<packet>``, lengths in UTF-16 code units. A binary one holds a byte
0 for text or 1 for binary, the length in bytes as decimal digits (bytes 0 to 9), a byte 255, and
the packet. Either is known by its first byte. Text is UTF-8, but UTF-8 twice in the text payloads
of 1.x clients.
"""

from __future__ import annotations

import re
from typing import Final

from ..errors import ProtocolError
from .packet_v3 import decode_binary, decode_text

#: Digits of a length; bodies are far smaller.
_MAX_DIGITS: Final = 10
_HEADER: Final = re.compile(rb"([\x00\x01])([\x00-\x09]{1,10})\xff")
_LENGTH: Final = re.compile(rf"([0-9]{{1,{_MAX_DIGITS}}}):")
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_DIGITS: Final = bytes(range(10))
_ASCII_DIGITS: Final = bytes.maketrans(_DIGITS, b"0123456789")


def is_binary(body: bytes) -> bool:
    """Tell whether a payload is binary."""
    return body[:1] in (b"\x00", b"\x01")


def decode_binary_payload(body: bytes, max_packets: int | None = None) -> list[str | bytes]:
    """Split a binary payload into its packets, in linear time.

    :param body: the body of a POST request.
    :param max_packets: how many packets it may hold; None leaves that to the size of the body.
    :returns: the packets: text with its type character, or the content of a binary message.
    :raises ProtocolError: when the body is no such payload, or holds too many packets.
    """
    packets: list[str | bytes] = []
    position = 0
    while position < len(body):
        header = _HEADER.match(body, position)
        if header is None:
            raise ProtocolError(f"a binary payload with a wrong length at byte {position}")
        start = header.end()
        position = start + int(header[2].translate(_ASCII_DIGITS))
        if position > len(body):
            raise ProtocolError(f"a binary payload that ends within a packet, at {len(body)} bytes")
        packet = body[start:position]
        packets.append(_decode_utf8(packet) if header[1] == b"\x00" else decode_binary(packet))
        _check_count(packets, max_packets)
    return packets


def split_text_payload(body: bytes, max_packets: int | None = None) -> list[str]:
    """Split a text payload into its packets, in linear time; they are not looked at.

    :param body: the body of a POST request.
    :param max_packets: how many packets it may hold; None leaves that to the size of the body.
    :returns: the packets, without empty ones.
    :raises ProtocolError: when the body is no such payload, or holds too many packets.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(f"a payload that is not UTF-8: {error}") from error
    if not text:
        raise ProtocolError("an empty payload")
    # Python counts code points: what takes two UTF-16 code units becomes two for the time being.
    units = text if text.isascii() else _ASTRAL.sub(_surrogates, text)
    packets: list[str] = []
    position = 0
    while position < len(units):
        length = _LENGTH.match(units, position)
        if length is None:
            raise ProtocolError(f"a payload with a wrong length at character {position}")
        position = length.end() + int(length[1])
        if position > len(units):
            raise ProtocolError(f"a payload that ends within a packet, at {len(units)} characters")
        if packet := units[length.end() : position]:
            packets.append(packet if packet.isascii() else _join_surrogates(packet))
            _check_count(packets, max_packets)
    return packets


def decode_text_packets(packets: list[str]) -> list[str | bytes]:
    """Read the packets of a text payload.

    :returns: text with its type character, or the content of a binary message.
    :raises ProtocolError: one is no packet.
    """
    return [packet if packet[:1] == "4" else decode_text(packet) for packet in packets]


def utf8_of(packet: str) -> str | None:
    """Read a packet whose characters stand for the bytes of UTF-8, as 1.x clients write it.

    Nobody writes characters from U+0080 to U+00FF that make UTF-8 by chance.

    :returns: the packet; None when it is not written so, or is the same in either way.
    """
    if packet.isascii():
        return None
    try:
        return packet.encode("latin-1").decode()
    except UnicodeError:
        return None


def _decode_utf8(packet: bytes) -> str | bytes:
    try:
        return decode_text(packet.decode())
    except UnicodeDecodeError as error:
        raise ProtocolError(f"a packet that is not UTF-8: {error}") from error


def _check_count(packets: list[str] | list[str | bytes], max_packets: int | None) -> None:
    if max_packets is not None and len(packets) > max_packets:
        raise ProtocolError(f"a payload of more than {max_packets} packets")


def _surrogates(match: re.Match[str]) -> str:
    """Return the two UTF-16 code units of a character beyond U+FFFF (RFC 2781 section 2.1)."""
    code = ord(match[0]) - 0x10000
    return chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


def _join_surrogates(packet: str) -> str:
    try:
        return packet.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise ProtocolError("a payload that cuts a character in two") from error
