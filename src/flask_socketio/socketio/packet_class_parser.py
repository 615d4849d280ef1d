"""Packet classes written for python-socketio, as parsers.

Such a class (``serializer=MyPacket``) has the constructor, the attributes and the methods of
:class:`PacketObject`. It reads header and data in one go, so that, unlike with the other parsers,
data is decoded where the connection is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ProtocolError
from .packet import MAX_NAMESPACE_LENGTH, Packet, PacketType, check_event, check_namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: What the code of others may raise for bytes that are no packet.
_DECODING_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, EOFError)
_COMPLETE_TYPES = {
    PacketType.BINARY_EVENT: PacketType.EVENT,
    PacketType.BINARY_ACK: PacketType.ACK,
}


class PacketObject(Protocol):
    """One packet; the class is called with the keywords ``packet_type``, ``data``, ``namespace``
    and ``id``, or with ``encoded_packet`` alone.
    """

    packet_type: int
    data: Any
    namespace: str | None
    id: int | None

    def encode(self) -> str | bytes | list[str | bytes]:
        """Return the wire form: one message, or several with attachments last."""
        ...

    def decode(self, encoded_packet: Any, /) -> Any:
        """Read a message; the constructor calls it for its ``encoded_packet``."""
        ...


class PacketClassParser:
    """Reads and writes packets with a packet class.

    :param packet_class: the class.
    """

    __slots__ = ("_class",)

    def __init__(self, packet_class: Callable[..., Any]) -> None:
        self._class = packet_class

    def encode_event(
        self, namespace: str, args: Sequence[Any], ack_id: int | None = None
    ) -> tuple[str | bytes, ...]:
        """Encode an EVENT; ``args`` begins with the event's name."""
        return self._encode(PacketType.EVENT, namespace, list(args), ack_id)

    def encode_ack(
        self, namespace: str, args: Sequence[Any], ack_id: int
    ) -> tuple[str | bytes, ...]:
        """Encode an ACK."""
        return self._encode(PacketType.ACK, namespace, list(args), ack_id)

    def encode_connect(self, namespace: str, data: Any | None) -> tuple[str | bytes, ...]:
        """Encode a CONNECT."""
        return self._encode(PacketType.CONNECT, namespace, data)

    def encode_connect_error(self, namespace: str, data: Any) -> tuple[str | bytes, ...]:
        """Encode a CONNECT_ERROR."""
        return self._encode(PacketType.CONNECT_ERROR, namespace, data)

    def encode_disconnect(self, namespace: str) -> tuple[str | bytes, ...]:
        """Encode a DISCONNECT."""
        return self._encode(PacketType.DISCONNECT, namespace, None)

    def decode_header(self, message: str | bytes, max_attachments: int) -> tuple[Packet, int]:
        """Read a packet.

        :param message: what begins it.
        :param max_attachments: the attachments that it may announce.
        :return: the packet, whose data is the object of the packet class, and the number of
            attachments that must follow.
        :raises ProtocolError: it is not a packet.
        """
        try:
            read: PacketObject = self._class(encoded_packet=message)
            packet_type = PacketType(read.packet_type)
        except _DECODING_ERRORS as error:
            raise ProtocolError(f"parse error: {error}") from error
        due: int = getattr(read, "attachment_count", 0)
        if due > max_attachments:
            raise ProtocolError(f"parse error: more than max_attachments={max_attachments}")
        name, _, query = _checked_namespace(read.namespace).partition("?")
        if len(name) > MAX_NAMESPACE_LENGTH:
            raise ProtocolError(
                f"parse error: namespace longer than {MAX_NAMESPACE_LENGTH} characters"
            )
        complete = _COMPLETE_TYPES.get(packet_type, packet_type)
        return Packet(complete, name, _checked_ack_id(read.id), read, query), due

    def decode_event(self, packet: Packet) -> list[Any]:
        """Return the name of an event and its arguments.

        :raises ProtocolError: it is no list that begins with the name of an event, or the name is
            reserved.
        """
        return check_event(self.decode_ack(packet))

    def decode_ack(self, packet: Packet) -> list[Any]:
        """Return the arguments for a callback.

        :raises ProtocolError: they are no list, or the attachments do not fit.
        """
        data = self._decode(packet)
        if isinstance(data, list):
            return data
        raise ProtocolError(f"parse error: data of {packet.type.name} is not a list")

    def decode_auth(self, packet: Packet) -> dict[str, Any] | None:
        """Return the data of a CONNECT; None if there is none.

        :raises ProtocolError: it is no dict.
        """
        if packet.data == "":  # of an old client, which has sent no packet
            return None
        data = self._decode(packet)
        if data is None or isinstance(data, dict):
            return data or None
        raise ProtocolError("parse error: data of CONNECT is not an object")

    def decode_connect_error(self, packet: Packet) -> dict[str, Any] | str:
        """Return the data of a CONNECT_ERROR.

        :raises ProtocolError: it is no dict with a message, and no text.
        """
        data = self._decode(packet)
        if isinstance(data, (dict, str)):
            return data
        raise ProtocolError("parse error: data of CONNECT_ERROR is not an object")

    def _encode(
        self, packet_type: PacketType, namespace: str, data: Any, ack_id: int | None = None
    ) -> tuple[str | bytes, ...]:
        if namespace != "/":
            check_namespace(namespace)
        packet: PacketObject = self._class(
            packet_type=int(packet_type), data=data, namespace=namespace, id=ack_id
        )
        encoded = packet.encode()
        return tuple(encoded) if isinstance(encoded, list | tuple) else (encoded,)

    def _decode(self, packet: Packet) -> Any:
        read = packet.data
        try:
            for attachment in packet.attachments:
                read.add_attachment(attachment)
        except _DECODING_ERRORS as error:
            raise ProtocolError(f"parse error: {error}") from error
        return read.data


def _checked_namespace(namespace: Any) -> str:
    if not namespace:
        return "/"
    if type(namespace) is not str or namespace[:1] != "/" or "," in namespace:
        raise ProtocolError("parse error: invalid namespace")
    return namespace


def _checked_ack_id(ack_id: Any) -> int | None:
    if ack_id is None or (type(ack_id) is int and ack_id >= 0):
        return ack_id
    raise ProtocolError("parse error: invalid ack id")
