"""WebSocket frames and their bytes (RFC 6455 section 5)."""

from __future__ import annotations

from enum import IntEnum


class Opcode(IntEnum):
    """What a frame carries (RFC 6455 section 5.2)."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class CloseCode(IntEnum):
    """Why a connection was closed (RFC 6455 section 7.4.1 and the IANA registry)."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    #: Never on the wire: the close frame had no code.
    NO_STATUS_RECEIVED = 1005
    #: Never on the wire: the connection ended without a close frame.
    ABNORMAL_CLOSURE = 1006
    INVALID_PAYLOAD_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    #: Never on the wire: the TLS handshake failed.
    TLS_HANDSHAKE = 1015


#: The longest payload of a control frame in bytes (section 5.5).
MAX_CONTROL_PAYLOAD = 125

_SENDABLE_CLOSE_CODES = frozenset(
    set(CloseCode)
    - {CloseCode.NO_STATUS_RECEIVED, CloseCode.ABNORMAL_CLOSURE, CloseCode.TLS_HANDSHAKE}
)

# The two header bytes of every short, final, unmasked frame, by payload length.
_SHORT_TEXT = tuple(bytes((0x81, length)) for length in range(126))
_SHORT_BINARY = tuple(bytes((0x82, length)) for length in range(126))

#: By payload length up to 125, the number that multiplied by a key of 32 bits repeats it often
#: enough. Both are little-endian, so that what is too much is at the end.
KEY_REPEATERS = tuple(
    int.from_bytes(b"\1\0\0\0" * ((length + 3) // 4), "little") for length in range(126)
)

# One XOR table for bytes.translate per value of a key byte: 64 KiB, shared by everything.
_XOR_TABLES = tuple(bytes(value ^ key for value in range(256)) for key in range(256))
# From this many bytes on, four translations are faster than one XOR of big integers.
_TRANSLATE_FROM = 1024


def is_sendable_close_code(code: int) -> bool:
    """Tell whether a close frame may carry this code (RFC 6455 sections 7.4.1 and 7.4.2).

    :param code: the close code; 3000 to 4999 belong to libraries and applications.
    :returns: False for codes that are reserved, unknown, or never on the wire.
    """
    return 3000 <= code <= 4999 or code in _SENDABLE_CLOSE_CODES


def apply_mask(data: bytes, key: bytes) -> bytes:
    """Mask or unmask a payload (RFC 6455 section 5.3).

    :param data: the payload, of any length; the cost is linear in it.
    :param key: the four bytes of the masking key.
    :returns: as many bytes as ``data`` has.
    """
    length = len(data)
    if length < 126:
        mask = int.from_bytes(key, "little") * KEY_REPEATERS[length]
        masked = int.from_bytes(data, "little") ^ mask
        return masked.to_bytes((length + 3) & -4, "little")[:length]
    if length >= _TRANSLATE_FROM:
        return _translate_mask(data, key)
    repeated = (key * (length // 4 + 1))[:length]
    mask = int.from_bytes(repeated, "little")
    return (int.from_bytes(data, "little") ^ mask).to_bytes(length, "little")


def _translate_mask(data: bytes, key: bytes) -> bytes:
    masked = bytearray(len(data))
    for offset in range(4):
        masked[offset::4] = data[offset::4].translate(_XOR_TABLES[key[offset]])
    return bytes(masked)


def encode_text(text: str) -> bytes:
    """Encode a text message as one unmasked frame, as a server sends it.

    :param text: the message.
    :returns: the bytes of the frame; the same for every client, so that they can be shared.
    :raises UnicodeEncodeError: if the text has lone surrogates and so no UTF-8 form.
    """
    payload = text.encode()
    length = len(payload)
    if length < 126:
        return _SHORT_TEXT[length] + payload
    return _long_header(0x81, length, 0) + payload


def encode_binary(data: bytes) -> bytes:
    """Encode a binary message as one unmasked frame, as a server sends it.

    :param data: the message.
    :returns: the bytes of the frame; the same for every client, so that they can be shared.
    """
    length = len(data)
    if length < 126:
        return _SHORT_BINARY[length] + data
    return _long_header(0x82, length, 0) + data


def encode_frame(
    opcode: Opcode,
    payload: bytes,
    *,
    fin: bool = True,
    rsv1: bool = False,
    mask: bytes | None = None,
) -> bytes:
    """Encode one frame of any kind (RFC 6455 section 5.2).

    :param opcode: what it carries.
    :param payload: the bytes as the extension left them, not yet masked.
    :param fin: whether the message ends with it.
    :param rsv1: whether the message is compressed (RFC 7692 section 6).
    :param mask: the masking key of a client's frame, four bytes; None for a server's.
    :returns: the bytes of the frame.
    """
    first = opcode | (0x80 if fin else 0) | (0x40 if rsv1 else 0)
    length = len(payload)
    mask_bit = 0 if mask is None else 0x80
    if length < 126:
        header = bytes((first, mask_bit | length))
    else:
        header = _long_header(first, length, mask_bit)
    if mask is None:
        return header + payload
    return header + mask + apply_mask(payload, mask)


def _long_header(first: int, length: int, mask_bit: int) -> bytes:
    if length < 65536:
        return bytes((first, mask_bit | 126)) + length.to_bytes(2, "big")
    return bytes((first, mask_bit | 127)) + length.to_bytes(8, "big")
