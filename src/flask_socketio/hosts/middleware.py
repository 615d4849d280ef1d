"""Where the engine sits in the application's WSGI stack.

A handshake runs through ``app.wsgi_app`` like any request, so that middleware around it (ProxyFix,
authentication) sees it and may change or refuse it. The innermost application is this middleware:
it notes that the request arrived, and the environment it arrived with. The host takes it from
there; later requests of the session do not come here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .handshake import HANDSHAKE, Handshake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .gateway import WSGIApplication

_NO_HOST = (
    b"Socket.IO is not available here: this WSGI server is not supported yet. "
    b"Start the application with socketio.run(app).\n"
)


class SocketIOMiddleware:
    """Keeps requests to the engine from the application.

    :param wsgi_app: the application.
    :param path: where the engine is, such as ``/socket.io``.
    :param additions: what is added to the environment of every request.
    """

    def __init__(
        self, wsgi_app: WSGIApplication, path: str, additions: Mapping[str, Any] | None = None
    ) -> None:
        self.wsgi_app = wsgi_app
        self.path = path
        self.additions: Mapping[str, Any] | dict[str, Any] = additions or {}

    @property
    def engineio_path(self) -> str:
        """The path with a slash on either side, as extensions of Flask-SocketIO read it."""
        return self.path + "/"

    def serves(self, path: str) -> bool:
        """Tell whether a path belongs to the engine."""
        return path == self.path or path.startswith(self.path + "/")

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request, or pass it on."""
        environ.update(self.additions)
        if not self.serves(environ.get("PATH_INFO", "")):
            return self.wsgi_app(environ, start_response)
        handshake: Handshake | None = environ.pop(HANDSHAKE, None)
        if handshake is None:
            start_response("501 Not Implemented", [("Content-Type", "text/plain")])
            return [_NO_HOST]
        handshake.environ = environ
        start_response("200 OK", [])
        return []


def innermost(wsgi_app: WSGIApplication, path: str) -> SocketIOMiddleware | None:
    """Return where a handshake would reach its engine without meeting any code but ours, so that
    it need not be sent through this stack; None if it would meet some."""
    while isinstance(wsgi_app, SocketIOMiddleware):
        if wsgi_app.serves(path):
            return wsgi_app
        wsgi_app = wsgi_app.wsgi_app
    return None
