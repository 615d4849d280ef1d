"""What surrounds an event under the test client: cookies, sessions, the user, WSGI middleware."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, current_app, g, request, session
from flask.testing import FlaskClient
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_socketio import SocketIO, disconnect, emit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


class Site:
    """An application whose view and handlers read and write the session."""

    def __init__(self, **options: Any) -> None:
        self.app = app = Flask(__name__)
        app.config["SECRET_KEY"] = "secret!"
        self.socketio = socketio = SocketIO(app, **options)
        self.flask_client = app.test_client()

        @app.route("/set/<name>/<value>")
        def set_value(name: str, value: str) -> str:
            session[name] = value
            return "set"

        @app.route("/get/<name>")
        def get_value(name: str) -> str:
            return str(session.get(name))

        @socketio.on("set")
        def on_set(name: str, value: str) -> None:
            session[name] = value

        @socketio.on("get")
        def on_get(name: str) -> str | None:
            return session.get(name)

    def connect(self, **options: Any) -> Any:
        return self.socketio.test_client(self.app, flask_test_client=self.flask_client, **options)

    def get(self, path: str) -> str:
        return self.flask_client.get(path).text


@pytest.fixture
def site() -> Site:
    return Site()


class TestSession:
    """ "Passing the Flask test client is optional, but is necessary if you want the Flask user
    session and any other cookies set in HTTP routes accessible from Socket.IO events.\""""

    def test_of_the_flask_client(self, site: Site) -> None:
        site.get("/set/name/Ann")
        assert site.connect().emit("get", "name", callback=True) == "Ann"

    def test_without_a_flask_client_there_is_none(self, site: Site) -> None:
        site.get("/set/name/Ann")
        client = site.socketio.test_client(site.app)
        assert client.emit("get", "name", callback=True) == []

    def test_a_handlers_changes_are_its_connections_own(self, site: Site) -> None:
        client = site.connect()
        client.emit("set", "name", "Ann")
        assert client.emit("get", "name", callback=True) == "Ann"
        assert site.get("/get/name") == "None"

    def test_a_connection_made_later_has_later_cookies(self, site: Site) -> None:
        client = site.connect()
        site.get("/set/name/Ann")
        client.disconnect()
        client.connect()
        assert client.emit("get", "name", callback=True) == "Ann"

    def test_on_the_server_with_manage_session_false(self, tmp_path: Path) -> None:
        flask_session = pytest.importorskip("flask_session")
        cachelib = pytest.importorskip("cachelib")
        site = Site(manage_session=False)
        site.app.config.update(SESSION_TYPE="cachelib", SESSION_PERMANENT=False)
        site.app.config["SESSION_CACHELIB"] = cachelib.FileSystemCache(str(tmp_path))
        flask_session.Session(site.app)
        site.get("/set/name/Ann")
        client = site.connect()
        client.emit("set", "color", "red")
        assert site.get("/get/color") == "red"
        site.get("/set/name/Bob")
        assert client.emit("get", "name", callback=True) == "Bob"

    def test_within_a_session_transaction(self, site: Site) -> None:
        with site.flask_client.session_transaction() as stored:
            stored["name"] = "Ann"
        assert site.connect().emit("get", "name", callback=True) == "Ann"


class TestRequest:
    def test_cookies_and_environment_of_the_flask_client(self, site: Site) -> None:
        seen: list[Any] = []

        @site.socketio.on("connect")
        def on_connect() -> None:
            seen.extend([request.cookies["a"], request.remote_addr, request.path])

        site.flask_client.set_cookie("a", "b")
        site.flask_client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
        site.connect()
        assert seen == ["b", "192.0.2.7", "/socket.io/"]

    def test_a_flask_client_of_the_applications_own(self, site: Site) -> None:
        class Authorized(FlaskClient):
            def open(self, *args: Any, **kwargs: Any) -> Any:
                kwargs["headers"] = {"Authorization": "Bearer t"}
                return super().open(*args, **kwargs)

        site.app.test_client_class = Authorized
        site.flask_client = site.app.test_client()
        site.socketio.on_event("who", lambda: request.headers.get("Authorization"))
        assert site.connect().emit("who", callback=True) == "Bearer t"

    def test_it_knows_the_event(self, site: Site) -> None:
        @site.socketio.on("x")
        def on_x(*args: Any) -> Any:
            event: dict[str, Any] = request.event  # type: ignore[attr-defined]
            return [request.sid, event["message"], event["args"]]  # type: ignore[attr-defined]

        client = site.connect()
        assert client.emit("x", 1, 2, callback=True) == [client.get_sid(), "x", [1, 2]]

    def test_the_contexts_of_the_test_are_back_afterwards(self, site: Site) -> None:
        site.socketio.on_event("x", lambda: setattr(g, "name", "handler"))
        client = site.connect()
        with site.app.app_context():
            g.name = "test"
            client.emit("x")
            assert g.name == "test"
            assert current_app.name == site.app.name
        with pytest.raises(RuntimeError, match="outside of application context"):
            current_app.name  # noqa: B018

    def test_another_path(self) -> None:
        site = Site(path="/ws/")
        assert site.connect().is_connected()


class TestMiddleware:
    def test_the_handshake_passes_through(self, site: Site) -> None:
        site.app.wsgi_app = ProxyFix(site.app.wsgi_app)  # type: ignore[method-assign]
        site.socketio.on_event("who", lambda: request.remote_addr)
        client = site.connect(headers={"X-Forwarded-For": "203.0.113.9"})
        assert client.emit("who", callback=True) == "203.0.113.9"

    def test_it_may_refuse(self, site: Site) -> None:
        def refuse(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            start_response("403 FORBIDDEN", [("Set-Cookie", "seen=yes; Path=/")])
            return [b"no"]

        site.app.wsgi_app = refuse  # type: ignore[method-assign, assignment]
        client = site.connect()
        assert not client.is_connected()
        assert client.connect_error == {"message": "the handshake was answered 403 FORBIDDEN"}
        cookie = site.flask_client.get_cookie("seen")
        assert cookie is not None


class TestDocumentedListings:
    """Those about Flask-Login, with the client that the documents describe."""

    @pytest.fixture
    def logins(self, site: Site) -> Site:
        flask_login = pytest.importorskip("flask_login")

        class User(flask_login.UserMixin):  # type: ignore[misc, name-defined]
            def __init__(self, name: str) -> None:
                self.id = self.name = name

        flask_login.LoginManager(site.app).user_loader(User)

        @site.app.route("/login/<name>")
        def login(name: str) -> str:
            flask_login.login_user(User(name))
            return "logged in"

        return site

    def test_connect_handler(self, logins: Site) -> None:
        from flask_login import current_user

        socketio = logins.socketio

        @socketio.on("connect")
        def connect_handler():
            if current_user.is_authenticated:
                emit(
                    "my response",
                    {"message": "{0} has joined".format(current_user.name)},  # noqa: UP030, UP032
                    broadcast=True,
                )
            else:
                return False  # not allowed here

        assert not logins.connect().is_connected()
        logins.get("/login/Ann")
        client = logins.connect()
        assert client.is_connected()
        received = client.get_received()
        assert [entry["args"] for entry in received] == [[{"message": "Ann has joined"}]]

    def test_authenticated_only(self, logins: Site) -> None:
        from flask_login import current_user

        socketio = logins.socketio

        def authenticated_only(f):
            @functools.wraps(f)
            def wrapped(*args, **kwargs):
                if not current_user.is_authenticated:
                    disconnect()
                else:
                    return f(*args, **kwargs)

            return wrapped

        @socketio.on("my event")
        @authenticated_only
        def handle_my_custom_event(data):
            emit(
                "my response",
                {"message": "{0} has joined".format(current_user.name)},  # noqa: UP030, UP032
                broadcast=True,
            )

        stranger = logins.connect()
        stranger.emit("my event", {})
        assert not stranger.is_connected()
        logins.get("/login/Ann")
        client = logins.connect()
        client.emit("my event", {})
        assert client.get_received()[0]["args"] == [{"message": "Ann has joined"}]
