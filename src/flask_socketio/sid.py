"""Ids that cannot be guessed."""

from __future__ import annotations

import secrets


def make_sid() -> str:
    """Return 20 characters of URL-safe base64: 120 random bits, as many as socket.io uses."""
    return secrets.token_urlsafe(15)
