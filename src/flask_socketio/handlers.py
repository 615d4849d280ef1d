"""Which function handles which event."""

from __future__ import annotations

import dis
import inspect
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import UsageError
from .event_context import current_origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from .namespace import Namespace

Function: TypeAlias = "Callable[..., Any]"

#: Given in place of an event's or a namespace's name: any that has no handler of its own.
ANY = "*"
#: Events of the connection itself; a handler for any event does not get these.
CONNECTION_EVENTS = frozenset({"connect", "disconnect"})
#: Look-ups that are remembered: the names come from clients.
MAX_REMEMBERED = 10_000
#: What a class-based namespace returns for an event that it has no method for.
UNHANDLED = object()


class ConnectionHandler:
    """A handler of ``connect``, which may do without ``auth``, or of ``disconnect``, which may do
    without the reason.

    :param function: what the application registered; how many arguments it takes is found out now.
    """

    __slots__ = ("_accepts", "function")

    def __init__(self, function: Function) -> None:
        self.function: Function = function
        self._accepts = count_parameters(function)

    def __call__(self, *args: Any) -> Any:
        """Call the function, without the arguments that it does not take."""
        return self.function(*args[: self._accepts])


class HandlerTable:
    """The handlers of one server, by namespace and event.

    Handlers are registered while the application is set up, and only looked up afterwards; a
    look-up remembers what it found, so that each event costs one dictionary access.
    """

    def __init__(self) -> None:
        #: Called with the error of a handler, by namespace.
        self.error_handlers: dict[str, Function] = {}
        #: Called with the errors of all other namespaces.
        self.default_error_handler: Function | None = None
        self._functions: dict[str, dict[str, Function]] = {}
        self._classes: dict[str, Namespace] = {}
        self._found: dict[tuple[str, str], tuple[Function, bool]] = {}

    def add(self, event: str, namespace: str, function: Function) -> None:
        """Register a function; a later one for the same event takes its place."""
        if not callable(function):
            raise UsageError(f"the handler of {event!r} is {function!r}, which cannot be called")
        if event in CONNECTION_EVENTS:
            function = ConnectionHandler(function)
        self._functions.setdefault(namespace, {})[event] = function
        self._found.clear()

    def add_class(self, namespace: Namespace) -> None:
        """Register a class-based namespace."""
        self._classes[namespace.namespace] = namespace
        self._found.clear()

    def functions(self) -> dict[str, dict[str, Function]]:
        """Return the registered functions by namespace and event."""
        return {
            namespace: {
                event: function.function if isinstance(function, ConnectionHandler) else function
                for event, function in functions.items()
            }
            for namespace, functions in self._functions.items()
        }

    def classes(self) -> dict[str, Namespace]:
        """Return the class-based namespaces by name."""
        return dict(self._classes)

    def error_handlers_of(self, namespace: str) -> list[Function]:
        """Return what takes the error of a handler: the namespace's error handler, or that of all;
        and what takes an error that it raises: the method ``error`` of a class."""
        instance = self._classes.get(namespace) or self._classes.get(ANY)
        found = (
            self.error_handlers.get(namespace, self.default_error_handler),
            getattr(instance, "error", None),
        )
        return [function for function in found if function is not None]

    def has_namespace(self, namespace: str) -> bool:
        """Tell whether a namespace has any handler."""
        return (
            namespace in self._functions
            or namespace in self._classes
            or ANY in self._functions
            or ANY in self._classes
        )

    def find(self, event: str, namespace: str) -> tuple[Function, bool] | None:
        """Find the handler of an event.

        :returns: it, and whether its first argument is the event's name, because it handles any
            event; None if nobody handles this one.
        """
        found = self._found.get((namespace, event))
        if found is None:
            found = self._search(event, namespace)
            if found is not None and len(self._found) < MAX_REMEMBERED:
                self._found[namespace, event] = found
        return found

    def _search(self, event: str, namespace: str) -> tuple[Function, bool] | None:
        any_event = event not in CONNECTION_EVENTS
        for name in (namespace, ANY):
            functions = self._functions.get(name, {})
            if event in functions:
                return functions[event], False
            if any_event and ANY in functions:
                return functions[ANY], True
        for name in (namespace, ANY):
            instance = self._classes.get(name)
            if instance is not None:
                return _method_caller(instance, event), False
        return None


def _method_caller(instance: Namespace, event: str) -> Function:
    """Call a class-based namespace through ``trigger_event``, which a subclass may replace."""

    def call(*args: Any) -> Any:
        origin = current_origin()
        assert origin is not None, "handlers run in the context of their event"
        socket = origin[1]
        if event == "connect":
            return instance.trigger_event(event, socket.sid, socket.client.environ, *args)
        return instance.trigger_event(event, socket.sid, *args)

    return call


def count_parameters(function: Function) -> int | None:
    """Count the positional parameters of a function; None when it takes any number.

    A decorator without ``functools.wraps`` shows ``*args`` and passes them all on, perhaps to a
    function that takes none. What it wraps is the variable of its closure that it calls so.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin without a signature
        return None
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        wrapped = _wrapped_function(function)
        count: int | None = None if wrapped is None else count_parameters(wrapped)
        # A method hands ``self`` on to what its decorator wrapped.
        given = inspect.ismethod(function) and not inspect.ismethod(wrapped)
        return count if count is None else count - given
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(kind in positional for kind in kinds)


def _wrapped_function(function: Function) -> Function | None:
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    variable = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_DEREF":
            variable = instruction.argval
        elif instruction.opname == "CALL_FUNCTION_EX" and variable in code.co_freevars:
            cell = (function.__closure__ or ())[code.co_freevars.index(variable)]
            wrapped = cell.cell_contents
            return wrapped if callable(wrapped) else None
    return None
