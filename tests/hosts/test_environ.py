"""From uvicorn's scope to a WSGI environment."""

from __future__ import annotations

import io
from typing import Any

import pytest

from flask_socketio.hosts import environ as environ_module
from flask_socketio.hosts.environ import build_environ, origin_form


def scope_of(**changes: Any) -> dict[str, Any]:
    return {
        "method": "GET",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("10.0.0.1", 8080),
        "client": ("10.0.0.2", 40_000),
        "raw_path": b"/a",
        "query_string": b"",
        "headers": [],
        **changes,
    }


def test_everything_that_pep_3333_asks_for() -> None:
    body = io.BytesIO()
    environ = build_environ(scope_of(scheme="https", query_string=b"b=%20"), body)
    assert {name: environ[name] for name in environ if name != "wsgi.errors"} == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a",
        "QUERY_STRING": "b=%20",
        "REQUEST_URI": "/a?b=%20",
        "SERVER_NAME": "10.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "10.0.0.2",
        "REMOTE_PORT": "40000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": body,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    assert environ["wsgi.errors"].write


@pytest.mark.parametrize(
    ("raw", "path"), [(b"/%C3%A4", b"/\xc3\xa4"), (b"/%ff%2F", b"/\xff/"), (b"/%zz", b"/%zz")]
)
def test_the_path_is_decoded_to_bytes(raw: bytes, path: bytes) -> None:
    assert build_environ(scope_of(raw_path=raw), None)["PATH_INFO"].encode("latin-1") == path


def test_a_unix_socket_has_no_addresses() -> None:
    environ = build_environ(scope_of(server=None, client=None), None)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("127.0.0.1", "80")
    assert "REMOTE_ADDR" not in environ


@pytest.mark.parametrize(("version", "protocol"), [("1.1", "HTTP/1.1"), ("1.0", "HTTP/1.0")])
def test_the_protocol(version: str, protocol: str) -> None:
    assert build_environ(scope_of(http_version=version), None)["SERVER_PROTOCOL"] == protocol


def test_headers() -> None:
    headers = [
        (b"content-type", b"text/plain"),
        (b"content-length", b"3"),
        (b"x-a", b"1"),
        (b"x-a", b"2"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=\xe4"),
        (b"x_a", b"forged"),
    ]
    environ = build_environ(scope_of(headers=headers), None)
    found = {n: v for n, v in environ.items() if n.startswith(("HTTP_", "CONTENT"))}
    assert found == {
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "HTTP_X_A": "1,2",
        "HTTP_COOKIE": "a=1; b=\xe4",
    }


def test_names_of_clients_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environ_module, "_names", {})
    monkeypatch.setattr(environ_module, "_MAX_NAMES", 2)
    headers = [(f"x-{number}".encode(), b"") for number in range(5)]
    for _ in range(2):
        environ = build_environ(scope_of(headers=headers), None)
        assert [name for name in environ if name.startswith("HTTP_")] == [
            f"HTTP_X_{number}" for number in range(5)
        ]
    assert len(environ_module._names) == 2


@pytest.mark.parametrize(
    ("target", "form"),
    [
        (b"/a?b=http://c", b"/a?b=http://c"),
        (b"*", b"*"),
        (b"http://host/a?b", b"/a?b"),
        (b"HTTPS://host:1", b"/"),
        (b"host:443", b"host:443"),
    ],
)
def test_origin_form(target: bytes, form: bytes) -> None:
    assert origin_form(target) == form
