"""``socketio.server``: the server without Flask's contexts, for code that was written for
python-socketio's ``Server``."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from . import server_views as views
from .errors import UsageError
from .live_mapping import LiveMapping
from .loggers import SOCKETIO
from .server_clients import ClientRegister
from .server_engine import EngineServer
from .server_handlers import SidFirst
from .types import DisconnectReason

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .addressing import Rooms
    from .extension import SocketIO
    from .handlers import Function, HandlerTable
    from .namespace import Namespace
    from .service import SocketIOService
    from .types import Room

F = TypeVar("F", bound="Callable[..., Any]")


class Server:
    """The server, as :attr:`flask_socketio.SocketIO.server`; applications do not make one.

    Its methods work in every thread, with or without an event. Those that ask the server something
    wait for the answer; in a callable option such as ``cors_allowed_origins``, which the server
    calls itself, they answer at once. Attributes are there to be read.

    With one :class:`flask_socketio.SocketIO` on several applications, it is the server of
    ``current_app``, or else of the application that was given last.

    :param socketio: the extension.
    :param handlers: its handlers.
    :param find_service: returns the inside of the server.
    """

    #: Why a client was disconnected, as the argument of disconnect handlers.
    reason = DisconnectReason

    def __init__(
        self,
        socketio: SocketIO,
        handlers: HandlerTable,
        find_service: Callable[[], SocketIOService],
    ) -> None:
        self._socketio = socketio
        self._handlers = handlers
        self._find_service = find_service
        #: Who is connected, and in which rooms.
        self.manager: ClientRegister = ClientRegister(socketio, find_service)
        #: The Engine.IO layer: sessions and their options.
        self.eio: EngineServer = EngineServer(socketio, find_service)

    # ---------------------------------------------------------------- handlers

    @overload
    def on(self, event: str, handler: F, namespace: str | None = None) -> F: ...

    @overload
    def on(
        self, event: str, handler: None = None, namespace: str | None = None
    ) -> Callable[[F], F]: ...

    def on(self, event: str, handler: Any = None, namespace: str | None = None) -> Any:
        """Register a handler that is called with the client's sid first.

        It runs in the context of its event, as those of :meth:`flask_socketio.SocketIO.on` do, but
        is called with ``sid, *data``; of ``connect`` with ``sid, environ, auth``.

        :param event: the event's name; ``'*'`` for every event without a handler of its own, whose
            name comes before the sid.
        :param handler: the handler; without it this is a decorator.
        :param namespace: its namespace, ``/`` by default; ``'*'`` for every namespace, whose name
            comes before the sid.
        :returns: the handler as it is, or a decorator that returns it.
        """

        def register(function: F) -> F:
            where = namespace or "/"
            self._handlers.add(event, where, SidFirst(event, where, function))
            return function

        return register if handler is None else register(handler)

    @overload
    def event(self, function: F) -> F: ...

    @overload
    def event(self, *, namespace: str | None = None) -> Callable[[F], F]: ...

    def event(self, function: Any = None, *, namespace: str | None = None) -> Any:
        """Register a handler for the event of the function's name, as a decorator.

        ``@server.event`` and ``@server.event(namespace='/chat')`` both work; see :meth:`on`.
        """
        if function is None:
            return lambda handler: self.on(handler.__name__, handler, namespace)
        if not callable(function):
            raise UsageError(f"@server.event({function!r}): write namespace={function!r}")
        return self.on(function.__name__, function, namespace)

    def register_namespace(self, namespace_handler: Namespace) -> None:
        """Register a class-based namespace.

        :param namespace_handler: an instance of a subclass of :class:`flask_socketio.Namespace`.
        :raises ValueError: it is something else.
        """
        self._socketio.on_namespace(namespace_handler)

    @property
    def handlers(self) -> Mapping[str, Mapping[str, Function]]:
        """The functions that handle events, as ``{namespace: {event: function}}``."""
        registered = self._handlers.functions()
        return MappingProxyType(
            {name: MappingProxyType(functions) for name, functions in registered.items()}
        )

    @property
    def namespace_handlers(self) -> Mapping[str, Namespace]:
        """The class-based namespaces by name."""
        return MappingProxyType(self._handlers.classes())

    # ---------------------------------------------------------------- sending

    def emit(
        self,
        event: str,
        data: Any = None,
        to: Rooms | None = None,
        room: Rooms | None = None,
        skip_sid: str | list[str] | None = None,
        namespace: str | None = None,
        callback: Callable[..., object] | None = None,
        ignore_queue: bool = False,
    ) -> None:
        """Send an event to all clients, or to some; see :meth:`flask_socketio.SocketIO.emit`.

        :param event: the event's name.
        :param data: its data; a tuple is several arguments, None is none.
        :param to: a room, a sid, or a list of them; None for everybody.
        :param room: another name for ``to``.
        :param skip_sid: a sid, or a list of them, to leave out.
        :param namespace: the namespace, ``/`` by default.
        :param callback: called with what the client answers, once for each client that answers.
        :param ignore_queue: True to reach this process's clients only.
        """
        self._socketio.emit(
            event,
            data,
            namespace=namespace,
            to=to,
            room=room,
            skip_sid=skip_sid,
            callback=callback,
            ignore_queue=ignore_queue,
        )

    def send(
        self,
        data: Any,
        to: Rooms | None = None,
        room: Rooms | None = None,
        skip_sid: str | list[str] | None = None,
        namespace: str | None = None,
        callback: Callable[..., object] | None = None,
        ignore_queue: bool = False,
    ) -> None:
        """Send a message, that is the event ``message``; otherwise like :meth:`emit`."""
        self.emit("message", data, to, room, skip_sid, namespace, callback, ignore_queue)

    def call(
        self,
        event: str,
        data: Any = None,
        to: Room | None = None,
        sid: Room | None = None,
        namespace: str | None = None,
        timeout: float | None = 60,
        ignore_queue: bool = False,
    ) -> Any:
        """Send an event to one client and wait for its answer.

        :param event: the event's name.
        :param data: its data; a tuple is several arguments, None is none.
        :param to: the client's sid.
        :param sid: another name for ``to``.
        :param namespace: the namespace, ``/`` by default.
        :param timeout: seconds to wait; None for no limit.
        :param ignore_queue: True to reach this process's clients only.
        :returns: None, one value, or a tuple of several: what the client's handler acknowledged.
        :raises TimeoutError: no answer came in time.
        :raises DisconnectedError: the client is not connected, or went away meanwhile.
        """
        return self._socketio.call(
            event,
            data,
            namespace=namespace,
            to=to,
            room=sid,
            timeout=timeout,
            ignore_queue=ignore_queue,
        )

    # ---------------------------------------------------------------- rooms and clients

    def enter_room(self, sid: str, room: Room, namespace: str | None = None) -> None:
        """Put a client into a room.

        :param sid: the client.
        :param room: the room's name, any hashable.
        :param namespace: the room's namespace, ``/`` by default.
        :raises ValueError: the client is not connected.
        """
        self._find_service().enter_room(sid, room, namespace or "/")

    def leave_room(self, sid: str, room: Room, namespace: str | None = None) -> None:
        """Take a client out of a room; the arguments are those of :meth:`enter_room`.

        :raises ValueError: the client is not connected.
        """
        self._find_service().leave_room(sid, room, namespace or "/")

    def close_room(self, room: Room, namespace: str | None = None) -> None:
        """Take every client out of a room.

        :param room: the room.
        :param namespace: its namespace, ``/`` by default.
        """
        self._find_service().close_room(room, namespace or "/")

    def rooms(self, sid: str, namespace: str | None = None) -> list[Room]:
        """Return the rooms a client is in, its own first; none if it is not connected."""
        return self.manager.get_rooms(sid, namespace or "/")

    def transport(self, sid: str, namespace: str | None = None) -> str:
        """Return how a client's packets travel, ``polling`` or ``websocket``.

        :raises KeyError: the client is not connected.
        """
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace or "/")
        if eio_sid is None:
            raise _not_connected(sid, namespace)
        return self.eio.transport(eio_sid)

    def get_environ(self, sid: str, namespace: str | None = None) -> dict[str, Any] | None:
        """Return the WSGI environment of a client's handshake; None if it is not connected.

        As in every request's, the application is there as ``flask.app``.
        """
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace or "/")
        return self.environ.get(eio_sid) if eio_sid is not None else None

    @property
    def environ(self) -> Mapping[str, dict[str, Any]]:
        """The WSGI environment of each session's handshake, by the session's id."""
        service = self._find_service()

        def look_up(eio_sid: str) -> dict[str, Any]:
            found = views.ask_hub(service, views.find_environ, eio_sid)
            if found is None:
                raise KeyError(eio_sid)
            return found

        return LiveMapping(
            "server.environ",
            lambda: views.ask_hub(service, views.read_environs) or {},
            "what connects and disconnects clients",
            look_up,
        )

    def disconnect(
        self, sid: str, namespace: str | None = None, ignore_queue: bool = False
    ) -> None:
        """Disconnect a client from a namespace; nothing happens if it is not connected.

        :param sid: the client.
        :param namespace: the namespace, ``/`` by default.
        :param ignore_queue: True to reach this process's clients only.
        """
        self._find_service().disconnect(sid, namespace or "/")

    # ---------------------------------------------------------------- what is kept for clients

    def get_session(self, sid: str, namespace: str | None = None) -> dict[str, Any]:
        """Return what the application keeps for a client in a namespace.

        This is neither the session of Flask nor shared between namespaces or servers. It ends with
        the client's disconnect handler.

        :returns: a dictionary; write it back with :meth:`save_session`.
        :raises KeyError: the client is not connected.
        """
        session = views.ask_hub(self._find_service(), views.find_data, sid, namespace or "/")
        if session is None:
            raise _not_connected(sid, namespace)
        return session

    def save_session(self, sid: str, session: dict[str, Any], namespace: str | None = None) -> None:
        """Replace what the application keeps for a client in a namespace.

        :raises KeyError: the client is not connected.
        """
        service = self._find_service()
        where = namespace or "/"
        if not views.ask_hub(service, views.replace_data, sid, where, session):
            raise _not_connected(sid, namespace)

    @contextmanager
    def session(self, sid: str, namespace: str | None = None) -> Iterator[dict[str, Any]]:
        """Give what the application keeps for a client to a ``with`` block, and save it after.

        :raises KeyError: the client is not connected.
        """
        session = self.get_session(sid, namespace)
        yield session
        self.save_session(sid, session, namespace)

    # ---------------------------------------------------------------- the server itself

    def handle_request(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a WSGI request, as the application with Socket.IO does."""
        return self._socketio.sockio_mw(environ, start_response)

    def start_background_task(
        self, target: Callable[..., object], *args: Any, **kwargs: Any
    ) -> threading.Thread:
        """Run a function in the background, as
        :meth:`flask_socketio.SocketIO.start_background_task` does."""
        return self._socketio.start_background_task(target, *args, **kwargs)

    def sleep(self, seconds: float = 0) -> None:
        """Wait; see :meth:`flask_socketio.SocketIO.sleep`."""
        self._socketio.sleep(seconds)

    def shutdown(self) -> None:
        """Disconnect every client and take no more; the web server goes on."""
        service = self._find_service()
        service.submit(lambda: service.engine.close_all())

    # ---------------------------------------------------------------- options

    @property
    def async_handlers(self) -> bool:
        """Whether a client's next handler may start before the one before it has ended."""
        return self._find_service().config.async_handlers

    @property
    def async_mode(self) -> str:
        """How handlers run."""
        return self._socketio.async_mode

    @property
    def always_connect(self) -> bool:
        """Whether clients are accepted before their connect handler has decided."""
        return self._find_service().config.always_connect

    @property
    def namespaces(self) -> list[str] | str:
        """The namespaces that are open without having handlers; ``'*'`` for all."""
        given = self._find_service().config.namespaces
        return ["/"] if given is None else given if given == "*" else list(given)

    @property
    def packet_class(self) -> type:
        """The class that encodes and decodes packets."""
        return type(self._find_service().parser)

    @property
    def logger(self) -> logging.Logger:
        """The logger of the Socket.IO layer."""
        return logging.getLogger(SOCKETIO)


def _not_connected(sid: str, namespace: str | None) -> KeyError:
    return KeyError(f"no client {sid!r} is connected to the namespace {namespace or '/'!r}")
