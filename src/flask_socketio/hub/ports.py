"""What the Hub needs from the layers above it, as protocols that they implement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from typing import TypeVar, TypeVarTuple

    T = TypeVar("T")
    Ts = TypeVarTuple("Ts")

    from ..engineio import PacketGroup
    from ..errors import ProtocolError
    from ..socketio import Packet
    from ..types import DisconnectReason
    from .engine import Engine
    from .engine_socket import EngineSocket
    from .mailbox import Mailbox, Run
    from .socket import Socket


class Runtime(Protocol):
    """What serialises the Hub, and tells it the time."""

    engine: Engine

    def now(self) -> float:
        """Return the time in seconds, on a clock that never goes back."""
        ...

    def request_flush(self) -> None:
        """Have ``Engine.flush`` called soon, after the present call into the Hub."""
        ...

    def request_timer(self, when: float) -> None:
        """Have ``Engine.handle_timer`` called at a time; an earlier request stays valid."""
        ...


class WebSocket(Protocol):
    """A host's end of one WebSocket."""

    @property
    def writable(self) -> bool:
        """False while the peer does not take what was written; ``Engine.writable`` follows."""
        ...

    def send_groups(self, groups: list[PacketGroup]) -> None:
        """Write packets, in order and with one write."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake, after what was written."""
        ...

    def abort(self) -> None:
        """End the connection at once."""
        ...

    def pause_reading(self) -> None:
        """Leave further bytes in the kernel, so that the peer has to wait."""
        ...

    def resume_reading(self) -> None:
        """Read again."""
        ...


class Poll(Protocol):
    """A host's end of one waiting GET."""

    def answer(self, payload: bytes) -> None:
        """Send the response."""
        ...

    def refuse(self, error: ProtocolError) -> None:
        """Send an error response."""
        ...


class Post(Protocol):
    """A host's end of one POST that was taken."""

    def accept(self) -> None:
        """Send the response, so that the client may send the next."""
        ...


class EngineApplication(Protocol):
    """What sits on the engine: Socket.IO, or an application of plain Engine.IO."""

    def engine_opened(self, socket: EngineSocket) -> None:
        """Take a new session."""
        ...

    def engine_message(self, socket: EngineSocket, message: str | bytes) -> None:
        """Take one message."""
        ...

    def engine_closed(self, socket: EngineSocket, reason: DisconnectReason) -> None:
        """Let go of a session that has ended."""
        ...

    def engine_expired(self, socket: EngineSocket) -> None:
        """Judge a session whose ``EngineSocket.expires`` has passed."""
        ...


class Job(Protocol):
    """Something for a worker to run."""

    def run(self) -> None:
        """Run it. Only errors of our own code come out."""
        ...


class Executor(Protocol):
    """Where jobs run: threads, greenlets, or the caller."""

    def put(self, mailbox: Mailbox, job: Job) -> None:
        """Add a job to a mailbox. Called by the Hub's owner only."""
        ...


class HandlerWorkers(Executor, Protocol):
    """What handlers know of where they run."""

    def wait(self, event: threading.Event, timeout: float | None) -> bool:
        """Wait for an event, and let others run meanwhile; return whether it was set."""
        ...

    def sleep(self, seconds: float, until: threading.Event | None = None) -> bool:
        """Wait for some time, or until an event is set, which is returned; others run meanwhile."""
        ...

    def detach(self) -> Run | None:
        """Let the caller's job go on after it has returned; return what to `resume`, if it can."""
        ...

    def resume(self, run: Run, job: Job) -> None:
        """Have a run that `detach` returned go on with another job. Called by the Hub's owner."""
        ...


class Dispatcher(Protocol):
    """What runs the application's handlers. ``run_*`` are called in workers."""

    def has_namespace(self, namespace: str) -> bool:
        """Tell whether clients may connect to a namespace."""
        ...

    def has_handler(self, event: str, namespace: str) -> bool:
        """Tell whether ``connect`` or ``disconnect`` has a handler in a namespace."""
        ...

    def run_connect(self, socket: Socket, packet: Packet) -> None:
        """Run the connect handler, then submit ``Hub.accept`` or ``Hub.refuse``."""
        ...

    def run_event(self, socket: Socket, packet: Packet) -> None:
        """Decode an event, run its handler, and submit the ack."""
        ...

    def run_disconnect(self, socket: Socket, reason: DisconnectReason) -> None:
        """Run the disconnect handler."""
        ...


class Ack(Protocol):
    """Who waits for the answer to a packet that asked for one. Called by the Hub: no blocking."""

    def received(self, socket: Socket, packet: Packet) -> None:
        """Take the answer, still encoded."""
        ...

    def disconnected(self, socket: Socket) -> None:
        """Learn that the answer will not come."""
        ...


class Submit(Protocol):
    """How code outside the Hub calls it: later, in order, from any thread."""

    def __call__(self, function: Callable[[*Ts], object], *args: *Ts) -> None:
        """Have ``function(*args)`` called by the Hub's owner."""
        ...


class HubCalls(Protocol):
    """How code outside the Hub calls it, from any thread."""

    @property
    def closed(self) -> bool:
        """Whether no call is taken any more."""
        ...

    def submit(self, function: Callable[[*Ts], object], *args: *Ts) -> None:
        """Have ``function(*args)`` called by the Hub's owner, later and in order."""
        ...

    def ask(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Have ``function(*args)`` called, and return what it returns."""
        ...

    def close(self) -> None:
        """Take no more calls."""
        ...
