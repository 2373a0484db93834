"""What the API stand-ins share: routes, tokens, faults, and repositories that Git over HTTP serves beside the API.

A vendor's module declares its routes with `@route` and answers as the vendor's published API description says.
"""

import json
import re
import socket
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.servers.git_http import GitHandler, GitServer, git

Data = Any


@dataclass(frozen=True)
class Token:
    """Whose a token is and what it may do."""

    user: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Asked:
    """One API request: path below the API's prefix, its query, its JSON, and the token that came along."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Data
    credentials: str
    token: Token | None = None


@dataclass(frozen=True)
class Given:
    """One answer."""

    status: int
    data: Data = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, data: Data, headers: Mapping[str, str] | None = None) -> None:
        self.given = Given(status, data, headers or {})


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that match, `after` they were carried out or before.

    Without `given` the connection breaks.
    """

    method: str = ".*"
    path: str = ".*"
    after: bool = False
    given: Given | None = None
    times: int = 1

    def takes(self, asked: Asked, *, after: bool) -> bool:
        hit = self.after == after and self.times > 0 and re.fullmatch(self.method, asked.method)
        if not hit or not re.fullmatch(self.path, asked.path):
            return False
        self.times -= 1
        return True


@dataclass
class Request:
    """A pull or merge request."""

    number: int
    head: str
    base: str
    title: str
    body: str
    draft: bool = False
    open: bool = True
    labels: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)


@dataclass
class Kept:
    """A repository as the host keeps it; its Git part lies on the disk."""

    path: str
    visibility: str
    description: str = ""
    default_branch: str = "main"
    topics: list[str] = field(default_factory=list)
    archived: bool = False
    requests: list[Request] = field(default_factory=list)
    protections: dict[str, Data] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)


Handler = Callable[..., Given]


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    """Declare what answers; `{name}` in the template is one part of the path, still percent-encoded."""

    def declare(handler: Handler) -> Handler:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
        handler.routed = (method, pattern)  # type: ignore[attr-defined]  # found again in HostServer.routes
        return handler

    return declare


class HostServer(GitServer):
    """A host: its API under `prefix`, everything else is Git."""

    prefix: ClassVar[str] = ""
    not_found: ClassVar[Data] = {"message": "Not Found"}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "", "", ApiHandler)
        self.tokens: dict[str, Token] = {}
        self.owners: dict[str, str] = {}  # name to "User" or "Organization"
        self.kept: dict[str, Kept] = {}
        self.api_calls: list[tuple[str, str]] = []
        self.api_faults: list[Fault] = []
        self.licences = {"mit": "MIT License\n\nPermission is hereby granted\n"}

    def admits(self, authorization: str) -> bool:
        """Take the password of Basic authentication for a token."""
        scheme, _, encoded = authorization.partition(" ")
        return scheme == "Basic" and b64decode(encoded).decode().partition(":")[2] in self.tokens

    def answer(self, asked: Asked) -> Given:
        """Find the route and answer; raises nothing."""
        self.api_calls.append((asked.method, asked.path))
        try:
            for method, pattern, handler in self.routes():
                hit = pattern.fullmatch(asked.path)
                if hit and method == asked.method:
                    token = self.authenticate(asked)
                    known = Asked(asked.method, asked.path, asked.query, asked.body, asked.credentials, token)
                    return handler(known, **{name: unquote(part) for name, part in hit.groupdict().items()})
        except Refused as refused:
            return refused.given
        return Given(404, self.not_found)

    def routes(self) -> Iterator[tuple[str, re.Pattern[str], Handler]]:
        for name in dir(type(self)):
            routed = getattr(getattr(type(self), name), "routed", None)
            if routed:
                yield (*routed, getattr(self, name))

    def authenticate(self, asked: Asked) -> Token:
        """Return whose credentials came, or raise as the vendor refuses."""
        raise NotImplementedError

    def keep(self, kept: Kept) -> Kept:
        """Make a repository."""
        self.create(f"{kept.path}.git")
        self.kept[kept.path] = kept
        return kept

    def repository(self, path: str) -> Kept:
        if path not in self.kept:
            raise Refused(404, self.not_found)
        return self.kept[path]

    def heads(self, kept: Kept) -> list[str]:
        """Return the branches there really are."""
        folder = str(self.folder / f"{kept.path}.git")
        return git("-C", folder, "for-each-ref", "--format=%(refname:strip=2)", "refs/heads").splitlines()

    def page(self, asked: Asked, rows: list[Data], size_name: str = "per_page") -> list[Data]:
        size, page = int(asked.query.get(size_name, 30)), int(asked.query.get("page", 1))
        return rows[(page - 1) * size : page * size]


class ApiHandler(GitHandler):
    """Sends what is under the prefix to the API, the rest to Git."""

    do_PUT = do_PATCH = do_DELETE = GitHandler.do_POST  # noqa: N815  # http.server looks for these names

    @property
    def _host(self) -> HostServer:
        assert isinstance(self.server, HostServer)
        return self.server

    def _answer(self, body: bytes) -> None:
        if not self.path.startswith(f"{self._host.prefix}/"):
            return super()._answer(body)
        asked = self._asked(body)
        if self._break_off(asked, after=False):
            return None
        given = self._host.answer(asked)
        if not self._break_off(asked, after=True):
            self._give(given)
        return None

    def _asked(self, raw: bytes) -> Asked:
        parts = urlsplit(self.path)
        credentials = self.headers.get("Private-Token") or self.headers.get("Authorization", "").partition(" ")[2]
        path = parts.path.removeprefix(self._host.prefix)
        body = json.loads(raw) if raw else None
        return Asked(self.command, path, dict(parse_qsl(parts.query)), body, credentials)

    def _break_off(self, asked: Asked, *, after: bool) -> bool:
        fault = next((fault for fault in self._host.api_faults if fault.takes(asked, after=after)), None)
        if fault is None:
            return False
        if fault.given:
            self._give(fault.given)
        else:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        return True

    def _give(self, given: Given) -> None:
        content = b"" if given.data is None else json.dumps(given.data).encode()
        self._send(given.status, [("Content-Type", "application/json"), *given.headers.items()], content)
