"""What stands around the Hub in these tests: a clock, hosts, workers and an application.

Nothing happens by itself: a test says when the loop turns, when jobs run and when time passes.
"""

from __future__ import annotations

import itertools
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any

from flask_socketio.engineio import (
    CURRENT,
    PacketGroup,
    Session,
    SessionSettings,
    Transport,
    message_group,
)
from flask_socketio.hub.client import Client
from flask_socketio.hub.engine import Engine
from flask_socketio.hub.engine_socket import EngineSocket
from flask_socketio.hub.hub import Hub, HubSettings
from flask_socketio.hub.namespace_state import NamespaceState
from flask_socketio.hub.socket import Socket
from flask_socketio.socketio import Connection, JsonParser, Packet
from flask_socketio.types import DisconnectReason, EioSid, Sid

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask_socketio.engineio import Wire
    from flask_socketio.errors import ProtocolError
    from flask_socketio.hub.mailbox import Mailbox
    from flask_socketio.hub.ports import Job

ENVIRON = {"REMOTE_ADDR": "192.0.2.1"}


class Clock:
    """A runtime whose time stands still."""

    engine: Engine

    def __init__(self) -> None:
        self.time = 100.0
        self.flushes = 0
        self.timer = inf

    def now(self) -> float:
        return self.time

    def request_flush(self) -> None:
        self.flushes += 1

    def request_timer(self, when: float) -> None:
        self.timer = min(self.timer, when)

    def turn(self) -> None:
        """Let the flush come that was asked for."""
        if self.flushes:
            self.flushes = 0
            self.engine.flush()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, with each timer at its time."""
        end = self.time + seconds
        timers = 0
        while self.timer <= end:
            timers += 1
            assert timers < 1000, "timers without end"
            self.time = max(self.time, self.timer)
            self.timer = inf
            self.engine.handle_timer()
            self.turn()
        self.time = end


#: How a WebSocket ended that was cut.
ABORTED = (0, "aborted")


class WebSocket:
    """A host's WebSocket that keeps what is written."""

    def __init__(self) -> None:
        self.writable = True
        self.packets: list[str | bytes] = []
        self.writes = 0
        self.closed: tuple[int, str] | None = None
        self.reading = True

    def send_groups(self, groups: list[PacketGroup]) -> None:
        assert self.closed is None, "written to after its end"
        self.writes += 1
        self.packets += [packet for group in groups for packet in group.wire]

    def close(self, code: int, reason: str) -> None:
        assert self.closed is None, "closed twice"
        assert self.reading, "closed while nobody would read the answer"
        self.closed = (code, reason)

    def abort(self) -> None:
        assert self.closed is None, "closed twice"
        self.closed = ABORTED

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def take(self) -> list[str | bytes]:
        """The packets since the last call."""
        packets, self.packets = self.packets, []
        return packets


class Poll:
    """A GET that waits."""

    def __init__(self) -> None:
        self.payload: bytes | None = None
        self.error: ProtocolError | None = None

    def answer(self, payload: bytes) -> None:
        assert self.payload is None, "answered twice"
        self.payload = payload

    def refuse(self, error: ProtocolError) -> None:
        self.error = error


class Post:
    """A POST that was taken."""

    def __init__(self) -> None:
        self.accepted = 0

    def accept(self) -> None:
        self.accepted += 1


class Application:
    """An Engine.IO application that keeps what it is told."""

    def __init__(self) -> None:
        self.opened: list[EngineSocket] = []
        self.messages: list[str | bytes] = []
        self.expired: list[EngineSocket] = []
        self.closed: list[DisconnectReason] = []
        self.on_message: Callable[[EngineSocket, str | bytes], object] = lambda *_: None

    def engine_opened(self, socket: EngineSocket) -> None:
        self.opened.append(socket)

    def engine_message(self, socket: EngineSocket, message: str | bytes) -> None:
        self.messages.append(message)
        self.on_message(socket, message)

    def engine_expired(self, socket: EngineSocket) -> None:
        self.expired.append(socket)

    def engine_closed(self, socket: EngineSocket, reason: DisconnectReason) -> None:
        self.closed.append(reason)


class EngineSite:
    """An engine with a clock and an application."""

    def __init__(self, settings: SessionSettings | None = None) -> None:
        self.clock = Clock()
        self.application = Application()
        numbers = itertools.count(1)
        self.engine = Engine(
            settings or SessionSettings(), self.application, self.clock, lambda: f"e{next(numbers)}"
        )
        self.clock.engine = self.engine

    def open_websocket(self) -> tuple[EngineSocket, WebSocket]:
        socket = self.engine.open(Transport.WEBSOCKET, ENVIRON)
        socket.websocket = websocket = WebSocket()
        self.clock.turn()
        assert str(websocket.take()[0])[:2] == "0{"
        return socket, websocket

    def open_polling(self) -> EngineSocket:
        socket = self.engine.open(Transport.POLLING, ENVIRON)
        assert self.poll(socket).payload is not None
        return socket

    def poll(self, socket: EngineSocket) -> Poll:
        poll = Poll()
        self.engine.open_poll(socket, poll)
        self.clock.turn()
        return poll

    def upgrade(self, socket: EngineSocket) -> WebSocket:
        websocket = WebSocket()
        self.engine.open_probe(socket, websocket)
        self.engine.receive_probe(socket, "2probe")
        self.engine.receive_probe(socket, "5")
        self.clock.turn()
        return websocket


class InlineExecutor:
    """Runs jobs in the caller, in the order of their mailboxes, when it is told."""

    def __init__(self) -> None:
        self.ready: deque[Mailbox] = deque()

    def put(self, mailbox: Mailbox, job: Job) -> None:
        if mailbox.put(job):
            self.ready.append(mailbox)

    def run_one(self) -> bool:
        if not self.ready:
            return False
        mailbox = self.ready.popleft()
        run = mailbox.start(0.0)
        run.job.run()
        if mailbox.release(run):
            self.ready.append(mailbox)
        return True


class ScriptedDispatcher:
    """An application whose handlers are functions of the test.

    A connect handler gets the socket; True or None accepts, False refuses.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self.namespaces = {"/"}
        self.handlers: dict[tuple[str, str], Callable[..., Any]] = {}
        self.events: list[tuple[str, str]] = []
        self.disconnected: list[tuple[str, DisconnectReason]] = []
        #: False if the workers are too fast to see that the client is paused.
        self.sees_pauses = True

    def has_namespace(self, namespace: str) -> bool:
        return namespace in self.namespaces

    def has_handler(self, event: str, namespace: str) -> bool:
        return (event, namespace) in self.handlers

    def run_connect(self, socket: Socket, packet: Packet) -> None:
        result = self.handlers["connect", socket.namespace.name](socket)
        socket.admitted = result is not False
        if socket.admitted:
            self._site.submit(self._site.hub.accept, socket)
        else:
            self._site.submit(self._site.hub.refuse, socket, {"message": "no"})

    def run_event(self, socket: Socket, packet: Packet) -> None:
        self.events.append((str(socket.sid), packet.data))
        client = socket.client
        if not self.sees_pauses:
            return
        if client.paused and len(client.mailbox) * 2 <= self._site.hub.settings.max_pending_events:
            self._site.submit(self._site.hub.resume_reading, client)

    def run_disconnect(self, socket: Socket, reason: DisconnectReason) -> None:
        if socket.admitted:
            self.disconnected.append((str(socket.sid), reason))
            self.handlers["disconnect", socket.namespace.name](socket)
        self._site.submit(self._site.hub.remove, socket)


class Answers:
    """Who waits for acks, and keeps them."""

    def __init__(self) -> None:
        self.received_from: list[tuple[str, str]] = []
        self.gone: list[str] = []

    def received(self, socket: Socket, packet: Packet) -> None:
        self.received_from.append((str(socket.sid), packet.data))

    def disconnected(self, socket: Socket) -> None:
        self.gone.append(str(socket.sid))


class Site:
    """A Hub with everything around it."""

    def __init__(
        self, settings: HubSettings | None = None, session_settings: SessionSettings | None = None
    ) -> None:
        self.clock = Clock()
        self.executor = InlineExecutor()
        self.dispatcher = ScriptedDispatcher(self)
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        numbers = itertools.count(1)
        self.hub = Hub(
            settings or HubSettings(),
            JsonParser(),
            self.dispatcher,
            self.executor,
            lambda: f"s{next(numbers)}",
        )
        engine_numbers = itertools.count(1)
        self.engine = Engine(
            session_settings or SessionSettings(),
            self.hub,
            self.clock,
            lambda: f"e{next(engine_numbers)}",
        )
        self.hub.engine = self.clock.engine = self.engine
        self.counters = self.engine.counters

    def submit(self, function: Callable[..., object], *args: Any) -> None:
        self._calls.append((function, args))

    def drain(self) -> None:
        """Make the calls that workers submitted, then flush."""
        while self._calls:
            function, args = self._calls.popleft()
            function(*args)
        self.clock.turn()

    def settle(self) -> None:
        """Let everything happen that is due now."""
        self.drain()
        while self.executor.run_one():
            self.drain()

    def open(self, transport: Transport = Transport.WEBSOCKET, wire: Wire = CURRENT) -> Peer:
        return Peer(self, transport, wire)

    def connect(self, namespace: str = "/") -> Peer:
        """Open a session and connect it to a namespace."""
        peer = self.open()
        peer.connect(namespace)
        return peer

    def broadcast(self, text: str, *rooms: Any, skip: tuple[Sid, ...] = ()) -> None:
        self.hub.broadcast("/", message_group(text), rooms or None, skip)
        self.drain()


class Peer:
    """One client, as far as the engine sees it."""

    def __init__(self, site: Site, transport: Transport, wire: Wire) -> None:
        self._site = site
        self.engine_socket = site.engine.open(transport, ENVIRON, wire)
        self.client: Client = self.engine_socket.client
        self.websocket = WebSocket()
        if transport is Transport.WEBSOCKET:
            self.engine_socket.websocket = self.websocket
            site.clock.turn()
            opening = self.websocket.packets.pop(0)
            assert opening[:1] == "0"

    def send(self, *packets: str | bytes) -> None:
        """Send Socket.IO packets, all in one turn of the loop."""
        for packet in packets:
            wire = "4" + packet if isinstance(packet, str) else packet
            self._site.engine.receive(self.engine_socket, wire)

    def connect(self, namespace: str = "/") -> Socket:
        self.send("0" if namespace == "/" else f"0{namespace},")
        self._site.settle()
        self.websocket.take()
        return self.socket(namespace)

    def socket(self, namespace: str = "/") -> Socket:
        return self.client.sockets[namespace]

    @property
    def sid(self) -> Sid:
        return self.socket().sid

    def received(self) -> list[str | bytes]:
        """What came since the last call, without the digit of Engine.IO's message."""
        return [
            packet[1:] if isinstance(packet, str) and packet[0] == "4" else packet
            for packet in self.websocket.take()
        ]

    def leave(self) -> None:
        """Close the WebSocket without a farewell."""
        reason = DisconnectReason.TRANSPORT_CLOSE
        self._site.engine.websocket_closed(self.engine_socket, reason, "")
        self._site.drain()


def lone_engine_socket(now: float = 0.0, settings: SessionSettings | None = None) -> EngineSocket:
    session = Session(EioSid("e1"), settings or SessionSettings(), Transport.WEBSOCKET, now)
    return EngineSocket(session, ENVIRON)


def lone_client(strict: bool = False) -> Client:
    return Client(lone_engine_socket(), Connection(JsonParser()), strict)


def lone_socket(sid: str = "s1", namespace: NamespaceState | None = None) -> Socket:
    return Socket(Sid(sid), namespace or NamespaceState("/"), lone_client())
