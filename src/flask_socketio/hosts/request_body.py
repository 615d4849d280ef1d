"""A request body that is fetched from the event loop while the application reads it."""

from __future__ import annotations

import asyncio
import contextlib
import io
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from _typeshed import WriteableBuffer


class RequestBody(io.RawIOBase):
    """``wsgi.input`` of a large request. Read in a worker; at most one piece is kept.

    :param receive: the ASGI callable that returns the next piece.
    :param loop: the loop it runs on.
    """

    def __init__(
        self, receive: Callable[[], Awaitable[Any]], loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__()
        self._receive = receive
        self._loop = loop
        self._piece = memoryview(b"")
        self._more = True

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read at most as many bytes as fit.

        :raises OSError: the client went away before it had sent everything.
        """
        while not self._piece and self._more:
            self._fetch()
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._piece))
        view[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def _fetch(self) -> None:
        message = None
        if not self._loop.is_closed():
            future = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            with contextlib.suppress(CancelledError):  # the server ends
                message = future.result()
        if message is None or message["type"] == "http.disconnect":
            raise OSError("the client went away before it had sent the whole request body")
        self._piece = memoryview(message["body"])
        self._more = message["more_body"]

    async def _next(self) -> Any:
        return await self._receive()
