from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.engineio.origin import AllowedOrigins, OriginPolicy
from flask_socketio.engineio.request import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HERE = ("http", "example.com")
OTHER = "https://other.org"


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "proto", "forwarded_host", "allowed"),
    [
        pytest.param("http://example.com", *HERE, None, None, True, id="same"),
        pytest.param("HTTP://Example.com", *HERE, None, None, True, id="same in other letters"),
        pytest.param("https://example.com", *HERE, None, None, False, id="other scheme"),
        pytest.param("http://example.com:81", *HERE, None, None, False, id="other port"),
        pytest.param("http://example.com.evil", *HERE, None, None, False, id="longer host"),
        pytest.param("null", *HERE, None, None, False, id="null"),
        pytest.param("https://a.b", "wss", "a.b", None, None, True, id="WebSocket scheme"),
        pytest.param("http://a.b", "ws", "a.b:80", None, None, True, id="default port named"),
        pytest.param("https://a.b:443", "https", "a.b", None, None, True, id="in the origin"),
        pytest.param("http://a.b:443", "http", "a.b", None, None, False, id="not the default"),
        pytest.param("https://example.com", *HERE, "https", None, True, id="TLS in a proxy"),
        pytest.param("https://a.b", *HERE, "https", "a.b", True, id="proxy and host"),
        pytest.param("http://a.b", *HERE, None, "a.b", True, id="host in a proxy"),
        pytest.param("https://a.b", *HERE, "https, http", "a.b, c.d", True, id="two proxies"),
        pytest.param("https://c.d", *HERE, "https, http", "a.b, c.d", False, id="inner proxy"),
        pytest.param("http://x", "http", None, None, None, False, id="no host"),
        pytest.param("http://x", "http", None, "http", None, False, id="no host, proxy"),
        pytest.param(None, *HERE, None, None, True, id="no origin"),
        pytest.param("", *HERE, None, None, True, id="empty origin"),
    ],
)
def test_the_same_origin(
    origin: str | None,
    scheme: str,
    host: str | None,
    proto: str | None,
    forwarded_host: str | None,
    allowed: bool,
) -> None:
    assert OriginPolicy().allows(origin, scheme, host, proto, forwarded_host) is allowed


@pytest.mark.parametrize(
    ("option", "allowed"),
    [
        ("*", True),
        (["*"], True),
        (["http://a.b", "*"], True),
        ([], True),
        (OTHER, True),
        ("https://Other.org/", True),
        (["http://a.b", OTHER], True),
        ({OTHER}, True),
        (("https://other.org:443",), True),
        ("http://other.org", False),
        (["http://a.b"], False),
        ("http://example.com", False),
        (lambda origin: origin == OTHER, True),
        (lambda origin: None, False),
    ],
)
def test_the_option(option: AllowedOrigins, allowed: bool) -> None:
    assert OriginPolicy(option).allows(OTHER, *HERE) is allowed


def test_a_listed_policy_does_not_let_the_own_origin_in() -> None:
    assert not OriginPolicy([OTHER]).allows("http://example.com", *HERE)


def by_position(origin: str, environ: Mapping[str, object]) -> bool:
    return environ["x"] == 1


def by_other_name(origin: str, env: Mapping[str, object]) -> bool:
    return env["x"] == 1


def by_keyword(origin: str, *, environ: Mapping[str, object]) -> bool:
    return environ["x"] == 1


def with_default(origin: str, environ: Mapping[str, object] | None = None) -> bool:
    return environ == {"x": 1}


def without(origin: str) -> bool:
    return origin == OTHER


def with_other_default(origin: str, allowed: str = OTHER) -> bool:
    return origin == allowed


class Callable_:
    def __call__(self, origin: str, environ: Mapping[str, object]) -> bool:
        return environ["x"] == 1


@pytest.mark.parametrize(
    "check",
    [
        by_position,
        by_other_name,
        by_keyword,
        with_default,
        without,
        with_other_default,
        Callable_(),
        functools.partial(by_position),
        OTHER.__eq__,
    ],
)
def test_a_function_gets_the_environ_if_it_takes_one(check: Callable[..., object]) -> None:
    assert OriginPolicy(check).allows(OTHER, *HERE, environ={"x": 1})


def test_a_function_that_does_not_tell_its_arguments_gets_the_origin() -> None:
    # A class of builtins has no signature.
    assert OriginPolicy(str).allows(OTHER, *HERE)


def test_a_function_gets_an_empty_environ_where_there_is_none() -> None:
    assert OriginPolicy(lambda origin, environ: environ == {}).allows(OTHER, *HERE)


def test_a_type_error_in_a_function_is_its_own_and_it_runs_once() -> None:
    calls = []

    def check(origin: str, environ: Mapping[str, object]) -> bool:
        calls.append(origin)
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        OriginPolicy(check).allows(OTHER, *HERE)
    assert calls == [OTHER]


def test_a_refusal_names_the_origin_and_the_option() -> None:
    error = OriginPolicy().refusal(OTHER)
    assert error.status == 400
    assert error.code is ErrorCode.BAD_REQUEST
    answer = json.loads(error.body)
    assert answer["code"] == 3
    assert OTHER in answer["message"]
    assert "cors_allowed_origins" in answer["message"]
    assert "cors_allowed_origins" in error.context


def test_headers() -> None:
    assert OriginPolicy().headers(OTHER) == [
        ("Access-Control-Allow-Origin", OTHER),
        ("Vary", "Origin"),
        ("Access-Control-Allow-Credentials", "true"),
    ]


def test_headers_without_credentials() -> None:
    assert OriginPolicy("*", credentials=False).headers(OTHER) == [
        ("Access-Control-Allow-Origin", OTHER),
        ("Vary", "Origin"),
    ]


@pytest.mark.parametrize("origin", [None, "", "http://a\r\nX: y", "http://é"])
def test_no_headers_for_no_origin_or_one_that_is_no_header_text(origin: str | None) -> None:
    assert OriginPolicy("*").headers(origin) == []
    assert OriginPolicy("*").preflight_headers(origin, "X-A") == []


def test_no_headers_when_switched_off() -> None:
    assert OriginPolicy([]).headers(OTHER) == []
    assert OriginPolicy([]).preflight_headers(OTHER, "X-A") == []


def test_preflight_headers() -> None:
    policy = OriginPolicy("*", credentials=False)
    expected = [
        ("Access-Control-Allow-Origin", OTHER),
        ("Vary", "Origin"),
        ("Access-Control-Allow-Methods", "OPTIONS, GET, POST"),
        ("Access-Control-Max-Age", "600"),
    ]
    assert policy.preflight_headers(OTHER) == expected
    assert policy.preflight_headers(OTHER, "a\r\nb") == expected
    granted = ("Access-Control-Allow-Headers", "X-A, X-B")
    assert policy.preflight_headers(OTHER, "X-A, X-B") == [*expected, granted]


@given(st.text(), st.text(), st.text(), st.text())
def test_any_headers_give_an_answer(origin: str, host: str, proto: str, outer: str) -> None:
    policy = OriginPolicy()
    assert policy.allows(origin, "http", host, proto, outer) in (True, False)
    for _, value in policy.preflight_headers(origin, proto):
        assert "\n" not in value
        assert "\r" not in value
