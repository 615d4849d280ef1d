"""Binary values inside JSON data: placeholders and attachments (protocol 5, "Binary events")."""

from __future__ import annotations

from typing import Any, Final

from ..errors import ProtocolError

#: The types that travel as attachments.
BINARY_TYPES: Final = (bytes, bytearray, memoryview)


def make_placeholder(number: int) -> dict[str, Any]:
    """Return what stands in the JSON for attachment ``number``, counted from 0."""
    return {"_placeholder": True, "num": number}


def contains_binary(value: object) -> bool:
    """Tell whether there is a binary value anywhere in lists, tuples and values of dicts."""
    if isinstance(value, BINARY_TYPES):
        return True
    if isinstance(value, dict):
        return any(map(contains_binary, value.values()))
    return isinstance(value, (list, tuple)) and any(map(contains_binary, value))


def detach_binary(value: object, attachments: list[bytes]) -> object:
    """Copy data with placeholders instead of binary values.

    :param value: the data, which is not changed.
    :param attachments: receives the binary values in the order of their placeholders.
    :return: the copy.
    :raises ValueError: the data itself holds something that looks like a placeholder.
    """
    if isinstance(value, BINARY_TYPES):
        attachments.append(bytes(value))
        return make_placeholder(len(attachments) - 1)
    if isinstance(value, dict):
        if value.get("_placeholder") is True:
            raise ValueError("'_placeholder' is a reserved key next to binary values")
        return {key: detach_binary(item, attachments) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [detach_binary(item, attachments) for item in value]
    return value


def attach_binary(value: Any, attachments: tuple[bytes, ...]) -> Any:
    """Put attachments in the place of their placeholders, in place.

    :param value: decoded JSON.
    :param attachments: the attachments of the packet.
    :return: the data with its binary values.
    :raises ProtocolError: a placeholder names no attachment, or two name the same.
    """
    return _attach(value, attachments, set())


def _attach(value: Any, attachments: tuple[bytes, ...], used: set[int]) -> Any:
    if isinstance(value, dict):
        if value.get("_placeholder") is True:
            return attachments[_attachment_number(value, len(attachments), used)]
        for key, item in value.items():
            if isinstance(item, (dict, list)):
                value[key] = _attach(item, attachments, used)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, (dict, list)):
                value[index] = _attach(item, attachments, used)
    return value


def _attachment_number(placeholder: dict[str, Any], count: int, used: set[int]) -> int:
    number = placeholder.get("num")
    # True and 1.0 are not numbers of attachments, though Python would index with the one.
    if type(number) is not int or not 0 <= number < count or number in used:
        raise ProtocolError("parse error: illegal attachments")
    used.add(number)
    return number
