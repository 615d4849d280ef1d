"""One WebSocket connection after its handshake: bytes in, events out, and back.

Theory of operation. ``receive_data`` first tries the shape that nearly all traffic of a server has:
one short masked data frame that exactly fills the segment. Everything else goes through one loop
over frames. An incomplete frame waits in ``_buffer``, with ``_needed`` telling how many bytes must
be there before parsing it again can get further; so a peer that sends byte by byte costs linear
time. The fragments of a message are gathered in one ``bytearray``, so that empty or tiny fragments
cost no memory of their own. Both are None on an idle connection.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from ..errors import MessageTooBigError, ProtocolError, UsageError
from .events import Close, Event, Ping, Pong, not_utf8
from .frames import (
    KEY_REPEATERS,
    MAX_CONTROL_PAYLOAD,
    CloseCode,
    Opcode,
    apply_mask,
    encode_binary,
    encode_frame,
    encode_text,
    is_sendable_close_code,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .deflate import PerMessageDeflate


class Role(Enum):
    """Which end of the connection this is."""

    SERVER = "server"
    CLIENT = "client"


class State(Enum):
    """How far the connection is on its way from open to closed (RFC 6455 section 7.1)."""

    #: Messages go in both directions.
    OPEN = "open"
    #: A close frame was sent, the peer's has not come; messages are still received.
    CLOSING = "closing"
    #: Nothing is received any more: write ``data_to_send()``, then close the transport.
    CLOSED = "closed"


# Data frames are read by their first byte: 0x80 is FIN, 0x40 RSV1 (compressed), 0x0F the opcode.
_FIN = 0x80
_RSV1 = 0x40
_RSV2_RSV3 = 0x30
_CONTROL = 0x08
_FIN_TEXT = 0x81
_FIN_BINARY = 0x82
_FIN_CLOSE = 0x88
_FIN_PONG = 0x8A
_PLAIN = frozenset((_FIN_TEXT, _FIN_BINARY))
_WHOLE_CONTROL = frozenset(_FIN | opcode for opcode in Opcode if opcode & _CONTROL)
_OPCODES = frozenset(Opcode)

# The longest segment of the fast path: two header bytes, the key, 125 bytes of payload.
_LONGEST_SHORT_FRAME = 131
# A length has 63 bits (section 5.2), so no message passes this limit.
_UNLIMITED = (1 << 63) - 1

# Looking up a member costs Python 3.11 as much as a third of the fast path.
_OPEN, _CLOSING, _CLOSED = State.OPEN, State.CLOSING, State.CLOSED
_TEXT, _BINARY = Opcode.TEXT, Opcode.BINARY
_CLOSE, _PING, _PONG = Opcode.CLOSE, Opcode.PING, Opcode.PONG
_from_bytes = int.from_bytes


class WebSocketConnection:
    """The frames and messages of one connection, in both directions (RFC 6455 sections 5 to 8).

    :param role: which end this is.
    :param max_message_size: the most bytes that a message of the peer may have, also after
        inflating it; None for no limit.
    :param deflate: the extension, if the handshake agreed on it.
    :param random_mask: gives four unpredictable bytes for each frame of a client; required there.
    :raises UsageError: if a client has no ``random_mask``.
    """

    __slots__ = (
        "_buffer",
        "_close_code",
        "_close_reason",
        "_deflate",
        "_expected_mask_bit",
        "_fragments",
        "_longest_fast",
        "_max_message_size",
        "_message_first",
        "_needed",
        "_output",
        "_random_mask",
        "_room",
        "_state",
    )

    def __init__(
        self,
        role: Role = Role.SERVER,
        *,
        max_message_size: int | None = 1_000_000,
        deflate: PerMessageDeflate | None = None,
        random_mask: Callable[[], bytes] | None = None,
    ) -> None:
        if role is Role.CLIENT and random_mask is None:
            raise UsageError("a client masks its frames: give WebSocketConnection a random_mask")
        self._expected_mask_bit = 0x80 if role is Role.SERVER else 0
        self._random_mask = random_mask if role is Role.CLIENT else None
        self._max_message_size = _UNLIMITED if max_message_size is None else max_message_size
        self._deflate = deflate
        self._state = _OPEN
        self._buffer: bytearray | None = None
        self._needed = 0
        # The message whose fragments are coming: its payload so far and its first header byte.
        self._fragments: bytearray | None = None
        self._message_first = 0
        # How many more bytes the current message may have.
        self._room = self._max_message_size
        self._output: bytearray | None = None
        self._close_code: int | None = None
        self._close_reason = ""
        self._longest_fast = 0
        self._choose_path()

    # ------------------------------------------------------------------ what is known

    @property
    def state(self) -> State:
        """How far the connection is on its way from open to closed."""
        return self._state

    @property
    def close_code(self) -> int | None:
        """The code the connection ended with, as section 7.1.5 defines it; None before that."""
        return self._close_code

    @property
    def close_reason(self) -> str:
        """The reason that came with the close code, or an empty string."""
        return self._close_reason

    # ------------------------------------------------------------------ receiving

    def receive_data(self, data: bytes) -> list[Event]:
        """Take bytes from the peer.

        :param data: any segment of the stream; b"" is no end of it (see :meth:`receive_eof`).
        :returns: what they completed, in order. When the peer broke a rule the last one is the
            ``ProtocolError``, the close frame is in ``data_to_send()``, and input is ignored
            from then on. Nothing is raised.
        """
        size = len(data)
        # One whole short frame: `size - 6` bytes of payload, masked.
        if 6 <= size <= self._longest_fast and data[1] == size + 122:
            first = data[0]
            if first in _PLAIN:
                length = size - 6
                unmasked = _from_bytes(data[6:], "little") ^ (
                    _from_bytes(data[2:6], "little") * KEY_REPEATERS[length]
                )
                payload = unmasked.to_bytes((length + 3) & -4, "little")[:length]
                if first == _FIN_BINARY:
                    return [payload]
                try:
                    return [payload.decode()]
                except UnicodeDecodeError:
                    return [self._fail(not_utf8("a text message"))]
        return self._receive_segment(data)

    def receive_eof(self) -> list[Event]:
        """Note that the peer's stream ended.

        :returns: ``Close(1006, "")``, or nothing if the connection was closed already.
        """
        if self._state is _CLOSED:
            return []
        self._end(CloseCode.ABNORMAL_CLOSURE, "")
        return [Close(CloseCode.ABNORMAL_CLOSURE, "")]

    def data_to_send(self) -> bytes:
        """Take the replies that received data called for: pongs, and the close frame.

        :returns: the bytes to write now, ``b""`` if there are none.
        """
        output = self._output
        if output is None:
            return b""
        self._output = None
        return bytes(output)

    # ------------------------------------------------------------------ sending

    def send_text(self, text: str) -> bytes:
        """Send a text message.

        :param text: the message.
        :returns: the bytes to write now.
        :raises UsageError: if a close frame was sent already.
        :raises UnicodeEncodeError: if the text has lone surrogates and so no UTF-8 form.
        """
        if self._state is not _OPEN:
            raise self._closed_error()
        if self._deflate is None and self._random_mask is None:
            return encode_text(text)
        return self._send_message(_TEXT, text.encode())

    def send_binary(self, data: bytes) -> bytes:
        """Send a binary message.

        :param data: the message.
        :returns: the bytes to write now.
        :raises UsageError: if a close frame was sent already.
        """
        if self._state is not _OPEN:
            raise self._closed_error()
        if self._deflate is None and self._random_mask is None:
            return encode_binary(data)
        return self._send_message(_BINARY, data)

    def send_ping(self, data: bytes = b"") -> bytes:
        """Ask the peer for a pong with the same data (section 5.5.2).

        :param data: at most 125 bytes.
        :returns: the bytes to write now.
        :raises UsageError: if a close frame was sent already, or the data are too long.
        """
        return self._send_control(_PING, data)

    def send_pong(self, data: bytes = b"") -> bytes:
        """Send a pong that nobody asked for (section 5.5.3); replies are made without it.

        :param data: at most 125 bytes.
        :returns: the bytes to write now.
        :raises UsageError: if a close frame was sent already, or the data are too long.
        """
        return self._send_control(_PONG, data)

    def send_close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> bytes:
        """Begin the closing handshake (section 7.1.2).

        :param code: a code that a close frame may carry.
        :param reason: at most 123 bytes of UTF-8, for the peer's log.
        :returns: the bytes to write now, ``b""`` if a close frame was sent already.
        :raises UsageError: if the code is not allowed or the reason is too long.
        """
        if not is_sendable_close_code(code):
            raise UsageError(f"close code {code} cannot be sent; use 1000 or one of 3000 to 4999")
        payload = code.to_bytes(2, "big") + reason.encode()
        if len(payload) > MAX_CONTROL_PAYLOAD:
            raise UsageError("the reason of a close frame has at most 123 bytes of UTF-8")
        if self._state is not _OPEN:
            return b""
        self._state = _CLOSING
        return self._encode(_CLOSE, payload)

    # ------------------------------------------------------------------ inside: sending

    def _send_message(self, opcode: Opcode, payload: bytes) -> bytes:
        deflate = self._deflate
        if deflate is None or len(payload) < deflate.threshold:
            return self._encode(opcode, payload)
        return self._encode(opcode, deflate.compress(payload), rsv1=True)

    def _send_control(self, opcode: Opcode, data: bytes) -> bytes:
        if self._state is not _OPEN:
            raise self._closed_error()
        if len(data) > MAX_CONTROL_PAYLOAD:
            raise UsageError(f"a {opcode.name.lower()} carries at most 125 bytes, not {len(data)}")
        return self._encode(opcode, data)

    def _encode(self, opcode: Opcode, payload: bytes, *, rsv1: bool = False) -> bytes:
        mask = None if self._random_mask is None else self._random_mask()
        return encode_frame(opcode, payload, rsv1=rsv1, mask=mask)

    def _closed_error(self) -> UsageError:
        return UsageError(f"the WebSocket is {self._state.value}: nothing can be sent any more")

    # ------------------------------------------------------------------ inside: receiving

    def _receive_segment(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        if self._state is _CLOSED:
            return events
        buffer = self._buffer
        if buffer is not None:
            buffer += data
            if len(buffer) < self._needed:
                return events
            data = bytes(buffer)
            self._buffer = None
        try:
            rest = self._receive_frames(data, events)
        except ProtocolError as error:
            events.append(self._fail(error))
            return events
        if rest < len(data):
            self._buffer = bytearray(data[rest:])
        self._choose_path()
        return events

    def _receive_frames(self, data: bytes, events: list[Event]) -> int:
        """Take every whole frame; tell where the rest begins, which then waits in the buffer."""
        position = 0
        end = len(data)
        while self._state is not _CLOSED:
            if end - position < 2:
                self._needed = 2
                return position
            first = data[position]
            second = data[position + 1]
            if first not in _PLAIN or self._fragments is not None:
                self._check_first_byte(first, second)
            if second & 0x80 != self._expected_mask_bit:
                raise _wrong_mask(second)
            start = position + 2
            length = second & 0x7F
            if length >= 126:
                start += 2 if length == 126 else 8
                if start > end:
                    self._needed = start - position
                    return position
                length = _from_bytes(data[position + 2 : start], "big")
            if length > self._room and not first & _CONTROL:
                self._check_room(first, length)
            if second & 0x80:
                start += 4
            stop = start + length
            if stop > end:
                self._needed = stop - position
                return position
            payload = data[start:stop]
            if second & 0x80:
                payload = apply_mask(payload, data[start - 4 : start])
            position = stop
            event = self._receive_frame(first, payload)
            if event is not None:
                events.append(event)
        # Section 5.5.1: what follows a close frame is ignored.
        return end

    def _check_first_byte(self, first: int, second: int) -> None:
        if first in _WHOLE_CONTROL and second & 0x7F <= MAX_CONTROL_PAYLOAD:
            return
        opcode = first & 0x0F
        if opcode not in _OPCODES:
            raise ProtocolError(f"opcode {opcode:#x} is reserved (RFC 6455 section 5.2)")
        if first & _RSV2_RSV3:
            raise ProtocolError("RSV2 or RSV3 is set (RFC 6455 section 5.2)")
        if first & _RSV1 and (self._deflate is None or opcode not in (_TEXT, _BINARY)):
            raise ProtocolError("RSV1 is set where nothing can be compressed (RFC 7692 section 6)")
        if opcode & _CONTROL:
            if not first & _FIN:
                raise ProtocolError("a control frame is fragmented (RFC 6455 section 5.5)")
            raise ProtocolError("a control frame has over 125 bytes (RFC 6455 section 5.5)")
        elif opcode and self._fragments is not None:
            raise ProtocolError("a message began inside another one (RFC 6455 section 5.4)")
        elif not opcode and self._fragments is None:
            raise ProtocolError("a continuation has no beginning (RFC 6455 section 5.4)")

    def _check_room(self, first: int, length: int) -> None:
        if length > _UNLIMITED:
            raise ProtocolError("the highest bit of a length is set (RFC 6455 section 5.2)")
        limit = self._max_message_size
        so_far = 0 if self._fragments is None else len(self._fragments)
        compressed = (self._message_first if self._fragments is not None else first) & _RSV1
        # What does not compress may grow a little; inflating it checks the true size.
        allowed = limit + limit // 8 + 64 if compressed else limit
        if so_far + length > allowed:
            raise MessageTooBigError(so_far + length, limit)

    def _receive_frame(self, first: int, payload: bytes) -> Event | None:
        if first & _CONTROL:
            return self._receive_control(first, payload)
        if self._fragments is None:
            if first & _FIN:
                return self._receive_message(first, payload)
            self._message_first = first
            self._fragments = bytearray(payload)
        else:
            self._fragments += payload
            if first & _FIN:
                message = bytes(self._fragments)
                self._fragments = None
                self._room = self._max_message_size
                return self._receive_message(self._message_first, message)
        self._room = max(0, self._max_message_size - len(self._fragments))
        return None

    def _receive_message(self, first: int, payload: bytes) -> Event:
        if first & _RSV1 and self._deflate is not None:
            size = self._max_message_size
            payload = self._deflate.decompress(payload, limit=size if size < _UNLIMITED else None)
        if first & 0x0F == _BINARY:
            return payload
        try:
            return payload.decode()
        except UnicodeDecodeError:
            raise not_utf8("a text message") from None

    def _receive_control(self, first: int, payload: bytes) -> Event:
        if first == _FIN_CLOSE:
            return self._receive_close(payload)
        if first == _FIN_PONG:
            return Pong(payload)
        # Section 5.5.1: nothing follows a close frame, so after ours there is no pong.
        if self._state is _OPEN:
            self._reply(_PONG, payload)
        return Ping(payload)

    def _receive_close(self, payload: bytes) -> Close:
        close = Close.from_payload(payload)
        # Section 5.5.1: answer with the code that came, unless this is the answer to ours.
        if self._state is _OPEN:
            self._reply(_CLOSE, payload[:2])
        self._end(close.code, close.reason)
        return close

    def _reply(self, opcode: Opcode, payload: bytes) -> None:
        if self._output is None:
            self._output = bytearray()
        self._output += self._encode(opcode, payload)

    # ------------------------------------------------------------------ inside: state

    def _fail(self, error: ProtocolError) -> ProtocolError:
        """Section 7.1.7: fail the connection, telling the peer why."""
        if self._state is _OPEN:
            payload = error.close_code.to_bytes(2, "big") + str(error).encode("ascii")
            self._reply(_CLOSE, payload[:MAX_CONTROL_PAYLOAD])
        self._end(error.close_code, str(error))
        # The event outlives this call; its frames and their buffers must not.
        error.__traceback__ = None
        error.__context__ = None
        return error

    def _end(self, code: int, reason: str) -> None:
        self._state = _CLOSED
        self._close_code = code
        self._close_reason = reason
        self._buffer = None
        self._fragments = None
        # zlib's streams are the dearest part of a connection that someone may still hold.
        self._deflate = None
        self._longest_fast = 0

    def _choose_path(self) -> None:
        """Open the fast path only where a lone short frame can need no other check."""
        alone = self._buffer is None and self._fragments is None
        if self._expected_mask_bit and alone and self._state is not _CLOSED:
            self._longest_fast = min(_LONGEST_SHORT_FRAME, self._room + 6)
        else:
            self._longest_fast = 0


def _wrong_mask(second: int) -> ProtocolError:
    if second & 0x80:
        return ProtocolError("a server's frame is masked (RFC 6455 section 5.1)")
    return ProtocolError("a client's frame is not masked (RFC 6455 section 5.1)")
