"""Socket.IO protocols 5 and 4 without I/O: packets, parsers, the states of namespaces."""

from __future__ import annotations

from .connection import Connection, NamespaceState, Role
from .dialect import Dialect, dialect_for
from .msgpack_parser import MsgpackParser
from .packet import MAX_ATTACHMENTS_OF_CLIENTS, RESERVED_EVENTS, Packet, PacketType
from .packet_class_parser import PacketClassParser
from .parser import JsonParser, Parser

__all__ = [
    "MAX_ATTACHMENTS_OF_CLIENTS",
    "RESERVED_EVENTS",
    "Connection",
    "Dialect",
    "JsonParser",
    "MsgpackParser",
    "NamespaceState",
    "Packet",
    "PacketClassParser",
    "PacketType",
    "Parser",
    "Role",
    "dialect_for",
]
