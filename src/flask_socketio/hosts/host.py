"""What the connections of one embedded server share, and what they ask of each other."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Protocol

from .read_limits import ReadTimeouts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..runtimes.calls import Calls
    from ..runtimes.loop import LoopRuntime
    from ..runtimes.workers import Workers
    from .application import Application
    from .endpoint import Endpoint

logger: logging.Logger = logging.getLogger("flask_socketio")


class Service(Protocol):
    """A Socket.IO or Engine.IO server that can be brought up on a loop."""

    def start(self, runtime: LoopRuntime, calls: Calls, workers: Workers) -> Endpoint:
        """Begin to serve. Called on the loop's thread."""
        ...

    def join_background_tasks(self, deadline: float) -> int:
        """Wait for background tasks until a time of ``time.monotonic``; return how many still
        run. Called on the loop's thread, with a time that has come."""
        ...


class Reader(Protocol):
    """A connection that waits for a part of a request."""

    def head_timed_out(self) -> None:
        """Answer 408 and close, or just close if nothing came at all."""
        ...

    def body_timed_out(self) -> None:
        """Answer 408 and close, unless it is the application that does not read."""
        ...


def _expire_head(reader: Reader) -> None:
    reader.head_timed_out()


def _expire_body(reader: Reader) -> None:
    reader.body_timed_out()


class Host:
    """What the connections of one embedded server share; uvicorn takes it for its application.

    :param application: answers HTTP requests, and knows the engines.
    :param services: the servers.
    :param workers: what runs views and handlers.
    :param shutdown_grace: seconds for everything to end when the server stops.
    :param head_timeout: seconds from a connection, or a request's first byte, to the end of its
        headers.
    :param body_timeout: seconds without a byte of a body that is waited for.
    """

    def __init__(
        self,
        application: Application,
        services: Sequence[Service],
        workers: Workers,
        shutdown_grace: float,
        head_timeout: float,
        body_timeout: float,
    ) -> None:
        self.application = application
        clock = application.loop.time
        self.head_timeouts: ReadTimeouts[Reader] = ReadTimeouts[Reader](
            clock, head_timeout, _expire_head
        )
        self.body_timeouts: ReadTimeouts[Reader] = ReadTimeouts[Reader](
            clock, body_timeout, _expire_body
        )
        self.shutdown_grace = shutdown_grace
        self._services = services
        self._workers = workers

    def sweep_timeouts(self) -> None:
        """End the connections that have waited for their client for too long."""
        self.head_timeouts.sweep()
        self.body_timeouts.sweep()

    def close_engines(self) -> None:
        """Tell every client that the server stops."""
        for endpoint in self.application.endpoints:
            endpoint.engine.close_all()

    def abandon_polls(self) -> None:
        """Wait no longer for clients that are between two polls."""
        for endpoint in self.application.endpoints:
            endpoint.engine.abandon_polls()

    def has_ended(self) -> bool:
        """Whether every session has ended and every handler has run."""
        engines = [endpoint.engine for endpoint in self.application.endpoints]
        return not any(engine.sockets for engine in engines) and self._workers.is_idle

    async def join_background_tasks(self, deadline: float, hurry: Callable[[], bool]) -> None:
        """Wait for background tasks, until a time of the loop or until somebody is in a hurry."""
        while running := self._count_background_tasks():
            if self.application.loop.time() >= deadline or hurry():
                logger.error("%d background tasks still run and are abandoned", running)
                return
            await asyncio.sleep(0.02)

    def _count_background_tasks(self) -> int:
        # Looking again and again needs no thread that waits, which could not be called back.
        return sum(service.join_background_tasks(time.monotonic()) for service in self._services)
