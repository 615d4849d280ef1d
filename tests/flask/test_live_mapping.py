"""live_mapping.py: read-only, and as it is now."""

from __future__ import annotations

import pytest

from flask_socketio import UsageError
from flask_socketio.live_mapping import LiveMapping


@pytest.fixture
def source() -> dict[str, int]:
    return {"a": 1}


@pytest.fixture
def mapping(source: dict[str, int]) -> LiveMapping[str, int]:
    return LiveMapping("the title", lambda: dict(source), "something else")


def test_reads_what_is_now(source: dict[str, int], mapping: LiveMapping[str, int]) -> None:
    source["b"] = 2

    assert mapping["b"] == 2
    assert list(mapping) == ["a", "b"]
    assert len(mapping) == 2
    assert "c" not in mapping
    assert mapping.get("c", 3) == 3
    assert dict(mapping.items()) == {"a": 1, "b": 2}
    assert list(mapping.keys()) == ["a", "b"]
    assert list(mapping.values()) == [1, 2]
    assert mapping == {"a": 1, "b": 2}
    assert repr(mapping) == "{'a': 1, 'b': 2}"


def test_a_copy_stays_as_it_is(source: dict[str, int], mapping: LiveMapping[str, int]) -> None:
    copy = mapping.copy()
    source["b"] = 2

    assert copy == {"a": 1}


def test_iterating_goes_over_what_there_was(
    source: dict[str, int], mapping: LiveMapping[str, int]
) -> None:
    keys = iter(mapping)
    source["b"] = 2

    assert list(keys) == ["a"]


def test_looks_one_key_up(source: dict[str, int]) -> None:
    mapping = LiveMapping("the title", dict, "something else", source.__getitem__)

    assert mapping["a"] == 1
    with pytest.raises(KeyError):
        mapping["b"]


@pytest.mark.parametrize(
    "name", ["__setitem__", "__delitem__", "pop", "popitem", "clear", "update", "setdefault"]
)
def test_nobody_can_write(mapping: LiveMapping[str, int], name: str) -> None:
    with pytest.raises(UsageError, match="the title shows what the server knows; use something"):
        getattr(mapping, name)("a")
