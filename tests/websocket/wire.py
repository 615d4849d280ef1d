"""Frames written out bit by bit, so that tests do not judge the encoder by itself."""

from __future__ import annotations

from itertools import pairwise

KEY = b"\x37\xfa\x21\x3d"


def naive_mask(data: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[index % 4] for index, byte in enumerate(data))


def frame(first: int, payload: bytes = b"", *, key: bytes | None = KEY) -> bytes:
    """Build one frame from its first byte; masked like a client's unless ``key`` is None."""
    mask_bit = 0 if key is None else 0x80
    length = len(payload)
    if length < 126:
        header = bytes([first, mask_bit | length])
    elif length < 1 << 16:
        header = bytes([first, mask_bit | 126]) + length.to_bytes(2, "big")
    else:
        header = bytes([first, mask_bit | 127]) + length.to_bytes(8, "big")
    return header + payload if key is None else header + key + naive_mask(payload, key)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut a stream at the given places, taken modulo its length."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:stop] for start, stop in pairwise(places)]
