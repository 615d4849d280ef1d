from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.engineio.request import (
    EngineRequestError,
    ErrorCode,
    Query,
    answer_packet_limit,
    check_handshake,
    check_session_request,
    parse_query,
)
from flask_socketio.engineio.settings import SessionSettings, Transport
from flask_socketio.types import EioSid

SETTINGS = SessionSettings()
POLLING_ONLY = SessionSettings(transports=(Transport.POLLING,))


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "body", "status"),
        [
            (0, '{"code":0,"message":"Transport unknown"}', 400),
            (1, '{"code":1,"message":"Session ID unknown"}', 400),
            (2, '{"code":2,"message":"Bad handshake method"}', 400),
            (3, '{"code":3,"message":"Bad request"}', 400),
            (4, '{"code":4,"message":"Forbidden"}', 403),
            (5, '{"code":5,"message":"Unsupported protocol version"}', 400),
        ],
    )
    def test_the_answers_of_the_reference_server(self, code: int, body: str, status: int) -> None:
        error = EngineRequestError(ErrorCode(code))
        assert error.body == body.encode()
        assert error.status == status
        assert str(error) == error.message

    def test_the_context_is_for_the_log_only(self) -> None:
        error = EngineRequestError(ErrorCode.BAD_REQUEST, "try this")
        assert str(error) == "Bad request (try this)"
        assert b"try this" not in error.body

    def test_a_message_of_its_own(self) -> None:
        error = EngineRequestError(ErrorCode.BAD_REQUEST, message='say "why"')
        assert json.loads(error.body) == {"code": 3, "message": 'say "why"'}


class TestParseQuery:
    @pytest.mark.parametrize(
        ("query_string", "query"),
        [
            (b"EIO=4&transport=polling&t=x", Query("polling", "4", None, False)),
            ("EIO=4&transport=websocket&sid=a%2Db", Query("websocket", "4", EioSid("a-b"), False)),
            (b"", Query("", None, None, False)),
            (b"sid=&transport=&EIO=", Query("", "", None, False)),
            (b"transport=a&transport=b", Query("b", None, None, False)),
            (b"EIO=3&b64=1", Query("", "3", None, True)),
            (b"b64=true", Query("", None, None, True)),
            (b"b64=0", Query("", None, None, False)),
            (b"EIO=3&j=0", Query("", "3", None, False, True)),
        ],
    )
    def test_fields(self, query_string: bytes | str, query: Query) -> None:
        assert parse_query(query_string) == query

    @given(st.binary())
    def test_any_bytes_give_a_query(self, query_string: bytes) -> None:
        assert isinstance(parse_query(query_string), Query)


class TestHandshake:
    def test_by_polling(self) -> None:
        query = parse_query("EIO=4&transport=polling")
        assert check_handshake("GET", query, False, SETTINGS) is Transport.POLLING

    def test_by_websocket(self) -> None:
        query = parse_query("EIO=4&transport=websocket")
        assert check_handshake("GET", query, True, SETTINGS) is Transport.WEBSOCKET

    @pytest.mark.parametrize(
        ("method", "query", "is_upgrade", "code"),
        [
            ("GET", "EIO=4", False, 0),
            ("GET", "EIO=4&transport=abc", False, 0),
            ("POST", "EIO=4&transport=abc", False, 0),
            ("POST", "EIO=4&transport=polling", False, 2),
            ("PUT", "EIO=3&transport=polling", False, 2),
            ("GET", "EIO=4&transport=websocket", False, 3),
            ("GET", "EIO=4&transport=polling", True, 3),
            ("GET", "EIO=3&transport=websocket", False, 3),
            ("GET", "transport=polling", False, 5),
            ("GET", "EIO=abc&transport=polling", False, 5),
            ("GET", "EIO=2&transport=websocket", True, 5),
        ],
    )
    def test_refusals_in_the_order_of_the_reference_server(
        self, method: str, query: str, is_upgrade: bool, code: int
    ) -> None:
        with pytest.raises(EngineRequestError) as caught:
            check_handshake(method, parse_query(query), is_upgrade, SETTINGS)
        assert caught.value.code == code
        assert caught.value.context

    def test_a_transport_that_is_not_served(self) -> None:
        query = parse_query("EIO=4&transport=websocket")
        with pytest.raises(EngineRequestError, match="served are: polling") as caught:
            check_handshake("GET", query, True, POLLING_ONLY)
        assert caught.value.code is ErrorCode.UNKNOWN_TRANSPORT

    @pytest.mark.parametrize("query", ["EIO=3&transport=polling", "EIO=3&transport=polling&b64=1"])
    def test_an_old_client(self, query: str) -> None:
        assert check_handshake("GET", parse_query(query), False, SETTINGS) is Transport.POLLING

    def test_jsonp(self) -> None:
        query = parse_query("EIO=3&transport=polling&j=0")
        with pytest.raises(EngineRequestError, match="JSONP is not offered") as caught:
            check_handshake("GET", query, False, SETTINGS)
        assert caught.value.code is ErrorCode.BAD_REQUEST

    def test_a_wrong_version_names_the_clients_that_fit(self) -> None:
        settings = SessionSettings(allow_eio3=False)
        fitting = r"version '3'.* version 4 is needed: .*client 3\.x or 4\.x.*allow_eio3=True"
        with pytest.raises(EngineRequestError, match=fitting) as caught:
            check_handshake("GET", parse_query("EIO=3&transport=polling"), False, settings)
        assert caught.value.body == b'{"code":5,"message":"Unsupported protocol version"}'
        with pytest.raises(EngineRequestError, match=r"version '2'.*4 is needed.*16\.x\)$"):
            check_handshake("GET", parse_query("EIO=2&transport=polling"), False, settings)
        with pytest.raises(EngineRequestError, match=r"version '2'.*3 or 4 is.*client 1\.x on"):
            check_handshake("GET", parse_query("EIO=2&transport=polling"), False, SETTINGS)
        with pytest.raises(EngineRequestError, match="named no version"):
            check_handshake("GET", parse_query("transport=polling"), False, SETTINGS)


class TestSessionRequest:
    @pytest.mark.parametrize(
        ("method", "transport", "is_upgrade", "current"),
        [
            ("GET", "polling", False, Transport.POLLING),
            ("POST", "polling", False, Transport.POLLING),
            ("GET", "websocket", True, Transport.POLLING),
            # Whether this one may still upgrade is the session's business.
            ("GET", "websocket", True, Transport.WEBSOCKET),
        ],
    )
    def test_accepted(
        self, method: str, transport: str, is_upgrade: bool, current: Transport
    ) -> None:
        query = parse_query(f"transport={transport}&sid=x")
        check_session_request(method, query, is_upgrade, SETTINGS, current)

    @pytest.mark.parametrize(
        ("method", "transport", "is_upgrade", "current", "code"),
        [
            ("GET", "abc", False, None, 0),
            ("GET", "polling", False, None, 1),
            ("GET", "websocket", True, None, 1),
            ("GET", "polling", False, Transport.WEBSOCKET, 3),
            ("GET", "websocket", False, Transport.POLLING, 3),
            ("GET", "websocket", False, Transport.WEBSOCKET, 3),
            ("GET", "polling", True, Transport.POLLING, 3),
            ("PUT", "polling", False, Transport.POLLING, 3),
            ("POST", "websocket", True, Transport.POLLING, 3),
        ],
    )
    def test_refusals(
        self, method: str, transport: str, is_upgrade: bool, current: Transport | None, code: int
    ) -> None:
        query = parse_query(f"transport={transport}&sid=x")
        with pytest.raises(EngineRequestError) as caught:
            check_session_request(method, query, is_upgrade, SETTINGS, current)
        assert caught.value.code == code
        assert caught.value.context


@pytest.mark.parametrize(
    ("user_agent", "limit"),
    [
        ("python-requests/2.32.3", 16),
        ("Python/3.12 aiohttp/3.11.9", 16),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", None),
        ("node-XMLHttpRequest", None),
        ("", None),
        (None, None),
    ],
)
def test_the_python_client_takes_16_packets_at_once(
    user_agent: str | None, limit: int | None
) -> None:
    assert answer_packet_limit(user_agent) == limit
