"""Who waits for a client's answer: a callback, or the thread that called."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from .errors import DisconnectedError, ProtocolError, TimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dispatch import EventDispatcher
    from .hub.socket import Socket
    from .server import Server
    from .socketio import Packet, Parser


class CallbackAck:
    """Runs a callback when the answer comes; with a room, once for each client that answers.

    :param server: whose client answers.
    :param callback: what is called with the answer's arguments.
    :param asker: the client whose event asked for the answer; its context is the callback's.
    """

    __slots__ = ("_asker", "_callback", "_server")

    def __init__(
        self, server: Server, callback: Callable[..., object], asker: Socket | None
    ) -> None:
        self._server = server
        self._callback = callback
        self._asker = asker

    def received(self, socket: Socket, packet: Packet) -> None:
        """Have the callback run in a worker."""
        self._server.hub.put_ack_job(socket, self._run, packet)

    def disconnected(self, socket: Socket) -> None:
        """The callback is not called: as documented, it confirms receipt."""

    def _run(self, socket: Socket, packet: Packet) -> None:
        server = self._server
        dispatcher: EventDispatcher = server.dispatcher
        try:
            args = server.parser.decode_ack(packet)
        except ProtocolError as error:
            server.submit(server.hub.engine.fail, socket.client.engine_socket, error)
            return
        if self._asker is not None:
            dispatcher.run_callback(self._asker, self._callback, args)
        else:
            dispatcher.run_plain(self._callback, args)


class CallAck:
    """Wakes the thread that called.

    Threads: the Hub's owner sets ``_packet`` or ``_gone``, then the event; the caller reads them
    after the event.
    """

    __slots__ = ("_done", "_gone", "_packet")

    def __init__(self) -> None:
        self._done = threading.Event()
        self._packet: Packet | None = None
        self._gone = False

    def received(self, socket: Socket, packet: Packet) -> None:
        """Take the answer."""
        self._packet = packet
        self._done.set()

    def disconnected(self, socket: Socket) -> None:
        """Learn that the client is gone."""
        self._gone = True
        self._done.set()

    def nobody(self) -> None:
        """Learn that the packet was sent to nobody."""
        self._gone = True
        self._done.set()

    def wait(self, parser: Parser, event: str, timeout: float | None) -> Any:
        """Wait for the answer.

        :param parser: decodes it.
        :param event: the event's name, for errors.
        :param timeout: seconds; None waits as long as the client is connected.
        :returns: None, one value, or a tuple of several.
        :raises TimeoutError: no answer came in time.
        :raises DisconnectedError: the client is gone.
        """
        if not self._done.wait(timeout):
            raise TimeoutError(f"no answer to {event!r} within {timeout} s")
        if self._gone or self._packet is None:
            raise DisconnectedError(f"the client that was sent {event!r} is not connected")
        args = parser.decode_ack(self._packet)
        return None if not args else args[0] if len(args) == 1 else tuple(args)
