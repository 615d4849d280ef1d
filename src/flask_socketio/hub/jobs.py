"""What the Hub puts into mailboxes: calls of the application, to be made by workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from .socket import Socket

T = TypeVar("T")


class HandlerJob(Generic[T]):
    """One call for a client: of the dispatcher, or of a callback.

    :param function: what is called.
    :param socket: the client.
    :param subject: what it is about: a packet, or the reason of a disconnect.
    """

    __slots__ = ("_function", "_socket", "_subject")

    def __init__(self, function: Callable[[Socket, T], object], socket: Socket, subject: T) -> None:
        self._function = function
        self._socket = socket
        self._subject = subject

    def __repr__(self) -> str:
        return f"<HandlerJob {self._function!r} for client {self._socket.sid}: {self._subject!r}>"

    def run(self) -> None:
        """Make the call."""
        self._function(self._socket, self._subject)
