"""``SocketIO``: the Flask extension."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Never, TypeVar, Unpack, overload
from weakref import WeakSet

from flask import current_app, has_app_context

from .addressing import event_args, refuse_unknown, rooms_of, sids_of
from .config import ServerConfig, SocketIOOptions
from .dispatch import EventDispatcher
from .errors import UsageError
from .event_context import current_origin
from .handlers import HandlerTable
from .hosts.middleware import SocketIOMiddleware
from .hosts.reloader import RELOAD_STATUS
from .loggers import advice, configure_loggers
from .namespace import Namespace
from .run_options import RunOptions, check_run_options
from .server import Server
from .service import SocketIOService, make_parser
from .test_client import SocketIOTestClient
from .types import DisconnectReason

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from flask import Flask
    from flask.testing import FlaskClient

    from .addressing import Rooms
    from .handlers import Function
    from .hosts.embedded import EmbeddedServer
    from .types import Room

F = TypeVar("F", bound="Callable[..., Any]")


class SocketIO:
    """Socket.IO for a Flask application.

    :param app: the application; give it later to :meth:`init_app` if there is none yet.
    :param options: see the documentation's options page.
    :raises UnknownOptionError: an option does not exist.
    :raises UsageError: an option's value cannot be.
    """

    #: Why a client was disconnected, as the argument of disconnect handlers.
    reason = DisconnectReason

    def __init__(self, app: Flask | None = None, **options: Unpack[SocketIOOptions]) -> None:
        #: The options that were given.
        self.server_options: SocketIOOptions = {}
        self._handlers = HandlerTable()
        #: The option of this name; it may be changed while the server runs, for new connections.
        self.manage_session: bool = True
        #: The server without Flask's contexts; None until there is an application.
        self.server: Server = None  # type: ignore[assignment]
        #: Where the server is in the application's WSGI stack; the last application's.
        self.sockio_mw: SocketIOMiddleware = None  # type: ignore[assignment]
        self.service: SocketIOService | None = None
        self._app: Flask | None = None
        #: Each has a service; that of the last one is :attr:`service`. They keep the services: a
        #: mapping here would keep the applications.
        self._apps: WeakSet[Flask] = WeakSet()
        self._config = ServerConfig()
        self._embedded: EmbeddedServer | None = None
        self._update_options(options)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask | None, **options: Unpack[SocketIOOptions]) -> None:
        """Attach the server to an application.

        :param app: the application; None only sets options, for emitting through a queue.
        :param options: as for the constructor; they override what was given there.
        """
        self._update_options(options)
        if app is None:
            return
        configure_loggers(self._config.logger, self._config.engineio_logger)
        parser = make_parser(self._config, app)
        dispatcher = EventDispatcher(
            app,
            self._handlers,
            parser,
            lambda: self.manage_session,
            self._config.allows_namespace,
        )
        self.service = SocketIOService(self._config, dispatcher, parser)
        if type(self).emit is not SocketIO.emit:
            self.service.overridden_emit = self.emit
        self._app = app
        self._apps.add(app)
        app.extensions.setdefault("socketio_by_instance", {})[id(self)] = self.service
        self.server = Server(self, self._handlers, self._started)
        app.extensions["socketio"] = self
        # Several instances on one application differ by their paths; run() serves all of them.
        app.extensions.setdefault("socketio_services", {})[self._config.url_path] = self.service
        if self._config.message_queue is not None:
            advice.warning(
                "message_queue is not supported yet: nothing that is emitted here leaves this "
                "process, and nothing from other processes arrives"
            )
        self.sockio_mw = SocketIOMiddleware(app.wsgi_app, self._config.url_path, {"flask.app": app})
        app.wsgi_app = self.sockio_mw  # type: ignore[method-assign]

    def _update_options(self, options: SocketIOOptions) -> None:
        self.server_options = {**self.server_options, **options}
        self._config = ServerConfig.from_options(self.server_options)
        self.manage_session = self._config.manage_session

    @property
    def async_mode(self) -> str:
        """How handlers run."""
        return "threading"

    # ---------------------------------------------------------------- handlers

    def on(self, message: str, namespace: str | None = None) -> Callable[[F], F]:
        """Register a handler, a function or an ``async def`` function, as a decorator.

        :param message: the event's name; ``'*'`` for every event without a handler of its own.
        :param namespace: its namespace, ``/`` by default; ``'*'`` for every namespace.
        :returns: a decorator that returns the function as it is.
        """

        def register(handler: F) -> F:
            self._handlers.add(message, namespace or "/", handler)
            return handler

        return register

    def on_event(
        self, message: str, handler: Callable[..., Any], namespace: str | None = None
    ) -> None:
        """Register a handler without a decorator; the arguments are those of :meth:`on`."""
        self._handlers.add(message, namespace or "/", handler)

    @overload
    def event(self, function: F) -> F: ...

    @overload
    def event(self, *, namespace: str | None = None) -> Callable[[F], F]: ...

    def event(self, function: Any = None, *, namespace: str | None = None) -> Any:
        """Register a handler for the event of the function's name, as a decorator.

        ``@socketio.event`` and ``@socketio.event(namespace='/chat')`` both work.
        """
        if function is not None:
            if not callable(function):
                raise UsageError(f"@socketio.event({function!r}): write namespace={function!r}")
            return self.on(function.__name__, namespace)(function)
        return lambda handler: self.on(handler.__name__, namespace)(handler)

    def on_namespace(self, namespace_handler: Namespace) -> None:
        """Register a class-based namespace.

        :param namespace_handler: an instance of a subclass of :class:`Namespace`.
        """
        if not isinstance(namespace_handler, Namespace):
            raise ValueError("on_namespace takes an instance of a subclass of Namespace")
        namespace_handler._socketio = self
        self._handlers.add_class(namespace_handler)

    def on_error(self, namespace: str | None = None) -> Callable[[F], F]:
        """Register an error handler for the handlers of a namespace, as a decorator.

        It is called with the exception; what it returns is the ack.
        """

        def register(handler: F) -> F:
            if not callable(handler):
                raise ValueError("on_error takes a namespace: write @socketio.on_error()")
            self._handlers.error_handlers[namespace or "/"] = handler
            return handler

        return register

    def on_error_default(self, exception_handler: F) -> F:
        """Register the error handler of all namespaces without one, as a decorator."""
        if not callable(exception_handler):
            raise ValueError("on_error_default is a decorator without arguments")
        self._handlers.default_error_handler = exception_handler
        return exception_handler

    @property
    def handlers(self) -> tuple[tuple[str, Function, str], ...]:
        """The functions that handle events: the event, the function and the namespace of each."""
        return tuple(
            (event, function, namespace)
            for namespace, functions in self._handlers.functions().items()
            for event, function in functions.items()
        )

    @property
    def namespace_handlers(self) -> tuple[Namespace, ...]:
        """The class-based namespaces."""
        return tuple(self._handlers.classes().values())

    @property
    def exception_handlers(self) -> dict[str, Function]:
        """The error handlers by namespace."""
        return self._handlers.error_handlers

    @property
    def default_exception_handler(self) -> Function | None:
        """The error handler of all namespaces without one."""
        return self._handlers.default_error_handler

    @default_exception_handler.setter
    def default_exception_handler(self, handler: Function | None) -> None:
        self._handlers.default_error_handler = handler

    # ---------------------------------------------------------------- emitting

    def _started(self) -> SocketIOService:
        service = self.service
        if len(self._apps) > 1 and has_app_context():
            app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
            service = self._service_of(app) or service
        if service is not None:
            return service
        if self._config.message_queue is not None:
            raise UsageError(
                "message_queue is not supported yet: what this process emits would reach nobody; "
                "emit in the process that serves the application"
            )
        raise UsageError("this SocketIO has no application yet: call init_app(app) first")

    def emit(
        self,
        event: str,
        *args: Any,
        namespace: str | None = "/",
        to: Rooms | None = None,
        room: Rooms | None = None,
        include_self: bool = True,
        skip_sid: str | list[str] | None = None,
        callback: Callable[..., object] | None = None,
        ignore_queue: bool = False,
        broadcast: bool = True,
        **unknown: Never,
    ) -> None:
        """Send an event to all clients, or to some; from any thread, with or without a context.

        :param event: the event's name.
        :param args: its data; a tuple is several arguments, None is none.
        :param namespace: the namespace.
        :param to: a room, a sid, or a list of them; None for everybody.
        :param room: another name for ``to``.
        :param include_self: False to leave out the client whose event is being handled.
        :param skip_sid: a sid, or a list of them, to leave out.
        :param callback: called with what the client answers, once for each client that answers.
        :param ignore_queue: True to reach this process's clients only.
        :param broadcast: accepted, since it is what happens.
        :raises TypeError: something in the data cannot be encoded.
        :raises ValueError: likewise.
        """
        if unknown:
            refuse_unknown(unknown, self.emit)
        origin = current_origin()
        skip = sids_of(skip_sid)
        if not include_self and origin is not None:
            skip.add(origin[1].sid)
        self._started().emit(
            event,
            event_args(args),
            namespace or "/",
            rooms_of(to, room),
            skip,
            callback,
            origin[1] if origin is not None else None,
        )

    def send(
        self,
        data: Any,
        json: bool = False,
        namespace: str | None = None,
        to: Rooms | None = None,
        callback: Callable[..., object] | None = None,
        include_self: bool = True,
        skip_sid: str | list[str] | None = None,
        *,
        room: Rooms | None = None,
        ignore_queue: bool = False,
        broadcast: bool = True,
        **unknown: Never,
    ) -> None:
        """Send a message: the event ``message``, or ``json``; otherwise like :meth:`emit`.

        :param data: the data.
        :param json: True to send it as the event ``json``.
        """
        if unknown:
            refuse_unknown(unknown, self.send)
        self.emit(
            "json" if json else "message",
            data,
            namespace=namespace,
            to=to,
            room=room,
            include_self=include_self,
            skip_sid=skip_sid,
            callback=callback,
            ignore_queue=ignore_queue,
        )

    def call(
        self,
        event: str,
        *args: Any,
        namespace: str | None = "/",
        to: Room | None = None,
        room: Room | None = None,
        timeout: float | None = 60,
        ignore_queue: bool = False,
        **unknown: Never,
    ) -> Any:
        """Send an event to one client and wait for its answer.

        :param event: the event's name.
        :param args: its data; a tuple is several arguments, None is none.
        :param namespace: the namespace.
        :param to: the client's sid.
        :param room: another name for ``to``.
        :param timeout: seconds to wait; None for no limit.
        :param ignore_queue: True to reach this process's clients only.
        :returns: None, one value, or a tuple of several: what the client's handler acknowledged.
        :raises TimeoutError: no answer came in time.
        :raises DisconnectedError: the client is not connected, or went away meanwhile.
        """
        if unknown:
            refuse_unknown(unknown, self.call)
        rooms = rooms_of(to, room)
        if rooms is None:
            raise UsageError("call() needs to=, the sid of the client that is to answer")
        return self._started().call(
            event, event_args(args), namespace or "/", next(iter(rooms)), timeout
        )

    def close_room(self, room: Room, namespace: str | None = None) -> None:
        """Take every client out of a room.

        :param room: the room.
        :param namespace: its namespace, ``/`` by default.
        """
        self._started().close_room(room, namespace or "/")

    # ---------------------------------------------------------------- background work

    def start_background_task(
        self, target: Callable[..., object], *args: Any, **kwargs: Any
    ) -> threading.Thread:
        """Run a function in the background.

        :param target: the function.
        :param args: its arguments.
        :param kwargs: its keyword arguments.
        :returns: the task; ``join()`` waits for it.
        """
        return self._started().background.start(target, args, kwargs)

    def sleep(self, seconds: float = 0) -> None:
        """Wait.

        :param seconds: how long. In a handler, the client's next handler may start meanwhile.
        """
        self._started().background.sleep(seconds)

    # ---------------------------------------------------------------- the server

    def run(
        self,
        app: Flask,
        host: str | None = None,
        port: int | None = None,
        **options: Unpack[RunOptions],
    ) -> None:
        """Serve the application, HTTP and Socket.IO on one port, until `stop` or a signal.

        :param app: the application.
        :param host: the address to listen on, 127.0.0.1 by default.
        :param port: the port; that of ``SERVER_NAME``, else 5000. 0 lets the system choose.
        :param options: see the documentation's page about running the server.
        :raises UnknownOptionError: an option does not exist.
        """
        from .serving import make_embedded_server, supervise, watch  # needs uvicorn

        settings = check_run_options(app, host, port, options)
        app.debug = settings.debug
        supervise(settings)
        if app not in self._apps:
            self.init_app(app)
        config = self._config
        if config.async_mode not in (None, "threading"):
            advice.warning(
                "async_mode=%r is not supported yet: handlers run in threads", config.async_mode
            )
        services = list(app.extensions["socketio_services"].values())
        embedded = make_embedded_server(
            app, services, settings, config.shutdown_grace, config.handler_overlap
        )
        watch(embedded, settings)
        self._embedded = embedded
        try:
            embedded.run()
        finally:
            self._embedded = None
        if embedded.is_reloading:
            sys.exit(RELOAD_STATUS)

    @property
    def wsgi_server(self) -> EmbeddedServer | None:
        """The server that :meth:`run` started, while it runs."""
        return self._embedded

    def stop(self) -> None:
        """Stop the server that :meth:`run` started, gracefully; from any thread.

        The server that test clients are connected to ends likewise.
        """
        inline = self.service.inline_host if self.service is not None else None
        if self._embedded is not None:
            self._embedded.stop()
        elif inline is not None and not inline.stopped:
            inline.stop()
        else:
            raise UsageError("stop() ends a server that socketio.run() started; none is running")

    # ---------------------------------------------------------------- tests

    def test_client(
        self,
        app: Flask,
        namespace: str | None = None,
        query_string: str | None = None,
        headers: Mapping[str, str] | None = None,
        auth: dict[str, Any] | None = None,
        flask_test_client: FlaskClient | None = None,
    ) -> SocketIOTestClient:
        """Return a connected client for tests; the documentation's page about testing says more.

        :param app: the application.
        :param namespace: the namespace to connect to, ``/`` by default.
        :param query_string: more for the query string of the handshake request.
        :param headers: headers of the handshake request.
        :param auth: a dictionary for the connect handler.
        :param flask_test_client: a Flask test client, whose cookies are sent along.
        """
        return SocketIOTestClient(
            app, self, namespace, query_string, headers, auth, flask_test_client
        )

    def _service_for(self, app: Flask) -> SocketIOService:
        """Return the server of an application, which is attached to it if it is not yet."""
        if self._service_of(app) is None:
            self.init_app(app)
        service: SocketIOService = app.extensions["socketio_by_instance"][id(self)]
        return service

    def _service_of(self, app: Flask) -> SocketIOService | None:
        services: dict[int, SocketIOService] = app.extensions.get("socketio_by_instance", {})
        return services.get(id(self))
