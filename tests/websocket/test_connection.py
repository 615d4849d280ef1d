from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.websocket.wire import KEY, frame, pieces

from flask_socketio.errors import MessageTooBigError, ProtocolError, UsageError
from flask_socketio.websocket import (
    Close,
    Event,
    PerMessageDeflate,
    Ping,
    Pong,
    Role,
    State,
    WebSocketConnection,
)

TEXT, BINARY = 0x81, 0x82
FIRST_TEXT, FIRST_BINARY, MIDDLE, LAST = 0x01, 0x02, 0x00, 0x80
CLOSE, PING, PONG = 0x88, 0x89, 0x8A


def close_frame(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


def client() -> WebSocketConnection:
    return WebSocketConnection(Role.CLIENT, random_mask=lambda: KEY)


def failure(connection: WebSocketConnection, data: bytes) -> ProtocolError:
    """Feed data whose only event must be an error; check what every failure has in common."""
    (event,) = connection.receive_data(data)
    assert isinstance(event, ProtocolError)
    reply = connection.data_to_send()
    assert reply[0] == CLOSE
    assert int.from_bytes(reply[2:4], "big") == event.close_code == connection.close_code
    assert reply[4:].decode() in str(event)
    assert connection.state is State.CLOSED
    assert connection.receive_data(frame(TEXT, b"late")) == []
    assert connection.receive_eof() == []
    return event


def comparable(events: list[Event]) -> list[object]:
    return [
        (type(event), str(event), event.close_code) if isinstance(event, ProtocolError) else event
        for event in events
    ]


class TestMessages:
    @pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 64, 124, 125, 126, 127, 65535, 65536])
    def test_sizes_on_both_sides_of_each_form(self, size: int) -> None:
        connection = WebSocketConnection()
        assert connection.receive_data(frame(TEXT, b"x" * size)) == ["x" * size]
        assert connection.receive_data(frame(BINARY, b"\xff" * size)) == [b"\xff" * size]

    def test_longer_forms_of_a_length_are_accepted(self) -> None:
        connection = WebSocketConnection()
        medium = bytes([TEXT, 0x80 | 126, 0, 2]) + bytes(4) + b"hi"
        long = bytes([TEXT, 0x80 | 127]) + (2).to_bytes(8, "big") + bytes(4) + b"hi"
        assert connection.receive_data(medium) == ["hi"]
        assert connection.receive_data(long) == ["hi"]

    def test_segment_as_long_as_a_short_frame_but_with_a_long_header(self) -> None:
        # 132 bytes whose second byte, 254, would be the right one for 126 bytes of payload.
        connection = WebSocketConnection()
        data = frame(TEXT, b"x" * 200)
        assert connection.receive_data(data[:132]) == []
        assert connection.receive_data(data[132:]) == ["x" * 200]

    @pytest.mark.parametrize("size", [0, 1, 64, 125])
    @pytest.mark.parametrize("more", [-1, 1, 2, 7])
    def test_segment_that_ends_near_the_end_of_a_short_frame(self, size: int, more: int) -> None:
        connection = WebSocketConnection()
        data = frame(TEXT, b"x" * size)
        stream = data + frame(BINARY, b"next")
        begun = len(data) + more
        events = connection.receive_data(stream[:begun])
        assert events == (["x" * size] if more > 0 else [])
        assert events + connection.receive_data(stream[begun:]) == ["x" * size, b"next"]

    def test_segment_that_looks_like_a_frame_inside_a_longer_one(self) -> None:
        connection = WebSocketConnection()
        inner = frame(TEXT, b"inner")
        data = frame(BINARY, b"x" * 200 + inner, key=bytes(4))
        assert connection.receive_data(data[: -len(inner)]) == []
        assert connection.receive_data(inner) == [b"x" * 200 + inner]

    def test_several_frames_in_one_segment(self) -> None:
        connection = WebSocketConnection()
        data = frame(TEXT, b"a") + frame(BINARY, b"b") + frame(TEXT, b"c" * 300) + b"\x81"
        assert connection.receive_data(data) == ["a", b"b", "c" * 300]
        assert connection.receive_data(frame(TEXT, b"d")[1:]) == ["d"]
        assert connection.receive_data(frame(TEXT, b"e")) == ["e"]

    def test_byte_by_byte(self) -> None:
        connection = WebSocketConnection()
        data = frame(TEXT, "grün".encode()) + frame(BINARY, b"x" * 70_000)
        events = [event for byte in data for event in connection.receive_data(bytes([byte]))]
        assert events == ["grün", b"x" * 70_000]

    def test_empty_input(self) -> None:
        assert WebSocketConnection().receive_data(b"") == []

    @pytest.mark.parametrize("payload", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"ok" * 40 + b"\xc3"])
    @pytest.mark.parametrize("extra", [b"", frame(TEXT, b"next")])
    def test_text_that_is_not_utf8(self, payload: bytes, extra: bytes) -> None:
        error = failure(WebSocketConnection(), frame(TEXT, payload) + extra)
        assert error.close_code == 1007

    def test_client_receives_unmasked_frames(self) -> None:
        data = frame(TEXT, b"a", key=None) + frame(BINARY, b"b" * 200, key=None)
        assert client().receive_data(data) == ["a", b"b" * 200]
        assert client().receive_data(frame(TEXT, b"a", key=None)) == ["a"]


class TestFragments:
    def test_fragments_with_control_frames_between(self) -> None:
        connection = WebSocketConnection()
        euro = "€".encode()
        data = (
            frame(FIRST_TEXT, euro[:1])
            + frame(PING, b"p")
            + frame(MIDDLE, euro[1:2])
            + frame(PONG, b"q")
            + frame(LAST, euro[2:])
            + frame(TEXT, b"next")
        )
        assert connection.receive_data(data) == [Ping(b"p"), Pong(b"q"), "€", "next"]

    def test_fragments_in_segments_of_their_own(self) -> None:
        connection = WebSocketConnection()
        assert connection.receive_data(frame(FIRST_BINARY, b"a")) == []
        assert connection.receive_data(frame(LAST, b"b")) == [b"ab"]
        assert connection.receive_data(frame(BINARY, b"c")) == [b"c"]

    @pytest.mark.parametrize("first", [TEXT, BINARY, FIRST_TEXT])
    def test_message_inside_another(self, first: int) -> None:
        connection = WebSocketConnection()
        connection.receive_data(frame(FIRST_TEXT, b"a"))
        assert "inside" in str(failure(connection, frame(first, b"b")))

    @pytest.mark.parametrize("first", [MIDDLE, LAST])
    def test_continuation_without_a_beginning(self, first: int) -> None:
        assert failure(WebSocketConnection(), frame(first, b"b")).close_code == 1002

    def test_text_is_judged_as_a_whole(self) -> None:
        connection = WebSocketConnection()
        connection.receive_data(frame(FIRST_TEXT, b"\xc3"))
        assert failure(connection, frame(LAST, b"x")).close_code == 1007

    def test_empty_fragments_cost_no_memory(self) -> None:
        connection = WebSocketConnection()
        connection.receive_data(frame(FIRST_TEXT, b""))
        segment = frame(MIDDLE, b"") * 1000
        connection.receive_data(segment)
        tracemalloc.start()
        try:
            for _ in range(20):
                assert connection.receive_data(segment) == []
            kept = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert kept < 10_000
        assert connection.receive_data(frame(LAST, b"x")) == ["x"]


class TestHeaderRules:
    @pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF])
    def test_reserved_opcodes(self, opcode: int) -> None:
        assert "opcode" in str(failure(WebSocketConnection(), frame(0x80 | opcode)))

    @pytest.mark.parametrize("bit", [0x10, 0x20, 0x40])
    @pytest.mark.parametrize("first", [TEXT, FIRST_BINARY, PING])
    def test_reserved_bits(self, bit: int, first: int) -> None:
        assert "RSV" in str(failure(WebSocketConnection(), frame(first | bit)))

    @pytest.mark.parametrize("first", [MIDDLE, LAST, PING, CLOSE])
    def test_rsv1_where_nothing_can_be_compressed(self, first: int) -> None:
        connection = WebSocketConnection(deflate=PerMessageDeflate())
        connection.receive_data(frame(FIRST_TEXT, b"a"))
        assert "RSV1" in str(failure(connection, frame(first | 0x40)))

    def test_client_must_mask(self) -> None:
        error = failure(WebSocketConnection(), frame(TEXT, b"a" * 4, key=None))
        assert "not masked" in str(error)

    def test_server_must_not_mask(self) -> None:
        connection = client()
        (error,) = connection.receive_data(frame(TEXT, b"a"))
        assert isinstance(error, ProtocolError)
        assert "is masked" in str(error)
        assert connection.data_to_send()[1] & 0x80

    @pytest.mark.parametrize("first", [CLOSE, PING, PONG])
    def test_control_frames_are_short(self, first: int) -> None:
        payload = b"\x03\xe8" + b"x" * 124
        assert "125" in str(failure(WebSocketConnection(), frame(first, payload)))
        assert WebSocketConnection().receive_data(frame(first, payload[:125])) != []

    @pytest.mark.parametrize("first", [CLOSE, PING, PONG])
    def test_control_frames_are_whole(self, first: int) -> None:
        assert "fragmented" in str(failure(WebSocketConnection(), frame(first & 0x7F)))

    @pytest.mark.parametrize("limit", [None, 100])
    def test_highest_bit_of_a_length(self, limit: int | None) -> None:
        connection = WebSocketConnection(max_message_size=limit)
        error = failure(connection, bytes([TEXT, 0xFF, 0x80]) + bytes(7))
        assert error.close_code == 1002

    def test_what_is_wrong_is_told_at_the_second_byte(self) -> None:
        connection = WebSocketConnection()
        assert connection.receive_data(b"\x83") == []
        failure(connection, b"\x80")


class TestSizeLimit:
    @pytest.mark.parametrize("limit", [0, 1, 10, 124, 125, 126, 1000, 70_000])
    def test_limit_is_the_largest_that_passes(self, limit: int) -> None:
        connection = WebSocketConnection(max_message_size=limit)
        assert connection.receive_data(frame(BINARY, b"x" * limit)) == [b"x" * limit]
        error = failure(connection, frame(BINARY, b"x" * (limit + 1)))
        assert isinstance(error, MessageTooBigError)
        assert (error.close_code, error.size, error.limit) == (1009, limit + 1, limit)

    def test_header_that_announces_too_much_is_enough(self) -> None:
        header = frame(BINARY, b"x" * 70_000)[:10]
        assert failure(WebSocketConnection(max_message_size=69_999), header).close_code == 1009

    def test_fragments_are_summed(self) -> None:
        connection = WebSocketConnection(max_message_size=10)
        connection.receive_data(frame(FIRST_BINARY, b"12345") + frame(MIDDLE, b"6789"))
        error = failure(connection, frame(LAST, b"ab"))
        assert isinstance(error, MessageTooBigError)
        assert error.size == 11

    def test_each_message_has_its_own_sum(self) -> None:
        connection = WebSocketConnection(max_message_size=10)
        message = frame(FIRST_BINARY, b"12345") + frame(LAST, b"67890")
        assert connection.receive_data(message * 3) == [b"1234567890"] * 3
        assert connection.receive_data(frame(BINARY, b"x" * 10) * 2) == [b"x" * 10] * 2

    def test_control_frames_are_not_counted(self) -> None:
        connection = WebSocketConnection(max_message_size=1)
        assert connection.receive_data(frame(PING, b"x" * 125)) == [Ping(b"x" * 125)]

    def test_no_limit(self) -> None:
        connection = WebSocketConnection(max_message_size=None)
        data = frame(FIRST_BINARY, b"x" * 1_500_000) + frame(LAST, b"x")
        assert connection.receive_data(data) == [b"x" * 1_500_001]


class TestPingPong:
    def test_each_ping_is_answered_in_order(self) -> None:
        connection = WebSocketConnection()
        events = connection.receive_data(frame(PING, b"1") + frame(PING, b"2") + frame(PING))
        assert events == [Ping(b"1"), Ping(b"2"), Ping(b"")]
        assert connection.data_to_send() == b"\x8a\x011\x8a\x012\x8a\x00"
        assert connection.data_to_send() == b""

    def test_client_masks_its_pong(self) -> None:
        connection = client()
        assert connection.receive_data(frame(PING, b"a", key=None)) == [Ping(b"a")]
        assert connection.data_to_send() == frame(PONG, b"a")

    def test_pong_is_not_answered(self) -> None:
        connection = WebSocketConnection()
        assert connection.receive_data(frame(PONG, b"a")) == [Pong(b"a")]
        assert connection.data_to_send() == b""

    def test_sending(self) -> None:
        connection = WebSocketConnection()
        assert connection.send_ping() == b"\x89\x00"
        assert connection.send_ping(b"a") == b"\x89\x01a"
        assert connection.send_pong(b"a") == b"\x8a\x01a"
        with pytest.raises(UsageError, match="ping carries at most 125 bytes, not 126"):
            connection.send_ping(b"x" * 126)


class TestClosing:
    def test_peer_closes(self) -> None:
        connection = WebSocketConnection()
        data = frame(TEXT, b"a") + close_frame(4001, "später".encode()) + frame(TEXT, b"late")
        assert connection.receive_data(data) == ["a", Close(4001, "später")]
        assert connection.data_to_send() == b"\x88\x02\x0f\xa1"
        assert connection.state is State.CLOSED
        assert (connection.close_code, connection.close_reason) == (4001, "später")
        assert connection.receive_data(frame(TEXT, b"late")) == []
        assert connection.receive_data(close_frame(1000)) == []
        assert connection.receive_eof() == []

    def test_peer_closes_without_a_code(self) -> None:
        connection = WebSocketConnection()
        assert connection.receive_data(frame(CLOSE)) == [Close(1005, "")]
        assert connection.data_to_send() == b"\x88\x00"

    @pytest.mark.parametrize(
        ("payload", "close_code"),
        [(b"\x03", 1002), (b"\x03\xed", 1002), (b"\x03\xe8\xff", 1007)],
    )
    def test_peer_closes_with_what_is_not_allowed(self, payload: bytes, close_code: int) -> None:
        assert failure(WebSocketConnection(), frame(CLOSE, payload)).close_code == close_code

    def test_we_close(self) -> None:
        connection = WebSocketConnection()
        assert connection.close_code is None
        assert connection.send_close(1001, "bye") == b"\x88\x05\x03\xe9bye"
        assert connection.state is State.CLOSING
        assert connection.receive_data(frame(TEXT, b"on its way")) == ["on its way"]
        assert connection.receive_data(frame(PING)) == [Ping(b"")]
        assert connection.receive_data(close_frame(1001)) == [Close(1001, "")]
        assert connection.data_to_send() == b""
        assert connection.state is State.CLOSED
        assert connection.receive_eof() == []

    def test_error_after_our_close_sends_no_second_close(self) -> None:
        connection = WebSocketConnection()
        connection.send_close()
        (error,) = connection.receive_data(frame(0x83))
        assert isinstance(error, ProtocolError)
        assert connection.data_to_send() == b""

    def test_end_without_closing(self) -> None:
        connection = WebSocketConnection()
        connection.receive_data(frame(TEXT, b"partial")[:5])
        assert connection.receive_eof() == [Close(1006, "")]
        assert (connection.state, connection.close_code) == (State.CLOSED, 1006)
        assert connection.receive_eof() == []
        assert connection.receive_data(frame(TEXT, b"late")) == []

    def test_end_while_we_are_closing(self) -> None:
        connection = WebSocketConnection()
        connection.send_close()
        assert connection.receive_eof() == [Close(1006, "")]

    @pytest.mark.parametrize("state", [State.CLOSING, State.CLOSED])
    def test_nothing_is_sent_after_a_close(self, state: State) -> None:
        connection = WebSocketConnection()
        connection.send_close()
        if state is State.CLOSED:
            connection.receive_data(close_frame(1000))
        assert connection.state is state
        assert connection.send_close() == b""
        for send in (
            lambda: connection.send_text("a"),
            lambda: connection.send_binary(b"a"),
            connection.send_ping,
            connection.send_pong,
        ):
            with pytest.raises(UsageError, match=state.value):
                send()

    @pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65536])
    def test_codes_that_cannot_be_sent(self, code: int) -> None:
        with pytest.raises(UsageError, match=str(code)):
            WebSocketConnection().send_close(code)

    def test_reason_has_at_most_123_bytes(self) -> None:
        connection = WebSocketConnection()
        with pytest.raises(UsageError, match="123"):
            connection.send_close(1000, "é" * 62)
        assert len(connection.send_close(1000, "é" * 61 + "e")) == 127


class TestSending:
    def test_server(self) -> None:
        connection = WebSocketConnection()
        assert connection.send_text("é") == b"\x81\x02\xc3\xa9"
        assert connection.send_binary(b"\xff") == b"\x82\x01\xff"

    def test_client_masks(self) -> None:
        assert client().send_text("é") == frame(TEXT, "é".encode())
        assert client().send_binary(b"a" * 200) == frame(BINARY, b"a" * 200)
        assert client().send_close(1000) == close_frame(1000)

    def test_client_without_randomness(self) -> None:
        with pytest.raises(UsageError, match="random_mask"):
            WebSocketConnection(Role.CLIENT)

    def test_server_never_masks(self) -> None:
        connection = WebSocketConnection(random_mask=lambda: KEY)
        assert connection.send_text("a") == b"\x81\x01a"


class TestCompression:
    def test_from_the_threshold_on(self) -> None:
        connection = WebSocketConnection(deflate=PerMessageDeflate())
        assert connection.send_text("a" * 1023)[0] == TEXT
        assert connection.send_text("a" * 1024)[0] == TEXT | 0x40
        assert connection.send_binary(b"a" * 1023)[0] == BINARY
        assert connection.send_binary(b"a" * 1024)[0] == BINARY | 0x40

    def test_both_ways(self) -> None:
        server = WebSocketConnection(deflate=PerMessageDeflate())
        peer = WebSocketConnection(
            Role.CLIENT, random_mask=lambda: KEY, deflate=PerMessageDeflate()
        )
        for message in ("ab" * 600, "ab" * 600, "short", "é" * 2000):
            assert server.receive_data(peer.send_text(message)) == [message]
            assert peer.receive_data(server.send_text(message)) == [message]
            data = message.encode()
            assert server.receive_data(peer.send_binary(data)) == [data]

    def test_compressed_message_in_fragments(self) -> None:
        connection = WebSocketConnection(deflate=PerMessageDeflate())
        data = PerMessageDeflate().compress(b"hello " * 99)
        frames = frame(FIRST_TEXT | 0x40, data[:3]) + frame(PING) + frame(LAST, data[3:])
        assert connection.receive_data(frames) == [Ping(b""), "hello " * 99]

    def test_inflated_size_counts(self) -> None:
        connection = WebSocketConnection(max_message_size=1000, deflate=PerMessageDeflate())
        exact = PerMessageDeflate().compress(b"a" * 1000)
        assert connection.receive_data(frame(TEXT | 0x40, exact)) == ["a" * 1000]
        bomb = PerMessageDeflate().compress(b"a" * 1001)
        assert isinstance(failure(connection, frame(TEXT | 0x40, bomb)), MessageTooBigError)

    def test_compressed_form_may_be_a_little_longer_than_the_limit(self) -> None:
        message = bytes(range(256)) * 4
        stored = b"".join(
            b"\x00\x80\x00\x7f\xff" + message[start : start + 128] for start in range(0, 1024, 128)
        )
        for frames in (
            frame(BINARY | 0x40, stored + b"\x00"),
            frame(FIRST_BINARY | 0x40, stored) + frame(LAST, b"\x00"),
        ):
            connection = WebSocketConnection(max_message_size=1024, deflate=PerMessageDeflate())
            assert connection.receive_data(frames) == [message]

    def test_compressed_form_is_bounded_too(self) -> None:
        connection = WebSocketConnection(max_message_size=1000, deflate=PerMessageDeflate())
        header = frame(BINARY | 0x40, b"x" * 1200)[:4]
        assert failure(connection, header).close_code == 1009

    def test_no_limit(self) -> None:
        connection = WebSocketConnection(max_message_size=None, deflate=PerMessageDeflate())
        data = PerMessageDeflate().compress(b"a" * 2_000_000)
        assert connection.receive_data(frame(BINARY | 0x40, data)) == [b"a" * 2_000_000]

    def test_what_cannot_be_inflated(self) -> None:
        connection = WebSocketConnection(deflate=PerMessageDeflate())
        assert failure(connection, frame(TEXT | 0x40, b"\xff\xff")).close_code == 1007

    def test_inflated_text_must_be_utf8(self) -> None:
        connection = WebSocketConnection(deflate=PerMessageDeflate())
        data = PerMessageDeflate().compress(b"\xff")
        assert failure(connection, frame(TEXT | 0x40, data)).close_code == 1007


frames = st.builds(
    frame,
    st.one_of(
        st.sampled_from([TEXT, BINARY, FIRST_TEXT, FIRST_BINARY, MIDDLE, LAST, PING, PONG, CLOSE]),
        st.integers(0, 255),
    ),
    st.one_of(st.binary(max_size=150), st.just(b"\x03\xe8"), st.just(b"x" * 300)),
)
streams = st.one_of(
    st.binary(max_size=300), st.lists(st.one_of(frames, st.binary(max_size=3))).map(b"".join)
)


@given(streams, st.lists(st.integers(0, 5000), max_size=20), st.booleans(), st.booleans())
@settings(deadline=None)
def test_any_bytes_give_the_same_events_whole_or_in_pieces(
    data: bytes, cuts: list[int], is_server: bool, compressed: bool
) -> None:
    def connect() -> WebSocketConnection:
        return WebSocketConnection(
            Role.SERVER if is_server else Role.CLIENT,
            max_message_size=250,
            deflate=PerMessageDeflate() if compressed else None,
            random_mask=lambda: KEY,
        )

    whole, split = connect(), connect()
    events = whole.receive_data(data)
    split_events = [event for piece in pieces(data, cuts) for event in split.receive_data(piece)]
    assert comparable(split_events) == comparable(events)
    assert split.data_to_send() == whole.data_to_send()
    assert (split.state, split.close_code) == (whole.state, whole.close_code)
    assert all(not isinstance(event, (Close, ProtocolError)) for event in events[:-1])
