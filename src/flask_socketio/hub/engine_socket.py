"""One Engine.IO session, and the host's ends of it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..engineio import Session
    from .deadlines import Watch
    from .ports import Poll, Post, WebSocket


class EngineSocket:
    """What the Engine knows of one session. Touched by the Hub's owner only, but for ``environ``.

    :param session: the protocol's state machine.
    :param environ: the WSGI environment of the handshake request, read by any thread.
    """

    __slots__ = (
        "client",
        "dirty",
        "environ",
        "expires",
        "paused",
        "poll",
        "post",
        "probe",
        "session",
        "watch",
        "websocket",
    )

    def __init__(self, session: Session, environ: dict[str, Any]) -> None:
        self.session: Session = session
        self.environ: dict[str, Any] = environ
        #: The WebSocket that carries the session, if one does.
        self.websocket: WebSocket | None = None
        #: The WebSocket that the client probes for an upgrade.
        self.probe: WebSocket | None = None
        #: The GET that waits for an answer.
        self.poll: Poll | None = None
        #: The POST that is answered when the application has caught up.
        self.post: Post | None = None
        #: Whether the client is to wait with what it sends.
        self.paused: bool = False
        #: What the application keeps for this session.
        self.client: Any = None
        #: Whether it waits for the next flush.
        self.dirty: bool = False
        #: Its entry in `Deadlines`.
        self.watch: Watch | None = None
        #: When the application wants to judge it (it has connected to nothing yet).
        self.expires: float = inf

    @property
    def deadline(self) -> float:
        """When to look at this session again."""
        deadline = self.session.deadline
        return self.expires if deadline is None else min(deadline, self.expires)
