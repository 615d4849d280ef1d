"""The Sec-WebSocket-Extensions header field (RFC 6455 section 9.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: A token of HTTP (RFC 9110 section 5.6.2).
TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"

# One element of the list up to its comma. A quoted value must still be a token (section 9.1), so
# no comma or semicolon can hide in it.
_PARAMETER = re.compile(rf'[ \t]*({TOKEN})(?:[ \t]*=[ \t]*(?:({TOKEN})|"({TOKEN})"))?[ \t]*')


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension as it was offered or accepted.

    :param name: its registered name.
    :param parameters: names and values in their order; None where a parameter has no value.
    """

    name: str
    parameters: tuple[tuple[str, str | None], ...] = ()

    def __str__(self) -> str:
        """Give the element as it stands in the header field."""
        shown = (name if value is None else f"{name}={value}" for name, value in self.parameters)
        return "; ".join((self.name, *shown))


def parse_extensions(values: Iterable[bytes]) -> Iterator[Extension]:
    """Read the extensions of all header fields of that name, in order of preference.

    :param values: the values of the header fields.
    :returns: the well-formed elements; malformed ones are left out, which declines them.
    """
    for value in values:
        for element in value.decode("latin-1").split(","):
            extension = _parse_element(element)
            if extension is not None:
                yield extension


def _parse_element(element: str) -> Extension | None:
    parts = [_PARAMETER.fullmatch(part) for part in element.split(";")]
    parameters = [(part[1], part[2] or part[3]) for part in parts if part is not None]
    if len(parameters) < len(parts) or parameters[0][1] is not None:
        return None
    return Extension(parameters[0][0], tuple(parameters[1:]))
