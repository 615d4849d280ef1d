"""Private names of Flask-SocketIO 5 that applications import nevertheless."""

from __future__ import annotations

from typing import Any

from flask.sessions import SessionMixin

from .hosts.middleware import SocketIOMiddleware


class _ManagedSession(dict[str, Any], SessionMixin):
    """A session outside of any request. Here events have sessions of the application's own class,
    so that this is for code that makes one, or asks ``isinstance``."""


_SocketIOMiddleware = SocketIOMiddleware
