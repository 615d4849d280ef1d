"""Connect and disconnect handlers: who gets in, and what refused clients are told."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import pytest
from flask import request
from tests.flask.client import CONNECT, CONNECT_ERROR, DISCONNECT, RefusedError
from tests.flask.site import Until

from flask_socketio import (
    ConnectionRefusedError,
    SocketIO,
    disconnect,
    emit,
    join_room,
    rooms,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site


def refusal_of(site: Site, **options: Any) -> Any:
    with pytest.raises(RefusedError) as refusal:
        site.connect(None).connect(**options)
    return refusal.value.data


class TestAccepting:
    def test_auth(self, site: Site) -> None:
        seen: list[Any] = []
        site.socketio.on_event("connect", seen.append)
        client = site.connect(None)

        client.connect(auth={"token": "t"})

        assert seen == [{"token": "t"}]

    def test_no_auth(self, site: Site) -> None:
        seen: list[Any] = []
        site.socketio.on_event("connect", seen.append)

        site.connect()

        assert seen == [None]

    @pytest.mark.parametrize("result", [None, True, 0, "", {}])
    def test_only_false_refuses(self, site: Site, result: Any) -> None:
        site.socketio.on_event("connect", lambda: result)

        assert site.connect().sid

    def test_what_the_handler_emits_follows_connect(self, site: Site) -> None:
        @site.socketio.on("connect")
        def connect() -> None:
            emit("first", 1)
            join_room("r")
            site.socketio.emit("second", 2, to="r")
            site.socketio.emit("third", 3)

        client = site.connect(None)
        client.send_packet(CONNECT)

        packets = [client.receive_packet() for _ in range(4)]
        assert packets[0].type == CONNECT
        assert [packet.data for packet in packets[1:]] == [
            ["first", 1],
            ["second", 2],
            ["third", 3],
        ]

    def test_each_namespace_has_its_own_sid(self, site: Site) -> None:
        site.socketio.on_event("known", lambda: request.sid, namespace="/chat")
        client = site.connect()
        client.connect("/chat")

        assert client.call("known", namespace="/chat") == client.sids["/chat"] != client.sid

    def test_namespace_option(self, make_site: MakeSite) -> None:
        client = make_site(namespaces=["/open"]).connect()

        assert client.connect("/open")
        with pytest.raises(RefusedError, match="Invalid namespace"):
            client.connect("/closed")

    def test_every_namespace(self, make_site: MakeSite) -> None:
        assert make_site(namespaces="*").connect("/what/ever").sids["/what/ever"]


class TestRefusing:
    def test_false(self, site: Site) -> None:
        site.socketio.on_event("connect", lambda: False)

        assert refusal_of(site) == {"message": "Connection rejected by server"}

    @pytest.mark.parametrize("kind", [ConnectionRefusedError, builtins.ConnectionRefusedError])
    @pytest.mark.parametrize(
        ("args", "data"),
        [
            ((), {"message": "Connection rejected by server"}),
            (("no",), {"message": "no"}),
            ((7,), {"message": "7"}),
            (("no", {"why": 1}), {"message": "no", "data": {"why": 1}}),
        ],
    )
    def test_exception(
        self, site: Site, kind: type[Exception], args: tuple[Any, ...], data: Any
    ) -> None:
        @site.socketio.on("connect")
        def connect() -> None:
            raise kind(*args)

        assert refusal_of(site) == data

    def test_exception_with_more_data(self, site: Site) -> None:
        @site.socketio.on("connect")
        def connect() -> None:
            raise ConnectionRefusedError("no", "why", [1])

        assert refusal_of(site) == {"message": "no", "data": ["why", [1]]}

    def test_arguments_are_kept(self) -> None:
        assert ConnectionRefusedError("no", 1).error_args == ("no", 1)

    def test_what_the_handler_emitted_is_dropped(self, site: Site) -> None:
        @site.socketio.on("connect")
        def connect() -> bool:
            emit("first", 1)
            return False

        client = site.connect(None)
        client.send_packet(CONNECT)

        assert client.receive_packet().type == CONNECT_ERROR

    def test_no_disconnect_event(self, site: Site) -> None:
        seen: list[str] = []
        site.socketio.on_event("known", lambda: None, namespace="/no")
        site.socketio.on_event("connect", lambda: False, namespace="/no")
        site.socketio.on_event("disconnect", seen.append, namespace="/no")
        client = site.connect()
        with pytest.raises(RefusedError):
            client.connect("/no")
        client.close()
        site.stop()

        assert seen == []

    def test_refused_client_sends_events_in_vain(self, site: Site) -> None:
        seen: list[Any] = []
        site.socketio.on_event("connect", lambda: False, namespace="/no")
        site.socketio.on_event("known", seen.append, namespace="/no")
        client = site.connect()
        client.send_packet(CONNECT, "/no")
        client.emit("known", 1, namespace="/no")

        assert client.drain() == []
        assert seen == []

    def test_data_that_cannot_be_encoded(self, site: Site, caplog: Any) -> None:
        @site.socketio.on("connect")
        def connect() -> None:
            raise ConnectionRefusedError("no", object())

        assert refusal_of(site) == {"message": "no"}
        assert "not JSON serializable" in caplog.text

    def test_auth_that_is_not_json_closes_the_connection(self, site: Site) -> None:
        site.socketio.on_event("connect", lambda auth: None)
        client = site.connect(None)

        client._websocket.send('40{"token"')

        assert client.wait_for_close()[0] == 1002

    def test_unknown_namespace(self, site: Site) -> None:
        assert refusal_of(site, namespace="/no") == {"message": "Invalid namespace"}


class TestFailing:
    """A login check that crashes lets nobody in."""

    @pytest.fixture
    def failing(self, site: Site) -> Site:
        @site.socketio.on("connect")
        def connect() -> None:
            raise RuntimeError("expected by the test")

        return site

    def test_without_error_handler(self, failing: Site) -> None:
        assert refusal_of(failing) == {"message": "Internal server error"}

    @pytest.mark.parametrize("result", [None, False, "text", 1])
    def test_error_handler_does_not_let_the_client_in(self, failing: Site, result: Any) -> None:
        failing.socketio.on_error()(lambda error: result)

        assert refusal_of(failing) == {"message": "Internal server error"}

    def test_error_handler_returns_true(self, failing: Site) -> None:
        failing.socketio.on_error()(lambda error: True)

        assert failing.connect().sid

    def test_wrong_number_of_arguments(self, site: Site) -> None:
        site.socketio.on_event("connect", lambda auth, more: None)

        assert refusal_of(site) == {"message": "Internal server error"}

    def test_sys_exit(self, site: Site) -> None:
        site.socketio.on_event("connect", lambda: exit_now())

        assert refusal_of(site) == {"message": "Internal server error"}


def exit_now() -> None:
    raise SystemExit(1)


class TestAlwaysConnect:
    def test_connect_comes_before_the_handler(self, make_site: MakeSite) -> None:
        site = make_site(always_connect=True)
        go = Until()
        site.socketio.on_event("connect", go.get)
        client = site.connect()

        assert client.sid
        go.set()

    def test_events_that_come_while_the_handler_runs_are_handled(self, make_site: MakeSite) -> None:
        site = make_site(always_connect=True, handler_overlap=0)
        go = Until()
        site.socketio.on_event("connect", go.get)
        site.socketio.on_event("double", lambda number: 2 * number)
        client = site.connect()

        assert client.call("double", 4) == 8
        go.set()

    @pytest.mark.parametrize("how", ["return False", "raise", "fail"])
    def test_refusal_is_a_disconnect(self, make_site: MakeSite, how: str) -> None:
        site = make_site(always_connect=True)
        seen: list[Any] = []
        site.socketio.on_event("disconnect", seen.append)

        @site.socketio.on("connect")
        def connect() -> bool:
            if how == "raise":
                raise ConnectionRefusedError("no")
            if how == "fail":
                raise RuntimeError("expected by the test")
            return False

        client = site.connect(None)
        client.send_packet(CONNECT)

        assert [client.receive_packet().type for _ in range(2)] == [CONNECT, DISCONNECT]
        client.close()
        site.stop()
        assert seen == []


class TestDisconnecting:
    def reason(self, site: Site, leave: Callable[[Any], None]) -> Any:
        reason = Until()
        site.socketio.on_event("disconnect", reason.set)
        leave(site.connect())
        return reason.get()

    def test_client_leaves(self, site: Site) -> None:
        reason = self.reason(site, lambda client: client.leave())
        assert reason == SocketIO.reason.CLIENT_DISCONNECT == "client disconnect"

    def test_connection_is_closed(self, site: Site) -> None:
        reason = self.reason(site, lambda client: client.close())
        assert reason == SocketIO.reason.TRANSPORT_CLOSE == "transport close"

    def test_server_disconnects(self, site: Site) -> None:
        site.socketio.on_event("kick", disconnect)
        reason = self.reason(site, lambda client: client.emit("kick"))
        assert reason == SocketIO.reason.SERVER_DISCONNECT == "server disconnect"

    def test_server_stops(self, site: Site) -> None:
        reason = self.reason(site, lambda client: site.stop())
        assert reason == "server disconnect"

    def test_broken_rule(self, site: Site) -> None:
        reason = self.reason(site, lambda client: client._websocket.send("nonsense"))
        assert reason == SocketIO.reason.TRANSPORT_ERROR == "transport error"

    def test_the_reason_is_a_plain_str(self, site: Site) -> None:
        assert type(self.reason(site, lambda client: client.leave())) is str

    def test_rooms_are_still_there(self, site: Site) -> None:
        seen = Until()
        site.socketio.on_event("join", lambda: join_room("r"))
        site.socketio.on_event("disconnect", lambda: seen.set(rooms()))
        client = site.connect()
        client.call("join")
        client.leave()

        assert seen.get() == [client.sid, "r"]

    def test_rooms_are_gone_afterwards(self, site: Site) -> None:
        site.socketio.on_event("join", lambda: join_room("r"))
        site.socketio.on_event("disconnect", lambda: None)
        site.socketio.on_event("rooms of", lambda sid: rooms(sid))
        ann, bob = site.connect(), site.connect()
        ann.call("join")
        ann.leave()
        ann.connect("/")
        ann.drain()

        assert bob.call("rooms of", ann.sid) == [ann.sid]

    def test_disconnect_in_the_connect_handler(self, site: Site) -> None:
        site.socketio.on_event("connect", lambda: disconnect())
        client = site.connect(None)
        client.send_packet(CONNECT)

        assert [client.receive_packet().type for _ in range(2)] == [CONNECT, DISCONNECT]

    def test_disconnect_other_client(self, site: Site) -> None:
        site.socketio.on_event("kick", lambda sid: disconnect(sid))
        ann, bob = site.connect(), site.connect()
        bob.emit("kick", ann.sid)

        ann.wait_for_disconnect()

    def test_disconnect_from_another_namespace(self, site: Site) -> None:
        site.socketio.on_event("known", lambda: None, namespace="/chat")
        site.socketio.on_event("kick", lambda sid: disconnect(sid, namespace="/chat", silent=True))
        client = site.connect()
        client.connect("/chat")
        client.emit("kick", client.sids["/chat"])

        client.wait_for_disconnect("/chat")
        assert client.drain() == []

    def test_disconnect_unknown_client(self, site: Site) -> None:
        site.socketio.on_event("kick", lambda sid: disconnect(sid))

        assert site.connect().call("kick", "nobody") is None

    def test_the_engine_connection_stays(self, site: Site) -> None:
        site.socketio.on_event("kick", disconnect)
        client = site.connect()
        client.emit("kick")
        client.wait_for_disconnect()

        assert client.connect("/")

    def test_failing_handler(self, site: Site, caplog: Any) -> None:
        @site.socketio.on("disconnect")
        def disconnected() -> None:
            raise RuntimeError("expected by the test")

        client = site.connect()
        client.leave()
        client.connect("/")
        client.drain()

        assert "the handler of 'disconnect' in namespace '/' failed" in caplog.text
