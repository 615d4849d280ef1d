"""The port between packets and their wire form, and the default parser: JSON and attachments.

Headers are read by the connection; data is decoded and encoded where the event handlers run. So
one parser serves many connections and several threads at once, and keeps no state.
"""

from __future__ import annotations

import json as standard_json
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from ..errors import ProtocolError
from .attachments import attach_binary
from .json_codec import decode_standard, encode_standard, make_encoder
from .packet import (
    Packet,
    PacketType,
    check_event,
    decode_header,
    encode_header,
    encode_namespace,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .json_codec import JsonModule


class Parser(Protocol):
    """What a connection needs to read and write packets; a class of your own may satisfy it.

    The encoding methods return the messages of one packet, attachments last. They raise TypeError
    or ValueError for data that cannot be encoded, and UsageError for an impossible namespace; the
    decoding methods raise ProtocolError, and nothing else. All may be called by several threads.
    """

    def encode_event(
        self, namespace: str, args: Sequence[Any], ack_id: int | None = None
    ) -> tuple[str | bytes, ...]:
        """Encode an EVENT; ``args`` begins with the event's name."""
        ...

    def encode_ack(
        self, namespace: str, args: Sequence[Any], ack_id: int
    ) -> tuple[str | bytes, ...]:
        """Encode an ACK with the arguments for the peer's callback."""
        ...

    def encode_connect(self, namespace: str, data: Any | None) -> tuple[str | bytes, ...]:
        """Encode a CONNECT; ``data`` is a dict or None."""
        ...

    def encode_connect_error(self, namespace: str, data: Any) -> tuple[str | bytes, ...]:
        """Encode a CONNECT_ERROR; ``data``: a dict with a ``message``, or any for protocol 4."""
        ...

    def encode_disconnect(self, namespace: str) -> tuple[str | bytes, ...]:
        """Encode a DISCONNECT."""
        ...

    def decode_header(self, message: str | bytes, max_attachments: int) -> tuple[Packet, int]:
        """Read all of a packet but its data; return it and the number of attachments due."""
        ...

    def decode_event(self, packet: Packet) -> list[Any]:
        """Decode the data of an EVENT: its name, then the arguments."""
        ...

    def decode_ack(self, packet: Packet) -> list[Any]:
        """Decode the data of an ACK: the arguments for the callback."""
        ...

    def decode_auth(self, packet: Packet) -> dict[str, Any] | None:
        """Decode the data of a CONNECT; None if there is none."""
        ...

    def decode_connect_error(self, packet: Packet) -> dict[str, Any] | str:
        """Decode the data of a CONNECT_ERROR, which only clients receive."""
        ...


class JsonParser:
    """The default parser: JSON text, with bytes as attachments.

    :param json: a module with ``dumps`` and ``loads`` in the place of the standard :mod:`json`;
        what it does with NaN, and which types it knows, is then its own affair.
    """

    __slots__ = ("_decode", "_encode")

    def __init__(self, json: JsonModule | None = None) -> None:
        if json is None or json is standard_json:
            self._encode: Callable[[object], tuple[str, Sequence[bytes]]] = encode_standard
            self._decode: Callable[[str], Any] = decode_standard
        else:
            self._encode = make_encoder(json)
            self._decode = json.loads

    def encode_event(
        self, namespace: str, args: Sequence[Any], ack_id: int | None = None
    ) -> tuple[str | bytes, ...]:
        """Encode an EVENT.

        :param namespace: the namespace.
        :param args: the name of the event, then its arguments.
        :param ack_id: the id that the peer's ack shall carry; None asks for no ack.
        :return: the text, then the attachments.
        :raises TypeError, ValueError: the arguments cannot be encoded as JSON.
        :raises UsageError: the namespace cannot be written.
        """
        try:
            text, attachments = self._encode(args)
        except (TypeError, ValueError, RecursionError) as error:
            _refuse(error, f"event {args[0]!r}")
        number = "" if ack_id is None else ack_id
        prefix = "" if namespace == "/" else encode_namespace(namespace)
        if attachments:
            return (f"5{len(attachments)}-{prefix}{number}{text}", *attachments)
        return (f"2{prefix}{number}{text}",)

    def encode_ack(
        self, namespace: str, args: Sequence[Any], ack_id: int
    ) -> tuple[str | bytes, ...]:
        """Encode an ACK.

        :param namespace: the namespace.
        :param args: the arguments for the callback at the peer.
        :param ack_id: the id of the event that is answered.
        :return: the text, then the attachments.
        :raises TypeError, ValueError: the arguments cannot be encoded as JSON.
        :raises UsageError: the namespace cannot be written.
        """
        try:
            text, attachments = self._encode(args)
        except (TypeError, ValueError, RecursionError) as error:
            _refuse(error, "an ack")
        prefix = "" if namespace == "/" else encode_namespace(namespace)
        if attachments:
            return (f"6{len(attachments)}-{prefix}{ack_id}{text}", *attachments)
        return (f"3{prefix}{ack_id}{text}",)

    def encode_connect(self, namespace: str, data: Any | None) -> tuple[str | bytes, ...]:
        """Encode a CONNECT: ``{"sid": …}`` from a server, the auth data or None from a client.

        :raises TypeError, ValueError: the data cannot be encoded as JSON.
        :raises UsageError: the namespace cannot be written.
        """
        header = encode_header(PacketType.CONNECT, namespace)
        return (header if data is None else header + self._encode_plain(data, "CONNECT"),)

    def encode_connect_error(self, namespace: str, data: Any) -> tuple[str | bytes, ...]:
        """Encode a CONNECT_ERROR, ``{"message": …, "data": …}``; None is left out.

        Clients of protocol 4 are sent any data; they call the packet ERROR.

        :raises TypeError, ValueError: the data cannot be encoded as JSON.
        :raises UsageError: the namespace cannot be written.
        """
        header = encode_header(PacketType.CONNECT_ERROR, namespace)
        return (header if data is None else header + self._encode_plain(data, "CONNECT_ERROR"),)

    def encode_disconnect(self, namespace: str) -> tuple[str | bytes, ...]:
        """Encode a DISCONNECT.

        :raises UsageError: the namespace cannot be written.
        """
        return (encode_header(PacketType.DISCONNECT, namespace),)

    def decode_header(self, message: str | bytes, max_attachments: int) -> tuple[Packet, int]:
        """Read all of a packet but its data.

        :param message: the text that begins a packet.
        :param max_attachments: the attachments that it may announce.
        :return: the packet, and the number of attachments that must follow.
        :raises ProtocolError: it is not a packet.
        """
        if isinstance(message, str):
            return decode_header(message, max_attachments)
        raise ProtocolError("parse error: binary message that no packet announced")

    def decode_event(self, packet: Packet) -> list[Any]:
        """Decode the data of an EVENT.

        :return: the name of the event, then its arguments.
        :raises ProtocolError: it is no JSON list that begins with the name of an event, the name is
            reserved, or the attachments do not fit.
        """
        return check_event(self._decode_list(packet))

    def decode_ack(self, packet: Packet) -> list[Any]:
        """Decode the data of an ACK.

        :return: the arguments for the callback.
        :raises ProtocolError: it is no JSON list, or the attachments do not fit.
        """
        return self._decode_list(packet)

    def decode_auth(self, packet: Packet) -> dict[str, Any] | None:
        """Decode the data of a CONNECT.

        :return: the dict that the peer sent, None if it sent nothing.
        :raises ProtocolError: it is no JSON object.
        """
        if not packet.data:
            return None
        data = self._decode_value(packet)
        if isinstance(data, dict):
            return data
        raise ProtocolError("parse error: data of CONNECT is not an object")

    def decode_connect_error(self, packet: Packet) -> dict[str, Any] | str:
        """Decode the data of a CONNECT_ERROR.

        :return: the dict with the ``message``; a string from a server of protocol 4.
        :raises ProtocolError: it is neither.
        """
        data = self._decode_value(packet)
        if isinstance(data, (dict, str)):
            return data
        raise ProtocolError("parse error: data of CONNECT_ERROR is not an object")

    def _encode_plain(self, data: object, where: str) -> str:
        try:
            text, attachments = self._encode(data)
        except (TypeError, ValueError, RecursionError) as error:
            _refuse(error, where)
        if attachments:
            raise TypeError(f"cannot encode the data of {where} as JSON: it contains bytes")
        return text

    def _decode_list(self, packet: Packet) -> list[Any]:
        try:
            data = self._decode(packet.data)
            if packet.attachments:
                data = attach_binary(data, packet.attachments)
        # ValueError: not JSON, or an integer of more than 4300 digits, which Python refuses.
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"parse error: {error}") from error
        if isinstance(data, list):
            return data
        raise ProtocolError(f"parse error: data of {packet.type.name} is not a list")

    def _decode_value(self, packet: Packet) -> Any:
        try:
            return self._decode(packet.data)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"parse error: {error}") from error


def _refuse(error: Exception, what: str) -> NoReturn:
    """Raise what the caller of emit sees: a TypeError or ValueError that names the event."""
    message = f"cannot encode the data of {what} as JSON: {error}"
    if isinstance(error, TypeError):
        raise TypeError(message) from error
    if isinstance(error, RecursionError):
        message = f"cannot encode the data of {what} as JSON: nested too deeply, or in a circle"
    raise ValueError(message) from error
