"""Handshakes on their way through the WSGI stack, and where the engine sits in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flask_socketio.hosts.handshake import Handshake
from flask_socketio.hosts.middleware import SocketIOMiddleware, innermost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PATH = "/socket.io"


class AtOnce:
    """Stands where the loop's queue of calls is."""

    def submit(self, function: Callable[..., object], *args: Any) -> None:
        function(*args)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("X-From", "application")])
    return [b"page"]


inner = SocketIOMiddleware(application, PATH)


def send_through(stack: Any, path: str = PATH + "/") -> tuple[Handshake, list[Handshake]]:
    done: list[Handshake] = []
    calls: Any = AtOnce()
    handshake = Handshake(stack, {"PATH_INFO": path}, calls, done.append)
    handshake.run()
    return handshake, done


def test_it_arrives_with_what_middleware_made_of_it() -> None:
    def proxy(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return inner({**environ, "REMOTE_ADDR": "1.2.3.4"}, start_response)

    handshake, done = send_through(proxy)
    assert done == [handshake]
    assert handshake.environ == {"PATH_INFO": "/socket.io/", "REMOTE_ADDR": "1.2.3.4"}


def test_middleware_answers_instead() -> None:
    class Answer:
        closed = False

        def __iter__(self) -> Any:
            return iter([b"no ", b"entry"])

        def close(self) -> None:
            self.closed = True

    answer = Answer()

    def guard(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        write = start_response("401 Unauthorized", [("X-A", "1"), ("content-length", "99")])
        write(b"stop: ")
        return answer

    handshake, done = send_through(guard)
    assert done == [handshake]
    assert handshake.environ is None
    response = handshake.response()
    assert (response.status, response.body) == (401, b"stop: no entry")
    assert response.headers == (("X-A", "1"), ("Content-Length", "14"))
    assert answer.closed


@pytest.mark.parametrize("error", [ValueError, SystemExit])
@pytest.mark.parametrize("when", ["before", "after"])
def test_middleware_that_fails(
    when: str, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def failing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if when == "after":
            inner(environ, start_response)
        raise error("expected by the test")

    handshake, done = send_through(failing)
    assert done == [handshake]
    assert handshake.environ is None
    assert "WSGI middleware failed for a handshake" in caplog.text
    if when == "before":
        assert handshake.response().status == 500


def test_a_stack_without_anything_in_it_is_skipped() -> None:
    done: list[Handshake] = []
    calls: Any = AtOnce()
    handshake = Handshake(inner, {"PATH_INFO": PATH}, calls, done.append)
    handshake.skip()
    assert done == [handshake]
    assert handshake.environ == {"PATH_INFO": PATH}


# --- the engine's place --------------------------------------------------------------------------


def ask(path: str | None) -> tuple[str, bytes]:
    statuses: list[str] = []
    environ: dict[str, Any] = {} if path is None else {"PATH_INFO": path}
    body = b"".join(inner(environ, lambda status, headers: statuses.append(status)))
    return statuses[0], body


@pytest.mark.parametrize("path", [None, "/", "/socket.ion", "/socket.io.js", "/a/socket.io"])
def test_other_paths_are_the_application_s(path: str | None) -> None:
    assert ask(path) == ("200 OK", b"page")


@pytest.mark.parametrize("path", ["/socket.io", "/socket.io/"])
def test_a_request_of_a_foreign_server(path: str) -> None:
    status, body = ask(path)
    assert status == "501 Not Implemented"
    assert b"socketio.run(app)" in body


def test_innermost() -> None:
    outer = SocketIOMiddleware(inner, "/other")
    assert innermost(outer, "/other/") is outer
    assert innermost(outer, PATH) is inner
    assert innermost(outer, "/page") is None
    assert innermost(lambda environ, start: inner(environ, start), PATH) is None
