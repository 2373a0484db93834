"""The HTTP client of MCP servers: it connects to addresses that were checked, and looks no name up itself."""

from collections.abc import Sequence
from typing import Any

import httpx2


class PinnedTransport(httpx2.AsyncHTTPTransport):
    """Sends whatever it is given to the first of some addresses that takes it, for a client that asks one host.

    TLS still verifies the name, and the `Host` header still carries it.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        super().__init__(trust_env=False)
        self._addresses = addresses

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; raises the exceptions of httpx2."""
        refused: httpx2.TransportError | None = None
        for address in self._addresses:
            try:
                return await super().handle_async_request(_sent_to(request, address))
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                refused = error  # nothing went out: `localhost` may be ::1 and 127.0.0.1
        raise refused or httpx2.ConnectError(f"{request.url.host} has no address", request=request)


class ClientFactory:
    """Makes the client of one MCP server, as its transport asks for it.

    Redirects are not followed: the token would go along to a host that nobody named.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    def __call__(
        self, headers: dict[str, str] | None = None, timeout: Any = None, auth: Any = None, **_: Any
    ) -> httpx2.AsyncClient:
        """Return a client; whoever asked closes it."""
        return httpx2.AsyncClient(
            transport=PinnedTransport(self._addresses),
            headers=headers,
            timeout=timeout or httpx2.Timeout(30.0, read=300.0),
            auth=auth,
            follow_redirects=False,
            trust_env=False,
        )


def _sent_to(request: httpx2.Request, address: str) -> httpx2.Request:
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=dict(request.extensions) | {"sni_hostname": request.url.host},
    )
