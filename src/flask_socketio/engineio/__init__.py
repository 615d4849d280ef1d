"""Engine.IO 4 and 3, without any input or output: packets, payloads, sessions, requests."""

from .origin import AllowedOrigins, OriginPolicy
from .packet import CLOSE, NOOP, PING, PacketGroup, PacketType, control_group, message_group
from .payload import decode_payload, encode_payload
from .request import (
    EngineRequestError,
    ErrorCode,
    Query,
    answer_packet_limit,
    check_handshake,
    check_session_request,
    parse_query,
)
from .response import (
    Cookie,
    Response,
    cookie_header,
    error_response,
    ok_response,
    payload_response,
    preflight_response,
)
from .session import Session, State
from .settings import SessionSettings, Transport
from .wire import CURRENT, Wire
from .wire_v3 import choose_wire

__all__ = [
    "CLOSE",
    "CURRENT",
    "NOOP",
    "PING",
    "AllowedOrigins",
    "Cookie",
    "EngineRequestError",
    "ErrorCode",
    "OriginPolicy",
    "PacketGroup",
    "PacketType",
    "Query",
    "Response",
    "Session",
    "SessionSettings",
    "State",
    "Transport",
    "Wire",
    "answer_packet_limit",
    "check_handshake",
    "check_session_request",
    "choose_wire",
    "control_group",
    "cookie_header",
    "decode_payload",
    "encode_payload",
    "error_response",
    "message_group",
    "ok_response",
    "parse_query",
    "payload_response",
    "preflight_response",
]
