"""The commonest failures: what the client is told, what the log says, and that a browser shows it.

The mistakes that raise in the application (a misspelt option, emit outside of a handler, data that
is no JSON, a process that was monkey patched, a port in use) are in test_errors.py,
test_docs_errors.py and the tests of hosts.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest
    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site

PAGE = "https://page.example"
POLLING = "/socket.io/?transport=polling&EIO="


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def assert_shown(response: Any) -> None:
    """The page's browser lets the page see the answer."""
    assert response.getheader("Access-Control-Allow-Origin") == PAGE
    assert response.getheader("Access-Control-Allow-Credentials") == "true"


class TestOriginRefusedBehindAProxy:
    """The proxy ends TLS and does not pass on the name it was asked for."""

    def test_the_answer_names_the_origin_and_the_option(self, site: Site) -> None:
        response = site.get(POLLING + "4", {"Origin": PAGE})
        body = json.loads(response.body)  # type: ignore[attr-defined]
        assert response.status == 400
        assert PAGE in body["message"]
        assert "cors_allowed_origins" in body["message"]
        assert_shown(response)

    def test_the_log_names_the_address_once_a_minute(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(3):
            site.get(POLLING + "4", {"Origin": PAGE})
        (line,) = lines(caplog)
        assert "127.0.0.1" in line
        assert PAGE in line
        assert "cors_allowed_origins" in line

    def test_what_the_proxy_says_is_believed(self, site: Site) -> None:
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "page.example"}
        assert site.get(POLLING + "4", {"Origin": PAGE, **forwarded}).status == 200


class TestUnsupportedVersion:
    def test_the_answer_is_that_of_the_reference_server(self, site: Site) -> None:
        response = site.get(POLLING + "2", {"Origin": PAGE})
        assert response.status == 400
        assert json.loads(response.body) == {  # type: ignore[attr-defined]
            "code": 5,
            "message": "Unsupported protocol version",
        }
        assert_shown(response)

    def test_the_log_says_which_clients_fit(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(3):
            site.get(POLLING + "2")
        (line,) = lines(caplog)
        assert "127.0.0.1" in line
        assert "version '2'" in line
        assert "python-socketio 5.x" in line


def test_a_session_of_before_the_restart(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    opened = site.get(POLLING + "4", {})
    sid = json.loads(opened.body[1:])["sid"]  # type: ignore[attr-defined]
    site.restart()
    for _ in range(3):
        response = site.get(f"{POLLING}4&sid={sid}", {"Origin": PAGE})
    assert response.status == 400
    assert json.loads(response.body) == {  # type: ignore[attr-defined]
        "code": 1,
        "message": "Session ID unknown",
    }
    assert_shown(response)
    (line,) = lines(caplog)
    assert "127.0.0.1" in line
    assert sid in line
    assert "restart" in line


class TestTooLarge:
    def test_a_message(self, make_site: MakeSite, caplog: pytest.LogCaptureFixture) -> None:
        site = make_site(max_http_buffer_size=1000)
        client = site.connect()
        client.emit("x", "x" * 1000)
        code, reason = client.wait_for_close()
        assert code == 1009
        assert reason is not None
        assert "max_http_buffer_size=1000" in reason
        (line,) = lines(caplog)
        assert "127.0.0.1" in line
        assert "max_http_buffer_size=1000" in line

    def test_a_payload(self, make_site: MakeSite, caplog: pytest.LogCaptureFixture) -> None:
        site = make_site(max_http_buffer_size=1000, cors_allowed_origins=PAGE)
        opened = site.get(POLLING + "4", {"Origin": PAGE})
        sid = json.loads(opened.body[1:])["sid"]  # type: ignore[attr-defined]
        response = site.post(f"{POLLING}4&sid={sid}", "4" + "x" * 1000, {"Origin": PAGE})
        assert response.status == 413
        assert "max_http_buffer_size=1000" in json.loads(response.body)["message"]  # type: ignore[attr-defined]
        assert_shown(response)
        (line,) = lines(caplog)
        assert "127.0.0.1" in line
