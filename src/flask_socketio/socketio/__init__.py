"""Socket.IO protocol 5 without I/O: packets, parsers, and the states of namespaces."""

from __future__ import annotations

from .connection import Connection, NamespaceState, Role
from .msgpack_parser import MsgpackParser
from .packet import MAX_ATTACHMENTS_OF_CLIENTS, RESERVED_EVENTS, Packet, PacketType
from .packet_class_parser import PacketClassParser
from .parser import JsonParser, Parser

__all__ = [
    "MAX_ATTACHMENTS_OF_CLIENTS",
    "RESERVED_EVENTS",
    "Connection",
    "JsonParser",
    "MsgpackParser",
    "NamespaceState",
    "Packet",
    "PacketClassParser",
    "PacketType",
    "Parser",
    "Role",
]
