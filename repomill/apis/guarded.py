"""An httpx transport that contacts checked addresses only."""

import ssl
from typing import TYPE_CHECKING

import httpx

from repomill.apis.addresses import HostRules, LookUp, checked_addresses, look_up

if TYPE_CHECKING:
    from types import TracebackType


class GuardedTransport(httpx.AsyncBaseTransport):
    """Looks a host up once, checks what it finds, and connects to exactly that address.

    TLS still verifies the name, and the `Host` header still carries it. Each host has connections of its own: one that
    was verified for a name must not serve another that has the same address.
    """

    def __init__(self, rules: HostRules, verify: ssl.SSLContext | bool = True, resolve: LookUp = look_up) -> None:
        self._rules = rules
        self._verify = verify
        self._resolve = resolve
        self._transports: dict[tuple[str, str, int], httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; raises `AddressRefused`, and the exceptions of httpx."""
        if request.url.scheme not in {"http", "https"}:
            raise httpx.UnsupportedProtocol(f"{request.url.scheme!r} is not http or https", request=request)
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            addresses = await checked_addresses(host, port, self._rules, self._resolve)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"{host}: {error}", request=request) from error
        refused: httpx.ConnectError | None = None
        for address in addresses:
            there = _sent_to(request, address)
            try:
                return await self._transport(host, address, port).handle_async_request(there)
            except httpx.ConnectError as error:  # nothing went out: `localhost` may be ::1 and 127.0.0.1
                refused = error
        raise refused or httpx.ConnectError(f"{host} has no address", request=request)

    def _transport(self, host: str, address: str, port: int) -> httpx.AsyncHTTPTransport:
        key = (host, address, port)
        if key not in self._transports:
            self._transports[key] = httpx.AsyncHTTPTransport(verify=self._verify)
        return self._transports[key]

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in self._transports.values():
            await transport.aclose()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: "TracebackType | None" = None,
    ) -> None:
        await self.aclose()


def _sent_to(request: httpx.Request, address: str) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions | {"sni_hostname": request.url.host},
    )
