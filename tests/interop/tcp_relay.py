"""A TCP relay in front of a server, by which a test reaches into live connections."""

from __future__ import annotations

import contextlib
import socket
import threading


class TcpRelay:
    """Passes bytes in both directions, until told to add some or to break.

    One thread accepts, two serve each connection. ``_pairs`` is appended to by the accepting
    thread and read by the test, which waits for a client first.

    :param port: the port of the server on the loopback address.
    """

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send_to_clients(self, data: bytes) -> None:
        for client, _server in self._pairs:
            client.sendall(data)

    def send_to_server(self, data: bytes) -> None:
        for _client, server in self._pairs:
            server.sendall(data)

    def close(self) -> None:
        shut_down(self._listener)
        self._threads[0].join()
        for pair in self._pairs:
            for side in pair:
                shut_down(side)
        for thread in self._threads[1:]:
            thread.join()
        for pair in self._pairs:
            for side in pair:
                side.close()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server_port))
            self._pairs.append((client, server))
            for source, target in ((client, server), (server, client)):
                thread = threading.Thread(target=self._pass_on, args=(source, target))
                self._threads.append(thread)
                thread.start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                target.sendall(data)
        except OSError:
            pass
        shut_down(target)


def shut_down(side: socket.socket) -> None:
    """End both directions; whoever waits in it wakes up."""
    with contextlib.suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)
