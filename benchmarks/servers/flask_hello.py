"""A Flask page alone, for W7: gunicorn --chdir servers flask_hello:app."""

from flask import Flask

app = Flask(__name__)


@app.route("/")
def hello() -> str:
    return "hello"
