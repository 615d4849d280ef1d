"""What a tutorial of 2018 taught, served to a page of its time: the JavaScript client is 1.3.6.

Start it with ``python examples/old_page/app.py`` and open http://127.0.0.1:5000.
"""

import os
import secrets
from pathlib import Path

from flask import Flask, render_template, request

from flask_socketio import Namespace, SocketIO, emit, join_room, leave_room, send

CLIENT = Path(__file__).resolve().parents[2] / "node_modules/socket.io-client-1.3"

app = Flask(__name__, static_folder=CLIENT, static_url_path="/client")
app.config["SECRET_KEY"] = secrets.token_hex()
socketio = SocketIO(app)


@app.get("/")
def index():
    return render_template("index.html")


@socketio.on("my event")
def handle_my_event(json):
    emit("my response", json, callback=acknowledged)
    return "one", 2


def acknowledged(text):
    emit("acknowledged", text, broadcast=True)


@socketio.on("message")
def handle_message(text):
    send(text, broadcast=True)


@socketio.on("json")
def handle_json(json):
    send(json, json=True)


@socketio.on("picture")
def handle_picture(data):
    emit("picture", {"size": len(data), "data": data[::-1]})


@socketio.on("join")
def on_join(data):
    join_room(data["room"])
    send(f"{data['username']} has entered the room.", room=data["room"])


@socketio.on("leave")
def on_leave(data):
    leave_room(data["room"])
    send(f"{data['username']} has left the room.", room=data["room"])


@socketio.on("my error event")
def on_my_error_event(data):
    raise RuntimeError(data)


@socketio.on_error_default
def default_error_handler(error):
    emit("failed", {"event": request.event["message"], "error": str(error)})


@socketio.on("connect", namespace="/private")
def on_connect_private():
    return False


class Visits(Namespace):
    """A class-based namespace, which counts who is there."""

    def on_connect(self):
        self.count(+1)

    def on_disconnect(self):
        self.count(-1)

    def count(self, change):
        app.config["VISITORS"] = app.config.get("VISITORS", 0) + change
        self.emit("visitors", app.config["VISITORS"])


socketio.on_namespace(Visits("/visits"))

if __name__ == "__main__":
    socketio.run(app, port=int(os.environ.get("PORT", "5000")))
