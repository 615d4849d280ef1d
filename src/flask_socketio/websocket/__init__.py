"""WebSockets without I/O: bytes in, events out (RFC 6455, RFC 7692)."""

from .connection import Role, State, WebSocketConnection
from .deflate import DeflateSettings, PerMessageDeflate
from .events import Close, Event, Ping, Pong
from .extensions import Extension, parse_extensions
from .frames import (
    CloseCode,
    Opcode,
    apply_mask,
    encode_binary,
    encode_frame,
    encode_text,
    is_sendable_close_code,
)
from .handshake import (
    Acceptance,
    HandshakeError,
    accept_handshake,
    accept_value,
    check_response,
    request_head,
)

__all__ = [
    "Acceptance",
    "Close",
    "CloseCode",
    "DeflateSettings",
    "Event",
    "Extension",
    "HandshakeError",
    "Opcode",
    "PerMessageDeflate",
    "Ping",
    "Pong",
    "Role",
    "State",
    "WebSocketConnection",
    "accept_handshake",
    "accept_value",
    "apply_mask",
    "check_response",
    "encode_binary",
    "encode_frame",
    "encode_text",
    "is_sendable_close_code",
    "parse_extensions",
    "request_head",
]
