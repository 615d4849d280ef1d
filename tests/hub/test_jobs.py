from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.hub.doubles import lone_socket

from flask_socketio.hub.jobs import AckJob, ConnectJob, DisconnectJob, EventJob
from flask_socketio.socketio import Packet, PacketType
from flask_socketio.types import DisconnectReason

if TYPE_CHECKING:
    from flask_socketio.hub.socket import Socket

SOCKET = lone_socket()
PACKET = Packet(PacketType.EVENT)
REASON = DisconnectReason.PING_TIMEOUT


class Calls:
    """A dispatcher that keeps what it is asked to run."""

    def __init__(self) -> None:
        self.made: list[tuple[Any, ...]] = []

    def has_namespace(self, namespace: str) -> bool:
        return True

    def has_handler(self, event: str, namespace: str) -> bool:
        return True

    def run_connect(self, socket: Socket, packet: Packet) -> None:
        self.made.append(("connect", socket, packet))

    def run_event(self, socket: Socket, packet: Packet) -> None:
        self.made.append(("event", socket, packet))

    def run_disconnect(self, socket: Socket, reason: DisconnectReason) -> None:
        self.made.append(("disconnect", socket, reason))


def test_each_job_is_one_call_of_the_dispatcher() -> None:
    calls = Calls()
    ConnectJob(calls, SOCKET, PACKET).run()
    EventJob(calls, SOCKET, PACKET).run()
    DisconnectJob(calls, SOCKET, REASON).run()
    assert calls.made == [
        ("connect", SOCKET, PACKET),
        ("event", SOCKET, PACKET),
        ("disconnect", SOCKET, REASON),
    ]


def test_a_callback_is_called_with_the_answer() -> None:
    made: list[tuple[Any, ...]] = []
    AckJob(lambda *args: made.append(args), SOCKET, PACKET).run()
    assert made == [(SOCKET, PACKET)]
