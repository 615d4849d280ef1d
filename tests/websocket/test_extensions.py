from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.websocket.extensions import Extension, parse_extensions


def parse(*values: bytes) -> list[Extension]:
    return list(parse_extensions(values))


def test_several_fields_and_elements_keep_their_order() -> None:
    assert [extension.name for extension in parse(b"a, b", b"c")] == ["a", "b", "c"]


def test_parameters_with_and_without_values() -> None:
    extension = Extension("x", (("a", None), ("b", "1"), ("c", "2")))
    assert parse(b'x; a ;\tb=1; c = "2"') == [extension]
    assert str(extension) == "x; a; b=1; c=2"


@pytest.mark.parametrize(
    "value",
    [b"", b"x=1", b"x;", b"x;;a", b"x; a=", b"x; a=b=c", b'x; a="', b'x; a=""', b"x y", b"\xff"],
)
def test_malformed_element_is_left_out_alone(value: bytes) -> None:
    assert parse(value + b", good") == [Extension("good")]


@given(st.lists(st.binary(max_size=100), max_size=4))
def test_any_bytes_parse_and_print_the_same_again(values: list[bytes]) -> None:
    extensions = parse(*values)
    assert parse(", ".join(map(str, extensions)).encode()) == extensions


@pytest.mark.parametrize("unit", [b"a" * 50, b" ", b"a=", b'"', b";a", b"a;", b"a,", b"a=1;"])
def test_long_value_costs_linear_time(unit: bytes) -> None:
    value = b"x;" + unit * (200_000 // len(unit))
    begin = time.process_time()
    parse(value)
    assert time.process_time() - begin < 2.0
