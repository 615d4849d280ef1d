"""The servers that are compared: one entry each, all serving the same tiny app.

python peers.py NAME PORT    prints the command line that starts this peer
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

from workloads import WORKLOADS

HERE = Path(__file__).resolve().parent
ENV = Path(os.environ.get("BENCH_ENV", HERE / "env")).resolve()

SOCKETIO = tuple(WORKLOADS)
"""The workloads of a server that speaks Socket.IO: all of them."""

PAGES_ONLY = ("W7",)
"""The workloads of a plain WSGI server."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One server under test.

    :param title: how tables and the plot call it.
    :param command: its command line, run in this folder. ``{port}`` is the port to listen on at
        127.0.0.1, ``{env}`` the folder of the environments.
    :param environment: environment variables to add, with the same place-holders.
    :param workloads: the workloads it takes part in.
    """

    title: str
    command: str
    environment: dict[str, str] = field(default_factory=dict)
    workloads: tuple[str, ...] = SOCKETIO

    def command_line(self, port: int) -> list[str]:
        """The words of the command, place-holders filled in."""
        return [_fill(word, port) for word in self.command.split()]

    def variables(self) -> dict[str, str]:
        """The whole environment of the process."""
        return os.environ | {name: _fill(text, 0) for name, text in self.environment.items()}

    def missing(self) -> str | None:
        """The first file or folder it needs and that was not built, None when all are there."""
        folders = [_fill(folder, 0) for folder in self.environment.values()]
        for path in (self.command_line(0)[0], *folders):
            if not Path(path).exists():
                return path.replace(str(ENV), "env")
        return None


def _fill(text: str, port: int) -> str:
    return text.format(port=port, env=ENV)


_NODE_MODULES = {"NODE_PATH": "{env}/node/node_modules"}

PEERS = {
    "new": Peer(
        "this project",
        "{env}/new/bin/python servers/app_flask.py threading {port}",
    ),
    "new-compiled": Peer(
        "this project, compiled",
        "{env}/new-compiled/bin/python servers/app_flask.py threading {port}",
    ),
    "fsio-threading": Peer(
        "Flask-SocketIO 5.6, threading",
        "{env}/threading/bin/python servers/app_flask.py threading {port}",
    ),
    "fsio-gevent": Peer(
        "Flask-SocketIO 5.6, gevent",
        "{env}/gevent/bin/python -m gevent.monkey servers/app_flask.py gevent {port}",
    ),
    "asgi": Peer(
        "python-socketio, ASGI on uvicorn",
        "{env}/asgi/bin/uvicorn --app-dir servers --host 127.0.0.1 --port {port} --loop uvloop"
        " --http httptools --ws websockets-sansio --log-level error --no-access-log app_asgi:app",
    ),
    "node20": Peer(
        "Socket.IO 4.8, Node 20", "{env}/node20/node servers/app.js {port}", _NODE_MODULES
    ),
    "node26": Peer(
        "Socket.IO 4.8, Node 26",
        "{env}/node26/node_modules/.bin/node servers/app.js {port}",
        _NODE_MODULES,
    ),
    "bun": Peer(
        "Socket.IO 4.8, Bun's engine",
        "{env}/bun/node_modules/.bin/bun servers/app_bun.js {port}",
        {"NODE_PATH": "{env}/bun/node_modules"},
    ),
    "oxide": Peer("socketioxide 0.18 (Rust)", "{env}/oxide/release/oxide {port}"),
    "gthread8": Peer(
        "Flask, gunicorn, 8 threads",
        "{env}/wsgi/bin/gunicorn --chdir servers --workers 1 --threads 8 --keep-alive 60"
        " --log-level error --bind 127.0.0.1:{port} flask_hello:app",
        workloads=PAGES_ONLY,
    ),
    "granian": Peer(
        "Flask, Granian",
        "{env}/wsgi/bin/granian --interface wsgi --host 127.0.0.1 --port {port} --workers 1"
        " --no-ws --log-level error --working-dir servers flask_hello:app",
        workloads=PAGES_ONLY,
    ),
}


if __name__ == "__main__":
    print(shlex.join(PEERS[sys.argv[1]].command_line(int(sys.argv[2]))))
