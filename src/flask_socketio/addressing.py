"""Who is addressed: what ``to``, ``room``, ``skip_sid`` and the data's shape mean."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from .errors import UnknownOptionError, UsageError
from .types import Sid

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from .types import Room


#: A room, a sid (which is its client's own room), or several of them. Not ``list[Room]``: a
#: ``list[str]`` would not be one.
Rooms: TypeAlias = "Room | list[Any] | set[Any]"


def event_args(data: tuple[Any, ...]) -> Sequence[Any]:
    """Turn the data of an emit into the event's arguments.

    One tuple is several arguments, None is none, anything else is one; several are several.
    """
    if len(data) != 1:
        return data
    only = data[0]
    if type(only) is tuple:
        return only
    return () if only is None else data


def rooms_of(to: Rooms | None, room: Rooms | None) -> Collection[Room] | None:
    """Turn ``to`` and ``room``, two names for the same thing, into rooms; None for everybody.

    :raises UsageError: both are given and differ.
    :raises TypeError: a room is not hashable.
    """
    if to is None:
        to = room
    elif room is not None and room != to:
        raise UsageError(f"to={to!r} and room={room!r} are the same argument: give one of them")
    if to is None:
        return None
    rooms = tuple(to) if isinstance(to, list | set | frozenset) else (to,)
    hash(rooms)  # raises here, at the caller's line, for a room that is not hashable
    return rooms


def refuse_unknown(unknown: Iterable[str], function: Callable[..., object]) -> NoReturn:
    """Refuse keywords that a function does not have, which Python itself would do without advice.

    :param unknown: the keywords.
    :param function: what was called; its own parameters are what exists.
    :raises UnknownOptionError: always, suggesting the nearest name.
    """
    known = [name for name in inspect.signature(function).parameters if name != "unknown"]
    raise UnknownOptionError(next(iter(unknown)), known, f"{function.__name__}()")


def sids_of(skip_sid: str | list[str] | None) -> set[Sid]:
    """Turn ``skip_sid`` into a set."""
    if skip_sid is None:
        return set()
    return {Sid(skip_sid)} if isinstance(skip_sid, str) else {Sid(sid) for sid in skip_sid}
