"""What differs between the versions of Socket.IO: one object, given to a connection at its start.

The version follows from the one of Engine.IO below: clients are built of one generation of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from .dialect_v4 import DIALECT_V4

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .packet import Packet


class Dialect(Protocol):
    """The rules of one version, for the server's end of a connection."""

    #: Whether "/" stands for the whole connection, which ends when either side leaves it.
    root_is_session: bool
    #: Whether packets for a namespace that is not connected are dropped instead of an error.
    drops_strays: bool

    def opening(self) -> Packet | None:
        """Return the CONNECT that is taken to have come when the session opens; None for none."""
        ...

    def make_sid(self, session: str, namespace: str, make_sid: Callable[[], str]) -> str:
        """Return the id of a client in a namespace.

        :param session: the id of its session.
        :param make_sid: returns a new id that cannot be guessed.
        """
        ...

    def connect_data(self, sid: str) -> dict[str, Any] | None:
        """Return the data of the CONNECT that accepts a client."""
        ...

    def refusal_data(self, args: Sequence[Any]) -> Any:
        """Return the data of the packet that refuses a client.

        :param args: the arguments of a ConnectionRefusedError; none when there is no reason.
        """
        ...


class CurrentDialect:
    """Socket.IO protocol 5."""

    __slots__ = ()

    root_is_session = False
    drops_strays = False

    def opening(self) -> Packet | None:
        """Return None: clients connect to "/" like to any namespace."""
        return None

    def make_sid(self, session: str, namespace: str, make_sid: Callable[[], str]) -> str:
        """Return a new id: each namespace has its own."""
        return make_sid()

    def connect_data(self, sid: str) -> dict[str, Any] | None:
        """Return ``{"sid": …}``."""
        return {"sid": sid}

    def refusal_data(self, args: Sequence[Any]) -> Any:
        """Return the message, and data if there is more than one argument."""
        if not args:
            return {"message": "Connection rejected by server"}
        if len(args) == 1:
            return {"message": str(args[0])}
        return {"message": str(args[0]), "data": args[1] if len(args) == 2 else list(args[1:])}


#: The current protocol; it has no state.
CURRENT: Final[Dialect] = CurrentDialect()


def dialect_for(engineio_version: int) -> Dialect:
    """Return the dialect of the clients that speak a version of Engine.IO.

    :param engineio_version: 4, or 3 for old ones.
    """
    return CURRENT if engineio_version == 4 else DIALECT_V4
