"""A dashboard: one background thread measures the server once a second and tells everybody.

Start it with ``python examples/background/app.py`` and open the page in two windows.
"""

import os
import secrets
import time
from collections import deque
from pathlib import Path
from threading import Lock

from flask import Flask, render_template

from flask_socketio import SocketIO, emit

#: The official Socket.IO client, as npm installs it at the top of the repository.
CLIENT = Path(__file__).resolve().parents[2] / "node_modules/socket.io-client/dist"

app = Flask(__name__, static_folder=CLIENT, static_url_path="/client")
app.config["SECRET_KEY"] = secrets.token_hex()
socketio = SocketIO(app)
history = deque(maxlen=60)  # the last minute, so that a new page has a curve at once
lock = Lock()
started = False


@app.get("/")
def index():
    return render_template("index.html")


def measure():
    """Measure for ever; in a thread of its own, outside of any request."""
    worked = time.process_time()
    while True:
        socketio.sleep(1)
        now = time.process_time()
        sample = {"time": time.time(), "busy": round((now - worked) * 100, 1)}
        worked = now
        history.append(sample)
        # Without a client who asked, it is socketio.emit(), and everybody is meant.
        socketio.emit("sample", sample)


@socketio.on("connect")
def on_connect():
    global started
    emit("history", list(history))
    # The first visitor starts the thread: by then the server runs, in the process with the clients.
    with lock:
        if not started:
            started = True
            socketio.start_background_task(measure)


if __name__ == "__main__":
    socketio.run(app, port=int(os.environ.get("PORT", "5000")))
