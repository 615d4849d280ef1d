"""Who waits for a client's answer: a callback, or the thread that called."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from .errors import DisconnectedError, TimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dispatch import EventDispatcher
    from .hub.socket import Socket
    from .service import SocketIOService
    from .socketio import Packet


class CallbackAck:
    """Runs a callback when the answer comes; with a room, once for each client that answers.

    :param service: whose client answers.
    :param callback: what is called with the answer's arguments.
    :param asker: the client whose event asked for the answer; its context is the callback's.
    """

    __slots__ = ("_asker", "_service", "callback")

    def __init__(
        self, service: SocketIOService, callback: Callable[..., object], asker: Socket | None
    ) -> None:
        self._service = service
        self.callback: Callable[..., object] = callback
        self._asker = asker

    def received(self, socket: Socket, packet: Packet) -> None:
        """Have the callback run in a worker."""
        self._service.hub.put_ack_job(socket, self._run, packet)

    def disconnected(self, socket: Socket) -> None:
        """The callback is not called: as documented, it confirms receipt."""

    def _run(self, socket: Socket, packet: Packet) -> None:
        service = self._service
        dispatcher: EventDispatcher = service.dispatcher
        args = service.decode_ack(socket, packet)
        if args is None:
            return
        if self._asker is not None:
            dispatcher.run_callback(self._asker, self.callback, args)
        else:
            dispatcher.run_plain(self.callback, args)


class CallAck:
    """Wakes the thread that called.

    Threads: the Hub's owner sets ``_answer``, then ``done``; the caller reads it after that.

    :param event: the name of the event that was sent, for errors.
    """

    __slots__ = ("_answer", "_event", "done")

    def __init__(self, event: str) -> None:
        self._event = event
        #: Set when the answer has come, or cannot come any more.
        self.done: threading.Event = threading.Event()
        self._answer: tuple[Socket, Packet] | None = None

    def received(self, socket: Socket, packet: Packet) -> None:
        """Take the answer."""
        self._answer = (socket, packet)
        self.done.set()

    def disconnected(self, socket: Socket | None = None) -> None:
        """Learn that the client is gone, or that there is none."""
        self.done.set()

    def take(self, service: SocketIOService, timeout: float | None) -> Any:
        """Return the answer that has been waited for.

        :param service: decodes it.
        :param timeout: for how many seconds; None as long as the client is connected.
        :returns: None, one value, or a tuple of several.
        :raises TimeoutError: no answer came in time.
        :raises DisconnectedError: the client is gone, or must go for what it answered.
        """
        if not self.done.is_set():
            raise TimeoutError(f"no answer to {self._event!r} within {timeout} s")
        args = service.decode_ack(*self._answer) if self._answer is not None else None
        if args is None:
            raise DisconnectedError(f"the client that was sent {self._event!r} is not connected")
        return None if not args else args[0] if len(args) == 1 else tuple(args)
