"""An API that needs nothing but HTTP: a token in a header, JSON both ways."""

import httpx

from repomill.errors import HostUnavailable
from repomill.publishing.hosts._api import Call, Reply, read_json


class HttpTransport:
    """Sends requests through httpx; tries once, and follows no redirect, which would take the token elsewhere."""

    def __init__(self, label: str, api_url: str, headers: dict[str, str], timeout: float) -> None:
        self._label = label
        self._client = httpx.Client(base_url=api_url, headers=headers, timeout=timeout)

    def send(self, call: Call) -> Reply:
        try:
            came = self._client.request(call.method, call.path, params=dict(call.query), json=call.body)
        except httpx.HTTPError as error:
            raise HostUnavailable(self._label, type(error).__name__) from None
        return Reply(came.status_code, read_json(came.text), dict(came.headers))

    def close(self) -> None:
        self._client.close()
