"""A way to a server on which answers take their time."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from threading import Event, Thread

from tests.servers.processes import LOOPBACK

PIECE = 64 * 1024

Pause = Callable[[int], float]
"""Seconds before the piece of this number goes back; pieces of all connections are counted together, from 0."""


class _Way:
    def __init__(self, server: tuple[str, int], pause: Pause) -> None:
        self._server, self._pause = server, pause
        self._numbers, self.closed = count(), Event()
        self._open: list[socket.socket] = []

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._server)
                self._open += [client, server]
                Thread(target=self._forth, args=(client, server), daemon=True).start()
                Thread(target=self._back, args=(server, client), daemon=True).start()

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while piece := client.recv(PIECE):
                server.sendall(piece)
            server.shutdown(socket.SHUT_WR)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while piece := server.recv(PIECE):
                self.closed.wait(self._pause(next(self._numbers)))
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.closed.set()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def slow_way(endpoint: str, pause: Pause) -> Iterator[str]:
    """Yield an address that leads to the server, until the block ends."""
    host, _, port = endpoint.partition(":")
    with closing(socket.create_server((LOOPBACK, 0))) as listener:
        way = _Way((host, int(port)), pause)
        thread = Thread(target=way.serve, args=(listener,))
        thread.start()
        try:
            yield f"{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            way.close()
            thread.join()
