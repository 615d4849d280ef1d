"""event_context.py alone, without a server."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, current_app, g, has_app_context, has_request_context, request, session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.test import EnvironBuilder

from flask_socketio.event_context import ConnectionContext, EventContext, current_origin

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Stands for the server and the client of an event.
ANYWHERE: Any = SimpleNamespace(app=None)
ORIGIN: Any = (None, SimpleNamespace(sid="s", namespace=SimpleNamespace(name="/"), query=""))


class TestEventContext:
    """The context alone, without a server."""

    @pytest.fixture
    def connection(self) -> ConnectionContext:
        app = Flask(__name__)
        app.secret_key = "secret!"
        environ = EnvironBuilder(path="/").get_environ()
        return ConnectionContext(app, environ, manage_session=True)

    @contextmanager
    def event(self, connection: ConnectionContext) -> Iterator[None]:
        context = make_context(connection)
        context.enter()
        try:
            yield
        finally:
            context.leave(None)

    def test_events_nest(self, connection: ConnectionContext) -> None:
        with self.event(connection):
            outer = request._get_current_object()
            g.mark = "outer"
            with self.event(connection):
                assert "mark" not in g
            assert g.mark == "outer"
            assert request._get_current_object() is outer
        assert not has_request_context()
        assert not has_app_context()

    def test_outer_application_context_stays(self, connection: ConnectionContext) -> None:
        with connection.app.app_context():
            g.mark = "outer"
            with self.event(connection):
                assert "mark" not in g
            assert g.mark == "outer"
            assert not has_request_context()

    def test_session_is_opened_when_it_is_touched(self, connection: ConnectionContext) -> None:
        opened: list[Any] = []

        class Interface(SecureCookieSessionInterface):
            def open_session(self, app: Flask, request: Any) -> Any:
                opened.append(request)
                return super().open_session(app, request)

        connection.app.session_interface = Interface()
        with self.event(connection):
            assert opened == []
            assert session.get("a") is None
            assert session.get("b") is None
            assert len(opened) == 1

    def test_teardown_runs_although_the_session_fails(self, connection: ConnectionContext) -> None:
        seen: list[Any] = []
        connection.app.teardown_request(seen.append)
        context = make_context(connection)
        context.enter()

        class Broken(dict[str, Any]):
            @property
            def modified(self) -> bool:
                raise RuntimeError("expected by the test")

        context._session = Broken()  # type: ignore[assignment]
        with pytest.raises(RuntimeError):
            context.leave(None)

        assert seen == [None]
        assert not has_request_context()


def make_context(connection: ConnectionContext) -> EventContext:
    return EventContext.for_event(connection, ORIGIN, "event", ())


class TestSingleContext:
    """From Flask 3.2 on the application and request contexts are one, behind one variable."""

    def test_nested_application_contexts_of_flask_3_2(self, monkeypatch: Any) -> None:
        """One variable holds both contexts there: an application context hides the event's."""

        class Nested:
            has_request = False
            _cv_token: Any = None

        class NestedRequest(Nested):
            has_request = True

        variable: ContextVar[Any] = ContextVar("context")
        monkeypatch.setattr("flask_socketio.event_context._SPLIT_CONTEXTS", False)
        monkeypatch.setattr("flask_socketio.event_context._ContextClass", Nested)
        monkeypatch.setattr("flask_socketio.event_context._cv_request", variable)
        seen = [current_origin()]
        for context in (
            Nested(),
            EventContext.for_event(ANYWHERE, ORIGIN, "x", ()),
            Nested(),
            Nested(),
            NestedRequest(),
        ):
            context._cv_token = variable.set(context)
            seen.append(current_origin())

        assert seen == [None, None, ORIGIN, ORIGIN, ORIGIN, None]

    def test_single_context_of_flask_3_2(self, monkeypatch: Any) -> None:
        monkeypatch.setattr("flask_socketio.event_context._SPLIT_CONTEXTS", False)
        monkeypatch.setattr("flask_socketio.event_context._cv_request", None)
        context = EventContext.for_event(SimpleNamespace(app=Flask("app")), ORIGIN, "x", ())
        context.enter()
        seen = (context.has_request, current_origin(), current_app.name)
        context.leave(None)

        assert seen == (True, ORIGIN, "app")
        assert context._teardown_args(None) == (context, None)
        assert not has_app_context()
