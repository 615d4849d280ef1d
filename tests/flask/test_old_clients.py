"""What the handlers of an application see of an old client, and what it is told."""

from __future__ import annotations

import builtins
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from flask import request

from flask_socketio import ConnectionRefusedError, emit

if TYPE_CHECKING:
    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site

PATH = "/socket.io/?EIO=3&transport=polling"


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """A site that does not wait for clients that are between two polls."""
    return make_site(shutdown_grace=0)


class OldClient:
    """A client on polling that takes text only."""

    def __init__(self, site: Site, query: str = "") -> None:
        self._site = site
        self._path = f"{PATH}&b64=1{query}"
        self._packets: list[str] = []
        self.sid = str(json.loads(self.receive()[1:])["sid"])
        self._path += f"&sid={self.sid}"

    def receive(self) -> str:
        """Return the next packet, which is polled for."""
        if not self._packets:
            response: Any = self._site.get(self._path)
            assert response.status == 200
            self._split(response.body)
        return self._packets.pop(0)

    def _split(self, payload: str) -> None:
        while payload:
            length, _, rest = payload.partition(":")
            self._packets.append(rest[: int(length)])
            payload = rest[int(length) :]

    def send(self, packet: str) -> None:
        response = self._site.post(self._path, f"{len(packet)}:{packet}")
        assert response.status == 200


def test_a_connect_handler_is_given_no_auth(site: Site) -> None:
    seen: list[Any] = []
    site.socketio.on_event("connect", seen.append)
    client = OldClient(site)
    assert client.receive() == "40"
    assert seen == [None]


def test_sids(site: Site) -> None:
    def sid() -> str:
        return str(request.sid)  # type: ignore[attr-defined]

    site.socketio.on_event("sid", sid)
    site.socketio.on_event("sid", sid, namespace="/chat")
    client = OldClient(site)
    assert client.receive() == "40"
    client.send("40/chat")
    assert client.receive() == "40/chat,"
    client.send('421["sid"]')
    assert client.receive() == f'431["{client.sid}"]'
    client.send('42/chat,2["sid"]')
    assert client.receive() == f'43/chat,2["/chat#{client.sid}"]'


def test_the_query_of_a_namespace_is_among_the_arguments(site: Site) -> None:
    site.socketio.on_event("args", lambda: request.args.to_dict(flat=False))
    site.socketio.on_event("args", lambda: request.args.to_dict(flat=False), namespace="/chat")
    client = OldClient(site, "&a=1&b=2&b=3&c=4")
    client.receive()
    client.send("40/chat?b=%C3%A9&b=5&d=")
    assert client.receive() == "40/chat,"
    client.send('42/chat,1["args"]')
    (args,) = json.loads(client.receive().removeprefix("43/chat,1"))
    assert [args[name] for name in "abcd"] == [["1"], ["é", "5"], ["4"], [""]]
    client.send('421["args"]')
    (args,) = json.loads(client.receive().removeprefix("431"))
    assert args["b"] == ["2", "3"]
    assert "d" not in args


@pytest.mark.parametrize(
    ("refusal", "packet"),
    [
        (ConnectionRefusedError("no"), '44"no"'),
        (ConnectionRefusedError("no", {"code": 1}), '44["no",{"code":1}]'),
        (ConnectionRefusedError({"code": 1}), '44{"code":1}'),
        (ConnectionRefusedError(), "44"),
        (builtins.ConnectionRefusedError("no"), '44"no"'),
        (None, "44"),
    ],
)
def test_refusals(refusal: Exception | None, packet: str, site: Site) -> None:
    def connect() -> bool:
        if refusal is not None:
            raise refusal
        return False

    site.socketio.on_event("connect", connect)
    assert OldClient(site).receive() == packet


def test_a_connect_handler_that_fails(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    def connect() -> None:
        raise ValueError

    site.socketio.on_event("connect", connect)
    assert OldClient(site).receive() == '44"Internal server error"'
    assert "'connect' in namespace '/' failed" in caplog.text


def test_a_reason_that_cannot_be_encoded_is_told_as_text(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    def connect() -> None:
        raise ConnectionRefusedError({1, 2})

    site.socketio.on_event("connect", connect)
    assert OldClient(site).receive() == '44"{1, 2}"'
    assert "cannot encode" in caplog.text


def test_what_a_connect_handler_emits_follows_the_answer(site: Site) -> None:
    site.socketio.on_event("connect", lambda: emit("welcome", "žába"))
    client = OldClient(site)
    assert client.receive() == "40"
    assert client.receive() == r'42["welcome","\u017e\u00e1ba"]'


@pytest.mark.parametrize("serializer", ["default", "msgpack"])
def test_the_main_namespace_with_every_serializer(serializer: str, make_site: MakeSite) -> None:
    seen: list[Any] = []
    site = make_site(serializer=serializer)
    site.socketio.on_event("connect", seen.append)
    client = OldClient(site)
    client.receive()
    assert seen == [None]


def test_the_option_refuses_them(make_site: MakeSite, caplog: pytest.LogCaptureFixture) -> None:
    site = make_site(allow_eio3=False, engineio_logger=None)
    caplog.set_level(logging.WARNING, logger="flask_socketio.engineio")
    response: Any = site.get(PATH, {"Origin": f"http://127.0.0.1:{site.port}"})
    assert response.status == 400
    assert response.body == '{"code":5,"message":"Unsupported protocol version"}'
    (record,) = [record for record in caplog.records if "protocol" in record.getMessage()]
    assert record.levelno == logging.WARNING
    assert "JavaScript client 3.x or 4.x" in record.getMessage()


def test_the_cookie(make_site: MakeSite) -> None:
    site = make_site(cookie="io")
    cookie = site.get(f"{PATH}&b64=1").getheader("Set-Cookie") or ""
    assert cookie.startswith("io=")
