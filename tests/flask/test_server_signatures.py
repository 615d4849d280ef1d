"""What takes the place of python-socketio's classes is called with the same arguments."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

import engineio
import socketio
from flask_socketio import Namespace
from flask_socketio.server import Server
from flask_socketio.server_clients import ClientRegister
from flask_socketio.server_engine import EngineServer

if TYPE_CHECKING:
    from collections.abc import Callable

#: What other classes than ours have for users; inherited from there or named in their documents.
METHODS: dict[tuple[type, type], tuple[str, ...]] = {
    (Server, socketio.Server): (
        *("on", "register_namespace", "handle_request", "shutdown"),
        *("emit", "send", "call", "disconnect", "start_background_task", "sleep"),
        *("rooms", "enter_room", "leave_room", "close_room", "transport", "get_environ"),
        *("get_session", "save_session", "session"),
    ),
    (ClientRegister, socketio.Manager): (
        *("get_namespaces", "get_participants", "get_rooms", "is_connected", "can_disconnect"),
        "pre_disconnect",
        *("sid_from_eio_sid", "eio_sid_from_sid", "trigger_callback"),
        *("emit", "enter_room", "leave_room", "close_room"),
    ),
    (EngineServer, engineio.Server): (
        *("transport", "disconnect", "generate_id", "start_background_task", "sleep"),
        *("create_queue", "create_event", "get_queue_empty_exception"),
    ),
    (Namespace, socketio.Namespace): (
        *("trigger_event", "enter_room", "leave_room", "close_room", "rooms", "disconnect"),
        *("get_session", "save_session", "session"),
    ),
}
CASES = [(ours, theirs, name) for (ours, theirs), names in METHODS.items() for name in names]


def parameters(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """The positional parameters of a method, and their defaults."""
    found = list(inspect.signature(function).parameters.values())[1:]
    wanted = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return [(one.name, one.default) for one in found if one.kind is wanted]


@pytest.mark.parametrize(
    ("ours", "theirs", "name"), CASES, ids=[f"{ours.__name__}.{name}" for ours, _, name in CASES]
)
def test_positional_arguments(ours: type, theirs: type, name: str) -> None:
    expected = parameters(getattr(theirs, name))

    assert parameters(getattr(ours, name))[: len(expected)] == expected
