"""What an HTTP request to the engine asks for, and the errors of the reference server.

The checks and their order are those of ``verify`` in the reference server (engine.io,
``lib/server.ts``), so that clients meet the error codes they know.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from ..errors import ProtocolError
from ..types import EioSid
from .settings import Transport

if TYPE_CHECKING:
    from .settings import SessionSettings


class ErrorCode(IntEnum):
    """The ``code`` of an error answer."""

    UNKNOWN_TRANSPORT = 0
    UNKNOWN_SID = 1
    BAD_HANDSHAKE_METHOD = 2
    BAD_REQUEST = 3
    FORBIDDEN = 4
    UNSUPPORTED_PROTOCOL_VERSION = 5


_MESSAGES = {
    ErrorCode.UNKNOWN_TRANSPORT: "Transport unknown",
    ErrorCode.UNKNOWN_SID: "Session ID unknown",
    ErrorCode.BAD_HANDSHAKE_METHOD: "Bad handshake method",
    ErrorCode.BAD_REQUEST: "Bad request",
    ErrorCode.FORBIDDEN: "Forbidden",
    ErrorCode.UNSUPPORTED_PROTOCOL_VERSION: "Unsupported protocol version",
}


class EngineRequestError(ProtocolError):
    """A request that the engine refuses. It ends no session.

    :param code: the reference server's error code.
    :param context: for the log: what was wrong with this request, and what to change.
    :param message: the message of the answer, where the code's own does not say enough.
    """

    def __init__(self, code: ErrorCode, context: str = "", message: str | None = None) -> None:
        answer = _MESSAGES[code] if message is None else message
        super().__init__(
            f"{answer} ({context})" if context else answer,
            status=403 if code is ErrorCode.FORBIDDEN else 400,
        )
        self.code = code
        self.context = context
        self.message = answer

    @property
    def body(self) -> bytes:
        """The JSON of the answer, in the shape of the reference server."""
        return error_body(self.code, self.message)


def error_body(code: ErrorCode, message: str) -> bytes:
    """Encode an error answer.

    :param code: its code.
    :param message: its message.
    """
    return json.dumps({"code": int(code), "message": message}, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Query:
    """What the query string of a request says to the engine.

    :param transport: the transport as it was named; empty when it was not.
    :param eio: the version of the protocol as it was named; None when it was not.
    :param sid: the session; None opens one.
    :param b64: whether the client of an old protocol cannot take binary answers.
    :param jsonp: whether such a client asks for answers that are scripts.
    """

    transport: str
    eio: str | None
    sid: EioSid | None
    b64: bool
    jsonp: bool = False


def parse_query(query_string: bytes | str) -> Query:
    """Read a query string; of a name that occurs twice the last value counts.

    :param query_string: what stands behind the question mark, still percent-encoded.
    """
    if isinstance(query_string, bytes):
        query_string = query_string.decode("latin-1")
    fields: dict[str, str] = {}
    for item in query_string.split("&"):
        if "%" in item or "+" in item:
            fields.update(parse_qsl(item, keep_blank_values=True))
        else:
            name, _, value = item.partition("=")
            fields[name] = value
    sid = fields.get("sid")
    return Query(
        transport=fields.get("transport", ""),
        eio=fields.get("EIO"),
        sid=EioSid(sid) if sid else None,
        b64=fields.get("b64", "") in ("1", "true"),
        jsonp="j" in fields,
    )


def check_handshake(
    method: str, query: Query, is_upgrade: bool, settings: SessionSettings
) -> Transport:
    """Check a request that opens a session.

    :param method: its HTTP method.
    :param query: its query string.
    :param is_upgrade: whether it asks for a WebSocket.
    :returns: the transport to open the session with.
    :raises EngineRequestError: when it must be refused.
    """
    transport = _check_transport(query, settings)
    if method != "GET":
        raise EngineRequestError(ErrorCode.BAD_HANDSHAKE_METHOD, f"method {method!r:.40}")
    _check_upgrade(transport, is_upgrade)
    if query.eio != "4" and not (query.eio == "3" and settings.allow_eio3):
        raise EngineRequestError(
            ErrorCode.UNSUPPORTED_PROTOCOL_VERSION, _unsupported_version(query.eio, settings)
        )
    if query.jsonp:
        raise EngineRequestError(
            ErrorCode.BAD_REQUEST, "JSONP is not offered; every browser of today polls without it"
        )
    return transport


def check_session_request(
    method: str,
    query: Query,
    is_upgrade: bool,
    settings: SessionSettings,
    current: Transport | None,
) -> None:
    """Check a request that belongs to a session.

    :param method: its HTTP method.
    :param query: its query string.
    :param is_upgrade: whether it asks for a WebSocket.
    :param current: the transport of that session; None when there is no such session.
    :raises EngineRequestError: when it must be refused. It does not end the session.
    """
    transport = _check_transport(query, settings)
    if current is None:
        raise EngineRequestError(
            ErrorCode.UNKNOWN_SID,
            f"sid {query.sid!r:.60}: it has ended, or is of before a restart, or elsewhere",
        )
    if not is_upgrade and transport is not current:
        raise EngineRequestError(
            ErrorCode.BAD_REQUEST, f"a {transport} request for a session that is on {current}"
        )
    _check_upgrade(transport, is_upgrade)
    if method != "GET" and (is_upgrade or method != "POST"):
        raise EngineRequestError(ErrorCode.BAD_REQUEST, f"method {method!r:.40}")


def answer_packet_limit(user_agent: str | None) -> int | None:
    """Tell how many packets a client takes in the answer to one poll.

    The Python client (python-engineio, over requests or aiohttp) refuses a payload of more than 16
    packets and is disconnected then; other clients have no such limit.

    :param user_agent: the User-Agent header of the handshake.
    :returns: the limit for ``Session.max_answer_packets``; None for no limit.
    """
    if user_agent and ("python-requests/" in user_agent or "aiohttp/" in user_agent):
        return 16
    return None


def _check_transport(query: Query, settings: SessionSettings) -> Transport:
    for transport in settings.transports:
        if transport == query.transport:
            return transport
    served = ", ".join(settings.transports)
    raise EngineRequestError(
        ErrorCode.UNKNOWN_TRANSPORT, f"transport {query.transport!r:.40}, served are: {served}"
    )


def _check_upgrade(transport: Transport, is_upgrade: bool) -> None:
    if is_upgrade is not (transport is Transport.WEBSOCKET):
        kind = "an upgrade" if is_upgrade else "no upgrade"
        raise EngineRequestError(
            ErrorCode.BAD_REQUEST,
            f"transport {transport} with {kind} to WebSocket in the request; "
            "does a proxy drop or add the Upgrade header?",
        )


def _unsupported_version(eio: str | None, settings: SessionSettings) -> str:
    named = "no version" if eio is None else f"version {eio!r:.20}"
    needed = (
        f"version {'3 or 4' if settings.allow_eio3 else '4'} is needed: JavaScript client 3.x or "
        "4.x, python-socketio 5.x, Java client 2.x, Swift client 16.x"
    )
    if settings.allow_eio3:
        needed += ", or those before them, from JavaScript client 1.x on"
    elif eio == "3":
        needed += "; allow_eio3=True serves older ones"
    return f"the client named {named} of the Engine.IO protocol, {needed}"
