"""Handlers that raise: error handlers, signals, logs, and that everything goes on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from flask import got_request_exception, request, session
from flask.sessions import SecureCookieSessionInterface
from tests.flask.site import Until

from flask_socketio import Namespace

if TYPE_CHECKING:
    from tests.flask.client import Client
    from tests.flask.site import Site


class ExpectedError(Exception):
    """Raised by handlers of these tests."""


@pytest.fixture
def failing(site: Site) -> Site:
    @site.socketio.on("fail")
    def fail(*args: Any) -> None:
        raise ExpectedError(*args)

    return site


def ack_of(client: Client, event: str, *args: Any) -> Any:
    """Return the arguments of an ack, None if none comes."""
    ack_id = client.start_call(event, *args)
    client.call("fence")
    for packet in client.kept:
        if packet.ack_id == ack_id:
            return packet.data
    return None


class TestErrorHandlers:
    @pytest.mark.parametrize(
        ("result", "ack"),
        [(None, None), ("text", ["text"]), (("a", 1), ["a", 1]), (False, [False]), ((), [])],
    )
    def test_result_is_the_ack(self, failing: Site, result: Any, ack: Any) -> None:
        failing.socketio.on_error()(lambda error: result)

        assert ack_of(failing.connect(), "fail") == ack

    def test_without_error_handler_there_is_no_ack(self, failing: Site) -> None:
        assert ack_of(failing.connect(), "fail") is None

    def test_nearest_goes_first(self, failing: Site) -> None:
        failing.socketio.on_error("/")(lambda error: "namespace")
        failing.socketio.on_error_default(lambda error: "default")

        assert failing.connect().call("fail") == "namespace"

    def test_default(self, failing: Site) -> None:
        failing.socketio.on_error("/other")(lambda error: "namespace")
        failing.socketio.on_error_default(lambda error: "default")

        assert failing.connect().call("fail") == "default"

    def test_methods_of_classes(self, site: Site) -> None:
        class Chat(Namespace):
            def on_fail(self) -> None:
                raise ExpectedError

        site.socketio.on_namespace(Chat("/chat"))
        site.socketio.on_error("/chat")(lambda error: type(error).__name__)

        assert site.connect("/chat").call("fail", namespace="/chat") == "ExpectedError"

    def test_request_of_the_event(self, failing: Site) -> None:
        seen = Until()
        failing.socketio.on_error_default(
            lambda error: seen.set((request.event, request.sid, request.namespace))
        )
        client = failing.connect()
        client.emit("fail", "a", 1)

        assert seen.get() == ({"message": "fail", "args": ("a", 1)}, client.sid, "/")

    def test_error_is_the_current_one(self, failing: Site) -> None:
        seen = Until()
        failing.socketio.on_error()(lambda error: seen.set(sys.exc_info()[1] is error))
        failing.connect().emit("fail")

        assert seen.get()

    def test_bare_raise(self, failing: Site, caplog: pytest.LogCaptureFixture) -> None:
        @failing.socketio.on_error()
        def again(error: Exception) -> None:
            raise

        assert ack_of(failing.connect(), "fail", "the first") is None
        assert "ExpectedError: the first" in caplog.text

    def test_error_handler_that_fails(
        self, failing: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        @failing.socketio.on_error()
        def broken(error: Exception) -> None:
            raise ExpectedError("the second")

        assert ack_of(failing.connect(), "fail", "the first") is None
        assert "ExpectedError: the first" in caplog.text
        assert "ExpectedError: the second" in caplog.text

    def test_handled_errors_are_not_logged(
        self, failing: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        failing.socketio.on_error()(lambda error: None)
        client = failing.connect()
        client.emit("fail")
        client.drain()

        assert "fail" not in caplog.text


class TestReporting:
    def test_log(self, failing: Site, caplog: pytest.LogCaptureFixture) -> None:
        client = failing.connect()
        client.emit("fail", "why")
        client.drain()

        assert (
            f"the handler of 'fail' in namespace '/' failed for client {client.sid}" in caplog.text
        )
        assert "ExpectedError: why" in caplog.text

    def test_signal(self, failing: Site) -> None:
        seen: list[Any] = []

        def receiver(app: Any, exception: Exception) -> None:
            seen.append((app, str(exception), request.event["message"]))

        client = failing.connect()
        with got_request_exception.connected_to(receiver):
            client.emit("fail", "why")
            client.drain()

        assert seen == [(failing.app, "why", "fail")]

    def test_receiver_that_fails(self, failing: Site, caplog: pytest.LogCaptureFixture) -> None:
        def receiver(app: Any, exception: Exception) -> None:
            raise RuntimeError("expected of the receiver")

        client = failing.connect()
        with got_request_exception.connected_to(receiver):
            client.emit("fail", "why")
            client.drain()

        assert "ExpectedError: why" in caplog.text
        assert "RuntimeError: expected of the receiver" in caplog.text

    def test_handled_errors_are_not_signalled(self, failing: Site) -> None:
        failing.socketio.on_error()(lambda error: None)
        seen: list[Any] = []

        def receiver(app: Any, exception: Exception) -> None:
            seen.append(exception)

        client = failing.connect()
        with got_request_exception.connected_to(receiver):
            client.emit("fail")
            client.drain()

        assert seen == []

    def test_refusal_outside_of_connect_is_an_error(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        @site.socketio.on("fail")
        def fail() -> None:
            raise ConnectionRefusedError("expected by the test")

        client = site.connect()

        assert ack_of(client, "fail") is None
        assert "expected by the test" in caplog.text


class TestGoingOn:
    def test_wrong_number_of_arguments_runs_nothing_twice(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        runs: list[int] = []

        @site.socketio.on("one")
        def one(argument: Any) -> None:
            runs.append(argument)
            raise TypeError("one() missing 1 required positional argument")

        client = site.connect()
        client.emit("one", 1)
        client.emit("one")
        client.drain()

        assert runs == [1]
        assert caplog.text.count("\nTypeError: ") == 2

    def test_sys_exit_ends_the_handler_only(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        site.socketio.on_event("exit", lambda: sys.exit("expected by the test"))
        client = site.connect()
        for _ in range(3):
            assert ack_of(client, "exit") is None

        assert "SystemExit: expected by the test" in caplog.text

    def test_teardown_function_that_fails(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        @site.app.teardown_request
        def fail(error: BaseException | None) -> None:
            if request.event["message"] == "go":
                raise ExpectedError("in teardown")

        site.socketio.on_event("go", lambda: "answer")

        assert ack_of(site.connect(), "go") is None
        assert "ExpectedError: in teardown" in caplog.text

    def test_session_that_cannot_be_saved(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        torn_down: list[Any] = []
        site.socketio.manage_session = False
        site.app.teardown_request(torn_down.append)

        class Broken(SecureCookieSessionInterface):
            def save_session(self, *args: Any) -> None:
                raise ExpectedError("no storage")

        site.app.session_interface = Broken()

        @site.socketio.on("go")
        def go() -> str:
            session["a"] = 1
            return "answer"

        client = site.connect()

        assert ack_of(client, "go") is None
        assert "ExpectedError: no storage" in caplog.text
        assert torn_down == [None, None]

    def test_event_without_handler(self, site: Site) -> None:
        client = site.connect()

        assert ack_of(client, "unknown") is None
        assert site.socketio.service.engine.counters.unhandled_events == 1

    def test_event_that_is_not_json_closes_the_connection(self, site: Site) -> None:
        client = site.connect()
        client._websocket.send('42["go", nonsense')

        assert client.wait_for_close()[0] == 1002
