"""Every public name has a type that type checkers need not guess: pyright counts those without."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PYRIGHT = ROOT / "node_modules" / "pyright" / "index.js"

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        not PYRIGHT.is_file() or shutil.which("node") is None,
        reason="the npm packages are not installed",
    ),
]


@pytest.mark.parametrize("package", ["flask_socketio", "flask_sockets"])
def test_the_types_of_a_package_are_complete(package: str) -> None:
    command = ["node", str(PYRIGHT), "--pythonpath", sys.executable, "--outputjson"]
    done = subprocess.run(
        [*command, "--ignoreexternal", "--verifytypes", package],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(done.stdout)["typeCompleteness"]
    incomplete = [
        f"{symbol['name']}: {diagnostic['message']}"
        for symbol in found["symbols"]
        if symbol["isExported"]
        for diagnostic in symbol["diagnostics"]
        if diagnostic["severity"] == "error"
        # What follows from another name is told there.
        and "partially unknown" not in diagnostic["message"]
    ]
    assert incomplete == []
    counts = found["exportedSymbolCounts"]
    assert (counts["withAmbiguousType"], counts["withUnknownType"]) == (0, 0), counts
