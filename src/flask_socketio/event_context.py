"""The Flask contexts of one event: ``request``, ``session``, ``g``, ``current_app``.

This is the only file that knows how Flask's contexts differ from version to version. Up to 3.1 an
application context and a request context are two objects behind two context variables; from 3.2 on
they are one. Either way a full push costs 60 µs, most of it for a request that has not changed
since the handshake. So a connection's request is made once; an event gets a shallow copy of it,
put into a context that opens a session or binds URLs only when somebody asks, and the context
variables are set directly. Teardown functions run after each event, signals only if somebody
listens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
import flask.ctx
import flask.globals
from flask import appcontext_popped, appcontext_pushed
from flask.sessions import SecureCookieSessionInterface

if TYPE_CHECKING:
    from flask import Flask, Request
    from flask.sessions import SessionInterface, SessionMixin

    from .hub.socket import Socket
    from .server import Server

_SPLIT_CONTEXTS = hasattr(flask.globals, "_cv_request")
_cv_app: Any = flask.globals._cv_app
_cv_request: Any = getattr(flask.globals, "_cv_request", None)
_ContextClass: Any = flask.ctx.RequestContext if _SPLIT_CONTEXTS else flask.ctx.AppContext


class ConnectionContext:
    """What the events of one connection share: its application, its request, its session.

    :param app: the application.
    :param environ: the WSGI environment of the handshake request.
    :param manage_session: True: a session that a handler modified belongs to this connection from
        then on. False: the session is opened for each event and saved after it.
    """

    __slots__ = ("app", "fork", "manage_session", "request")

    def __init__(self, app: Flask, environ: dict[str, Any], manage_session: bool) -> None:
        self.app = app
        self.manage_session = manage_session
        self.request: Request = app.request_class(environ)
        self.request.json_module = app.json
        #: The session that is this connection's own, because a handler modified it.
        self.fork: SessionMixin | None = None


class EventContext(_ContextClass):  # type: ignore[misc]
    """A request context whose session and URL adapter are made when they are asked for.

    An instance is made without calling Flask's constructor, which would route the request.
    """

    _connection: ConnectionContext
    _url_adapter: Any
    #: The server and the client of the event.
    origin: tuple[Server, Socket]

    def match_request(self) -> None:
        """Leave the request alone: an event has no URL."""

    @property
    def session(self) -> SessionMixin:
        """The session: this connection's own if a handler has modified it, else the user's."""
        session = self._get_session()
        session.accessed = True
        return session

    @session.setter
    def session(self, value: SessionMixin | None) -> None:
        self._session = value

    def _get_session(self) -> SessionMixin:
        session: SessionMixin | None = self.__dict__.get("_session")
        if session is None:
            session = self._session = _open_session(self._connection, self.request)
        return session

    @property
    def url_adapter(self) -> Any:
        """What ``url_for`` binds URLs with."""
        if self._url_adapter is None:
            self._url_adapter = self.app.create_url_adapter(self.request)
        return self._url_adapter

    @url_adapter.setter
    def url_adapter(self, value: Any) -> None:
        self._url_adapter = value

    def copy(self) -> EventContext:
        """Return a context for another thread (``copy_current_request_context``)."""
        session = self.__dict__.get("_session")
        return _make_context(self._connection, self.request, self.origin, session)


def current_origin() -> tuple[Server, Socket] | None:
    """Return the server and the client of the event that is being handled; None outside of one."""
    context = (_cv_request or _cv_app).get(None)
    return context.__dict__.get("origin") if context is not None else None


def _make_context(
    connection: ConnectionContext,
    request: Request,
    origin: tuple[Server, Socket],
    session: SessionMixin | None = None,
) -> EventContext:
    """Make a context that is not pushed yet."""
    context = EventContext.__new__(EventContext)
    context.__dict__ = {
        "app": connection.app,
        "_connection": connection,
        "origin": origin,
        "_session": session,
        "_url_adapter": None,
        "_after_request_functions": [],
        **_STATE,
    }
    if _SPLIT_CONTEXTS:
        context.request = request
        context._cv_tokens = []
    else:
        context._request = request
        context.g = connection.app.app_ctx_globals_class()
    return context


_STATE: dict[str, Any] = (
    {"flashes": None}
    if _SPLIT_CONTEXTS
    else {"_flashes": None, "_cv_token": None, "_push_count": 0}
)


class EventScope:
    """Makes ``request``, ``session`` and ``g`` those of one event, from `enter` to `leave`.

    :param connection: the connection that the event came on.
    :param attributes: what ``request`` has besides: ``sid``, ``namespace``, ``event``.
    :param origin: the server and the client of the event.
    """

    __slots__ = ("_app_context", "_app_token", "_connection", "_token", "context")

    def __init__(
        self,
        connection: ConnectionContext,
        attributes: dict[str, Any],
        origin: tuple[Server, Socket],
    ) -> None:
        request = object.__new__(type(connection.request))
        request.__dict__ = {**connection.request.__dict__, **attributes}
        self._connection = connection
        self.context = _make_context(connection, request, origin)

    def enter(self) -> None:
        """Set the context variables."""
        app = self._connection.app
        if _SPLIT_CONTEXTS:
            self._app_context: Any = _make_app_context(app)
            self._app_token = _cv_app.set(self._app_context)
            self._token = _cv_request.set(self.context)
        else:
            self._app_context = self.context
            self._token = _cv_app.set(self.context)
            self.context._cv_token = self._token
            self.context._push_count = 1
        if appcontext_pushed.receivers:
            appcontext_pushed.send(app, _async_wrapper=app.ensure_sync)

    def leave(self, error: BaseException | None) -> None:
        """Save the session, run the teardown functions, and restore what was before.

        :param error: the error that nobody handled, for the teardown functions.
        """
        app = self._connection.app
        try:
            try:
                session = self.context.__dict__["_session"]
                if session is not None:
                    _close_session(self._connection, session)
            finally:
                self._tear_down(app, error)
        finally:
            if _SPLIT_CONTEXTS:
                _cv_request.reset(self._token)
                _cv_app.reset(self._app_token)
            else:
                _cv_app.reset(self._token)
        if appcontext_popped.receivers:
            appcontext_popped.send(app, _async_wrapper=app.ensure_sync)

    def _tear_down(self, app: Flask, error: BaseException | None) -> None:
        if app.teardown_request_funcs or flask.request_tearing_down.receivers:
            app.do_teardown_request(*self._teardown_args(error))
        if app.teardown_appcontext_funcs or flask.appcontext_tearing_down.receivers:
            app.do_teardown_appcontext(*self._teardown_args(error))

    def _teardown_args(self, error: BaseException | None) -> tuple[Any, ...]:
        return (error,) if _SPLIT_CONTEXTS else (self.context, error)


def _make_app_context(app: Flask) -> Any:
    """Make an application context with a fresh ``g``, without binding URLs."""
    context: Any = object.__new__(flask.ctx.AppContext)
    context.app = app
    context.url_adapter = None
    context.g = app.app_ctx_globals_class()
    context._cv_tokens = []
    return context


def _open_session(connection: ConnectionContext, request: Request) -> SessionMixin:
    if connection.fork is not None:
        return connection.fork
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
