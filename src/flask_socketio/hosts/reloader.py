"""Restarting the server when a source file changes, without losing a connection attempt.

Two processes: the parent opens the listening socket, starts the child and hands signals on; the
child serves on the inherited socket in its main thread, while a side thread watches files. When a
file changes, the child stops gracefully and exits with status 3, and the parent starts it again;
connections that arrive meanwhile wait in the socket's backlog. A child that fails (a syntax error)
is started again when the next change comes.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

#: The exit status that asks for a restart; Werkzeug's own.
RELOAD_STATUS = 3
#: Where the child finds the process id of its parent and the inherited socket's descriptor. A
#: program that the child starts has another parent, and must not take the socket for its own.
LISTENER_VARIABLE = "FLASK_SOCKETIO_LISTENER"
#: Seconds between two looks at the files, and at whether to stop, while the parent waits.
PARENT_INTERVAL = 0.5


class Watcher(Protocol):
    """What Werkzeug's watchers of files have in common: used as a context, then run."""

    def __enter__(self) -> Any:
        """Note the files as they are now."""
        ...

    def __exit__(self, kind: Any, error: Any, traceback: Any, /) -> Any:
        """Stop watching."""
        ...

    def run(self) -> None:
        """Watch until a file changes, which raises SystemExit."""
        ...

    def run_step(self) -> None:
        """Look once; a file that has changed raises SystemExit."""
        ...


def is_reloading_child() -> bool:
    """Whether this process is a reloader's child, whose listening socket is inherited."""
    return _inherited_descriptor() is not None


def inherited_listener() -> socket.socket | None:
    """Return the listening socket that the parent opened; None outside a reloader's child."""
    descriptor = _inherited_descriptor()
    return None if descriptor is None else socket.socket(fileno=os.dup(descriptor))


def _inherited_descriptor() -> int | None:
    parent, _, descriptor = os.environ.get(LISTENER_VARIABLE, "").partition(":")
    return int(descriptor) if parent == str(os.getppid()) else None


class Reloader:
    """The parent.

    :param listener: the listening socket.
    :param watcher: returns what looks for the change after which a child that has failed is
        started again.
    """

    def __init__(self, listener: socket.socket, watcher: Callable[[], Watcher]) -> None:
        self._listener = listener
        self._watcher = watcher
        self._child: subprocess.Popen[bytes] | None = None
        self._signals = 0

    def run(self) -> int:
        """Run the server in a child, again and again.

        :returns: the status that the program is to exit with.
        """
        os.set_inheritable(self._listener.fileno(), True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._hand_on)
        while True:
            watcher = self._watcher()
            with watcher:
                status = self._run_child()
                # After a signal the child's status says nothing: it may only just have begun.
                if self._signals or status == 0:
                    return 0
                if status != RELOAD_STATUS and not self._wait_for_change(watcher, status):
                    return 0

    def _run_child(self) -> int:
        listener = self._listener.fileno()
        environment = {
            **os.environ,
            LISTENER_VARIABLE: f"{os.getpid()}:{listener}",
            "WERKZEUG_RUN_MAIN": "true",
        }
        self._child = subprocess.Popen(
            [sys.executable, *sys.orig_argv[1:]], env=environment, pass_fds=(listener,)
        )
        if self._signals:  # one came before there was a child to hand it on to
            self._child.terminate()
        return self._child.wait()

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        """Stop the child, gracefully at first.

        Ctrl+C in a terminal reaches the child as well. So it is not handed on as SIGINT: two of
        them would end the child without grace.
        """
        self._signals += 1
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM if self._signals == 1 else signal.SIGINT)

    def _wait_for_change(self, watcher: Watcher, status: int) -> bool:
        """Return whether a file has changed; False if a signal came first."""
        print(
            f" * The server ended with status {status}; waiting for a file to change",
            file=sys.stderr,
            flush=True,
        )
        try:
            while not self._signals:
                watcher.run_step()
                time.sleep(PARENT_INTERVAL)
        except SystemExit:  # how Werkzeug's watchers say that a file has changed
            return True
        return False


def watch_files(watcher: Watcher, changed: Callable[[], None]) -> None:
    """Watch the program's files in a side thread, from now on.

    :param watcher: what watches.
    :param changed: called, in that thread, when a file has changed.
    """

    # Noted before the server can be reached: what is saved from then on is seen.
    watching = ExitStack()
    watching.enter_context(watcher)

    def watch() -> None:
        try:
            with watching:
                watcher.run()
        except SystemExit:
            changed()

    threading.Thread(target=watch, name="flask-socketio-reloader", daemon=True).start()
