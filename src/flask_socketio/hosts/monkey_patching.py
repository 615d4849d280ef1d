"""Whether this process was monkey patched, so that its threads are greenlets."""

from __future__ import annotations

import sys


def patched_by() -> str | None:
    """Tell which library has replaced ``threading``; None if none has.

    A library that was not imported cannot have patched anything, and is not imported for this.
    """
    gevent = sys.modules.get("gevent.monkey")
    if gevent is not None and gevent.is_module_patched("threading"):
        return "gevent"
    eventlet = sys.modules.get("eventlet.patcher")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return "eventlet"
    return None
