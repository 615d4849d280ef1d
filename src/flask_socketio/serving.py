"""What ``SocketIO.run`` does: listen, announce, serve; in debug mode with debugger and reloader."""

from __future__ import annotations

import errno
import logging
import socket
import sys
from typing import TYPE_CHECKING, NoReturn

from werkzeug._reloader import reloader_loops

from .hosts.embedded import EmbeddedServer
from .hosts.reloader import Reloader, inherited_listener, is_reloading_child, watch_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from .hosts.gateway import WSGIApplication
    from .hosts.host import Service
    from .hosts.reloader import Watcher
    from .run_options import RunSettings


def make_embedded_server(
    app: Flask,
    services: Sequence[Service],
    settings: RunSettings,
    shutdown_grace: float,
    handler_overlap: float,
) -> EmbeddedServer:
    """Listen, and make the server that is to serve there.

    :param app: the application.
    :param services: its Socket.IO servers.
    :param settings: where and how.
    :param shutdown_grace: seconds for everything to end when the server stops.
    :param handler_overlap: seconds after which a client's next handler starts beside a slow one.
    """
    ssl_context = settings.make_ssl_context()
    listener = inherited_listener() or open_listener(settings)
    announce(listener, "https" if ssl_context else "http", settings.debug)
    if settings.log_output:
        _log_requests()
    return EmbeddedServer(
        services,
        _with_debugger(app, settings),
        lambda: app.wsgi_app,
        listener,
        shutdown_grace=shutdown_grace,
        handler_overlap=handler_overlap,
        ssl_context=ssl_context,
        access_log=settings.log_output,
        backlog=settings.backlog,
        loop=settings.loop,
        http=settings.http,
    )


def supervise(settings: RunSettings) -> None:
    """With the reloader, be the process that restarts the server, and never return from that.

    The server itself runs in a child, which comes here as well and gets on.
    """
    if settings.use_reloader and not is_reloading_child():
        # The parent watches without a thread of its own: it is not asked often.
        reloader = Reloader(open_listener(settings), lambda: _make_watcher(settings, "stat"))
        sys.exit(reloader.run())


def watch(server: EmbeddedServer, settings: RunSettings) -> None:
    """With the reloader, have the server stop when a file changes."""
    if settings.use_reloader:
        watch_files(_make_watcher(settings), server.stop_to_reload)


def _make_watcher(settings: RunSettings, kind: str | None = None) -> Watcher:
    options = settings.watch_options()
    asked = options.pop("reloader_type", "auto")
    return reloader_loops[kind or asked](**options)


def open_listener(settings: RunSettings) -> socket.socket:
    """Open the listening socket; a port that is taken ends the program with one line."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(settings.backlog)
    except OSError as error:
        listener.close()
        _explain(error, settings)
    listener.setblocking(False)
    return listener


def announce(listener: socket.socket, scheme: str, debug: bool) -> None:
    """Say where the server is."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    mode = " in debug mode" if debug else ""
    print(
        f" * Running on {scheme}://{shown}:{port}{mode} (Press CTRL+C to quit)",
        file=sys.stderr,
        flush=True,
    )


def _explain(error: OSError, settings: RunSettings) -> NoReturn:
    if error.errno == errno.EADDRINUSE:
        reason = (
            f"port {settings.port} is in use by another program: stop it, or choose another port "
            f"with socketio.run(app, port={settings.port + 1})"
        )
    elif error.errno == errno.EACCES:
        reason = f"port {settings.port} needs more rights: choose one above 1023"
    else:
        reason = f"cannot listen on {settings.host}:{settings.port}: {error.strerror}"
    print(f"flask-socketio: {reason}", file=sys.stderr)
    sys.exit(1)


def _with_debugger(app: Flask, settings: RunSettings) -> WSGIApplication:
    if not settings.debug:
        return app
    from werkzeug.debug import DebuggedApplication

    return DebuggedApplication(app, evalex=True)


def _log_requests() -> None:
    access = logging.getLogger("uvicorn.access")
    if not access.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        access.addHandler(handler)
    access.setLevel(logging.INFO)
