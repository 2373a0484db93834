"""How credentials get into requests: httpx's auth flows. They are added as a request goes out, and kept nowhere."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from repomill.apis.jwt_tokens import mint
from repomill.apis.requests import OUTGOING, Outgoing
from repomill.apis.source import ActingUser, ApiKey, ApiSource, Basic, Bearer, Jwt, NoAuth, OAuth2
from repomill.calls.rate_limits import wait_of_refusal
from repomill.calls.sending import TryAgain
from repomill.calls.statuses import PATIENCE_STATUSES, TOO_FAST, retry_after
from repomill.errors import ApiCredentialsInvalid
from repomill.masking import masked

EARLY = 30.0
"""Seconds before its end that a token is renewed."""

Flow = Generator[httpx.Request, httpx.Response, None]


def http_auth(source: ApiSource, user: ActingUser) -> httpx.Auth:
    """Return the flow for a source's credentials."""
    auth = source.auth
    match auth:
        case NoAuth():
            return httpx.Auth()
        case Bearer():
            return _Header(lambda: f"Bearer {auth.token.get_secret_value()}")
        case Jwt():
            return _Header(lambda: f"Bearer {mint(auth, user, datetime.now(UTC), uuid4().hex, source.block)}")
        case Basic():
            return httpx.BasicAuth(auth.username, auth.password.get_secret_value())
        case ApiKey():
            return _Key(auth)
        case OAuth2():
            return _ClientCredentials(auth, source.block)


class _Header(httpx.Auth):
    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make

    def auth_flow(self, request: httpx.Request) -> Flow:
        request.headers["Authorization"] = self._make()
        yield request


class _Key(httpx.Auth):
    def __init__(self, settings: ApiKey) -> None:
        self._settings = settings

    def auth_flow(self, request: httpx.Request) -> Flow:
        name, key = self._settings.name, self._settings.key.get_secret_value()
        match self._settings.place:
            case "header":
                request.headers[name] = key
            case "query":
                request.url = request.url.copy_add_param(name, key)
            case "cookie":
                others = request.headers.get("Cookie")
                request.headers["Cookie"] = f"{others}; {name}={key}" if others else f"{name}={key}"
        yield request


class _ClientCredentials(httpx.Auth):
    """Keeps a token until shortly before its end; one that the API does not take any more is renewed once."""

    def __init__(self, settings: OAuth2, block: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._block = block
        self._monotonic = monotonic
        self._one_at_a_time = asyncio.Lock()
        self._token = ""
        self._ends = 0.0

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        outgoing: Outgoing = request.extensions[OUTGOING]
        outgoing.waits_for_token = True
        async with self._one_at_a_time:
            if not self._token or self._monotonic() >= self._ends:
                self._take(await _read((yield self._ask())))
            used = self._token
        request.headers["Authorization"] = f"Bearer {used}"
        outgoing.waits_for_token = False
        response = yield request
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return
        outgoing.waits_for_token = True
        await response.aread()
        async with self._one_at_a_time:
            if self._token == used:  # nobody else renewed it meanwhile
                self._take(await _read((yield self._ask())))
        request.headers["Authorization"] = f"Bearer {self._token}"
        outgoing.waits_for_token = False
        yield request

    def _ask(self) -> httpx.Request:
        stated = {
            "grant_type": "client_credentials",
            "scope": self._settings.scope,
            "audience": self._settings.audience,
        }
        form = {name: value for name, value in stated.items() if value}
        request = httpx.Request("POST", self._settings.token_url, data=form, headers={"Accept": "application/json"})
        credentials = httpx.BasicAuth(self._settings.client_id, self._settings.client_secret.get_secret_value())
        return next(credentials.auth_flow(request))

    def _take(self, response: httpx.Response) -> None:
        """Read a token answer (RFC 6749, section 5).

        Raises:
            TryAgain: the endpoint is busy or broken.
            ApiCredentialsInvalid: it holds no token.
        """
        _refuse_when_busy(response)
        try:
            answer: Any = response.json()
        except ValueError:
            answer = None
        stated = answer if isinstance(answer, dict) else {}
        token = stated.get("access_token")
        if not isinstance(token, str) or not response.is_success:
            said = " ".join(str(stated[key]) for key in ("error", "error_description") if key in stated)
            reason = f"the token endpoint answered {response.status_code} {said}".strip()
            raise ApiCredentialsInvalid(self._block, masked(reason, self._settings))
        lifetime = stated.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, (int, float, str)) and str(lifetime).isdecimal() else 300.0
        self._token, self._ends = token, self._monotonic() + max(seconds - EARLY, seconds / 2)


def _refuse_when_busy(response: httpx.Response) -> None:
    """The request itself was not done, so that it may be tried again whatever it does."""
    status, now = response.status_code, datetime.now(UTC)
    reason = f"the token endpoint answered {status}"
    if status == TOO_FAST:
        raise TryAgain(reason, wait_of_refusal(response.headers, now), too_fast=True)
    if status in PATIENCE_STATUSES or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise TryAgain(reason, retry_after(response.headers, now))


async def _read(response: httpx.Response) -> httpx.Response:
    await response.aread()
    return response
