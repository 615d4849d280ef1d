"""config.py: every option, its default, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

import pytest

from flask_socketio import SocketIO, UnknownOptionError, UsageError
from flask_socketio.config import ServerConfig, SocketIOOptions
from flask_socketio.engineio import Transport
from flask_socketio.option_table import option_rows
from flask_socketio.run_options import RunOptions, RunSettings


def config(**options: Any) -> ServerConfig:
    return ServerConfig.from_options(options)  # type: ignore[arg-type]


class TestTable:
    def test_typed_options_and_table_agree(self) -> None:
        table = {entry.name for entry in dataclasses.fields(ServerConfig)}

        assert set(SocketIOOptions.__annotations__) == table | {"resource"}

    def test_run_options_and_table_agree(self) -> None:
        table = {name for name, _, _ in option_rows(RunSettings)}

        assert set(RunOptions.__annotations__) == table

    def test_every_option_is_documented(self) -> None:
        rows = option_rows(ServerConfig)

        assert [name for name, _, _ in rows] == [
            entry.name for entry in dataclasses.fields(ServerConfig)
        ]
        assert all(len(doc) > 10 and doc.rstrip().endswith(".") for _, _, doc in rows)

    def test_rows_have_defaults(self) -> None:
        assert ("ping_timeout", "20") in [row[:2] for row in option_rows(ServerConfig)]

    @pytest.mark.parametrize(
        ("name", "default"),
        [
            ("manage_session", True),
            ("path", "socket.io"),
            ("logger", False),
            ("engineio_logger", False),
            ("async_handlers", True),
            ("always_connect", False),
            ("ping_interval", 25),
            ("ping_timeout", 20),
            ("max_http_buffer_size", 1_000_000),
            ("allow_upgrades", True),
            ("http_compression", True),
            ("compression_threshold", 1024),
            ("cookie", None),
            ("cors_allowed_origins", None),
            ("cors_credentials", True),
            ("monitor_clients", True),
            ("transports", None),
            ("upgrade_timeout", 10),
            ("connect_timeout", 45),
            ("max_attachments", 10),
            ("per_message_deflate", False),
            ("handler_overlap", 0.1),
            ("shutdown_grace", 10),
        ],
    )
    def test_default(self, name: str, default: Any) -> None:
        assert getattr(config(), name) == default


class TestNames:
    def test_unknown_name_without_a_near_one(self) -> None:
        with pytest.raises(UnknownOptionError, match=r"SocketIO has no option 'zzz'$") as error:
            SocketIO(zzz=1)  # type: ignore[call-arg]
        assert isinstance(error.value, TypeError)
        assert error.value.name == "zzz"

    @pytest.mark.parametrize("name", [*ServerConfig.__dataclass_fields__, "resource"])
    def test_misspelt_name(self, name: str) -> None:
        with pytest.raises(UnknownOptionError, match=f"did you mean '{name}'"):
            config(**{name + "_": 1})

    def test_debug_is_taken_and_does_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        assert config(debug=False) == ServerConfig()
        assert caplog.messages == []

        assert config(debug=True) == ServerConfig()
        assert caplog.messages == [
            "SocketIO(debug=...) has no effect; pass debug to socketio.run()"
        ]


class TestPath:
    @pytest.mark.parametrize("path", ["socket.io", "/socket.io", "socket.io/", "/socket.io/"])
    def test_slashes(self, path: str) -> None:
        assert config(path=path).url_path == "/socket.io"

    def test_resource_is_another_name(self) -> None:
        assert config(resource="/live").url_path == "/live"

    def test_path_goes_before_resource(self) -> None:
        assert config(resource="a", path="b").url_path == "/b"

    @pytest.mark.parametrize("path", ["", "/", None, 1])
    def test_refused(self, path: Any) -> None:
        with pytest.raises(UsageError, match="path="):
            config(path=path)


class TestNumbers:
    @pytest.mark.parametrize(
        "name",
        [
            "ping_timeout",
            "max_http_buffer_size",
            "upgrade_timeout",
            "connect_timeout",
            "max_namespaces",
            "max_pending_events",
            "max_buffered_bytes",
        ],
    )
    @pytest.mark.parametrize("value", [0, -1, "5", None, True])
    def test_above_zero(self, name: str, value: Any) -> None:
        assert getattr(config(**{name: 5}), name) == 5
        with pytest.raises(UsageError, match=f"{name} must be a number above 0, not {value!r}"):
            config(**{name: value})

    @pytest.mark.parametrize(
        "name", ["compression_threshold", "max_attachments", "handler_overlap", "shutdown_grace"]
    )
    @pytest.mark.parametrize("value", [-1, "5", None, True])
    def test_from_zero(self, name: str, value: Any) -> None:
        assert getattr(config(**{name: 0}), name) == 0
        with pytest.raises(UsageError, match=f"{name} must be a number from 0, not {value!r}"):
            config(**{name: value})

    @pytest.mark.parametrize(
        ("value", "times"),
        [(25, (25, 0)), (0.5, (0.5, 0)), ((10, 5), (10, 5)), ([10, 0], (10, 0))],
    )
    def test_ping_interval(self, value: Any, times: tuple[float, float]) -> None:
        settings = config(ping_interval=value).session_settings()

        assert (settings.ping_interval, settings.ping_grace) == times

    @pytest.mark.parametrize(
        "value", [0, -1, "25", None, (0, 1), (1, -1), (1,), (1, 2, 3), ("1", 2)]
    )
    def test_ping_interval_refused(self, value: Any) -> None:
        with pytest.raises(UsageError, match="ping_interval="):
            config(ping_interval=value)


class TestValues:
    @pytest.mark.parametrize(
        ("value", "transports"),
        [
            (None, (Transport.POLLING, Transport.WEBSOCKET)),
            ("websocket", (Transport.WEBSOCKET,)),
            (["polling"], (Transport.POLLING,)),
            (("websocket", "polling"), (Transport.WEBSOCKET, Transport.POLLING)),
        ],
    )
    def test_transports(self, value: Any, transports: Any) -> None:
        assert config(transports=value).transport_names == transports

    @pytest.mark.parametrize("value", ["webtransport", ["polling", "carrier pigeon"], ""])
    def test_transports_refused(self, value: Any) -> None:
        with pytest.raises(UsageError, match="only 'polling' and 'websocket' exist"):
            config(transports=value)

    @pytest.mark.parametrize("mode", ["threading", "eventlet", "gevent", "gevent_uwsgi", None])
    def test_async_modes_of_existing_applications(self, mode: str | None) -> None:
        assert config(async_mode=mode).async_mode == mode

    def test_async_mode_refused(self) -> None:
        with pytest.raises(UsageError, match="async_mode='asyncio': choose one of threading, "):
            config(async_mode="asyncio")

    @pytest.mark.parametrize("value", ["localhost", 5, ""])
    def test_message_queue_refused(self, value: Any) -> None:
        with pytest.raises(UsageError, match=r"a URL such as 'redis://' is needed"):
            config(message_queue=value)

    @pytest.mark.parametrize("value", ["", None])
    def test_channel_refused(self, value: Any) -> None:
        with pytest.raises(UsageError, match="channel="):
            config(channel=value)

    def test_client_manager_refused(self) -> None:
        with pytest.raises(UsageError, match="give the queue's URL as message_queue="):
            config(client_manager=object())

    @pytest.mark.parametrize(
        ("value", "open_ones", "closed"),
        [
            (None, ["/"], ["/a", "/aa"]),
            ("*", ["/", "/a"], []),
            (["/a"], ["/a"], ["/", "/aa"]),
            (["*"], ["/", "/a"], []),
        ],
    )
    def test_namespaces(self, value: Any, open_ones: list[str], closed: list[str]) -> None:
        allows = config(namespaces=value).allows_namespace

        assert all(map(allows, open_ones))
        assert not any(map(allows, closed))

    def test_namespaces_as_one_name(self) -> None:
        with pytest.raises(UsageError, match=r"a list of names, or '\*'"):
            config(namespaces="/a")

    def test_cookie_without_name(self) -> None:
        assert config(cookie={"name": "io", "secure": True}).cookie["name"] == "io"
        with pytest.raises(UsageError, match="it needs a 'name'"):
            config(cookie={"secure": True})

    def test_json(self) -> None:
        assert config(json=json).json is json
        with pytest.raises(UsageError, match="has no function 'dumps'"):
            config(json=typing)

    def test_settings_of_the_layers(self) -> None:
        given = config(
            max_http_buffer_size=7, allow_upgrades=False, async_handlers=False, max_namespaces=3
        )

        assert given.session_settings().max_payload == 7
        assert given.session_settings().allow_upgrades is False
        assert given.hub_settings().async_handlers is False
        assert given.hub_settings().max_namespaces == 3
