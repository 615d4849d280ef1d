"""The options of ``SocketIO``: typed, defaulted and documented in one table.

The table makes the documentation's options page; the TypedDict makes misspelt names fail in a type
checker, and `ServerConfig.from_options` makes them fail when the program starts.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from .engineio import SessionSettings, Transport
from .errors import UnknownOptionError, UsageError
from .hub.hub import HubSettings
from .loggers import advice
from .option_table import option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .engineio import AllowedOrigins, Cookie
    from .loggers import Logger


class SocketIOOptions(TypedDict, total=False):
    """The keywords of ``SocketIO``. The documentation's options page describes each."""

    manage_session: bool
    path: str
    resource: str
    logger: Logger
    engineio_logger: Logger
    serializer: Any
    json: Any
    async_handlers: bool
    always_connect: bool
    namespaces: list[str] | Literal["*"] | None
    async_mode: str | None
    message_queue: str | None
    channel: str
    client_manager: object
    ping_interval: float | tuple[float, float]
    ping_timeout: float
    max_http_buffer_size: int
    allow_upgrades: bool
    http_compression: bool
    compression_threshold: int
    cookie: Cookie
    cors_allowed_origins: AllowedOrigins
    cors_credentials: bool
    monitor_clients: bool
    transports: str | list[str] | None
    upgrade_timeout: float
    connect_timeout: float
    max_attachments: int
    max_namespaces: int
    per_message_deflate: bool
    handler_overlap: float
    max_pending_events: int
    max_buffered_bytes: int
    shutdown_grace: float
    allow_eio3: bool


#: What ``async_mode`` may be.
ASYNC_MODES = ("threading", "gevent", "eventlet", "gevent_uwsgi")

_ABOVE_ZERO = (
    "ping_timeout",
    "max_http_buffer_size",
    "upgrade_timeout",
    "connect_timeout",
    "max_namespaces",
    "max_pending_events",
    "max_buffered_bytes",
)
_FROM_ZERO = ("compression_threshold", "max_attachments", "handler_overlap", "shutdown_grace")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Every option with its value. Classes are given the few values they use, not this."""

    manage_session: bool = option(
        True,
        "``True``: a session that a handler modifies belongs to its connection from then on. "
        "``False``: it is opened for each event and saved after it, so that HTTP routes see it.",
    )
    path: str = option("socket.io", "Where the server is; ``resource`` is another name for it.")
    logger: Logger = option(
        False, "``True`` logs to stderr from INFO on, ``False`` errors only; or a logger."
    )
    engineio_logger: Logger = option(False, "The same for the Engine.IO layer.")
    serializer: Any = option(
        "default",
        "``'default'`` (JSON), ``'msgpack'``, or a packet class with ``encode`` and ``decode``.",
    )
    json: Any = option(None, "A module with ``dumps`` and ``loads`` in place of ``json``.")
    async_handlers: bool = option(
        True,
        "``True``: a client's next handler starts when the one before has ended, waits, or has run "
        "for ``handler_overlap`` seconds. ``False``: strictly one after the other.",
    )
    always_connect: bool = option(
        False, "``True`` accepts clients before their connect handler has decided."
    )
    namespaces: Any = option(
        None,
        "Namespaces that are open without having handlers; None opens ``/``, ``'*'`` opens all.",
    )
    async_mode: str | None = option(
        None,
        "``'threading'`` or None: handlers run in threads. ``'gevent'``, ``'eventlet'`` and "
        "``'gevent_uwsgi'`` are accepted for existing applications, with a warning at ``run()``: "
        "their servers are not supported yet.",
    )
    message_queue: str | None = option(
        None,
        "The URL of a message queue between several servers. Not supported yet: the server warns "
        "that nothing leaves this process, and without an application ``emit()`` raises.",
    )
    channel: str = option("flask-socketio", "The queue's channel.")
    client_manager: Any = option(
        None, "None. Managers of python-socketio are refused: use ``message_queue``."
    )
    ping_interval: Any = option(
        25, "Seconds between pings, or ``(interval, grace)``: clients are told the sum."
    )
    ping_timeout: float = option(20, "Seconds of silence after a ping that end a connection.")
    max_http_buffer_size: int = option(1_000_000, "Bytes of one message, on either transport.")
    allow_upgrades: bool = option(True, "Whether polling clients may change to a WebSocket.")
    http_compression: bool = option(True, "Whether answers to polls may be compressed.")
    compression_threshold: int = option(1024, "Bytes from which on answers are compressed.")
    cookie: Cookie = option(
        None,
        "A name, or a dictionary with ``name`` and attributes (text, function or bool), for a "
        "cookie with the connection's id; None sends none.",
    )
    cors_allowed_origins: AllowedOrigins = option(
        None,
        "An origin, a list of them, ``'*'`` for all, a function, ``[]`` to switch the check off; "
        "None allows the server's own.",
    )
    cors_credentials: bool = option(True, "Whether requests of other origins may have cookies.")
    monitor_clients: bool = option(True, "``False``: silence closes nobody.")
    transports: Any = option(None, "``'polling'``, ``'websocket'`` or a list; None for both.")
    upgrade_timeout: float = option(10, "Seconds that an upgrade to WebSocket may take.")
    connect_timeout: float = option(45, "Seconds to connect to a first namespace.")
    max_attachments: int = option(10, "Binary attachments of one packet from a client.")
    max_namespaces: int = option(100, "Namespaces that one connection may be connected to.")
    per_message_deflate: bool = option(False, "Whether WebSocket messages may be compressed.")
    handler_overlap: float = option(
        0.1, "Seconds after which a client's next handler starts beside one that still runs."
    )
    max_pending_events: int = option(
        1000, "Events of one client that wait for its handlers; beyond, its socket is not read."
    )
    max_buffered_bytes: int = option(
        4_194_304, "Unsent bytes of one client; beyond, it is disconnected as a slow consumer."
    )
    shutdown_grace: float = option(10, "Seconds for handlers and views to end at a shutdown.")
    allow_eio3: bool = option(
        True, "Whether old clients are served: JavaScript 1.x and 2.x, python-socketio 4.x."
    )

    @classmethod
    def from_options(cls, options: SocketIOOptions) -> ServerConfig:
        """Check the keywords that were given to ``SocketIO``.

        :raises UnknownOptionError: for a name that does not exist, suggesting the nearest.
        :raises UsageError: for a value that cannot be.
        """
        given: dict[str, Any] = dict(options)
        if "resource" in given:
            resource = given.pop("resource")
            given.setdefault("path", resource)
        # 5.x takes it, as any name, and does nothing with it; published applications pass it.
        if given.pop("debug", False):
            advice.warning("SocketIO(debug=...) has no effect; pass debug to socketio.run()")
        known = {entry.name for entry in dataclasses.fields(cls)}
        for name in given:
            if name not in known:
                raise UnknownOptionError(name, known | {"resource"}, "SocketIO")
        config = cls(**given)
        config._check()
        return config

    def _check(self) -> None:
        if self.async_mode not in (None, *ASYNC_MODES):
            raise UsageError(
                f"async_mode={self.async_mode!r}: choose one of {', '.join(ASYNC_MODES)}, or leave "
                "it out"
            )
        self._check_queue()
        for name in _ABOVE_ZERO:
            if not _is_number(getattr(self, name)) or getattr(self, name) <= 0:
                raise UsageError(f"{name} must be a number above 0, not {getattr(self, name)!r}")
        for name in _FROM_ZERO:
            if not _is_number(getattr(self, name)) or getattr(self, name) < 0:
                raise UsageError(f"{name} must be a number from 0, not {getattr(self, name)!r}")
        self._check_ping_interval()
        self._check_names()
        _ = self.transport_names

    def _check_ping_interval(self) -> None:
        given = self.ping_interval
        times = given if isinstance(given, tuple | list) else (given, 0)
        if len(times) != 2 or not all(map(_is_number, times)) or times[0] <= 0 or times[1] < 0:
            raise UsageError(
                f"ping_interval={given!r}: seconds above 0 are needed, or (interval, grace)"
            )

    def _check_queue(self) -> None:
        url: Any = self.message_queue
        if url is not None and not (isinstance(url, str) and "://" in url):
            raise UsageError(f"message_queue={url!r}: a URL such as 'redis://' is needed")
        channel: Any = self.channel
        if not isinstance(channel, str) or not channel:
            raise UsageError(f"channel={channel!r}: a name is needed")
        if self.client_manager is not None:
            raise UsageError(
                f"client_manager={self.client_manager!r} cannot be used: managers belong to "
                "python-socketio; give the queue's URL as message_queue= instead"
            )

    def _check_names(self) -> None:
        path: Any = self.path
        if not isinstance(path, str) or not path.strip("/"):
            raise UsageError(f"path={path!r}: a path such as 'socket.io' is needed")
        if isinstance(self.namespaces, str) and self.namespaces != "*":
            raise UsageError(f"namespaces={self.namespaces!r}: a list of names, or '*'")
        if isinstance(self.cookie, dict) and "name" not in self.cookie:
            raise UsageError(f"cookie={self.cookie!r}: it needs a 'name'")
        for name in ("dumps", "loads"):
            if self.json is not None and not callable(getattr(self.json, name, None)):
                raise UsageError(f"json={self.json!r} has no function {name!r}")

    @property
    def ping_times(self) -> tuple[float, float]:
        """The interval between pings and the grace added to its announcement, in seconds."""
        if isinstance(self.ping_interval, tuple | list):
            interval, grace = self.ping_interval
            return interval, grace
        return self.ping_interval, 0

    @property
    def transport_names(self) -> tuple[Transport, ...]:
        """The transports that are served."""
        given = self.transports
        names: Iterable[str] = (
            list(Transport) if given is None else [given] if isinstance(given, str) else given
        )
        try:
            return tuple(Transport(name) for name in names)
        except ValueError as error:
            raise UsageError(
                f"transports={given!r}: only 'polling' and 'websocket' exist"
            ) from error

    @property
    def url_path(self) -> str:
        """The path with one slash before and none behind: ``/socket.io``."""
        return "/" + self.path.strip("/")

    def session_settings(self) -> SessionSettings:
        """The settings of Engine.IO sessions."""
        interval, grace = self.ping_times
        return SessionSettings(
            ping_interval=interval,
            ping_grace=grace,
            ping_timeout=self.ping_timeout,
            max_payload=self.max_http_buffer_size,
            upgrade_timeout=self.upgrade_timeout,
            allow_upgrades=self.allow_upgrades,
            transports=self.transport_names,
            max_buffered_bytes=self.max_buffered_bytes,
            monitor_clients=self.monitor_clients,
            allow_eio3=self.allow_eio3,
        )

    def hub_settings(self) -> HubSettings:
        """The settings of the Hub."""
        return HubSettings(
            always_connect=self.always_connect,
            async_handlers=self.async_handlers,
            connect_timeout=self.connect_timeout,
            max_attachments=self.max_attachments,
            max_namespaces=self.max_namespaces,
            max_pending_events=self.max_pending_events,
        )

    def allows_namespace(self, name: str) -> bool:
        """Tell whether the option ``namespaces`` opens a namespace that has no handlers."""
        given = ("/",) if self.namespaces is None else self.namespaces
        return given == "*" or name in given or "*" in given
