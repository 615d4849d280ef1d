"""The functions that know the current client: ``emit`` answers whoever sent the event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never, NoReturn

from .addressing import event_args, refuse_unknown, rooms_of, sids_of
from .errors import OutsideEventError
from .event_context import current_origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from .addressing import Rooms
    from .hub.socket import Socket
    from .service import SocketIOService
    from .types import Room


def _outside(function: str, instead: str) -> NoReturn:
    raise OutsideEventError(
        f"{function}() works inside an event handler, where there is a current client; "
        f"elsewhere (routes, threads, scripts) use {instead}"
    )


def _origin(function: str, instead: str) -> tuple[SocketIOService, Socket]:
    origin = current_origin()
    if origin is None:
        _outside(function, instead)
    return origin


def emit(
    event: str,
    *args: Any,
    namespace: str | None = None,
    callback: Callable[..., object] | None = None,
    broadcast: bool = False,
    to: Rooms | None = None,
    room: Rooms | None = None,
    include_self: bool = True,
    skip_sid: str | list[str] | None = None,
    ignore_queue: bool = False,
    **unknown: Never,
) -> None:
    """Send an event to the client whose event is being handled, or to others.

    :param event: the event's name.
    :param args: its data; a tuple is several arguments, None is none.
    :param namespace: the namespace; that of the current event by default.
    :param callback: called with what the client answers, once for each client that answers.
    :param broadcast: True to send it to all clients of the namespace.
    :param to: a room, a sid, or a list of them.
    :param room: another name for ``to``.
    :param include_self: False to leave out the current client.
    :param skip_sid: a sid, or a list of them, to leave out.
    :param ignore_queue: True to reach this process's clients only.
    :raises OutsideEventError: no event is being handled.
    :raises TypeError: something in the data cannot be encoded.
    :raises ValueError: likewise.
    """
    if unknown:
        refuse_unknown(unknown, emit)
    service, socket = _origin("emit", "socketio.emit(..., to=...)")
    own = socket.namespace.name
    namespace = own if namespace is None else namespace or "/"
    rooms = rooms_of(to, room)
    if service.overridden_emit is not None:
        if rooms is None and not broadcast:
            beside = socket.client.sockets.get(namespace)  # its sid there is another one
            rooms = (socket.sid if beside is None else beside.sid,)
        service.overridden_emit(
            event,
            *args,
            namespace=namespace,
            to=None if rooms is None else list(rooms),
            include_self=include_self,
            skip_sid=skip_sid,
            callback=callback,
            ignore_queue=ignore_queue,
        )
        return
    data = event_args(args)
    if rooms is None and not broadcast:
        if include_self and not skip_sid:
            service.emit_to(socket, event, data, namespace, callback)
            return
        rooms = (socket.sid,)
    skip = sids_of(skip_sid)
    if not include_self:
        skip.add(socket.sid)
    service.emit(event, data, namespace, rooms, skip, callback, socket)


def send(
    message: Any,
    json: bool = False,
    namespace: str | None = None,
    callback: Callable[..., object] | None = None,
    broadcast: bool = False,
    to: Rooms | None = None,
    room: Rooms | None = None,
    include_self: bool = True,
    skip_sid: str | list[str] | None = None,
    ignore_queue: bool = False,
    **unknown: Never,
) -> None:
    """Send a message: the event ``message``, or ``json``.

    :param message: the data.
    :param json: True to send it as the event ``json``.

    The other arguments are those of :func:`emit`.
    """
    if unknown:
        refuse_unknown(unknown, send)
    emit(
        "json" if json else "message",
        message,
        namespace=namespace,
        callback=callback,
        broadcast=broadcast,
        to=to,
        room=room,
        include_self=include_self,
        skip_sid=skip_sid,
        ignore_queue=ignore_queue,
    )


def call(
    event: str,
    *args: Any,
    namespace: str | None = None,
    to: Room | None = None,
    room: Room | None = None,
    timeout: float | None = 60,
    ignore_queue: bool = False,
    **unknown: Never,
) -> Any:
    """Send an event to one client and wait for its answer.

    :param event: the event's name.
    :param args: its data; a tuple is several arguments, None is none.
    :param namespace: the namespace; that of the current event by default.
    :param to: the client's sid; the current client by default.
    :param room: another name for ``to``.
    :param timeout: seconds to wait; None for no limit.
    :param ignore_queue: True to reach this process's clients only.
    :returns: None, one value, or a tuple of several: what the client's handler acknowledged.
    :raises OutsideEventError: no event is being handled.
    :raises TimeoutError: no answer came in time.
    :raises DisconnectedError: the client is not connected, or went away meanwhile.
    """
    if unknown:
        refuse_unknown(unknown, call)
    service, socket = _origin("call", "socketio.call(..., to=...)")
    rooms = rooms_of(to, room)
    namespace = socket.namespace.name if namespace is None else namespace or "/"
    sid = socket.sid if rooms is None else next(iter(rooms))
    return service.call(event, event_args(args), namespace, sid, timeout)


def join_room(room: Room, sid: str | None = None, namespace: str | None = None) -> None:
    """Put a client into a room.

    :param room: the room's name, any hashable.
    :param sid: the client; the current one by default.
    :param namespace: the room's namespace; that of the current event by default.
    :raises ValueError: the client that was named is not connected.
    """
    service, socket = _origin("join_room", "join_room(room, sid=..., namespace=...) in a handler")
    hash(room)  # raises here, at the caller's line
    if sid is None and namespace in (None, socket.namespace.name):
        service.submit(service.hub.join, socket, room)
    else:
        service.enter_room(sid or socket.sid, room, namespace or socket.namespace.name)


def leave_room(room: Room, sid: str | None = None, namespace: str | None = None) -> None:
    """Take a client out of a room.

    :param room: the room's name.
    :param sid: the client; the current one by default.
    :param namespace: the room's namespace; that of the current event by default.
    :raises ValueError: the client that was named is not connected.
    """
    service, socket = _origin("leave_room", "leave_room(room, sid=..., namespace=...) in a handler")
    hash(room)
    if sid is None and namespace in (None, socket.namespace.name):
        service.submit(service.hub.leave, socket, room)
    else:
        service.leave_room(sid or socket.sid, room, namespace or socket.namespace.name)


def close_room(room: Room, namespace: str | None = None) -> None:
    """Take every client out of a room.

    :param room: the room's name.
    :param namespace: its namespace; that of the current event by default.
    """
    service, socket = _origin("close_room", "socketio.close_room(...)")
    service.close_room(room, namespace or socket.namespace.name)


def rooms(sid: str | None = None, namespace: str | None = None) -> list[Room]:
    """Return the rooms a client is in, its own first.

    :param sid: the client; the current one by default.
    :param namespace: the namespace; that of the current event by default.
    """
    service, socket = _origin("rooms", "it in a handler")
    return service.rooms(sid or socket.sid, namespace or socket.namespace.name)


def disconnect(sid: str | None = None, namespace: str | None = None, silent: bool = False) -> None:
    """Disconnect a client from a namespace.

    :param sid: the client; the current one by default.
    :param namespace: the namespace; that of the current event by default.
    :param silent: accepted and ignored, as in earlier releases.
    """
    service, socket = _origin("disconnect", "it in a handler")
    if sid is None and namespace in (None, socket.namespace.name):
        service.submit(service.hub.disconnect, socket)
    else:
        service.disconnect(sid or socket.sid, namespace or socket.namespace.name)
