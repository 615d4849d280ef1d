"""What is dropped or ended on purpose is counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Numbers since the start; written by the Hub's owner, read by anybody."""

    #: Sessions that were opened.
    opened: int = 0
    #: Sessions that have ended.
    closed: int = 0
    #: Sessions that ended because the client did not read what was sent to it.
    slow_consumers: int = 0
    #: Sessions that ended because the client broke a rule or a limit.
    protocol_errors: int = 0
    #: Packets to a client that had gone.
    undelivered: int = 0
    #: Events that nobody handles.
    unhandled_events: int = 0
    #: Events of a client that was not, or no longer, connected to the namespace.
    stray_events: int = 0
    #: Times a client's socket was not read because its handlers were behind.
    reading_paused: int = 0
