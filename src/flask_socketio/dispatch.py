"""The application's handlers, run in workers.

``_attempt`` is the one place that calls user code, and has the one broad ``except``.
"""

from __future__ import annotations

import builtins
import logging
from contextvars import copy_context
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from flask import got_request_exception

from .engineio import message_group
from .errors import ConnectionRefusedError, ProtocolError
from .event_context import ConnectionContext, EventContext
from .handlers import UNHANDLED

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from flask import Flask

    from .handlers import Function, HandlerTable
    from .hub.hub import Hub
    from .hub.ports import Submit
    from .hub.socket import Socket
    from .service import SocketIOService
    from .socketio import Packet, Parser
    from .types import DisconnectReason

#: What a handler that failed, and whose error nobody turned into an answer, has returned.
FAILED = object()
#: What an async handler has returned while its coroutine runs.
PENDING = object()
#: Raised by a connect handler, these are an answer and no failure.
REFUSALS = (ConnectionRefusedError, builtins.ConnectionRefusedError)
#: What user code may raise. ``sys.exit()`` in a handler must not end the worker that runs it.
FAILURES = (Exception, SystemExit)

logger: logging.Logger = logging.getLogger("flask_socketio")


class PendingCall:
    """An event whose coroutine runs; as a job it ends the event.

    :param end: what ends it.
    """

    __slots__ = ("_end", "context", "error", "event", "packet", "result", "socket")

    def __init__(
        self,
        end: Callable[[PendingCall], object],
        socket: Socket,
        event: str,
        packet: Packet | None,
        context: EventContext,
    ) -> None:
        self._end = end
        self.socket: Socket = socket
        self.event: str = event
        self.packet: Packet | None = packet
        self.context: EventContext = context
        self.result: Any = None
        self.error: BaseException | None = None

    def __repr__(self) -> str:
        return f"<PendingCall of {self.event!r} for client {self.socket.sid}>"

    def run(self) -> None:
        """End the event."""
        self._end(self)


class EventDispatcher:
    """Runs handlers in the context of their event, and submits what follows from it.

    :param app: the Flask application.
    :param table: its handlers.
    :param parser: decodes what clients send.
    :param manage_session: called for each new connection, since applications may change the
        attribute of this name at run time.
    :param namespaces: tells whether a namespace is open although it has no handlers.
    """

    hub: Hub
    submit: Submit
    service: SocketIOService
    #: Called with each error that nobody handled; tests are to see them.
    on_failure: Callable[[BaseException], object] | None = None

    def __init__(
        self,
        app: Flask,
        table: HandlerTable,
        parser: Parser,
        manage_session: Callable[[], bool],
        namespaces: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._table = table
        self._parser = parser
        self._manage_session = manage_session
        self._namespaces = namespaces

    # ---------------------------------------------------------------- asked by the Hub

    def has_namespace(self, namespace: str) -> bool:
        """Tell whether clients may connect to a namespace."""
        return self._table.has_namespace(namespace) or self._namespaces(namespace)

    def has_handler(self, event: str, namespace: str) -> bool:
        """Tell whether ``connect`` or ``disconnect`` has a handler in a namespace."""
        return self._table.find(event, namespace) is not None

    # ---------------------------------------------------------------- run by workers

    def run_connect(self, socket: Socket, packet: Packet) -> None:
        """Run the connect handler; what it returns accepts or refuses the client."""
        hub = self.hub
        try:
            auth = self._parser.decode_auth(packet)
        except ProtocolError as error:
            self.submit(hub.engine.fail, socket.client.engine_socket, error)
            self._refuse(socket, "parse error")
            return
        result = self._run(socket, "connect", (auth,))
        if result is not PENDING:
            self._end_connect(socket, result)

    def _end_connect(self, socket: Socket, result: Any) -> None:
        if isinstance(result, REFUSALS):
            self._refuse(socket, *refusal_args(result))
        elif result is FAILED:
            self._refuse(socket, "Internal server error")
        elif result is False:
            self._refuse(socket)
        else:
            socket.admitted = True
            self.submit(self.hub.accept, socket)

    def run_event(self, socket: Socket, packet: Packet) -> None:
        """Run the handler of an event, and send the ack that the client asked for."""
        client = socket.client
        try:
            args = self._parser.decode_event(packet)
        except ProtocolError as error:
            self.submit(self.hub.engine.fail, client.engine_socket, error)
            return
        if not (socket.admitted or self._is_expected(socket)):
            self.submit(self._count_stray)
        else:
            event = args.pop(0)
            result = self._run(socket, event, tuple(args), packet)
            if result is UNHANDLED:
                self.submit(self._count_unhandled, socket, event)
            elif packet.ack_id is not None and result is not FAILED and result is not PENDING:
                self._send_ack(socket, event, packet.ack_id, result)
        if client.paused and len(client.mailbox) * 2 <= self.hub.settings.max_pending_events:
            self.submit(self.hub.resume_reading, client)

    def _is_expected(self, socket: Socket) -> bool:
        """Whether a client may send events before its connect handler has decided."""
        return socket.admitted is None and self.hub.settings.always_connect

    def run_disconnect(self, socket: Socket, reason: DisconnectReason) -> None:
        """Run the disconnect handler, then let go of the client's rooms."""
        if not (socket.admitted and self._run(socket, "disconnect", (str(reason),)) is PENDING):
            self.submit(self.hub.remove, socket)

    def run_callback(self, socket: Socket, callback: Function, args: Sequence[Any]) -> None:
        """Run a callback in the context of the client whose event asked for it."""
        self._call(socket, "callback", callback, args)

    def run_plain(self, function: Function, args: Sequence[Any]) -> None:
        """Run a callback that no event asked for: no client's context could be its own."""
        result, error = _attempt(function, args)
        if type(result) is CoroutineType:
            _, error = _attempt(self.service.coroutines.run, (result,))
        if error is not None:
            logger.error("a callback failed", exc_info=error)
            if self.on_failure is not None:
                self.on_failure(error)

    # ---------------------------------------------------------------- how

    def _run(
        self, socket: Socket, event: str, args: Sequence[Any], packet: Packet | None = None
    ) -> Any:
        found = self._table.find(event, socket.namespace.name)
        if found is None:
            return UNHANDLED
        handler, takes_name = found
        return self._call(socket, event, handler, (event, *args) if takes_name else args, packet)

    def _call(
        self,
        socket: Socket,
        event: str,
        function: Function,
        args: Sequence[Any],
        packet: Packet | None = None,
    ) -> Any:
        """Call user code in the context of an event.

        :param packet: the event's packet, if it is not one of the connection itself.
        :returns: what it returned; `FAILED`; `PENDING`, if another worker is to end the event; of a
            connect handler also the error that refuses the client.
        """
        client = socket.client
        if client.context is None:
            client.context = ConnectionContext(self._app, client.environ, self._manage_session())
        context = EventContext.for_event(client.context, (self.service, socket), event, args)
        result = None
        _, error = _attempt(context.enter, ())  # a receiver of appcontext_pushed may fail
        if error is None:
            result, error = _attempt(function, args)
            if type(result) is CoroutineType:
                call = PendingCall(self._end_pending, socket, event, packet, context)
                result, error = self._run_coroutine(result, call)
                if result is PENDING:
                    return PENDING
        return self._leave(socket, event, context, result, error)

    def _leave(
        self,
        socket: Socket,
        event: str,
        context: EventContext,
        result: Any,
        error: BaseException | None,
    ) -> Any:
        """Handle the error of user code, and end the context of its event."""
        if error is not None:
            if event == "connect" and isinstance(error, REFUSALS):
                result, error = error, None
            else:
                result, error = self._handle_error(socket, event, error)
        _, failure = _attempt(context.leave, (error,))
        if failure is not None:  # a teardown function's, or the session could not be saved
            self._report(socket, event, failure)
            result = result if isinstance(result, REFUSALS) else FAILED
        return result

    def _run_coroutine(
        self, coroutine: Coroutine[Any, Any, Any], call: PendingCall
    ) -> tuple[Any, BaseException | None]:
        """Have a coroutine run, holding no worker, and the event ended when that has ended."""
        service = self.service
        workers = service.workers
        run = workers.detach() if workers is not None else None
        if workers is None or run is None:  # whoever it is that runs handlers, it can wait
            return _attempt(service.coroutines.run, (coroutine,))

        def done(result: Any, error: BaseException | None) -> None:
            call.result = result
            call.error = error
            self.submit(workers.resume, run, call)

        variables = copy_context()
        call.context.suspend()
        service.coroutines.start(coroutine, variables, done)
        return PENDING, None

    def _end_pending(self, call: PendingCall) -> None:
        """End the event of a coroutine that has ended, in whatever worker this is."""
        call.context.resume()
        socket = call.socket
        packet = call.packet
        result = self._leave(socket, call.event, call.context, call.result, call.error)
        if packet is not None:
            if packet.ack_id is not None and result is not FAILED:
                self._send_ack(socket, call.event, packet.ack_id, result)
        elif call.event == "connect":
            self._end_connect(socket, result)
        elif call.event == "disconnect":
            self.submit(self.hub.remove, socket)

    def _handle_error(
        self, socket: Socket, event: str, error: BaseException
    ) -> tuple[Any, BaseException | None]:
        """Give an error to the application's error handler, or log it.

        :returns: what the event's handler is taken to have returned, and the error if nobody
            handled it.
        """
        namespace = socket.namespace.name
        unhandled: BaseException | None = error
        result = None
        for error_handler in self._table.error_handlers_of(namespace):
            if unhandled is not None:
                result, unhandled = self._call_error_handler(error_handler, unhandled)
        if unhandled is not None:
            self._report(socket, event, unhandled)
            return FAILED, unhandled
        if event == "connect":
            return (True if result is True else FAILED), None
        return (FAILED if result is None else result), None

    def _call_error_handler(
        self, error_handler: Function, error: BaseException
    ) -> tuple[Any, BaseException | None]:
        try:
            raise error  # error handlers may look at sys.exc_info(), as logger.exception() does
        except FAILURES:
            result, unhandled = _attempt(error_handler, (error,))
        if type(result) is CoroutineType:
            return _attempt(self.service.coroutines.run, (result, error))
        return result, unhandled

    def _report(self, socket: Socket, event: str, error: BaseException) -> None:
        """Log an error that nobody handled, and tell those who track errors."""
        _, failure = _attempt(self._signal, (error,))
        if failure is not None:
            logger.error("a receiver of got_request_exception failed", exc_info=failure)
        logger.error(
            "the handler of %r in namespace %r failed for client %s",
            event,
            socket.namespace.name,
            socket.sid,
            exc_info=error,
        )
        if self.on_failure is not None:
            self.on_failure(error)

    def _signal(self, error: BaseException) -> None:
        got_request_exception.send(self._app, _async_wrapper=self._app.ensure_sync, exception=error)

    def _send_ack(self, socket: Socket, event: str, ack_id: int, result: Any) -> None:
        arguments = (socket.namespace.name, ack_args(result), ack_id)
        parts, error = _attempt(self._parser.encode_ack, arguments)  # json= is user code as well
        if error is not None:
            self._report(socket, event, error)
        else:
            self.submit(self.hub.send, socket, message_group(*parts))

    def _refuse(self, socket: Socket, *args: Any) -> None:
        """Refuse a client for a reason, or for none."""
        socket.admitted = False
        dialect = socket.client.connection.dialect
        data = dialect.refusal_data(args)
        _, error = _attempt(self._parser.encode_connect_error, (socket.namespace.name, data))
        if error is not None:
            self._report(socket, "connect", error)
            data = dialect.refusal_data((str(args[0]),))
        self.submit(self.hub.refuse, socket, data)

    def _count_stray(self) -> None:
        self.hub.engine.counters.stray_events += 1

    def _count_unhandled(self, socket: Socket, event: str) -> None:
        self.hub.engine.counters.unhandled_events += 1
        logger.debug("nobody handles %r in %r", event[:100], socket.namespace.name)


def _attempt(function: Function, args: Sequence[Any]) -> tuple[Any, BaseException | None]:
    """Call user code: what it returned, or what it raised."""
    try:
        return function(*args), None
    except FAILURES as error:
        return None, error


def ack_args(result: Any) -> tuple[Any, ...] | list[Any]:
    """Turn what a handler returned into the arguments of the client's callback."""
    if result is None:
        return ()
    return result if isinstance(result, tuple) else (result,)


def refusal_args(refusal: BaseException) -> tuple[Any, ...]:
    """Return the arguments of a refusal: the reason, and what else the client is to know."""
    if isinstance(refusal, OSError) and refusal.filename is not None:
        return (*refusal.args, refusal.filename)  # what Python makes of the third argument
    return refusal.args
