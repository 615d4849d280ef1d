from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.errors import UsageError
from flask_socketio.websocket import DeflateSettings
from flask_socketio.websocket.handshake import (
    HandshakeError,
    accept_handshake,
    accept_value,
    check_response,
    request_head,
)

# The example of RFC 6455 section 1.2.
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
REQUEST = {
    b"host": b"server.example.com",
    b"upgrade": b"websocket",
    b"connection": b"Upgrade",
    b"sec-websocket-key": KEY,
    b"sec-websocket-version": b"13",
}
RESPONSE = {
    b"upgrade": b"websocket",
    b"connection": b"Upgrade",
    b"sec-websocket-accept": ACCEPT,
}
PROTOCOL = b"sec-websocket-protocol"
EXTENSIONS = b"sec-websocket-extensions"


def request(*more: tuple[bytes, bytes], **replaced: bytes | None) -> list[tuple[bytes, bytes]]:
    """Give the example's header fields, with some replaced (None: left out) and some added."""
    fields: dict[bytes, bytes | None] = dict(REQUEST)
    fields |= {name.replace("_", "-").encode(): value for name, value in replaced.items()}
    return [(name, value) for name, value in fields.items() if value is not None] + list(more)


def parse_head(head: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    assert head.endswith(b"\r\n\r\n")
    first, *lines = head[:-4].split(b"\r\n")
    fields = [line.split(b": ", 1) for line in lines]
    return first, {name.lower(): value for name, value in fields}


def refusal(
    method: str = "GET", version: str = "1.1", headers: list[tuple[bytes, bytes]] | None = None
) -> HandshakeError:
    with pytest.raises(HandshakeError) as caught:
        accept_handshake(method, version, request() if headers is None else headers)
    return caught.value


class TestServer:
    def test_example_of_rfc_6455_section_1_2(self) -> None:
        acceptance = accept_handshake("GET", "1.1", request())
        first, fields = parse_head(acceptance.response())
        assert first == b"HTTP/1.1 101 Switching Protocols"
        assert fields == RESPONSE
        assert acceptance.subprotocol is None
        assert acceptance.deflate is None

    @pytest.mark.parametrize("version", ["1.1", "HTTP/1.1", "2", "HTTP/2.0"])
    def test_http_version_at_least_1_1(self, version: str) -> None:
        assert accept_handshake("GET", version, request()).accept == ACCEPT

    @pytest.mark.parametrize("version", ["1.0", "HTTP/1.0", "0.9", "1", "", "x", "1.1.1"])
    def test_other_http_version_is_refused(self, version: str) -> None:
        assert refusal(version=version).status == 400

    @pytest.mark.parametrize("method", ["POST", "get", "CONNECT", ""])
    def test_other_method_is_refused(self, method: str) -> None:
        error = refusal(method=method)
        assert (error.status, error.headers) == (405, ((b"Allow", b"GET"),))

    @pytest.mark.parametrize(
        ("upgrade", "connection"),
        [
            (b"WebSocket", b"keep-alive, UPGRADE"),
            (b"h2c ,websocket", b"Upgrade,keep-alive"),
            (b"\twebsocket ", b",, upgrade ,"),
        ],
    )
    def test_upgrade_and_connection_are_lists(self, upgrade: bytes, connection: bytes) -> None:
        accept_handshake("GET", "1.1", request(upgrade=upgrade, connection=connection))

    def test_upgrade_and_connection_may_be_repeated(self) -> None:
        more = [(b"upgrade", b"websocket"), (b"connection", b"upgrade")]
        accept_handshake("GET", "1.1", request(*more, upgrade=b"h2c", connection=b"close"))

    @pytest.mark.parametrize("name", ["upgrade", "connection"])
    @pytest.mark.parametrize("value", [None, b"", b"websockets", b"web socket", b"upgraded"])
    def test_without_upgrade_or_connection_it_is_refused(
        self, name: str, value: bytes | None
    ) -> None:
        error = refusal(headers=request(**{name: value}))
        assert (error.status, error.headers) == (400, ())
        assert name.title() in str(error)

    @pytest.mark.parametrize(
        "key",
        [
            None,
            b"",
            KEY[:-1],
            KEY[:-2],
            KEY + b"=",
            b"AAAA" + KEY,
            b"dGhlIHNhbXBsZSBub25j",
            KEY.replace(b"G", b"-"),
            b"dGhlIHNhbXBsZSBub25jZQ=\n",
        ],
    )
    def test_malformed_key_is_refused(self, key: bytes | None) -> None:
        error = refusal(headers=request(sec_websocket_key=key))
        assert error.status == 400
        assert "sec-websocket-key" in str(error).lower()

    def test_second_key_is_refused(self) -> None:
        assert refusal(headers=request((b"sec-websocket-key", KEY))).status == 400

    def test_blanks_around_the_key_are_no_part_of_it(self) -> None:
        acceptance = accept_handshake("GET", "1.1", request(sec_websocket_key=b" " + KEY + b"\t"))
        assert acceptance.accept == ACCEPT

    @pytest.mark.parametrize("more", [(), ((b"host", b"a"), (b"host", b"b"))])
    def test_host_must_be_there_once(self, more: tuple[tuple[bytes, bytes], ...]) -> None:
        error = refusal(headers=request(*more, host=None))
        assert error.status == 400
        assert "host" in str(error)

    @pytest.mark.parametrize("version", [b"8", b"0", b"14", b"13, 8", b"x", b""])
    def test_unsupported_version_is_told_ours(self, version: bytes) -> None:
        error = refusal(headers=request(sec_websocket_version=version))
        assert (error.status, error.headers) == (426, ((b"Sec-WebSocket-Version", b"13"),))

    def test_missing_version_is_refused(self) -> None:
        assert refusal(headers=request(sec_websocket_version=None)).status == 400

    def test_our_first_common_subprotocol_is_chosen(self) -> None:
        headers = request((PROTOCOL, b"c , b"), (PROTOCOL, b"a"))
        acceptance = accept_handshake("GET", "1.1", headers, subprotocols=["x", "a", "b"])
        assert acceptance.subprotocol == "a"
        assert parse_head(acceptance.response())[1][PROTOCOL] == b"a"

    def test_no_common_subprotocol_opens_without_the_field(self) -> None:
        headers = request((PROTOCOL, b"c"))
        acceptance = accept_handshake("GET", "1.1", headers, subprotocols=["a"])
        assert acceptance.subprotocol is None
        assert PROTOCOL not in parse_head(acceptance.response())[1]

    def test_unknown_extensions_are_ignored(self) -> None:
        headers = request((EXTENSIONS, b"x-webkit-deflate-frame, =, permessage-deflate"))
        assert accept_handshake("GET", "1.1", headers).deflate is None
        acceptance = accept_handshake("GET", "1.1", headers, deflate=DeflateSettings())
        assert parse_head(acceptance.response())[1][EXTENSIONS] == b"permessage-deflate"
        assert acceptance.deflate is not None

    def test_offers_that_will_not_do_leave_the_field_out(self) -> None:
        headers = request((EXTENSIONS, b"permessage-deflate; server_max_window_bits=8"))
        acceptance = accept_handshake("GET", "1.1", headers, deflate=DeflateSettings())
        assert acceptance.deflate is None
        assert EXTENSIONS not in parse_head(acceptance.response())[1]

    def test_extra_headers_follow(self) -> None:
        acceptance = accept_handshake("GET", "1.1", request())
        head = acceptance.response([(b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2")])
        assert head.endswith(b"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n")

    @pytest.mark.parametrize("value", [b"a\r\nX: y", b"a\n", b"\r", b"\0"])
    def test_extra_headers_cannot_break_lines(self, value: bytes) -> None:
        acceptance = accept_handshake("GET", "1.1", request())
        with pytest.raises(UsageError, match="line break"):
            acceptance.response([(b"X", value)])

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([*REQUEST, PROTOCOL, EXTENSIONS]),
                st.one_of(st.sampled_from([*REQUEST.values(), b"a,b"]), st.binary(max_size=40)),
            ),
            max_size=8,
        )
    )
    def test_any_headers_open_or_raise_a_handshake_error(
        self, headers: list[tuple[bytes, bytes]]
    ) -> None:
        for fields in (headers, request(*headers)):
            try:
                acceptance = accept_handshake(
                    "GET", "1.1", fields, subprotocols=["a"], deflate=DeflateSettings()
                )
            except HandshakeError:
                continue
            assert acceptance.accept in acceptance.response()


class TestClient:
    def test_request_is_one_that_a_server_accepts(self) -> None:
        head = request_head(
            "h:1",
            "/p?q=1",
            KEY,
            subprotocols=["a", "b"],
            deflate=DeflateSettings(),
            headers=[(b"Origin", b"http://h")],
        )
        first, fields = parse_head(head)
        assert first == b"GET /p?q=1 HTTP/1.1"
        assert (fields[b"host"], fields[b"origin"]) == (b"h:1", b"http://h")
        acceptance = accept_handshake(
            "GET", "1.1", list(fields.items()), subprotocols=["b"], deflate=DeflateSettings()
        )
        assert acceptance.subprotocol == "b"
        assert acceptance.deflate is not None

    def test_plain_request_offers_nothing(self) -> None:
        assert set(parse_head(request_head("h", "/", KEY))[1]) == set(REQUEST)

    def test_request_fields_cannot_break_lines(self) -> None:
        with pytest.raises(UsageError, match="line break"):
            request_head("h", "/ HTTP/1.1\r\nX: y", KEY)

    def test_plain_response(self) -> None:
        acceptance = check_response(101, list(RESPONSE.items()), KEY)
        assert (acceptance.accept, acceptance.subprotocol) == (accept_value(KEY), None)
        assert acceptance.deflate is None

    def test_response_with_everything(self) -> None:
        headers = [*RESPONSE.items(), (PROTOCOL, b"a"), (EXTENSIONS, b"permessage-deflate")]
        acceptance = check_response(
            101, headers, KEY, subprotocols=["a"], deflate=DeflateSettings()
        )
        assert (acceptance.subprotocol, acceptance.extensions) == ("a", "permessage-deflate")
        assert acceptance.deflate is not None

    def test_other_status_is_carried(self) -> None:
        with pytest.raises(HandshakeError) as caught:
            check_response(403, [], KEY)
        assert caught.value.status == 403

    @pytest.mark.parametrize(
        "more",
        [
            {b"sec-websocket-accept": accept_value(b"other")},
            {b"upgrade": b"h2c"},
            {b"connection": b"close"},
            {PROTOCOL: b"b"},
            {EXTENSIONS: b"permessage-deflate; server_max_window_bits=16"},
            {EXTENSIONS: b"permessage-deflate, permessage-deflate"},
            {EXTENSIONS: b"="},
        ],
        ids=str,
    )
    def test_response_that_does_not_fit(self, more: dict[bytes, bytes]) -> None:
        headers = list((RESPONSE | more).items())
        with pytest.raises(HandshakeError):
            check_response(101, headers, KEY, subprotocols=["a"], deflate=DeflateSettings())

    def test_extension_without_an_offer(self) -> None:
        headers = [*RESPONSE.items(), (EXTENSIONS, b"permessage-deflate")]
        with pytest.raises(HandshakeError, match="not offered"):
            check_response(101, headers, KEY)

    def test_two_subprotocols(self) -> None:
        headers = [*RESPONSE.items(), (PROTOCOL, b"a"), (PROTOCOL, b"b")]
        with pytest.raises(HandshakeError, match="subprotocol"):
            check_response(101, headers, KEY, subprotocols=["a", "b"])
