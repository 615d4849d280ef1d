"""What README.md and the documentation say is true: their examples run, their commands exist."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
import urllib.request
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from socketio.exceptions import ConnectionError as RefusedError
from tests.documents import (
    PAGES,
    README,
    ROOT,
    Block,
    Served,
    blocks_of,
    commands,
    program,
    python_blocks,
    without_run,
)

import flask_socketio
from engineio import Client as EngineClient
from flask_socketio.config import ServerConfig
from flask_socketio.option_table import option_rows
from flask_socketio.run_options import RunSettings
from flask_socketio.server import Server
from flask_socketio.server_clients import ClientRegister
from flask_socketio.server_engine import EngineServer
from flask_socketio.server_views import SessionState
from socketio import Client, SimpleClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def is_api_class(value: object) -> bool:
    return isinstance(value, type) and not issubclass(value, Exception)


GETTING_STARTED = ROOT / "docs" / "getting_started.rst"
#: What a reader types to install; run in order, in a copy of the repository.
INSTALLATION = ("python -m venv .venv", ". .venv/bin/activate", "pip install .")
START = "python app.py"
WITH_CODE = [page for page in PAGES if python_blocks(page)]
SERVING = [block for page in PAGES for block in blocks_of(page) if block.serves]

#: What applications use objects of.
CLASSES = [
    *(each for name in flask_socketio.__all__ if is_api_class(each := vars(flask_socketio)[name])),
    *(Server, ClientRegister, EngineServer, SessionState),
]
#: Members that are for this package, not for applications.
INSIDE = {"SocketIO": {"service"}}


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def client() -> Iterator[SimpleClient]:
    with SimpleClient(reconnection=False) as simple:
        yield simple


@pytest.fixture
def second_client() -> Iterator[SimpleClient]:
    with SimpleClient(reconnection=False) as simple:
        yield simple


def connect(simple: SimpleClient, served: Served) -> None:
    simple.connect(served.url, transports=["websocket"], wait_timeout=5)


def receive(simple: SimpleClient, event: str) -> list[object]:
    """Return the arguments of the next event of this name, among 20 others at most."""
    for _ in range(20):
        name, *args = simple.receive(timeout=5)
        if name == event:
            return list(args)
    raise AssertionError(f"{event!r} did not come")


# ---------------------------------------------------------------- the pages, as they are built


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built as ``make docs`` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command: list[str | Path] = [sys.executable, "-m", "sphinx", "-d", folder / "doctrees"]
    command += ["-q", "-E", "-W", "--keep-going", "-n", ROOT / "docs", folder / "html"]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, f"the documentation has warnings:\n{built.stderr}"
    return folder / "html"


class Anchors(HTMLParser):
    """Collects the ids of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids.update(value for name, value in attrs if name == "id" and value)


@pytest.mark.timeout(120)
def test_the_documentation_is_built_without_warnings(site: Path) -> None:
    assert (site / "index.html").is_file()


@pytest.mark.timeout(120)
def test_the_api_page_has_every_public_name(site: Path) -> None:
    ids = Anchors(site / "api.html").ids
    missing = [name for name in flask_socketio.__all__ if f"flask_socketio.{name}" not in ids]
    assert missing == []


def public_members(documented: type) -> set[str]:
    """The names of a class, and those that its constructor gives to its objects."""
    names: set[str] = set()
    for owner in documented.__mro__:
        if owner.__module__.startswith("flask_socketio"):
            source = inspect.getsource(owner)
            names |= {*vars(owner), *re.findall(r"^        self\.(\w+)(?:: .+)? = ", source, re.M)}
    return {name for name in names if not name.startswith("_")}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("documented", CLASSES, ids=lambda documented: documented.__name__)
def test_the_api_page_has_every_member(site: Path, documented: type) -> None:
    ids = Anchors(site / "api.html").ids
    module = "flask_socketio" if documented.__name__ in flask_socketio.__all__ else None
    name = f"{module or documented.__module__}.{documented.__name__}"
    members = public_members(documented) - INSIDE.get(documented.__name__, set())
    assert [member for member in sorted(members) if f"{name}.{member}" not in ids] == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("table", [ServerConfig, RunSettings])
def test_the_options_page_has_every_option(site: Path, table: type) -> None:
    ids = Anchors(site / "options.html").ids
    missing = [name for name, _, _ in option_rows(table) if f"confval-{name}" not in ids]
    assert missing == []


def test_links_of_the_readme_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)", README.read_text())
    assert [to for to in targets if "://" not in to and not (ROOT / to).exists()] == []


# ---------------------------------------------------------------- Python


@pytest.mark.parametrize("page", WITH_CODE, ids=page_name)
def test_python_blocks_of_a_page_run_one_after_the_other(page: Path, tmp_path: Path) -> None:
    source = "\n\n".join(without_run(block.code) for block in python_blocks(page))
    (tmp_path / "page.py").write_text(source)
    ran = subprocess.run(
        [sys.executable, "-W", "error", "page.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("block", SERVING, ids=lambda block: block.where)
def test_a_block_that_serves_can_be_reached(block: Block, tmp_path: Path) -> None:
    blocks = [earlier for earlier in python_blocks(block.page) if earlier.line <= block.line]
    with Served(program(blocks), tmp_path) as served:
        client = EngineClient()
        client.connect(served.url, transports=["websocket"], engineio_path="socket.io")
        client.disconnect()
        assert served.stop() == 0, served.output()


def test_the_readme_example_is_a_whole_application(
    tmp_path: Path, client: SimpleClient, second_client: SimpleClient
) -> None:
    with Served(program(python_blocks(README)), tmp_path) as served:
        with urllib.request.urlopen(served.url) as page:
            assert b"socket.io.min.js" in page.read()
        connect(client, served)
        connect(second_client, served)
        client.emit("say", "hello")
        assert receive(client, "said") == ["hello"]
        assert receive(second_client, "said") == ["hello"]


def part_of_getting_started(*, until: str) -> list[Block]:
    """Return the blocks up to one that has this text, and the one that serves.

    The block about logging is left out: it makes another ``SocketIO``, without the handlers.
    """
    blocks = [block for block in python_blocks(GETTING_STARTED) if "logger=" not in block.code]
    last = next(number for number, block in enumerate(blocks) if until in block.code)
    serving = next(block for block in blocks if "port=8000" in block.code)
    return [*blocks[: last + 1], serving]


@pytest.fixture
def whole_page(tmp_path: Path) -> Iterator[Served]:
    """The program that getting_started.rst has made at its end, with the page that it shows."""
    (html,) = [block for block in blocks_of(GETTING_STARTED) if block.language == "html"]
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_text(html.code)
    with Served(program(part_of_getting_started(until="on_error_default")), tmp_path) as served:
        yield served


def test_getting_started_serves_its_page(whole_page: Served) -> None:
    with urllib.request.urlopen(whole_page.url) as page:
        assert b"socket.emit(" in page.read()


def test_getting_started_answers_and_broadcasts(whole_page: Served, client: SimpleClient) -> None:
    connect(client, whole_page)
    assert client.call("say", "hello", timeout=5) == 5
    assert receive(client, "said") == ["hello"]


def test_getting_started_sends_several_values(tmp_path: Path, client: SimpleClient) -> None:
    with Served(program(part_of_getting_started(until="def on_draw(")), tmp_path) as served:
        connect(client, served)
        client.emit("draw", ("circle", "red", {"picture": b"\x00\xff"}))
        assert receive(client, "drawn") == ["circle", "red", {"picture": b"\x00\xff"}]


def test_getting_started_has_rooms(
    whole_page: Served, client: SimpleClient, second_client: SimpleClient
) -> None:
    connect(client, whole_page)
    connect(second_client, whole_page)
    client.call("join", "kitchen", timeout=5)
    second_client.call("join", "kitchen", timeout=5)
    assert receive(client, "joined") == ["kitchen"]
    second_client.call("leave", "kitchen", timeout=5)
    second_client.emit("say in room", ("kitchen", "soup"))
    assert receive(client, "said") == ["soup"]


def test_getting_started_tells_the_time(whole_page: Served, client: SimpleClient) -> None:
    connect(client, whole_page)
    (time,) = receive(client, "clock")
    assert isinstance(time, float)


def test_getting_started_hears_a_web_hook(whole_page: Served, client: SimpleClient) -> None:
    connect(client, whole_page)
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(whole_page.url + "/news", b'{"title": "rain"}', headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 204
    assert receive(client, "news") == [{"title": "rain"}]


def test_getting_started_answers_an_error(whole_page: Served, client: SimpleClient) -> None:
    connect(client, whole_page)
    assert client.call("say", 5, timeout=5) == {"error": "Something went wrong."}


def test_getting_started_refuses_without_a_token(tmp_path: Path) -> None:
    source = program(part_of_getting_started(until="ConnectionRefusedError"))
    refusals: list[object] = []
    with Served(source, tmp_path) as served:
        client = Client(reconnection=False)
        client.on("connect_error", refusals.append)
        with pytest.raises(RefusedError):
            client.connect(served.url, transports=["websocket"], auth={"token": "no"})
        client.disconnect()
    assert refusals == [{"message": "You need a token."}]


# ---------------------------------------------------------------- shell


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_shell_command_is_one_that_a_test_runs() -> None:
    known = {*INSTALLATION, START, *(f"make {target}" for target in makefile_targets())}
    assert {line: where for line, where in commands().items() if line not in known} == {}


@pytest.mark.timeout(180)
def test_the_installation_makes_the_first_example_run(tmp_path: Path, client: SimpleClient) -> None:
    for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    script = "\n".join(["set -e", *INSTALLATION])
    installed = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    shutil.rmtree(tmp_path / "src")
    python = tmp_path / ".venv" / "bin" / "python"
    with Served(program(python_blocks(README)), tmp_path, python) as served:
        connect(client, served)
        client.emit("say", "installed")
        assert receive(client, "said") == ["installed"]
