"""Answers of clients: callbacks, and call."""

from __future__ import annotations

import builtins
import threading
from typing import TYPE_CHECKING, Any

import pytest
from flask import g, request
from tests.flask.site import Until

from flask_socketio import DisconnectedError, TimeoutError, UsageError, call, emit, join_room
from flask_socketio.event_context import current_origin

if TYPE_CHECKING:
    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site


class TestCallbacks:
    def test_current_client(self, site: Site) -> None:
        answer = Until()
        site.socketio.on_event(
            "go", lambda: emit("ask", 1, callback=lambda *args: answer.set(args))
        )
        client = site.connect()
        client.emit("go")

        assert client.answer("one", 2) == ["ask", 1]
        assert answer.get() == ("one", 2)

    @pytest.mark.parametrize("options", [{"to": "r"}, {"broadcast": True}])
    def test_once_for_each_client(self, site: Site, options: Any) -> None:
        answers: list[str] = []
        site.socketio.on_event("connect", lambda auth: join_room("r"))
        site.socketio.on_event("go", lambda: emit("ask", callback=answers.append, **options))
        clients = [site.connect() for _ in range(3)]
        clients[0].emit("go")
        for number, client in enumerate(clients):
            client.answer(number)
            client.drain()

        assert sorted(answers) == [0, 1, 2]

    def test_answer_twice(self, site: Site) -> None:
        answers: list[Any] = []
        client = site.connect()
        site.socketio.emit("ask", callback=answers.append)
        packet = client.receive_packet()
        for _ in range(2):
            client.send_packet("3", data=["x"], ack_id=packet.ack_id)
        client.drain()

        assert answers == ["x"]

    def test_context_is_the_emitters(self, site: Site) -> None:
        seen = Until()

        def answered() -> None:
            emit("thanks")
            seen.set((request.sid, request.namespace, request.args.get("who")))

        @site.socketio.on("go", namespace="/chat")
        def go(sid: str) -> None:
            emit("ask", to=sid, callback=answered)

        ann, bob = site.connect(None, query="who=ann"), site.connect(None)
        ann.connect("/chat")
        bob.connect("/chat")
        ann.emit("go", bob.sids["/chat"], namespace="/chat")
        bob.answer(namespace="/chat")

        assert seen.get() == (ann.sids["/chat"], "/chat", "ann")
        assert ann.receive_event("/chat") == ["thanks"]

    def test_without_event_there_is_no_context(self, site: Site) -> None:
        seen = Until()
        client = site.connect()
        site.socketio.emit("ask", callback=lambda: seen.set(current_origin()))
        client.answer()

        assert seen.get() is None

    def test_error_in_a_callback_goes_to_the_error_handler(self, site: Site) -> None:
        seen = Until()
        site.socketio.on_error()(seen.set)
        site.socketio.on_event("go", lambda: emit("ask", callback=lambda: 1 / 0))
        client = site.connect()
        client.emit("go")
        client.answer()

        assert isinstance(seen.get(), ZeroDivisionError)

    def test_error_in_a_callback_without_context_is_logged(self, site: Site, caplog: Any) -> None:
        client = site.connect()
        site.socketio.emit("ask", callback=lambda: 1 / 0)
        client.answer()
        client.drain()
        site.stop()

        assert "a callback failed" in caplog.text

    def test_other_namespace(self, site: Site) -> None:
        answer = Until()
        site.socketio.on_event("none", lambda: None, namespace="/chat")
        site.socketio.on_event("go", lambda: emit("ask", namespace="/chat", callback=answer.set))
        client = site.connect()
        client.connect("/chat")
        client.emit("go")
        client.answer("yes", namespace="/chat")

        assert answer.get() == "yes"

    def test_client_leaves_without_answer(self, site: Site) -> None:
        called = Until()
        client = site.connect()
        site.socketio.emit("ask", callback=called.set)
        client.receive_packet()
        client.leave()
        client.connect("/")
        client.drain()

        assert not called.is_set

    def test_answer_that_is_not_json(self, site: Site) -> None:
        called = Until()
        client = site.connect()
        site.socketio.emit("ask", callback=called.set)
        client._websocket.send(f"43{client.receive_packet().ack_id}[nonsense")

        assert client.wait_for_close()[0] == 1002
        assert not called.is_set


class TestCall:
    @pytest.mark.parametrize(
        ("answer", "value"), [((), None), ((1,), 1), ((1, 2), (1, 2)), (([1, 2],), [1, 2])]
    )
    def test_value(self, site: Site, answer: tuple[Any, ...], value: Any) -> None:
        seen = Until()
        site.socketio.on_event("go", lambda: seen.set(call("ask", "what", 1)))
        client = site.connect()
        client.emit("go")

        assert client.answer(*answer) == ["ask", "what", 1]
        assert seen.get() == value

    def test_strictly_ordered_handlers(self, make_site: MakeSite) -> None:
        site = make_site(async_handlers=False)
        seen: list[Any] = []

        @site.socketio.on("go")
        def go() -> None:
            seen.append(call("ask"))
            seen.append("end")

        site.socketio.on_event("next", lambda: seen.append("next"))
        client = site.connect()
        client.emit("go")
        client.emit("next")
        client.answer("yes")
        client.drain()

        assert seen == ["yes", "end", "next"]

    def test_next_handler_runs_meanwhile(self, site: Site) -> None:
        seen: list[Any] = []
        site.socketio.on_event("go", lambda: seen.append(call("ask")))
        site.socketio.on_event("next", lambda: seen.append("next"))
        client = site.connect()
        ack_id = client.start_call("go")
        client.call("next")
        client.answer("yes")
        client.finish_call(ack_id)

        assert seen == ["next", "yes"]

    def test_other_client(self, site: Site) -> None:
        site.socketio.on_event("go", lambda sid: call("ask", to=sid))
        ann, bob = site.connect(), site.connect()
        ack_id = ann.start_call("go", bob.sid)
        bob.answer("bob")

        assert ann.finish_call(ack_id) == ["bob"]

    def test_from_a_route(self, site: Site) -> None:
        site.app.add_url_rule(
            "/<sid>", "ask", lambda sid: site.socketio.call("ask", to=sid, timeout=5)
        )
        client = site.connect()
        answers: list[str] = []
        page = threading.Thread(target=lambda: answers.append(site.get(f"/{client.sid}").body))
        page.start()
        client.answer("asked")
        page.join()

        assert answers == ["asked"]

    def test_time_out(self, site: Site) -> None:
        client = site.connect()

        with pytest.raises(TimeoutError, match=r"no answer to 'ask' within 0\.01 s") as error:
            site.socketio.call("ask", to=client.sid, timeout=0.01)
        assert isinstance(error.value, builtins.TimeoutError)
        assert not isinstance(error.value, DisconnectedError)

    def test_late_answer_is_ignored(self, site: Site) -> None:
        client = site.connect()
        with pytest.raises(TimeoutError):
            site.socketio.call("ask", to=client.sid, timeout=0)
        client.answer("late")

        assert client.drain() == []

    def test_client_goes(self, site: Site) -> None:
        client = site.connect()
        failed = Until()

        def ask() -> None:
            with pytest.raises(DisconnectedError) as error:
                site.socketio.call("ask", to=client.sid)
            failed.set(error.value)

        thread = threading.Thread(target=ask)
        thread.start()
        client.receive_event()
        client.close()

        assert isinstance(failed.get(), TimeoutError)
        thread.join()

    def test_unknown_client(self, site: Site) -> None:
        site.connect()

        with pytest.raises(DisconnectedError, match="sent 'ask' is not connected"):
            site.socketio.call("ask", to="nobody", namespace="/unknown")

    def test_before_the_server_runs(self, site: Site) -> None:
        with pytest.raises(DisconnectedError):
            site.socketio.call("ask", to="nobody")

    def test_answer_that_is_not_json(self, site: Site) -> None:
        failed = Until()

        @site.socketio.on("go")
        def go() -> None:
            with pytest.raises(DisconnectedError):
                call("ask")
            failed.set(True)

        client = site.connect()
        client.emit("go")
        client._websocket.send(f"43{client.receive_packet().ack_id}[nonsense")

        assert failed.get()
        assert client.wait_for_close()[0] == 1002

    def test_needs_a_client(self, site: Site) -> None:
        with pytest.raises(UsageError, match="call\\(\\) needs to="):
            site.socketio.call("ask")

    def test_time_out_in_a_handler_without_context_left(self, site: Site) -> None:
        @site.socketio.on("go")
        def go() -> str:
            g.before = True
            with pytest.raises(TimeoutError):
                call("ask", timeout=0.01)
            return "still here" if g.before and request.sid else ""

        assert site.connect().call("go") == "still here"
