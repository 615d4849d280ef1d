"""Options as fields of a dataclass, with the text that documents them."""

from __future__ import annotations

import dataclasses
from typing import Any


def option(default: Any, doc: str) -> Any:
    """Declare an option.

    :param default: its default.
    :param doc: what it means, in reStructuredText.
    """
    return dataclasses.field(default=default, metadata={"doc": doc})


def option_rows(table: type) -> list[tuple[str, str, str]]:
    """Return name, default and description of every option of a dataclass."""
    return [
        (entry.name, repr(entry.default), entry.metadata["doc"])
        for entry in dataclasses.fields(table)
        if "doc" in entry.metadata
    ]
