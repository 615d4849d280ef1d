"""The rules of the demo chat, without a browser: what clients may send, and who may do what."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "chat"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module", autouse=True)
def _chat_on_path() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield


@pytest.fixture(scope="module")
def checks() -> Any:
    return importlib.import_module("checks")


@pytest.fixture(scope="module")
def rooms() -> Any:
    return importlib.import_module("rooms")


@pytest.fixture
def chat(rooms: Any) -> Any:
    made = rooms.Chat()
    made.enter("sid-ada", "Ada", "ada's secret")
    made.enter("sid-grace", "Grace", "grace's secret")
    return made


@pytest.mark.parametrize(
    "data", [None, [], "text", {}, {"text": 5}, {"text": " \n "}, {"text": b"x"}]
)
def test_a_text_that_is_none_is_refused(checks: Any, data: object) -> None:
    with pytest.raises(checks.ChatError):
        checks.text_field(data, "text")


def test_a_text_is_trimmed_and_loses_control_characters(checks: Any) -> None:
    assert checks.text_field({"text": " a\x00b\r\nc\x1b "}, "text") == "ab\nc"


def test_half_of_a_surrogate_pair_becomes_a_question_mark(checks: Any) -> None:
    assert checks.text_field({"text": "a\ud800"}, "text") == "a?"


@pytest.mark.parametrize("length", [2001, 5000, 1_000_000])
def test_a_text_that_is_too_long_is_refused(checks: Any, length: int) -> None:
    with pytest.raises(checks.ChatError, match="too long"):
        checks.text_field({"text": "x" * length}, "text")


@pytest.mark.parametrize("name", ["x" * 25, "a\u202eb", "a\u200bb"])
def test_a_name_with_invisible_or_too_many_characters_is_refused(checks: Any, name: str) -> None:
    with pytest.raises(checks.ChatError):
        checks.name_field({"name": name}, "name")


def test_a_name_is_one_line_with_single_spaces(checks: Any) -> None:
    assert checks.name_field({"name": " Ada \n  Lovelace "}, "name") == "Ada Lovelace"


@settings(deadline=None)  # a busy machine is no failure
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text() | st.binary(), st.lists))
def test_anything_under_a_key_is_taken_or_refused(checks: Any, value: object) -> None:
    for check in (checks.text_field, checks.name_field, checks.image_field, checks.number_field):
        try:
            check({"key": value}, "key")
        except checks.ChatError:
            continue


@pytest.mark.parametrize(
    ("image", "media_type"),
    [
        (PNG + b"...", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF1234WEBPVP8 ", "image/webp"),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(checks: Any, image: bytes, media_type: str) -> None:
    assert checks.image_field({"image": image}) == (image, media_type)


@pytest.mark.parametrize("image", [b"", b"<svg/>", "text", None, PNG + bytes(900_000)])
def test_what_is_no_picture_or_too_big_is_refused(checks: Any, image: object) -> None:
    with pytest.raises(checks.ChatError):
        checks.image_field({"image": image})


def test_a_name_is_taken_whatever_its_case(chat: Any, checks: Any) -> None:
    with pytest.raises(checks.ChatError, match="taken"):
        chat.enter("sid-other", "ADA", "another secret")


def test_the_same_page_takes_its_old_place(chat: Any) -> None:
    chat.join("sid-ada", "lobby")
    old_sid, memberships = chat.enter("sid-new", "Ada", "ada's secret")
    assert old_sid == "sid-ada"
    assert [(m.room, m.members) for m in memberships] == [("lobby", ())]
    assert chat.exit("sid-ada") is None
    assert chat.name("sid-new") == "Ada"


def test_only_members_may_talk_in_a_room(chat: Any, checks: Any) -> None:
    chat.join("sid-ada", "lobby")
    message = chat.say("sid-ada", "lobby", "hello")
    for method, arguments in (
        (chat.say, ["hello"]),
        (chat.image, [message.id]),
        (chat.member, []),
        (chat.leave, []),
    ):
        with pytest.raises(checks.ChatError, match="not in the room"):
            method("sid-grace", "lobby", *arguments)


def test_a_private_message_to_nobody_is_refused(chat: Any, checks: Any) -> None:
    with pytest.raises(checks.ChatError, match="not here"):
        chat.whisper("sid-ada", "Nobody", "hello")


def test_a_room_remembers_the_last_fifty_messages(chat: Any) -> None:
    chat.join("sid-ada", "lobby")
    for number in range(60):
        chat.say("sid-ada", "lobby", str(number))
    _membership, history = chat.join("sid-grace", "lobby")
    assert [message.text for message in history] == [str(number) for number in range(10, 60)]


def test_a_room_forgets_its_oldest_pictures_first(chat: Any, checks: Any) -> None:
    chat.join("sid-ada", "lobby")
    shown = [chat.show("sid-ada", "lobby", bytes(900_000), "image/png").id for _ in range(6)]
    assert len(chat.image("sid-ada", "lobby", shown[-1])) == 900_000
    with pytest.raises(checks.ChatError, match="no longer kept"):
        chat.image("sid-ada", "lobby", shown[0])


def test_a_picture_is_forgotten_with_its_message(chat: Any, checks: Any) -> None:
    chat.join("sid-ada", "lobby")
    picture = chat.show("sid-ada", "lobby", b"tiny", "image/png")
    for number in range(50):
        chat.say("sid-ada", "lobby", str(number))
    with pytest.raises(checks.ChatError, match="no longer kept"):
        chat.image("sid-ada", "lobby", picture.id)


def test_there_are_never_too_many_rooms(chat: Any, rooms: Any, checks: Any) -> None:
    for number in range(3 * rooms.MAX_ROOMS):
        chat.join("sid-ada", f"room {number}")
        chat.leave("sid-ada", f"room {number}")
    assert len(chat.room_list()["rooms"]) == rooms.MAX_ROOMS
    for number in range(rooms.MAX_ROOMS_PER_USER):
        chat.join("sid-ada", f"kept {number}")
    with pytest.raises(checks.ChatError, match="Leave one first"):
        chat.join("sid-ada", "one more")


def test_many_threads_at_once_lose_nothing(chat: Any, rooms: Any) -> None:
    chat.join("sid-ada", "lobby")

    def visit(number: int) -> None:
        for turn in range(20):
            chat.enter(f"sid-{number}", f"Name {number}", "secret")
            chat.join(f"sid-{number}", "lobby")
            chat.say(f"sid-{number}", "lobby", str(turn))
            chat.exit(f"sid-{number}")

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    membership, history = chat.join("sid-ada", "lobby")
    assert membership.members == ("Ada",)
    assert chat.online() == 2
    ids = [message.id for message in history]
    assert ids == sorted(set(ids))
    assert len(ids) == rooms.HISTORY_LENGTH
