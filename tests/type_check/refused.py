"""Users' mistakes that a type checker must find: on each line marked with ``# error``.

`test_type_check.py` runs mypy on this file; it is never run.
"""

from __future__ import annotations

from flask import Flask

from flask_socketio import Namespace, SocketIO, call, emit, join_room, send

app = Flask(__name__)
socketio = SocketIO(app)

SocketIO(app, cors_allow_origins="*")  # error
SocketIO(app, ping_timeout="20")  # error
SocketIO(app, namespaces="/chat")  # error
SocketIO().init_app(app, cors_origins="*")  # error
SocketIO("app")  # error

socketio.run(app, port="5000")  # error
socketio.run(app, certificate="cert.pem")  # error

socketio.emit("news", 1, broadcasts=True)  # error
socketio.emit(1)  # error
socketio.send("news", include_myself=False)  # error
socketio.call("news", time_out=1)  # error
socketio.on()  # error
socketio.on(print)  # error
socketio.on_event("news", 1)  # error
socketio.on_error_default(1)  # error
socketio.on_namespace("/chat")  # error
socketio.on_namespace(Namespace)  # error
socketio.event("/chat")  # error

socketio.server.emit("news", sid="a")  # error
socketio.server.enter_room("a")  # error
socketio.server.manager.rooms["/"] = {}  # error
socketio.server.eio.cookie = "io"  # error
Namespace("/chat").enter_room("a", ["r"])  # error

emit("news", 1, broadcasts=True)  # error
emit("news", to=["room"], skip_sid=1)  # error
send("news", rooms="r")  # error
call("news", timeout="1")  # error
join_room("r", sids=["a"])  # error
join_room(["r"])  # error
