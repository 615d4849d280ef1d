from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import uvloop
from tests.runtimes.manual_loop import ManualLoop

from flask_socketio.engineio import SessionSettings, Transport
from flask_socketio.hub.engine import Engine
from flask_socketio.runtimes.loop import LoopRuntime

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask_socketio.hub.engine_socket import EngineSocket
    from flask_socketio.types import DisconnectReason


class Application:
    """An Engine.IO application that notes which sessions end."""

    def __init__(self) -> None:
        self.closed: list[DisconnectReason] = []
        self.when_closed: Callable[[], object] = lambda: None

    def engine_opened(self, socket: EngineSocket) -> None:
        pass

    def engine_message(self, socket: EngineSocket, message: str | bytes) -> None:
        pass

    def engine_expired(self, socket: EngineSocket) -> None:
        pass

    def engine_closed(self, socket: EngineSocket, reason: DisconnectReason) -> None:
        self.closed.append(reason)
        self.when_closed()


def make_engine(
    loop: Any, settings: SessionSettings | None = None
) -> tuple[Engine, LoopRuntime, Application]:
    application = Application()
    runtime = LoopRuntime(loop)
    sids = iter(f"sid{number}" for number in range(1000))
    engine = Engine(settings or SessionSettings(), application, runtime, lambda: next(sids))
    runtime.engine = engine
    return engine, runtime, application


@pytest.fixture
def loop() -> ManualLoop:
    return ManualLoop()


def test_the_clock_is_the_loops(loop: ManualLoop) -> None:
    _, runtime, _ = make_engine(loop)
    loop.now = 123.5
    assert runtime.now() == 123.5


def test_a_flush_comes_in_the_next_turn(loop: ManualLoop) -> None:
    engine, _, _ = make_engine(loop)
    engine.open(Transport.POLLING, {})
    assert not engine.is_flushed
    loop.turn()
    assert engine.is_flushed


def test_there_is_one_timer_for_all_sessions(loop: ManualLoop) -> None:
    engine, _, _ = make_engine(loop)
    for _ in range(10):
        engine.open(Transport.POLLING, {})
        loop.advance(1)
    assert loop.timers == [125.0]
    loop.advance(15)
    assert loop.timers == [126.0]


def test_a_nearer_deadline_moves_the_timer_and_a_later_one_does_not(loop: ManualLoop) -> None:
    _, runtime, _ = make_engine(loop)
    runtime.request_timer(150)
    runtime.request_timer(160)
    assert loop.timers == [150]
    runtime.request_timer(140)
    assert loop.timers == [140]


def test_a_session_that_is_silent_times_out(loop: ManualLoop) -> None:
    engine, _, application = make_engine(loop)
    engine.open(Transport.POLLING, {})
    loop.advance(44.9)
    assert application.closed == []
    loop.advance(0.2)
    assert application.closed == ["ping timeout"]
    assert loop.timers == []


def test_a_timer_that_fires_early_is_asked_for_again(loop: ManualLoop) -> None:
    _, runtime, _ = make_engine(loop)
    runtime.request_timer(110)
    loop.advance(20)
    runtime.request_timer(130)
    assert loop.timers == [130]


def test_closing_cancels_the_timer(loop: ManualLoop) -> None:
    _, runtime, _ = make_engine(loop)
    runtime.request_timer(150)
    runtime.close()
    assert loop.timers == []


def test_closing_without_a_timer(loop: ManualLoop) -> None:
    _, runtime, _ = make_engine(loop)
    runtime.close()
    assert loop.timers == []


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_on_a_real_loop(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    loop = new_loop()
    engine, _, application = make_engine(
        loop, SessionSettings(ping_interval=0.05, ping_timeout=0.05)
    )
    application.when_closed = loop.stop
    engine.open(Transport.POLLING, {})
    start = loop.time()
    loop.run_forever()
    passed = loop.time() - start
    loop.close()
    assert application.closed == ["ping timeout"]
    assert passed >= 0.098
