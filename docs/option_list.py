"""A directive that lists options: ``.. option-list:: flask_socketio.config.ServerConfig``.

The options are the fields of a dataclass that `flask_socketio.option_table.option` made. Each
becomes a ``confval``, so that other pages can refer to it with the role of this name.
"""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxDirective

from flask_socketio.option_table import option_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docutils.nodes import Node
    from sphinx.application import Sphinx


class OptionList(SphinxDirective):
    """Lists every option of a dataclass with its default and its description."""

    required_arguments = 1

    def run(self) -> list[Node]:
        module_name, _, name = self.arguments[0].rpartition(".")
        module = import_module(module_name)
        self.env.note_dependency(inspect.getfile(module))
        return self.parse_text_to_nodes("\n".join(lines_for(getattr(module, name))))


def lines_for(table: type) -> Iterator[str]:
    """Yield the reStructuredText of a table's options."""
    for name, default, description in option_rows(table):
        yield f".. confval:: {name}"
        yield f"   :default: ``{shown(default)}``"
        yield ""
        yield f"   {description}"
        yield ""


def shown(default: str) -> str:
    """Return a default as one would write it: ``<VerifyMode.CERT_NONE: 0>`` is an Enum's member."""
    member = re.fullmatch(r"<([\w.]+): .*>", default)
    return member[1] if member else default


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("option-list", OptionList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
