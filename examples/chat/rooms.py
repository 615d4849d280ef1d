"""The state of the chat: who is here, which rooms there are, what was said in them.

Handlers of different clients run at the same time, so one lock guards everything. Each public
method is one step that is either done completely or raises :class:`~checks.ChatError`, and what it
returns is a copy that nobody changes any more.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from checks import ChatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HISTORY_LENGTH = 50
#: The bytes of pictures that one room remembers; older pictures are forgotten first.
HISTORY_IMAGE_BYTES = 4_000_000
MAX_ROOMS = 50
MAX_ROOMS_PER_USER = 10
#: These are there from the start and are never removed.
STANDING_ROOMS = ("lobby", "music", "travel")

#: What travels to the page: text, numbers and lists.
Json = dict[str, object]


@dataclass(slots=True)
class User:
    """One person, for as long as the connection lasts."""

    sid: str
    name: str
    #: A secret of the page. It proves that a new connection is the same person coming back.
    token: str
    rooms: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that was said: a text or a picture, to a room or to one person."""

    #: Grows from message to message, so that pages can sort and recognise them.
    id: int
    author: str
    #: Milliseconds since 1970, the unit of JavaScript's ``Date``.
    time: int
    room: str | None = None
    to: str | None = None
    text: str | None = None
    media_type: str | None = None

    def to_json(self) -> Json:
        """Return the fields that are set, as the page expects them."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(slots=True)
class Room:
    """A room with its members and what it remembers."""

    name: str
    members: dict[str, User] = field(default_factory=dict)
    history: deque[Message] = field(default_factory=lambda: deque(maxlen=HISTORY_LENGTH))
    images: dict[int, bytes] = field(default_factory=dict)

    def remember(self, message: Message, image: bytes | None = None) -> None:
        """Keep a message, and a picture's bytes as long as there is space."""
        self.history.append(message)
        if image is not None:
            self.images[message.id] = image
        oldest = self.history[0].id
        kept = sum(map(len, self.images.values()))
        for image_id in list(self.images):
            if image_id >= oldest and kept <= HISTORY_IMAGE_BYTES:
                break
            kept -= len(self.images.pop(image_id))


@dataclass(frozen=True, slots=True)
class Membership:
    """Who is in a room right after a change of it."""

    room: str
    members: tuple[str, ...]
    #: Grows with every change: a page ignores a list that is older than the one it shows.
    revision: int

    def to_json(self) -> Json:
        """Return the fields as the page expects them."""
        return {"room": self.room, "members": list(self.members), "revision": self.revision}


class Chat:
    """Everything that the chat knows. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users: dict[str, User] = {}
        self._names: dict[str, User] = {}
        self._rooms = {key_of(name): Room(name) for name in STANDING_ROOMS}
        # Starting at the time of day keeps the numbers growing over a restart of the server, so
        # that pages which stayed open sort old and new messages correctly.
        self._numbers = itertools.count(milliseconds())

    def enter(self, sid: str, name: str, token: str) -> tuple[str, list[Membership]] | None:
        """Let a person in. Whoever comes back with the same token takes the old place.

        :param sid: the session id of the connection.
        :param name: the name to be known by.
        :param token: the secret of the page.
        :returns: the replaced session id and the rooms that it left, or None.
        :raises ChatError: when somebody else has that name.
        """
        with self._lock:
            present = self._names.get(key_of(name))
            if present is not None and present.token != token:
                raise ChatError(f"The name “{name}” is taken. Please choose another one.")
            replaced = (present.sid, self._remove(present)) if present is not None else None
            self._users[sid] = self._names[key_of(name)] = User(sid, name, token)
            return replaced

    def exit(self, sid: str) -> tuple[str, list[Membership]] | None:
        """Forget a person whose connection ended.

        :param sid: the session id of the connection.
        :returns: the name and the rooms that were left; None when that place was taken over.
        """
        with self._lock:
            user = self._users.get(sid)
            return (user.name, self._remove(user)) if user is not None else None

    def join(self, sid: str, room_name: str) -> tuple[Membership, list[Message]]:
        """Put a person into a room, which is made when it does not exist.

        :returns: who is there now, and what the room remembers.
        :raises ChatError: when there are too many rooms.
        """
        with self._lock:
            user = self._user(sid)
            room = self._rooms.get(key_of(room_name)) or self._create(room_name)
            if len(user.rooms | {room.name}) > MAX_ROOMS_PER_USER:
                raise ChatError(f"You can be in {MAX_ROOMS_PER_USER} rooms. Leave one first.")
            room.members[sid] = user
            user.rooms.add(room.name)
            return self._membership(room), list(room.history)

    def leave(self, sid: str, room_name: str) -> Membership:
        """Take a person out of a room.

        :raises ChatError: when the person is not there.
        """
        with self._lock:
            room, user = self._room_of(sid, room_name)
            return self._take_out(user, room)

    def say(self, sid: str, room_name: str, text: str) -> Message:
        """Say something in a room.

        :raises ChatError: when the person is not there.
        """
        with self._lock:
            room, user = self._room_of(sid, room_name)
            message = Message(self._next(), user.name, milliseconds(), room=room.name, text=text)
            room.remember(message)
            return message

    def show(self, sid: str, room_name: str, image: bytes, media_type: str) -> Message:
        """Show a picture in a room.

        :raises ChatError: when the person is not there.
        """
        with self._lock:
            room, user = self._room_of(sid, room_name)
            now = milliseconds()
            message = Message(self._next(), user.name, now, room=room.name, media_type=media_type)
            room.remember(message, image)
            return message

    def whisper(self, sid: str, to: str, text: str) -> tuple[str, Message]:
        """Say something to one person; nobody remembers it.

        :returns: the session id of the addressee, and the message.
        :raises ChatError: when the addressee is not here.
        """
        with self._lock:
            user = self._user(sid)
            other = self._present(to)
            message = Message(self._next(), user.name, milliseconds(), to=other.name, text=text)
            return other.sid, message

    def image(self, sid: str, room_name: str, image_id: int) -> bytes:
        """Return the bytes of a picture that was shown in a room.

        :raises ChatError: when it is forgotten, or the person is not in the room.
        """
        with self._lock:
            room, _user = self._room_of(sid, room_name)
            if image_id not in room.images:
                raise ChatError("That picture is no longer kept.")
            return room.images[image_id]

    def member(self, sid: str, room_name: str) -> tuple[str, str]:
        """Return a person's name and the room's, as they are spelt.

        :raises ChatError: when the person is not there.
        """
        with self._lock:
            room, user = self._room_of(sid, room_name)
            return user.name, room.name

    def addressee(self, sid: str, to: str) -> tuple[str, str]:
        """Return a person's own name, and the session id of somebody else.

        :raises ChatError: when the addressee is not here.
        """
        with self._lock:
            return self._user(sid).name, self._present(to).sid

    def name(self, sid: str) -> str:
        """Return the name of the person behind a connection."""
        with self._lock:
            return self._user(sid).name

    def online(self) -> int:
        """Return how many people are here."""
        with self._lock:
            return len(self._users)

    def room_list(self) -> Json:
        """Return all rooms with the number of their members, and a revision."""
        with self._lock:
            rooms = [{"name": r.name, "members": len(r.members)} for r in self._rooms.values()]
            return {"rooms": rooms, "revision": self._next()}

    # What follows is called with the lock held.

    def _next(self) -> int:
        return next(self._numbers)

    def _user(self, sid: str) -> User:
        if sid not in self._users:
            raise ChatError("Your place was taken over by another window.")
        return self._users[sid]

    def _present(self, name: str) -> User:
        if key_of(name) not in self._names:
            raise ChatError(f"{name} is not here any more.")
        return self._names[key_of(name)]

    def _room_of(self, sid: str, room_name: str) -> tuple[Room, User]:
        room = self._rooms.get(key_of(room_name))
        if room is None or sid not in room.members:
            raise ChatError(f"You are not in the room “{room_name}”.")
        return room, room.members[sid]

    def _create(self, name: str) -> Room:
        if len(self._rooms) >= MAX_ROOMS:
            self._forget_one(self._empty_rooms())
        room = self._rooms[key_of(name)] = Room(name)
        return room

    def _empty_rooms(self) -> Iterator[str]:
        standing = {key_of(name) for name in STANDING_ROOMS}
        return (k for k, r in self._rooms.items() if not r.members and k not in standing)

    def _forget_one(self, keys: Iterable[str]) -> None:
        oldest = next(iter(keys), None)
        if oldest is None:
            raise ChatError(f"There are {MAX_ROOMS} rooms already. Join one of them.")
        del self._rooms[oldest]

    def _take_out(self, user: User, room: Room) -> Membership:
        room.members.pop(user.sid, None)
        user.rooms.discard(room.name)
        return self._membership(room)

    def _remove(self, user: User) -> list[Membership]:
        del self._users[user.sid]
        del self._names[key_of(user.name)]
        return [self._take_out(user, self._rooms[key_of(name)]) for name in sorted(user.rooms)]

    def _membership(self, room: Room) -> Membership:
        names = sorted((user.name for user in room.members.values()), key=str.casefold)
        return Membership(room.name, tuple(names), self._next())


def key_of(name: str) -> str:
    """Return what makes a name unique: “Ada” and “ada” are the same person, or room."""
    return name.casefold()


def milliseconds() -> int:
    """Return the time of day in milliseconds since 1970."""
    return int(time.time() * 1000)
