from __future__ import annotations

import tracemalloc
import zlib
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_socketio.errors import MessageTooBigError, ProtocolError, UsageError
from flask_socketio.websocket.deflate import DeflateSettings, PerMessageDeflate
from flask_socketio.websocket.extensions import Extension, parse_extensions

NAME = "permessage-deflate"


def answer_to(offers: str, **options: Any) -> str | None:
    accepted = DeflateSettings(**options).accept(parse_extensions([offers.encode()]))
    return None if accepted is None else str(accepted[0]).removeprefix(NAME).removeprefix("; ")


def final_block(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush(zlib.Z_FINISH)


class TestServerNegotiation:
    @pytest.mark.parametrize(
        ("offer", "answer"),
        [
            ("", ""),
            ("server_no_context_takeover", "server_no_context_takeover"),
            ("client_no_context_takeover", "client_no_context_takeover"),
            ("server_max_window_bits=15", "server_max_window_bits=15"),
            ("server_max_window_bits=9", "server_max_window_bits=9"),
            ('server_max_window_bits="10"', "server_max_window_bits=10"),
            ("client_max_window_bits", ""),
            ("client_max_window_bits=15", "client_max_window_bits=15"),
            ("client_max_window_bits=8", "client_max_window_bits=8"),
        ],
    )
    def test_default_settings_grant(self, offer: str, answer: str) -> None:
        assert answer_to(f"{NAME}; {offer}" if offer else NAME) == answer

    @pytest.mark.parametrize(
        ("offer", "options", "answer"),
        [
            ("", {"server_no_context_takeover": True}, "server_no_context_takeover"),
            ("", {"client_no_context_takeover": True}, "client_no_context_takeover"),
            ("", {"server_max_window_bits": 10}, "server_max_window_bits=10"),
            (
                "; server_max_window_bits=12",
                {"server_max_window_bits": 10},
                "server_max_window_bits=10",
            ),
            (
                "; server_max_window_bits=9",
                {"server_max_window_bits": 10},
                "server_max_window_bits=9",
            ),
            ("", {"client_max_window_bits": 10}, ""),
            (
                "; client_max_window_bits",
                {"client_max_window_bits": 10},
                "client_max_window_bits=10",
            ),
            (
                "; client_max_window_bits=9",
                {"client_max_window_bits": 10},
                "client_max_window_bits=9",
            ),
        ],
    )
    def test_own_settings_are_added(self, offer: str, options: dict[str, Any], answer: str) -> None:
        assert answer_to(NAME + offer, **options) == answer

    @pytest.mark.parametrize(
        "offer",
        [
            "x-other",
            "permessage-deflate; unknown",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover=1",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=010",
            "permessage-deflate; server_max_window_bits=+10",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=x",
            "permessage-deflate; =",
        ],
    )
    def test_offer_is_declined(self, offer: str) -> None:
        assert answer_to(offer) is None
        assert answer_to(f"{offer}, {NAME}") == ""

    def test_first_offer_that_will_do_is_taken(self) -> None:
        offers = f"{NAME}; server_max_window_bits=10, {NAME}; server_no_context_takeover"
        assert answer_to(offers) == "server_max_window_bits=10"

    def test_name_in_any_case(self) -> None:
        assert answer_to("Permessage-Deflate") == ""

    def test_what_was_agreed_on_is_what_is_done(self) -> None:
        offer = Extension(
            NAME,
            (
                ("server_no_context_takeover", None),
                ("server_max_window_bits", "10"),
                ("client_max_window_bits", "8"),
            ),
        )
        accepted = DeflateSettings(threshold=5).accept([offer])
        assert accepted is not None
        deflate = accepted[1]
        assert (deflate.compress_bits, deflate.decompress_bits) == (10, 9)
        assert (deflate.compress_takeover, deflate.decompress_takeover) == (False, True)
        assert deflate.threshold == 5


class TestClientNegotiation:
    @pytest.mark.parametrize(
        ("options", "offer"),
        [
            ({}, "client_max_window_bits"),
            (
                {"server_no_context_takeover": True, "client_no_context_takeover": True},
                "server_no_context_takeover; client_no_context_takeover; client_max_window_bits",
            ),
            (
                {"server_max_window_bits": 10, "client_max_window_bits": 9},
                "server_max_window_bits=10; client_max_window_bits=9",
            ),
        ],
    )
    def test_offer(self, options: dict[str, Any], offer: str) -> None:
        assert str(DeflateSettings(**options).offer()) == f"{NAME}; {offer}"

    @pytest.mark.parametrize(
        ("options", "answer", "agreed"),
        [
            ({}, "", (15, 15, True, True)),
            ({}, "; client_max_window_bits=9; server_max_window_bits=8", (9, 9, True, True)),
            ({}, "; client_no_context_takeover", (15, 15, False, True)),
            ({}, "; server_no_context_takeover", (15, 15, True, False)),
            ({"client_no_context_takeover": True}, "", (15, 15, False, True)),
            ({"client_max_window_bits": 8}, "", (9, 15, True, True)),
            ({"server_max_window_bits": 10}, "; server_max_window_bits=10", (15, 10, True, True)),
        ],
    )
    def test_answer_that_fits(
        self, options: dict[str, Any], answer: str, agreed: tuple[int, int, bool, bool]
    ) -> None:
        (extension,) = parse_extensions([(NAME + answer).encode()])
        deflate = DeflateSettings(**options).confirm(extension)
        assert deflate is not None
        bits = (deflate.compress_bits, deflate.decompress_bits)
        assert (*bits, deflate.compress_takeover, deflate.decompress_takeover) == agreed

    @pytest.mark.parametrize(
        ("options", "answer"),
        [
            ({}, "x-other"),
            ({}, "permessage-deflate; server_max_window_bits=16"),
            ({}, "permessage-deflate; client_max_window_bits=8"),
            ({}, "permessage-deflate; client_max_window_bits"),
            ({"server_max_window_bits": 10}, "permessage-deflate"),
            ({"server_max_window_bits": 10}, "permessage-deflate; server_max_window_bits=11"),
            ({"server_no_context_takeover": True}, "permessage-deflate"),
        ],
    )
    def test_answer_that_does_not_fit(self, options: dict[str, Any], answer: str) -> None:
        (extension,) = parse_extensions([answer.encode()])
        assert DeflateSettings(**options).confirm(extension) is None


@pytest.mark.parametrize(
    "options",
    [
        {"server_max_window_bits": 8},
        {"server_max_window_bits": 16},
        {"client_max_window_bits": 7},
        {"level": 10},
        {"mem_level": 0},
        {"threshold": -1},
    ],
    ids=str,
)
def test_settings_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        DeflateSettings(**options)


class TestStreams:
    def test_examples_of_rfc_7692_section_7_2_3(self) -> None:
        deflate = PerMessageDeflate()
        assert deflate.compress(b"Hello") == bytes.fromhex("f248cdc9c90700")
        assert deflate.compress(b"Hello") == bytes.fromhex("f200110000")
        assert deflate.decompress(bytes.fromhex("f248cdc9c90700"), limit=5) == b"Hello"
        assert deflate.decompress(bytes.fromhex("f200110000"), limit=5) == b"Hello"
        stored = bytes.fromhex("000500faff48656c6c6f00")
        assert deflate.decompress(stored, limit=5) == b"Hello"
        final = bytes.fromhex("f348cdc9c9070000")
        assert deflate.decompress(final, limit=5) == b"Hello"
        two_blocks = bytes.fromhex("f248050000 00ffffcac9c90700")
        assert deflate.decompress(two_blocks, limit=5) == b"Hello"

    @pytest.mark.parametrize("takeover", [True, False])
    def test_empty_messages_one_after_the_other(self, takeover: bool) -> None:
        deflate = PerMessageDeflate(compress_takeover=takeover, decompress_takeover=takeover)
        for message in (b"", b"", b"x", b"", b"x"):
            assert deflate.decompress(deflate.compress(message), limit=1) == message

    @pytest.mark.parametrize("bits", range(9, 16))
    def test_round_trip_with_every_window(self, bits: int) -> None:
        sender = PerMessageDeflate(compress_bits=bits)
        receiver = PerMessageDeflate(decompress_bits=bits)
        # What repeats itself only after 20,000 bytes tempts a window that is too wide.
        block = Random(bits).randbytes(20_000)
        for message in (bytes(range(256)) * 40, block, block, b"a" * 70000):
            assert receiver.decompress(sender.compress(message), limit=70000) == message

    def test_without_takeover_equal_messages_are_equal_bytes(self) -> None:
        deflate = PerMessageDeflate(compress_takeover=False)
        other = PerMessageDeflate(compress_takeover=False)
        assert deflate.compress(b"abc" * 99) == deflate.compress(b"abc" * 99)
        assert deflate.compress(b"abc" * 99) == other.compress(b"abc" * 99)

    def test_with_takeover_a_repeated_message_shrinks(self) -> None:
        deflate = PerMessageDeflate()
        message = bytes(range(256))
        assert len(deflate.compress(message)) > 256 > 20 > len(deflate.compress(message))

    def test_without_takeover_what_refers_back_is_refused(self) -> None:
        sender = PerMessageDeflate()
        receiver = PerMessageDeflate(decompress_takeover=False)
        receiver.decompress(sender.compress(bytes(range(256))), limit=256)
        with pytest.raises(ProtocolError):
            receiver.decompress(sender.compress(bytes(range(256))), limit=256)

    def test_level_is_used(self) -> None:
        stored = PerMessageDeflate(settings=DeflateSettings(level=0))
        assert len(stored.compress(b"a" * 1000)) > 1000

    def test_no_limit(self) -> None:
        deflate = PerMessageDeflate()
        assert deflate.decompress(deflate.compress(b"a" * 99999), limit=None) == b"a" * 99999

    @pytest.mark.parametrize("limit", [0, 1, 9_999, 10_000])
    def test_limit_is_the_largest_that_passes(self, limit: int) -> None:
        deflate = PerMessageDeflate()
        assert deflate.decompress(deflate.compress(b"a" * limit), limit=limit) == b"a" * limit
        with pytest.raises(MessageTooBigError) as caught:
            deflate.decompress(deflate.compress(b"a" * (limit + 1)), limit=limit)
        assert (caught.value.close_code, caught.value.limit) == (1009, limit)

    def test_bomb_is_not_inflated_past_the_limit(self) -> None:
        bomb = PerMessageDeflate().compress(b"\0" * 50_000_000)
        receiver = PerMessageDeflate()
        tracemalloc.start()
        try:
            with pytest.raises(MessageTooBigError):
                receiver.decompress(bomb, limit=100_000)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 1_000_000

    @pytest.mark.parametrize("payload", [b"\xff", b"\x07", b"\x00\x01\x00\x00\x00"])
    def test_what_is_no_deflate_stream(self, payload: bytes) -> None:
        with pytest.raises(ProtocolError) as caught:
            PerMessageDeflate().decompress(payload, limit=100)
        assert caught.value.close_code == 1007

    def test_final_block_in_the_middle_keeps_the_context(self) -> None:
        deflate = PerMessageDeflate()
        message = final_block(b"abc") + final_block(b"def") + b"\x00"
        assert deflate.decompress(message, limit=6) == b"abcdef"
        back_reference = zlib.compressobj(wbits=-15, zdict=b"abcdef")
        data = back_reference.compress(b"abcdef") + back_reference.flush(zlib.Z_SYNC_FLUSH)
        assert deflate.decompress(data[:-4], limit=6) == b"abcdef"

    def test_limit_counts_over_final_blocks(self) -> None:
        message = final_block(b"abc") + final_block(b"def") + b"\x00"
        with pytest.raises(MessageTooBigError):
            PerMessageDeflate().decompress(message, limit=5)

    def test_many_final_blocks_are_refused(self) -> None:
        with pytest.raises(ProtocolError, match="final blocks"):
            PerMessageDeflate().decompress(final_block(b"") * 100_000, limit=100)

    @given(st.lists(st.binary(max_size=200), max_size=5))
    @settings(deadline=None)
    def test_any_bytes_inflate_or_raise_a_protocol_error(self, payloads: list[bytes]) -> None:
        deflate = PerMessageDeflate()
        for payload in payloads:
            try:
                message = deflate.decompress(payload, limit=1000)
            except ProtocolError:
                return
            assert len(message) <= 1000
