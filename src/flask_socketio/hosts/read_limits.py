"""How large a request's head may be, and how long its parts may take.

uvicorn has no limit with httptools (60 MB of headers were accepted), and no time-outs but that of
an idle connection between two requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")

#: Bytes of the request line and all headers.
HEAD_LIMIT = 64 * 1024
#: Seconds from a connection, or a request's first byte, to the end of its headers.
HEAD_TIMEOUT = 10.0
#: Seconds without a byte of a body that is waited for.
BODY_TIMEOUT = 60.0


class ReadTimeouts(Generic[R]):
    """The connections that wait for bytes, in the order in which their time ends.

    All wait equally long, so that a dictionary, which keeps its order, does for a timer each: the
    first entries are looked at ten times a second.

    :param clock: the loop's time.
    :param timeout: seconds that each may wait.
    :param expired: called with a connection whose time is over.
    """

    __slots__ = ("_clock", "_expired", "_timeout", "_waiting")

    def __init__(
        self, clock: Callable[[], float], timeout: float, expired: Callable[[R], None]
    ) -> None:
        self._clock = clock
        self._timeout = timeout
        self._expired = expired
        self._waiting: dict[R, float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def begin(self, reader: R) -> None:
        """A connection waits; if it did already, its time begins again."""
        self._waiting.pop(reader, None)  # else it would keep its old place in the order
        self._waiting[reader] = self._clock() + self._timeout

    def end(self, reader: R) -> None:
        """What it waited for has come, or will not come any more."""
        self._waiting.pop(reader, None)

    def sweep(self) -> None:
        """End the waits whose time is over."""
        now = self._clock()
        while self._waiting:
            reader, deadline = next(iter(self._waiting.items()))
            if deadline > now:
                return
            del self._waiting[reader]
            self._expired(reader)
