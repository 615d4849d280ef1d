"""Flask-Login: users who logged in over HTTP, or in a handler."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

import pytest
from tests.flask.client import RefusedError

from flask_socketio import disconnect, emit

if TYPE_CHECKING:
    from tests.flask.site import Site

flask_login = pytest.importorskip("flask_login")
current_user = flask_login.current_user


class User(flask_login.UserMixin):  # type: ignore[misc, name-defined]
    def __init__(self, name: str) -> None:
        self.id = self.name = name


@pytest.fixture
def logins(site: Site) -> Site:
    manager = flask_login.LoginManager(site.app)
    manager.user_loader(User)

    @site.app.route("/login/<name>")
    def login(name: str) -> str:
        flask_login.login_user(User(name))
        return "logged in"

    @site.socketio.on("login")
    def login_here(name: str) -> None:
        flask_login.login_user(User(name))

    @site.socketio.on("logout")
    def logout() -> None:
        flask_login.logout_user()

    for namespace in ("/", "/chat"):
        site.socketio.on_event("who", who, namespace=namespace)
    return site


def who() -> str | None:
    return current_user.name if current_user.is_authenticated else None


class TestDocumentedListings:
    def test_connect_handler(self, logins: Site) -> None:
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

        with pytest.raises(RefusedError, match="Connection rejected by server"):
            logins.connect()
        client = logins.connect(headers=logins.cookie("/login/ann"))
        assert client.receive_event() == ["my response", {"message": "ann has joined"}]

    def test_authenticated_only(self, logins: Site) -> None:
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

        anonymous = logins.connect()
        ann = logins.connect(headers=logins.cookie("/login/ann"))
        ann.emit("my event", 1)
        assert ann.receive_event() == ["my response", {"message": "ann has joined"}]
        anonymous.emit("my event", 1)
        anonymous.wait_for_disconnect()


def test_login_over_http(logins: Site) -> None:
    client = logins.connect(headers=logins.cookie("/login/ann"))
    client.connect("/chat")

    assert client.call("who") == "ann"
    assert client.call("who", namespace="/chat") == "ann"


def test_login_in_a_handler_counts_in_all_namespaces(logins: Site) -> None:
    client = logins.connect()
    client.connect("/chat")
    assert client.call("who") is None

    client.call("login", "ann")

    assert client.call("who") == "ann"
    assert client.call("who", namespace="/chat") == "ann"
    assert logins.connect().call("who") is None


def test_logout_in_a_handler(logins: Site) -> None:
    client = logins.connect(headers=logins.cookie("/login/ann"))
    client.call("logout")

    assert client.call("who") is None


def test_current_user_in_error_and_disconnect_handlers(logins: Site) -> None:
    seen: list[Any] = []
    logins.socketio.on_error()(lambda error: seen.append(who()))
    logins.socketio.on_event("disconnect", lambda: seen.append(who()))
    logins.socketio.on_event("fail", lambda: 1 / 0)
    client = logins.connect(headers=logins.cookie("/login/ann"))
    client.emit("fail")
    client.drain()
    client.close()
    logins.stop()

    assert seen == ["ann", "ann"]


def test_coroutines(logins: Site) -> None:
    def authenticated_only(handler: Any) -> Any:
        @functools.wraps(handler)
        def wrapped(*args: Any) -> Any:
            return handler(*args) if current_user.is_authenticated else disconnect()

        return wrapped

    @logins.socketio.on("login slowly")
    async def login_slowly(name: str) -> str | None:
        await asyncio.sleep(0)
        flask_login.login_user(User(name))
        await asyncio.sleep(0)
        return who()

    @logins.socketio.on("secret", namespace="/chat")
    @authenticated_only
    async def secret() -> str | None:
        await asyncio.sleep(0)
        return who()

    client, stranger = logins.connect(), logins.connect("/chat")
    client.connect("/chat")

    assert client.call("login slowly", "ann") == "ann"
    assert client.call("secret", namespace="/chat") == "ann"
    stranger.emit("secret", namespace="/chat")
    stranger.wait_for_disconnect("/chat")
