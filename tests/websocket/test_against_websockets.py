"""The ``websockets`` library as the oracle: the same bytes in, the same messages and codes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.websocket.wire import KEY, frame, pieces
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import Close as OracleClose
from websockets.frames import Frame
from websockets.frames import Opcode as OracleOpcode
from websockets.http11 import Request, Response
from websockets.protocol import Protocol, Side
from websockets.protocol import State as OracleState
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from flask_socketio.errors import ProtocolError
from flask_socketio.websocket import (
    Close,
    DeflateSettings,
    Ping,
    Pong,
    Role,
    WebSocketConnection,
    accept_handshake,
    check_response,
    request_head,
)
from flask_socketio.websocket import PerMessageDeflate as OurDeflate

if TYPE_CHECKING:
    from flask_socketio.websocket import Event

HTTP_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
LIMIT = 250
ROOMY = 10_000

# The oracle forbids what RFC 6455 section 5.4 allows: a close frame inside a fragmented message.
CLOSE_INSIDE = "incomplete fragmented message"


class Oracle:
    """The oracle's sans-IO core, with messages put together as its drivers do it."""

    def __init__(self, side: Side, *, compressed: bool = False, limit: int) -> None:
        self.protocol = Protocol(side, state=OracleState.OPEN, max_size=limit)
        if compressed:
            self.protocol.extensions = [PerMessageDeflate(False, False, 15, 15)]
        self.fragments: list[Frame] = []

    def receive(self, data: bytes) -> list[object]:
        self.protocol.receive_data(data)
        events: list[object] = []
        for event in self.protocol.events_received():
            assert isinstance(event, Frame)
            events += self.read(event)
            if events and events[-1] == ("end", 1007):
                return events
        if str(self.protocol.parser_exc) == CLOSE_INSIDE:
            events.append(CLOSE_INSIDE)
        elif self.protocol.parser_exc is not None:
            assert self.protocol.close_sent is not None
            events.append(("end", self.protocol.close_sent.code))
        return events

    def read(self, event: Frame) -> list[object]:
        data = bytes(event.data)
        if event.opcode is OracleOpcode.PING:
            return [Ping(data)]
        if event.opcode is OracleOpcode.PONG:
            return [Pong(data)]
        if event.opcode is OracleOpcode.CLOSE:
            return [("end", OracleClose.parse(data).code)]
        self.fragments.append(event)
        if not event.fin:
            return []
        is_text = self.fragments[0].opcode is OracleOpcode.TEXT
        message = b"".join(bytes(fragment.data) for fragment in self.fragments)
        self.fragments = []
        try:
            return [message.decode() if is_text else message]
        except UnicodeDecodeError:
            return [("end", 1007)]


def simplified(events: list[Event]) -> list[object]:
    simple: list[object] = []
    for event in events:
        if isinstance(event, ProtocolError):
            simple.append(("end", event.close_code))
        elif isinstance(event, Close):
            simple.append(("end", event.code))
        else:
            simple.append(event)
    return simple


payloads = st.one_of(
    st.binary(max_size=125),
    st.text(max_size=40).map(str.encode),
    st.integers(120, 260).map(lambda size: b"x" * size),
)
firsts = st.one_of(
    st.sampled_from([0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A]),
    st.sampled_from([0x83, 0x91, 0xC1, 0x09, 0x8F]),
)
odds = st.integers(0, 30)
# A close frame with one thing wrong at most: which of two is reported is a matter of taste.
close_payloads = st.sampled_from(
    [b"", b"\x03\xe8", b"\x03\xe8bye", b"\x0f\xa0", b"\x03\xed", b"\x03", b"\x03\xe8\xff"]
)
scripts = st.lists(
    st.one_of(st.tuples(firsts, payloads, odds), st.tuples(st.just(0x88), close_payloads, odds)),
    max_size=10,
)


@pytest.mark.parametrize("side", [Side.SERVER, Side.CLIENT])
@given(
    scripts,
    st.lists(st.integers(0, 3000), max_size=10),
)
@settings(deadline=None, max_examples=150)
def test_same_events_from_the_same_frames(
    side: Side, script: list[tuple[int, bytes, int]], cuts: list[int]
) -> None:
    masked = side is Side.SERVER
    # One frame in thirty-one has the wrong mask.
    stream = b"".join(
        frame(first, payload, key=KEY if masked is (odd != 0) else None)
        for first, payload, odd in script
    )
    connection = WebSocketConnection(
        Role.SERVER if masked else Role.CLIENT, max_message_size=ROOMY, random_mask=lambda: KEY
    )
    oracle = Oracle(side, limit=ROOMY)
    expected = oracle.receive(stream)
    events = [event for piece in pieces(stream, cuts) for event in connection.receive_data(piece)]
    if expected[-1:] == [CLOSE_INSIDE]:
        assert isinstance(events.pop(), Close)
        expected.pop()
    assert simplified(events) == expected


@given(st.lists(st.lists(st.integers(0, 150), min_size=1, max_size=4), max_size=4))
@settings(deadline=None)
def test_same_limit_on_sums_of_fragments(messages: list[list[int]]) -> None:
    stream = b""
    for sizes in messages:
        for index, size in enumerate(sizes):
            fin = 0x80 if index == len(sizes) - 1 else 0
            stream += frame(fin | (0x02 if index == 0 else 0x00), b"x" * size)
    connection = WebSocketConnection(max_message_size=LIMIT)
    expected = Oracle(Side.SERVER, limit=LIMIT).receive(stream)
    assert simplified(connection.receive_data(stream)) == expected


@pytest.mark.parametrize("bits", [9, 12, 15])
@pytest.mark.parametrize("takeover", [True, False])
@given(
    st.lists(st.one_of(st.text(max_size=300), st.binary(max_size=300)), max_size=6),
    st.integers(1, 5),
)
@settings(deadline=None, max_examples=25)
def test_compressed_messages_in_both_directions(
    bits: int, takeover: bool, messages: list[str | bytes], repeats: int
) -> None:
    extension = PerMessageDeflate(not takeover, not takeover, bits, bits)
    deflate = OurDeflate(
        compress_bits=bits,
        decompress_bits=bits,
        compress_takeover=takeover,
        decompress_takeover=takeover,
        settings=DeflateSettings(threshold=0),
    )
    oracle = Oracle(Side.CLIENT, limit=ROOMY)
    oracle.protocol.extensions = [extension]
    connection = WebSocketConnection(deflate=deflate)
    for message in [message * repeats for message in messages]:
        if isinstance(message, str):
            assert oracle.receive(connection.send_text(message)) == [message]
            oracle.protocol.send_text(message.encode())
        else:
            assert oracle.receive(connection.send_binary(message)) == [message]
            oracle.protocol.send_binary(message)
        assert connection.receive_data(b"".join(oracle.protocol.data_to_send())) == [message]


def test_compressed_fragments_with_control_frames_between() -> None:
    oracle = Oracle(Side.CLIENT, compressed=True, limit=LIMIT)
    connection = WebSocketConnection(deflate=OurDeflate())
    oracle.protocol.send_text(b"hello " * 30, fin=False)
    oracle.protocol.send_ping(b"p")
    oracle.protocol.send_continuation(b"world " * 30, fin=True)
    stream = b"".join(oracle.protocol.data_to_send())
    assert connection.receive_data(stream) == [Ping(b"p"), "hello " * 30 + "world " * 30]


@pytest.mark.parametrize(("size", "code"), [(LIMIT, None), (LIMIT + 1, 1009), (100_000, 1009)])
def test_inflated_size(size: int, code: int | None) -> None:
    sender = Oracle(Side.CLIENT, compressed=True, limit=LIMIT)
    sender.protocol.send_binary(b"a" * size)
    stream = b"".join(sender.protocol.data_to_send())
    expected = [b"a" * size] if code is None else [("end", code)]
    assert Oracle(Side.SERVER, compressed=True, limit=LIMIT).receive(stream) == expected
    connection = WebSocketConnection(max_message_size=LIMIT, deflate=OurDeflate())
    assert simplified(connection.receive_data(stream)) == expected


bits_or_none = st.none() | st.integers(9, 15)


def lower(fields: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in fields]


@given(
    st.booleans(),
    st.booleans(),
    bits_or_none,
    st.one_of(st.sampled_from([None, True]), st.integers(9, 15)),
    st.builds(
        DeflateSettings,
        server_no_context_takeover=st.booleans(),
        client_no_context_takeover=st.booleans(),
        server_max_window_bits=st.integers(9, 15),
        client_max_window_bits=st.integers(9, 15),
        threshold=st.just(0),
    ),
)
@settings(deadline=None)
def test_handshake_with_its_client(
    server_no: bool,
    client_no: bool,
    server_bits: int | None,
    client_bits: bool | int | None,
    ours: DeflateSettings,
) -> None:
    factory = ClientPerMessageDeflateFactory(server_no, client_no, server_bits, client_bits)
    protocol = ClientProtocol(parse_uri("ws://h/"), extensions=[factory])
    protocol.send_request(protocol.connect())
    head = b"".join(protocol.data_to_send()).rstrip(b"\r\n").split(b"\r\n")[1:]
    fields = [line.decode().partition(": ")[::2] for line in head]
    acceptance = accept_handshake("GET", "1.1", lower(fields), deflate=ours)
    connection = WebSocketConnection(deflate=acceptance.deflate)

    stream = acceptance.response()
    for _ in range(2):
        stream += connection.send_text("wave " * 999)
    protocol.receive_data(stream)
    response, *received = protocol.events_received()
    assert isinstance(response, Response)
    assert protocol.handshake_exc is None
    assert [bytes(event.data) for event in received if isinstance(event, Frame)] == [
        b"wave " * 999
    ] * 2
    for _ in range(2):
        protocol.send_text(b"tide " * 999)
    stream = b"".join(protocol.data_to_send())
    assert connection.receive_data(stream) == ["tide " * 999] * 2


@given(
    st.booleans(),
    st.booleans(),
    bits_or_none,
    bits_or_none,
    st.builds(
        DeflateSettings,
        server_no_context_takeover=st.booleans(),
        client_no_context_takeover=st.booleans(),
        server_max_window_bits=st.integers(9, 15),
        client_max_window_bits=st.integers(8, 15),
        threshold=st.just(0),
    ),
)
@settings(deadline=None)
def test_handshake_with_its_server(
    server_no: bool,
    client_no: bool,
    server_bits: int | None,
    client_bits: int | None,
    ours: DeflateSettings,
) -> None:
    factory = ServerPerMessageDeflateFactory(server_no, client_no, server_bits, client_bits)
    protocol = ServerProtocol(extensions=[factory])
    protocol.receive_data(request_head("h", "/", HTTP_KEY, deflate=ours))
    (request,) = protocol.events_received()
    assert isinstance(request, Request)
    response = protocol.accept(request)
    protocol.send_response(response)
    protocol.data_to_send()
    fields = lower(list(response.headers.raw_items()))
    if response.headers.get("Sec-WebSocket-Extensions", "").endswith("client_max_window_bits=8"):
        # zlib cannot compress with 8 bits: the oracle would fail with it as well.
        return
    acceptance = check_response(response.status_code, fields, HTTP_KEY, deflate=ours)
    client = WebSocketConnection(Role.CLIENT, deflate=acceptance.deflate, random_mask=lambda: KEY)
    for _ in range(2):
        protocol.receive_data(client.send_text("wave " * 999))
        (event,) = protocol.events_received()
        assert isinstance(event, Frame)
        assert bytes(event.data) == b"wave " * 999
        protocol.send_text(b"tide " * 999)
        assert client.receive_data(b"".join(protocol.data_to_send())) == ["tide " * 999]
