"""What the test server saw of its clients, and what it costs; asked for over HTTP."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import threading
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

if TYPE_CHECKING:
    from flask import Flask, Response

#: Packages whose live objects are counted: this one, and those of the release it replaces.
PACKAGES = ("flask_socketio", "socketio", "engineio", "simple_websocket")


class Observations:
    """Clients by label: who connected with what, and why they left.

    Handlers run in many threads: every attribute is guarded by ``_changed``.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._clients: dict[tuple[str, str], tuple[str, Any]] = {}
        self._reasons: defaultdict[str, list[str]] = defaultdict(list)
        self._labels: Counter[str] = Counter()
        self._notes: defaultdict[str, list[Any]] = defaultdict(list)

    def connected(self, namespace: str, sid: str, label: str, auth: Any) -> None:
        with self._changed:
            self._clients[namespace, sid] = (label, auth)
            self._labels[label] += 1
            self._changed.notify_all()

    def disconnected(self, namespace: str, sid: str, reason: str) -> None:
        with self._changed:
            label, _auth = self._clients.pop((namespace, sid), ("stranger", None))
            # What is kept must not look like a leak: clients without a label leave no trace.
            if label != sid:
                self._reasons[label].append(reason)
            self._labels.pop(sid, None)
            self._notes.pop(sid, None)
            self._changed.notify_all()

    def auth_of(self, namespace: str, sid: str) -> Any:
        with self._changed:
            return self._clients[namespace, sid][1]

    def sids_of(self, label: str) -> list[tuple[str, str]]:
        """The namespaces and ids of the clients of that label that are connected."""
        with self._changed:
            return [key for key, (name, _auth) in self._clients.items() if name == label]

    def note(self, sid: str, value: Any) -> None:
        with self._changed:
            self._notes[sid].append(value)

    def notes(self, sid: str) -> list[Any]:
        with self._changed:
            return list(self._notes[sid])

    def add_routes(self, app: Flask) -> None:
        """Add the HTTP routes by which tests ask."""
        app.add_url_rule("/ready", "ready", lambda: "ready")
        app.add_url_rule("/costs", "costs", costs)
        app.add_url_rule("/clients", "clients", self._count_clients)
        app.add_url_rule("/connected/<label>", "connected", self._wait_connected)
        app.add_url_rule("/reasons/<label>", "reasons", self._wait_reasons)

    def _count_clients(self) -> Response:
        with self._changed:
            return jsonify(len(self._clients))

    def _wait_connected(self, label: str) -> Response:
        """How often a client of that label connected; waits until it did at least once."""
        with self._changed:
            self._changed.wait_for(lambda: self._labels[label], timeout=wait_of_request())
            return jsonify(self._labels[label])

    def _wait_reasons(self, label: str) -> Response:
        """Why the clients of that label left; waits until ``count`` have."""
        count = request.args.get("count", default=1, type=int)
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._reasons[label]) >= count, timeout=wait_of_request()
            )
            return jsonify(list(self._reasons[label]))


def wait_of_request() -> float:
    return request.args.get("wait", default=10.0, type=float)


def costs() -> Response:
    """Memory in bytes, open descriptors, and the live objects of the server's packages by type."""
    gc.collect()
    give_back_free_memory()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    kinds = Counter(
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in map(type, gc.get_objects())
        if str(kind.__module__).partition(".")[0] in PACKAGES
    )
    return jsonify(
        rss=pages * os.sysconf("SC_PAGE_SIZE"),
        descriptors=len(os.listdir("/proc/self/fd")),
        threads=threading.active_count(),
        objects=kinds,
    )


def give_back_free_memory() -> None:
    """What the C library's allocator keeps for later is no leak; glibc gives it back on request."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def raise_descriptor_limit() -> None:
    """Allow as many open sockets as the system does."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
