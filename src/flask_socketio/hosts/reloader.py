"""Restarting the server when a source file changes, without losing a connection attempt.

Two processes: the parent opens the listening socket, starts the child and hands signals on; the
child serves on the inherited socket in its main thread, while a side thread watches files with
Werkzeug's watcher. When a file changes, the child stops gracefully and exits with status 3, and the
parent starts it again; connections that arrive meanwhile wait in the socket's backlog.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from typing import TYPE_CHECKING, Any

from werkzeug._reloader import _get_args_for_reloading, reloader_loops

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

#: The exit status that asks for a restart; Werkzeug's own.
RELOAD_STATUS = 3
#: Where the child finds the number of the inherited socket's descriptor.
LISTENER_VARIABLE = "FLASK_SOCKETIO_LISTENER"


def inherited_listener() -> socket.socket | None:
    """Return the listening socket that the parent opened; None outside a reloader's child."""
    number = os.environ.get(LISTENER_VARIABLE)
    return None if number is None else socket.socket(fileno=os.dup(int(number)))


def run_reloader(listener: socket.socket) -> int:
    """Be the parent: run the server in a child, again and again.

    :param listener: the listening socket.
    :returns: the status that the program is to exit with.
    """
    os.set_inheritable(listener.fileno(), True)
    environment = {
        **os.environ,
        LISTENER_VARIABLE: str(listener.fileno()),
        "WERKZEUG_RUN_MAIN": "true",
    }
    stopping = False
    child: subprocess.Popen[bytes] | None = None

    def hand_on(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        if child is not None and child.poll() is None:
            child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, hand_on)
    while True:
        # In a process group of its own the child gets Ctrl+C once: from here, not from the terminal.
        child = subprocess.Popen(
            _get_args_for_reloading(),
            env=environment,
            pass_fds=(listener.fileno(),),
            process_group=0,
        )
        status = child.wait()
        if status != RELOAD_STATUS or stopping:
            return 0 if stopping and status == RELOAD_STATUS else status


def watch_files(changed: Callable[[], None], options: dict[str, Any]) -> None:
    """Watch the program's files in a side thread.

    :param changed: called, in that thread, when one has changed.
    :param options: those of Werkzeug's reloader.
    """
    options = dict(options)
    kind = options.pop("reloader_type", "auto")
    watcher = reloader_loops[kind](**options)

    def watch() -> None:
        try:
            with watcher:
                watcher.run()
        except SystemExit:  # how Werkzeug's watcher says that a file has changed
            changed()

    threading.Thread(target=watch, name="flask-socketio-reloader", daemon=True).start()
