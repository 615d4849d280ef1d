from __future__ import annotations

import sys

from tests.hub.doubles import ENVIRON, lone_client


def test_a_new_client() -> None:
    client = lone_client()
    assert client.environ is ENVIRON
    assert client.sockets == {}
    assert client.ack_mailbox is None
    assert client.context is None
    assert not client.paused


def test_its_handlers_may_be_strictly_one_after_the_other() -> None:
    assert not lone_client().mailbox.strict
    assert lone_client(strict=True).mailbox.strict


def test_it_has_no_dict() -> None:
    assert not hasattr(lone_client(), "__dict__")
    assert sys.getsizeof(lone_client()) <= 100
