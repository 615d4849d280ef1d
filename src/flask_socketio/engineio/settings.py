"""What all sessions of a server have in common, and what the OPEN packet tells the client of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from .packet import PacketGroup, PacketType, control_group

if TYPE_CHECKING:
    from ..types import EioSid


class Transport(StrEnum):
    """How packets travel, as the ``transport`` of a query string names it."""

    POLLING = "polling"
    WEBSOCKET = "websocket"


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """The settings of sessions. One object serves them all.

    :param ping_interval: seconds from a PONG, or the start, to the next PING.
    :param ping_grace: seconds that are added to the interval in the announcement only.
    :param ping_timeout: seconds without any sign of life, after a PING, that end a session.
    :param max_payload: bytes of one message, or of one POST.
    :param upgrade_timeout: seconds that a WebSocket has to replace polling, once opened for that.
    :param allow_upgrades: whether a polling session may change to a WebSocket.
    :param transports: the transports that are served.
    :param max_buffered_bytes: unsent bytes, beyond which a session is a slow consumer.
    :param monitor_clients: False sends pings without ending a session that does not answer.
    :param max_packets: packets in one POST; None leaves that to ``max_payload``.
    :param allow_eio3: whether clients of protocol 3 are served.
    """

    ping_interval: float = 25
    ping_grace: float = 0
    ping_timeout: float = 20
    max_payload: int = 1_000_000
    upgrade_timeout: float = 10
    allow_upgrades: bool = True
    transports: tuple[Transport, ...] = (Transport.POLLING, Transport.WEBSOCKET)
    max_buffered_bytes: int = 4_194_304
    monitor_clients: bool = True
    max_packets: int | None = None
    allow_eio3: bool = True

    def upgrades(self, transport: Transport) -> list[str]:
        """Return the transports that a session which starts on this one may change to."""
        if transport is Transport.WEBSOCKET or not self.allow_upgrades:
            return []
        return [Transport.WEBSOCKET.value] if Transport.WEBSOCKET in self.transports else []


def open_group(sid: EioSid, settings: SessionSettings, transport: Transport) -> PacketGroup:
    """Make the OPEN packet (Engine.IO protocol, "Handshake"); its times are in milliseconds."""
    return control_group(PacketType.OPEN, f'{{"sid":"{sid}",{_announcement(settings, transport)}')


@lru_cache(maxsize=64)
def _announcement(settings: SessionSettings, transport: Transport) -> str:
    """What is the same for all sessions: the text of the object, from its second name on."""
    announcement = {
        "upgrades": settings.upgrades(transport),
        "pingInterval": round((settings.ping_interval + settings.ping_grace) * 1000),
        "pingTimeout": round(settings.ping_timeout * 1000),
        "maxPayload": settings.max_payload,
    }
    return json.dumps(announcement, separators=(",", ":"))[1:]
