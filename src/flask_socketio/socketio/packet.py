"""The Socket.IO packet and the header of its text form (protocol 5, "Packet encoding")."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any, Final

from ..errors import ProtocolError, UsageError

#: Names that a peer may not give to an event: they mean something else to the libraries.
RESERVED_EVENTS: Final = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
)

#: Attachments a packet may have before the official clients refuse it (socket.io-parser 4.2.6).
MAX_ATTACHMENTS_OF_CLIENTS: Final = 10

#: Digits of an ack id; the peers count from 0, one per packet.
MAX_ACK_ID_DIGITS: Final = 10

#: Characters of a namespace, without its query string: a connection remembers the name.
MAX_NAMESPACE_LENGTH: Final = 1024

_MAX_COUNT_DIGITS: Final = 6


class PacketType(IntEnum):
    """What a packet is for; the digit is its first character on the wire."""

    CONNECT = 0
    DISCONNECT = 1
    EVENT = 2
    ACK = 3
    CONNECT_ERROR = 4
    BINARY_EVENT = 5
    BINARY_ACK = 6


# EVENT or ACK; namespace without a query string, if any; ack id, if any; the data begins.
_COMMON_HEADER: Final = re.compile(
    rf"([23])(?:(/[^,?]{{0,{MAX_NAMESPACE_LENGTH - 1}}}),)?([0-9]{{0,{MAX_ACK_ID_DIGITS}}})\["
)
# One digit more than allowed, to tell a long id from one that data follows.
_DIGITS: Final = re.compile(rf"[0-9]{{1,{MAX_ACK_ID_DIGITS + 1}}}")

# Looking up a member of an Enum costs more than a module global.
_CONNECT: Final = PacketType.CONNECT
_DISCONNECT: Final = PacketType.DISCONNECT
_EVENT: Final = PacketType.EVENT
_ACK: Final = PacketType.ACK
_CONNECT_ERROR: Final = PacketType.CONNECT_ERROR
_TYPES: Final = {str(int(packet_type)): packet_type for packet_type in PacketType}
_COMPLETE_TYPES: Final = {PacketType.BINARY_EVENT: _EVENT, PacketType.BINARY_ACK: _ACK}
_FIRST_OF_DATA: Final = {_CONNECT: "{", _EVENT: "[", _ACK: "[", _CONNECT_ERROR: '{"'}


class Packet:
    """One received Socket.IO packet whose data is not decoded yet.

    :param type: what it is for; EVENT and ACK also stand for their binary variants.
    :param namespace: the namespace, without a query string.
    :param ack_id: the id of the ack that is asked for (EVENT) or given (ACK).
    :param data: the data as the parser of the connection left it: JSON text, "" if there is none
        (with any parser, for the CONNECT that old clients do not send).
    :param query: the query string of ``namespace?query``, which clients of protocol 4 send.
    :param attachments: the binary messages that followed.
    """

    __slots__ = ("ack_id", "attachments", "data", "namespace", "query", "type")

    def __init__(
        self,
        type: PacketType,
        namespace: str = "/",
        ack_id: int | None = None,
        data: Any = "",
        query: str = "",
        attachments: tuple[bytes, ...] = (),
    ) -> None:
        self.type: PacketType = type
        self.namespace: str = namespace
        self.ack_id: int | None = ack_id
        self.data: Any = data
        self.query: str = query
        self.attachments: tuple[bytes, ...] = attachments

    def __repr__(self) -> str:
        return (
            f"<Packet {self.type.name} namespace={self.namespace!r} ack_id={self.ack_id} "
            f"data of {len(self.data)}, {len(self.attachments)} attachments>"
        )


def encode_header(packet_type: PacketType, namespace: str) -> str:
    """Encode what precedes the ack id of a packet without attachments.

    :param packet_type: the type of the packet.
    :param namespace: its namespace; the default "/" is left out on the wire.
    :return: for instance ``"2"`` or ``"2/chat,"``.
    :raises UsageError: the namespace cannot be written.
    """
    if namespace == "/":
        return f"{packet_type:d}"
    return f"{packet_type:d}{encode_namespace(namespace)}"


def encode_namespace(namespace: str) -> str:
    """Encode the namespace of a packet: "" for "/", else the name and a comma.

    :raises UsageError: the name does not begin with "/" or holds a comma, which ends it.
    """
    if namespace == "/":
        return ""
    check_namespace(namespace)
    return namespace + ","


def check_namespace(namespace: str) -> None:
    """Raise :class:`UsageError` for a namespace that could not be read back from the wire."""
    if namespace[:1] != "/":
        raise UsageError(f"a namespace begins with '/': {namespace!r}")
    if "," in namespace:
        raise UsageError(f"a namespace cannot contain a comma: {namespace!r}")


def check_event(args: list[Any]) -> list[Any]:
    """Return the name of an event and its arguments, if it is one that a peer may send.

    :param args: the decoded data of an EVENT.
    :raises ProtocolError: it has no name, or one that is reserved.
    """
    name = args[0] if args else None
    if type(name) is not str:
        raise ProtocolError("parse error: event without a name")
    if name in RESERVED_EVENTS:
        raise ProtocolError(f"parse error: the event name {name!r} is reserved")
    return args


def decode_header(
    text: str, max_attachments: int = MAX_ATTACHMENTS_OF_CLIENTS
) -> tuple[Packet, int]:
    """Read type, attachment count, namespace and ack id of a packet; the data stays text.

    :param text: ``<type>[<attachments>-][<namespace>[?<query>],][<ack id>][<JSON>]``.
    :param max_attachments: the attachments that a packet may announce.
    :return: the packet, and the number of attachments that must follow it.
    :raises ProtocolError: the text is not a packet.
    """
    if text[:2] == "2[":
        return Packet(_EVENT, "/", None, text[1:]), 0
    match = _COMMON_HEADER.match(text)
    if match is not None:
        kind, namespace, digits = match.groups()
        data = text[match.end() - 1 :]
        if digits:
            return Packet(_TYPES[kind], namespace or "/", int(digits), data), 0
        if kind == "2":
            return Packet(_EVENT, namespace or "/", None, data), 0
    # The rest may take its time, and says what is wrong.
    return _decode_any_header(text, max_attachments)


def _decode_any_header(text: str, max_attachments: int) -> tuple[Packet, int]:
    packet_type = _TYPES.get(text[:1])
    if packet_type is None:
        raise ProtocolError(f"parse error: unknown packet type {text[:1]!r}")
    complete_type = _COMPLETE_TYPES.get(packet_type)
    if complete_type is None:
        due, position, complete_type = 0, 1, packet_type
    else:
        due, position = _decode_attachment_count(text, max_attachments)
    namespace, query, position = _decode_namespace(text, position)
    ack_id, position = _decode_ack_id(text, position)
    packet = Packet(complete_type, namespace, ack_id, text[position:], query)
    _check_shape(packet)
    return packet, due


def _decode_attachment_count(text: str, max_attachments: int) -> tuple[int, int]:
    dash = text.find("-", 1, _MAX_COUNT_DIGITS + 2)
    digits = text[1:dash]
    if dash < 0 or not (digits.isdecimal() and digits.isascii()) or int(digits) == 0:
        raise ProtocolError("parse error: illegal number of attachments")
    if int(digits) > max_attachments:
        raise ProtocolError(
            f"too many attachments: {int(digits)}, allowed are max_attachments={max_attachments}"
        )
    return int(digits), dash + 1


def _decode_namespace(text: str, position: int) -> tuple[str, str, int]:
    if not text.startswith("/", position):
        return "/", "", position
    comma = text.find(",", position)
    # "1/chat" without the comma is read as well, as the reference does.
    end = comma if comma >= 0 else len(text)
    namespace, _, query = text[position:end].partition("?")
    if len(namespace) > MAX_NAMESPACE_LENGTH:
        raise ProtocolError(f"parse error: namespace longer than {MAX_NAMESPACE_LENGTH} characters")
    return namespace, query, end + 1


def _decode_ack_id(text: str, position: int) -> tuple[int | None, int]:
    match = _DIGITS.match(text, position)
    if match is None:
        return None, position
    digits = match[0]
    if len(digits) > MAX_ACK_ID_DIGITS:
        raise ProtocolError(f"parse error: ack id of more than {MAX_ACK_ID_DIGITS} digits")
    return int(digits), match.end()


def _check_shape(packet: Packet) -> None:
    """Refuse what cannot be valid whatever the JSON says, before anything is kept of it."""
    if packet.type is _DISCONNECT:
        if packet.data:
            raise ProtocolError("parse error: DISCONNECT with data")
        return
    if packet.type is _ACK and packet.ack_id is None:
        raise ProtocolError("parse error: ACK without an id")
    if not packet.data:
        if packet.type is not _CONNECT:
            raise ProtocolError(f"parse error: {packet.type.name} without data")
    elif packet.data[0] not in _FIRST_OF_DATA[packet.type]:
        raise ProtocolError(f"parse error: data of {packet.type.name} begins wrongly")
