"""What concerns every test."""

from __future__ import annotations

import gc
import sys
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def collected() -> Iterator[None]:
    """Collects garbage at the end of a test, so that no later test meets what it left.

    A client's threads, which hold its sockets, may live a little longer than the client.
    """
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=5)
    gc.collect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the Python client of others leave sockets to the garbage collector, as it does when it
    reconnects. For our own code an unclosed socket stays an error."""
    for item in items:
        module = getattr(item, "module", None)
        client = getattr(module, "socketio", None)
        if client is not None and client is sys.modules.get("socketio"):
            item.add_marker(pytest.mark.usefixtures("collected"))
            for category in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore:.*<socket:{category}"))
