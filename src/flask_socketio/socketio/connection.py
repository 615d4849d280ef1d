"""The Socket.IO side of one Engine.IO session: packets, attachments, states of namespaces."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from ..errors import ProtocolError, UsageError
from .dialect import CURRENT, Dialect
from .packet import MAX_ATTACHMENTS_OF_CLIENTS, Packet, PacketType

if TYPE_CHECKING:
    from .parser import Parser

#: CONNECTs that may be refused on one connection before it is closed.
MAX_REFUSALS: Final = 1000


class Role(Enum):
    """Which end of the connection this is."""

    SERVER = "server"
    CLIENT = "client"


class NamespaceState(Enum):
    """How far the peer is with one namespace."""

    #: Never connected, or refused.
    ABSENT = "absent"
    #: CONNECT is sent, and not answered.
    CONNECTING = "connecting"
    CONNECTED = "connected"
    #: One side sent DISCONNECT; the other may not know it yet.
    LEFT = "left"


# Looking up a member of an Enum costs more than a module global.
_ABSENT: Final = NamespaceState.ABSENT
_CONNECTING: Final = NamespaceState.CONNECTING
_CONNECTED: Final = NamespaceState.CONNECTED
_LEFT: Final = NamespaceState.LEFT
_SERVER: Final = Role.SERVER
_CONNECT: Final = PacketType.CONNECT
_DISCONNECT: Final = PacketType.DISCONNECT
_EVENT: Final = PacketType.EVENT
_ACK: Final = PacketType.ACK


class Connection:
    """The Socket.IO side of one Engine.IO session.

    :param parser: reads and writes packets; one serves many connections.
    :param role: which end this is.
    :param max_attachments: binary attachments that one packet may have.
    :param max_namespaces: namespaces that the peer may have connected at once.
    :param dialect: the version of the protocol that the peer speaks.
    """

    #: Packets for namespaces that were just left, which were dropped.
    ignored: int

    __slots__ = (
        "_max_attachments",
        "_max_namespaces",
        "_others",
        "_partial",
        "_refusals",
        "_role",
        "_root",
        "dialect",
        "ignored",
        "parser",
    )

    def __init__(
        self,
        parser: Parser,
        role: Role = Role.SERVER,
        *,
        max_attachments: int = MAX_ATTACHMENTS_OF_CLIENTS,
        max_namespaces: int = 100,
        dialect: Dialect = CURRENT,
    ) -> None:
        self.parser: Parser = parser
        self.dialect: Dialect = dialect
        self.ignored = 0
        self._role = role
        self._max_attachments = max_attachments
        self._max_namespaces = max_namespaces
        self._refusals = 0
        # The state of "/" lies apart: most connections have no other namespace, and need no dict.
        self._root = _ABSENT
        self._others: dict[str, NamespaceState] | None = None
        # A packet whose attachments are outstanding: the packet, their number, those received.
        self._partial: tuple[Packet, int, list[bytes]] | None = None

    def receive(self, message: str | bytes) -> Packet | None:
        """Receive one Engine.IO message.

        :param message: its data.
        :return: the packet that it completed, its data not decoded; None if attachments are
            outstanding, or the packet is for a namespace that was just left (:attr:`ignored`).
        :raises ProtocolError: the peer broke a rule; the connection cannot be used any more.
        """
        if self._partial is not None:
            return self._receive_attachment(message)
        packet, due = self.parser.decode_header(message, self._max_attachments)
        if due:
            self._partial = (packet, due, [])
            return None
        if packet.type is _EVENT and packet.namespace == "/" and self._root is _CONNECTED:
            return packet
        return self._receive_packet(packet)

    def open(self) -> Packet | None:
        """Return the packet that the peer is taken to have sent by opening the connection.

        :return: the CONNECT for "/" of clients of protocol 4; None for others.
        """
        packet = self.dialect.opening()
        return packet and self._receive_packet(packet)

    def state(self, namespace: str) -> NamespaceState:
        """Return how far the peer is with a namespace."""
        if namespace == "/":
            return self._root
        if self._others is None:
            return _ABSENT
        return self._others.get(namespace, _ABSENT)

    def namespaces(self) -> tuple[str, ...]:
        """Return the names of the connected namespaces, "/" first."""
        others = self._others or {}
        root = ("/",) if self._root is _CONNECTED else ()
        return root + tuple(name for name, state in others.items() if state is _CONNECTED)

    def connect(
        self, namespace: str, auth: dict[str, Any] | None = None
    ) -> tuple[str | bytes, ...]:
        """Ask for a namespace, as a client.

        :param namespace: its name.
        :param auth: the data for the server's connect handler; None sends nothing.
        :return: the encoded packet.
        :raises UsageError: this is the server's end, or the namespace is in use.
        """
        if self._role is _SERVER:
            raise UsageError("only a client connects a namespace")
        state = self.state(namespace)
        if state is _CONNECTING or state is _CONNECTED:
            raise UsageError(f"namespace {namespace!r} is {state.value} already")
        parts = self.parser.encode_connect(namespace, auth)
        self._set_state(namespace, _CONNECTING)
        return parts

    def accept(self, namespace: str, sid: str) -> tuple[str | bytes, ...]:
        """Answer a CONNECT: the namespace is connected.

        :param namespace: its name, as in the packet that :meth:`receive` returned.
        :param sid: the id of the client in this namespace.
        :return: the encoded packet; nothing if the client left meanwhile.
        :raises UsageError: the client did not ask for this namespace.
        """
        if not self._is_asked_for(namespace):
            return ()
        parts = self.parser.encode_connect(namespace, self.dialect.connect_data(sid))
        self._set_state(namespace, _CONNECTED)
        return parts

    def refuse(self, namespace: str, data: Any) -> tuple[str | bytes, ...]:
        """Answer a CONNECT: the namespace is refused, as if it had not been asked for.

        :param namespace: its name, as in the packet that :meth:`receive` returned.
        :param data: what the client is told, made by ``dialect.refusal_data``.
        :return: the encoded packet; nothing if the client left meanwhile.
        :raises UsageError: the client did not ask for this namespace.
        """
        if not self._is_asked_for(namespace):
            return ()
        parts = self.parser.encode_connect_error(namespace, data)
        self.mark_refused(namespace)
        return parts

    def mark_refused(self, namespace: str) -> bool:
        """Do what :meth:`refuse` does, for a caller that encoded the CONNECT_ERROR elsewhere.

        :param namespace: its name, as in the packet that :meth:`receive` returned.
        :return: whether the packet is to be sent; not if the client left meanwhile.
        :raises UsageError: the client did not ask for this namespace.
        """
        if not self._is_asked_for(namespace):
            return False
        self._set_state(namespace, _ABSENT)
        self._refusals += 1
        return True

    def disconnect(self, namespace: str) -> tuple[str | bytes, ...]:
        """Leave a namespace; what the peer sent to it meanwhile will be ignored.

        :param namespace: its name.
        :return: the encoded packet; nothing if it is not connected.
        """
        state = self.state(namespace)
        if state is _ABSENT or state is _LEFT:
            return ()
        self._set_state(namespace, _LEFT)
        return self.parser.encode_disconnect(namespace)

    def _is_asked_for(self, namespace: str) -> bool:
        state = self.state(namespace)
        if state is _ABSENT or state is _CONNECTED:
            raise UsageError(
                f"namespace {namespace!r} is {state.value}: there is nothing to answer"
            )
        return state is _CONNECTING

    def _receive_attachment(self, message: str | bytes) -> Packet | None:
        assert self._partial is not None
        packet, due, attachments = self._partial
        if isinstance(message, str):
            raise ProtocolError("parse error: text while binary attachments are outstanding")
        attachments.append(message)
        if len(attachments) < due:
            return None
        self._partial = None
        packet.attachments = tuple(attachments)
        return self._receive_packet(packet)

    def _receive_packet(self, packet: Packet) -> Packet | None:
        state = self.state(packet.namespace)
        if packet.type is _EVENT or packet.type is _ACK:
            return self._require_joined(packet, state)
        if packet.type is _DISCONNECT:
            if self._require_joined(packet, state) is not None:
                self._set_state(packet.namespace, _LEFT)
                return packet
            return None
        if self._role is not _SERVER:
            self._receive_answer(packet, state)
        elif packet.type is _CONNECT and self.dialect.drops_strays and self._is_in_use(state):
            self.ignored += 1  # clients of protocol 4 may ask for "/", which they have
            return None
        else:
            self._receive_connect(packet, state)
        return packet

    @staticmethod
    def _is_in_use(state: NamespaceState) -> bool:
        return state is _CONNECTING or state is _CONNECTED

    def _require_joined(self, packet: Packet, state: NamespaceState) -> Packet | None:
        """Return the packet, or None if it crossed a DISCONNECT on its way."""
        if state is _ABSENT and not self.dialect.drops_strays:
            raise ProtocolError(f"{packet.type.name} for a namespace that is not connected")
        if state is not _LEFT and state is not _ABSENT:
            return packet
        self.ignored += 1
        return None

    def _receive_connect(self, packet: Packet, state: NamespaceState) -> None:
        if packet.type is not _CONNECT:
            raise ProtocolError("CONNECT_ERROR from a client")
        if self._is_in_use(state):
            raise ProtocolError(f"CONNECT for a namespace that is {state.value} already")
        if self._refusals > MAX_REFUSALS:
            raise ProtocolError(f"more than {MAX_REFUSALS} refused namespaces")
        if self._count_used() >= self._max_namespaces:
            raise ProtocolError(f"more than max_namespaces={self._max_namespaces} namespaces")
        self._set_state(packet.namespace, _CONNECTING)

    def _receive_answer(self, packet: Packet, state: NamespaceState) -> None:
        if state is not _CONNECTING:
            raise ProtocolError(f"{packet.type.name} for a namespace that was not asked for")
        self._set_state(packet.namespace, _CONNECTED if packet.type is _CONNECT else _ABSENT)

    def _count_used(self) -> int:
        states = list((self._others or {}).values())
        states.append(self._root)
        return states.count(_CONNECTING) + states.count(_CONNECTED)

    def _set_state(self, namespace: str, state: NamespaceState) -> None:
        if namespace == "/":
            self._root = state
            return
        if self._others is None:
            self._others = {}
        # Taken out first, so that the names stand in the order of their last change.
        self._others.pop(namespace, None)
        if state is not _ABSENT:
            self._others[namespace] = state
        if state is _LEFT:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Keep at most as many left namespaces as there may be connected ones."""
        assert self._others is not None
        left = [name for name, state in self._others.items() if state is _LEFT]
        if len(left) > self._max_namespaces:
            del self._others[left[0]]
