"""Background tasks, sleep, stop."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.flask.site import Until

from flask_socketio import SocketIO, UsageError

if TYPE_CHECKING:
    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site


class TestTasks:
    def test_arguments(self, site: Site) -> None:
        seen: list[Any] = []
        task = site.socketio.start_background_task(
            lambda *args, **kwargs: seen.append((args, kwargs)), 1, 2, name="x"
        )
        task.join()

        assert seen == [((1, 2), {"name": "x"})]

    def test_emit(self, site: Site) -> None:
        client = site.connect()
        site.socketio.start_background_task(site.socketio.emit, "news", 1, to=client.sid)

        assert client.receive_event() == ["news", 1]

    def test_started_by_a_handler(self, site: Site) -> None:
        def work() -> None:
            site.socketio.sleep(0)
            site.socketio.emit("done")

        site.socketio.on_event("go", lambda: site.socketio.start_background_task(work) and None)
        client = site.connect()
        client.emit("go")

        assert client.receive_event() == ["done"]

    def test_ended_tasks_are_forgotten(self, site: Site) -> None:
        for _ in range(3):
            site.socketio.start_background_task(lambda: None).join()

        assert not len(site.socketio.service.background)

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_tasks_that_fail_are_forgotten(self, site: Site) -> None:
        site.socketio.start_background_task(lambda: 1 / 0).join()

        assert not len(site.socketio.service.background)


class TestStopping:
    def test_sleep_ends_a_task_when_the_server_stops(self, make_site: MakeSite) -> None:
        site = make_site(shutdown_grace=10)
        rounds, ended = Until(), Until()

        def work() -> None:
            try:
                while True:
                    site.socketio.sleep(0.001)
                    rounds.set()
            finally:
                ended.set(threading.current_thread())

        task = site.socketio.start_background_task(work)
        site.connect()
        rounds.get()
        begun = time.monotonic()
        site.stop()

        assert ended.get() is task
        assert time.monotonic() - begun < 5, "the stop took the grace time"

    def test_long_sleep_does_not_hold_the_server(self, make_site: MakeSite) -> None:
        site = make_site(shutdown_grace=10)
        task = site.socketio.start_background_task(site.socketio.sleep, 3600)
        site.connect()
        begun = time.monotonic()
        site.stop()
        task.join(1)

        assert not task.is_alive()
        assert time.monotonic() - begun < 5, "the stop took the grace time"

    def test_task_that_never_sleeps_is_abandoned(
        self, make_site: MakeSite, caplog: pytest.LogCaptureFixture
    ) -> None:
        site = make_site(shutdown_grace=0.05)
        release = threading.Event()
        task = site.socketio.start_background_task(release.wait)
        site.connect()
        site.stop()

        assert task.is_alive()
        assert "1 background tasks still run and are abandoned" in caplog.text
        release.set()
        task.join()

    def test_stop_without_a_server(self, site: Site) -> None:
        with pytest.raises(UsageError, match="none is running"):
            site.socketio.stop()


class TestSleep:
    def test_next_handler_of_the_client_runs_meanwhile(self, site: Site) -> None:
        seen: list[str] = []
        woken = threading.Event()

        @site.socketio.on("go")
        def go() -> None:
            while not woken.is_set():
                site.socketio.sleep(0.001)
            seen.append("go")

        @site.socketio.on("wake")
        def wake() -> None:
            seen.append("wake")
            woken.set()

        client = site.connect()
        asked = client.start_call("go")
        client.call("wake")
        client.finish_call(asked)

        assert seen == ["wake", "go"]

    def test_before_the_server_runs(self, site: Site) -> None:
        assert site.socketio.sleep(0) is None

    def test_without_application(self) -> None:
        with pytest.raises(UsageError, match="call init_app"):
            SocketIO().sleep(0)
        with pytest.raises(UsageError, match="call init_app"):
            SocketIO().start_background_task(print)
