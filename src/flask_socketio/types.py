"""The names for the identifiers that travel between the layers."""

from __future__ import annotations

from collections.abc import Hashable
from enum import StrEnum
from typing import NewType, TypeAlias

#: The public id of one client in one namespace: what ``request.sid`` is.
Sid = NewType("Sid", str)

#: The id of one Engine.IO session: what the ``sid`` of a request's query string is.
EioSid = NewType("EioSid", str)

#: A room's name. Any hashable; a client's own sid is a room as well.
Room: TypeAlias = Hashable


class DisconnectReason(StrEnum):
    """Why a client was disconnected, in the words that disconnect handlers are given."""

    #: The application called ``disconnect()``, or the server is stopping.
    SERVER_DISCONNECT = "server disconnect"
    #: The client said that it leaves.
    CLIENT_DISCONNECT = "client disconnect"
    #: The client did not answer a ping in time.
    PING_TIMEOUT = "ping timeout"
    #: The connection was closed without a farewell.
    TRANSPORT_CLOSE = "transport close"
    #: The connection broke, or the client broke a rule of the protocol or a limit.
    TRANSPORT_ERROR = "transport error"
