"""Who is logged in, and what is in the session: the same in views and in event handlers?

Start it with ``python examples/sessions/app.py``, open the address that it prints, log in, and
write a note twice, with a request and with an event. Then do the same with ``--shared``.

* By default a connection has a *fork* of the session. A handler reads what the session was when the
  page connected; what it writes is seen by the connection's later events, and by nothing else. It
  must be so for Flask's own sessions: they live in a cookie, and only a response can set a cookie.
* With ``--shared`` the sessions are kept on the server, in files, and ``manage_session=False`` has
  handlers open and save them like views. Each sees at once what the other wrote.
"""

from __future__ import annotations

import argparse
import secrets
import tempfile
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect, render_template, request, send_from_directory, session
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_required,
    login_user,
    logout_user,
)

from flask_socketio import ConnectionRefusedError, SocketIO, disconnect

#: The official Socket.IO client, as npm installs it at the top of the repository.
CLIENT_FOLDER = Path(__file__).resolve().parents[2] / "node_modules/socket.io-client/dist"
NAME_LENGTH = 30
NOTE_LENGTH = 200

app = Flask(__name__)
app.config.update(SECRET_KEY=secrets.token_hex(), SESSION_COOKIE_SAMESITE="Lax")
socketio = SocketIO()
login_manager = LoginManager(app)


@login_manager.user_loader
class User(UserMixin):
    """Somebody who has logged in. A real application would ask for a password, and its database."""

    def __init__(self, name: str) -> None:
        self.id = name


# --- over HTTP ---------------------------------------------------------------------------------


@app.get("/")
def index() -> str:
    """Show the form to log in, or the two views of the session."""
    return render_template("index.html", shared=not socketio.manage_session)


@app.post("/login")
def login() -> Any:
    """Log somebody in: the cookie of this response is what the page connects with."""
    name = request.form.get("name", "").strip()[:NAME_LENGTH]
    if name:
        login_user(User(name))
    return redirect("/")


@app.post("/logout")
def logout() -> Any:
    """Log somebody out. Connections do not notice; the page closes its own by loading anew."""
    logout_user()
    session.pop("note", None)
    return redirect("/")


@app.get("/note")
def note() -> dict[str, Any]:
    """Tell what a view finds in the session."""
    return {"note": session.get("note")}


@app.post("/note")
@login_required
def write_note() -> dict[str, Any]:
    """Write into the session, with a request."""
    session["note"] = str(request.get_json())[:NOTE_LENGTH]
    return note()


@app.get("/client.js")
def client() -> Response:
    """Serve the official Socket.IO client from this machine."""
    return send_from_directory(CLIENT_FOLDER, "socket.io.min.js")


# --- over Socket.IO ----------------------------------------------------------------------------


@socketio.on("connect")
def on_connect() -> None:
    """Let in who is logged in: ``current_user`` is that of the session the page connects with."""
    if not current_user.is_authenticated:
        raise ConnectionRefusedError("Log in first.")


@socketio.on("note")
def on_note() -> dict[str, Any]:
    """Tell what a handler finds in the session."""
    return {"user": current_user.get_id(), "note": session.get("note")}


@socketio.on("write note")
def on_write_note(text: object) -> dict[str, Any]:
    """Write into the session, with an event."""
    session["note"] = str(text)[:NOTE_LENGTH]
    return on_note()


@socketio.on("change name")
def on_change_name(name: object) -> dict[str, Any]:
    """Be somebody else from now on: in a fork, for the events of this connection."""
    if not isinstance(name, str) or not name.strip():
        disconnect()
    else:
        login_user(User(name.strip()[:NAME_LENGTH]))
    return on_note()


def share_sessions(folder: str) -> None:
    """Keep the sessions on the server, where views and handlers can share them.

    :param folder: where their files are.
    """
    from cachelib import FileSystemCache
    from flask_session import Session

    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=FileSystemCache(folder))
    Session(app)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Sessions and login with Socket.IO.")
    parser.add_argument("--port", default=5000, type=int, help="the port to listen on")
    parser.add_argument("--shared", action="store_true", help="share sessions, kept in files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.shared:
            share_sessions(folder)
        socketio.init_app(app, manage_session=not arguments.shared)
        print(f"Open http://127.0.0.1:{arguments.port}", flush=True)
        socketio.run(app, port=arguments.port)


if __name__ == "__main__":
    main()
