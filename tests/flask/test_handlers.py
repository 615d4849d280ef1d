"""handlers.py: which function handles which event, and how many arguments it gets."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from flask_socketio import Namespace, SocketIO, UsageError
from flask_socketio.handlers import (
    MAX_REMEMBERED,
    ConnectionHandler,
    HandlerTable,
    count_parameters,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def handler_called(name: str) -> Callable[..., str]:
    return lambda *args: f"{name}{args}"


def run(table: HandlerTable, event: str, namespace: str, *args: Any) -> Any:
    found = table.find(event, namespace)
    if found is None:
        return None
    function, takes_name = found
    return function(event, *args) if takes_name else function(*args)


class TestPrecedence:
    @pytest.fixture
    def table(self) -> HandlerTable:
        table = HandlerTable()
        for namespace in ("/a", "*"):
            for event in ("known", "*"):
                table.add(event, namespace, handler_called(f"{namespace} {event} "))
        return table

    @pytest.mark.parametrize(
        ("event", "namespace", "called"),
        [
            ("known", "/a", "/a known (1,)"),
            ("other", "/a", "/a * ('other', 1)"),
            ("known", "/b", "* known (1,)"),
            ("other", "/b", "* * ('other', 1)"),
        ],
    )
    def test_nearest_handler(
        self, table: HandlerTable, event: str, namespace: str, called: str
    ) -> None:
        assert run(table, event, namespace, 1) == called

    def test_any_event_of_the_namespace_goes_before_the_event_of_any_namespace(self) -> None:
        table = HandlerTable()
        table.add("*", "/a", handler_called("any event "))
        table.add("known", "*", handler_called("any namespace "))

        assert run(table, "known", "/a") == "any event ('known',)"

    @pytest.mark.parametrize("event", ["connect", "disconnect"])
    def test_any_event_is_none_of_the_connection(self, table: HandlerTable, event: str) -> None:
        assert table.find(event, "/a") is None

    @pytest.mark.parametrize("event", ["connect", "disconnect"])
    def test_connection_events_of_any_namespace(self, event: str) -> None:
        table = HandlerTable()
        table.add(event, "*", lambda: "called")

        assert run(table, event, "/a", "argument") == "called"

    def test_later_registration_takes_the_place(self) -> None:
        table = HandlerTable()
        table.add("known", "/", lambda: "first")
        assert run(table, "known", "/") == "first"

        table.add("known", "/", lambda: "second")

        assert run(table, "known", "/") == "second"

    def test_nobody(self) -> None:
        assert HandlerTable().find("known", "/") is None

    def test_names_from_clients_do_not_fill_the_memory(self) -> None:
        table = HandlerTable()
        table.add("*", "/", lambda name: name)

        for number in range(MAX_REMEMBERED + 10):
            table.find(f"event {number}", "/")

        assert len(table._found) == MAX_REMEMBERED
        assert run(table, "one more", "/") == "one more"


class TestHasNamespace:
    @pytest.mark.parametrize("name", ["/a", "*"])
    def test_functions(self, name: str) -> None:
        table = HandlerTable()
        assert not table.has_namespace("/a")

        table.add("known", name, print)

        assert table.has_namespace("/a")

    @pytest.mark.parametrize("name", ["/a", "*"])
    def test_classes(self, name: str) -> None:
        table = HandlerTable()

        table.add_class(Namespace(name))

        assert table.has_namespace("/a")


def unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator without functools.wraps."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator with functools.wraps."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def with_check(check: Callable[[], bool]) -> Callable[..., Callable[..., Any]]:
    """A decorator whose closure has two functions."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any) -> Any:
            return function(*args) if check() else None

        return wrapper

    return decorate


def without_closure(*args: Any) -> Any:
    return one_argument(*args)


def calling_something_else() -> Callable[..., Any]:
    value = ["called"]

    def wrapper(*args: Any) -> str:
        return "{}".format(*value)

    return wrapper


def no_argument() -> str:
    return "called"


def one_argument(auth: Any) -> Any:
    return auth


class Methods:
    def zero(self) -> str:
        return "called"

    def one(self, auth: Any) -> Any:
        return auth

    @unwrapped
    def unwrapped_zero(self) -> str:
        return "called"

    @unwrapped
    def unwrapped_one(self, auth: Any) -> Any:
        return auth

    @wrapped
    def wrapped_zero(self) -> str:
        return "called"

    @staticmethod
    def static_zero() -> str:
        return "called"

    def __call__(self) -> str:
        return "called"


class TestConnectionHandler:
    @pytest.mark.parametrize(
        "function",
        [
            no_argument,
            unwrapped(no_argument),
            wrapped(no_argument),
            unwrapped(unwrapped(no_argument)),
            unwrapped(wrapped(no_argument)),
            wrapped(unwrapped(no_argument)),
            unwrapped(Methods().zero),
            with_check(lambda: True)(no_argument),
            unwrapped(with_check(lambda: True)(no_argument)),
            calling_something_else(),
            functools.partial(one_argument, "called"),
            Methods().zero,
            Methods().unwrapped_zero,
            Methods().wrapped_zero,
            Methods.static_zero,
            Methods(),
        ],
    )
    def test_without_argument(self, function: Callable[..., Any]) -> None:
        assert ConnectionHandler(function)("auth") == "called"

    @pytest.mark.parametrize(
        "function",
        [
            one_argument,
            unwrapped(one_argument),
            wrapped(one_argument),
            Methods().one,
            Methods().unwrapped_one,
            functools.partial(one_argument),
            lambda auth=None: auth,
            lambda *args: args[0],
            with_check(lambda: True)(one_argument),
            without_closure,
            str,
        ],
    )
    def test_with_argument(self, function: Callable[..., Any]) -> None:
        assert ConnectionHandler(function)("auth") == "auth"

    def test_type_error_of_the_body_runs_it_once(self) -> None:
        runs: list[object] = []

        def handler() -> None:
            runs.append(1)
            raise TypeError("handler() takes 0 positional arguments but 1 was given")

        with pytest.raises(TypeError):
            ConnectionHandler(handler)("auth")
        assert runs == [1]

    def test_builtin_without_signature_takes_everything(self) -> None:
        assert count_parameters(type) is None

    def test_builtin_with_any_number(self) -> None:
        assert count_parameters(print) is None


class TestRegistration:
    def test_decorators_return_the_function(self) -> None:
        socketio = SocketIO()

        assert socketio.on("a")(no_argument) is no_argument
        assert socketio.event(no_argument) is no_argument
        assert socketio.event(namespace="/a")(no_argument) is no_argument
        assert socketio.on_error()(one_argument) is one_argument
        assert socketio.on_error_default(one_argument) is one_argument

    def test_decorators_can_be_stacked(self) -> None:
        socketio = SocketIO()

        @socketio.on("one")
        @socketio.on("two", namespace="/a")
        @socketio.event
        def three() -> str:
            return "called"

        names = [("one", "/"), ("two", "/a"), ("three", "/")]
        assert [run(socketio._handlers, *name) for name in names] == ["called"] * 3

    def test_event_takes_a_namespace(self) -> None:
        socketio = SocketIO()

        socketio.event(namespace="/a")(no_argument)

        assert run(socketio._handlers, "no_argument", "/a") == "called"

    def test_namespace_of_a_handler_may_be_empty(self) -> None:
        socketio = SocketIO()

        socketio.on_event("known", no_argument, namespace="")

        assert run(socketio._handlers, "known", "/") == "called"

    def test_handlers_must_be_callable(self) -> None:
        with pytest.raises(UsageError, match="the handler of 'known' is None"):
            SocketIO().on("known")(None)  # type: ignore[type-var]

    def test_event_takes_no_namespace_in_the_place_of_the_function(self) -> None:
        with pytest.raises(UsageError, match="write namespace='/a'"):
            SocketIO().event("/a")  # type: ignore[type-var]

    def test_error_handlers_must_be_callable(self) -> None:
        with pytest.raises(ValueError, match=r"@socketio.on_error\(\)"):
            SocketIO().on_error()(None)  # type: ignore[type-var]
        with pytest.raises(ValueError, match="on_error_default"):
            SocketIO().on_error_default(None)  # type: ignore[type-var]

    def test_on_error_without_parentheses(self) -> None:
        socketio = SocketIO()
        with pytest.raises(ValueError, match=r"on_error\(\)"):
            socketio.on_error(one_argument)("what the name became")  # type: ignore[arg-type, type-var]

    @pytest.mark.parametrize("given", [Namespace, None, "/a"])
    def test_namespaces_must_be_instances(self, given: Any) -> None:
        with pytest.raises(ValueError, match="an instance of a subclass of Namespace"):
            SocketIO().on_namespace(given)

    def test_error_handlers_can_be_looked_up(self) -> None:
        socketio = SocketIO()
        socketio.on_error("/a")(one_argument)
        socketio.on_error_default(no_argument)

        assert socketio.exception_handlers == {"/a": one_argument}
        assert socketio.default_exception_handler is no_argument
        socketio.default_exception_handler = one_argument
        assert socketio.default_exception_handler is one_argument
