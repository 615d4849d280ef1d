"""The permessage-deflate extension: what was agreed on, and the two streams (RFC 7692)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..errors import MessageTooBigError, ProtocolError, UsageError
from .extensions import Extension
from .frames import CloseCode

if TYPE_CHECKING:
    from collections.abc import Iterable

EXTENSION_NAME = "permessage-deflate"

# What ends every flushed block, taken off before sending and put back (section 7.2.1).
_TAIL = b"\x00\x00\xff\xff"
# zlib cannot compress with a window of 256 bytes: it has no raw stream of 8 bits.
_LEAST_COMPRESS_BITS = 9
_MOST_BITS = 15
_WINDOW_BITS = {str(bits): bits for bits in range(8, _MOST_BITS + 1)}
_FLAGS = ("server_no_context_takeover", "client_no_context_takeover")
# A message may end a stream and begin another (section 7.2.3.4). Nobody does it often; each time
# copies the rest of the message, so without a bound it would cost quadratic time.
_MOST_STREAMS = 8

Parameters: TypeAlias = dict[str, int | None]


@dataclass(frozen=True, slots=True)
class DeflateSettings:
    """What this end wants of permessage-deflate (RFC 7692 section 7.1).

    :param server_no_context_takeover: the server compresses each message on its own.
    :param client_no_context_takeover: the client is told to compress each message on its own.
    :param server_max_window_bits: the server's window as a power of two, 9 to 15.
    :param client_max_window_bits: the most for the client's window, 8 to 15, if it lets us choose.
    :param threshold: messages with fewer bytes are sent as they are.
    :param level: zlib's compression level, 0 to 9, -1 for its default.
    :param mem_level: zlib's memory for compressing, 1 to 9.
    :raises UsageError: if a value is out of its range.
    """

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15
    threshold: int = 1024
    level: int = -1
    mem_level: int = 8

    def __post_init__(self) -> None:
        _check_range("server_max_window_bits", self.server_max_window_bits, 9, 15)
        _check_range("client_max_window_bits", self.client_max_window_bits, 8, 15)
        _check_range("level", self.level, -1, 9)
        _check_range("mem_level", self.mem_level, 1, 9)
        _check_range("threshold", self.threshold, 0, 1 << 63)

    def offer(self) -> Extension:
        """Give what a client with these settings offers (section 7.1)."""
        parameters: Parameters = {}
        if self.server_no_context_takeover:
            parameters["server_no_context_takeover"] = None
        if self.client_no_context_takeover:
            parameters["client_no_context_takeover"] = None
        if self.server_max_window_bits < _MOST_BITS:
            parameters["server_max_window_bits"] = self.server_max_window_bits
        limited = self.client_max_window_bits < _MOST_BITS
        parameters["client_max_window_bits"] = self.client_max_window_bits if limited else None
        return _extension(parameters)

    def accept(self, offers: Iterable[Extension]) -> tuple[Extension, PerMessageDeflate] | None:
        """Choose among a client's offers, as a server (section 5.1).

        :param offers: all extensions that the client offered, in its order of preference.
        :returns: the answer for the header field and the extension; None if no offer will do.
        """
        for offer in offers:
            parameters = _read_parameters(offer)
            if parameters is None:
                continue
            answer = self._answer(parameters)
            if answer is not None:
                return _extension(answer), PerMessageDeflate.of_server(answer, self)
        return None

    def confirm(self, answer: Extension) -> PerMessageDeflate | None:
        """Check a server's answer to :meth:`offer`, as a client (section 7.1).

        :param answer: the extension as the server accepted it.
        :returns: the extension; None if the answer does not fit the offer.
        """
        agreed = _read_parameters(answer)
        if agreed is None or not self._is_fitting(agreed):
            return None
        return PerMessageDeflate.of_client(agreed, self)

    def _answer(self, offered: Parameters) -> Parameters | None:
        answer: Parameters = {}
        # Sections 7.1.1.1 and 7.1.1.2: the first must be granted, the second is a hint; both may
        # be added by the server.
        if self.server_no_context_takeover or "server_no_context_takeover" in offered:
            answer["server_no_context_takeover"] = None
        if self.client_no_context_takeover or "client_no_context_takeover" in offered:
            answer["client_no_context_takeover"] = None
        # Section 7.1.2.1: the same value or a smaller one grants it, otherwise decline.
        bits = min(offered.get("server_max_window_bits") or _MOST_BITS, self.server_max_window_bits)
        if bits < _LEAST_COMPRESS_BITS:
            return None
        if bits < _MOST_BITS or "server_max_window_bits" in offered:
            answer["server_max_window_bits"] = bits
        # Section 7.1.2.2: only a client that offered it may be given a value.
        if "client_max_window_bits" in offered:
            named = offered["client_max_window_bits"]
            most = min(named or _MOST_BITS, self.client_max_window_bits)
            if most < _MOST_BITS or named is not None:
                answer["client_max_window_bits"] = most
        return answer

    def _is_fitting(self, agreed: Parameters) -> bool:
        if self.server_no_context_takeover and "server_no_context_takeover" not in agreed:
            return False
        server_bits = agreed.get("server_max_window_bits") or _MOST_BITS
        if server_bits > self.server_max_window_bits:
            return False
        # An answer with 8 would bind our compressor to what zlib cannot do.
        client_bits = agreed.get("client_max_window_bits", _MOST_BITS)
        return client_bits is not None and client_bits >= _LEAST_COMPRESS_BITS


class PerMessageDeflate:
    """The compressor and the decompressor of one connection (RFC 7692 section 7.2).

    Both streams are made when they are first needed, and dropped after each message where no
    context is taken over, so that an idle connection holds none of zlib's memory then.

    :param compress_bits: the window of what this end sends, 9 to 15.
    :param decompress_bits: the window of what the peer sends, 8 to 15.
    :param compress_takeover: whether a message may refer to the ones sent before.
    :param decompress_takeover: whether a message may refer to the ones received before.
    :param settings: for threshold, level and memory.
    """

    __slots__ = (
        "_compressor",
        "_decompressor",
        "_settings",
        "compress_bits",
        "compress_takeover",
        "decompress_bits",
        "decompress_takeover",
        "threshold",
    )

    def __init__(
        self,
        *,
        compress_bits: int = 15,
        decompress_bits: int = 15,
        compress_takeover: bool = True,
        decompress_takeover: bool = True,
        settings: DeflateSettings | None = None,
    ) -> None:
        self._settings = settings or DeflateSettings()
        self.compress_bits: int = compress_bits
        # Compressors that cannot do 8 bits may use 9 all the same; the wider window reads both.
        self.decompress_bits: int = max(decompress_bits, _LEAST_COMPRESS_BITS)
        self.compress_takeover: bool = compress_takeover
        self.decompress_takeover: bool = decompress_takeover
        #: Messages with fewer bytes are sent as they are.
        self.threshold: int = self._settings.threshold
        self._compressor: zlib._Compress | None = None
        self._decompressor: zlib._Decompress | None = None

    @classmethod
    def of_server(cls, agreed: Parameters, settings: DeflateSettings) -> PerMessageDeflate:
        """Make the server's end of what was agreed on.

        :param agreed: the parameters of the server's answer.
        :param settings: for threshold, level and memory.
        :returns: the extension.
        """
        return cls(
            compress_bits=agreed.get("server_max_window_bits") or _MOST_BITS,
            decompress_bits=agreed.get("client_max_window_bits") or _MOST_BITS,
            compress_takeover="server_no_context_takeover" not in agreed,
            decompress_takeover="client_no_context_takeover" not in agreed,
            settings=settings,
        )

    @classmethod
    def of_client(cls, agreed: Parameters, settings: DeflateSettings) -> PerMessageDeflate:
        """Make the client's end of what was agreed on; it may do less than it is allowed.

        :param agreed: the parameters of the server's answer.
        :param settings: what the client offered.
        :returns: the extension.
        """
        allowed = agreed.get("client_max_window_bits") or _MOST_BITS
        wanted = max(settings.client_max_window_bits, _LEAST_COMPRESS_BITS)
        one_by_one = settings.client_no_context_takeover or "client_no_context_takeover" in agreed
        return cls(
            compress_bits=min(allowed, wanted),
            decompress_bits=agreed.get("server_max_window_bits") or _MOST_BITS,
            compress_takeover=not one_by_one,
            decompress_takeover="server_no_context_takeover" not in agreed,
            settings=settings,
        )

    def compress(self, payload: bytes) -> bytes:
        """Compress one message (section 7.2.1).

        :param payload: the message.
        :returns: the payload of a frame with RSV1 set. Without context takeover the same message
            gives the same bytes on every connection with the same window.
        """
        if not payload:
            # Section 7.2.3.6. What zlib gives for nothing, flushed again and again, is its affair.
            return b"\x00"
        compressor = self._compressor
        if compressor is None:
            settings = self._settings
            compressor = zlib.compressobj(
                settings.level, zlib.DEFLATED, -self.compress_bits, settings.mem_level
            )
            if self.compress_takeover:
                self._compressor = compressor
        data = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
        return data[: -len(_TAIL)]

    def decompress(self, payload: bytes, *, limit: int | None) -> bytes:
        """Inflate one message (section 7.2.2), never much further than the limit.

        :param payload: the payload of a message whose first frame had RSV1 set.
        :param limit: the most bytes that the message may have, None for any number.
        :returns: the message.
        :raises MessageTooBigError: if it has more; how many more is not found out.
        :raises ProtocolError: if the payload is not a DEFLATE stream.
        """
        decompressor = self._decompressor or zlib.decompressobj(-self.decompress_bits)
        try:
            message, decompressor = self._inflate(decompressor, payload + _TAIL, limit)
        except zlib.error:
            raise _bad_stream("it is not a DEFLATE stream") from None
        if self.decompress_takeover:
            self._decompressor = decompressor
        return message

    def _inflate(
        self, decompressor: zlib._Decompress, data: bytes, limit: int | None
    ) -> tuple[bytes, zlib._Decompress]:
        message = b""
        for _ in range(_MOST_STREAMS):
            # For zlib 0 is no limit; one byte too many is what proves a message too big.
            room = 0 if limit is None else limit - len(message) + 1
            message += decompressor.decompress(data, room)
            if limit is not None and len(message) > limit:
                raise MessageTooBigError(None, limit)
            if not decompressor.eof:
                return message, decompressor
            # Section 7.2.3.4: a final block ends the stream, not the message or the context.
            data = decompressor.unused_data
            window = message[-(1 << self.decompress_bits) :]
            decompressor = zlib.decompressobj(-self.decompress_bits, zdict=window)
        raise _bad_stream("it has too many final blocks")


def _extension(parameters: Parameters) -> Extension:
    shown = ((name, None if bits is None else str(bits)) for name, bits in parameters.items())
    return Extension(EXTENSION_NAME, tuple(shown))


def _read_parameters(extension: Extension) -> Parameters | None:
    """Read an offer or an answer; None if it must be declined (section 7.1)."""
    if extension.name.lower() != EXTENSION_NAME:
        return None
    parameters: Parameters = {}
    for name, value in extension.parameters:
        if name in parameters or not _is_valid(name, value):
            return None
        parameters[name] = None if value is None else _WINDOW_BITS[value]
    return parameters


def _is_valid(name: str, value: str | None) -> bool:
    if name in _FLAGS:
        return value is None
    if name == "server_max_window_bits":
        return value in _WINDOW_BITS
    return name == "client_max_window_bits" and (value is None or value in _WINDOW_BITS)


def _check_range(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError(f"DeflateSettings: {name} must be {least} to {most}, not {value}")


def _bad_stream(why: str) -> ProtocolError:
    return ProtocolError(
        f"a compressed message cannot be inflated: {why} (RFC 7692 section 7.2.2)",
        close_code=CloseCode.INVALID_PAYLOAD_DATA,
    )
