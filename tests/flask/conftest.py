"""Sites: applications with a server in a thread of the test's own process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from tests.flask.site import Defects, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    MakeSite = Callable[..., Site]


@pytest.fixture
def make_site() -> Iterator[MakeSite]:
    """``make_site(**options)``: a site of the test's own."""
    sites: list[Site] = []
    defects = Defects()
    logging.getLogger().addHandler(defects)

    def make(**options: Any) -> Site:
        sites.append(Site(**options))
        return sites[-1]

    yield make
    for site in sites:
        site.close()
    logging.getLogger().removeHandler(defects)
    if defects.found:
        pytest.fail("\n".join(defects.found), pytrace=False)


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """A site with default options."""
    return make_site()
