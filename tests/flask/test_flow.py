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
    counters = site.socketio.service.engine.counters
    sent = 0
    while not counters.reading_paused:  # jobs that have not been handed over yet do not count
        client.emit("count", sent)
        sent += 1
        assert sent < 10_000, "reading was never paused"
    go.set()
    client.drain()

    assert seen == list(range(sent))
