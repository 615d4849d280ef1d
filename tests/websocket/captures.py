"""Recorded clients: what they sent is in fixtures/, what they were asked to send is here."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures"

#: What every recorded client was asked to send, in order, before closing with 3001 "done".
MESSAGES: list[str | bytes] = [
    "hello",
    "grüße, 日本, 😀",
    "",
    bytes(range(256)),
    "0123456789" * 40,
    "0123456789" * 40,
    bytes(range(256)) * 6,
]


@dataclass(frozen=True, slots=True)
class Capture:
    """The bytes of one recorded connection, from the client."""

    name: str
    request: bytes
    stream: bytes

    @property
    def method(self) -> str:
        return self.request.split(b" ", 1)[0].decode()

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        lines = self.request.rstrip(b"\r\n").split(b"\r\n")[1:]
        pairs = (line.split(b":", 1) for line in lines)
        return [(name.lower(), value.strip()) for name, value in pairs]

    @property
    def compressed(self) -> bool:
        return self.name.endswith("-deflate")


def load_captures() -> list[Capture]:
    captures = []
    for path in sorted(FIXTURES.glob("*.json")):
        fields = json.loads(path.read_text())
        captures.append(
            Capture(path.stem, b64decode(fields["request"]), b64decode(fields["stream"]))
        )
    return captures
