"""JSON text with binary values taken out: the standard module, tuned, or a module of the user's.

The standard encoder is built once, around the C accelerator's one-shot path; the method
:meth:`JSONEncoder.encode` builds it at each call, which costs as much as encoding a small event.
"""

from __future__ import annotations

import json
import json.encoder
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeAlias, cast

from .attachments import BINARY_TYPES, contains_binary, detach_binary, make_placeholder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_Encoder: TypeAlias = "Callable[[object, int], Iterable[str]]"

_NO_ATTACHMENTS: Final = ()


class JsonModule(Protocol):
    """A module, or an object, in the manner of the standard library's :mod:`json`."""

    @property
    def dumps(self) -> Callable[..., str | bytes]:
        """Encodes; called with ``separators=(",", ":")`` if it takes that keyword."""
        ...

    @property
    def loads(self) -> Callable[[str], Any]:
        """Decodes; raises ValueError for text that is not JSON."""
        ...


class _Scanner(Protocol):
    """What the type stubs leave out of JSONDecoder."""

    def scan_once(self, text: str, start: int, /) -> tuple[Any, int]: ...


class _BinaryFoundError(Exception):
    """The encoder met a binary value: the data has to be encoded again, with attachments."""


def encode_standard(data: object) -> tuple[str, Sequence[bytes]]:
    """Encode data with the standard module.

    :param data: anything that JSON knows, with binary values anywhere but as keys.
    :return: the text with placeholders, and the attachments.
    :raises TypeError: a type that JSON does not know.
    :raises ValueError: NaN, Infinity, lone surrogates, or a forged placeholder beside bytes.
    :raises RecursionError: data that contains itself, or is nested too deeply.
    """
    attachments: Sequence[bytes] = _NO_ATTACHMENTS
    try:
        text = "".join(_encode_text(data, 0))
    except _BinaryFoundError:
        text, attachments = _encode_with_attachments(data)
    # isascii() looks at no character; other text is tried out, for lone surrogates.
    if not text.isascii():
        text.encode()
    return text, attachments


def decode_standard(text: str) -> Any:
    """Decode JSON with the standard module; NaN and Infinity are refused.

    :raises ValueError: it is not JSON, or has an integer of more digits than Python converts.
    :raises RecursionError: it is nested too deeply.
    """
    try:
        data, end = _scan(text, 0)
    except StopIteration as error:
        raise ValueError(f"no JSON value at character {error.value}") from None
    if end != len(text) and text[end:].strip(" \t\r\n"):
        raise ValueError(f"text after the JSON value, at character {end}")
    return data


def make_encoder(module: JsonModule) -> Callable[[object], tuple[str, Sequence[bytes]]]:
    """Return what :func:`encode_standard` is, for another module.

    Whether ``dumps`` takes ``separators``, and whether it makes bytes, is tried once, here.
    """
    dumps = _settle_dumps(module)

    def encode(data: object) -> tuple[str, Sequence[bytes]]:
        attachments: list[bytes] = []
        if contains_binary(data):
            data = detach_binary(data, attachments)
        text = dumps(data)
        if not text.isascii():
            text.encode()
        return text, attachments

    return encode


def _settle_dumps(module: JsonModule) -> Callable[[object], str]:
    dumps = module.dumps
    options: dict[str, Any] = {"separators": (",", ":")}
    try:
        sample = dumps([], **options)
    except TypeError:
        options = {}
        sample = dumps([])
    if isinstance(sample, str):
        return lambda data: cast("str", dumps(data, **options))
    return lambda data: cast("bytes", dumps(data, **options)).decode()


def _build_encoder(default: Callable[[Any], Any]) -> _Encoder:
    # No markers: a dict of the objects being encoded would be shared by threads and slow. An object
    # that contains itself ends in RecursionError instead.
    accelerator = getattr(json.encoder, "c_make_encoder", None)
    if accelerator is None:
        encoder = json.JSONEncoder(
            ensure_ascii=False,
            check_circular=False,
            allow_nan=False,
            separators=(",", ":"),
            default=default,
        )
        return lambda data, _level: encoder.iterencode(data)
    quote = json.encoder.encode_basestring
    # markers, default, encoder, indent, key and item separator, sort_keys, skipkeys, allow_nan
    return cast("_Encoder", accelerator(None, default, quote, None, ":", ",", False, False, False))


def _signal_binary(value: object) -> NoReturn:
    if isinstance(value, BINARY_TYPES):
        raise _BinaryFoundError
    _refuse_type(value)


def _refuse_type(value: object) -> NoReturn:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _encode_with_attachments(data: object) -> tuple[str, list[bytes]]:
    attachments: list[bytes] = []

    def detach(value: object) -> dict[str, Any]:
        if not isinstance(value, BINARY_TYPES):
            _refuse_type(value)
        attachments.append(bytes(value))
        return make_placeholder(len(attachments) - 1)

    text = "".join(_build_encoder(detach)(data, 0))
    # A placeholder in the data itself would make every receiver fail; quotes inside strings are
    # escaped, so that only keys are counted.
    if text.count('"_placeholder":true') != len(attachments):
        raise ValueError("'_placeholder' is a reserved key next to binary values")
    return text, attachments


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_encode_text = _build_encoder(_signal_binary)
# The scanner itself: JSONDecoder.decode matches white space before and after, at some cost.
_scan = cast("_Scanner", json.JSONDecoder(parse_constant=_refuse_constant)).scan_once
