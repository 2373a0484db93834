"""Discovery: documents over HTTP, from files and from the artefact store fill the registry, and changes are told."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from repomill.apis.documents import Bounds
from repomill.apis.source import ApiSource, Bearer
from repomill.errors import (
    AddressRefused,
    ApiDocumentInvalid,
    ApiDocumentTooLarge,
    ApiDocumentUnreadable,
    ApiNameInvalid,
    ApiNotFound,
    SourceMissing,
)
from repomill.workflow.spec import WorkflowSpec
from tasks.api_documents import STORED, read_api
from tasks.api_places import DocumentFile, DocumentUrl, StoredDocument, plain_location
from tasks.api_registry import load_api
from tasks.discovery import discover, discovery_facts, discovery_page, location_of
from tasks.http_apis import RunApis, acting_user
from tasks.services import Services
from tasks.sources import Sources
from tests.fakes.api_documents import document, get, parameter, post
from tests.servers.pet_api import Fault, PetApi, pet_api

TEA = document({"/teas/{id}": get(parameter("id", "path"), operationId="getTea")})
MORE = document({"/teas/{id}": get(parameter("id", "path", "integer"), operationId="getTea"), "/teas": post({})})


@pytest.fixture(scope="module")
def shop() -> Iterator[PetApi]:
    with pet_api() as api:
        yield api


@pytest.fixture
def pets(shop: PetApi) -> PetApi:
    shop.reset()
    return shop


def written(folder: Path, stated: Any, name: str = "api.json") -> str:
    path = folder / name
    path.write_text(json.dumps(stated))
    return location_of(str(path))


async def test_a_document_is_kept_and_comes_back_as_it_was(services: Services, pets: PetApi) -> None:
    found = await discover(services, "pets", f"{pets.url}/openapi.json")
    assert (found.number, found.is_new, found.changes) == (1, True, ())
    assert await load_api(services, "pets") == found.description
    with pytest.raises(ApiNotFound):
        await load_api(services, "other")


async def test_an_unchanged_document_makes_no_new_version(services: Services, tmp_path: Path) -> None:
    location = written(tmp_path, TEA)
    await discover(services, "tea", location)
    again = await discover(services, "tea", location)
    assert (again.number, again.is_new, discovery_facts(again)["changes"]) == (1, False, [])


async def test_a_changed_document_says_what_changed(services: Services, tmp_path: Path) -> None:
    await discover(services, "tea", written(tmp_path, TEA))
    found = await discover(services, "tea", written(tmp_path, MORE))
    facts = discovery_facts(found)
    assert (facts["version"], facts["breaking"], facts["changes"]) == (
        2,
        1,
        ["changed GET /teas/{id}: breaking, path/id has another type", "added POST /teas"],
    )
    assert "added POST /teas" in discovery_page(found)
    back = await discover(services, "tea", written(tmp_path, TEA))
    assert back.number == 3


async def test_documents_may_lie_in_the_artefact_store_of_the_organisation(services: Services) -> None:
    key = f"org/{services.scope.organisation_id}/documents/tea.json"
    await services.store.put(key, json.dumps(TEA).encode())
    found = await discover(services, "tea", plain_location(StoredDocument(key=key)))
    assert len(found.description.operations) == 1
    with pytest.raises(ApiDocumentUnreadable, match="stands for itself"):
        await discover(services, "tea", f"{STORED}org/another/documents/tea.json")
    with pytest.raises(ApiDocumentTooLarge):
        await read_api(services, STORED + key, bounds=Bounds(size=10))


async def test_a_document_may_have_parts_in_its_folder_and_nowhere_else(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "api"
    folder.mkdir()
    written(folder, {"type": "string"}, "leaf.json")
    written(tmp_path, {"type": "string"}, "outside.json")
    (folder / "link.json").symlink_to(tmp_path / "outside.json")
    inside = written(folder, document({"/a": post({"$ref": "leaf.json"})}))
    assert (await read_api(services, inside)).definitions == {"leaf.json": {"type": "string"}}
    for outside in ("../outside.json", "link.json", "/etc/passwd", "https://api.test/x.json"):
        climbing = written(folder, document({"/a": post({"$ref": outside})}), "climbing.json")
        with pytest.raises(ApiDocumentUnreadable):
            await read_api(services, climbing)


@pytest.mark.parametrize(
    "location", ["gopher://a/b", "file:///etc/passwd", "file:///nowhere/a.json", "http://127.0.0.1:1/a.json"]
)
async def test_what_cannot_be_read_is_told(services: Services, location: str) -> None:
    with pytest.raises(ApiDocumentUnreadable):
        await read_api(services, location)


async def test_files_over_the_bound_are_not_read(services: Services, tmp_path: Path) -> None:
    with pytest.raises(ApiDocumentTooLarge):
        await read_api(services, written(tmp_path, TEA), bounds=Bounds(size=10))


async def test_a_server_that_fails_or_sends_too_much_is_told(services: Services, pets: PetApi) -> None:
    location = f"{pets.url}/openapi.json"
    for fault in (Fault(500), Fault(drops=True), Fault(302, headers={"Location": "http://localhost:1/"})):
        pets.faults = [fault]
        with pytest.raises(ApiDocumentUnreadable):
            await read_api(services, location)
    pets.faults = [Fault(200, body=b"<html>secret</html>")]
    with pytest.raises(ApiDocumentInvalid) as refused:
        await read_api(services, location)
    assert "secret" not in str(refused.value)
    with pytest.raises(ApiDocumentTooLarge):
        await read_api(services, location, bounds=Bounds(size=100))


async def test_parts_on_other_hosts_are_read_only_from_hosts_that_were_named(services: Services, pets: PetApi) -> None:
    other = pets.url.replace("127.0.0.1", "localhost")
    root = document({"/a": post({"$ref": f"{other}/openapi.json#/components/schemas/Pet"})})
    pets.faults = [Fault(200, body=json.dumps(root).encode())]
    with pytest.raises(AddressRefused, match="localhost"):
        await read_api(services, f"{pets.url}/api.json")
    pets.faults = [Fault(200, body=json.dumps(root).encode())]
    assert "Pet" in (await read_api(services, f"{pets.url}/api.json", ["localhost"])).definitions


async def test_metadata_services_are_no_documents_even_if_named(services: Services) -> None:
    with pytest.raises(AddressRefused, match="link-local"):
        await read_api(services, "http://169.254.169.254/latest/meta-data/")


async def test_a_document_may_ask_for_the_credentials_of_a_block(services: Services, pets: PetApi) -> None:
    pets.check = lambda request: 0 if request.headers.get("authorization") == "Bearer t" else 401
    location = f"{pets.url}/openapi.json"
    with pytest.raises(ApiDocumentUnreadable, match="401"):
        await discover(services, "pets", location)
    for base_url in (pets.url, ""):
        source = ApiSource(name="pets", block="b", base_url=base_url, auth=Bearer(token=SecretStr("t")))
        assert (await discover(services, "pets", location, (), source)).number == 1


async def test_credentials_go_to_the_api_alone_wherever_its_document_is(services: Services, pets: PetApi) -> None:
    source = ApiSource(name="pets", block="b", base_url="https://api.test", auth=Bearer(token=SecretStr("t")))
    assert (await discover(services, "pets", f"{pets.url}/openapi.json", (), source)).number == 1
    assert "authorization" not in pets.seen[-1].headers


@pytest.mark.parametrize("name", ["", "a b", "../x", "-a", "x" * 101])
async def test_odd_names_are_refused(services: Services, name: str) -> None:
    with pytest.raises(ApiNameInvalid):
        await discover(services, name, "http://127.0.0.1:1/a.json")


def test_forms_say_where_a_document_is(tmp_path: Path) -> None:
    assert plain_location(DocumentUrl(url="https://api.test/a.json")) == "https://api.test/a.json"
    inside = DocumentFile(path=str(tmp_path / "a.yaml"))
    assert plain_location(inside, (tmp_path,)) == (tmp_path / "a.yaml").as_uri()


@pytest.mark.parametrize("path", ["../b.yaml", "/etc/passwd", "link/b.yaml"])
def test_a_form_reads_no_file_of_the_worker_outside_of_its_input_roots(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(ApiDocumentUnreadable, match="REPOMILL_INPUT_ROOTS"):
        plain_location(DocumentFile(path=str(root / path)), (root,))
    with pytest.raises(ApiDocumentUnreadable, match="REPOMILL_INPUT_ROOTS"):
        plain_location(DocumentFile(path=str(root / "a.yaml")))


def spec(**source: Any) -> WorkflowSpec:
    node = {"id": "ask", "type": "api_call", "config": {"source": "shop", "operation": "getTea"}}
    stated = {"apiVersion": "repomill/v1", "name": "t", "nodes": [node]}
    return WorkflowSpec.model_validate(stated | {"sources": {"shop": {"kind": "http", "block": "shop", **source}}})


async def test_a_run_opens_an_api_once_with_its_document_and_the_acting_user(
    services: Services, tmp_path: Path
) -> None:
    await discover(services, "tea", written(tmp_path, TEA))
    known = ApiSource(name="shop", block="b", base_url="https://api.test")
    workflow = spec(document="tea")
    async with RunApis(services, workflow, Sources(workflow, {"shop": known}), "root") as apis:
        first, second = await asyncio.gather(apis.api("shop"), apis.api("shop"))
        assert first is second
        assert first.description is not None
        assert (first.source.document, first.description.operations[0].name) == ("tea", "getTea")
    assert (await acting_user(services)).name == "default"


async def test_a_document_or_block_that_is_missing_is_told_when_it_is_used(services: Services) -> None:
    known = ApiSource(name="shop", block="b", base_url="https://api.test", document="gone")
    async with RunApis(services, spec(), Sources(spec(), {"shop": known}), "root") as apis:
        with pytest.raises(ApiNotFound):
            await apis.api("shop")
    async with RunApis(services, spec(), Sources(spec()), "root") as apis:
        with pytest.raises(SourceMissing, match="repomill-http-api/shop"):
            await apis.api("shop")
