"""A session and a client that talk through a simulated network with its own clock and latency.

``Network`` is the clock and the wires, ``Server`` owns a session as a host does, ``Client`` is a
small state machine that behaves like the JavaScript client.
"""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Callable, Iterator

from flask_socketio.engineio import (
    CURRENT,
    PacketGroup,
    PacketType,
    Session,
    SessionSettings,
    State,
    Transport,
    Wire,
    control_group,
    message_group,
)
from flask_socketio.errors import ProtocolError
from flask_socketio.types import DisconnectReason, EioSid

Reply = Callable[[int, bytes], None]


class Network:
    """The clock, and how long things take. While ``lost`` is set, nothing arrives."""

    def __init__(self, latencies: Iterator[float] | None = None) -> None:
        self.now = 100.0
        self.lost = False
        self._latencies = latencies or itertools.repeat(0.01)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def latency(self) -> float:
        return next(self._latencies)

    def at(self, time: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._count), action))

    def deliver(self, action: Callable[[], None], not_before: float = 0.0) -> float:
        """Let something arrive after a while; returns when."""
        arrival = max(self.now + self.latency(), not_before)
        if not self.lost:
            self.at(arrival, lambda: None if self.lost else action())
        return arrival

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self._events and self._events[0][0] <= end:
            time, _, action = heapq.heappop(self._events)
            assert time >= self.now
            self.now = time
            action()
        self.now = end


class WebSocket:
    """Both ends of one WebSocket: each direction keeps its order, and a close comes last."""

    def __init__(self, network: Network, client: Client, server: Server) -> None:
        self._network, self._client, self._server = network, client, server
        self._last = {"client": 0.0, "server": 0.0}

    def open(self, action: Callable[[], None]) -> None:
        self._send("server", action)

    def to_server(self, data: str | bytes) -> None:
        self._send("server", lambda: self._server.websocket_message(self, data))

    def to_client(self, data: str | bytes) -> None:
        assert data != "1", "the closing of a WebSocket is all that tells of the end"
        self._send("client", lambda: self._client.websocket_message(self, data))

    def close_by_server(self) -> None:
        self._send("client", lambda: self._client.websocket_closed(self))

    def close_by_client(self) -> None:
        self._send("server", lambda: self._server.websocket_closed(self))

    def _send(self, end: str, action: Callable[[], None]) -> None:
        # The smallest step keeps messages of one direction apart.
        self._last[end] = self._network.deliver(action, self._last[end] + 1e-6)


class Server:
    """Owns one session as a host does, and holds it to the rule of single mutation."""

    def __init__(self, network: Network, settings: SessionSettings | None = None) -> None:
        self.network = network
        self.settings = settings or SessionSettings()
        self.session = Session(EioSid("none"), self.settings, Transport.POLLING, 0.0)
        self.wire: Wire = CURRENT
        self.received: list[str | bytes] = []
        self.mutations = 0
        self._settled = True
        self._poll: Reply | None = None
        self._websocket: WebSocket | None = None
        self._probe: WebSocket | None = None

    # What a host's callbacks do

    def open(self, transport: Transport, websocket: WebSocket | None, reply: Reply | None) -> None:
        self.session = Session(EioSid("s1"), self.settings, transport, self.network.now, self.wire)
        self._websocket = websocket
        if reply is not None:
            self._change(lambda: self._open_poll(reply))
        else:
            self._settle()

    def get(self, reply: Reply) -> None:
        if self._refuses(reply):
            return
        try:
            self._change(lambda: self._open_poll(reply))
        except ProtocolError as error:
            reply(error.status, b"")

    def get_cancelled(self) -> None:
        self._poll = None
        self._change(lambda: self.session.cancel_poll(self.network.now))

    def post(self, body: bytes, reply: Reply) -> None:
        if self._refuses(reply):
            return
        try:
            self._change(lambda: self.session.begin_post(self.network.now))
            self._change(lambda: self._receive_payload(body))
            self._change(self.session.end_post)
        except ProtocolError as error:
            reply(error.status, b"")
        else:
            reply(200, b"ok")

    def websocket_opened(self, websocket: WebSocket) -> None:
        try:
            self._change(lambda: self.session.open_probe(self.network.now))
        except ProtocolError:
            websocket.close_by_server()
        else:
            self._probe = websocket

    def websocket_message(self, websocket: WebSocket, data: str | bytes) -> None:
        try:
            if websocket is self._websocket:
                self._change(lambda: self._receive(data))
            elif websocket is self._probe:
                self._change(lambda: self.session.receive_probe(data, self.network.now))
        except ProtocolError:
            websocket.close_by_server()

    def websocket_closed(self, websocket: WebSocket) -> None:
        if websocket is self._websocket:
            self._change(lambda: self.session.transport_closed(DisconnectReason.TRANSPORT_CLOSE))
        elif websocket is self._probe:
            self._change(lambda: self.session.close_probe(self.network.now))

    def send(self, content: str | bytes) -> None:
        self._change(lambda: self.session.send(message_group(content)))

    def close(self) -> None:
        reason = DisconnectReason.SERVER_DISCONNECT
        self._change(lambda: self.session.close(reason, now=self.network.now))

    # The ritual: mutate, drain, ask for the deadline

    def _change(self, mutate: Callable[[], None]) -> None:
        assert self._settled, "mutated before the outputs of the last mutation were drained"
        self._settled = False
        self.mutations += 1
        try:
            mutate()
        finally:
            self._settle()

    def _settle(self) -> None:
        self._settle_probe()
        for group in self.session.groups_to_send():
            assert self._websocket is not None
            for packet in group.wire:
                self._websocket.to_client(packet)
        self._answer_poll()
        assert self.session.groups_to_send() == [], "drained twice"
        assert self.session.payload_to_send() is None, "a poll was answered twice"
        if self.session.state is State.CLOSED:
            assert self.session.close_reason is not None
            assert self.session.deadline is None
            if self._websocket is not None:
                self._websocket.close_by_server()
                self._websocket = None
        self._arm_timer()
        self._settled = True

    def _settle_probe(self) -> None:
        if self._probe is None:
            return
        for group in self.session.probe_to_send():
            for packet in group.wire:
                self._probe.to_client(packet)
        if self.session.has_probe:
            return
        if self.session.transport is Transport.WEBSOCKET:
            self._websocket = self._probe
        else:
            self._probe.close_by_server()
        self._probe = None

    def _answer_poll(self) -> None:
        if self._poll is None:
            return
        payload = self.session.payload_to_send()
        if payload is not None:
            reply, self._poll = self._poll, None
            reply(200, payload)

    def _arm_timer(self) -> None:
        deadline = self.session.deadline
        if deadline is None:
            return
        assert deadline > self.network.now, "a deadline that is over after its timer was handled"
        self.network.at(deadline, lambda: self._handle_timer(deadline))

    def _handle_timer(self, deadline: float) -> None:
        if self.session.deadline == deadline:
            self._change(lambda: self.session.handle_timer(self.network.now))

    def _open_poll(self, reply: Reply) -> None:
        self.session.open_poll(self.network.now)
        self._poll = reply

    def _receive(self, data: str | bytes) -> None:
        content = self.session.receive(data, self.network.now)
        if content is not None:
            self.received.append(content)

    def _receive_payload(self, body: bytes) -> None:
        self.received += self.session.receive_payload(body, self.network.now)

    def _refuses(self, reply: Reply) -> bool:
        if self.session.state is State.CLOSED:
            reply(400, b"")
        return self.session.state is State.CLOSED


class Client:
    """Behaves like the JavaScript client: one poll and one POST at a time, an upgrade by probe."""

    def __init__(self, network: Network, server: Server) -> None:
        self.network = network
        self.server = server
        self.received: list[str | bytes] = []
        self.pings = 0
        self.statuses: list[int] = []
        self.is_open = False
        self.close_reason = ""
        self.transport = Transport.POLLING
        self.wire: Wire = CURRENT
        self.answers_pings = True
        self.payload_sizes: list[int] = []
        self._to_send: list[str | bytes] = []
        self._polling = False
        self._posting = False
        self._upgrading = False
        self._websocket: WebSocket | None = None
        self._max_payload = 0
        self._heard = network.now
        self._patience = 0.0
        self._interval = 0.0

    def open(self, transport: Transport) -> None:
        self.transport = transport
        if transport is Transport.WEBSOCKET:
            websocket = self._websocket = WebSocket(self.network, self, self.server)
            websocket.open(lambda: self.server.open(transport, websocket, None))
        else:
            self._polling = True
            self.network.deliver(
                lambda: self.server.open(transport, None, self._reply(self._polled))
            )

    def upgrade(self) -> None:
        websocket = self._websocket = WebSocket(self.network, self, self.server)
        websocket.open(lambda: self.server.websocket_opened(websocket))
        websocket.to_server("2probe")

    def send(self, content: str | bytes) -> None:
        self._to_send.append("4" + content if isinstance(content, str) else content)
        self._flush()

    def close(self) -> None:
        self._to_send.append("1")
        self._flush()
        self._closed("closed by the application")

    def abort_poll(self) -> None:
        self._polling = False
        self.network.deliver(self.server.get_cancelled)

    # Polling

    def _poll(self) -> None:
        if self.is_open and not self._polling and not self._upgrading and self._on_polling:
            self._polling = True
            self.network.deliver(lambda: self.server.get(self._reply(self._polled)))

    @property
    def _on_polling(self) -> bool:
        return self.transport is Transport.POLLING

    def _reply(self, action: Reply) -> Reply:
        def reply(status: int, body: bytes) -> None:
            self.network.deliver(lambda: action(status, body))

        return reply

    def _polled(self, status: int, body: bytes) -> None:
        self.statuses.append(status)
        self._polling = False
        if status != 200:
            self._closed("poll error")
            return
        self.payload_sizes.append(len(body))
        for packet in self.wire.decode_payload(body, None):
            self._receive(packet)
        self._complete_upgrade()
        self._poll()

    def _posted(self, status: int, body: bytes) -> None:
        self._posting = False
        if status != 200:
            self._closed("post error")
            return
        self._complete_upgrade()
        self._flush()

    def _flush(self) -> None:
        if self._upgrading or not self._to_send:
            return
        if not self._on_polling and self._websocket is not None:
            packets, self._to_send = self._to_send, []
            for packet in packets:
                (group,) = self.wire.groups([_group(packet)])
                self._websocket.to_server(group.wire[0])
        elif self.is_open and not self._posting:
            self._post()

    def _post(self) -> None:
        body = b""
        groups: list[PacketGroup] = []
        while self._to_send:
            groups.append(_group(self._to_send[0]))
            payload = self.wire.encode_payload(groups)
            if body and len(payload) > self._max_payload:
                break
            body = payload
            self._to_send.pop(0)
        self._posting = True
        self.network.deliver(lambda: self.server.post(body, self._reply(self._posted)))

    # WebSocket

    def websocket_message(self, websocket: WebSocket, data: str | bytes) -> None:
        if websocket is not self._websocket:
            return
        if self._on_polling:
            assert data == "3probe"
            self._upgrading = True
            self._complete_upgrade()
        else:
            self._receive(self.wire.decode_message(data))

    def websocket_closed(self, websocket: WebSocket) -> None:
        if websocket is self._websocket:
            self._websocket = None
            self._upgrading = False
            if self._on_polling:
                self._poll()
                self._flush()
            else:
                self._closed("transport close")

    def _complete_upgrade(self) -> None:
        # The client leaves polling only when nothing of it is under way.
        if self._upgrading and not self._polling and not self._posting and self._websocket:
            self._upgrading = False
            self.transport = Transport.WEBSOCKET
            self.wire = self.wire.on_websocket(False)
            self._websocket.to_server("5")
            self._flush()

    # Packets

    def _receive(self, packet: str | bytes) -> None:
        self._heard = self.network.now
        if isinstance(packet, bytes):
            self.received.append(packet)
            return
        match packet[0]:
            case "0":
                self._opened(json.loads(packet[1:]))
            case "1":
                self._closed("server close")
            case "2" if self.wire is CURRENT:
                self.pings += 1
                if self.answers_pings:
                    self._to_send.append("3")
                    self._flush()
            case "3" if self.wire is not CURRENT:
                self.pings += 1
            case "4":
                self.received.append(packet[1:])
            case _:
                assert packet == "6"

    def _opened(self, announcement: dict[str, int]) -> None:
        self.is_open = True
        self._max_payload = announcement["maxPayload"]
        self._patience = (announcement["pingInterval"] + announcement["pingTimeout"]) / 1000
        self._watch()
        if self.wire is not CURRENT:
            self._interval = announcement["pingInterval"] / 1000
            self.network.at(self.network.now + self._interval, self._ping)
        self._flush()

    def _ping(self) -> None:
        if self.is_open and self.answers_pings:
            self._to_send.append("2")
            self._flush()
            self.network.at(self.network.now + self._interval, self._ping)

    def _watch(self) -> None:
        due = self._heard + self._patience
        if self.network.now >= due:
            self._closed("ping timeout")
        elif self.is_open:
            self.network.at(due, self._watch)

    def _closed(self, reason: str) -> None:
        if not self.close_reason:
            self.close_reason = reason
        self.is_open = False


def _group(packet: str | bytes) -> PacketGroup:
    if isinstance(packet, bytes):
        return message_group(packet)
    return control_group(PacketType(packet[0]), packet[1:])


def make_pair(
    settings: SessionSettings | None = None,
    latencies: Iterator[float] | None = None,
    make_wire: Callable[[], Wire] = lambda: CURRENT,
) -> tuple[Network, Server, Client]:
    network = Network(latencies)
    server = Server(network, settings)
    client = Client(network, server)
    server.wire, client.wire = make_wire(), make_wire()
    return network, server, client
