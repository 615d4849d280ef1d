"""A read-only mapping that is looked up anew on each access."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Generic, NoReturn, TypeVar

from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import ItemsView, ValuesView

K = TypeVar("K")
V = TypeVar("V")


class LiveMapping(Mapping[K, V], Generic[K, V]):
    """A mapping that is looked up anew on each access, and that nobody can write to.

    Iterating goes over what there was when it began.

    :param title: what it is called in an error.
    :param read: returns a copy of the whole.
    :param instead: what to call in order to change what it shows.
    :param look_up: returns the value of one key or raises KeyError, where that is cheaper.
    """

    __slots__ = ("_instead", "_look_up", "_read", "_title")

    def __init__(
        self,
        title: str,
        read: Callable[[], Mapping[K, V]],
        instead: str,
        look_up: Callable[[K], V] | None = None,
    ) -> None:
        self._title = title
        self._read = read
        self._instead = instead
        self._look_up = look_up

    def __getitem__(self, key: K) -> V:
        return self._read()[key] if self._look_up is None else self._look_up(key)

    def __iter__(self) -> Iterator[K]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def items(self) -> ItemsView[K, V]:
        """Return the keys and values of this moment."""
        return self._read().items()

    def values(self) -> ValuesView[V]:
        """Return the values of this moment."""
        return self._read().values()

    def copy(self) -> dict[K, V]:
        """Return a dictionary with the keys and values of this moment."""
        return dict(self._read())

    def __repr__(self) -> str:
        return repr(self._read())

    def _refuse(self, *_: object) -> NoReturn:
        raise UsageError(f"{self._title} shows what the server knows; use {self._instead}")

    __setitem__: ClassVar[Callable[..., NoReturn]] = _refuse
    __delitem__: ClassVar[Callable[..., NoReturn]] = _refuse
    pop: ClassVar[Callable[..., NoReturn]] = _refuse
    popitem: ClassVar[Callable[..., NoReturn]] = _refuse
    clear: ClassVar[Callable[..., NoReturn]] = _refuse
    update: ClassVar[Callable[..., NoReturn]] = _refuse
    setdefault: ClassVar[Callable[..., NoReturn]] = _refuse
