"""The Hub on a real loop, with handlers in real threads."""

from __future__ import annotations

import asyncio
import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.hub.doubles import ENVIRON, ScriptedDispatcher, WebSocket

from flask_socketio.engineio import SessionSettings, Transport
from flask_socketio.hub.engine import Engine
from flask_socketio.hub.hub import Hub, HubSettings
from flask_socketio.runtimes.calls import Calls
from flask_socketio.runtimes.loop import LoopRuntime
from flask_socketio.runtimes.workers import Workers
from flask_socketio.socketio import JsonParser
from flask_socketio.types import DisconnectReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask_socketio.hub.engine_socket import EngineSocket
    from flask_socketio.hub.socket import Socket

CLIENTS = 12
EVENTS = 150


class LoopSite:
    """What a server is made of, without Flask and without a network."""

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: HubSettings) -> None:
        self.calls = Calls(loop)
        self.submit = self.calls.submit
        # No overlap: two handlers could then note what they handle in either order.
        self.workers = Workers(loop, 60.0)
        runtime = LoopRuntime(loop)
        self.dispatcher = ScriptedDispatcher(self)  # type: ignore[arg-type]
        names = (f"id{number}" for number in itertools.count())
        make_sid = names.__next__
        self.hub = Hub(settings, JsonParser(), self.dispatcher, self.workers, make_sid)
        self.engine = Engine(SessionSettings(), self.hub, runtime, make_sid)
        self.hub.engine = runtime.engine = self.engine

    def open(self) -> tuple[EngineSocket, WebSocket]:
        socket = self.engine.open(Transport.WEBSOCKET, ENVIRON)
        socket.websocket = websocket = WebSocket()
        return socket, websocket


async def until(condition: Callable[[], Any], what: str) -> None:
    """Let the loop turn until something holds."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    pytest.fail(f"waited in vain: {what}")


async def serve(settings: HubSettings) -> LoopSite:
    site = LoopSite(asyncio.get_running_loop(), settings)

    def connect(socket: Socket) -> bool:
        with site.workers.waiting():
            threading.Event().wait(0.001)
        return True

    site.dispatcher.handlers["connect", "/"] = connect
    site.dispatcher.handlers["disconnect", "/"] = lambda _socket: None
    clients = [site.open() for _ in range(CLIENTS)]
    for socket, _ in clients:
        site.engine.receive(socket, "40")
    await until(
        lambda: all(len(websocket.packets) == 2 for _, websocket in clients), "all are connected"
    )
    for number in range(EVENTS):
        for socket, websocket in clients:
            await until(lambda websocket=websocket: websocket.reading, "it is read again")
            site.engine.receive(socket, f'42["event",{number}]')
        if number % 7 == 0:
            await asyncio.sleep(0)
    for socket, _ in clients:
        site.engine.websocket_closed(socket, DisconnectReason.TRANSPORT_CLOSE, "")
    await until(lambda: not site.hub.namespaces and site.workers.is_idle, "all have left")
    site.calls.close()
    return site


@pytest.mark.parametrize("async_handlers", [True, False])
@pytest.mark.parametrize("max_pending_events", [1000, 8])
def test_each_clients_events_start_in_order_and_its_disconnect_comes_last(
    async_handlers: bool, max_pending_events: int
) -> None:
    site = asyncio.run(
        serve(HubSettings(async_handlers=async_handlers, max_pending_events=max_pending_events))
    )
    sids = {sid for sid, _ in site.dispatcher.events}
    assert len(sids) == CLIENTS
    for sid in sids:
        events = [data for other, data in site.dispatcher.events if other == sid]
        assert events == [f'["event",{number}]' for number in range(EVENTS)]
    assert {sid for sid, _ in site.dispatcher.disconnected} == sids
    assert len(site.dispatcher.disconnected) == CLIENTS
    assert site.engine.counters.closed == CLIENTS
