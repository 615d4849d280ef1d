"""What applications may see of the Hub: questions that ``socketio.server`` asks it.

Threads: any thread calls `ask_hub` with one of the other functions, which the Hub's owner runs.
What they return is immutable or a copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from .acks import CallbackAck
from .engineio import State, Transport
from .errors import UsageError
from .hub.socket import SocketState
from .types import EioSid, Sid

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVarTuple

    from .hub.engine_socket import EngineSocket
    from .hub.hub import Hub
    from .hub.socket import Socket
    from .service import SocketIOService
    from .types import Room

    Ts = TypeVarTuple("Ts")

T = TypeVar("T")


def ask_hub(service: SocketIOService, function: Callable[[Hub, *Ts], T], *args: *Ts) -> T | None:
    """Have a function look at the Hub, and wait for what it returns.

    :param function: it is given the Hub, and the arguments.
    :returns: what it returns; None when the server does not run, so that nobody is connected.
    """
    try:
        return service.ask(lambda: function(service.hub, *args))
    except (UsageError, RuntimeError):  # it does not run yet; it has stopped
        return None


@dataclass(frozen=True, slots=True)
class SessionState:
    """How far an Engine.IO session is: what ``server.eio.sockets`` has for each."""

    #: Its id.
    sid: str
    #: ``polling`` or ``websocket``.
    transport: str
    #: Whether packets travel.
    connected: bool
    #: Whether its client is trying to change to a WebSocket.
    upgrading: bool
    #: Whether it has been closed, and what is queued is still to be sent.
    closing: bool
    #: Whether it is over.
    closed: bool

    @property
    def upgraded(self) -> bool:
        """Whether a WebSocket carries it."""
        return self.transport == Transport.WEBSOCKET.value


def eio_sid_of(socket: Socket) -> EioSid:
    """Return the id of the session that a client's packets travel in."""
    return socket.client.engine_socket.session.sid


def read_namespaces(hub: Hub) -> list[str]:
    """Return the namespaces with clients."""
    return list(hub.namespaces)


def read_members(hub: Hub, namespace: str, rooms: tuple[Room, ...] | None) -> dict[str, str]:
    """Return the clients in rooms: session ids by sid.

    :param rooms: the rooms; None for all clients of the namespace.
    """
    state = hub.namespaces.get(namespace)
    sockets = state.select(rooms) if state is not None else ()
    return {socket.sid: eio_sid_of(socket) for socket in sockets}


def read_room_names(hub: Hub, namespace: str) -> list[Room]:
    """Return the rooms of a namespace: None, the room of all, then those with a name."""
    state = hub.namespaces.get(namespace)
    if state is None:
        return []
    names: dict[Room, None] = {None: None}
    for sid in state.sockets:
        names.update(dict.fromkeys(state.rooms(sid)))
    return list(names)


def has_room(hub: Hub, namespace: str, room: Room) -> bool:
    """Tell whether anybody is in a room; None is the room of all."""
    state = hub.namespaces.get(namespace)
    return state is not None and (room is None or bool(tuple(state.select((room,)))))


def find_eio_sid(hub: Hub, sid: str, namespace: str) -> str | None:
    """Return the id of the session of a client; None if it is not in the namespace."""
    socket = hub.find(namespace, sid)
    return eio_sid_of(socket) if socket is not None else None


def find_sid(hub: Hub, eio_sid: str, namespace: str) -> str | None:
    """Return the sid that a session has in a namespace; None if it is not connected to it."""
    engine_socket = hub.engine.sockets.get(EioSid(eio_sid))
    if engine_socket is None or engine_socket.client is None:
        return None
    socket: Socket | None = engine_socket.client.sockets.get(namespace)
    return socket.sid if socket is not None else None


def is_connected(hub: Hub, sid: str, namespace: str) -> bool:
    """Tell whether a client is connected: accepted, and not about to leave."""
    socket = hub.find(namespace, sid)
    return socket is not None and socket.state is SocketState.CONNECTED


def read_environs(hub: Hub) -> dict[str, dict[str, Any]]:
    """Return the environment of each session's handshake, by the session's id."""
    return {sid: socket.environ for sid, socket in hub.engine.sockets.items()}


def find_environ(hub: Hub, eio_sid: str) -> dict[str, Any] | None:
    """Return the environment of a session's handshake; None if there is no such session."""
    socket = hub.engine.sockets.get(EioSid(eio_sid))
    return socket.environ if socket is not None else None


def read_sessions(hub: Hub) -> dict[str, SessionState]:
    """Return how far each session is, by its id."""
    return {sid: _session_state(socket) for sid, socket in hub.engine.sockets.items()}


def find_session(hub: Hub, eio_sid: str) -> SessionState | None:
    """Return how far a session is; None if there is no such session."""
    socket = hub.engine.sockets.get(EioSid(eio_sid))
    return _session_state(socket) if socket is not None else None


def _session_state(socket: EngineSocket) -> SessionState:
    session = socket.session
    return SessionState(
        sid=session.sid,
        transport=session.transport.value,
        connected=session.state is State.OPEN,
        upgrading=socket.probe is not None,
        closing=session.state is State.CLOSING,
        closed=session.state is State.CLOSED,
    )


def read_sids_by_session(hub: Hub) -> dict[str, dict[str, str]]:
    """Return the sid of each session in each of its namespaces, by the session's id."""
    return {
        eio_sid: {name: socket.sid for name, socket in engine_socket.client.sockets.items()}
        for eio_sid, engine_socket in hub.engine.sockets.items()
        if engine_socket.client is not None
    }


def read_leaving(hub: Hub) -> dict[str, list[str]]:
    """Return the clients whose disconnect handler has not ended, by namespace."""
    left = (SocketState.GONE, SocketState.ABANDONED)
    found: dict[str, list[str]] = {
        name: [sid for sid, socket in state.sockets.items() if socket.state in left]
        for name, state in hub.namespaces.items()
    }
    return {name: sids for name, sids in found.items() if sids}


def read_callbacks(hub: Hub) -> dict[str, dict[int, Callable[..., object]]]:
    """Return the callbacks that wait for a client's answer, by its sid and the packet's id."""
    found: dict[str, dict[int, Callable[..., object]]] = {}
    for state in hub.namespaces.values():
        for sid, socket in state.sockets.items():
            for ack_id, ack in (socket.acks or {}).items():
                if isinstance(ack, CallbackAck):
                    found.setdefault(sid, {})[ack_id] = ack.callback
    return found


def take_callback(hub: Hub, sid: str, ack_id: int) -> Callable[..., object] | None:
    """Return a callback and forget it; None if none waits for this answer."""
    for state in hub.namespaces.values():
        socket = state.sockets.get(Sid(sid))
        if socket is not None and socket.acks is not None:
            ack = socket.acks.get(ack_id)
            if isinstance(ack, CallbackAck):
                hub.forget_ack(socket, ack_id)
                return ack.callback
    return None


def find_data(hub: Hub, sid: str, namespace: str) -> dict[str, Any] | None:
    """Return what an application keeps for a client; None if it is not in the namespace."""
    socket = hub.find(namespace, sid)
    if socket is None:
        return None
    if socket.data is None:
        socket.data = {}
    return socket.data


def replace_data(hub: Hub, sid: str, namespace: str, data: dict[str, Any]) -> bool:
    """Replace what an application keeps for a client.

    :returns: False if it is not in the namespace.
    """
    socket = hub.find(namespace, sid)
    if socket is None:
        return False
    socket.data = data
    return True
