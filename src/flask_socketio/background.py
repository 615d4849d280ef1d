"""Background tasks of the application, and waiting.

Threads: tasks are started, and wait, in any thread; they are joined by the host that stops.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .hub.ports import HandlerWorkers
    from .runtimes.coroutines import Coroutines

logger: logging.Logger = logging.getLogger("flask_socketio")


class BackgroundTasks:
    """The threads that an application started with ``start_background_task``.

    :param coroutines: the coroutines of the application, which must not wait here.
    """

    def __init__(self, coroutines: Coroutines) -> None:
        self._coroutines = coroutines
        #: What runs handlers, while a server runs: a handler that sleeps lets others run.
        self.workers: HandlerWorkers | None = None
        self._running: set[threading.Thread] = set()
        #: Set while tasks are to end.
        self._stopping = threading.Event()

    def __len__(self) -> int:
        return len(self._running)

    @property
    def threads(self) -> tuple[threading.Thread, ...]:
        """Those that run at this moment."""
        return tuple(self._running)

    @property
    def is_current(self) -> bool:
        """Whether the current thread is one of these."""
        return threading.current_thread() in self._running

    def begin(self, workers: HandlerWorkers) -> None:
        """Note that a server has started."""
        self.workers = workers
        self._stopping.clear()

    def start(
        self, target: Callable[..., object], args: Sequence[Any], kwargs: dict[str, Any]
    ) -> threading.Thread:
        """Run a function in a thread of its own."""

        def run() -> None:
            try:
                target(*args, **kwargs)
            except SystemExit:  # by sleep(), because the server stops
                logger.debug("the background task %r ends", target)
            finally:
                self._running.discard(task)

        task = threading.Thread(target=run, daemon=True)
        self._running.add(task)
        task.start()
        return task

    def sleep(self, seconds: float) -> None:
        """Wait; the client's next handler may start meanwhile.

        :raises SystemExit: in a background task, once the server stops: it ends the task.
        :raises UsageError: the caller is a coroutine.
        """
        self._coroutines.refuse_blocking("socketio.sleep()", "await asyncio.sleep(...)")
        workers = self.workers
        if self.is_current:
            stopping = self._stopping
            if stopping.wait(seconds) if workers is None else workers.sleep(seconds, stopping):
                raise SystemExit
        elif workers is None:
            time.sleep(seconds)
        else:
            workers.sleep(seconds)

    def join(self, deadline: float) -> int:
        """End the tasks in their next `sleep`, and wait for them.

        :param deadline: the time of ``time.monotonic`` until which to wait.
        :returns: the number of those that still run.
        """
        self._stopping.set()
        tasks = self.threads
        for task in tasks:
            task.join(max(0.0, deadline - time.monotonic()))
        return sum(task.is_alive() for task in tasks)
