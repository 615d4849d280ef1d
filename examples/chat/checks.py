"""What a client may send: every value is checked here before the chat sees it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

NAME_LENGTH = 24
ROOM_LENGTH = 32
TEXT_LENGTH = 2_000
TOKEN_LENGTH = 64
IMAGE_BYTES = 900_000

#: How the files of the accepted kinds begin. The kind is read from the bytes, never believed.
#: SVG is missing on purpose: it can carry scripts.
SIGNATURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
}


class ChatError(Exception):
    """Something that the user is told, in words made for the user."""


def text_field(data: object, key: str, limit: int = TEXT_LENGTH) -> str:
    """Return the text under ``key``, trimmed and without control characters.

    :param data: what the client sent.
    :param key: the name of the field, which the error message names too.
    :param limit: the longest text that is allowed, in characters.
    :raises ChatError: when it is missing, no text, empty or too long.
    """
    value = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(value, str):
        raise ChatError(f"The field “{key}” must be a text.")
    # The raw length first: a giant text is not worth cleaning.
    if len(value) > 2 * limit:
        raise ChatError(f"That is too long: at most {limit} characters, please.")
    text = _clean(value).strip()
    if not text:
        raise ChatError(f"Please write something: “{key}” is empty.")
    if len(text) > limit:
        raise ChatError(f"That is too long: at most {limit} characters, please.")
    return text


def name_field(data: object, key: str, limit: int = NAME_LENGTH) -> str:
    """Return the name of a person or a room: one line, single spaces, visible characters.

    :param data: what the client sent.
    :param key: the name of the field.
    :param limit: the longest name that is allowed, in characters.
    :raises ChatError: when it cannot be a name.
    """
    name = " ".join(text_field(data, key, limit).split())
    # Two names that look the same must be the same: one spelling of accents and wide letters.
    name = unicodedata.normalize("NFKC", name)
    if len(name) > limit or not name.isprintable():
        raise ChatError("A name is one line of visible characters.")
    return name


def image_field(data: object, key: str = "image") -> tuple[bytes, str]:
    """Return the bytes of a picture and its media type.

    :param data: what the client sent.
    :param key: the name of the field that holds the bytes.
    :raises ChatError: when it is no picture of a known kind, or too big.
    """
    value = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(value, (bytes, bytearray)):
        raise ChatError("A picture must be sent as bytes.")
    if len(value) > IMAGE_BYTES:
        raise ChatError(f"That picture is too big: at most {IMAGE_BYTES // 1000} kB, please.")
    image = bytes(value)
    return image, _media_type(image)


def number_field(data: object, key: str) -> int:
    """Return the whole number under ``key``.

    :param data: what the client sent.
    :param key: the name of the field.
    :raises ChatError: when it is missing or something else.
    """
    value = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise ChatError(f"The field “{key}” must be a number.")
    return value


def flag_field(data: object, key: str) -> bool:
    """Return whether ``key`` is there and true.

    :param data: what the client sent.
    :param key: the name of the field.
    """
    return isinstance(data, Mapping) and data.get(key) is True


def _clean(value: str) -> str:
    """Drop control characters but line breaks and tabs; replace halves of surrogate pairs."""
    whole = value.encode("utf-8", "replace").decode("utf-8")
    lines = whole.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) != "Cc")


def _media_type(image: bytes) -> str:
    for media_type, signature in SIGNATURES.items():
        if image.startswith(signature):
            return media_type
    # WebP is a RIFF container: four bytes of size stand between the two marks.
    if image[:4] == b"RIFF" and image[8:12] == b"WEBP":
        return "image/webp"
    raise ChatError("Only PNG, JPEG, GIF and WebP pictures can be shown.")
