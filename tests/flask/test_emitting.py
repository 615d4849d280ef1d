"""emit, send and call: what is sent, to whom, and what comes back."""

from __future__ import annotations

import builtins
import threading
from typing import TYPE_CHECKING, Any

import pytest
from flask import g, request
from tests.flask.site import Until

import flask_socketio
from flask_socketio import (
    DisconnectedError,
    OutsideEventError,
    SocketIO,
    TimeoutError,
    UnknownOptionError,
    UsageError,
    call,
    close_room,
    disconnect,
    emit,
    join_room,
    leave_room,
    rooms,
    send,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flask.client import Client
    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site


class TestData:
    @pytest.mark.parametrize(
        ("data", "received"),
        [
            ((), []),
            ((None,), []),
            (((),), []),
            (((None,),), [None]),
            ((1,), [1]),
            (("text",), ["text"]),
            (([1, 2],), [[1, 2]]),
            ((("foo", "bar", 3),), ["foo", "bar", 3]),
            ((1, 2), [1, 2]),
            ((1, None), [1, None]),
            (((1, 2), 3), [[1, 2], 3]),
            ((b"\0\xff",), [b"\0\xff"]),
            (({"a": b"1", "b": [b"2"]}, b"3"), [{"a": b"1", "b": [b"2"]}, b"3"]),
        ],
    )
    def test_arguments(self, site: Site, data: tuple[Any, ...], received: list[Any]) -> None:
        site.socketio.on_event("go", lambda: emit("answer", *data))
        client = site.connect()
        client.emit("go")
        site.socketio.emit("answer", *data)

        assert client.receive_event() == ["answer", *received]
        assert client.receive_event() == ["answer", *received]

    @pytest.mark.parametrize(
        ("result", "ack"),
        [
            (None, []),
            ("one", ["one"]),
            (("one", 2), ["one", 2]),
            ([1, 2], [[1, 2]]),
            ((), []),
            (False, [False]),
            (b"\0", [b"\0"]),
        ],
    )
    def test_ack(self, site: Site, result: Any, ack: list[Any]) -> None:
        site.socketio.on_event("go", lambda: result)
        client = site.connect()

        assert client.finish_call(client.start_call("go")) == ack

    def test_send_is_emit_message(self, site: Site) -> None:
        @site.socketio.on("go")
        def go() -> None:
            send("a")
            emit("message", "b")
            send({"c": 1}, json=True)
            site.socketio.send("d")
            site.socketio.send("e", json=True)

        client = site.connect()
        client.emit("go")

        assert client.drain() == [
            ["message", "a"],
            ["message", "b"],
            ["json", {"c": 1}],
            ["message", "d"],
            ["json", "e"],
        ]

    @pytest.mark.parametrize(
        "name",
        [
            "connect",
            "connect_error",
            "disconnect",
            "disconnecting",
            "newListener",
            "removeListener",
        ],
    )
    def test_reserved_names(self, site: Site, name: str) -> None:
        with pytest.raises(UsageError, match=f"{name}' is reserved"):
            site.socketio.emit(name)

    def test_data_that_cannot_be_encoded_raises_here_and_nothing_is_sent(self, site: Site) -> None:
        @site.socketio.on("go")
        def go() -> str:
            with pytest.raises(TypeError, match="not JSON serializable"):
                emit("answer", {"a": [b"1", object()]})
            with pytest.raises(ValueError, match="JSON"):
                site.socketio.emit("answer", float("nan"))
            return "both raised"

        client = site.connect()

        assert client.call("go") == "both raised"
        assert client.drain() == []

    def test_ack_that_cannot_be_encoded(self, site: Site, caplog: Any) -> None:
        site.socketio.on_event("go", object)
        client = site.connect()
        client.start_call("go")

        assert client.drain() == []
        assert "the handler of 'go' in namespace '/' failed" in caplog.text
        assert "not JSON serializable" in caplog.text

    def test_many_attachments_are_warned_of(self, site: Site, caplog: Any) -> None:
        client = site.connect()
        site.socketio.emit("big", [b""] * 11)

        assert len(client.receive_event()[1]) == 11
        assert "event 'big' has 11 binary attachments" in caplog.text


@pytest.fixture
def crowd(site: Site) -> list[Client]:
    """Three clients. The event ``emit`` passes its argument on as keywords."""
    functions: dict[str, Callable[..., None]] = {
        "emit": emit,
        "send": send,
        "socketio.emit": site.socketio.emit,
        "socketio.send": site.socketio.send,
    }

    @site.socketio.on("do")
    def do(function: str, options: dict[str, Any]) -> None:
        if function.endswith("send"):
            functions[function]("x", **options)
        else:
            functions[function]("message", "x", **options)

    site.socketio.on_event("join", lambda room: join_room(room))
    site.socketio.on_event("leave", lambda room: leave_room(room))
    site.socketio.on_event("close", lambda room: close_room(room))
    return [site.connect() for _ in range(3)]


def receivers(crowd: list[Client]) -> list[int]:
    """Say who received how many messages."""
    crowd[0].call("fence")
    return [len(client.drain()) for client in crowd]


class TestAddressing:
    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({}, [1, 0, 0]),
            ({"broadcast": True}, [1, 1, 1]),
            ({"broadcast": True, "include_self": False}, [0, 1, 1]),
            ({"include_self": False}, [0, 0, 0]),
            ({"to": "r"}, [1, 1, 0]),
            ({"room": "r"}, [1, 1, 0]),
            ({"to": "r", "room": "r"}, [1, 1, 0]),
            ({"to": "r", "broadcast": True}, [1, 1, 0]),
            ({"to": ["r"]}, [1, 1, 0]),
            ({"to": ["r", "s"]}, [1, 1, 1]),
            ({"to": ["r", "s"], "include_self": False}, [0, 1, 1]),
            ({"to": []}, [0, 0, 0]),
            ({"to": "nobody"}, [0, 0, 0]),
            ({"to": 2}, [0, 0, 1]),
            ({"to": "sid 1"}, [0, 1, 0]),
            ({"to": ["sid 1", "r"]}, [1, 1, 0]),
            ({"skip_sid": "sid 0"}, [0, 0, 0]),
            ({"broadcast": True, "skip_sid": "sid 1"}, [1, 0, 1]),
            ({"broadcast": True, "skip_sid": ["sid 1", "sid 2"]}, [1, 0, 0]),
            ({"broadcast": True, "skip_sid": "sid 1", "include_self": False}, [0, 0, 1]),
            ({"broadcast": True, "ignore_queue": True}, [1, 1, 1]),
        ],
    )
    @pytest.mark.parametrize("function", ["emit", "send"])
    def test_current_client(
        self, crowd: list[Client], function: str, options: Any, expected: list[int]
    ) -> None:
        self.prepare(crowd)

        crowd[0].emit("do", function, with_sids(options, crowd))

        assert receivers(crowd) == expected

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({}, [1, 1, 1]),
            ({"broadcast": True}, [1, 1, 1]),
            ({"include_self": False}, [0, 1, 1]),
            ({"skip_sid": "sid 1"}, [1, 0, 1]),
            ({"skip_sid": "sid 1", "include_self": False}, [0, 0, 1]),
            ({"to": "r"}, [1, 1, 0]),
            ({"room": "r", "include_self": False}, [0, 1, 0]),
            ({"to": "sid 2", "ignore_queue": True}, [0, 0, 1]),
        ],
    )
    @pytest.mark.parametrize("function", ["socketio.emit", "socketio.send"])
    def test_server(
        self, crowd: list[Client], function: str, options: Any, expected: list[int]
    ) -> None:
        self.prepare(crowd)

        crowd[0].emit("do", function, with_sids(options, crowd))

        assert receivers(crowd) == expected

    def prepare(self, crowd: list[Client]) -> None:
        for client, room in zip(crowd, ["r", "r", "s"], strict=True):
            client.call("join", room)
        crowd[2].call("join", 2)

    def test_to_and_room_that_differ(self, site: Site) -> None:
        with pytest.raises(UsageError, match="to='a' and room='b' are the same argument"):
            site.socketio.emit("x", to="a", room="b")

    def test_room_that_is_not_hashable(self, site: Site) -> None:
        with pytest.raises(TypeError, match="unhashable"):
            site.socketio.emit("x", to={"a": 1})  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="unhashable"):
            site.socketio.emit("x", to=[["a"]])

    def test_other_namespace_of_the_same_client(self, site: Site) -> None:
        site.socketio.on_event("none", lambda: None, namespace="/chat")
        site.socketio.on_event("go", lambda: emit("x", namespace="/chat"))
        ann, bob = site.connect(), site.connect()
        ann.connect("/chat")
        bob.connect("/chat")
        ann.emit("go")

        assert ann.drain("/chat") == [["x"]]
        assert bob.drain("/chat") == []

    def test_other_namespace_that_the_client_is_not_in(self, site: Site) -> None:
        site.socketio.on_event("go", lambda: emit("x", namespace="/chat"))
        client = site.connect()
        client.emit("go")

        assert client.drain() == []
        assert site.socketio.server.engine.counters.undelivered == 1

    def test_empty_namespace_is_the_global_one(self, site: Site) -> None:
        site.socketio.on_event("go", lambda: emit("x", namespace=""), namespace="/chat")
        client = site.connect()
        client.connect("/chat")
        client.emit("go", namespace="/chat")

        assert client.receive_event("/") == ["x"]


def with_sids(options: dict[str, Any], crowd: list[Client]) -> dict[str, Any]:
    def replace(value: Any) -> Any:
        if isinstance(value, list):
            return [replace(item) for item in value]
        if isinstance(value, str) and value.startswith("sid "):
            return crowd[int(value[4:])].sid
        return value

    return {name: replace(value) for name, value in options.items()}


class TestUnknownKeywords:
    @pytest.mark.parametrize(
        ("function", "keyword", "nearest"),
        [
            (emit, "brodcast", "emit().*'broadcast'"),
            (send, "inlcude_self", "send().*'include_self'"),
            (call, "time_out", "call().*'timeout'"),
            (SocketIO().emit, "skip_sids", "emit().*'skip_sid'"),
            (SocketIO().send, "names", "send().*'namespace'"),
            (SocketIO().call, "timeot", "call().*'timeout'"),
        ],
    )
    def test_nearest_name(self, function: Any, keyword: str, nearest: str) -> None:
        with pytest.raises(UnknownOptionError, match=nearest.replace("()", r"\(\)")) as error:
            function("x", **{keyword: 1})
        assert isinstance(error.value, TypeError)

    def test_nothing_near(self) -> None:
        with pytest.raises(UnknownOptionError, match=r"no option 'zzz'$"):
            emit("x", zzz=1)  # type: ignore[arg-type]


class TestOutside:
    @pytest.mark.parametrize(
        ("function", "args", "advice"),
        [
            (emit, ("x",), r"socketio\.emit\(\.\.\., to=\.\.\.\)"),
            (send, ("x",), r"socketio\.emit\(\.\.\., to=\.\.\.\)"),
            (call, ("x",), r"socketio\.call"),
            (join_room, ("r",), "in a handler"),
            (leave_room, ("r",), "in a handler"),
            (close_room, ("r",), r"socketio\.close_room"),
            (rooms, (), "in a handler"),
            (disconnect, (), "in a handler"),
        ],
    )
    def test_no_context(self, function: Any, args: tuple[Any, ...], advice: str) -> None:
        with pytest.raises(OutsideEventError, match=advice) as error:
            function(*args)
        assert isinstance(error.value, RuntimeError)

    def test_route(self, site: Site) -> None:
        @site.app.route("/")
        def index() -> str:
            with pytest.raises(OutsideEventError):
                emit("x")
            site.socketio.emit("x", "from the route")
            return "done"

        client = site.connect()

        assert site.get("/").body == "done"
        assert client.receive_event() == ["x", "from the route"]

    def test_socketio_emit_in_a_plain_thread(self, site: Site) -> None:
        client = site.connect()
        thread = threading.Thread(target=lambda: site.socketio.emit("x", include_self=False))
        thread.start()
        thread.join()

        assert client.receive_event() == ["x"]


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
        site.socketio.emit("ask", callback=lambda: seen.set(flask_socketio.functions.current_origin()))
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
        client.emit("go")
        client.call("next")
        client.answer("yes")
        client.drain()

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

        with pytest.raises(TimeoutError, match="no answer to 'ask' within 0.01 s") as error:
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
