from __future__ import annotations

import sys

from tests.hub.doubles import lone_socket

from flask_socketio.hub.namespace_state import NamespaceState
from flask_socketio.hub.socket import SocketState


def test_a_new_socket_is_pending() -> None:
    namespace = NamespaceState("/")
    socket = lone_socket("s7", namespace)
    assert socket.sid == "s7"
    assert socket.namespace is namespace
    assert socket.state is SocketState.PENDING
    assert socket.admitted is None
    assert socket.held is None
    assert socket.acks is None
    assert socket.data is None


def test_it_has_no_dict() -> None:
    socket = lone_socket()
    assert not hasattr(socket, "__dict__")
    assert sys.getsizeof(socket) <= 128  # 120 where it is not compiled
