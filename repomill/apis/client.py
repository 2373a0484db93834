"""One API, ready to be called: its credentials, who may be contacted, and what its document says."""

import asyncio
import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urljoin, urlsplit

from repomill.apis.addresses import HostRules, LookUp, look_up
from repomill.apis.answers import BROKEN, ApiAnswer
from repomill.apis.description import ApiDescription
from repomill.apis.requests import OUTGOING, ApiRequest, Outgoing
from repomill.apis.source import ActingUser, ApiSource, host_of
from repomill.calls.ledger import FREE, CallKind
from repomill.calls.port import Calls
from repomill.calls.rate_limits import rest, wait_of_refusal
from repomill.calls.sending import Answered, AnswerLost, TryAgain
from repomill.calls.statuses import retry_after
from repomill.canonical import digest
from repomill.errors import (
    ApiAnswerUnusable,
    ApiCertificateRefused,
    ApiCredentialsInvalid,
    ApiDocumentTooLarge,
    ApiDocumentUnreadable,
    ApiForbidden,
    ApiStatusUnexpected,
    ApiUnauthorized,
)

if TYPE_CHECKING:
    import httpx

DOCUMENT_TYPES = "application/json, application/yaml, */*;q=0.5"
MOST_REDIRECTS = 5
SUCCESS = tuple(range(200, 300))


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How one call is made: statuses it may end with, the largest content in bytes, whether a key goes along."""

    expect: Collection[int] = SUCCESS
    max_size: int = 10 * 1024 * 1024
    idempotency_key: bool = True
    needs_json: bool = False


class HttpApi:
    """Calls one API through the ledger of whoever asks; opened once for a run, closed at its end.

    `scope` names what equal calls are one call in, the root execution: idempotency keys follow from it, so that a
    resumed run sends the keys that it sent before. `rules` say who may be contacted, if not those of the source.
    """

    def __init__(  # noqa: PLR0913  # its parts, and those that tests replace
        self,
        source: ApiSource,
        description: ApiDescription | None,
        user: ActingUser,
        scope: str,
        *,
        rules: HostRules | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
        resolve: LookUp = look_up,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.source = source
        self.description = description
        self.base_url = source.base_url or _first_server(description)
        self._user = user
        self._scope = scope
        self._rules = rules or source.rules(self.base_url)
        self._transport = transport
        self._resolve = resolve
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self._auth: httpx.Auth | None = None
        if not self.base_url:
            raise ApiCredentialsInvalid(source.block, "it has no base URL, and no document names a server")

    async def call(self, calls: Calls, node_path: str, request: ApiRequest, options: CallOptions) -> ApiAnswer:
        """Return the answer to a request; of an equal one that was answered already, that answer.

        Raises:
            ApiUnauthorized, ApiForbidden, ApiCredentialsInvalid: a person has to mend the block.
            AddressRefused: the host must not be contacted.
            ApiStatusUnexpected, ApiAnswerUnusable: what came cannot be used.
            CallUnavailable, CallUncertain, RecordingMissing: as `Calls.call` says.
        """
        canonical = request.canonical()
        key = digest([self._scope, node_path, digest(canonical)])[7:39] if options.idempotency_key else ""
        keyed = request if request.is_idempotent else request.with_key(key)
        send, repeatable = partial(self._send, keyed, options), keyed.is_repeatable
        stored = await calls.call(CallKind.HTTP, self.source.name, canonical, send, repeatable=repeatable)
        try:
            answer = ApiAnswer.of(stored)
        except ValueError as error:
            raise ApiAnswerUnusable(self.source.name, request.operation, str(error)) from error
        if keyed.is_done(answer.status) and answer.status not in options.expect:
            raise self._unexpected(keyed, answer)
        return answer

    async def read(self, url: str, max_size: int) -> ApiAnswer:
        """Return what a GET gives, whatever its status, without any ledger: for documents that describe APIs.

        Raises:
            ApiDocumentUnreadable: nothing came.
            ApiDocumentTooLarge: it has more bytes than that.
            AddressRefused, ApiCredentialsInvalid: as in `call`.
        """
        import httpx

        try:
            async with asyncio.timeout(self.source.timeout):
                request = ApiRequest(url, "GET", url, (("Accept", DOCUMENT_TYPES),))
                return await self._exchange(request, CallOptions(max_size=max_size), Outgoing())
        except ApiAnswerUnusable as error:
            raise ApiDocumentTooLarge(url, error.reason) from error
        except (ApiStatusUnexpected, TryAgain) as error:
            raise ApiDocumentUnreadable(url, error.reason) from error
        except TimeoutError as error:
            raise ApiDocumentUnreadable(url, f"no whole answer within {self.source.timeout:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiDocumentUnreadable(url, str(error) or type(error).__name__) from error

    async def aclose(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.aclose()

    async def _send(self, request: ApiRequest, options: CallOptions) -> Answered:
        import httpx

        outgoing = Outgoing()
        try:
            async with asyncio.timeout(self.source.timeout):
                answer = await self._exchange(request, options, outgoing)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise ApiCertificateRefused(self.source.name, self.source.block, str(error)) from error
            raise TryAgain(str(error) or type(error).__name__) from error  # nothing went out
        except TimeoutError as error:
            self._lost(request, outgoing, f"no whole answer within {self.source.timeout:g} s", error)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._lost(request, outgoing, str(error) or type(error).__name__, error)
        self._check_status(request, answer, options)
        if options.needs_json and request.is_idempotent:
            self._check_json(request, answer)
        return Answered(answer.stored(), FREE, rest(answer.headers, FREE, self._clock()))

    async def _exchange(self, request: ApiRequest, options: CallOptions, outgoing: Outgoing) -> ApiAnswer:
        """Send the request and follow redirects of harmless methods to hosts that were named."""
        url = request.url
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._once(request, url, options, outgoing)
            target = _target(answer)
            if not target or answer.status in options.expect or request.is_done(answer.status):
                return answer
            if request.method not in {"GET", "HEAD"} or not self._rules.names(host_of(target)):
                raise self._unexpected(request, answer)
            url = target
        raise ApiStatusUnexpected(self.source.name, request.operation, answer.status, "it redirects without end")

    async def _once(self, request: ApiRequest, url: str, options: CallOptions, outgoing: Outgoing) -> ApiAnswer:
        import httpx

        client, is_own = self._opened(), _origin(url) == _origin(self.base_url)
        headers = dict(request.headers)
        if is_own:  # neither the credentials nor the block's headers go to anybody else
            headers = {name: value.get_secret_value() for name, value in self.source.headers.items()} | headers
        content, extensions = request.content or None, {OUTGOING: outgoing}
        asked = client.build_request(request.method, url, headers=headers, content=content, extensions=extensions)
        response = await client.send(asked, stream=True, auth=self._auth if is_own else httpx.Auth())
        try:
            came = await self._read(request, response, options.max_size)
        finally:
            await response.aclose()
        return ApiAnswer(response.status_code, dict(response.headers), came, url)

    async def _read(self, request: ApiRequest, response: "httpx.Response", max_size: int) -> bytes:
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > max_size:
                self._too_large(request, max_size)
        return bytes(content)

    def _too_large(self, request: ApiRequest, max_size: int) -> NoReturn:
        reason = f"it has more than {max_size} bytes"
        if not request.is_idempotent:
            raise AnswerLost(f"the answer cannot be kept: {reason}")  # what was asked for is done
        raise ApiAnswerUnusable(self.source.name, request.operation, reason)

    def _opened(self) -> "httpx.AsyncClient":
        """Make the client when it is first needed; variables of the environment do not change where requests go."""
        if self._client is None:
            import httpx

            from repomill.apis._http_auth import http_auth
            from repomill.apis.guarded import GuardedTransport

            transport = self._transport or GuardedTransport(self._rules, self._verify(), self._resolve)
            self._client = httpx.AsyncClient(transport=transport, timeout=self.source.timeout, trust_env=False)
            self._auth = http_auth(self.source, self._user)
        return self._client

    def _verify(self) -> ssl.SSLContext | bool:
        if not self.source.verify:
            return False
        if not self.source.ca:
            return True
        try:
            context = ssl.create_default_context()
            context.load_verify_locations(cadata=self.source.ca)
        except (ssl.SSLError, ValueError) as error:
            raise ApiCredentialsInvalid(self.source.block, f"its certificate authority is no PEM: {error}") from error
        return context

    def _unexpected(self, request: ApiRequest, answer: ApiAnswer) -> ApiStatusUnexpected:
        target = _target(answer)
        reason = f"it redirects to {target}, which is not followed" if target else answer.excerpt(self.source)
        return ApiStatusUnexpected(self.source.name, request.operation, answer.status, reason)

    def _check_status(self, request: ApiRequest, answer: ApiAnswer, options: CallOptions) -> None:
        """Raise what a status means that the caller does not expect, and that says that nothing was done.

        Nothing of such an answer is kept. Any other is, since the request must not be sent again.
        """
        if answer.status in options.expect or request.is_done(answer.status):
            return
        source, said = self.source, answer.excerpt(self.source)
        reason = f"{answer.status}: {said}"
        now = self._clock()
        if answer.is_too_fast(now):
            raise TryAgain(reason, wait_of_refusal(answer.headers, now), too_fast=True)
        if answer.status in BROKEN and request.is_repeatable:
            raise TryAgain(reason, retry_after(answer.headers, now))
        if answer.status in BROKEN:
            raise AnswerLost(reason)  # it may have been done
        if answer.status == 401:
            raise ApiUnauthorized(source.name, source.block, said)
        if answer.status == 403:
            raise ApiForbidden(source.name, source.block, said)
        raise self._unexpected(request, answer)

    def _check_json(self, request: ApiRequest, answer: ApiAnswer) -> None:
        """What only reads may be asked again, so a broken answer is not kept."""
        try:
            answer.value()
        except ValueError as error:
            raise ApiAnswerUnusable(self.source.name, request.operation, f"it is not JSON: {error}") from error

    def _lost(self, request: ApiRequest, outgoing: Outgoing, reason: str, cause: Exception) -> NoReturn:
        """Where the request may have arrived, what may be repeated is, and anything else is left to the ledger."""
        if request.is_idempotent or outgoing.waits_for_token:
            raise TryAgain(reason) from cause
        raise AnswerLost(reason) from cause


def _first_server(description: ApiDescription | None) -> str:
    servers = description.servers if description else ()
    return next((url.rstrip("/") for url in servers if url.startswith(("http://", "https://"))), "")


def _target(answer: ApiAnswer) -> str:
    """Return where an answer redirects to, "" when it does not, or nobody can read it."""
    location = answer.headers.get("location", "")
    try:
        return urljoin(answer.url, location) if 300 <= answer.status < 400 and location else ""
    except ValueError:
        return ""


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
