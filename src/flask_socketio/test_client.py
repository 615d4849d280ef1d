"""``SocketIOTestClient``: a client in the test's own process, without a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, TypeVar, overload
from weakref import WeakValueDictionary

from flask.testing import FlaskClient

from .addressing import refuse_unknown
from .dispatch import ack_args
from .engineio import EngineRequestError
from .errors import TimeoutError, UsageError
from .hosts.handshake import HANDSHAKE, Handshake
from .hosts.inline import InlineHost
from .hosts.inline_client import ENGINE_QUERY, UPGRADE_HEADERS, InlineClient, as_given
from .socketio import PacketType

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from flask import Flask

    from .extension import SocketIO
    from .service import SocketIOService
    from .socketio import Packet

F = TypeVar("F", bound=Callable[..., Any])


#: What the server's ``emit`` takes and a client has no use for.
IGNORED = frozenset({"broadcast", "to", "room", "include_self", "skip_sid", "ignore_queue"})


class ReceivedEvent(TypedDict):
    """An event that the server sent; ``args`` is a list, of ``message`` and ``json`` the value."""

    name: str
    args: Any
    namespace: str


class SocketIOTestClient:
    """A Socket.IO client for tests; ``socketio.test_client(app)`` makes one.

    It talks to the real server in its own process: packets, sessions, rooms and handlers are those
    of production. There is no network and there are no threads: when a method returns, the handlers
    have run, and everything that they sent has arrived. Time stands still unless a handler sleeps
    or :meth:`advance` moves it. An exception in a handler that no error handler takes is raised by
    the method that caused it.

    :param app: the Flask application.
    :param socketio: its ``SocketIO``.
    :param namespace: the namespace to connect to, ``/`` by default.
    :param query_string: more for the query string of the handshake request.
    :param headers: headers of the handshake request.
    :param auth: a dictionary for the connect handler.
    :param flask_test_client: a Flask test client; its cookies and its default environment are those
        of the handshake request, so that sessions that views have set are there.
    :raises UsageError: the application is being served in this process.
    """

    #: Every client that is alive, by the id of its session.
    clients: ClassVar[MutableMapping[str, SocketIOTestClient]] = WeakValueDictionary()

    def __init__(
        self,
        app: Flask,
        socketio: SocketIO,
        namespace: str | None = None,
        query_string: str | None = None,
        headers: Mapping[str, str] | None = None,
        auth: dict[str, Any] | None = None,
        flask_test_client: FlaskClient | None = None,
    ) -> None:
        #: The application.
        self.app = app
        #: Its ``SocketIO``.
        self.socketio = socketio
        #: Whose cookies are sent along.
        self.flask_test_client = flask_test_client
        #: How many acknowledgements have been asked for.
        self.callback_counter: int = 0
        #: The id of the Engine.IO session that was opened last.
        self.eio_sid: str = ""
        #: An acknowledgement that came when the call that asked for it had returned already.
        self.acks: dict[str, Any] | None = None
        #: What the server said when it refused the last connection; None if it did not.
        self.connect_error: dict[str, Any] | str | None = None
        self._service = socketio._service_for(app)
        self._host = _host_of(self._service, app)
        self._queue: list[ReceivedEvent] = []
        self._sids: dict[str, str] = {}
        self._links: dict[str, InlineClient] = {}
        self._handlers: dict[tuple[str, str], Callable[..., Any]] = {}
        self._answers: dict[int, list[Any]] = {}
        self._answers_pings = True
        self.connect(namespace, query_string, headers, auth)

    def __enter__(self) -> SocketIOTestClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---------------------------------------------------------------- connections

    def is_connected(self, namespace: str | None = None) -> bool:
        """Tell whether the client is connected to a namespace.

        :param namespace: the namespace, ``/`` by default.
        """
        self._run()
        return (namespace or "/") in self._sids

    @property
    def connected(self) -> dict[str, bool]:
        """The connected namespaces, each with True."""
        self._run()
        return dict.fromkeys(self._sids, True)

    def get_sid(self, namespace: str | None = None) -> str:
        """Return the client's ``request.sid`` in a namespace, which ``to=`` takes.

        :param namespace: the namespace, ``/`` by default.
        :raises RuntimeError: it is not connected.
        """
        self._require(namespace)
        return self._sids[namespace or "/"]

    def connect(
        self,
        namespace: str | None = None,
        query_string: str | None = None,
        headers: Mapping[str, str] | None = None,
        auth: dict[str, Any] | None = None,
    ) -> None:
        """Connect to a namespace; :meth:`is_connected` tells whether the server accepted.

        All namespaces share one session, unless ``query_string`` or ``headers`` are given: these
        belong to a handshake, so that they open another one.

        :param namespace: the namespace, ``/`` by default.
        :param query_string: more for the query string of the handshake request.
        :param headers: headers of the handshake request.
        :param auth: a dictionary for the connect handler.
        :raises UsageError: the namespace is connected already.
        """
        name = namespace or "/"
        if self.is_connected(name):
            raise UsageError(f"the client is connected to {name!r} already: call disconnect first")
        self.connect_error = None
        if self._host.stopped:
            self._host = _host_of(self._service, self.app)
        open_links = [link for link in self._links.values() if link.is_open]
        if open_links and query_string is None and headers is None:
            link = open_links[-1]
        else:
            opened = self._open(query_string, headers)
            if opened is None:
                return
            link = opened
        parts = link.connection.connect(name, auth)
        self._links[name] = link
        link.send(parts)
        try:
            self._finish(link)
        finally:
            if name not in self._sids:
                self._leave(name)

    def _open(
        self, query_string: str | None, headers: Mapping[str, str] | None
    ) -> InlineClient | None:
        """Open a session: send a handshake request through the application's WSGI stack."""
        handshake = Handshake(self.app.wsgi_app, {}, self._host.runtime, lambda _: None)
        flask_client = self.flask_test_client or FlaskClient(self.app, self.app.response_class)
        query = (query_string or "").removeprefix("?")
        response = flask_client.open(
            self._service.config.url_path + "/",
            query_string=ENGINE_QUERY + (query and f"&{query}"),
            headers=headers,
            environ_overrides={**UPGRADE_HEADERS, HANDSHAKE: handshake},
        )
        response.close()
        if handshake.environ is None:
            self.connect_error = {"message": f"the handshake was answered {response.status}"}
            return None
        try:
            link = InlineClient(
                self._host,
                self._service.parser,
                as_given(handshake.environ),
                self._take_packet,
                self._take_end,
            )
        except EngineRequestError as error:
            self.connect_error = {"message": str(error)}
            return None
        link.answers_pings = self._answers_pings
        self._finish(link)
        self.eio_sid = link.sid
        self.clients[link.sid] = self
        return link

    def disconnect(self, namespace: str | None = None) -> None:
        """Disconnect from a namespace; with the last one, the session ends.

        :param namespace: the namespace, ``/`` by default.
        :raises RuntimeError: it is not connected.
        """
        link = self._require(namespace)
        name = namespace or "/"
        link.send(link.connection.disconnect(name))
        del self._sids[name]
        try:
            self._finish(link)
        finally:
            self._leave(name)

    def drop(self) -> None:
        """Lose the connection without a word, as when a cable is cut: ``transport close``."""
        links = set(self._links.values())
        self._sids.clear()
        self._links.clear()
        for link in links:
            link.drop()
            self._finish(link)

    def close(self) -> None:
        """Disconnect from everything."""
        for namespace in self.connected:
            if namespace in self._sids:
                self.disconnect(namespace)
        self.drop()

    def _leave(self, namespace: str) -> None:
        """Forget a namespace, and end the session that it was the last of, as real clients do."""
        self._sids.pop(namespace, None)
        link = self._links.pop(namespace, None)
        if link is not None and link not in self._links.values():
            link.drop()
            link.finish()

    def _require(self, namespace: str | None) -> InlineClient:
        if not self.is_connected(namespace):
            raise RuntimeError("not connected")
        return self._links[namespace or "/"]

    # ---------------------------------------------------------------- what it sends

    def emit(
        self,
        event: str,
        *args: Any,
        callback: bool = False,
        namespace: str | None = None,
        **ignored: object,
    ) -> Any:
        """Send an event.

        :param event: its name.
        :param args: its arguments.
        :param callback: True to ask for an acknowledgement.
        :param namespace: the namespace, ``/`` by default.
        :param ignored: ``broadcast`` and the like, which existing tests give to clients as well.
        :returns: the acknowledgement: a value, or a list unless it is exactly one. None if there is
            none.
        :raises RuntimeError: the namespace is not connected.
        """
        unknown = ignored.keys() - IGNORED
        if unknown:
            refuse_unknown(unknown, self.emit)
        link = self._require(namespace)
        ack_id = None
        if callback:
            self.callback_counter += 1
            ack_id = self.callback_counter
        parts = self._service.parser.encode_event(namespace or "/", (event, *args), ack_id)
        link.send(parts)
        if ack_id is None:
            self._run()
            return None
        self._finish(link)
        answer = self._answers.pop(ack_id, None)
        if answer is None:
            return None
        self.acks = None
        return answer[0] if len(answer) == 1 else answer

    def send(
        self,
        data: Any,
        json: bool = False,
        callback: bool = False,
        namespace: str | None = None,
    ) -> Any:
        """Send a message: the event ``message``, or ``json``; otherwise like :meth:`emit`.

        :param data: the data.
        :param json: True to send it as the event ``json``.
        :param callback: True to ask for an acknowledgement.
        :param namespace: the namespace, ``/`` by default.
        """
        event = "json" if json else "message"
        return self.emit(event, data, callback=callback, namespace=namespace)

    # ---------------------------------------------------------------- what it receives

    @property
    def queue(self) -> list[ReceivedEvent]:
        """What has arrived, of all namespaces, and was not fetched yet."""
        self._run()
        return self._queue

    def get_received(self, namespace: str | None = None) -> list[ReceivedEvent]:
        """Return the events that have arrived since the last call.

        :param namespace: the namespace, ``/`` by default.
        :returns: for each a dictionary with ``name``, ``namespace`` and ``args``: a list, or for
            ``message`` and ``json`` the value.
        :raises RuntimeError: the namespace is not connected.
        """
        self._require(namespace)
        received = [entry for entry in self._queue if entry["namespace"] == (namespace or "/")]
        self._queue = [entry for entry in self._queue if entry["namespace"] != (namespace or "/")]
        return received

    def wait_for(
        self, event: str, timeout: float = 5.0, namespace: str | None = None
    ) -> ReceivedEvent:
        """Wait for an event that a thread sends, such as a background task.

        When all background tasks sleep, the time is moved to where the next one wakes.

        :param event: its name.
        :param timeout: seconds, at most.
        :param namespace: the namespace, ``/`` by default.
        :returns: the event, which :meth:`get_received` does not return any more.
        :raises TimeoutError: it did not come.
        """
        found: list[ReceivedEvent] = []

        def has_come() -> bool:
            found[:] = [
                entry
                for entry in self._queue
                if entry["name"] == event and entry["namespace"] == (namespace or "/")
            ][:1]
            return bool(found or self._host.failures)

        self._host.wait_until(has_come, timeout)
        self._host.raise_failure()
        if not found:
            names = [entry["name"] for entry in self._queue]
            raise TimeoutError(f"no event {event!r} within {timeout} s; what has come: {names}")
        self._queue.remove(found[0])
        return found[0]

    @overload
    def on(self, event: str, handler: F, namespace: str | None = None) -> F: ...

    @overload
    def on(
        self, event: str, handler: None = None, namespace: str | None = None
    ) -> Callable[[F], F]: ...

    def on(self, event: str, handler: Any = None, namespace: str | None = None) -> Any:
        """Register what the client does when an event arrives, also as a decorator.

        What it returns is the acknowledgement that ``call()`` on the server returns.

        :param event: the event's name.
        :param handler: called with the event's arguments.
        :param namespace: the namespace, ``/`` by default.
        """
        if handler is None:
            return lambda function: self.on(event, function, namespace)
        self._handlers[namespace or "/", event] = handler
        return handler

    # ---------------------------------------------------------------- time

    @property
    def answers_pings(self) -> bool:
        """Whether the client answers the server's heartbeat; False for one that hangs."""
        return self._answers_pings

    @answers_pings.setter
    def answers_pings(self, value: bool) -> None:
        self._answers_pings = value
        for link in self._links.values():
            link.answers_pings = value

    def advance(self, seconds: float) -> None:
        """Move the time of the server, for all its clients.

        Heartbeats and time-outs happen at their time; background tasks that sleep wake up.

        :param seconds: how far.
        """
        self._host.workers.advance(seconds)
        self._host.raise_failure()

    # ---------------------------------------------------------------- how

    def _run(self) -> None:
        """Take what other clients and threads have caused."""
        self._host.workers.run_ready()
        for link in set(self._links.values()):
            link.finish()
        if self._host.runtime.closed:  # another server has taken its place, without a word
            self._sids.clear()
            self._links.clear()
        self._host.raise_failure()

    def _finish(self, link: InlineClient) -> None:
        """Have everything that follows happen; a handler of a client waits here for that."""
        with self._host.workers.waiting():
            link.finish()
        self._run()

    def _take_packet(self, link: InlineClient, packet: Packet) -> None:
        namespace = packet.namespace
        parser = self._service.parser
        match packet.type:
            case PacketType.CONNECT:
                self._sids[namespace] = (parser.decode_auth(packet) or {})["sid"]
            case PacketType.CONNECT_ERROR:
                self.connect_error = parser.decode_connect_error(packet)
            case PacketType.DISCONNECT:
                self._leave(namespace)
            case PacketType.ACK:
                self._take_answer(packet.ack_id, parser.decode_ack(packet), namespace)
            case _:
                self._take_event(link, packet)

    def _take_end(self, link: InlineClient) -> None:
        """The server has closed the connection."""
        for namespace in [name for name, own in self._links.items() if own is link]:
            del self._links[namespace]
            self._sids.pop(namespace, None)

    def _take_answer(self, ack_id: int | None, args: list[Any], namespace: str) -> None:
        if ack_id is not None:
            self._answers[ack_id] = args
            self.acks = {"args": args, "namespace": namespace}

    def _take_event(self, link: InlineClient, packet: Packet) -> None:
        namespace = packet.namespace
        event, *args = self._service.parser.decode_event(packet)
        bare = event in ("message", "json")
        shown: Any = args if not bare else args[0] if args else None
        self._queue.append({"name": event, "args": shown, "namespace": namespace})
        handler = self._handlers.get((namespace, event))
        if handler is None:
            return
        result = handler(*args)
        if packet.ack_id is not None and namespace in self._sids:
            answer = ack_args(result)
            link.send(self._service.parser.encode_ack(namespace, answer, packet.ack_id))


def _host_of(service: SocketIOService, app: Flask) -> InlineHost:
    """Return the server for tests of an application, which all its test clients share."""
    host = service.inline_host
    serving = service.serving
    if host is not None and serving is host.runtime and not host.stopped:
        return host
    if serving is not None and (host is None or serving is not host.runtime):
        raise UsageError(
            "the application is being served in this process: a test client would take its clients "
            "away; connect a real client, or stop the server first"
        )
    host = service.inline_host = InlineHost(service)

    def note(error: BaseException) -> None:
        if app.config.get("PROPAGATE_EXCEPTIONS") is not False:
            host.failures.append(error)

    service.dispatcher.on_failure = note
    return host
