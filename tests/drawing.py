"""Pictures for tests, drawn here so that no binary file has to be kept."""

from __future__ import annotations

import struct
import zlib
from math import hypot, sin
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def png(width: int, height: int, color: Callable[[int, int], bytes]) -> bytes:
    """Return a PNG file whose pixels a function gives, as three bytes each."""
    rows = b"".join(b"\0" + b"".join(color(x, y) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def landscape(x: int, y: int) -> bytes:
    """Return a pixel of a sunrise over hills, drawn for pictures of about 420 by 236."""
    hills = [
        (150, 22, 61, 0.3, (206, 132, 118)),
        (176, 17, 43, 2.0, (140, 86, 108)),
        (200, 13, 29, 4.1, (74, 54, 86)),
    ]
    for base, height, width, shift, color in reversed(hills):
        if y > base + height * sin(x / width + shift):
            return bytes(color)
    if hypot(x - 290, y - 104) < 24:
        return bytes((255, 236, 179))
    glow = max(0.0, 1 - hypot(x - 290, y - 104) / 260)
    part = min(1.0, y / 170)
    sky = [94 + 158 * part, 134 + 50 * part, 190 - 30 * part]
    return bytes(int(min(255, s + glow * g)) for s, g in zip(sky, (60, 30, -20), strict=True))
