"""One Engine.IO session: heartbeat, polling, upgrade and closing, without any input or output.

Whoever owns a session changes it by one call, drains what it has to say (``groups_to_send``,
``payload_to_send``, ``probe_to_send``), asks for its ``deadline``, and only then changes it again.

======== ================================================================================
State    Meaning
======== ================================================================================
OPEN     Packets travel.
CLOSING  We closed it, and what is queued has to go out first: to the WebSocket, or, with a CLOSE
         packet behind it, to polls.
CLOSED   Over. What answers a pending poll may still have to be drained; the WebSocket is closed.
======== ================================================================================

``close_reason`` is set when OPEN ends; forget a session when it is CLOSED.
"""

from __future__ import annotations

from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Final

from ..errors import MessageTooBigError, ProtocolError
from ..types import DisconnectReason
from .heartbeat import Beat
from .packet import CLOSE, NOOP, PING, PacketGroup, PacketType, control_group
from .probe import Probe
from .settings import SessionSettings, Transport, open_group
from .wire import CURRENT, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..types import EioSid


class State(Enum):
    """How far a session has come; the table is in the module's description."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


# Looking up a member of an Enum costs more than a module global.
_OPEN: Final = State.OPEN
_CLOSING: Final = State.CLOSING
_CLOSED: Final = State.CLOSED
_POLLING: Final = Transport.POLLING
_WEBSOCKET: Final = Transport.WEBSOCKET


class Session:
    """One Engine.IO session, whatever its transport.

    :param sid: its id.
    :param settings: what it shares with the other sessions.
    :param transport: the transport of the request that opens it.
    :param now: the time in monotonic seconds, as in every call that takes it.
    :param wire: the version of the protocol that its client speaks.
    """

    __slots__ = (
        "_heartbeat",
        "_linger_until",
        "_poll_pending",
        "_posting",
        "_probe",
        "_queue",
        "_release",
        "buffered_bytes",
        "close_detail",
        "close_reason",
        "deadline",
        "last_seen",
        "max_answer_packets",
        "settings",
        "sid",
        "state",
        "transport",
        "wire",
    )

    def __init__(
        self,
        sid: EioSid,
        settings: SessionSettings,
        transport: Transport,
        now: float,
        wire: Wire = CURRENT,
    ) -> None:
        opening = open_group(sid, settings, transport)
        self.sid: EioSid = sid
        self.settings: SessionSettings = settings
        self.transport: Transport = transport
        #: How its packets are written and read; an upgrade may change it.
        self.wire: Wire = wire
        self.state: State = _OPEN
        #: Why it is not open any more, and in the words of the log; the first reason stays.
        self.close_reason: DisconnectReason | None = None
        self.close_detail: str = ""
        #: What is queued and not drained yet.
        self.buffered_bytes: int = opening.size
        #: When the client was last heard. The owner may set it when a part of a message came.
        self.last_seen: float = now
        #: How many packets the answer to a poll may hold; see request.answer_packet_limit.
        self.max_answer_packets: int | None = None
        self._queue: list[PacketGroup] | None = [opening]
        self._heartbeat = wire.heartbeat(settings, now)
        self._poll_pending = False
        #: What the pending poll is answered with, when that is not what is queued.
        self._release: bytes | None = None
        self._posting = False
        self._probe: Probe | None = None
        #: How long a session that is CLOSING waits for its client to take what is queued.
        self._linger_until = 0.0
        #: When to call :meth:`handle_timer` next, in monotonic seconds; None for never.
        self.deadline: float | None = self._heartbeat.due_at

    # What came from the client

    def receive(self, data: str | bytes, now: float) -> str | bytes | None:
        """Take one WebSocket message of a session whose transport is a WebSocket.

        :returns: the content of a message; None for any other packet.
        :raises ProtocolError: for what a client must not send; the session is closed then.
        """
        if self.state is not _OPEN:
            return None
        self.last_seen = now
        if isinstance(data, str):
            if data and data[0] == "4":
                return data[1:]
        elif self.wire is CURRENT:
            return data
        return self._receive_other(data, now)

    def receive_payload(self, body: bytes, now: float) -> list[str | bytes]:
        """Take the body of one POST.

        :returns: the contents of its messages, up to a CLOSE packet.
        :raises MessageTooBigError: when it is larger than ``max_payload``.
        :raises ProtocolError: for what a client must not send. The session is closed then, and
            none of the payload counts.
        """
        if self.state is _CLOSED:
            return []
        self.last_seen = now
        # A session that is CLOSING takes nothing any more but the client's own CLOSE.
        wanted = self.state is _OPEN
        try:
            contents = self._receive_packets(self._decode(body), now)
            return contents if wanted else []
        except ProtocolError as error:
            self._end(error.reason, str(error), CLOSE)
            raise

    def open_poll(self, now: float) -> None:
        """Note that a GET arrived; :meth:`payload_to_send` answers it.

        :raises ProtocolError: when the session is not on polling (it lives on), or when another
            GET is pending: that one is answered with CLOSE, and the session is closed.
        """
        # A poll is no sign of life: a client that answers no ping would poll for ever.
        self._require_polling("poll")
        if self._poll_pending:
            raise self._fail("a second poll while one was pending")
        self._poll_pending = True

    def cancel_poll(self, now: float) -> None:
        """Note that the client of the pending GET went away, which ends a session on polling."""
        if not self._poll_pending:
            return
        self._poll_pending = False
        self._release = None
        if self.transport is _POLLING:
            self._end(DisconnectReason.TRANSPORT_CLOSE, "the client aborted its poll", None)

    def begin_post(self, now: float) -> None:
        """Note that a POST arrived, before its body is read.

        :raises ProtocolError: when the session is not on polling (it lives on), or when another
            POST is being read, which closes the session.
        """
        self._require_polling("post")
        self.last_seen = now
        if self._posting:
            raise self._fail("a second POST while one was being received")
        self._posting = True

    def end_post(self) -> None:
        """Note that the POST was answered, or broke off."""
        self._posting = False

    # The upgrade from polling to a WebSocket

    @property
    def has_probe(self) -> bool:
        """Whether a WebSocket is being tested.

        When it becomes False and ``transport`` is not WEBSOCKET either, close that WebSocket.
        """
        return self._probe is not None

    def open_probe(self, now: float, base64: bool = False) -> None:
        """Note that a WebSocket with this session's sid arrived.

        :param base64: whether its query string refuses binary messages (old clients).
        :raises ProtocolError: when it must be refused; the session lives on.
        """
        if self.state is not _OPEN:
            raise ProtocolError("the session is closed")
        if not self.settings.upgrades(self.transport):
            raise ProtocolError("the session cannot change to a WebSocket")
        if self._probe is not None:
            raise ProtocolError("another WebSocket is already being tested for this session")
        wire = self.wire.on_websocket(base64)
        self._probe = Probe(now + self.settings.upgrade_timeout, wire)
        self._update_deadline()

    def receive_probe(self, data: str | bytes, now: float) -> None:
        """Take one message of the WebSocket that is being tested.

        ``2probe`` is answered; from then on polls return at once, so that the client can stop
        polling. ``5`` makes the WebSocket the transport (Engine.IO protocol, "Upgrade").

        :raises ProtocolError: for anything else. The probe is closed, the session lives on.
        """
        self.last_seen = now
        if self._probe is None:
            raise ProtocolError("no WebSocket is being tested for this session")
        try:
            completed = self._probe.receive(data)
        except ProtocolError:
            self.close_probe(now)
            raise
        if completed:
            self._upgrade(self._probe.wire)

    def close_probe(self, now: float) -> None:
        """Note that the WebSocket under test is gone; the session stays on polling."""
        self._probe = None
        self._update_deadline()

    # What goes to the client

    def is_full(self, group: PacketGroup) -> bool:
        """Whether the client is too slow for one more group. An idle client takes any size."""
        buffered = self.buffered_bytes
        return buffered > 0 and buffered + group.size > self.settings.max_buffered_bytes

    def send(self, group: PacketGroup) -> None:
        """Queue a group; nothing happens when the session is not open."""
        if self.state is not _OPEN:
            return
        self.buffered_bytes += group.size
        if self._queue is None:
            self._queue = [group]
        else:
            self._queue.append(group)

    def groups_to_send(self) -> list[PacketGroup]:
        """Drain what goes to the WebSocket; nothing as long as polling is the transport."""
        queue = self._queue
        if queue is None or self.transport is not _WEBSOCKET:
            return []
        self._queue = None
        self.buffered_bytes = 0
        if self.state is _CLOSING:
            self._set_closed()
        return queue if self.wire is CURRENT else self.wire.groups(queue)

    def payload_to_send(self) -> bytes | None:
        """Return the answer to the pending GET, or None when it has to wait or none is pending.

        It has about ``max_payload`` bytes at most, but at least one group, and ends the poll.
        """
        if not self._poll_pending:
            return None
        if self._release is not None:
            payload = self._release
            self._release = None
        elif self._queue is not None:
            return self._take_payload(self._queue)
        elif self._probe is not None and self._probe.answered:
            payload = self.wire.encode_payload((NOOP,))
        else:
            return None
        self._poll_pending = False
        return payload

    def probe_to_send(self) -> list[PacketGroup]:
        """Drain what goes to the WebSocket that is being tested."""
        return [] if self._probe is None else self._probe.groups_to_send()

    # The end

    def close(self, reason: DisconnectReason, detail: str = "", *, now: float) -> None:
        """Close the session from our side. Only the first call counts.

        A CLOSE packet tells a client on polling; whoever owns the WebSocket of another closes it.
        What is queued is still sent when the reason is SERVER_DISCONNECT, and dropped otherwise.
        A client that is between two polls, or takes nothing from its WebSocket, is waited for,
        ``ping_timeout`` seconds.
        """
        if self.close_reason is not None:
            return
        if reason is not DisconnectReason.SERVER_DISCONNECT:
            self._end(reason, detail, CLOSE)
            return
        self.close_reason = reason
        self.close_detail = detail
        # A WebSocket gets no CLOSE packet, as from the reference server: its close frame follows,
        # and python-engineio would take the packet for a request not to come back.
        if self.transport is _POLLING:
            self.send(CLOSE)
        if self._queue is None:
            self._set_closed()
        else:
            self.state = _CLOSING
            self._linger_until = now + self.settings.ping_timeout
            self._update_deadline()

    def transport_closed(self, reason: DisconnectReason, detail: str = "") -> None:
        """Note that the session's WebSocket is gone, or give up a session on polling at once."""
        if self.state is not _CLOSED:
            self._end(reason, detail, CLOSE if self.transport is _POLLING else None)

    def handle_timer(self, now: float) -> None:
        """Do what is due at this time: a PING, a time-out. Calling it early changes nothing."""
        if self._probe is not None and self._probe.has_expired(now):
            self._probe = None
        if self.state is _OPEN:
            self._beat(now)
        elif self.state is _CLOSING and now >= self._linger_until:
            self._end(DisconnectReason.SERVER_DISCONNECT, "", None)
        self._update_deadline()

    # Parts of the above

    def _decode(self, body: bytes) -> list[str | bytes]:
        limit = self.settings.max_payload
        if len(body) > limit:
            raise MessageTooBigError(len(body), limit)
        return self.wire.decode_payload(body, self.settings.max_packets)

    def _receive_other(self, data: str | bytes, now: float) -> bytes | None:
        """Take a WebSocket message that is no text message."""
        try:
            packet = self.wire.decode_message(data)
        except ProtocolError as error:
            raise self._fail(str(error)) from error
        if isinstance(packet, bytes):
            return packet
        self._receive_control(packet, now)
        return None

    def _receive_packets(self, packets: list[str | bytes], now: float) -> list[str | bytes]:
        contents: list[str | bytes] = []
        for packet in packets:
            if isinstance(packet, bytes):
                contents.append(packet)
            elif packet[0] == "4":
                contents.append(packet[1:])
            else:
                self._receive_control(packet, now)
                if self.state is _CLOSED:
                    break
        return contents

    def _receive_control(self, packet: str, now: float) -> None:
        packet_type = packet[:1]
        if packet_type == PacketType.PONG:
            self._take_beat(self._heartbeat.receive_pong, now)
        elif packet_type == PacketType.CLOSE:
            # The reference server ends the client's poll with NOOP, not with a CLOSE of its own.
            farewell = NOOP if self.transport is _POLLING else None
            self._end(DisconnectReason.CLIENT_DISCONNECT, "", farewell)
        elif packet_type == PacketType.PING:
            self._take_beat(self._heartbeat.receive_ping, now)
            pong = control_group(PacketType.PONG, packet[1:])
            if not self.is_full(pong):
                self.send(pong)
        elif packet_type != PacketType.NOOP:
            raise self._fail(f"unexpected packet: {packet[:20]!r}")

    def _take_beat(self, receive: Callable[[float], None], now: float) -> None:
        try:
            receive(now)
        except ProtocolError as error:
            raise self._fail(str(error)) from error
        self._update_deadline()

    def _beat(self, now: float) -> None:
        beat = self._heartbeat.handle_timer(now, self.last_seen)
        if beat is Beat.TIMEOUT:
            detail = f"no answer for {self._heartbeat.patience:g} s"
            self._end(DisconnectReason.PING_TIMEOUT, detail, CLOSE)
        # Pings do not pile up for a client that has not fetched the last one.
        elif beat is Beat.PING and (self._queue is None or PING not in self._queue):
            self.send(PING)

    def _upgrade(self, wire: Wire) -> None:
        self._probe = None
        self.transport = _WEBSOCKET
        if self._poll_pending:
            self._release = self.wire.encode_payload((NOOP,))
        self.wire = wire
        if self.state is _CLOSING:
            # The WebSocket takes what the polls were waited for; its close frame says the rest.
            self._queue = [group for group in self._queue or () if group is not CLOSE] or None
            self.buffered_bytes -= CLOSE.size
            if self._queue is None:
                self._set_closed()
        self._update_deadline()

    def _take_payload(self, queue: list[PacketGroup]) -> bytes:
        taken = [queue[0]]
        size = queue[0].size
        packets = len(queue[0].wire)
        max_size = self.settings.max_payload
        max_packets = self.max_answer_packets or max_size
        for group in islice(queue, 1, None):
            size += group.size
            packets += len(group.wire)
            if size > max_size or packets > max_packets:
                size -= group.size
                break
            taken.append(group)
        del queue[: len(taken)]
        self.buffered_bytes -= size
        self._poll_pending = False
        if not queue:
            self._queue = None
            if self.state is _CLOSING:
                self._set_closed()
        return self.wire.encode_payload(taken)

    def _require_polling(self, request: str) -> None:
        if self.state is _CLOSED:
            raise ProtocolError(f"a {request} for a session that is closed")
        if self.transport is not _POLLING:
            raise ProtocolError(f"a {request} for a session that is on {self.transport}")

    def _fail(self, message: str) -> ProtocolError:
        """Close the session for what the client did, and return the error to raise."""
        error = ProtocolError(message)
        self._end(error.reason, message, CLOSE)
        return error

    def _end(self, reason: DisconnectReason, detail: str, farewell: PacketGroup | None) -> None:
        """Close at once: drop what is queued, and answer a pending poll with the farewell."""
        if self.close_reason is None:
            self.close_reason = reason
            self.close_detail = detail
        self._queue = None
        self.buffered_bytes = 0
        if self._poll_pending:
            self._release = self.wire.encode_payload((farewell,)) if farewell else None
        self._set_closed()

    def _set_closed(self) -> None:
        self.state = _CLOSED
        self._probe = None
        self.deadline = None

    def _update_deadline(self) -> None:
        if self.state is _CLOSED:
            return
        deadline = self._heartbeat.due_at if self.state is _OPEN else self._linger_until
        if self._probe is not None and self._probe.expires_at < deadline:
            deadline = self._probe.expires_at
        self.deadline = deadline
