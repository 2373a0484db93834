"""A real Git server over HTTP: `git http-backend` behind a small CGI wrapper, with Basic authentication and faults."""

import os
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

from tests.servers.waiting import PATIENCE

GIT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "LC_ALL": "C",
}


@dataclass(frozen=True)
class Seen:
    """A request the server got; `encoding` is its Content-Encoding, `chunked` how its body came."""

    method: str
    path: str
    authorization: str
    git_protocol: str
    encoding: str
    chunked: bool


@dataclass
class Faults:
    """What goes wrong, set by a test at any time.

    `drop_pushes`: the push is carried out, then the connection breaks without an answer. `hold_pushes`: a push sets
    `held` and waits until `release` is set. `status`: every request is answered so. `redirect`: every request is sent
    there. `echo_authorization`: an answer with `status` repeats the header that came.
    """

    drop_pushes: bool = False
    hold_pushes: bool = False
    status: int = 0
    redirect: str = ""
    echo_authorization: bool = False
    held: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


class GitServer(ThreadingHTTPServer):
    """Serves the bare repositories of a folder."""

    daemon_threads = True

    def __init__(self, folder: Path, username: str, password: str, handler: type["GitHandler"] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), handler or GitHandler)
        self.folder = folder
        self.expect(username, password)
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.sent = 0  # bytes of answers

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def expect(self, username: str, password: str) -> None:
        """Let only this user in from now on."""
        self.expected = f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}" if username else ""

    def create(self, name: str) -> str:
        """Make an empty bare repository and return its URL."""
        git("init", "--quiet", "--bare", "--initial-branch=main", str(self.folder / name))
        git("-C", str(self.folder / name), "config", "http.receivepack", "true")
        git("-C", str(self.folder / name), "config", "uploadpack.allowFilter", "true")
        return f"{self.url}/{name}"

    def admits(self, authorization: str) -> bool:
        """Tell whether an `Authorization` header lets somebody in."""
        return self.expected in {"", authorization}

    def hook(self, name: str, kind: str, script: str) -> None:
        """Give a repository a hook, for example a `pre-receive` that refuses."""
        path = self.folder / name / "hooks" / kind
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that go away in the middle are part of the tests."""


Server = TypeVar("Server", bound=GitServer)


class GitHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GitServer

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Keep quiet."""

    def _answer(self, body: bytes) -> None:
        self._remember()
        faults, authorization = self.server.faults, self.headers.get("Authorization", "")
        if faults.redirect:
            return self._send(302, [("Location", faults.redirect + self.path)], b"")
        if faults.status:
            told = f"Not with {authorization}." if faults.echo_authorization else "Out of order."
            return self._send(faults.status, [("Content-Type", "text/plain")], told.encode())
        if not self.server.admits(authorization):
            return self._send(401, [("WWW-Authenticate", 'Basic realm="git"')], b"")
        return self._serve(body, pushing=self.path.endswith("/git-receive-pack"))

    def _serve(self, body: bytes, *, pushing: bool) -> None:
        faults = self.server.faults
        if pushing and faults.hold_pushes:
            faults.held.set()
            faults.release.wait(PATIENCE)
        answer = subprocess.run(["git", "http-backend"], input=body, env=self._cgi(body), stdout=-1, check=True).stdout
        if pushing and faults.drop_pushes:
            self.close_connection = True
            return
        head, _, content = answer.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        self._send(status, [(name, value) for name, value in headers if name != "Status"], content)

    def _cgi(self, body: bytes) -> dict[str, str]:
        path, _, query = self.path.partition("?")
        return GIT | {
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_USER": "tester",
            "REMOTE_ADDR": "127.0.0.1",
        }

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return b"".join(self._chunks())

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in [*headers, ("Content-Length", str(len(content)))]:
            self.send_header(name, value)
        self.end_headers()
        self.server.sent += len(content)
        self.wfile.write(content)

    def _remember(self) -> None:
        get = self.headers.get
        chunked = get("Transfer-Encoding") == "chunked"
        seen = (get("Authorization", ""), get("Git-Protocol", ""), get("Content-Encoding", ""), chunked)
        self.server.seen.append(Seen(self.command, self.path, *seen))


def git(*arguments: str) -> str:
    """Run Git apart from the user's configuration and return what it printed."""
    return subprocess.run(["git", *arguments], env=GIT, check=True, stdout=-1, text=True).stdout.strip()


@contextmanager
def git_http_server(folder: Path, username: str = "", password: str = "") -> Iterator[GitServer]:
    """Serve the repositories of a folder on a free port of 127.0.0.1; without a user name everybody may push."""
    with running(GitServer(folder, username, password)) as server:
        yield server


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Serve in a thread until the end of the block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.faults.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
