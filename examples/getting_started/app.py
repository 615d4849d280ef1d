"""A wall of notes: what one visitor pins to it, everybody sees at once.

Start it with ``python examples/getting_started/app.py`` and open the page in two windows.
"""

import os
import secrets
from collections import deque
from pathlib import Path

from flask import Flask, render_template

from flask_socketio import SocketIO, emit

#: The official Socket.IO client, as npm installs it at the top of the repository.
CLIENT = Path(__file__).resolve().parents[2] / "node_modules/socket.io-client/dist"
LONGEST = 140

app = Flask(__name__, static_folder=CLIENT, static_url_path="/client")
app.config["SECRET_KEY"] = secrets.token_hex()
socketio = SocketIO(app)
# The newest notes, for those who come later. Appending to a deque is safe in any thread.
wall = deque(maxlen=50)


@app.get("/")
def index():
    return render_template("index.html", longest=LONGEST)


@socketio.on("connect")
def on_connect():
    # In a handler, emit() goes to the client whose event this is.
    emit("wall", list(wall))


@socketio.on("pin")
def on_pin(text=None):
    # Whatever a client sends is a stranger's: look at it before you pass it on.
    text = text.strip() if isinstance(text, str) else ""
    if not 0 < len(text) <= LONGEST:
        return {"error": f"A note has 1 to {LONGEST} characters."}
    wall.append(text)
    emit("pinned", text, broadcast=True)
    # What a handler returns goes to the function that the page gave to emit().
    return {"notes": len(wall)}


if __name__ == "__main__":
    socketio.run(app, port=int(os.environ.get("PORT", "5000")))
