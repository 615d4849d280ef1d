from __future__ import annotations

import pytest

from flask_socketio.socketio.dialect import CURRENT, dialect_for
from flask_socketio.socketio.dialect_v4 import DIALECT_V4


def test_the_version_of_engineio_chooses() -> None:
    assert dialect_for(4) is CURRENT
    assert dialect_for(3) is DIALECT_V4


def test_clients_ask_for_every_namespace() -> None:
    assert CURRENT.opening() is None
    assert not CURRENT.root_is_session
    assert not CURRENT.drops_strays


def test_each_namespace_has_its_own_sid() -> None:
    assert CURRENT.make_sid("engine", "/", lambda: "new") == "new"
    assert CURRENT.connect_data("new") == {"sid": "new"}


@pytest.mark.parametrize(
    ("args", "data"),
    [
        ((), {"message": "Connection rejected by server"}),
        (("no",), {"message": "no"}),
        ((404,), {"message": "404"}),
        (("no", {"a": 1}), {"message": "no", "data": {"a": 1}}),
        (("no", 1, 2), {"message": "no", "data": [1, 2]}),
    ],
)
def test_refusals(args: tuple[object, ...], data: object) -> None:
    assert CURRENT.refusal_data(args) == data
