"""The MessagePack parser: each packet is one binary message, binary values included.

The wire form is that of socket.io-msgpack-parser 3: a map ``{type, data, nsp, id?}``, in which the
types of binary events do not occur. That parser's MessagePack library (notepack.io 2) uses the
extension type 0 for three things, told apart by their length: ``undefined`` (1), a ``Date`` (8) and
what Node has in an ``ArrayBuffer`` (any). It does not know the timestamps of MessagePack.
"""

from __future__ import annotations

import datetime
import importlib
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ..errors import ProtocolError, UsageError
from .packet import (
    MAX_ACK_ID_DIGITS,
    MAX_NAMESPACE_LENGTH,
    Packet,
    PacketType,
    check_event,
    check_namespace,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

# The keys of the map as they stand on the wire (MessagePack, "str format family": fixstr).
_TYPE_KEY: Final = b"\xa4type"
_DATA_KEY: Final = b"\xa4data"
_NAMESPACE_KEY: Final = b"\xa3nsp"
_ACK_ID_KEY: Final = b"\xa2id"
_KEYS: Final = frozenset({_TYPE_KEY, _DATA_KEY, _NAMESPACE_KEY, _ACK_ID_KEY})
_NIL: Final = b"\xc0"
_UNDEFINED: Final = b"\xd4\x00\x00"
_COMMON_FIELDS: Final = {_NIL: None, _UNDEFINED: None, b"\xa1/": "/"}

#: A type is one byte, "positive fixint".
_TYPES: Final = {bytes([packet_type]): packet_type for packet_type in list(PacketType)[:5]}
_MAX_ACK_ID: Final = 10**MAX_ACK_ID_DIGITS - 1
# The official client reads four, and sends `options` besides.
_MAX_FIELDS: Final = 16
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND: Final = datetime.timedelta(milliseconds=1)


class MsgpackParser:
    """Reads and writes packets as MessagePack, for clients with socket.io-msgpack-parser.

    A ``Date`` is received as :class:`datetime.datetime` in UTC, as is a timestamp of MessagePack,
    and ``undefined`` as None. A datetime with a time zone is sent as a ``Date``, in whole
    milliseconds.

    :param dumps_default: called with an object of a type that MessagePack does not know, datetimes
        included; returns one that it knows, or a :class:`msgpack.ExtType`. None refuses all such
        objects but datetimes.
    :param ext_hook: called with code and data of a received extension type other than 0 and -1;
        returns the decoded object, or raises ValueError. None refuses these types.
    :raises UsageError: the package ``msgpack`` is not installed.
    """

    __slots__ = ("_decode_extension", "_default", "_errors", "_msgpack")

    def __init__(
        self,
        dumps_default: Callable[[Any], Any] | None = None,
        ext_hook: Callable[[int, bytes], Any] | None = None,
    ) -> None:
        self._msgpack = _import_msgpack()
        self._default = self._encode_date if dumps_default is None else dumps_default
        self._decode_extension = _extension_decoder(ext_hook)
        # OverflowError: a timestamp beyond the years of datetime. RecursionError: msgpack without
        # its C extension has no limit of its own.
        self._errors: tuple[type[Exception], ...] = (
            ValueError,
            OverflowError,
            RecursionError,
            self._msgpack.UnpackException,
        )

    def encode_event(
        self, namespace: str, args: Sequence[Any], ack_id: int | None = None
    ) -> tuple[str | bytes, ...]:
        """Encode an EVENT.

        :param namespace: the namespace.
        :param args: the name of the event, then its arguments.
        :param ack_id: the id that the peer's ack shall carry; None asks for no ack.
        :return: the one message.
        :raises TypeError, ValueError: the arguments cannot be encoded as MessagePack.
        :raises UsageError: the namespace cannot be written.
        """
        packet: dict[str, Any] = {"type": 2, "data": args, "nsp": namespace}
        if ack_id is not None:
            packet["id"] = ack_id
        return self._encode(packet)

    def encode_ack(
        self, namespace: str, args: Sequence[Any], ack_id: int
    ) -> tuple[str | bytes, ...]:
        """Encode an ACK.

        :param namespace: the namespace.
        :param args: the arguments for the callback at the peer.
        :param ack_id: the id of the event that is answered.
        :return: the one message.
        :raises TypeError, ValueError: the arguments cannot be encoded as MessagePack.
        :raises UsageError: the namespace cannot be written.
        """
        return self._encode({"type": 3, "data": args, "nsp": namespace, "id": ack_id})

    def encode_connect(self, namespace: str, data: Any | None) -> tuple[str | bytes, ...]:
        """Encode a CONNECT: ``{"sid": …}`` from a server, the auth data or None from a client.

        :raises TypeError, ValueError: the data cannot be encoded as MessagePack.
        :raises UsageError: the namespace cannot be written.
        """
        # The reference refuses a packet whose data is there, and null.
        if data is None:
            return self._encode({"type": 0, "nsp": namespace})
        return self._encode({"type": 0, "data": data, "nsp": namespace})

    def encode_connect_error(self, namespace: str, data: Any) -> tuple[str | bytes, ...]:
        """Encode a CONNECT_ERROR, ``{"message": …, "data": …}``.

        :raises TypeError, ValueError: the data cannot be encoded as MessagePack.
        :raises UsageError: the namespace cannot be written.
        """
        return self._encode({"type": 4, "data": data, "nsp": namespace})

    def encode_disconnect(self, namespace: str) -> tuple[str | bytes, ...]:
        """Encode a DISCONNECT.

        :raises UsageError: the namespace cannot be written.
        """
        return self._encode({"type": 1, "nsp": namespace})

    def decode_header(self, message: str | bytes, max_attachments: int) -> tuple[Packet, int]:
        """Read all of a packet but its data.

        :param message: the packet.
        :param max_attachments: not used: binary values are part of the message.
        :return: the packet, whose data is MessagePack, b"" if there is none; and 0.
        :raises ProtocolError: it is not a packet.
        """
        if isinstance(message, str):
            raise ProtocolError("parse error: text message, though the parser is msgpack")
        try:
            fields = self._split(message)
            namespace = self._unpack_plain(fields.get(_NAMESPACE_KEY, _NIL))
            ack_id = self._unpack_plain(fields.get(_ACK_ID_KEY, _NIL))
        except self._errors as error:
            raise ProtocolError(f"parse error: {_describe(error)}") from error
        packet_type = _TYPES.get(fields.get(_TYPE_KEY, b""))
        if packet_type is None:
            raise ProtocolError("parse error: unknown packet type")
        data = fields.get(_DATA_KEY, b"")
        if data in (_NIL, _UNDEFINED):
            data = b""
        return _make_packet(packet_type, namespace, ack_id, data), 0

    def decode_event(self, packet: Packet) -> list[Any]:
        """Decode the data of an EVENT.

        :return: the name of the event, then its arguments.
        :raises ProtocolError: it is no list that begins with the name of an event, or the name is
            reserved.
        """
        return check_event(self.decode_ack(packet))

    def decode_ack(self, packet: Packet) -> list[Any]:
        """Decode the data of an ACK.

        :return: the arguments for the callback.
        :raises ProtocolError: it is no list.
        """
        data = self._decode(packet)
        if isinstance(data, list):
            return data
        raise ProtocolError(f"parse error: data of {packet.type.name} is not a list")

    def decode_auth(self, packet: Packet) -> dict[str, Any] | None:
        """Decode the data of a CONNECT.

        :return: the dict that the peer sent, None if it sent nothing.
        :raises ProtocolError: it is no map.
        """
        if not packet.data:
            return None
        data = self._decode(packet)
        if isinstance(data, dict):
            return data
        raise ProtocolError("parse error: data of CONNECT is not an object")

    def decode_connect_error(self, packet: Packet) -> dict[str, Any] | str:
        """Decode the data of a CONNECT_ERROR.

        :return: the dict with the ``message``, or a string.
        :raises ProtocolError: it is neither.
        """
        data = self._decode(packet)
        if isinstance(data, (dict, str)):
            return data
        raise ProtocolError("parse error: data of CONNECT_ERROR is not an object")

    def _encode(self, packet: dict[str, Any]) -> tuple[bytes]:
        if packet["nsp"] != "/":
            check_namespace(packet["nsp"])
        try:
            return (self._msgpack.packb(packet, default=self._default),)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            _refuse(error, packet)

    def _encode_date(self, value: object) -> Any:
        if isinstance(value, datetime.datetime) and value.tzinfo is not None:
            milliseconds = (value - _EPOCH) // _MILLISECOND
            return self._msgpack.ExtType(0, milliseconds.to_bytes(8, "big", signed=True))
        if isinstance(value, int):
            raise OverflowError("an integer of more than 64 bits")
        raise TypeError(f"can not serialize {type(value).__name__!r} object")

    def _decode(self, packet: Packet) -> Any:
        try:
            return self._unpack(packet.data)
        except self._errors as error:
            raise ProtocolError(f"parse error: {_describe(error)}") from error

    def _unpack(self, data: bytes) -> Any:
        return self._msgpack.unpackb(data, timestamp=3, ext_hook=self._decode_extension)

    def _unpack_plain(self, data: bytes) -> Any:
        """Unpack a field of the header, without the user's hook; the common values need no call."""
        if data in _COMMON_FIELDS:
            return _COMMON_FIELDS[data]
        return self._msgpack.unpackb(data)

    def _split(self, message: bytes) -> dict[bytes, bytes]:
        """Cut the map into its fields without making objects of them.

        Skipping also proves that each list has as many items as it announces, so that unpacking it
        later takes memory in proportion to the message.
        """
        unpacker = self._msgpack.Unpacker(max_buffer_size=len(message) or 1)
        unpacker.feed(message)
        tell, skip = unpacker.tell, unpacker.skip
        fields: dict[bytes, bytes] = {}
        end = 0
        count = unpacker.read_map_header()
        if count > _MAX_FIELDS:
            raise ValueError(f"packet of {count} fields")
        for _ in range(count):
            start = end or tell()
            skip()
            middle = tell()
            skip()
            end = tell()
            key = message[start:middle]
            if key in _KEYS:
                fields[key] = message[middle:end]
        if tell() != len(message):
            raise ValueError("bytes after the packet")
        return fields


def _make_packet(packet_type: PacketType, namespace: Any, ack_id: Any, data: bytes) -> Packet:
    if type(namespace) is not str or namespace[:1] != "/" or "," in namespace:
        raise ProtocolError("parse error: invalid namespace")
    name, _, query = namespace.partition("?")
    if len(name) > MAX_NAMESPACE_LENGTH:
        raise ProtocolError(f"parse error: namespace longer than {MAX_NAMESPACE_LENGTH} characters")
    if ack_id is not None and (type(ack_id) is not int or not 0 <= ack_id <= _MAX_ACK_ID):
        raise ProtocolError("parse error: invalid ack id")
    if packet_type is PacketType.ACK and ack_id is None:
        raise ProtocolError("parse error: ACK without an id")
    if packet_type is PacketType.DISCONNECT:
        if data:
            raise ProtocolError("parse error: DISCONNECT with data")
    elif not data and packet_type is not PacketType.CONNECT:
        raise ProtocolError(f"parse error: {packet_type.name} without data")
    return Packet(packet_type, name, ack_id, data, query)


def _import_msgpack() -> ModuleType:
    try:
        return importlib.import_module("msgpack")
    except ImportError as error:
        raise UsageError(
            "the msgpack serializer needs the package msgpack: pip install flask-socketio[msgpack]"
        ) from error


def _extension_decoder(
    ext_hook: Callable[[int, bytes], Any] | None,
) -> Callable[[int, bytes], Any]:
    def decode(code: int, data: bytes) -> Any:
        if code == 0:
            return _decode_notepack(data)
        if ext_hook is None:
            raise ValueError(f"extension type {code} of {len(data)} bytes")
        return ext_hook(code, data)

    return decode


def _decode_notepack(data: bytes) -> datetime.datetime | bytes | None:
    if data == b"\x00":
        return None
    if len(data) == 8:
        return _EPOCH + int.from_bytes(data, "big", signed=True) * _MILLISECOND
    return data


def _describe(error: Exception) -> str:
    # msgpack's own exceptions often come without a text.
    return str(error) or type(error).__name__


def _refuse(error: Exception, packet: dict[str, Any]) -> NoReturn:
    """Raise what the caller of emit sees: a TypeError or ValueError that names the event."""
    packet_type = PacketType(packet["type"])
    name = f"event {packet['data'][0]!r}" if packet_type is PacketType.EVENT else packet_type.name
    message = f"cannot encode the data of {name} as MessagePack: {error}"
    raise (TypeError if isinstance(error, TypeError) else ValueError)(message) from error
