"""A host without a network: connections are objects, handlers run in the caller, time is moved.

Everything behind it is what serves real clients: engine, Hub, sessions, packets, mailboxes. For
tests.

Threads: any thread may call the methods of a connection and of the host.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from ..engineio import Transport
from ..errors import MessageTooBigError
from ..hub.mailbox import Mailbox
from ..runtimes.inline import (
    LOOK_INTERVAL,
    BackgroundThreads,
    InlineWorkers,
    ManualClock,
)
from ..runtimes.lock import LockRuntime
from ..types import DisconnectReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..engineio import PacketGroup
    from ..hub.engine_socket import EngineSocket
    from ..hub.ports import HandlerWorkers, HubCalls, Runtime
    from .endpoint import Endpoint


class BackgroundTasks(BackgroundThreads, Protocol):
    """The threads of an application that wait for the time to be moved."""

    def join(self, deadline: float) -> int:
        """End them; return how many still run at a time of ``time.monotonic``."""
        ...


class InlineService(Protocol):
    """A Socket.IO server that can be brought up here."""

    @property
    def background(self) -> BackgroundTasks:
        """Its background tasks."""
        ...

    def start(self, runtime: Runtime, calls: HubCalls, workers: HandlerWorkers) -> Endpoint:
        """Begin to serve."""
        ...


class Peer(Protocol):
    """The client's end of a connection."""

    def receive(self, packet: str | bytes) -> None:
        """Take a WebSocket message."""
        ...

    def closed(self) -> None:
        """Learn that the server has closed the connection."""
        ...


class InlineHost:
    """Brings connections to one server.

    :param service: the server; it is started.
    """

    def __init__(self, service: InlineService) -> None:
        self._background = service.background
        self.clock: ManualClock = ManualClock(self._background)
        self.runtime: LockRuntime = LockRuntime(self.clock.now)
        self.clock.runtime = self.runtime
        self.workers: InlineWorkers = InlineWorkers(self.clock, self._background)
        self.endpoint: Endpoint = service.start(self.runtime, self.runtime, self.workers)
        #: Errors of handlers that nobody handled, for whoever drives this host to raise.
        self.failures: list[BaseException] = []

    def connect(self, environ: dict[str, Any], peer: Peer) -> InlineWebSocket:
        """Open a session on a WebSocket.

        :param environ: the WSGI environment of its handshake, as middleware has left it.
        :param peer: the client.
        :raises EngineRequestError: its origin is not allowed.
        """
        websocket = InlineWebSocket(self, peer)
        self.runtime.ask(websocket.open, environ)
        return websocket

    def wait_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Run what is ready until a condition holds, also what background threads cause.

        When all background tasks sleep, the clock is moved to where the next one wakes.

        :param timeout: seconds, of the clock and of real time.
        :returns: whether it holds.
        """
        deadline = time.monotonic() + timeout
        end = self.clock.now() + timeout
        with self.workers.waiting():
            while True:
                self.workers.run_ready()
                if condition():
                    return True
                awakening = self.clock.next_awakening
                if awakening <= end and self.clock.all_asleep:
                    self.workers.advance(awakening - self.clock.now())
                elif time.monotonic() >= deadline:
                    return False
                else:
                    self.workers.wait_for_job(LOOK_INTERVAL)

    def raise_failure(self) -> None:
        """Raise the first error that nobody handled, unless this is called in a job."""
        if self.failures and not self.workers.in_job:
            error, self.failures = self.failures[0], []
            raise error

    def stop(self) -> None:
        """Disconnect every client, and end background tasks in their next ``sleep``."""
        self.runtime.submit(self.endpoint.engine.close_all)
        self._background.join(time.monotonic())
        self.clock.notify()

    @property
    def stopped(self) -> bool:
        """Whether no connection is taken any more."""
        return self.runtime.closed or self.endpoint.engine.closing


class InlineWebSocket:
    """Both ends of a WebSocket, without anything between them.

    :param host: where it is.
    :param peer: the client. It is called by jobs, in order.
    """

    #: What is written is taken at once.
    writable = True

    def __init__(self, host: InlineHost, peer: Peer) -> None:
        #: What is on its way to the client.
        self.mailbox: Mailbox = Mailbox()
        self._host = host
        self._engine = host.endpoint.engine
        self._peer = peer
        self._socket: EngineSocket | None = None
        self._client_mailbox: Mailbox | None = None

    def open(self, environ: dict[str, Any]) -> None:
        """Open the session; called by the Hub's owner."""
        self._host.endpoint.check_handshake_origin(environ)
        socket = self._engine.open(Transport.WEBSOCKET, environ)
        socket.websocket = self
        self._socket = socket
        self._client_mailbox = socket.client.mailbox

    # ---------------------------------------------------------------- the client's end

    def send(self, *messages: str | bytes) -> None:
        """Send messages to the server."""
        self._host.runtime.submit(self._receive, messages)

    def drop(self) -> None:
        """End the connection without a word."""
        self._host.runtime.submit(self._drop)

    def finish(self) -> None:
        """Run every handler of what was sent, and everything that follows."""
        workers = self._host.workers
        if self._client_mailbox is not None:
            workers.finish(self._client_mailbox)
        workers.finish(self.mailbox)

    def _receive(self, messages: tuple[str | bytes, ...]) -> None:
        limit = self._engine.settings.max_payload
        for message in messages:
            socket = self._socket
            if socket is None:
                return
            size = len(message.encode() if isinstance(message, str) else message)
            if size > limit:
                self._engine.fail(socket, MessageTooBigError(size, limit))
            else:
                self._engine.receive(socket, message)

    def _drop(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            self._engine.websocket_closed(socket, DisconnectReason.TRANSPORT_CLOSE, "")

    # ---------------------------------------------------------------- the server's end

    def send_groups(self, groups: list[PacketGroup]) -> None:
        """Write packets."""
        for group in groups:
            for packet in group.wire:
                self._host.workers.put(self.mailbox, _Arrival(self._peer, packet))

    def close(self, code: int, reason: str) -> None:
        """End the connection, after what was written."""
        self._socket = None
        self._host.workers.put(self.mailbox, _End(self._peer))

    def abort(self) -> None:
        """End the connection."""
        self.close(1006, "")

    def pause_reading(self) -> None:
        """Nothing happens: what a client sends is handled before it sends more."""

    def resume_reading(self) -> None:
        """Nothing happens either."""


class _Arrival:
    """A packet that reaches the client."""

    def __init__(self, peer: Peer, packet: str | bytes) -> None:
        self._peer = peer
        self._packet = packet

    def run(self) -> None:
        """Hand it over."""
        self._peer.receive(self._packet)


class _End:
    """The end of a connection that reaches the client."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def run(self) -> None:
        """Tell it."""
        self._peer.closed()
