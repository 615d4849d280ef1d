"""One client in one namespace."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..engineio import PacketGroup
    from ..types import DisconnectReason, Sid
    from .client import Client
    from .namespace_state import NamespaceState
    from .ports import Ack


class SocketState(Enum):
    """How far a client has got in a namespace."""

    #: Its connect handler has not accepted it yet: what is sent to it is held back.
    PENDING = 1
    CONNECTED = 2
    #: It left before its connect handler had decided.
    ABANDONED = 3
    #: It has left; it keeps its rooms until its disconnect handler has run.
    GONE = 4


class Socket:
    """What the Hub knows of one client in one namespace.

    ``sid``, ``namespace``, ``client`` and ``query`` never change and are read by any thread;
    ``admitted`` and ``data`` belong to the workers that run this client's handlers; the rest is the
    Hub's.
    """

    __slots__ = (
        "acks",
        "admitted",
        "client",
        "data",
        "held",
        "held_bytes",
        "namespace",
        "query",
        "reason",
        "sid",
        "state",
    )

    def __init__(
        self, sid: Sid, namespace: NamespaceState, client: Client, query: str = ""
    ) -> None:
        self.sid: Sid = sid
        #: The query string of the namespace, which old clients may send.
        self.query: str = query
        self.namespace: NamespaceState = namespace
        self.client: Client = client
        self.state: SocketState = SocketState.PENDING
        #: What was sent to it while it was pending.
        self.held: list[PacketGroup] | None = None
        self.held_bytes: int = 0
        #: Why it left before its connect handler had decided.
        self.reason: DisconnectReason | None = None
        #: Who waits for which of its acks.
        self.acks: dict[int, Ack] | None = None
        #: Whether its connect handler accepted it; None until it has decided.
        self.admitted: bool | None = None
        #: What the application keeps for it.
        self.data: dict[str, Any] | None = None
