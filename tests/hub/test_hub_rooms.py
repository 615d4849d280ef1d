"""Who gets a broadcast."""

from __future__ import annotations

import pytest
from tests.hub.doubles import Site


@pytest.fixture
def site() -> Site:
    return Site()


class TestBroadcast:
    def test_to_everybody_but(self, site: Site) -> None:
        peers = [site.connect() for _ in range(4)]
        site.broadcast("x", skip=(peers[0].sid, peers[2].sid))
        assert [peer.received() for peer in peers] == [[], ["x"], [], ["x"]]

    def test_to_rooms_and_sids_once_each(self, site: Site) -> None:
        a, b, c, d = (site.connect() for _ in range(4))
        for peer, room in ((a, "one"), (a, "two"), (b, "two"), (c, c.sid), (d, "three")):
            site.hub.join(peer.socket(), room)
        site.broadcast("x", "one", "two", a.sid, c.sid)
        assert [peer.received() for peer in (a, b, c, d)] == [["x"], ["x"], ["x"], []]

    def test_the_sid_of_another_is_a_room_to_join(self, site: Site) -> None:
        a, b = site.connect(), site.connect()
        site.hub.join(a.socket(), b.sid)
        site.broadcast("x", b.sid)
        assert [a.received(), b.received()] == [["x"], ["x"]]
