"""Lets autodoc resolve annotations whose names are imported below ``if TYPE_CHECKING`` only.

When the build starts, the modules are complete, so that what was a circular import is one no more.
"""

from __future__ import annotations

import ast
import pkgutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask_socketio

if TYPE_CHECKING:
    from types import ModuleType

    from sphinx.application import Sphinx


def complete(module: ModuleType) -> None:
    """Run a module's ``if TYPE_CHECKING`` blocks, in its namespace."""
    source = Path(str(module.__file__)).with_name(f"{module.__name__.rpartition('.')[2]}.py")
    for node in ast.parse(source.read_text()).body:  # beside it if the module is compiled
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                block = ast.Module(node.body, type_ignores=[])
                exec(compile(block, str(module.__file__), "exec"), vars(module))
            case _:
                pass


def complete_package(app: Sphinx) -> None:
    for found in pkgutil.iter_modules(flask_socketio.__path__, "flask_socketio."):
        if not found.ispkg:
            complete(import_module(found.name))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", complete_package)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
