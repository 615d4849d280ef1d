"""Every error that this package raises.

::

    Exception
    ├── UsageError                    you called it wrong: raised to the caller
    │   ├── UnknownOptionError        (also a TypeError)
    │   └── OutsideEventError         (also a RuntimeError)
    ├── ProtocolError                 the peer broke a rule or a limit: ends its session
    │   └── MessageTooBigError        a limit on bytes, with the size and the limit
    ├── ConnectionRefusedError        raised by a connect handler to refuse the client
    └── TimeoutError                  an answer did not come in time (also a builtin TimeoutError)
        └── DisconnectedError         it cannot come any more: the client is gone
"""

from __future__ import annotations

import builtins
import difflib
from typing import TYPE_CHECKING

from .types import DisconnectReason

if TYPE_CHECKING:
    from collections.abc import Iterable


class UsageError(Exception):
    """The caller did something that cannot work; the message says what to change."""


class UnknownOptionError(UsageError, TypeError):
    """An option has a name that does not exist.

    :param name: the name that was given.
    :param known: the names that exist; the closest is suggested.
    :param where: what was called, as it reads in the message.
    """

    def __init__(self, name: str, known: Iterable[str], where: str) -> None:
        nearest = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        super().__init__(f"{where} has no option {name!r}{hint}")
        self.name = name


class OutsideEventError(UsageError, RuntimeError):
    """A function that needs the current client was called outside an event handler."""


class ProtocolError(Exception):
    """The peer broke a rule of a protocol, or a limit. It ends the peer's session.

    :param message: what was wrong, for the log and for the close frame.
    :param close_code: the WebSocket close code (RFC 6455 section 7.4.1).
    :param status: the HTTP status, where the peer is answered by HTTP.
    :param reason: the reason that disconnect handlers are given.
    """

    def __init__(
        self,
        message: str,
        *,
        close_code: int = 1002,
        status: int = 400,
        reason: DisconnectReason = DisconnectReason.TRANSPORT_ERROR,
    ) -> None:
        super().__init__(message)
        self.close_code = close_code
        self.status = status
        self.reason = reason


class MessageTooBigError(ProtocolError):
    """The peer sent, or announced, more bytes than it may.

    :param size: the bytes that came or were announced; None when only "too many" is known.
    :param limit: the bytes that are allowed: the option ``max_http_buffer_size``.
    """

    def __init__(self, size: int | None, limit: int) -> None:
        shown = f"of {size} bytes " if size is not None else ""
        super().__init__(
            f"message {shown}is larger than max_http_buffer_size={limit} bytes",
            close_code=1009,
            status=413,
        )
        self.size = size
        self.limit = limit


class ConnectionRefusedError(Exception):
    """Raised by a connect handler to refuse the client.

    :param error_args: the first, as text, becomes the message of the ``connect_error`` event at
        the client; the others become its data.
    """

    def __init__(self, *error_args: object) -> None:
        super().__init__(*error_args)
        self.error_args = error_args


class TimeoutError(builtins.TimeoutError):
    """A client did not answer a call in time."""


class DisconnectedError(TimeoutError):
    """A client that was called is gone, so that its answer cannot come any more."""
