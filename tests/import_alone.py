"""Imports each named module as if it were the first, and says which cannot be: ``SRC MODULE...``.

Importing ``flask_socketio.hub.hub`` normally begins with ``flask_socketio/__init__.py``, which
imports nearly everything in one fixed order and so hides circular imports. Here that package is an
empty stand-in, and after each module all of ours are forgotten again. Run by ``test_layering.py``,
in a process of its own.
"""

from __future__ import annotations

import importlib
import re
import sys
import types

PACKAGES = ("flask_socketio", "flask_sockets")
#: Not everybody has these; a module that needs one is only checked where it is installed.
OPTIONAL = re.compile(
    "aio_pika|aiokafka|amqp|confluent_kafka|eventlet|gevent|geventwebsocket|gunicorn|kafka|kombu"
    "|msgpack|nats|pika|prometheus_client|redis|uwsgi|valkey|zmq"
)


def forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
        del sys.modules[name]


def stand_in(source: str, package: str) -> None:
    module = types.ModuleType(package)
    module.__path__ = [f"{source}/{package}"]
    sys.modules[package] = module


def problem_with(source: str, name: str) -> str | None:
    """Return why a module cannot be imported alone, or None."""
    forget()
    if name not in PACKAGES:
        stand_in(source, name.partition(".")[0])
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        return None if OPTIONAL.fullmatch(missing) else f"{name}: {error}"
    except ImportError as error:
        return f"{name}: {error}"
    except AttributeError as error:  # The other way in which a half-imported module shows.
        return f"{name}: {error}"
    return None


def main(source: str, *names: str) -> int:
    sys.path.insert(0, source)
    problems = [problem for name in names if (problem := problem_with(source, name))]
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
