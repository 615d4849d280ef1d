"""What a WebSocket connection tells its owner (RFC 6455 sections 5.5 and 5.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ..errors import ProtocolError
from .frames import CloseCode, is_sendable_close_code


@dataclass(frozen=True, slots=True)
class Ping:
    """The peer asked for a pong; unless this end is closing, ``data_to_send()`` has it."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """The peer answered a ping, or sent a pong on its own account."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The connection ended.

    :param code: the peer's close code; 1005 for a close frame without one, 1006 for no close frame.
    :param reason: the text that came with it.
    """

    code: int
    reason: str

    @classmethod
    def from_payload(cls, payload: bytes) -> Close:
        """Read the payload of a close frame (RFC 6455 section 5.5.1).

        :param payload: the unmasked payload: empty, or a code of two bytes and a reason.
        :returns: the event.
        :raises ProtocolError: if the length, the code or the reason is not allowed.
        """
        if not payload:
            return cls(CloseCode.NO_STATUS_RECEIVED, "")
        if len(payload) == 1:
            raise ProtocolError("a close frame has one byte (RFC 6455 section 5.5.1)")
        code = int.from_bytes(payload[:2], "big")
        if not is_sendable_close_code(code):
            raise ProtocolError(f"close code {code} is not allowed (RFC 6455 section 7.4)")
        try:
            return cls(code, payload[2:].decode())
        except UnicodeDecodeError:
            raise not_utf8("the reason of a close frame") from None


#: A text message is a ``str``, a binary message ``bytes``. A ``ProtocolError`` is always the last.
Event: TypeAlias = str | bytes | Ping | Pong | Close | ProtocolError


def not_utf8(what: str) -> ProtocolError:
    """Make the error for text that is not UTF-8 (RFC 6455 section 8.1).

    :param what: where the text was, as the message begins.
    :returns: the error, to be raised.
    """
    return ProtocolError(
        f"{what} is not UTF-8 (RFC 6455 section 8.1)", close_code=CloseCode.INVALID_PAYLOAD_DATA
    )
