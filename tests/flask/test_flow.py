"""A client that sends faster than its handlers work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.flask.site import Until

if TYPE_CHECKING:
    from tests.flask.conftest import MakeSite


def test_reading_resumes_when_the_handlers_catch_up(make_site: MakeSite) -> None:
    site = make_site(max_pending_events=4, async_handlers=False)
    go, seen = Until(), []
    site.socketio.on_event("wait", go.get)
    site.socketio.on_event("count", seen.append)
    client = site.connect()
    client.emit("wait")
    for number in range(20):
        client.emit("count", number)
    counters = site.socketio.server.engine.counters
    page = site.get("/")  # the loop has taken what came before
    assert page.status == 404
    go.set()
    client.drain()

    assert seen == list(range(20))
    assert counters.reading_paused >= 1
