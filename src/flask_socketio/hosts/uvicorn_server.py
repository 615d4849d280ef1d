"""uvicorn's server, with a shutdown that ends.

As it comes, uvicorn waits for its connections without limit, drops those it does not know, and
raises the signal again after a clean stop, so that code behind ``run()`` never runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from typing import TYPE_CHECKING

from uvicorn.server import HANDLED_SIGNALS, Server

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from uvicorn.config import Config

    from .host import Host

#: Seconds between two looks at whether everything has ended.
POLL_INTERVAL = 0.02
#: Seconds in which the first request of a connection that was just accepted is waited for. Closed
#: at once, such a client would be reset, and a reload must not break anybody off.
FIRST_REQUEST_TIME = 0.05
#: Seconds in which clients are waited for when the server stops: for a polling client's next GET,
#: for the answer to the end of a WebSocket, or of TLS.
FAREWELL_TIME = 1.0

logger: logging.Logger = logging.getLogger("flask_socketio")


class UvicornServer(Server):
    """One server, from its start to its graceful end.

    :param config: uvicorn's configuration.
    :param host: what its connections share.
    """

    def __init__(self, config: Config, host: Host) -> None:
        super().__init__(config)
        self._host = host

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop gracefully on SIGINT and SIGTERM, and return to the caller afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def on_tick(self, counter: int) -> bool:
        """Look around, ten times a second."""
        # Not from here: a defect in one connection's end must not end the server.
        asyncio.get_running_loop().call_soon(self._host.sweep_timeouts)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End everything in order: no new connections, clients told, their handlers run, queued
        packets flushed, views and background tasks awaited; after the grace time, hard."""
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        deadline = begun + self._host.shutdown_grace
        self._host.close_engines()
        await asyncio.sleep(FIRST_REQUEST_TIME)
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while not self._has_ended() and loop.time() < deadline and not self.force_exit:
            await asyncio.sleep(POLL_INTERVAL)
            if loop.time() > begun + FAREWELL_TIME:
                self._host.abandon_polls()
                self._hang_up()
            for connection in list(self.server_state.connections):
                connection.shutdown()
        self._end_hard()
        await asyncio.sleep(0)
        await self._host.join_background_tasks(deadline, lambda: self.force_exit)

    def _hang_up(self) -> None:
        for connection in list(self.server_state.connections):
            connection.hang_up()  # type: ignore[union-attr]  # all protocols here are our own

    def _has_ended(self) -> bool:
        state = self.server_state
        return not state.connections and not state.tasks and self._host.has_ended()

    def _end_hard(self) -> None:
        left = list(self.server_state.connections)
        if left:
            logger.error("%d connections are cut: they did not end in time", len(left))
        for connection in left:
            connection.abort()  # type: ignore[union-attr]
        for task in list(self.server_state.tasks):
            task.cancel()
