from __future__ import annotations

from dataclasses import asdict

from flask_socketio.hub.counters import Counters


def test_all_begin_with_nothing() -> None:
    assert set(asdict(Counters()).values()) == {0}


def test_each_is_one_integer() -> None:
    counters = Counters()
    for name in asdict(counters):
        setattr(counters, name, getattr(counters, name) + 1)
    assert set(asdict(counters).values()) == {1}
    assert not hasattr(counters, "__dict__")
