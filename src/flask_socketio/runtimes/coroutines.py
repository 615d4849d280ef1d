"""Handlers written with ``async def``: where their coroutines run.

Threads: one daemon thread has the loop of all coroutines of a server. It starts with the first of
them and ends with the server. Workers call `start`, or `run` and wait; what belongs to an event
before and after its coroutine stays with workers. ``_lock`` guards which loop there is.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    #: Takes what a coroutine returned and what it raised.
    Done: TypeAlias = Callable[[Any, BaseException | None], object]
    #: What a coroutine returned, or the SystemExit that it raised: a task must not raise that.
    Outcome: TypeAlias = tuple[Any, SystemExit | None]

logger: logging.Logger = logging.getLogger("flask_socketio")

#: Threads at most for ``asyncio.to_thread``: each holds a call that blocks, as a worker does.
MAX_THREADS = 256
#: Seconds that coroutines have, once they are cancelled, to end.
CANCEL_TIME = 1.0


class Coroutines:
    """Runs coroutines for threads that wait for them, all on one loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._ended = False
        #: The loop itself only knows tasks that are about to go on.
        self._tasks: set[asyncio.Task[Outcome]] = set()

    def begin(self) -> None:
        """Note that a server has started."""
        self._ended = False

    def run(self, coroutine: Coroutine[Any, Any, Any], handled: BaseException | None = None) -> Any:
        """Run a coroutine in a copy of the caller's context, and wait for it.

        :param handled: the error that it handles, which ``sys.exc_info()`` is to show it.
        :returns: what it returns.
        :raises BaseException: what it raises.
        :raises CancelledError: it was cancelled: that of ``concurrent.futures``, an Exception.
        """
        answer: Future[Any] = Future()

        def settle(result: Any, error: BaseException | None) -> None:
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(result)

        self.start(coroutine, contextvars.copy_context(), settle, handled)
        return answer.result()

    def start(
        self,
        coroutine: Coroutine[Any, Any, Any],
        context: contextvars.Context,
        done: Done,
        handled: BaseException | None = None,
    ) -> None:
        """Begin to run a coroutine.

        :param context: the context that it runs in, its own from now on.
        :param done: called when it has ended, mostly on the loop's thread, with what `run` would
            return, or raise.
        :param handled: as for `run`.
        """
        with self._lock:
            try:
                loop = self._loop or self._start()
                loop.call_soon_threadsafe(self._begin, coroutine, context, done, handled)
            except (OSError, RuntimeError) as error:  # the system gives none, or the server stopped
                failure: Exception | None = error
            else:
                failure = None
        if failure is not None:
            coroutine.close()
            done(None, failure)

    def refuse_blocking(self, call: str, instead: str) -> None:
        """Refuse a call that blocks to a coroutine: all others would wait as well.

        :param call: what was called.
        :param instead: what to write.
        :raises UsageError: the caller is a coroutine.
        """
        if threading.current_thread() is self._thread:
            raise UsageError(f"{call} blocks all async handlers: write {instead} in this one")

    def end(self) -> bool:
        """Cancel the coroutines that still run, end the thread, and take no more.

        :returns: False if a coroutine does not end; it is abandoned.
        """
        with self._lock:
            self._ended = True
            loop, self._loop = self._loop, None
            if loop is not None:
                loop.call_soon_threadsafe(self._end.set)
        if self._thread is None:
            return True
        self._thread.join(CANCEL_TIME if loop is not None else 0)
        return not self._thread.is_alive()

    # ---------------------------------------------------------------- the thread

    def _start(self) -> asyncio.AbstractEventLoop:
        """Start it; the lock is held."""
        if self._ended:
            raise RuntimeError("the server has stopped")
        loop = asyncio.new_event_loop()
        loop.set_default_executor(ThreadPoolExecutor(MAX_THREADS, "flask-socketio-to-thread"))
        self._end = asyncio.Event()
        self._thread = threading.Thread(
            target=self._serve,
            args=(loop, self._end),
            name="flask-socketio-coroutines",
            daemon=True,
        )
        try:
            self._thread.start()
        except RuntimeError:  # the system gives no more threads
            loop.close()
            raise
        self._loop = loop
        return loop

    def _serve(self, loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:  # its end cancels what is left
            try:
                runner.run(end.wait())
            except SystemExit:  # of a task that a handler made; the next coroutine starts anew
                logger.exception("a task ended the loop of all async handlers with sys.exit()")
            finally:
                with self._lock:
                    if self._loop is loop:
                        self._loop = None
                runner.run(asyncio.sleep(0))  # what was submitted meanwhile is begun, to be ended

    def _begin(
        self,
        coroutine: Coroutine[Any, Any, Any],
        context: contextvars.Context,
        done: Done,
        handled: BaseException | None,
    ) -> None:
        def deliver(task: asyncio.Task[Outcome]) -> None:
            self._tasks.discard(task)
            coroutine.close()  # which has not begun if it was cancelled at once
            _deliver(task, done)

        outcome = _outcome(coroutine) if handled is None else _outcome_within(handled, coroutine)
        task = asyncio.get_running_loop().create_task(outcome, context=context)
        self._tasks.add(task)
        task.add_done_callback(deliver)


async def _outcome(coroutine: Coroutine[Any, Any, Any]) -> Outcome:
    try:
        return await coroutine, None
    except SystemExit as error:
        return None, error


async def _outcome_within(handled: BaseException, coroutine: Coroutine[Any, Any, Any]) -> Outcome:
    try:
        raise handled
    except type(handled):
        return await _outcome(coroutine)


def _deliver(task: asyncio.Task[Outcome], done: Done) -> None:
    if task.cancelled():
        why = "the coroutine was cancelled, by itself or because the server stops"
        done(None, CancelledError(why))
    elif (error := task.exception()) is not None:
        done(None, error)
    else:
        done(*task.result())
