"""The `api_call` node keeps to the rules of all node kinds, with its HTTP answered in memory."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from repomill.apis.client import HttpApi
from repomill.apis.source import ActingUser, ApiSource, Bearer
from repomill.nodes.api_call import ApiCall
from repomill.testing import Case, conformance, run_node
from repomill.testing.checks import Check

SECRET = "token-4711"
USER = ActingUser("u", "Ada", "o", "Engines")


def answered(request: httpx.Request) -> httpx.Response:
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    if request.url.path == "/orders":
        return httpx.Response(200, json={"rows": [{"id": 1234567890123456789, "n": 1}]})
    if request.url.path == "/photo":
        return httpx.Response(200, content=b"\x89PNG\xff", headers={"Content-Type": "image/png"})
    return httpx.Response(200, json=[{"id": 1}], headers={"Set-Cookie": "a=b"})


class Apis:
    """The port, without a network."""

    async def api(self, source: str) -> HttpApi:
        known = ApiSource(name=source, block="b", base_url="https://api.test", auth=Bearer(token=SecretStr(SECRET)))
        return HttpApi(known, None, USER, "root", transport=httpx.MockTransport(answered))


def case(name: str, operation: str, **config: Any) -> Case:
    return Case(
        {"source": "shop", "operation": operation, **config}, ports={"http": Apis()}, secrets=(SECRET,), name=name
    )


CASES = (
    case("read", "GET /pets/{id}", path={"id": 1}, query={"q": ["a"]}),
    case("write", "POST /pets", body={"name": "Bella"}),
    case("file", "GET /photo", save_as="photo.png"),
    case("pages", "GET /pets", paginate={"by": "link"}),
)


@pytest.mark.parametrize("check", conformance(ApiCall(), *CASES), ids=str)
def test_the_node_conforms(check: Check) -> None:
    check()


@pytest.mark.parametrize(
    ("config", "place"),
    [({}, "body"), ({"answer": "json"}, "body"), ({"paginate": {"by": "link", "items": "$.rows"}}, "items")],
)
def test_integers_that_would_lose_digits_come_as_text(config: dict[str, Any], place: str) -> None:
    output: Any = run_node(ApiCall(), case("orders", "GET /orders", **config)).output
    rows = output["items"] if place == "items" else output["body"]["rows"]
    assert rows == [{"id": "1234567890123456789", "n": 1}]
