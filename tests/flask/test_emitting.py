"""emit, send and call: what is sent, to whom, and what comes back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from tests.flask.site import Site

from flask_socketio import (
    OutsideEventError,
    SocketIO,
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
    from collections.abc import Callable, Iterator

    from tests.flask.client import Client


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
        caplog.set_level("WARNING", "flask_socketio")
        client = site.connect()
        site.socketio.emit("big", [b""] * 11)

        assert len(client.receive_event()[1]) == 11
        assert "event 'big' has 11 binary attachments" in caplog.text


@pytest.fixture(scope="module")
def crowd() -> Iterator[list[Client]]:
    """Three clients, the same for all tests. The event ``do`` takes keywords for an emit."""
    site = Site()
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

    site.socketio.on_event("join", join_room)
    clients = [site.connect() for _ in range(3)]
    for client, room in zip(clients, ["r", "r", "s"], strict=True):
        client.call("join", room)
    clients[2].call("join", 2)
    yield clients
    site.close()


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
        crowd[0].emit("do", function, with_sids(options, crowd))

        assert receivers(crowd) == expected

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
        assert site.socketio.service.engine.counters.undelivered == 1

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
            (emit, "broadcasts", "emit().*'broadcast'"),
            (send, "inlcude_self", "send().*'include_self'"),
            (call, "time_out", "call().*'timeout'"),
            (SocketIO().emit, "skip_sids", "emit().*'skip_sid'"),
            (SocketIO().send, "names", "send().*'namespace'"),
            (SocketIO().call, "timeouts", "call().*'timeout'"),
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

    def test_timer(self, site: Site) -> None:
        client = site.connect()
        timer = threading.Timer(0, site.socketio.emit, ("x", "from the timer"))
        timer.start()
        timer.join()

        assert client.receive_event() == ["x", "from the timer"]

    def test_script_without_a_server(self) -> None:
        app = Flask(__name__)
        socketio = SocketIO(app)
        with app.app_context(), pytest.raises(OutsideEventError):
            emit("x")
        with app.app_context():
            socketio.emit("x", "to nobody", to="r")
        with pytest.raises(TypeError):
            socketio.emit("x", object())
