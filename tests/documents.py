"""The code blocks of README.md and the documentation's pages, and the programs they make."""

from __future__ import annotations

import ast
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
README: Final = ROOT / "README.md"
PAGES: Final = (README, *sorted((ROOT / "docs").rglob("*.rst")))

_FENCE: Final = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_DIRECTIVE: Final = re.compile(r"^( *)\.\. code-block:: (\w+)$")


@dataclass(frozen=True, slots=True)
class Block:
    """One code block.

    :param language: what it is marked as.
    :param line: where its code begins, for messages.
    """

    page: Path
    line: int
    language: str
    code: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def serves(self) -> bool:
        """Whether it ends in a call of ``socketio.run``."""
        return self.language == "python" and _run_call(self.code) is not None


@cache
def blocks_of(page: Path) -> tuple[Block, ...]:
    text = page.read_text()
    found = _markdown_blocks(text) if page.suffix == ".md" else _rst_blocks(text.splitlines())
    return tuple(Block(page, line, language, code) for line, language, code in found)


def _markdown_blocks(text: str) -> Iterator[tuple[int, str, str]]:
    for found in _FENCE.finditer(text):
        yield text.count("\n", 0, found.start(2)) + 1, found[1], found[2]


def _rst_blocks(lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(lines):
        directive = _DIRECTIVE.match(line)
        if directive is None:
            continue
        body = []
        for inner in lines[number + 1 :]:
            if inner.strip() and not inner.startswith(directive[1] + "   "):
                break
            body.append(inner)
        yield number + 3, directive[2], textwrap.dedent("\n".join(body)).strip() + "\n"


def python_blocks(page: Path) -> list[Block]:
    return [block for block in blocks_of(page) if block.language == "python"]


def commands() -> dict[str, str]:
    """Return every shell command of every page, and where it is."""
    return {
        line.removeprefix("$ ").partition("#")[0].strip(): block.where
        for page in PAGES
        for block in blocks_of(page)
        if block.language in ("sh", "console")
        for line in block.code.splitlines()
        if line.strip()
    }


# ---------------------------------------------------------------- from blocks to a program


def _run_call(code: str) -> ast.Call | None:
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="socketio"), attr="run")):
                return node
            case _:
                pass
    return None


def without_run(code: str) -> str:
    """Return a block without the statement that serves, be it guarded or not."""
    lines = code.splitlines()
    for statement in ast.parse(code).body:
        if _run_call(ast.unparse(statement)) is not None:
            lines[statement.lineno - 1 : statement.end_lineno] = []
            break
    return "\n".join(lines)


def with_port(code: str) -> str:
    """Return a block that serves at 127.0.0.1, on the port of the first argument."""
    call = _run_call(code)
    assert call is not None, "this block has no socketio.run()"
    source = ast.get_source_segment(code, call)
    assert source is not None
    call.args = call.args[:1]
    call.keywords = [word for word in call.keywords if word.arg not in ("host", "port")]
    served = ast.unparse(call)[:-1] + ', host="127.0.0.1", port=int(__import__("sys").argv[1]))'
    return code.replace(source, served)


def program(blocks: Iterable[Block]) -> str:
    """Return what a reader has who types in one block after the other, up to one that serves."""
    *before, last = blocks
    codes = [without_run(block.code) for block in before]
    return "\n\n".join([*codes, with_port(last.code)])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """A program that serves, in a process of its own: between ``with`` and its end.

    :param source: the program, as of `program`.
    :param folder: where it is written.
    :param python: the interpreter.
    """

    def __init__(self, source: str, folder: Path, python: str | Path = sys.executable) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "log"
        self._file = folder / "app.py"
        self._file.write_text(source)
        self._python = python
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Served:
        command = [self._python, self._file.name, str(self.port)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, cwd=self._file.parent, stdout=log, stderr=log)
        limit = time.monotonic() + 15
        while not self._listens():
            assert self._process.poll() is None, f"it ended:\n{self.output()}"
            assert time.monotonic() < limit, f"it does not listen:\n{self.output()}"
            time.sleep(0.02)
        return self

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def output(self) -> str:
        return self._log.read_text()

    def stop(self) -> int:
        """End it as a service supervisor does; returns its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(15)

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
