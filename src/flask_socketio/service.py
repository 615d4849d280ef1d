"""One Socket.IO server: what the extension and the context functions are made of.

Threads: any thread calls these methods. They encode in the caller, so that bad data raises at the
caller's line, and hand the rest to the Hub with `submit`; those that return something of the Hub's
wait for its answer.
"""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Any, TypeVar

import flask.json

from .acks import CallAck, CallbackAck
from .background import BackgroundTasks
from .engineio import OriginPolicy, message_group
from .errors import ProtocolError, UsageError
from .hosts.endpoint import Endpoint
from .hub.engine import Engine
from .hub.hub import Hub
from .runtimes.coroutines import Coroutines
from .sid import make_sid
from .socketio import (
    MAX_ATTACHMENTS_OF_CLIENTS,
    RESERVED_EVENTS,
    JsonParser,
    MsgpackParser,
    PacketClassParser,
    Parser,
)
from .websocket import DeflateSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import TypeVarTuple

    from flask import Flask

    from .config import ServerConfig
    from .dispatch import EventDispatcher
    from .engineio import PacketGroup
    from .hosts.inline import InlineHost
    from .hub.ports import HandlerWorkers, HubCalls, Runtime
    from .hub.socket import Socket
    from .socketio import Packet
    from .types import Room, Sid

    Ts = TypeVarTuple("Ts")

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("flask_socketio")


class SocketIOService:
    """The Hub, the runtime and the parser of one server.

    :param config: its options.
    :param dispatcher: what runs its handlers.
    """

    def __init__(self, config: ServerConfig, dispatcher: EventDispatcher, parser: Parser) -> None:
        self.config = config
        self.parser = parser
        self.dispatcher = dispatcher
        self.origins: OriginPolicy = OriginPolicy(
            config.cors_allowed_origins, config.cors_credentials
        )
        self.hub: Hub
        self.engine: Engine
        self.workers: HandlerWorkers | None = None
        self._calls: HubCalls | None = None
        #: The server for tests, if there has been one.
        self.inline_host: InlineHost | None = None
        #: The method ``emit`` of a subclass of ``SocketIO``, through which handlers emit then.
        self.overridden_emit: Callable[..., object] | None = None
        self._ack_ids = itertools.count(1)
        self.coroutines: Coroutines = Coroutines()
        self.background: BackgroundTasks = BackgroundTasks(self.coroutines)
        dispatcher.service = self
        dispatcher.submit = self.submit

    def start(self, runtime: Runtime, calls: HubCalls, workers: HandlerWorkers) -> Endpoint:
        """Begin to serve; called by who owns the Hub from now on.

        :param runtime: what serialises the Hub.
        :param calls: how everybody else reaches it.
        :param workers: what runs handlers.
        :returns: what the host needs to bring connections.
        """
        if self._calls is not None:
            self._calls.close()  # a server for tests does not end by itself
        self.dispatcher.on_failure = None
        self.hub = Hub(
            self.config.hub_settings(), self.parser, self.dispatcher, workers, make_sid, logger
        )
        self.engine = Engine(self.config.session_settings(), self.hub, runtime, make_sid)
        self.hub.engine = runtime.engine = self.engine
        self.dispatcher.hub = self.hub
        self.workers = workers
        self.coroutines.begin()
        self.background.begin(workers)
        self._calls = calls
        self.dispatcher.submit = calls.submit
        config = self.config
        return Endpoint(
            path=config.url_path,
            engine=self.engine,
            origins=self.origins,
            http_compression=config.http_compression,
            compression_threshold=config.compression_threshold,
            cookie=config.cookie,
            deflate=DeflateSettings() if config.per_message_deflate else None,
        )

    @property
    def serving(self) -> HubCalls | None:
        """How to reach the Hub; None while no server runs."""
        return None if self._calls is None or self._calls.closed else self._calls

    def submit(self, function: Callable[[*Ts], object], *args: *Ts) -> None:
        """Have the Hub do something; before the server runs there is nobody to do it for."""
        if self._calls is not None:
            self._calls.submit(function, *args)

    def ask(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Have the Hub do something and wait for what it returns."""
        if self._calls is None:
            raise UsageError("the server does not run yet: nobody is connected")
        return self._calls.ask(function, *args)

    # ---------------------------------------------------------------- emitting

    def encode_event(
        self, event: str, args: Sequence[Any], namespace: str, ack_id: int | None = None
    ) -> PacketGroup:
        """Encode an event for any number of clients.

        :raises UsageError: the event's name is one that only the libraries may use.
        :raises TypeError: something in the data cannot be encoded.
        :raises ValueError: likewise.
        """
        if event in RESERVED_EVENTS:
            raise UsageError(f"the event name {event!r} is reserved; choose another")
        parts = self.parser.encode_event(namespace, (event, *args), ack_id)
        if len(parts) > MAX_ATTACHMENTS_OF_CLIENTS + 1:
            logger.warning(
                "event %r has %d binary attachments; JavaScript clients refuse more than %d",
                event,
                len(parts) - 1,
                MAX_ATTACHMENTS_OF_CLIENTS,
            )
        return message_group(*parts)

    def emit(
        self,
        event: str,
        args: Sequence[Any],
        namespace: str,
        rooms: Collection[Room] | None,
        skip: Collection[Sid] = (),
        callback: Callable[..., object] | None = None,
        asker: Socket | None = None,
    ) -> None:
        """Send an event to rooms, or to everybody.

        :param event: its name.
        :param args: its arguments.
        :param namespace: the namespace.
        :param rooms: rooms and sids; None for everybody.
        :param skip: sids that do not get it.
        :param callback: called with the answer of each client that gives one.
        :param asker: the client whose event emits; the callback gets its context.
        """
        ack_id = next(self._ack_ids) if callback is not None else None
        group = self.encode_event(event, args, namespace, ack_id)
        if self._calls is None:
            return
        if callback is None or ack_id is None:
            self._calls.submit(self.hub.broadcast, namespace, group, rooms, skip)
        else:
            ack = CallbackAck(self, callback, asker)
            self._calls.submit(
                self.hub.broadcast_with_ack, namespace, group, rooms, skip, ack_id, ack
            )

    def emit_to(
        self,
        socket: Socket,
        event: str,
        args: Sequence[Any],
        namespace: str,
        callback: Callable[..., object] | None = None,
    ) -> None:
        """Send an event to the client whose event is being handled.

        :param namespace: another namespace reaches the same client there, if it is connected.
        """
        ack_id = next(self._ack_ids) if callback is not None else None
        group = self.encode_event(event, args, namespace, ack_id)
        ack = CallbackAck(self, callback, socket) if callback is not None else None
        if namespace != socket.namespace.name:
            self.submit(self._send_beside, socket, namespace, group, ack_id, ack)
        elif ack is None or ack_id is None:
            self.submit(self.hub.send, socket, group)
        else:
            self.submit(self.hub.send_with_ack, socket, group, ack_id, ack)

    def _send_beside(
        self,
        socket: Socket,
        namespace: str,
        group: PacketGroup,
        ack_id: int | None,
        ack: CallbackAck | None,
    ) -> None:
        beside = socket.client.sockets.get(namespace)
        if beside is None:
            self.engine.counters.undelivered += 1
        elif ack is None or ack_id is None:
            self.hub.send(beside, group)
        else:
            self.hub.send_with_ack(beside, group, ack_id, ack)

    def call(
        self, event: str, args: Sequence[Any], namespace: str, sid: Room, timeout: float | None
    ) -> Any:
        """Send an event to one client and wait for its answer.

        :param sid: the client.
        :param timeout: seconds to wait; None for no limit.
        :returns: None, one value, or a tuple of several.
        :raises TimeoutError: no answer came in time.
        :raises DisconnectedError: the client is not connected, or went away meanwhile.
        """
        self.coroutines.refuse_blocking("call()", "await asyncio.to_thread(call, ...)")
        ack_id = next(self._ack_ids)
        group = self.encode_event(event, args, namespace, ack_id)
        ack = CallAck(event)
        if self.workers is None or not self._send_call(namespace, group, sid, ack_id, ack):
            ack.disconnected()
            return ack.take(self, timeout)
        try:
            self.workers.wait(ack.done, timeout)
            return ack.take(self, timeout)
        finally:
            self.submit(self._forget_call, namespace, sid, ack_id)

    def decode_ack(self, socket: Socket, packet: Packet) -> list[Any] | None:
        """Decode a client's answer; a client whose answer cannot be is disconnected.

        :returns: the arguments; None if there are none to be had.
        """
        try:
            return self.parser.decode_ack(packet)
        except ProtocolError as error:
            self.submit(self.engine.fail, socket.client.engine_socket, error)
            return None

    def _send_call(
        self, namespace: str, group: PacketGroup, sid: Room, ack_id: int, ack: CallAck
    ) -> bool:
        try:
            send = self.hub.broadcast_with_ack
            return self.ask(send, namespace, group, (sid,), (), ack_id, ack) > 0
        except RuntimeError:  # the server has stopped
            return False

    def _forget_call(self, namespace: str, sid: Room, ack_id: int) -> None:
        state = self.hub.namespaces.get(namespace)
        for socket in state.select((sid,)) if state is not None else ():
            self.hub.forget_ack(socket, ack_id)

    # ---------------------------------------------------------------- rooms and clients

    def enter_room(self, sid: str, room: Room, namespace: str) -> None:
        """Put a client into a room.

        :raises ValueError: there is no such client.
        """
        self.ask(self._enter_room, sid, room, namespace)

    def _enter_room(self, sid: str, room: Room, namespace: str) -> None:
        self.hub.join(self._find(sid, namespace), room)

    def leave_room(self, sid: str, room: Room, namespace: str) -> None:
        """Take a client out of a room.

        :raises ValueError: there is no such client.
        """
        self.ask(self._leave_room, sid, room, namespace)

    def _leave_room(self, sid: str, room: Room, namespace: str) -> None:
        self.hub.leave(self._find(sid, namespace), room)

    def _find(self, sid: str, namespace: str) -> Socket:
        socket = self.hub.find(namespace, sid)
        if socket is None:
            raise ValueError(f"no client {sid!r} is connected to the namespace {namespace!r}")
        return socket

    def close_room(self, room: Room, namespace: str) -> None:
        """Take every client out of a room.

        :raises TypeError: the room is not hashable.
        """
        hash(room)
        if self._calls is not None:
            self._calls.submit(self.hub.close_room, namespace, room)

    def rooms(self, sid: str, namespace: str) -> list[Room]:
        """Return the rooms a client is in, its own first; none if it is not connected."""
        if self._calls is None:
            return []
        return self.ask(self.hub.rooms, sid, namespace)

    def disconnect(self, sid: str, namespace: str) -> None:
        """Disconnect a client from a namespace; nothing happens if it is not connected."""
        self.submit(self._disconnect, sid, namespace)

    def _disconnect(self, sid: str, namespace: str) -> None:
        socket = self.hub.find(namespace, sid)
        if socket is not None:
            self.hub.disconnect(socket)

    def join_background_tasks(self, deadline: float) -> int:
        """End coroutines and background tasks; what hosts call. See `BackgroundTasks.join`."""
        return (not self.coroutines.end()) + self.background.join(deadline)


class ApplicationJson:
    """What ``json=flask.json`` stands for: the application's provider, in and out of its contexts.

    :param app: the application; its provider may be replaced later.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app

    def dumps(self, data: Any, separators: tuple[str, str] = (",", ":")) -> str:
        """Encode data."""
        return self._app.json.dumps(data, separators=separators)

    def loads(self, text: str) -> Any:
        """Decode text."""
        return self._app.json.loads(text)


def make_parser(config: ServerConfig, app: Flask) -> Parser:
    """Make the parser that the options ask for.

    :param config: the options.
    :param app: whose JSON provider ``json=flask.json`` means.
    :raises UsageError: the option ``serializer`` has a value that cannot be.
    """
    if config.serializer == "default":
        return JsonParser(ApplicationJson(app) if config.json is flask.json else config.json)
    if config.serializer == "msgpack":
        return MsgpackParser()
    if isinstance(config.serializer, type):
        if hasattr(config.serializer, "decode_header"):
            parser: Parser = config.serializer()
            return parser
        if hasattr(config.serializer, "encode") and hasattr(config.serializer, "decode"):
            return PacketClassParser(config.serializer)
    raise UsageError(
        f"serializer={config.serializer!r}: use 'default', 'msgpack', or a class with encode() and "
        "decode() as python-socketio's packet classes have them"
    )
