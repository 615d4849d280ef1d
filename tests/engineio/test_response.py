from __future__ import annotations

import gzip
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.engineio.request import EngineRequestError, ErrorCode
from flask_socketio.engineio.response import (
    Cookie,
    choose_encoding,
    cookie_header,
    error_response,
    ok_response,
    payload_response,
    preflight_response,
)
from flask_socketio.errors import MessageTooBigError, ProtocolError, UsageError
from flask_socketio.types import EioSid

LARGE = b"4" + b"hello " * 1000
CORS = ("Access-Control-Allow-Origin", "http://a.b")
SID = EioSid("abc")


class TestPayload:
    def test_a_small_one(self) -> None:
        response = payload_response(b"4hello", "gzip", headers=[CORS])
        assert response.status == 200
        assert response.body == b"4hello"
        assert response.headers == (
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("Content-Length", "6"),
            ("Cache-Control", "no-store"),
            CORS,
        )

    @pytest.mark.parametrize("payload", [b"\x00\x01\xff2", b"\x01\x01\xff\x04"])
    def test_a_binary_one(self, payload: bytes) -> None:
        headers = dict(payload_response(payload).headers)
        assert headers["Content-Type"] == "application/octet-stream"

    def test_gzip(self) -> None:
        response = payload_response(LARGE, "gzip, deflate, br")
        headers = dict(response.headers)
        assert gzip.decompress(response.body) == LARGE
        assert headers["Content-Encoding"] == "gzip"
        assert headers["Vary"] == "Accept-Encoding"
        assert headers["Content-Length"] == str(len(response.body))

    def test_deflate_is_the_zlib_format(self) -> None:
        response = payload_response(LARGE, "deflate")
        assert dict(response.headers)["Content-Encoding"] == "deflate"
        assert zlib.decompress(response.body) == LARGE

    @pytest.mark.parametrize("accept_encoding", [None, "", "br", "gzip;q=0"])
    def test_the_client_takes_no_compression(self, accept_encoding: str | None) -> None:
        response = payload_response(LARGE, accept_encoding)
        headers = dict(response.headers)
        assert response.body == LARGE
        assert "Content-Encoding" not in headers
        assert headers["Vary"] == "Accept-Encoding"

    def test_switched_off(self) -> None:
        response = payload_response(LARGE, "gzip", http_compression=False)
        assert response.body == LARGE
        assert "Vary" not in dict(response.headers)

    def test_the_threshold(self) -> None:
        payload = b"4" * 100
        assert payload_response(payload, "gzip", compression_threshold=101).body == payload
        assert payload_response(payload, "gzip", compression_threshold=100).body != payload


class TestChooseEncoding:
    @pytest.mark.parametrize(
        ("accept_encoding", "encoding"),
        [
            ("gzip", "gzip"),
            ("deflate, gzip", "gzip"),
            ("GZip", "gzip"),
            ("gzip;q=0.5, deflate", "deflate"),
            ("gzip ; q=0.5 , deflate ; q=0.8", "deflate"),
            ("gzip;q=0, deflate", "deflate"),
            ("gzip;q=0", None),
            ("gzip;q=0.000, deflate;q=0", None),
            ("*", "gzip"),
            ("gzip;q=0, *", "deflate"),
            ("*;q=0", None),
            ("identity", None),
            ("identity, gzip", "gzip"),
            ("identity;q=1, gzip;q=0.5", None),
            ("identity;q=0.5, gzip;q=1", "gzip"),
            ("br, zstd", None),
            ("gzip;q=x", None),
            ("gzip;q=nan", None),
            ("gzip;level=9", "gzip"),
            (",,;;", None),
            (None, None),
        ],
    )
    def test_quality_decides(self, accept_encoding: str | None, encoding: str | None) -> None:
        assert choose_encoding(accept_encoding) == encoding

    @given(st.text("gzipdeflat*;q=01., "))
    def test_any_text_gives_an_answer(self, accept_encoding: str) -> None:
        assert choose_encoding(accept_encoding) in ("gzip", "deflate", None)


def test_a_post_is_answered_ok() -> None:
    response = ok_response([CORS])
    assert (response.status, response.body) == (200, b"ok")
    assert CORS in response.headers


def test_a_refused_request() -> None:
    response = error_response(EngineRequestError(ErrorCode.FORBIDDEN, "why"), [CORS])
    assert response.status == 403
    assert response.body == b'{"code":4,"message":"Forbidden"}'
    assert ("Content-Type", "application/json") in response.headers
    assert CORS in response.headers


@pytest.mark.parametrize(
    ("error", "status"), [(ProtocolError("bad packet"), 400), (MessageTooBigError(11, 10), 413)]
)
def test_an_error_that_ended_a_session(error: ProtocolError, status: int) -> None:
    response = error_response(error)
    assert response.status == status
    assert json.loads(response.body) == {"code": 3, "message": str(error)}


def test_a_preflight() -> None:
    response = preflight_response([CORS])
    assert (response.status, response.headers, response.body) == (204, (CORS,), b"")


class TestCookie:
    @pytest.mark.parametrize(
        ("cookie", "value"),
        [
            ("io", "io=abc; path=/; SameSite=Lax"),
            ({"name": "io"}, "io=abc"),
            ({}, "io=abc"),
            ({"name": "s", "HttpOnly": True, "Secure": False}, "s=abc; HttpOnly"),
            ({"name": "s", "path": "/x", "Max-Age": lambda: "60"}, "s=abc; path=/x; Max-Age=60"),
            ({"path": lambda: True, "Secure": lambda: False}, "io=abc; path"),
        ],
    )
    def test_header(self, cookie: Cookie, value: str) -> None:
        assert cookie_header(cookie, SID) == ("Set-Cookie", value)

    def test_none(self) -> None:
        assert cookie_header(None, SID) is None

    @pytest.mark.parametrize(
        "cookie",
        [
            {"path": "/; evil"},
            {"path": "a\r\nX: y"},
            {"Max-Age": 60},
            {"name": True},
            {"name": "a;b"},
            "a\nb",
        ],
    )
    def test_what_cannot_stand_in_a_header(self, cookie: Cookie) -> None:
        with pytest.raises(UsageError, match="option cookie"):
            cookie_header(cookie, SID)
