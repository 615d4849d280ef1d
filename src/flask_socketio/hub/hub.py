"""The Socket.IO server: clients, namespaces, rooms and acks.

Every method is called by the Hub's owner only; workers reach them through ``submit``. User code
runs in workers: here it is only put into mailboxes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from ..engineio import message_group
from ..errors import ProtocolError
from ..socketio import Connection, PacketType, dialect_for
from ..types import DisconnectReason, Sid
from .client import Client
from .jobs import HandlerJob
from .mailbox import Mailbox
from .namespace_state import NamespaceState
from .socket import Socket, SocketState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ..engineio import PacketGroup
    from ..socketio import Packet, Parser
    from ..types import Room
    from .engine import Engine
    from .engine_socket import EngineSocket
    from .ports import Ack, Dispatcher, Executor


# Looking up a member of an Enum costs more than a module global: these are read for each packet.
_EVENT = PacketType.EVENT
_CONNECTED = SocketState.CONNECTED


@dataclass(frozen=True, slots=True)
class HubSettings:
    """The Hub's options; the documentation's options table describes each."""

    always_connect: bool = False
    async_handlers: bool = True
    connect_timeout: float = 45.0
    max_attachments: int = 10
    max_namespaces: int = 100
    max_pending_events: int = 1000


class Hub:
    """All Socket.IO state of one server.

    :param settings: its options.
    :param parser: turns events into packets and back.
    :param dispatcher: what runs the application's handlers.
    :param executor: where they run.
    :param make_sid: returns a new id that cannot be guessed.
    :param logger: where refusals and drops are logged.
    """

    engine: Engine

    def __init__(
        self,
        settings: HubSettings,
        parser: Parser,
        dispatcher: Dispatcher,
        executor: Executor,
        make_sid: Callable[[], str],
        logger: logging.Logger | None = None,
    ) -> None:
        self.settings = settings
        self.parser = parser
        self.namespaces: dict[str, NamespaceState] = {}
        self._dispatcher = dispatcher
        self._run_event = dispatcher.run_event
        self._executor = executor
        self._make_sid = make_sid
        self._logger = logger or logging.getLogger("flask_socketio")

    # ---------------------------------------------------------------- from the engine

    def engine_opened(self, socket: EngineSocket) -> None:
        """A session has opened: it has ``connect_timeout`` seconds to connect to a namespace."""
        connection = Connection(
            self.parser,
            max_attachments=self.settings.max_attachments,
            max_namespaces=self.settings.max_namespaces,
            dialect=dialect_for(socket.session.wire.version),
        )
        socket.client = Client(socket, connection, strict=not self.settings.async_handlers)
        socket.expires = self.engine.now() + self.settings.connect_timeout
        packet = connection.open()
        if packet is not None:
            self._receive_connect(socket.client, packet)

    def engine_expired(self, socket: EngineSocket) -> None:
        """A session has not connected to any namespace in time."""
        self.engine.close(
            socket,
            DisconnectReason.TRANSPORT_ERROR,
            f"connected to no namespace within connect_timeout={self.settings.connect_timeout} s",
        )

    def engine_message(self, socket: EngineSocket, message: str | bytes) -> None:
        """Read the header of a packet and hand it on; its data stays encoded."""
        client: Client = socket.client
        try:
            packet = client.connection.receive(message)
            if packet is None:
                return
            if packet.type is _EVENT:
                self._receive_event(client, packet)
            else:
                self._receive_other(client, packet)
        except ProtocolError as error:
            self.engine.fail(socket, error)

    def engine_closed(self, socket: EngineSocket, reason: DisconnectReason) -> None:
        """A session has ended, and with it each of its namespaces."""
        client: Client = socket.client
        for member in tuple(client.sockets.values()):
            self._leave(member, reason)
        socket.client = None  # it refers to the session: no cycle is to keep them alive

    # ---------------------------------------------------------------- from the client

    def _receive_event(self, client: Client, packet: Packet) -> None:
        # The connection lets packets through only for namespaces that the client has joined.
        socket = client.sockets[packet.namespace]
        mailbox = client.mailbox
        self._executor.put(mailbox, HandlerJob(self._run_event, socket, packet))
        if len(mailbox) >= self.settings.max_pending_events:
            self._pause_reading(client)

    def _receive_other(self, client: Client, packet: Packet) -> None:
        match packet.type:
            case PacketType.ACK:
                self._receive_ack(client, packet)
            case PacketType.DISCONNECT:
                self._receive_disconnect(client, packet)
            case _:  # the connection lets nothing else through
                self._receive_connect(client, packet)

    def _receive_ack(self, client: Client, packet: Packet) -> None:
        socket = client.sockets[packet.namespace]
        if not socket.acks or packet.ack_id is None:
            return
        ack = socket.acks.pop(packet.ack_id, None)
        if ack is not None:
            ack.received(socket, packet)

    def _receive_connect(self, client: Client, packet: Packet) -> None:
        name = packet.namespace
        if not self._dispatcher.has_namespace(name):
            self._logger.info("a client asked for the namespace %r, which has no handlers", name)
            data = client.connection.dialect.refusal_data(("Invalid namespace",))
            self._refuse(client, name, data)
            return
        namespace = self.namespaces.get(name)
        if namespace is None:
            namespace = self.namespaces[name] = NamespaceState(name)
        session_id = client.engine_socket.session.sid
        sid = client.connection.dialect.make_sid(session_id, name, self._make_sid)
        socket = Socket(Sid(sid), namespace, client, packet.query)
        client.sockets[name] = namespace.sockets[socket.sid] = socket
        client.engine_socket.expires = inf
        has_handler = self._dispatcher.has_handler("connect", name)
        if self.settings.always_connect or not has_handler:
            self.accept(socket)
        if has_handler:
            self._executor.put(
                client.mailbox, HandlerJob(self._dispatcher.run_connect, socket, packet)
            )
            if len(client.mailbox) >= self.settings.max_pending_events:
                self._pause_reading(client)
        else:
            socket.admitted = True

    def _receive_disconnect(self, client: Client, packet: Packet) -> None:
        if self._is_session(client, packet.namespace):
            self.engine.close(client.engine_socket, DisconnectReason.CLIENT_DISCONNECT)
        else:
            self._leave(client.sockets[packet.namespace], DisconnectReason.CLIENT_DISCONNECT)

    def _is_session(self, client: Client, namespace: str) -> bool:
        """Whether a client that leaves a namespace leaves altogether."""
        return namespace == "/" and client.connection.dialect.root_is_session

    def _pause_reading(self, client: Client) -> None:
        if client.paused:
            return
        client.paused = True
        self.engine.counters.reading_paused += 1
        self.engine.pause_reading(client.engine_socket)
        # The workers may have run everything before they could see that it is paused.
        self._resume_if_caught_up(client)

    def _resume_if_caught_up(self, client: Client) -> None:
        if client.paused and len(client.mailbox) * 2 <= self.settings.max_pending_events:
            self.resume_reading(client)

    def resume_reading(self, client: Client) -> None:
        """A client's handlers have caught up."""
        if client.paused:
            client.paused = False
            self.engine.resume_reading(client.engine_socket)

    # ---------------------------------------------------------------- connecting

    def accept(self, socket: Socket) -> None:
        """Tell a pending client that it is connected, and send what was held back."""
        self._resume_if_caught_up(socket.client)
        if socket.state is SocketState.ABANDONED:
            socket.state = SocketState.GONE
            self._run_disconnect(socket, socket.reason or DisconnectReason.TRANSPORT_CLOSE)
        if socket.state is not SocketState.PENDING:
            return
        socket.state = SocketState.CONNECTED
        client = socket.client
        parts = client.connection.accept(socket.namespace.name, socket.sid)
        self.engine.send(client.engine_socket, message_group(*parts))
        held, socket.held = socket.held, None
        for group in held or ():
            self.engine.send(client.engine_socket, group)

    def refuse(self, socket: Socket, data: Any) -> None:
        """Turn a client away, with data of its dialect; what was held back is dropped."""
        if socket.state is SocketState.CONNECTED:  # always_connect: it has been told otherwise
            self.disconnect(socket, announce=False)
            return
        client = socket.client
        was_pending = socket.state is SocketState.PENDING
        socket.state = SocketState.GONE
        socket.held = None
        self._forget_acks(socket)
        self.remove(socket)
        if client.sockets.get(socket.namespace.name) is socket:
            del client.sockets[socket.namespace.name]
        if was_pending:
            self._refuse(client, socket.namespace.name, data)

    def _refuse(self, client: Client, namespace: str, data: Any) -> None:
        parts = client.connection.refuse(namespace, data)
        is_open = self.engine.send(client.engine_socket, message_group(*parts))
        if is_open and not client.sockets:
            client.engine_socket.expires = self.engine.now() + self.settings.connect_timeout
            self.engine.watch(client.engine_socket)

    # ---------------------------------------------------------------- disconnecting

    def disconnect(self, socket: Socket, announce: bool = True) -> None:
        """Disconnect a client from one namespace; its session goes on, but for an old client's "/".

        :param announce: False if no disconnect handler is to run.
        """
        if socket.state is SocketState.PENDING:
            self.accept(socket)
        if socket.state is not SocketState.CONNECTED:
            return
        client = socket.client
        parts = client.connection.disconnect(socket.namespace.name)
        self.engine.send(client.engine_socket, message_group(*parts))
        if not announce:
            socket.admitted = False
        self._leave(socket, DisconnectReason.SERVER_DISCONNECT)
        if self._is_session(client, socket.namespace.name):
            self.engine.close(client.engine_socket)

    def _leave(self, socket: Socket, reason: DisconnectReason) -> None:
        """A client has left a namespace; its rooms stay until its disconnect handler has run."""
        # Also with always_connect the disconnect handler waits for what the connect handler says.
        is_undecided = socket.admitted is None
        socket.state = SocketState.ABANDONED if is_undecided else SocketState.GONE
        socket.reason = reason
        socket.held = None
        del socket.client.sockets[socket.namespace.name]
        self._forget_acks(socket)
        if not is_undecided:
            self._run_disconnect(socket, reason)

    def _forget_acks(self, socket: Socket) -> None:
        acks, socket.acks = socket.acks, None
        for ack in (acks or {}).values():
            ack.disconnected(socket)

    def _run_disconnect(self, socket: Socket, reason: DisconnectReason) -> None:
        """Run the disconnect handler, then `remove`. Not for a client that was never accepted."""
        if self._dispatcher.has_handler("disconnect", socket.namespace.name):
            job = HandlerJob(self._dispatcher.run_disconnect, socket, reason)
            self._executor.put(socket.client.mailbox, job)
        else:
            self.remove(socket)

    def remove(self, socket: Socket) -> None:
        """Forget a client that has left, and take it out of its rooms."""
        namespace = socket.namespace
        namespace.remove(socket)
        # It may be a second call, when others have opened the namespace again.
        if not namespace.sockets and self.namespaces.get(namespace.name) is namespace:
            del self.namespaces[namespace.name]
        self._resume_if_caught_up(socket.client)

    # ---------------------------------------------------------------- sending

    def send(self, socket: Socket, group: PacketGroup) -> None:
        """Send packets to one client."""
        if socket.state is _CONNECTED:
            self.engine.send(socket.client.engine_socket, group)
        elif socket.state is SocketState.PENDING:
            self._hold(socket, group)
        else:
            self.engine.counters.undelivered += 1

    def _hold(self, socket: Socket, group: PacketGroup) -> None:
        """Keep packets until the connect handler has decided, but not without limit."""
        limit = self.engine.settings.max_buffered_bytes
        if socket.held_bytes > limit:
            return
        socket.held_bytes += group.size
        if socket.held_bytes > limit:
            socket.held = None
            self.engine.close_slow_consumer(socket.client.engine_socket, socket.held_bytes)
        elif socket.held is None:
            socket.held = [group]
        else:
            socket.held.append(group)

    def send_with_ack(self, socket: Socket, group: PacketGroup, ack_id: int, ack: Ack) -> None:
        """Send a packet to one client and remember who waits for its answer."""
        if socket.state in (SocketState.GONE, SocketState.ABANDONED):
            ack.disconnected(socket)
            return
        if socket.acks is None:
            socket.acks = {}
        socket.acks[ack_id] = ack
        self.send(socket, group)

    def broadcast(
        self,
        namespace: str,
        group: PacketGroup,
        rooms: Collection[Room] | None,
        skip: Collection[Sid] = (),
    ) -> None:
        """Send the same packets to every client in the rooms, or to all of the namespace."""
        state = self.namespaces.get(namespace)
        if state is None:
            return
        send = self.engine.send
        for socket in state.select(rooms, skip):
            if socket.state is _CONNECTED:
                send(socket.client.engine_socket, group)
            elif socket.state is SocketState.PENDING:
                self.send(socket, group)

    def broadcast_with_ack(
        self,
        namespace: str,
        group: PacketGroup,
        rooms: Collection[Room] | None,
        skip: Collection[Sid],
        ack_id: int,
        ack: Ack,
    ) -> int:
        """Send a packet to every client in the rooms; each may answer.

        :returns: the number of clients it was sent to.
        """
        state = self.namespaces.get(namespace)
        sockets = list(state.select(rooms, skip)) if state is not None else []
        for socket in sockets:
            self.send_with_ack(socket, group, ack_id, ack)
        return len(sockets)

    def put_ack_job(
        self, socket: Socket, callback: Callable[[Socket, Packet], None], packet: Packet
    ) -> None:
        """Have a callback run in a worker, in the order the answers came."""
        client = socket.client
        if client.ack_mailbox is None:
            client.ack_mailbox = Mailbox()
        self._executor.put(client.ack_mailbox, HandlerJob(callback, socket, packet))

    def forget_ack(self, socket: Socket, ack_id: int) -> None:
        """Nobody waits for this answer any more."""
        if socket.acks is not None:
            socket.acks.pop(ack_id, None)

    # ---------------------------------------------------------------- rooms

    def find(self, namespace: str, sid: str) -> Socket | None:
        """Return the client with this sid in a namespace."""
        state = self.namespaces.get(namespace)
        return state.sockets.get(Sid(sid)) if state is not None else None

    def rooms(self, sid: str, namespace: str) -> list[Room]:
        """Return the rooms of a client, its own first; none if it is not in the namespace."""
        state = self.namespaces.get(namespace)
        return list(state.rooms(Sid(sid))) if state is not None else []

    def join(self, socket: Socket, room: Room) -> None:
        """Put a client into a room."""
        if socket.sid in socket.namespace.sockets and room != socket.sid:
            socket.namespace.adapter.join(socket.sid, room)

    def leave(self, socket: Socket, room: Room) -> None:
        """Take a client out of a room."""
        socket.namespace.adapter.leave(socket.sid, room)

    def close_room(self, namespace: str, room: Room) -> None:
        """Take every client out of a room."""
        state = self.namespaces.get(namespace)
        if state is not None:
            state.adapter.close_room(room)
