"""server_engine.py: ``socketio.server.eio``."""

from __future__ import annotations

import logging
import urllib.request
from typing import TYPE_CHECKING

import pytest

from flask_socketio import UsageError

if TYPE_CHECKING:
    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site


def test_sockets(site: Site) -> None:
    eio = site.socketio.server.eio
    client = site.connect()
    eio_sid = site.socketio.server.manager.eio_sid_from_sid(client.sid, "/")

    assert eio_sid is not None
    assert list(eio.sockets) == [eio_sid]
    session = eio.sockets[eio_sid]
    assert session.sid == eio_sid
    assert session.upgraded
    assert session.connected
    assert (session.upgrading, session.closing, session.closed) == (False, False, False)
    assert list(eio.sockets.values()) == [session]
    assert eio.transport(eio_sid) == "websocket"
    with pytest.raises(KeyError, match="nobody"):
        eio.transport("nobody")
    with pytest.raises(UsageError, match=r"use server\.eio\.disconnect"):
        eio.sockets.pop(eio_sid)  # type: ignore[attr-defined]


def test_a_session_on_polling(site: Site) -> None:
    site.start()
    url = f"http://127.0.0.1:{site.port}/socket.io/?EIO=4&transport=polling"
    with urllib.request.urlopen(url, timeout=5):
        pass

    (session,) = site.socketio.server.eio.sockets.values()
    assert session.transport == "polling"
    assert not session.upgraded


def test_disconnect(site: Site) -> None:
    eio = site.socketio.server.eio
    first, second, third = (site.connect() for _ in range(3))
    eio_sid = site.socketio.server.manager.eio_sid_from_sid(first.sid, "/")

    eio.disconnect("nobody")
    eio.disconnect(eio_sid)
    assert first.wait_for_close()[0] == 1000
    assert second.call("fence") is None
    eio.disconnect()

    assert second.wait_for_close()[0] == 1000
    assert third.wait_for_close()[0] == 1000


def test_tools(site: Site) -> None:
    eio = site.socketio.server.eio

    queue = eio.create_queue(maxsize=1)
    queue.put("one")
    assert queue.full()
    assert queue.get() == "one"
    with pytest.raises(eio.get_queue_empty_exception()):
        queue.get_nowait()
    event = eio.create_event()
    assert not event.is_set()
    assert eio.generate_id() != eio.generate_id()


def test_options(make_site: MakeSite) -> None:
    eio = make_site().socketio.server.eio

    assert eio.async_mode == "threading"
    assert (eio.ping_interval, eio.ping_interval_grace_period, eio.ping_timeout) == (25, 0, 20)
    assert eio.max_http_buffer_size == 1_000_000
    assert eio.allow_upgrades
    assert eio.http_compression
    assert eio.compression_threshold == 1024
    assert eio.cookie is None
    assert eio.cors_allowed_origins is None
    assert eio.cors_credentials
    assert eio.transports == ["polling", "websocket"]
    assert eio.logger is logging.getLogger("flask_socketio.engineio")


def test_options_that_were_given(make_site: MakeSite) -> None:
    eio = make_site(ping_interval=(10, 5), cookie="io", transports="polling").socketio.server.eio

    assert (eio.ping_interval, eio.ping_interval_grace_period) == (10, 5)
    assert eio.cookie == "io"
    assert eio.transports == ["polling"]
    with pytest.raises(AttributeError, match="cookie"):
        eio.cookie = "other"  # type: ignore[misc]
