"""errors.py: what the errors are, besides what their names say."""

from __future__ import annotations

import builtins

import pytest

import flask_socketio
from flask_socketio import (
    ConnectionRefusedError,
    DisconnectedError,
    OutsideEventError,
    ProtocolError,
    TimeoutError,
    UnknownOptionError,
    UsageError,
)
from flask_socketio.errors import MessageTooBigError


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (UnknownOptionError, UsageError),
        (UnknownOptionError, TypeError),
        (OutsideEventError, UsageError),
        (OutsideEventError, RuntimeError),
        (TimeoutError, builtins.TimeoutError),
        (DisconnectedError, TimeoutError),
        (MessageTooBigError, ProtocolError),
    ],
)
def test_bases(error: type[Exception], base: type[Exception]) -> None:
    assert issubclass(error, base)


def test_refusal_is_no_operating_system_error() -> None:
    assert not issubclass(ConnectionRefusedError, OSError)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (12, "message of 12 bytes is larger than max_http_buffer_size=10 bytes"),
        (None, "message is larger than max_http_buffer_size=10 bytes"),
    ],
)
def test_message_too_big(size: int | None, text: str) -> None:
    error = MessageTooBigError(size, 10)

    assert str(error) == text
    assert (error.close_code, error.status, error.size, error.limit) == (1009, 413, size, 10)


def test_public_names_exist() -> None:
    assert all(hasattr(flask_socketio, name) for name in flask_socketio.__all__)
