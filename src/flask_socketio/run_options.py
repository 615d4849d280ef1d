"""The keywords of ``SocketIO.run``."""

from __future__ import annotations

import dataclasses
import os
import ssl
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict
from urllib.parse import urlsplit

from .errors import UnknownOptionError, UsageError
from .hosts.monkey_patching import patched_by
from .option_table import option

if TYPE_CHECKING:
    from flask import Flask

SSLContext: TypeAlias = "ssl.SSLContext | tuple[str, str | None] | str | None"

_LOOPS = ("auto", "uvloop", "asyncio")
_PARSERS = ("auto", "httptools", "h11")

#: Keywords of other servers, and what to do instead.
_ELSEWHERE = {
    "threaded": "every handler and view runs in a thread; leave it out",
    "processes": "one process serves; leave it out",
    "request_handler": "it belongs to Werkzeug's development server; leave it out",
    "passthrough_errors": "it belongs to Werkzeug's development server; leave it out",
    "max_size": "the number of clients is not limited; leave it out",
    "spawn": "it belongs to gevent's server; leave it out",
    "handler_class": "it belongs to gevent's server; leave it out",
    "server_side": "TLS sockets are always the server's side; leave it out",
    "do_handshake_on_connect": "it belongs to eventlet's server; leave it out",
    "suppress_ragged_eofs": "it belongs to eventlet's server; leave it out",
}


class RunOptions(TypedDict, total=False):
    """The keywords of ``SocketIO.run``. The documentation's options page describes each."""

    debug: bool
    use_reloader: bool
    reloader_options: dict[str, Any]
    extra_files: list[str] | None
    log_output: bool
    allow_unsafe_werkzeug: bool
    ssl_context: SSLContext
    certfile: str
    keyfile: str
    keyfile_password: str
    ca_certs: str
    cert_reqs: int
    ciphers: str
    backlog: int
    loop: str
    http: str


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Where and how to serve."""

    host: str
    port: int
    debug: bool = option(False, "The debugger and the reloader; ``app.debug`` by default.")
    use_reloader: bool = option(
        False, "Restart when a source file changes; as ``debug`` by default."
    )
    reloader_options: dict[str, Any] = option(
        None, "``extra_files``, ``exclude_patterns``, ``interval``, ``reloader_type``."
    )
    extra_files: list[str] | None = option(None, "Deprecated: use ``reloader_options``.")
    log_output: bool = option(False, "Log every request; as ``debug`` by default.")
    allow_unsafe_werkzeug: bool = option(
        False, "Accepted and not needed: the server is made for production."
    )
    ssl_context: SSLContext = option(
        None, "An ``ssl.SSLContext``, a pair of file names, or ``'adhoc'``."
    )
    certfile: str | None = option(None, "The certificate's file, for TLS.")
    keyfile: str | None = option(None, "The key's file, if it is not in ``certfile``.")
    keyfile_password: str | None = option(None, "The key's password.")
    ca_certs: str | None = option(None, "The authorities of client certificates.")
    cert_reqs: int = option(ssl.CERT_NONE, "Whether clients need a certificate.")
    ciphers: str | None = option(None, "OpenSSL's list of ciphers.")
    backlog: int = option(2048, "Connections that the system holds until they are accepted.")
    loop: str = option("auto", "``'auto'``, ``'uvloop'`` or ``'asyncio'``.")
    http: str = option("auto", "``'auto'``, ``'httptools'`` or ``'h11'``.")

    def make_ssl_context(self) -> ssl.SSLContext | None:
        """Make what ends TLS; None to serve plain HTTP."""
        given = self.ssl_context
        certfile, keyfile = self.certfile, self.keyfile
        if isinstance(given, ssl.SSLContext):
            return given
        if given == "adhoc":
            from werkzeug.serving import generate_adhoc_ssl_context

            return generate_adhoc_ssl_context()
        if isinstance(given, tuple | list):
            certfile, keyfile = (*given, None)[:2]
        elif given is not None:
            raise UsageError(
                f"ssl_context={given!r}: an ssl.SSLContext, (certfile, keyfile) or 'adhoc'"
            )
        if certfile is None:
            if keyfile is not None:
                raise UsageError("keyfile= needs certfile= as well")
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.ca_certs)
        context.load_cert_chain(certfile, keyfile, self.keyfile_password)
        context.verify_mode = ssl.VerifyMode(self.cert_reqs)
        if self.ciphers is not None:
            context.set_ciphers(self.ciphers)
        return context

    def watch_options(self) -> dict[str, Any]:
        """What the reloader watches."""
        options = dict(self.reloader_options or {})
        if self.extra_files:
            options["extra_files"] = [*options.get("extra_files", ()), *self.extra_files]
        return options


def check_run_options(
    app: Flask, host: str | None, port: int | None, options: RunOptions
) -> RunSettings:
    """Check the keywords of ``SocketIO.run``, and fill in what follows from the application.

    :raises UnknownOptionError: a keyword does not exist.
    :raises UsageError: a keyword is another server's, or the process is uWSGI's.
    """
    _check_process()
    known = {entry.name for entry in dataclasses.fields(RunSettings)}
    for name in options:
        if name in _ELSEWHERE:
            raise UsageError(f"run() has no option {name!r}: {_ELSEWHERE[name]}")
        if name not in known:
            raise UnknownOptionError(name, known, "run()")
    given: dict[str, Any] = dict(options)
    debug = given.pop("debug", None)
    debug = app.debug if debug is None else debug
    for name in ("use_reloader", "log_output"):
        if given.get(name) is None:
            given[name] = debug
    if port is None:
        port = urlsplit(f"//{app.config.get('SERVER_NAME') or ''}").port or 5000
    settings = RunSettings(host=host or "127.0.0.1", port=int(port), debug=debug, **given)
    _check_values(settings)
    return settings


def _check_values(settings: RunSettings) -> None:
    if not 0 <= settings.port <= 65_535:
        raise UsageError(f"port={settings.port}: ports are numbers from 0 to 65535")
    if settings.loop not in _LOOPS:
        raise UsageError(f"loop={settings.loop!r}: choose one of {', '.join(_LOOPS)}")
    if settings.http not in _PARSERS:
        raise UsageError(f"http={settings.http!r}: choose one of {', '.join(_PARSERS)}")


def _check_process() -> None:
    # uWSGI imports the module "uwsgi", which exists in its processes only, before the application.
    if "uwsgi" in os.environ.get("SERVER_SOFTWARE", "") or "uwsgi" in sys.modules:
        raise UsageError("under uWSGI, start the application with uWSGI's own command, not run()")
    library = patched_by()
    if library is not None:
        raise UsageError(
            f"this process was monkey patched by {library}, so that threads are greenlets, which "
            "the server cannot use: remove the call that patches; nothing here needs it"
        )
