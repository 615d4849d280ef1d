from __future__ import annotations

import json
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from tests.socketio.strategies import json_values

from flask_socketio.socketio import json_codec
from flask_socketio.socketio.json_codec import decode_standard, encode_standard, make_encoder


class Colour(IntEnum):
    RED = 1


class PlainModule:
    """Knows no ``separators``."""

    def dumps(self, data: Any) -> str:
        return json.dumps(data, separators=(",", ":"), sort_keys=True)

    loads = staticmethod(json.loads)


class BytesModule:
    """Makes bytes, as some fast modules do."""

    def dumps(self, data: Any) -> bytes:
        return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()

    loads = staticmethod(json.loads)


class LooseModule:
    """Passes surrogates through."""

    def dumps(self, data: Any, separators: tuple[str, str]) -> str:
        return json.dumps(data, separators=separators, ensure_ascii=False)

    loads = staticmethod(json.loads)


@given(json_values)
def test_standard_round_trip(value: Any) -> None:
    text, attachments = encode_standard(value)
    assert not attachments
    assert decode_standard(text) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", 1, 1.5, None, True], '["a",1,1.5,null,true]'),
        (("é€😀", ()), '["é€😀",[]]'),
        ({"a": {"b": []}}, '{"a":{"b":[]}}'),
        ({1: 2, None: 3, False: 4}, '{"1":2,"null":3,"false":4}'),
        (Colour.RED, "1"),
        ('"\\\n\x00', '"\\"\\\\\\n\\u0000"'),
    ],
)
def test_text_is_compact(value: object, expected: str) -> None:
    assert encode_standard(value) == (expected, ())


def test_binary_becomes_attachments() -> None:
    text, attachments = encode_standard(["a", b"1", {"k": (bytearray(b"2"), memoryview(b"3"))}])
    assert attachments == [b"1", b"2", b"3"]
    assert text == (
        '["a",{"_placeholder":true,"num":0},'
        '{"k":[{"_placeholder":true,"num":1},{"_placeholder":true,"num":2}]}]'
    )


@pytest.mark.parametrize("value", [{1, 2}, object(), [b"", {1}], 1j])
def test_unknown_type_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="is not JSON serializable"):
        encode_standard(value)


@pytest.mark.parametrize("value", [{b"k": 1}, {(1, 2): 3}, [b"", {b"k": 1}]])
def test_key_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="keys must be"):
        encode_standard(value)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}])
def test_numbers_that_json_lacks_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode_standard(value)


@pytest.mark.parametrize("value", ["\ud800", ["a", "x\udfff"], {"\ud800": b""}, [b"", "\ud800"]])
def test_lone_surrogate_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        encode_standard(value)


def test_data_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(RecursionError):
        encode_standard(value)


def test_own_placeholder_is_refused_beside_bytes() -> None:
    with pytest.raises(ValueError, match="reserved key"):
        encode_standard([b"1", {"_placeholder": True, "num": 0}])


def test_own_placeholder_is_data_without_bytes() -> None:
    value = [{"_placeholder": True, "num": 0}]
    assert decode_standard(encode_standard(value)[0]) == value


def test_placeholder_inside_a_string_is_no_placeholder() -> None:
    assert encode_standard(['"_placeholder":true', b"1"])[1] == [b"1"]


def test_encoder_works_without_the_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    encode = json_codec._build_encoder(json_codec._signal_binary)
    assert "".join(encode(["é", {"a": [1.5]}], 0)) == '["é",{"a":[1.5]}]'
    with pytest.raises(ValueError, match="JSON compliant"):
        "".join(encode(float("nan"), 0))


@pytest.mark.parametrize("text", ["[1] ", "[1]\r\n\t", "[1]"])
def test_white_space_may_follow(text: str) -> None:
    assert decode_standard(text) == [1]


@pytest.mark.parametrize("text", ["[NaN]", "[Infinity]", "[-Infinity]"])
def test_constants_of_javascript_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not JSON"):
        decode_standard(text)


@pytest.mark.parametrize(
    "text", ["", "[", "[1,]", "{a:1}", "['a']", "[01]", "[1]]", "[1]\xa0", '["\n"]', "\ufeff[]"]
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"character|Expecting|delimiter|control|Illegal"):
        decode_standard(text)


def test_integer_of_too_many_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="integer string conversion"):
        decode_standard("[" + "1" * 10_000 + "]")


@pytest.mark.parametrize("module", [json, PlainModule(), BytesModule(), LooseModule()])
def test_module_of_the_user(module: Any) -> None:
    encode = make_encoder(module)
    assert encode(["a", {"b": [1]}]) == ('["a",{"b":[1]}]', [])
    assert encode(["a", b"1"]) == ('["a",{"_placeholder":true,"num":0}]', [b"1"])
    assert json.loads(encode(["é"])[0]) == ["é"]


def test_lone_surrogate_from_a_module_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        make_encoder(LooseModule())(["\ud800"])
