"""The errors page quotes messages: those that the package really gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from tests.documents import ROOT

import flask_socketio
from flask_socketio import SocketIO, UsageError
from flask_socketio.engineio import (
    EngineRequestError,
    OriginPolicy,
    SessionSettings,
    check_handshake,
    check_session_request,
    parse_query,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = (ROOT / "docs" / "errors.rst").read_text()
app = Flask(__name__)
socketio = SocketIO(app)
anything: Any = object()


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(lambda: SocketIO(app, ping_intervall=1), id="an unknown option"),
        pytest.param(lambda: socketio.run(app, threaded=True), id="another server's option"),
        pytest.param(lambda: SocketIO(app, async_mode="asyncio"), id="async_mode"),
        pytest.param(lambda: SocketIO(app, message_queue="localhost"), id="message_queue"),
        pytest.param(lambda: SocketIO(message_queue="redis://").emit("x"), id="emitter"),
        pytest.param(lambda: SocketIO(app, serializer="pickle"), id="serializer"),
        pytest.param(lambda: flask_socketio.emit("x"), id="emit outside of a handler"),
        pytest.param(lambda: socketio.emit("x", anything), id="data that is no JSON"),
        pytest.param(lambda: socketio.emit("x", float("nan")), id="NaN"),
        pytest.param(lambda: socketio.emit("connect"), id="a reserved name"),
        pytest.param(lambda: socketio.emit("x", to="a", room="b"), id="to and room"),
        pytest.param(lambda: socketio.call("x"), id="call to nobody"),
        pytest.param(lambda: socketio.call("x", to="sid"), id="call to who is gone"),
        pytest.param(lambda: SocketIO().emit("x"), id="no application"),
        pytest.param(socketio.stop, id="stop before run"),
        pytest.param(lambda: SocketIO().test_client(Flask(__name__)).connect(), id="connect twice"),
    ],
)
def test_a_mistake_raises_what_the_page_quotes(mistake: Callable[[], object]) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011  # the message is what is compared
        mistake()
    message = str(raised.value).removesuffix(": nan")  # what Python adds from 3.12 on
    assert f"\n``{message}``\n" in PAGE


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(lambda: socketio.sleep(1), id="sleep"),
        pytest.param(lambda: socketio.call("x", to="sid"), id="call"),
    ],
)
def test_what_blocks_coroutines_raises_what_the_page_quotes(
    mistake: Callable[[], object],
) -> None:
    async def handler() -> None:
        mistake()

    coroutines = app.extensions["socketio"].service.coroutines
    coroutines.begin()
    with pytest.raises(UsageError) as raised:
        coroutines.run(handler())
    assert coroutines.end()
    assert f"\n``{raised.value}``\n" in PAGE


def assert_quoted(refusal: EngineRequestError) -> None:
    assert f"* - {refusal.status} ``{refusal.body.decode()}``" in PAGE


@pytest.mark.parametrize(
    "query",
    [
        "EIO=2&transport=polling",
        "EIO=4&transport=carrier-pigeon",
        "EIO=4&transport=websocket",
    ],
)
def test_a_refused_handshake_is_answered_what_the_page_quotes(query: str) -> None:
    with pytest.raises(EngineRequestError) as raised:
        check_handshake("GET", parse_query(query), False, SessionSettings())
    assert_quoted(raised.value)


def test_a_request_of_an_unknown_session_is_answered_what_the_page_quotes() -> None:
    query = parse_query("EIO=4&transport=polling&sid=gone")
    with pytest.raises(EngineRequestError) as raised:
        check_session_request("GET", query, False, SessionSettings(), None)
    assert_quoted(raised.value)


def test_a_refused_origin_is_answered_what_the_page_quotes() -> None:
    assert_quoted(OriginPolicy(None, True).refusal("http://evil.example"))


def test_a_server_that_is_not_supported_answers_what_the_page_quotes() -> None:
    answer = app.test_client().get("/socket.io/?EIO=4&transport=polling")
    status, text = answer.status_code, answer.text.partition(":")[0]
    assert f"* - {status} ``{text}``" in PAGE
