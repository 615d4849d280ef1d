"""Handlers written with ``async def``, on one loop of their own."""

from __future__ import annotations

import asyncio
import functools
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from flask import (
    after_this_request,
    current_app,
    g,
    got_request_exception,
    request,
    session,
    url_for,
)
from tests.flask.client import RefusedError
from tests.flask.site import Until

from flask_socketio import ConnectionRefusedError, Namespace, call, emit, join_room, rooms

if TYPE_CHECKING:
    from tests.flask.site import Site


class ExpectedError(Exception):
    """Raised by handlers of these tests."""


class TestKinds:
    """Whatever may be a function may be a coroutine function."""

    def test_decorated(self, site: Site) -> None:
        @site.socketio.on("double")
        async def double(number: int) -> int:
            await asyncio.sleep(0)
            return number * 2

        assert site.connect().call("double", 2) == 4

    def test_named_by_the_function(self, site: Site) -> None:
        @site.socketio.event
        async def double(number: int) -> tuple[int, int]:
            return number, number * 2

        assert site.connect().call("double", 2) == [2, 4]

    def test_on_event(self, site: Site) -> None:
        async def double(number: int) -> int:
            return number * 2

        site.socketio.on_event("double", functools.partial(double, 2))

        assert site.connect().call("double") == 4

    def test_catch_all(self, site: Site) -> None:
        @site.socketio.on("*")
        async def any_event(name: str, *args: Any) -> str:
            return f"{name} {args}"

        assert site.connect().call("what ever", 1) == "what ever (1,)"

    def test_behind_a_decorator_that_is_a_function(self, site: Site) -> None:
        threads: list[str] = []

        def noted(handler: Any) -> Any:
            @functools.wraps(handler)
            def wrapped(*args: Any) -> Any:
                threads.append(threading.current_thread().name)
                return handler(*args)

            return wrapped

        @site.socketio.on("where")
        @noted
        async def where() -> str:
            return threading.current_thread().name

        assert site.connect().call("where") == "flask-socketio-coroutines"
        assert threads[0].startswith("flask-socketio-worker")

    def test_methods_of_classes(self, site: Site) -> None:
        seen = Until()

        class Chat(Namespace):
            async def on_connect(self) -> None:
                await asyncio.sleep(0)
                emit("welcome")

            async def on_say(self, text: str) -> str:
                await asyncio.sleep(0)
                return text.upper()

            async def on_disconnect(self) -> None:
                await asyncio.sleep(0)
                seen.set(request.sid)

        site.socketio.on_namespace(Chat("/chat"))
        client = site.connect("/chat")

        assert client.receive_event("/chat") == ["welcome"]
        assert client.call("say", "hello", namespace="/chat") == "HELLO"
        client.leave("/chat")
        assert seen.get() == client.sids["/chat"]

    def test_trigger_event(self, site: Site) -> None:
        class Chat(Namespace):
            async def trigger_event(self, event: str, *args: Any) -> str:
                await asyncio.sleep(0)
                return f"{event} {args[1:]}"

        site.socketio.on_namespace(Chat("/chat"))

        assert site.connect("/chat").call("x", 1, namespace="/chat") == "x (1,)"

    def test_connect_and_disconnect(self, site: Site) -> None:
        seen = Until()

        @site.socketio.on("connect")
        async def connect(auth: Any) -> bool:
            await asyncio.sleep(0)
            return auth == {"token": "please"}

        @site.socketio.on("disconnect")
        async def disconnect(reason: str) -> None:
            await asyncio.sleep(0)
            seen.set(reason)

        client = site.connect(None)
        with pytest.raises(RefusedError, match="Connection rejected by server"):
            client.connect()
        client.connect(auth={"token": "please"})
        client.leave()

        assert seen.get() == "client disconnect"

    def test_refusal(self, site: Site) -> None:
        @site.socketio.on("connect")
        async def connect() -> None:
            await asyncio.sleep(0)
            raise ConnectionRefusedError("closed", {"until": 8})

        with pytest.raises(RefusedError) as refused:
            site.connect()

        assert refused.value.data == {"message": "closed", "data": {"until": 8}}

    def test_callback(self, site: Site) -> None:
        seen = Until()

        async def answered(value: str) -> None:
            await asyncio.sleep(0)
            seen.set((value, request.sid))

        site.socketio.on_event("go", lambda: emit("question", callback=answered))
        client = site.connect()
        client.emit("go")
        client.answer("yes")

        assert seen.get() == ("yes", client.sid)

    def test_callback_that_no_event_asked_for(self, site: Site, caplog: Any) -> None:
        seen = Until()

        async def answered(value: str) -> None:
            await asyncio.sleep(0)
            seen.set(value)
            raise ExpectedError("in the callback")

        client = site.connect()
        site.socketio.emit("question", callback=answered)
        client.answer("yes")

        assert seen.get() == "yes"
        client.call("fence")
        site.stop()
        assert "ExpectedError: in the callback" in caplog.text


class TestContexts:
    def test_after_an_await_all_is_as_before(self, site: Site) -> None:
        @site.socketio.on("go")
        async def go(name: str) -> list[Any]:
            g.name = session["name"] = name
            await asyncio.sleep(0.001)
            join_room("r")
            emit("answer", to="r")
            after_this_request(lambda response: response)
            return [
                g.name,
                session["name"],
                request.args["number"],
                request.sid,
                request.namespace,
                request.event["message"],
                current_app.name,
                url_for("static", filename="a"),
                sorted(rooms()),
            ]

        clients = [site.connect(query=f"number={number}") for number in range(8)]
        asked = [client.start_call("go", f"n{number}") for number, client in enumerate(clients)]

        for number, (client, ack_id) in enumerate(zip(clients, asked, strict=True)):
            name = f"n{number}"
            own = [client.sid, "/", "go", site.app.name, "/static/a", sorted([client.sid, "r"])]
            assert client.finish_call(ack_id) == [[name, name, str(number), *own]]

    def test_session_is_kept(self, site: Site) -> None:
        @site.socketio.on("count")
        async def count() -> int:
            seen = session.get("count", 0)
            await asyncio.sleep(0)
            session["count"] = seen + 1
            return seen

        site.socketio.on_event("counted", lambda: session["count"])
        client = site.connect()

        assert [client.call("count"), client.call("count"), client.call("counted")] == [0, 1, 2]

    def test_nested_application_context(self, site: Site) -> None:
        @site.socketio.on("go")
        async def go() -> str:
            with site.app.app_context():
                await asyncio.sleep(0)
                emit("inside")
            await asyncio.sleep(0)
            return request.sid

        client = site.connect()

        assert client.call("go") == client.sid
        assert client.receive_event() == ["inside"]

    def test_tasks_of_a_handler(self, site: Site) -> None:
        @site.socketio.on("go")
        async def go() -> list[str]:
            async def sid() -> str:
                await asyncio.sleep(0)
                return request.sid

            return await asyncio.gather(sid(), asyncio.create_task(sid()))

        client = site.connect()

        assert client.call("go") == [client.sid, client.sid]

    def test_teardown_once_after_the_end(self, site: Site) -> None:
        seen: list[Any] = []
        site.app.teardown_request(lambda error: seen.append((request.event["message"], error)))

        @site.socketio.on("go")
        async def go() -> None:
            await asyncio.sleep(0.001)
            seen.append("end of the handler")

        client = site.connect()
        client.call("go")
        client.call("fence")

        assert seen[:3] == ["end of the handler", ("go", None), ("fence", None)]

    def test_nothing_is_left_on_the_loop(self, site: Site) -> None:
        @site.socketio.on("go")
        async def go(name: str | None = None) -> str | None:
            if name is not None:
                g.name = name
            await asyncio.sleep(0)
            return g.get("name")

        client = site.connect()

        assert [client.call("go", "ann"), client.call("go")] == ["ann", None]

    def test_to_thread(self, site: Site) -> None:
        @site.socketio.on("go")
        async def go() -> Any:
            return await asyncio.to_thread(call, "question", timeout=5)

        client = site.connect()
        asked = client.start_call("go")
        client.answer("yes")

        assert client.finish_call(asked) == ["yes"]


class TestErrors:
    @pytest.fixture
    def failing(self, site: Site) -> Site:
        @site.socketio.on("fail")
        async def fail() -> None:
            await asyncio.sleep(0)
            raise ExpectedError("why")

        return site

    def test_signal_and_log(self, failing: Site, caplog: pytest.LogCaptureFixture) -> None:
        seen: list[Any] = []

        def receiver(app: Any, exception: Exception) -> None:
            seen.append((str(exception), request.event["message"]))

        client = failing.connect()
        with got_request_exception.connected_to(receiver):
            client.start_call("fail")
            assert client.drain() == []

        assert seen == [("why", "fail")]
        assert "the handler of 'fail' in namespace '/' failed" in caplog.text
        assert "ExpectedError: why" in caplog.text

    def test_error_handler_that_is_a_function(self, failing: Site) -> None:
        failing.socketio.on_error()(lambda error: f"{error} {request.event['message']}")

        assert failing.connect().call("fail") == "why fail"

    def test_error_handler_that_is_a_coroutine_function(self, failing: Site) -> None:
        @failing.socketio.on_error_default
        async def on_error(error: Exception) -> list[Any]:
            await asyncio.sleep(0)
            return [str(error), request.event["message"], sys.exc_info()[1] is error]

        failing.socketio.on_event("divide", lambda: 1 / 0)
        client = failing.connect()

        assert client.call("fail") == ["why", "fail", True]
        assert client.call("divide") == ["division by zero", "divide", True]

    def test_error_handler_that_fails(
        self, failing: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        @failing.socketio.on_error_default
        async def on_error(error: Exception) -> None:
            await asyncio.sleep(0)
            raise

        client = failing.connect()
        client.start_call("fail")

        assert client.drain() == []
        assert "ExpectedError: why" in caplog.text

    def test_sys_exit_and_cancellation_end_the_handler_only(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        @site.socketio.on("exit")
        async def leave() -> None:
            sys.exit("expected by the test")

        @site.socketio.on("cancel")
        async def cancel() -> None:
            raise asyncio.CancelledError

        site.socketio.on_event("go", asyncio.sleep)
        client = site.connect()
        client.start_call("exit")
        client.start_call("cancel")

        assert client.call("go", 0, "goes on") == "goes on"
        assert "SystemExit: expected by the test" in caplog.text
        assert "the coroutine was cancelled" in caplog.text

    @pytest.mark.parametrize(
        ("function", "advice"),
        [
            (lambda site: site.socketio.sleep(1), r"await asyncio\.sleep"),
            (lambda site: call("x"), r"await asyncio\.to_thread\(call"),
            (lambda site: site.socketio.call("x", to="a"), r"await asyncio\.to_thread\(call"),
        ],
    )
    def test_calls_that_block_the_loop(self, site: Site, function: Any, advice: str) -> None:
        errors: list[Any] = []

        @site.socketio.on("go")
        async def go() -> None:
            function(site)

        site.socketio.on_error()(errors.append)
        site.connect().start_call("go")
        site.clients[0].drain()

        assert [type(error).__name__ for error in errors] == ["UsageError"]
        with pytest.raises(type(errors[0]), match=advice):
            raise errors[0]
