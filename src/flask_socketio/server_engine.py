"""``socketio.server.eio``: the Engine.IO layer, as applications see it."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

from . import server_views as views
from .live_mapping import LiveMapping
from .loggers import ENGINEIO
from .sid import make_sid
from .types import EioSid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .engineio import AllowedOrigins, Cookie
    from .extension import SocketIO
    from .hub.hub import Hub
    from .server_views import SessionState
    from .service import SocketIOService


class EngineServer:
    """The sessions below the clients, and the options of :class:`flask_socketio.SocketIO` for them.

    Options are read here, and given to the constructor of :class:`flask_socketio.SocketIO`.

    :param socketio: the extension.
    :param find_service: returns the server's inside.
    """

    __slots__ = ("_find_service", "_socketio")

    def __init__(self, socketio: SocketIO, find_service: Callable[[], SocketIOService]) -> None:
        self._socketio = socketio
        self._find_service = find_service

    # ---------------------------------------------------------------- sessions

    @property
    def sockets(self) -> Mapping[str, SessionState]:
        """The sessions by id. Each access shows what is then."""
        service = self._find_service()

        def look_up(eio_sid: str) -> SessionState:
            found = views.ask_hub(service, views.find_session, eio_sid)
            if found is None:
                raise KeyError(eio_sid)
            return found

        return LiveMapping(
            "server.eio.sockets",
            lambda: views.ask_hub(service, views.read_sessions) or {},
            "server.eio.disconnect()",
            look_up,
        )

    def transport(self, sid: str) -> str:
        """Return how packets travel, ``polling`` or ``websocket``.

        :param sid: the id of the session.
        :raises KeyError: there is no such session.
        """
        return self.sockets[sid].transport

    def disconnect(self, sid: str | None = None) -> None:
        """End a session, and with it each of its clients.

        :param sid: the id of the session; None ends all of them.
        """
        service = self._find_service()
        service.submit(lambda: _close(service.hub, sid))

    def generate_id(self) -> str:
        """Return a new id that cannot be guessed, as sessions and clients have."""
        return make_sid()

    # ---------------------------------------------------------------- tools

    def create_queue(self, *args: Any, **kwargs: Any) -> queue.Queue[Any]:
        """Return a queue between handlers and tasks: a :class:`queue.Queue` with the arguments."""
        return queue.Queue(*args, **kwargs)

    def get_queue_empty_exception(self) -> type[Exception]:
        """Return the exception that says that such a queue is empty."""
        return queue.Empty

    def create_event(self, *args: Any, **kwargs: Any) -> threading.Event:
        """Return an event for which handlers and tasks can wait: a :class:`threading.Event`."""
        return threading.Event(*args, **kwargs)

    def start_background_task(
        self, target: Callable[..., object], *args: Any, **kwargs: Any
    ) -> threading.Thread:
        """Run a function in the background, as
        :meth:`flask_socketio.SocketIO.start_background_task` does."""
        return self._socketio.start_background_task(target, *args, **kwargs)

    def sleep(self, seconds: float = 0) -> None:
        """Wait; see :meth:`flask_socketio.SocketIO.sleep`."""
        self._socketio.sleep(seconds)

    # ---------------------------------------------------------------- options

    @property
    def async_mode(self) -> str:
        """How handlers run."""
        return self._socketio.async_mode

    @property
    def ping_interval(self) -> float:
        """Seconds between two pings."""
        return self._find_service().config.ping_times[0]

    @property
    def ping_interval_grace_period(self) -> float:
        """Seconds that are added to the interval that clients are told."""
        return self._find_service().config.ping_times[1]

    @property
    def ping_timeout(self) -> float:
        """Seconds of silence after a ping that end a connection."""
        return self._find_service().config.ping_timeout

    @property
    def max_http_buffer_size(self) -> int:
        """Bytes of one message."""
        return self._find_service().config.max_http_buffer_size

    @property
    def allow_upgrades(self) -> bool:
        """Whether polling clients may change to a WebSocket."""
        return self._find_service().config.allow_upgrades

    @property
    def http_compression(self) -> bool:
        """Whether answers to polls may be compressed."""
        return self._find_service().config.http_compression

    @property
    def compression_threshold(self) -> int:
        """Bytes from which on answers are compressed."""
        return self._find_service().config.compression_threshold

    @property
    def cookie(self) -> Cookie:
        """The cookie with the session's id; None for none."""
        return self._find_service().config.cookie

    @property
    def cors_allowed_origins(self) -> AllowedOrigins:
        """Which origins may connect."""
        return self._find_service().config.cors_allowed_origins

    @property
    def cors_credentials(self) -> bool:
        """Whether requests of other origins may have cookies."""
        return self._find_service().config.cors_credentials

    @property
    def transports(self) -> list[str]:
        """The transports that are served."""
        return [name.value for name in self._find_service().config.transport_names]

    @property
    def logger(self) -> logging.Logger:
        """The logger of the Engine.IO layer."""
        return logging.getLogger(ENGINEIO)


def _close(hub: Hub, eio_sid: str | None) -> None:
    sockets = hub.engine.sockets
    for sid in tuple(sockets) if eio_sid is None else (EioSid(eio_sid),):
        if sid in sockets:
            hub.engine.close(sockets[sid])
