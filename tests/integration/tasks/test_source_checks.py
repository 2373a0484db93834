"""Connection tests of sources, against servers that answer, refuse, are busy or are not there."""

import sys
from typing import Any

import pytest
from pydantic import SecretStr

from repomill.agents.source import EndpointSource, ModelSource
from repomill.apis.source import ApiSource, Bearer
from repomill.databases.source import DatabaseSource
from repomill.errors import (
    ApiForbidden,
    ApiNotFound,
    ApiUnauthorized,
    CallUnavailable,
    DatabaseRefused,
    SourceKindUnknown,
)
from repomill.images.source import ImageSource
from repomill.sources import MODEL_SOURCES, SourceKind
from repomill.tools.mcp_source import McpSource
from tasks.services import Services
from tasks.source_checks import check_block, check_source
from tests.servers.model_server import Reply, model_server
from tests.servers.waiting import PATIENCE

PATHS = {
    SourceKind.OPENAI: "/v1/models",
    SourceKind.AZURE: "/v1/openai/models?api-version=2024-10-21",
    SourceKind.ANTHROPIC: "/v1/v1/models",
    SourceKind.GOOGLE: "/v1/v1beta/models",
}
KEYS = {
    SourceKind.OPENAI: ("authorization", "Bearer sk-1"),
    SourceKind.AZURE: ("api-key", "sk-1"),
    SourceKind.ANTHROPIC: ("x-api-key", "sk-1"),
    SourceKind.GOOGLE: ("x-goog-api-key", "sk-1"),
}


def models(url: str, **more: Any) -> ModelSource:
    return ModelSource(name="main", base_url=url, api_key=SecretStr("sk-1"), **more)


@pytest.mark.parametrize("kind", sorted(MODEL_SOURCES))
async def test_a_provider_is_asked_for_its_models_with_its_key(services: Services, kind: SourceKind) -> None:
    with model_server() as server:
        source = models(server.base_url, kind=kind, headers={"X-Team": SecretStr("tea")})
        found = await check_source(services, source, f"{kind}/main")
    [asked] = server.requests
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert found.endswith("takes the key and lists 2 models")
    assert asked.path == PATHS[kind]
    assert (headers[KEYS[kind][0]], headers["x-team"]) == (KEYS[kind][1], "tea")


async def test_a_model_that_is_not_listed_is_said(services: Services) -> None:
    with model_server() as server:
        assert "'gone'" in await check_source(services, models(server.base_url, model="gone"), "x")
        assert "lists 2" in await check_source(services, models(server.base_url, model="gpt-4o-mini"), "x")


@pytest.mark.parametrize("reply", [Reply(status=404), Reply(raw="hello"), Reply(raw="[]")])
async def test_an_endpoint_without_a_list_answers_all_the_same(services: Services, reply: Reply) -> None:
    with model_server(lambda _: reply) as server:
        source = ImageSource(name="main", base_url=server.base_url)
        assert "no list of models" in await check_source(services, source, "images/main")


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, ApiUnauthorized), (403, ApiForbidden), (429, CallUnavailable), (503, CallUnavailable)],
)
async def test_what_is_wrong_is_an_error_of_its_family(services: Services, status: int, error: Any) -> None:
    with model_server(lambda _: Reply("no", status=status)) as server, pytest.raises(error, match="no"):
        await check_source(services, models(server.base_url), "openai/main")


@pytest.mark.parametrize(
    "source",
    [
        EndpointSource(name="main", base_url="http://127.0.0.1:9/v1"),
        ApiSource(name="main", block="b", base_url="http://127.0.0.1:9"),
        McpSource(name="main", command=("/no/such/program",), timeout=5),
    ],
)
async def test_what_is_not_there_is_unavailable(services: Services, source: Any) -> None:
    with pytest.raises(CallUnavailable):
        await check_source(services, source, "x/main")


async def test_an_api_is_asked_with_its_credentials(services: Services) -> None:
    with model_server() as server:
        source = ApiSource(name="shop", block="b", base_url=server.base_url, auth=Bearer(token=SecretStr("t-1")))
        assert "refuses no credentials" in await check_source(services, source, "http/shop")
        assert server.requests[0].headers["Authorization"] == "Bearer t-1"
        with pytest.raises(ApiNotFound):
            await check_source(services, source.model_copy(update={"document": "gone"}), "http/shop")


async def test_functions_of_an_mcp_server_are_listed(services: Services) -> None:
    source = McpSource(name="teas", command=(sys.executable, "-m", "tests.servers.mcp_teas"), timeout=PATIENCE)
    assert "price" in await check_source(services, source, "mcp/teas")


async def test_a_database_lets_read_or_is_refused(services: Services, tmp_path: Any) -> None:
    (tmp_path / "x.db").touch()
    good = DatabaseSource(name="shop", url=SecretStr(f"sqlite:///{tmp_path / 'x.db'}"))
    assert "lets read" in await check_source(services, good, "database/shop")
    bad = DatabaseSource(name="shop", url=SecretStr("oracle://nowhere/x"))
    with pytest.raises(DatabaseRefused):
        await check_source(services, bad, "database/shop")


@pytest.mark.parametrize("reference", ["openai", "openia/main", "repomill-git-credentials/main", ""])
async def test_a_block_is_named_by_its_kind_and_name(services: Services, reference: str) -> None:
    with pytest.raises(SourceKindUnknown):
        await check_block(services, reference)
