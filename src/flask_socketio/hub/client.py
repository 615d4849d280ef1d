"""One physical connection, and what it is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .mailbox import Mailbox

if TYPE_CHECKING:
    from ..socketio import Connection
    from .engine_socket import EngineSocket
    from .socket import Socket


class Client:
    """The Socket.IO side of one session: its protocol state, its namespaces, its handlers' order.

    :param engine_socket: the session below.
    :param connection: the protocol's state machine.
    :param strict: True if its handlers never overlap (``async_handlers=False``).
    """

    __slots__ = (
        "ack_mailbox",
        "connection",
        "context",
        "engine_socket",
        "mailbox",
        "paused",
        "sockets",
    )

    def __init__(self, engine_socket: EngineSocket, connection: Connection, strict: bool) -> None:
        self.engine_socket: EngineSocket = engine_socket
        self.connection: Connection = connection
        self.sockets: dict[str, Socket] = {}
        self.mailbox: Mailbox = Mailbox(strict)
        #: Callbacks have a lane of their own: the handler that waits for them holds the other.
        self.ack_mailbox: Mailbox | None = None
        #: Whether its socket is not read because its handlers are behind.
        self.paused: bool = False
        #: What the layer above keeps for this connection, made by the first worker that needs it.
        self.context: Any = None

    @property
    def environ(self) -> dict[str, Any]:
        """The WSGI environment of its handshake request."""
        return self.engine_socket.environ
