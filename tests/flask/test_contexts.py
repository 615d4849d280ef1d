"""The contexts of events: request, g, current_app, hooks, signals, threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from flask import (
    Flask,
    after_this_request,
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    copy_current_request_context,
    current_app,
    g,
    has_app_context,
    has_request_context,
    render_template_string,
    request,
    request_tearing_down,
    session,
    url_for,
)
from tests.flask.site import Until

from flask_socketio import emit
from flask_socketio.event_context import current_origin

if TYPE_CHECKING:
    from tests.flask.site import Site

THREADS = 8


class TestRequest:
    def test_handshake(self, site: Site) -> None:
        @site.socketio.on("go")
        def go() -> tuple[Any, ...]:
            return (
                request.args.get("who"),
                request.headers["X-Custom"],
                request.cookies["color"],
                request.remote_addr,
                request.path,
                request.method,
            )

        client = site.connect(headers={"X-Custom": "yes", "Cookie": "color=red"}, query="who=ann")

        expected = ["ann", "yes", "red", "127.0.0.1", "/socket.io/", "GET"]
        assert client.call("go") == expected
        assert client.call("go") == expected

    def test_event(self, site: Site) -> None:
        @site.socketio.on("go", namespace="/chat")
        def go(*args: Any) -> Any:
            assert request.event["args"] == args
            return request.sid, request.namespace, request.event["message"]

        client = site.connect("/chat")

        answer = client.call("go", 1, [2], namespace="/chat")
        assert answer == [client.sids["/chat"], "/chat", "go"]

    def test_catch_all(self, site: Site) -> None:
        site.socketio.on_event("*", lambda name, *args: request.event["message"])

        assert site.connect().call("what ever", 1) == "what ever"

    def test_connection_events(self, site: Site) -> None:
        seen: list[Any] = []
        for name in ("connect", "disconnect"):
            site.socketio.on_event(name, lambda argument: seen.append(request.event))
        client = site.connect(None)
        client.connect(auth={"a": 1})
        client.leave()
        client.connect("/")
        site.stop()

        assert seen[:2] == [
            {"message": "connect", "args": ({"a": 1},)},
            {"message": "disconnect", "args": ("client disconnect",)},
        ]

    def test_attributes_belong_to_their_event(self, site: Site) -> None:
        @site.socketio.on("go")
        def go() -> bool:
            seen = hasattr(request, "mark")
            request.mark = True
            return seen

        client = site.connect()

        assert [client.call("go"), client.call("go")] == [False, False]

    def test_request_class_of_the_application(self, site: Site) -> None:
        class Custom(Flask.request_class):
            @property
            def user_name(self) -> str:
                return str(self.args["who"])

        site.app.request_class = Custom
        site.socketio.on_event("go", lambda: request.user_name)

        assert site.connect(query="who=ann").call("go") == "ann"


class TestApplicationContext:
    def test_g_is_fresh(self, site: Site) -> None:
        @site.socketio.on("go")
        def go() -> bool:
            seen = "mark" in g
            g.mark = True
            return seen

        client = site.connect()

        assert [client.call("go"), client.call("go")] == [False, False]

    def test_current_app(self, site: Site) -> None:
        site.socketio.on_event("go", lambda: current_app._get_current_object() is site.app)

        assert site.connect().call("go") is True

    def test_url_for(self, site: Site) -> None:
        site.app.add_url_rule("/page/<int:number>", "page", str)

        @site.socketio.on("go")
        def go() -> tuple[str, ...]:
            return (
                url_for("page", number=1),
                url_for("page", number=1, _external=True),
                url_for("static", filename="a.css"),
            )

        client = site.connect()

        expected = ["/page/1", f"http://127.0.0.1:{site.port}/page/1", "/static/a.css"]
        assert client.call("go") == expected
        assert client.call("go") == expected

    def test_templates(self, site: Site) -> None:
        @site.app.context_processor
        def values() -> dict[str, str]:
            return {"extra": "more"}

        @site.socketio.on("go")
        def go() -> str:
            return render_template_string("{{ request.sid }} {{ extra }} {{ session.get('a') }}")

        client = site.connect()

        assert client.call("go") == f"{client.sid} more None"

    def test_nested_application_context(self, site: Site) -> None:
        @site.socketio.on("go")
        def go() -> list[Any]:
            g.mark = "outer"
            seen = []
            with site.app.app_context():
                seen.append("mark" in g)
                seen.append(current_app.name)
            seen.append(g.mark)
            seen.append(request.sid)
            emit("still works")
            return seen

        client = site.connect()

        assert client.call("go") == [False, site.app.name, "outer", client.sid]
        assert client.receive_event() == ["still works"]

    def test_emit_inside_a_nested_application_context(self, site: Site) -> None:
        @site.socketio.on("go")
        def go() -> None:
            with site.app.app_context():
                emit("works")

        client = site.connect()
        client.emit("go")

        assert client.drain() == [["works"]]

    def test_nested_request_context_is_no_event(self, site: Site) -> None:
        @site.socketio.on("go")
        def go() -> bool:
            with site.app.test_request_context("/"):
                inside = current_origin()
            return inside is None and current_origin() is not None

        assert site.connect().call("go") is True


class TestHooks:
    def test_after_this_request_is_accepted(self, site: Site) -> None:
        seen: list[Any] = []
        site.socketio.on_event("go", lambda: after_this_request(seen.append) and None)

        assert site.connect().call("go") is None
        assert seen == []

    def test_teardown_once_with_the_error(self, site: Site) -> None:
        seen: list[Any] = []
        site.app.teardown_request(lambda error: seen.append(("request", repr(error))))
        site.app.teardown_appcontext(lambda error: seen.append(("app", repr(error))))

        @site.socketio.on("go")
        def go(fail: bool) -> None:
            if fail:
                raise RuntimeError("expected by the test")

        client = site.connect(None)
        client.send_packet("0")
        client.emit("go", False)
        client.emit("go", True)
        client.drain()
        error = "RuntimeError('expected by the test')"
        assert seen[:4] == [
            ("request", "None"),
            ("app", "None"),
            ("request", error),
            ("app", error),
        ]

    def test_teardown_without_errors_that_were_handled(self, site: Site) -> None:
        seen: list[Any] = []
        site.app.teardown_request(seen.append)
        site.socketio.on_error()(lambda error: None)
        site.socketio.on_event("go", lambda: 1 / 0)
        client = site.connect()
        client.emit("go")
        client.drain()

        assert seen[:1] == [None]

    def test_teardown_after_a_refusal(self, site: Site) -> None:
        seen = Until()
        site.app.teardown_request(seen.set)
        site.socketio.on_event("connect", lambda: False)
        site.connect(None).send_packet("0")

        assert seen.get() is None

    def test_request_is_there_in_teardown(self, site: Site) -> None:
        seen = Until()
        site.app.teardown_appcontext(
            lambda error: seen.set((request.sid, has_app_context(), has_request_context()))
        )
        site.socketio.on_event("go", lambda: None)
        client = site.connect()
        client.emit("go")

        assert seen.get() == (client.sid, True, True)

    def test_before_and_after_request_are_not_run(self, site: Site) -> None:
        seen: list[str] = []
        site.app.before_request(lambda: seen.append("before"))
        site.app.after_request(lambda response: seen.append("after") or response)
        site.connect().drain()

        assert seen == []

    @pytest.mark.parametrize(
        "signal", [appcontext_pushed, appcontext_tearing_down, appcontext_popped]
    )
    def test_signals(self, site: Site, signal: Any) -> None:
        seen: list[Any] = []

        def receiver(app: Flask, **_: Any) -> None:
            seen.append(app)

        client = site.connect()
        client.drain()
        with signal.connected_to(receiver):
            client.drain()
            site.stop()

        assert seen == [site.app]

    def test_a_receiver_that_fails_leaves_no_context_behind(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        failed = Until()

        def receiver(app: Flask, **_: Any) -> None:
            failed.set()
            raise RuntimeError("expected by the test")

        seen: list[bool] = []
        site.app.add_url_rule("/", "index", lambda: str(hasattr(request, "sid")))
        site.socketio.on_event("late", lambda: seen.append(has_app_context()))
        client = site.connect()
        client.drain()
        with appcontext_pushed.connected_to(receiver):
            client.emit("late")
            failed.get()
        client.drain()
        assert seen == []
        assert "expected by the test" in caplog.text
        assert site.get("/").body == "False"

    def test_tearing_down_signal_of_the_request(self, site: Site) -> None:
        seen: list[Any] = []

        def receiver(app: Flask, **values: Any) -> None:
            seen.append(values["exc"])

        client = site.connect()
        with request_tearing_down.connected_to(receiver):
            client.drain()
            site.stop()

        assert seen == [None]

    def test_nothing_is_left_on_the_worker(self, site: Site) -> None:
        seen: list[Any] = []
        site.app.add_url_rule(
            "/", "index", lambda: str(seen.append((request.path, hasattr(request, "sid"))))
        )
        client = site.connect()
        client.drain()
        site.get("/")
        client.drain()

        assert seen == [("/", False)]


class TestThreads:
    def test_copy_current_request_context(self, site: Site) -> None:
        seen = Until()

        @site.socketio.on("go")
        def go() -> None:
            session["name"] = "ann"

            @copy_current_request_context
            def work() -> None:
                emit("from the thread", session["name"])
                g.mark = True
                seen.set((request.sid, request.namespace, current_app.name, session["name"]))

            threading.Thread(target=work).start()

        client = site.connect()
        client.emit("go")

        assert client.receive_event() == ["from the thread", "ann"]
        assert seen.get() == (client.sid, "/", site.app.name, "ann")

    def test_copy_after_the_event_has_ended(self, site: Site) -> None:
        ended, seen = threading.Event(), Until()

        @site.socketio.on("go")
        def go() -> None:
            @copy_current_request_context
            def work() -> None:
                ended.wait(5)
                seen.set((request.sid, session.get("name"), url_for("static", filename="a")))

            threading.Thread(target=work).start()

        client = site.connect()
        client.call("go")
        ended.set()

        assert seen.get() == (client.sid, None, "/static/a")

    def test_events_of_many_clients_at_once(self, site: Site) -> None:
        barrier = threading.Barrier(THREADS)

        @site.socketio.on("go")
        def go(number: int) -> list[Any]:
            g.number = session["number"] = number
            barrier.wait(5)
            return [g.number, session["number"], request.args["number"], request.sid]

        clients = [site.connect(query=f"number={number}") for number in range(THREADS)]
        asked = [client.start_call("go", number) for number, client in enumerate(clients)]

        for number, (client, ack_id) in enumerate(zip(clients, asked, strict=True)):
            answer = client.finish_call(ack_id)
            assert answer == [[number, number, str(number), client.sid]]
