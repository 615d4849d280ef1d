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

__all__ = [
    "ConnectionRefusedError",
    "DisconnectedError",
    "Namespace",
    "OutsideEventError",
    "ProtocolError",
    "SocketIO",
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
