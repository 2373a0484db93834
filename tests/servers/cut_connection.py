"""A way to a server that breaks for good after so many bytes."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from threading import Event, Lock, Thread

from tests.servers.processes import LOOPBACK

PIECE = 64 * 1024


class _Cut:
    def __init__(self, listener: socket.socket, server: tuple[str, int], limit: int) -> None:
        self._listener, self._server, self._left = listener, server, limit
        self._lock, self._open = Lock(), [listener]
        self.broken = Event()

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self._open += [client, server]
                for pair in ((client, server), (server, client)):
                    Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                with self._lock:
                    self._left -= len(piece)
                if self._left < 0:
                    self.close()
                    self.broken.set()
                    return
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def cut_after(endpoint: str, limit: int) -> Iterator[tuple[str, Event]]:
    """Yield an address that leads to the server until `limit` bytes went through, and an event that tells of that."""
    host, _, port = endpoint.partition(":")
    with closing(socket.create_server((LOOPBACK, 0))) as listener:
        cut = _Cut(listener, (host, int(port)), limit)
        thread = Thread(target=cut.serve)
        thread.start()
        try:
            yield f"{LOOPBACK}:{listener.getsockname()[1]}", cut.broken
        finally:
            cut.close()
            thread.join()
