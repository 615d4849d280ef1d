"""The tiny app on Flask-SocketIO, today's or this project's: python app_flask.py MODE PORT."""

import logging
import sys

from flask import Flask

from flask_socketio import SocketIO, emit, join_room

MODE, PORT = sys.argv[1], int(sys.argv[2])

logging.getLogger("werkzeug").setLevel(logging.ERROR)
app = Flask(__name__)
socketio = SocketIO(app, async_mode=MODE, logger=False, engineio_logger=False)


@app.route("/")
def hello() -> str:
    return "hello"


@socketio.on("echo")
def on_echo(data: object) -> object:
    return data


@socketio.on("bounce")
def on_bounce(data: object) -> None:
    emit("bounced", data)


@socketio.on("shout")
def on_shout(data: object) -> None:
    emit("shouted", data, broadcast=True)


@socketio.on("join")
def on_join(room: str) -> None:
    join_room(room)


@socketio.on("room")
def on_room(room_and_data: tuple[str, object]) -> None:
    room, data = room_and_data
    emit("roomed", data, to=room)


if __name__ == "__main__":
    if MODE == "threading":
        socketio.run(app, host="127.0.0.1", port=PORT, allow_unsafe_werkzeug=True)
    else:
        socketio.run(app, host="127.0.0.1", port=PORT)
