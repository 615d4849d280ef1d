"""A vote: the audience and the host use one connection in two namespaces, each of them a class.

Start it with ``python examples/namespaces/app.py``; it prints the key that opens the host's part.
"""

import os
import secrets
from pathlib import Path
from threading import Lock

from flask import Flask, render_template, request

from flask_socketio import ConnectionRefusedError, Namespace, SocketIO, emit

CLIENT = Path(__file__).resolve().parents[2] / "node_modules/socket.io-client/dist"
HOST_KEY = os.environ.get("HOST_KEY") or secrets.token_hex(4)

app = Flask(__name__, static_folder=CLIENT, static_url_path="/client")
app.config["SECRET_KEY"] = secrets.token_hex()
socketio = SocketIO(app)
question, votes, lock = "Tea?", {}, Lock()  # handlers of different clients run side by side


@app.get("/")
def index():
    return render_template("index.html")


class Audience(Namespace):
    def on_connect(self):
        emit("question", question)  # the function's is for the client whose event this is

    def on_vote(self, answer):
        with lock:
            votes[request.sid] = answer is True
            yes = sum(votes.values())
            self.emit("result", [yes, len(votes) - yes], namespace="/host")


class Host(Namespace):
    def on_connect(self, auth):
        if not isinstance(auth, dict) or auth.get("key") != HOST_KEY:
            raise ConnectionRefusedError("This key opens nothing.")

    def on_ask(self, text):
        global question
        with lock:
            question = str(text)[:100]
            votes.clear()
            # A namespace's own emit() is for everybody in it, or in the one that is named.
            self.emit("result", [0, 0])
            self.emit("question", question, namespace="/audience")


socketio.on_namespace(Audience("/audience"))
socketio.on_namespace(Host("/host"))

if __name__ == "__main__":
    print(f"The host's key is {HOST_KEY}", flush=True)
    socketio.run(app, port=int(os.environ.get("PORT", "5000")))
