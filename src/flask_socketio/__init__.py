"""Socket.IO for Flask."""

from .errors import (
    ConnectionRefusedError,
    DisconnectedError,
    OutsideEventError,
    ProtocolError,
    TimeoutError,
    UnknownOptionError,
    UsageError,
)
from .extension import SocketIO
from .former_names import _ManagedSession as _ManagedSession
from .former_names import _SocketIOMiddleware as _SocketIOMiddleware
from .functions import (
    call,
    close_room,
    disconnect,
    emit,
    join_room,
    leave_room,
    rooms,
    send,
)
from .namespace import Namespace
from .test_client import SocketIOTestClient

__all__ = [
    "ConnectionRefusedError",
    "DisconnectedError",
    "Namespace",
    "OutsideEventError",
    "ProtocolError",
    "SocketIO",
    "SocketIOTestClient",
    "TimeoutError",
    "UnknownOptionError",
    "UsageError",
    "call",
    "close_room",
    "disconnect",
    "emit",
    "join_room",
    "leave_room",
    "rooms",
    "send",
]
