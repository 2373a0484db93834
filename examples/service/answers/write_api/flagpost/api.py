"""The HTTP API: `handle` answers a request as plain data, the server around it speaks HTTP."""

import argparse
import json
import logging
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from flagpost.flags import InvalidFlag, evaluate, flag_from_json, flag_to_json
from flagpost.store import FlagNotFound, FlagStore, StoreCorrupt

MAX_BODY = 64 * 1024
"""Largest request body in bytes."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Response:
    """Status, JSON body (None for no body) and headers beyond the usual ones."""

    status: HTTPStatus
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Request:
    flag_name: str
    query: Mapping[str, list[str]]
    body: bytes


def handle(store: FlagStore, method: str, target: str, body: bytes = b"") -> Response:
    """Answer one request; `target` is path and query as they stand in the request line."""
    path, _, query = target.partition("?")
    matching = [
        (verb, action, found)
        for verb, pattern, action in _ROUTES
        if (found := pattern.fullmatch(path))
    ]
    if not matching:
        return _problem(HTTPStatus.NOT_FOUND, f"there is nothing at {path}")
    for verb, action, found in matching:
        if verb == method:
            name = unquote(found["name"]) if "name" in found.groupdict() else ""
            return _guarded(action, store, _Request(name, parse_qs(query), body))
    allowed = ", ".join(verb for verb, _, _ in matching)
    return _problem(HTTPStatus.METHOD_NOT_ALLOWED, f"use {allowed}", {"Allow": allowed})


def create_server(
    store: FlagStore, host: str = "127.0.0.1", port: int = 8080
) -> ThreadingHTTPServer:
    """Return a server that listens already; port 0 takes a free one. Call `serve_forever` on it."""
    return ThreadingHTTPServer((host, port), partial(_Handler, store))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the service until it is interrupted; return the exit code."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        server = create_server(FlagStore(options.data), options.host, options.port)
    except (StoreCorrupt, OSError) as error:
        print(f"flagpost: {error}", file=sys.stderr)
        return 1
    with server:
        _log.info("listening on http://%s:%s", *server.server_address[:2])
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            _log.info("stopped")
    return 0


def _guarded(action: "_Action", store: FlagStore, request: _Request) -> Response:
    try:
        return action(store, request)
    except FlagNotFound as error:
        return _problem(HTTPStatus.NOT_FOUND, str(error))
    except InvalidFlag as error:
        return _problem(HTTPStatus.BAD_REQUEST, str(error))
    except OSError:
        _log.exception("the flags cannot be written")
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the flags cannot be written")


def _problem(status: HTTPStatus, error: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, {"error": error}, headers or {})


def _health(store: FlagStore, _: _Request) -> Response:
    return Response(HTTPStatus.OK, {"status": "ok", "flags": len(store.list_flags())})


def _list(store: FlagStore, _: _Request) -> Response:
    return Response(HTTPStatus.OK, {"flags": [flag_to_json(flag) for flag in store.list_flags()]})


def _get(store: FlagStore, request: _Request) -> Response:
    return Response(HTTPStatus.OK, flag_to_json(store.get(request.flag_name)))


def _put(store: FlagStore, request: _Request) -> Response:
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError):  # not JSON, or nested without end
        return _problem(HTTPStatus.BAD_REQUEST, "the body is not JSON")
    if isinstance(data, dict) and data.setdefault("name", request.flag_name) != request.flag_name:
        return _problem(HTTPStatus.BAD_REQUEST, "name differs from the one in the path")
    flag = flag_from_json(data)
    status = HTTPStatus.CREATED if store.put(flag) else HTTPStatus.OK
    return Response(status, flag_to_json(flag))


def _delete(store: FlagStore, request: _Request) -> Response:
    store.delete(request.flag_name)
    return Response(HTTPStatus.NO_CONTENT)


def _decide(store: FlagStore, request: _Request) -> Response:
    users = request.query.get("user", [])
    if len(users) != 1:
        return _problem(HTTPStatus.BAD_REQUEST, "give one user, as in ?user=ada")
    decision = evaluate(store.get(request.flag_name), users[0])
    return Response(
        HTTPStatus.OK,
        {
            "flag": request.flag_name,
            "user": users[0],
            "enabled": decision.enabled,
            "reason": decision.reason,
        },
    )


_Action = Callable[[FlagStore, _Request], Response]
_FLAG = r"/flags/(?P<name>[^/]+)"
_ROUTES: tuple[tuple[str, re.Pattern[str], _Action], ...] = (
    ("GET", re.compile(r"/health"), _health),
    ("GET", re.compile(r"/flags"), _list),
    ("GET", re.compile(_FLAG), _get),
    ("PUT", re.compile(_FLAG), _put),
    ("DELETE", re.compile(_FLAG), _delete),
    ("GET", re.compile(_FLAG + "/decision"), _decide),
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections open between requests
    timeout = 30  # seconds a silent client may hold a thread

    def __init__(self, store: FlagStore, *args: Any) -> None:
        self._store = store
        super().__init__(*args)  # answers the requests before it returns

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            self._refuse(_problem(HTTPStatus.BAD_REQUEST, "Content-Length must be a number"))
        elif int(length) > MAX_BODY:
            self._refuse(_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MAX_BODY} bytes"))
        else:
            self._send(handle(self._store, self.command, self.path, self.rfile.read(int(length))))

    do_GET = do_PUT = do_DELETE = do_POST = do_PATCH = _answer  # the names http.server calls

    def _refuse(self, response: Response) -> None:
        self.close_connection = True  # the body stays unread, so no other request can follow
        self._send(response)

    def _send(self, response: Response) -> None:
        content = b"" if response.body is None else json.dumps(response.body).encode()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.body is not None:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        _log.info("%s %s", self.address_string(), format % args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flagpost", description="Serve feature flags over HTTP.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8080, help="port, 0 for a free one")
    parser.add_argument("--data", type=Path, default=Path("flags.json"), help="file of the flags")
    return parser
