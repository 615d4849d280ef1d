"""How large a request's head may be, and how long it may take.

uvicorn has neither limit with httptools (60 MB of headers were accepted) and no time-out before the
first request; h11 limits the size, not the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

#: Bytes of the request line and all headers.
HEAD_LIMIT = 64 * 1024
#: Seconds from a connection, or a request's first byte, to the end of its headers.
HEAD_TIMEOUT = 10.0


class HeadReader(Protocol):
    """A connection that waits for the end of a request's head."""

    def head_timed_out(self) -> None:
        """Answer 408 and close, or just close if nothing came at all."""
        ...


class HeadTimeouts:
    """The connections that wait for a head, in the order in which their time ends.

    All wait equally long, so that a dictionary, which keeps its order, does for a timer each: the
    first entries are looked at ten times a second.

    :param clock: the loop's time.
    :param timeout: seconds that a head may take.
    """

    __slots__ = ("_clock", "_timeout", "_waiting")

    def __init__(self, clock: Callable[[], float], timeout: float = HEAD_TIMEOUT) -> None:
        self._clock = clock
        self._timeout = timeout
        self._waiting: dict[HeadReader, float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def begin(self, reader: HeadReader) -> None:
        """A head is to come; if one was waited for already, its time begins again."""
        self._waiting.pop(reader, None)  # else it would keep its old place in the order
        self._waiting[reader] = self._clock() + self._timeout

    def end(self, reader: HeadReader) -> None:
        """It has come, or will not come any more."""
        self._waiting.pop(reader, None)

    def sweep(self) -> None:
        """End the connections whose time is over."""
        now = self._clock()
        while self._waiting:
            reader, deadline = next(iter(self._waiting.items()))
            if deadline > now:
                return
            del self._waiting[reader]
            reader.head_timed_out()
