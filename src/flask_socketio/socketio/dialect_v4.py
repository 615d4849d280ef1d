"""The rules of Socket.IO protocols 3 and 4, which JavaScript clients 1.x and 2.x speak.

Their packets are those of protocol 5 but for CONNECT, which has no data, and ERROR in the place of
CONNECT_ERROR, which may have any (protocol, revision 4, "Packet types"; "/" is connected as if the
client had asked for it, "Multiplexing").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .packet import Packet, PacketType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class DialectV4:
    """Socket.IO protocols 3 and 4."""

    __slots__ = ()

    root_is_session = True
    drops_strays = True

    def opening(self) -> Packet | None:
        """Return a CONNECT for "/", which these clients do not send."""
        return Packet(PacketType.CONNECT, "/")

    def make_sid(self, session: str, namespace: str, make_sid: Callable[[], str]) -> str:
        """Return what the client takes its id to be, since nobody tells it."""
        return session if namespace == "/" else f"{namespace}#{session}"

    def connect_data(self, sid: str) -> dict[str, Any] | None:
        """Return None: the client derives its id."""
        return None

    def refusal_data(self, args: Sequence[Any]) -> Any:
        """Return what python-socketio 4 sent: a single argument as it is, several as a list."""
        if not args:
            return None
        return args[0] if len(args) == 1 and not isinstance(args[0], list) else list(args)


#: It has no state.
DIALECT_V4: Final = DialectV4()
