"""All Engine.IO sessions of one server: opening, carrying, flushing, timing out."""

from __future__ import annotations

import logging
from math import inf
from typing import TYPE_CHECKING, Any

from ..engineio import CURRENT, NOOP, Session, SessionSettings, State, Transport
from ..errors import ProtocolError
from ..types import DisconnectReason, EioSid
from .client_errors import ClientErrors
from .counters import Counters
from .deadlines import Deadlines
from .engine_socket import EngineSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..engineio import PacketGroup, Wire
    from .ports import EngineApplication, Poll, Post, Runtime, WebSocket

#: Sessions that one flush writes to before reads and heartbeats get their turn.
FLUSH_BUDGET = 256

# Looking up a member of an Enum costs more than a module global: these are read for each packet.
_OPEN = State.OPEN
_CLOSED = State.CLOSED
_WEBSOCKET = Transport.WEBSOCKET
_SERVER_DISCONNECT = DisconnectReason.SERVER_DISCONNECT

#: WebSocket close codes of RFC 6455 section 7.4.1.
NORMAL_CLOSURE = 1000
GOING_AWAY = 1001
POLICY_VIOLATION = 1008

#: Why sessions end that are open when the server stops.
STOPPING = "the server stops"


class Engine:
    """The Engine.IO server: owns every session; each method is called by the Hub's owner only.

    :param settings: what sessions are opened with.
    :param application: who is told of sessions and messages.
    :param runtime: the clock, and who calls `flush` and `handle_timer`.
    :param make_sid: returns a new session id that cannot be guessed.
    :param logger: where sessions that end badly are logged.
    """

    def __init__(
        self,
        settings: SessionSettings,
        application: EngineApplication,
        runtime: Runtime,
        make_sid: Callable[[], str],
        logger: logging.Logger | None = None,
    ) -> None:
        self.settings = settings
        self.sockets: dict[EioSid, EngineSocket] = {}
        self.counters: Counters = Counters()
        self.closing: bool = False
        self._application = application
        self._runtime = runtime
        self._make_sid = make_sid
        self.errors: ClientErrors = ClientErrors(
            logger or logging.getLogger("flask_socketio.engineio"), runtime.now
        )
        self._deadlines = Deadlines()
        self._dirty: list[EngineSocket] = []

    def now(self) -> float:
        """Return the time in seconds, on the runtime's clock."""
        return self._runtime.now()

    # ---------------------------------------------------------------- a client arrives

    def open(
        self, transport: Transport, environ: dict[str, Any], wire: Wire = CURRENT
    ) -> EngineSocket:
        """Open a session; the host attaches its WebSocket or its GET to what is returned.

        :param wire: the version of the protocol that its client speaks.
        """
        sid = EioSid(self._make_sid())
        session = Session(sid, self.settings, transport, self._runtime.now(), wire)
        socket = EngineSocket(session, environ)
        self.sockets[session.sid] = socket
        self.counters.opened += 1
        self._application.engine_opened(socket)
        self._mark_dirty(socket)
        self.watch(socket)
        if self.closing:  # its handshake was on its way when the server was stopped
            self.close(socket, detail=STOPPING)
        return socket

    def find(self, sid: EioSid) -> EngineSocket | None:
        """Return the session with this id; None if there is none, or it has ended."""
        socket = self.sockets.get(sid)
        return None if socket is None or socket.session.state is _CLOSED else socket

    def open_poll(self, socket: EngineSocket, poll: Poll) -> None:
        """Let a GET wait for packets.

        :raises ProtocolError: another GET is waiting, and the session ends; or it is not on
            polling, or has ended already.
        """
        session = socket.session
        before = session.state
        try:
            session.open_poll(self._runtime.now())
        except ProtocolError as error:
            if session.state is not before:
                self.fail(socket, error)
            raise
        socket.poll = poll
        self._mark_dirty(socket)

    def cancel_poll(self, socket: EngineSocket, poll: Poll) -> None:
        """The client of a waiting GET is gone, and with it the session."""
        if socket.poll is poll:
            socket.poll = None
            socket.session.cancel_poll(self._runtime.now())
            self._mark_dirty(socket)

    def open_probe(self, socket: EngineSocket, websocket: WebSocket, base64: bool = False) -> None:
        """Let a WebSocket be probed for an upgrade.

        :param base64: whether its query string refuses binary messages.
        :raises ProtocolError: it may not; the session goes on without it.
        """
        socket.session.open_probe(self._runtime.now(), base64)
        socket.probe = websocket
        self.watch(socket)

    # ---------------------------------------------------------------- what it sends

    def receive(self, socket: EngineSocket, data: str | bytes) -> None:
        """Take one WebSocket message."""
        session = socket.session
        try:
            message = session.receive(data, self._runtime.now())
        except ProtocolError as error:
            self.fail(socket, error)
            return
        if message is not None:
            self._application.engine_message(socket, message)
        elif session.state is _OPEN:
            self.watch(socket)  # after a PONG the next PING may be due before the time-out was
            if session.buffered_bytes:
                self._mark_dirty(socket)  # a PING of an old client has its PONG to come
        else:
            self._mark_dirty(socket)

    def receive_probe(self, socket: EngineSocket, data: str | bytes) -> None:
        """Take one message of a WebSocket that is probed."""
        session = socket.session
        try:
            session.receive_probe(data, self._runtime.now())
        except ProtocolError as error:
            self._drop_probe(socket, error.close_code, str(error))
        if session.transport is Transport.WEBSOCKET and socket.probe is not None:
            socket.websocket, socket.probe = socket.probe, None
            if socket.paused:
                socket.websocket.pause_reading()
        self._mark_dirty(socket)

    def receive_payload(self, socket: EngineSocket, body: bytes) -> None:
        """Take the body of one POST.

        :raises ProtocolError: it broke a rule; the session ends.
        """
        session = socket.session
        try:
            messages = session.receive_payload(body, self._runtime.now())
        except ProtocolError as error:
            self.fail_payload(socket, error)
            raise
        state = session.state
        for message in messages:
            self._application.engine_message(socket, message)
            if session.state is not state:  # the message was one that ends the session
                break
        self._mark_dirty(socket)
        self.watch(socket)
        if session.close_reason is DisconnectReason.TRANSPORT_ERROR:
            failure = ProtocolError(session.close_detail)
            self._refuse_poll(socket, failure)
            raise failure

    def answer_post(self, socket: EngineSocket, post: Post) -> None:
        """Answer a POST whose payload was taken: now, or when the application has caught up.

        Clients send the next POST only then, so that this is how a polling client is slowed down.
        """
        if socket.paused:
            socket.post = post
        else:
            socket.session.end_post()
            post.accept()

    def pause_reading(self, socket: EngineSocket) -> None:
        """Let a client wait with what it sends: the application is behind."""
        socket.paused = True
        if socket.websocket is not None:
            socket.websocket.pause_reading()

    def resume_reading(self, socket: EngineSocket) -> None:
        """Take what a client sends again."""
        socket.paused = False
        if socket.websocket is not None:
            socket.websocket.resume_reading()
        self._accept_post(socket)

    def _accept_post(self, socket: EngineSocket) -> None:
        post, socket.post = socket.post, None
        if post is not None:
            self.answer_post(socket, post)

    # ---------------------------------------------------------------- what it is sent

    def send(self, socket: EngineSocket, group: PacketGroup) -> bool:
        """Queue packets for the next flush.

        :returns: False when the session has ended, or ends now because the client is too slow.
        """
        session = socket.session
        if session.state is not _OPEN:
            return False
        if session.buffered_bytes and session.is_full(group):
            self._flush(socket)  # what is queued may not have been offered to the client yet
            if session.buffered_bytes and session.is_full(group):
                self.close_slow_consumer(socket, session.buffered_bytes)
                return False
        session.send(group)
        if not socket.dirty:
            self._mark_dirty(socket)
        return True

    def writable(self, socket: EngineSocket) -> None:
        """The session's WebSocket takes bytes again."""
        self._mark_dirty(socket)

    def flush(self) -> None:
        """Write what is queued, some sessions now and the others in the next turn."""
        dirty = self._dirty
        if len(dirty) <= FLUSH_BUDGET:
            self._dirty = []
        else:
            self._dirty = dirty[FLUSH_BUDGET:]
            dirty = dirty[:FLUSH_BUDGET]
        sockets = iter(dirty)
        try:
            for socket in sockets:
                socket.dirty = False
                self._flush(socket)
        finally:  # a host's defect in one of them must not hold up the others
            self._dirty.extend(sockets)
            if self._dirty:
                self._runtime.request_flush()

    @property
    def is_flushed(self) -> bool:
        """Whether nothing waits for the next flush."""
        return not self._dirty

    def _mark_dirty(self, socket: EngineSocket) -> None:
        if not socket.dirty:
            socket.dirty = True
            if not self._dirty:
                self._runtime.request_flush()
            self._dirty.append(socket)

    def _flush(self, socket: EngineSocket) -> None:
        session = socket.session
        if session.transport is _WEBSOCKET:
            websocket = socket.websocket
            if websocket is not None and websocket.writable:
                groups = session.groups_to_send()
                if groups:
                    websocket.send_groups(groups)
        if socket.poll is not None:
            self._answer_poll(socket, socket.poll)
        if socket.probe is not None:
            groups = session.probe_to_send()
            if groups:
                socket.probe.send_groups(groups)
        if session.state is _CLOSED:
            self._finish(socket)

    def _answer_poll(self, socket: EngineSocket, poll: Poll) -> None:
        payload = socket.session.payload_to_send()
        if payload is not None:
            socket.poll = None
            poll.answer(payload)

    # ---------------------------------------------------------------- time

    def watch(self, socket: EngineSocket) -> None:
        """A session's deadline may have come nearer."""
        if self._deadlines.watch(socket):
            self._runtime.request_timer(self._deadlines.next)

    def handle_timer(self) -> None:
        """Do what is due."""
        now = self._runtime.now()
        for socket in self._deadlines.due(now):
            if socket.expires <= now:
                socket.expires = inf
                self._application.engine_expired(socket)
            self._handle_session_timer(socket, now)
            self._deadlines.watch(socket)
        if len(self._deadlines):
            self._runtime.request_timer(self._deadlines.next)

    def _handle_session_timer(self, socket: EngineSocket, now: float) -> None:
        if socket.paused:
            socket.session.last_seen = now  # its PONG may wait where we do not read
        socket.session.handle_timer(now)
        if socket.probe is not None and not socket.session.has_probe:
            self._drop_probe(
                socket, POLICY_VIOLATION, "the upgrade took longer than upgrade_timeout"
            )
        self._mark_dirty(socket)

    # ---------------------------------------------------------------- it ends

    def close(
        self,
        socket: EngineSocket,
        reason: DisconnectReason = DisconnectReason.SERVER_DISCONNECT,
        detail: str = "",
    ) -> None:
        """End a session from our side, after what is queued."""
        socket.session.close(reason, detail, now=self._runtime.now())
        self._mark_dirty(socket)
        self.watch(socket)

    def fail(self, socket: EngineSocket, error: ProtocolError) -> None:
        """End a session whose client broke a rule or a limit; once, however often it did."""
        if self.sockets.get(socket.session.sid) is not socket:
            return
        self.counters.protocol_errors += 1
        # As text: its traceback would keep the client as long as a handler keeps the record.
        detail = str(error)
        self.errors.log(type(error).__name__, f"{describe(socket)} is disconnected: {detail}")
        self._cut(socket, error.reason, detail, error.close_code)

    def fail_payload(self, socket: EngineSocket, error: ProtocolError) -> None:
        """End a session for the body of a POST.

        A waiting GET is answered with the same error: the client shows whichever comes first, and
        a CLOSE packet would tell it nothing.
        """
        self.fail(socket, error)
        self._refuse_poll(socket, error)

    def _refuse_poll(self, socket: EngineSocket, error: ProtocolError) -> None:
        poll, socket.poll = socket.poll, None
        if poll is not None:
            poll.refuse(error)

    def websocket_closed(self, socket: EngineSocket, reason: DisconnectReason, detail: str) -> None:
        """The session's WebSocket is gone."""
        socket.websocket = None
        socket.session.transport_closed(reason, detail)
        self._mark_dirty(socket)

    def probe_closed(self, socket: EngineSocket) -> None:
        """The probed WebSocket is gone; the session stays with polling."""
        socket.probe = None
        socket.session.close_probe(self._runtime.now())
        self._mark_dirty(socket)

    def close_all(self) -> None:
        """End every session, because the server stops."""
        self.closing = True
        for socket in tuple(self.sockets.values()):
            self.close(socket, detail=STOPPING)

    def abandon_polls(self) -> None:
        """Wait no longer for clients that are between two polls, because the server stops."""
        for socket in tuple(self.sockets.values()):
            session = socket.session
            if session.state is State.CLOSING and session.transport is Transport.POLLING:
                session.transport_closed(DisconnectReason.SERVER_DISCONNECT)
                self._mark_dirty(socket)

    def close_slow_consumer(self, socket: EngineSocket, unsent: int) -> None:
        """End a session for which too much is kept.

        :param unsent: how many bytes.
        """
        self.counters.slow_consumers += 1
        detail = (
            f"slow consumer: {unsent} bytes unsent, "
            f"max_buffered_bytes={self.settings.max_buffered_bytes}"
        )
        self.errors.log("slow consumer", f"{describe(socket)} is disconnected: {detail}")
        self._cut(socket, DisconnectReason.TRANSPORT_ERROR, detail, POLICY_VIOLATION)

    def _cut(
        self, socket: EngineSocket, reason: DisconnectReason, detail: str, close_code: int
    ) -> None:
        """End a session at once; what is queued is not sent any more."""
        self._close_websocket(socket, close_code, detail)
        socket.session.close(reason, detail, now=self._runtime.now())
        self._mark_dirty(socket)

    def _close_websocket(self, socket: EngineSocket, code: int, detail: str) -> None:
        websocket, socket.websocket = socket.websocket, None
        if websocket is not None:
            if socket.paused:
                websocket.resume_reading()  # its answer to the close frame is to be read
            if websocket.writable or socket.session.close_reason is _SERVER_DISCONNECT:
                websocket.close(code, detail)
            else:
                websocket.abort()  # it does not take what it was sent: nothing is waited for

    def _drop_probe(self, socket: EngineSocket, code: int, detail: str) -> None:
        probe, socket.probe = socket.probe, None
        if probe is not None:
            probe.close(code, detail)
        socket.session.close_probe(self._runtime.now())

    def _finish(self, socket: EngineSocket) -> None:
        session = socket.session
        if self.sockets.pop(session.sid, None) is None:
            return
        self.counters.closed += 1
        code = GOING_AWAY if self.closing else NORMAL_CLOSURE
        self._close_websocket(socket, code, session.close_detail)
        self._drop_probe(socket, code, "")
        self._answer_the_last(socket)
        self._deadlines.forget(socket)
        socket.expires = inf
        reason = session.close_reason or DisconnectReason.TRANSPORT_CLOSE
        self._application.engine_closed(socket, reason)

    def _answer_the_last(self, socket: EngineSocket) -> None:
        """Answer the requests that a session leaves behind; they would wait for ever."""
        poll, socket.poll = socket.poll, None
        if poll is not None:
            poll.answer(socket.session.wire.encode_payload((NOOP,)))
        socket.paused = False
        self._accept_post(socket)


def describe(socket: EngineSocket) -> str:
    """Name a session in a log line: id and remote address."""
    return f"session {socket.session.sid} from {socket.environ.get('REMOTE_ADDR', 'unknown')}"
