"""Processes that were monkey patched, as the libraries themselves say it."""

from __future__ import annotations

import subprocess
import sys

import pytest

RUN = "from flask import Flask; from flask_socketio import SocketIO; a = Flask('a'); SocketIO(a)"
PATCHES = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "eventlet": "import eventlet; eventlet.monkey_patch()",
}


def run(code: str) -> str:
    """Run a program that is to fail; return what it says last."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("library", PATCHES)
def test_run_says_what_is_wrong(library: str) -> None:
    pytest.importorskip(library)
    said = run(f"{PATCHES[library]}; {RUN}; a.extensions['socketio'].run(a, port=0)")
    assert f"this process was monkey patched by {library}" in said
    assert "remove the call that patches" in said


@pytest.mark.parametrize("library", PATCHES)
def test_a_library_that_is_only_imported_patches_nothing(library: str) -> None:
    pytest.importorskip(library)
    code = "from flask_socketio.hosts.monkey_patching import patched_by; raise SystemExit({})"
    module = "gevent.monkey" if library == "gevent" else "eventlet.patcher"
    assert run(f"import {module}; " + code.format("str(patched_by())")) == "None"
