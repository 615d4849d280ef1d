"""mypy, as users run it, on code that it must accept and on mistakes that it must find."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
FILES = ("accepted.py", "refused.py", "application.py")

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[int]]:
    """The lines that mypy complains about, by file."""
    cache = tmp_path_factory.mktemp("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}"]
    done = subprocess.run(
        [*command, "--follow-imports=silent", *FILES],
        cwd=FOLDER,
        env={"MYPYPATH": str(ROOT / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: dict[str, set[int]] = {name: set() for name in FILES}
    for name, line in re.findall(r"^(\w+\.py):(\d+): error", done.stdout, re.MULTILINE):
        found[name].add(int(line))
    (cache / "output").write_text(done.stdout)
    print(done.stdout)
    return found


def test_what_is_documented_is_accepted(messages: dict[str, set[int]]) -> None:
    assert messages["accepted.py"] == set()


@pytest.mark.parametrize("name", ["refused.py", "application.py"])
def test_mistakes_are_found_and_nothing_else(messages: dict[str, set[int]], name: str) -> None:
    lines = (FOLDER / name).read_text().splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("# error")}

    assert messages[name] == marked
