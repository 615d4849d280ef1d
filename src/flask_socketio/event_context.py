"""The Flask contexts of one event: ``request``, ``session``, ``g``, ``current_app``.

This is the only file that knows how Flask's contexts differ from version to version. Up to 3.1 an
application context and a request context are two objects behind two context variables; from 3.2 on
they are one. Either way a full push costs 60 µs, most of it for a request that has not changed
since the handshake. Here one object stands for both contexts, and makes what a handler asks for
when it asks: ``request`` is a shallow copy of the connection's, which was made once; a session is
opened, URLs are bound, ``g`` is made. The context variables are set directly. Teardown functions
run after each event, signals only if somebody listens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import flask
import flask.ctx
import flask.globals
from flask import (
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    request_tearing_down,
)
from flask.sessions import SecureCookieSessionInterface
from werkzeug.datastructures import ImmutableMultiDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask, Request
    from flask.sessions import SessionInterface, SessionMixin
    from werkzeug.datastructures import MultiDict

    from .hub.socket import Socket
    from .service import SocketIOService

_SPLIT_CONTEXTS = hasattr(flask.globals, "_cv_request")
_cv_app: Any = flask.globals._cv_app
_cv_request: Any = getattr(flask.globals, "_cv_request", None)
_ContextClass: Any = flask.ctx.RequestContext if _SPLIT_CONTEXTS else flask.ctx.AppContext
if TYPE_CHECKING:
    # Which class it is depends on Flask's version; what is used of it is declared below.
    _ContextBase = object
else:
    _ContextBase = _ContextClass


class ConnectionContext:
    """What the events of one connection share: its application, its request, its session.

    :param app: the application.
    :param environ: the WSGI environment of the handshake request.
    :param manage_session: True: a session that a handler modified belongs to this connection from
        then on. False: the session is opened for each event and saved after it.
    """

    __slots__ = ("_environ", "_request", "app", "fork", "manage_session")

    def __init__(self, app: Flask, environ: dict[str, Any], manage_session: bool) -> None:
        self.app: Flask = app
        self.manage_session: bool = manage_session
        #: The session that is this connection's own, because a handler modified it.
        self.fork: SessionMixin | None = None
        self._environ = environ
        self._request: Request | None = None

    def copy_request(self) -> Request:
        """Return a shallow copy of the handshake request."""
        if self._request is None:
            self._request = self.app.request_class(self._environ)
            self._request.json_module = self.app.json
        request: Request = object.__new__(type(self._request))
        request.__dict__.update(self._request.__dict__)
        return request


class EventContext(_ContextBase):
    """The application and request context of one event, from `enter` to `leave`.

    An instance is made by `for_event`, without Flask's constructor, which would route the request.
    """

    app: Flask
    #: The server and the client of the event.
    origin: tuple[SocketIOService, Socket]
    flashes: list[tuple[str, str]] | None = None
    _flashes: list[tuple[str, str]] | None = None
    _connection: ConnectionContext
    _event: str
    _args: Sequence[Any]
    _request: Request | None = None
    _session: SessionMixin | None = None
    _url_adapter: Any = None
    _g: Any = None
    _cv_token: Any = None
    _cv_tokens: Any
    _push_count = 0

    @classmethod
    def for_event(
        cls,
        connection: ConnectionContext,
        origin: tuple[SocketIOService, Socket],
        event: str,
        args: Sequence[Any],
    ) -> EventContext:
        """Make the context of an event.

        :param connection: the connection that it came on.
        :param origin: its server and its client.
        :param event: its name.
        :param args: its arguments.
        """
        context: EventContext = object.__new__(cls)
        context.app = connection.app
        context.origin = origin
        context._connection = connection
        context._event = event
        context._args = args
        return context

    # ---------------------------------------------------------------- what handlers ask for

    @property
    def request(self) -> Request:
        """The handshake request, with the ``sid``, ``namespace`` and ``event`` of this event."""
        request = self._request
        if request is None:
            socket = self.origin[1]
            request = self._request = self._connection.copy_request()
            request.__dict__["sid"] = socket.sid
            request.__dict__["namespace"] = socket.namespace.name
            if socket.query:
                request.__dict__["args"] = _merge_query(request, socket.query)
            request.__dict__["event"] = {"message": self._event, "args": self._args}
        return request

    @property
    def has_request(self) -> bool:
        """Whether there is a request (Flask 3.2)."""
        return True

    @property
    def session(self) -> SessionMixin:
        """The session: this connection's own if a handler has modified it, else the user's."""
        session = self._get_session()
        session.accessed = True
        return session

    def _get_session(self) -> SessionMixin:
        session = self._session
        if session is None:
            session = self._connection.fork
            if session is None:
                session = _open_session(self._connection, self.request)
            self._session = session
        return session

    @property
    def g(self) -> Any:
        """The event's own ``g``."""
        if self._g is None:
            self._g = self.app.app_ctx_globals_class()
        return self._g

    @property
    def url_adapter(self) -> Any:
        """What ``url_for`` binds URLs with."""
        if self._url_adapter is None:
            self._url_adapter = self.app.create_url_adapter(self.request)
        return self._url_adapter

    @property
    def _after_request_functions(self) -> list[Any]:
        """Functions for a response that an event does not have."""
        functions: list[Any] = self.__dict__.setdefault("_after_request", [])
        return functions

    def match_request(self) -> None:
        """Leave the request alone: an event has no URL."""

    def copy(self) -> EventContext:
        """Return a context for another thread (``copy_current_request_context``)."""
        context = self.for_event(self._connection, self.origin, self._event, self._args)
        context._request = self.request
        context._session = self._session
        context._cv_tokens = []
        return context

    # ---------------------------------------------------------------- its beginning and its end

    def enter(self) -> None:
        """Set the context variables, and say that the context begins."""
        self.resume()
        if appcontext_pushed.receivers:
            appcontext_pushed.send(self.app, _async_wrapper=self.app.ensure_sync)

    def resume(self) -> None:
        """Set the context variables: at the beginning, or in another thread after `suspend`."""
        self._app_token = _cv_app.set(self)
        if _SPLIT_CONTEXTS:
            self._request_token = _cv_request.set(self)
        else:
            self._cv_token = self._app_token
            self._push_count = 1

    def suspend(self) -> None:
        """Restore what was before, although the event has not ended."""
        if _SPLIT_CONTEXTS:
            _cv_request.reset(self._request_token)
        _cv_app.reset(self._app_token)

    def leave(self, error: BaseException | None) -> None:
        """Save the session, run the teardown functions, and restore what was before.

        :param error: the error that nobody handled, for the teardown functions.
        """
        try:
            if self._session is not None:
                _close_session(self._connection, self._session)
        finally:
            try:
                self._tear_down(error)
            finally:
                self.suspend()
        if appcontext_popped.receivers:
            appcontext_popped.send(self.app, _async_wrapper=self.app.ensure_sync)

    def _tear_down(self, error: BaseException | None) -> None:
        app = self.app
        if app.teardown_request_funcs or request_tearing_down.receivers:
            app.do_teardown_request(*self._teardown_args(error))
        if app.teardown_appcontext_funcs or appcontext_tearing_down.receivers:
            app.do_teardown_appcontext(*self._teardown_args(error))

    def _teardown_args(self, error: BaseException | None) -> tuple[Any, ...]:
        return (error,) if _SPLIT_CONTEXTS else (self, error)


def _merge_query(request: Request, query: str) -> MultiDict[str, str]:
    """Return the query of the handshake with what an old client added for a namespace."""
    given = parse_qsl(query, keep_blank_values=True)
    own = {name for name, _ in given}
    others = [(name, value) for name, value in request.args.items(True) if name not in own]
    return ImmutableMultiDict([*others, *given])


def current_origin() -> tuple[SocketIOService, Socket] | None:
    """Return the server and the client of the event that is being handled; None outside of one."""
    context = (_cv_request or _cv_app).get(None)
    if type(context) is EventContext:
        return context.origin
    return None if _SPLIT_CONTEXTS else _outer_origin(context)


def _outer_origin(context: Any) -> tuple[SocketIOService, Socket] | None:
    """Look behind application contexts that a handler pushed: from 3.2 on they hide its own."""
    while isinstance(context, _ContextClass) and not context.has_request:
        context = context._cv_token.old_value
    return context.origin if type(context) is EventContext else None


def _open_session(connection: ConnectionContext, request: Request) -> SessionMixin:
    app = connection.app
    interface = app.session_interface
    opened: SessionMixin | None = interface.open_session(app, request)
    session = opened if opened is not None else interface.make_null_session(app)
    if connection.manage_session and _reads_cookie(interface):
        connection.fork = session
    return session


def _reads_cookie(interface: SessionInterface) -> bool:
    """Tell whether sessions are read from the request alone.

    The handshake's cookie stays what it is: reading it again for each event would cost as much as
    the rest of the event ten times over, and lose changes of values inside the session's values.
    """
    return type(interface).open_session is SecureCookieSessionInterface.open_session


def _close_session(connection: ConnectionContext, session: SessionMixin) -> None:
    """Keep a session that was modified: with the connection, or where the application keeps it."""
    if not session.modified:
        return
    if connection.manage_session:
        connection.fork = session
        return
    app = connection.app
    if not app.session_interface.is_null_session(session):
        # The response goes nowhere: a session on the server needs none, a cookie cannot be sent.
        app.session_interface.save_session(app, session, app.response_class())
