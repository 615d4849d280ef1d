"""Whoever implements a port has its methods, with the same arguments."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from flask_socketio.acks import CallAck, CallbackAck
from flask_socketio.dispatch import EventDispatcher
from flask_socketio.hosts.polling import PollingExchange
from flask_socketio.hosts.websocket_protocol import WebSocketProtocol
from flask_socketio.hub import ports
from flask_socketio.hub.hub import Hub
from flask_socketio.hub.jobs import HandlerJob
from flask_socketio.runtimes.calls import Calls
from flask_socketio.runtimes.loop import LoopRuntime
from flask_socketio.runtimes.workers import Workers


def arguments(function: Any) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [parameter.name for parameter in parameters if parameter.name != "self"]


@pytest.mark.parametrize(
    ("port", "implementation"),
    [
        (ports.Runtime, LoopRuntime),
        (ports.WebSocket, WebSocketProtocol),
        (ports.Poll, PollingExchange),
        (ports.EngineApplication, Hub),
        (ports.Executor, Workers),
        (ports.Dispatcher, EventDispatcher),
        (ports.Ack, CallAck),
        (ports.Ack, CallbackAck),
        (ports.Job, HandlerJob),
    ],
    ids=lambda member: member.__name__,
)
def test_implementations(port: type, implementation: type) -> None:
    for name, method in vars(port).items():
        if name.startswith("_") or not inspect.isfunction(method):
            continue
        if implementation is LoopRuntime and name == "now":  # it is the loop's own
            continue
        assert arguments(getattr(implementation, name)) == arguments(method), name


def test_submit_is_that_of_calls() -> None:
    assert arguments(Calls.submit) == arguments(ports.Submit.__call__)
