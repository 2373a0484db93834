"""A server that speaks OpenAI's images API, counts what it is asked and misbehaves on demand.

In a test:  with image_server(lambda asked: Painted(status=429)) as server: server.base_url, server.requests
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers.pictures import JPEG, WEBP, png


@dataclass(frozen=True)
class Painted:
    """What to answer; the defaults are as many good images as were asked for.

    `images` replaces them. `raw` is sent as the body. `drop` closes the connection instead.
    """

    images: tuple[bytes, ...] | None = None
    status: int = 200
    code: str = ""
    message: str = "no reason"
    headers: Mapping[str, str] = field(default_factory=dict)
    usage: Mapping[str, Any] | None = field(
        default_factory=lambda: {
            "input_tokens": 10,
            "output_tokens": 272,
            "total_tokens": 282,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": 10},
        }
    )
    raw: str | None = None
    drop: bool = False


Asked = dict[str, Any]
Answer = Callable[[Asked], Painted]


class ImageServer:
    """The running server; `requests` holds the bodies, `keys` the bearer tokens, in order."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[Asked] = []
        self.keys: list[str] = []
        self.answer = answer
        self.http = _Http(("127.0.0.1", 0), self)
        self.base_url = f"http://127.0.0.1:{self.http.server_port}/v1"


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], images: ImageServer) -> None:
        super().__init__(address, _Handler)
        self.images = images

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that give up leave broken connections behind."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_POST(self) -> None:
        server = self.server.images
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.requests.append(asked)
        server.keys.append(self.headers.get("Authorization", "").removeprefix("Bearer "))
        painted = server.answer(asked)
        if painted.drop:
            self.close_connection = True
            return
        if not self.path.endswith("/images/generations"):
            painted = Painted(status=404, message=f"no route {self.path}")
        self._send(painted, _body(asked, painted) if painted.raw is None else painted.raw)

    def _send(self, painted: Painted, text: str) -> None:
        content = text.encode()
        self.send_response(painted.status)
        for name, value in {"Content-Type": "application/json", **painted.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


def _body(asked: Asked, painted: Painted) -> str:
    if painted.status != 200:
        return json.dumps({"error": {"message": painted.message, "code": painted.code or None}})
    images = painted.images if painted.images is not None else tuple(_images(asked))
    data = [{"b64_json": base64.b64encode(image).decode()} for image in images]
    return json.dumps({"created": 1_767_225_600, "data": data, "usage": painted.usage})


def _images(asked: Asked) -> Iterator[bytes]:
    for number in range(asked.get("n") or 1):
        yield {"jpeg": JPEG, "webp": WEBP}.get(asked.get("output_format", "png")) or png(number)


@contextmanager
def image_server(answer: Answer = lambda asked: Painted()) -> Iterator[ImageServer]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    server = ImageServer(answer)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()
