from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.websocket.wire import KEY, frame, naive_mask

from flask_socketio.websocket.frames import (
    CloseCode,
    Opcode,
    apply_mask,
    encode_binary,
    encode_frame,
    encode_text,
    is_sendable_close_code,
)

# The lengths on both sides of each change of form or method.
LENGTHS = [0, 1, 2, 3, 4, 5, 63, 64, 125, 126, 127, 1023, 1024, 1025, 65535, 65536, 65537]


def test_examples_of_rfc_6455_section_5_7() -> None:
    assert encode_text("Hello") == bytes.fromhex("810548656c6c6f")
    masked = encode_frame(Opcode.TEXT, b"Hello", mask=KEY)
    assert masked == bytes.fromhex("818537fa213d7f9f4d5158")
    assert encode_frame(Opcode.TEXT, b"Hel", fin=False) == bytes.fromhex("010348656c")
    assert encode_frame(Opcode.CONTINUATION, b"lo") == bytes.fromhex("80026c6f")
    assert encode_frame(Opcode.PING, b"Hello") == bytes.fromhex("890548656c6c6f")
    assert encode_binary(bytes(256))[:4] == bytes.fromhex("827e0100")
    assert encode_binary(bytes(65536))[:10] == bytes.fromhex("827f0000000000010000")


def test_example_of_rfc_7692_section_7_2_3_1() -> None:
    compressed = bytes.fromhex("f248cdc9c90700")
    expected = bytes.fromhex("c107f248cdc9c90700")
    assert encode_frame(Opcode.TEXT, compressed, rsv1=True) == expected


@pytest.mark.parametrize("length", LENGTHS)
def test_every_encoder_uses_the_shortest_length(length: int) -> None:
    payload = b"x" * length
    assert encode_text(payload.decode()) == frame(0x81, payload, key=None)
    assert encode_binary(payload) == frame(0x82, payload, key=None)
    assert encode_frame(Opcode.PONG, payload) == frame(0x8A, payload, key=None)
    assert encode_frame(Opcode.BINARY, payload, mask=KEY) == frame(0x82, payload)


def test_text_length_is_counted_in_bytes() -> None:
    assert encode_text("é" * 63) == bytes([0x81, 126, 0, 126]) + "é".encode() * 63


def test_lone_surrogate_raises_in_the_caller() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode_text("\ud800")


@pytest.mark.parametrize("length", LENGTHS)
def test_mask_of_every_length(length: int) -> None:
    data = bytes(index * 7 & 0xFF for index in range(length))
    assert apply_mask(data, KEY) == naive_mask(data, KEY)


@given(st.binary(max_size=5000), st.binary(min_size=4, max_size=4))
def test_masking_twice_changes_nothing(data: bytes, key: bytes) -> None:
    masked = apply_mask(data, key)
    assert masked == naive_mask(data, key)
    assert apply_mask(masked, key) == data


@pytest.mark.parametrize(
    ("code", "sendable"),
    [
        (0, False),
        (999, False),
        (1000, True),
        (1003, True),
        (1004, False),
        (1005, False),
        (1006, False),
        (1007, True),
        (1014, True),
        (1015, False),
        (1016, False),
        (2999, False),
        (3000, True),
        (4999, True),
        (5000, False),
        (65535, False),
    ],
)
def test_sendable_close_codes(code: int, sendable: bool) -> None:
    assert is_sendable_close_code(code) is sendable


def test_close_codes_are_numbers() -> None:
    assert f"{CloseCode.MESSAGE_TOO_BIG}" == "1009"
