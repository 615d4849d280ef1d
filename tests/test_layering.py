"""The layers of the design stay layers: read from the source with ``ast``, nothing is imported.

The rules have the numbers of the design's list: 1 imports only from lower layers, 2 nothing that
does input, output or time in the sans-IO layers, 3 frameworks and clients only where they belong,
6 the size of a file and a README in each folder.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parent.parent
SRC: Final = ROOT / "src"
FILES: Final = sorted(SRC.rglob("*.py"))

#: From the lowest layer to the highest. Folders in one tuple do not know each other.
LAYERS: Final = (
    ("errors", "types"),
    ("websocket", "engineio", "socketio"),
    ("adapters",),
    ("hub",),
    ("runtimes",),
    ("hosts",),
    ("the Flask modules",),
    ("flask_sockets",),
)
RANKS: Final = {name: rank for rank, names in enumerate(LAYERS) for name in names}
#: The ground: its two files may know each other.
GROUND: Final = frozenset(LAYERS[0])
SANS_IO: Final = frozenset({"websocket", "engineio", "socketio", "adapters", "hub"})
INPUT_OUTPUT_AND_TIME: Final = frozenset(
    {"socket", "ssl", "asyncio", "threading", "time", "flask", "werkzeug", "gevent", "eventlet"}
)
WEB_FRAMEWORKS: Final = frozenset({"flask", "werkzeug"})
#: Packages that must be importable without, so that functions import them.
LATE_IMPORTS: Final = frozenset({"gevent", "geventwebsocket", "eventlet", "uwsgi", "uvloop"})
EVENT_LOOPS: Final = frozenset({"asyncio", "uvicorn"})
#: Each client of a message queue, and the one driver that may import it.
QUEUE_CLIENTS: Final = {
    "redis": "redis",
    "valkey": "redis",
    "kombu": "amqp",
    "amqp": "amqp",
    "pika": "amqp",
    "aio_pika": "amqp",
    "kafka": "kafka",
    "aiokafka": "kafka",
    "confluent_kafka": "kafka",
    "nats": "nats",
    "zmq": "zmq",
}
#: The files in adapters/ that talk to something; all others there are the sans-IO core.
DRIVERS: Final = frozenset(QUEUE_CLIENTS.values()) | {"memory"}
MAX_LINES: Final = 500
MAX_README_LINES: Final = 6


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, and how."""

    line: int
    #: The full name: ``flask_socketio.hub.ports``, ``asyncio``.
    module: str
    #: For type checkers only: below ``if TYPE_CHECKING``.
    typing_only: bool
    #: Inside a function: executed when that is called, if ever.
    late: bool

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a module of ours is."""

    #: One of the names in ``LAYERS``.
    layer: str
    #: True for a file in adapters/ that talks to a message queue.
    driver: bool = False

    @property
    def is_sans_io(self) -> bool:
        return self.layer in SANS_IO and not self.driver

    def may_import(self, other: Place) -> bool:
        if self.layer == other.layer or (self.layer in GROUND and other.layer in GROUND):
            return True
        return RANKS[other.layer] < RANKS[self.layer]


def place_of(module: str) -> Place:
    """Return where a module is, given its full name."""
    top, *rest = module.split(".")
    if top == "flask_sockets":
        return Place("flask_sockets")
    if not rest or rest[0] not in RANKS:
        return Place("the Flask modules")
    return Place(rest[0], driver=rest[0] == "adapters" and bool(DRIVERS.intersection(rest[1:2])))


def name_of(file: Path) -> str:
    """Return the full name of the module in a file below src/."""
    parts = file.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES: Final = frozenset(map(name_of, FILES))


class ImportReader(ast.NodeVisitor):
    """Collects the imports of one file, including ``import_module("...")`` of a literal."""

    def __init__(self, file: Path) -> None:
        name = name_of(file)
        self._package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        self._typing_only = False
        self._late = False
        self.imports: list[Import] = []

    def _add(self, node: ast.stmt | ast.expr, module: str) -> None:
        self.imports.append(Import(node.lineno, module, self._typing_only, self._late))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level:
            package = self._package.split(".")
            package = package[: len(package) - node.level + 1]
            module = ".".join([*package, *filter(None, [module])])
        for alias in node.names:
            submodule = f"{module}.{alias.name}"
            self._add(node, submodule if submodule in MODULES else module)

    def visit_Call(self, node: ast.Call) -> None:
        match node:
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                self._add(node, module)
            case _:
                pass
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" not in ast.unparse(node.test):
            self.generic_visit(node)
            return
        outer, self._typing_only = self._typing_only, True
        for statement in node.body:
            self.visit(statement)
        self._typing_only = outer
        for statement in node.orelse:
            self.visit(statement)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer, self._late = self._late, True
        self.generic_visit(node)
        self._late = outer

    visit_AsyncFunctionDef = visit_FunctionDef


@cache
def imports_of(file: Path) -> tuple[Import, ...]:
    reader = ImportReader(file)
    reader.visit(ast.parse(file.read_text(), str(file)))
    return tuple(reader.imports)


def running_imports_of(file: Path) -> Iterator[Import]:
    """Yield the imports that happen when the program runs."""
    return (found for found in imports_of(file) if not found.typing_only)


def fail_on(file: Path, rule: str, violations: list[tuple[int, str]]) -> None:
    """Fail when there are violations; the message has a line for each."""
    where = file.relative_to(ROOT)
    if violations:
        lines = [f"{where}:{line}: {rule}: {message}" for line, message in violations]
        pytest.fail("\n".join(lines), pytrace=False)


every_file = pytest.mark.parametrize(
    "file", FILES, ids=[str(file.relative_to(SRC)) for file in FILES]
)


@every_file
def test_rule_1_imports_come_from_lower_layers(file: Path) -> None:
    here = place_of(name_of(file))
    violations = [
        (found.line, f"{here.layer} may not import {found.module}")
        for found in imports_of(file)
        if found.package in ("flask_socketio", "flask_sockets")
        and not here.may_import(place_of(found.module))
    ]
    fail_on(file, "rule 1, import only from lower layers", violations)


@every_file
def test_rule_2_sans_io_layers_do_no_input_output_and_read_no_clock(file: Path) -> None:
    if not (here := place_of(name_of(file))).is_sans_io:
        return
    violations = [
        (found.line, f"{here.layer} may not import {found.module}")
        for found in running_imports_of(file)
        if found.package in INPUT_OUTPUT_AND_TIME
    ]
    fail_on(file, "rule 2, no input, output or time in sans-IO layers", violations)


@every_file
def test_rule_3_flask_is_known_to_the_flask_modules_only(file: Path) -> None:
    if place_of(name_of(file)).layer in ("the Flask modules", "flask_sockets"):
        return
    violations = [
        (found.line, f"{found.module} may only be imported by the top-level modules")
        for found in running_imports_of(file)
        if found.package in WEB_FRAMEWORKS
    ]
    fail_on(file, "rule 3, each dependency in its place", violations)


@every_file
def test_rule_3_optional_servers_are_imported_late_in_runtimes_and_hosts(file: Path) -> None:
    allowed = place_of(name_of(file)).layer in ("runtimes", "hosts")
    violations = [
        (found.line, f"{found.module} may only be imported in functions of runtimes/ and hosts/")
        for found in running_imports_of(file)
        if found.package in LATE_IMPORTS and not (allowed and found.late)
    ]
    fail_on(file, "rule 3, each dependency in its place", violations)


@every_file
def test_rule_3_event_loops_are_known_to_runtimes_hosts_and_drivers_only(file: Path) -> None:
    here = place_of(name_of(file))
    if here.layer in ("runtimes", "hosts"):
        return
    violations = [
        (found.line, f"{found.module} may only be imported in runtimes/ and hosts/")
        for found in running_imports_of(file)
        if found.package in EVENT_LOOPS and not (here.driver and found.package == "asyncio")
    ]
    fail_on(file, "rule 3, each dependency in its place", violations)


@every_file
def test_rule_3_a_queue_client_is_imported_by_its_driver_only(file: Path) -> None:
    violations = [
        (found.line, f"{found.module} may only be imported in adapters/{driver}.py")
        for found in running_imports_of(file)
        if (driver := QUEUE_CLIENTS.get(found.package))
        and file != SRC / "flask_socketio" / "adapters" / f"{driver}.py"
    ]
    fail_on(file, "rule 3, each dependency in its place", violations)


def test_rule_6_no_file_is_longer_than_the_ceiling() -> None:
    folders = ("src", "tests", "scripts", "examples", "docs")
    own = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    own += (ROOT / "benchmarks").glob("*.py")
    lengths = {file.relative_to(ROOT): len(file.read_text().splitlines()) for file in own}
    too_long = [f"{file}: {lines} lines" for file, lines in lengths.items() if lines > MAX_LINES]
    assert not too_long, f"rule 6, at most {MAX_LINES} lines a file: " + ", ".join(too_long)


@pytest.mark.parametrize(
    "folder", sorted({file.parent for file in FILES}), ids=lambda folder: folder.name
)
def test_rule_6_each_folder_says_what_belongs_there(folder: Path) -> None:
    readme = folder / "README.md"
    where = readme.relative_to(ROOT)
    assert readme.is_file(), f"rule 6, a README in each folder: {where} is missing"
    lines = len(readme.read_text().splitlines())
    assert 1 < lines <= MAX_README_LINES, f"rule 6, a README of four lines: {where} has {lines}"


def test_each_module_can_be_imported_alone() -> None:
    script = Path(__file__).with_name("import_alone.py")
    result = subprocess.run(
        [sys.executable, str(script), str(SRC), *sorted(MODULES)], capture_output=True, text=True
    )
    assert result.returncode == 0, f"circular or broken imports:\n{result.stdout}{result.stderr}"
