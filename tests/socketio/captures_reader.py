"""Reads the recorded messages of the official packages (captures/README.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_capture(name: str) -> Any:
    """Return a capture with its ``{"hex": …}`` turned into bytes."""
    path = Path(__file__).parent / "captures" / f"{name}.json"
    return _restore(json.loads(path.read_text("utf-8")))


def _restore(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"hex"}:
            return bytes.fromhex(value["hex"])
        return {key: _restore(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_restore(item) for item in value]
    return value
