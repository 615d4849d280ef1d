"""What hypothesis draws for the Socket.IO tests."""

from __future__ import annotations

from hypothesis import strategies as st

from flask_socketio.socketio import RESERVED_EVENTS

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
values = st.recursive(
    scalars | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
event_names = texts.filter(lambda name: name not in RESERVED_EVENTS)
events = st.builds(lambda name, args: [name, *args], event_names, st.lists(values, max_size=3))
namespaces = st.just("/") | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=",?"), max_size=20
).map(lambda name: f"/{name}")
ack_ids = st.none() | st.integers(0, 10**10 - 1)
