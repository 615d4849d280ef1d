"""Sphinx configuration; in ``make docs`` warnings and dead references are errors."""

import dataclasses
import sys
from importlib.metadata import version as distribution_version
from pathlib import Path

from flask_socketio.config import ServerConfig
from flask_socketio.hosts import read_limits, uvicorn_server, websocket_protocol
from flask_socketio.hub import engine
from flask_socketio.runtimes import calls, workers
from flask_socketio.socketio import connection, packet

sys.path.insert(0, str(Path(__file__).parent))  # the extensions below

project = "Flask-SocketIO"
author = "The flask-socketio authors"
project_copyright = "2026, the flask-socketio authors"
version = release = distribution_version("flask-socketio")

extensions = ["myst_parser", "sphinx.ext.autodoc", "option_list", "guarded_imports"]
exclude_patterns = ["_build", "README.md"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True

# Types of other packages have no page here. Their inventories are on other machines, which a build
# must not depend on; names of this project that lead nowhere stay errors.
nitpick_ignore_regex = [(r"py:.*", r"(?!flask_socketio\b|flask_sockets\b)\w+\..*")]
# What a decorator returns as it is, classes of the inside that applications only pass on, and what
# autodoc does not resolve: the annotations of a constructor, and aliases that are written as text.
nitpick_ignore = [
    ("py:class", "flask_socketio.extension.F"),
    ("py:class", "flask_socketio.server.F"),
    ("py:class", "flask_socketio.test_client.F"),
    ("py:class", "flask_socketio.hosts.middleware.SocketIOMiddleware"),
    ("py:class", "flask_socketio.hosts.embedded.EmbeddedServer"),
    ("py:class", "HandlerTable"),
    ("py:class", "SocketIOService"),
    ("py:class", "Flask"),
    ("py:class", "FlaskClient"),
    ("py:class", "Function"),
    ("py:class", "Rooms"),
]

# Figures that the text quotes come from the source, so that they cannot be out of date.
_FIGURES = {
    "max workers": workers.MAX_WORKERS,
    "idle time": f"{workers.IDLE_TIME:g}",
    "look interval": f"{workers.LOOK_INTERVAL * 1000:g}",
    "stalled looks": workers.STALLED_LOOKS,
    "busy share": f"{workers.BUSY_SHARE:.0%}",
    "drain budget": calls.DRAIN_BUDGET,
    "flush budget": engine.FLUSH_BUDGET,
    "high water": websocket_protocol.HIGH_WATER // 1024,
    "close timeout": f"{websocket_protocol.CLOSE_TIMEOUT:g}",
    "head limit": read_limits.HEAD_LIMIT // 1024,
    "head timeout": f"{read_limits.HEAD_TIMEOUT:g}",
    "body timeout": f"{read_limits.BODY_TIMEOUT:g}",
    "refusals": f"{connection.MAX_REFUSALS:,}",
    "namespace length": f"{packet.MAX_NAMESPACE_LENGTH:,}",
    "ack id digits": packet.MAX_ACK_ID_DIGITS,
    "farewell time": f"{uvicorn_server.FAREWELL_TIME:g}",
}
# And the defaults of options that are numbers: |ping_timeout|.
_FIGURES |= {
    field.name: f"{field.default:,}"
    for field in dataclasses.fields(ServerConfig)
    if isinstance(field.default, int | float) and not isinstance(field.default, bool)
}
rst_epilog = "\n".join(f".. |{name}| replace:: {value}" for name, value in _FIGURES.items())

html_theme = "furo"
html_title = f"Flask-SocketIO {release}"
