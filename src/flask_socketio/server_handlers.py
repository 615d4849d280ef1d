"""Handlers registered with ``socketio.server``, which are called with the client's sid first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .event_context import current_origin
from .handlers import ANY, count_parameters

if TYPE_CHECKING:
    from .handlers import Function


class SidFirst:
    """A handler as python-socketio calls it, in the context of its event.

    ======================================== ==========================================
    Registered for                           Called with
    ======================================== ==========================================
    an event                                 ``sid, *data``
    ``connect``                              ``sid, environ``, and ``auth`` if it takes it
    ``disconnect``                           ``sid``, and the reason if it takes it
    any event (``'*'``)                      ``event, sid, *data``
    an event, in any namespace (``'*'``)     ``namespace, sid, *data``
    any event, in any namespace              ``event, namespace, sid, *data``
    ======================================== ==========================================

    :param event: the event's name.
    :param namespace: its namespace.
    :param function: what the application registered.
    """

    __slots__ = ("_event", "_in_any_namespace", "_takes", "function")

    def __init__(self, event: str, namespace: str, function: Function) -> None:
        if not callable(function):
            raise UsageError(f"the handler of {event!r} is {function!r}, which cannot be called")
        self.function: Function = function
        self._event = event
        self._in_any_namespace = namespace == ANY
        self._takes = count_parameters(function)

    def __call__(self, *args: Any) -> Any:
        """Call the function.

        :param args: what the event's other handlers would be given.
        """
        origin = current_origin()
        if origin is None:
            raise UsageError("a handler of server.on() is called by the server, with a client")
        socket = origin[1]
        before: tuple[Any, ...] = ()
        if self._event == ANY:
            before, args = args[:1], args[1:]
        if self._in_any_namespace:
            before = (*before, socket.namespace.name)
        if self._event == "connect":
            args = (*before, socket.sid, socket.client.environ, *args)
        else:
            args = (*before, socket.sid, *args)
        if self._event in ("connect", "disconnect"):
            args = args[: self._takes]
        return self.function(*args)
