"""The `api_call` node against a real API: what it sends, and what it hands on."""

import pytest

from repomill.apis.description import ApiDescription
from repomill.errors import ApiAnswerUnusable, ApiRequestInvalid, OperationNotFound
from repomill.nodes.api_call import ApiCall, ApiCallConfig
from tests.fakes.api_calls import Api, described, source_at
from tests.servers.pet_api import PNG, Fault, PetApi


@pytest.fixture
async def api(pets: PetApi) -> Api:
    """With the API's own document."""
    return Api(source_at(pets.url), await described(pets.url))


async def test_an_operation_is_called_by_its_name(api: Api, pets: PetApi) -> None:
    output = await api.output(operation="getPet", path={"pet_id": 3}, keep_headers=["Content-Type", "X-No"])
    assert output == {
        "status": 200,
        "headers": {"content-type": "application/json"},
        "body": pets.pets[3],
        "warnings": [],
    }


async def test_an_operation_is_called_by_method_and_path(api: Api) -> None:
    output = await api.output(operation="get /pets/{pet_id}", path={"pet_id": 3})
    assert output["body"]["name"] == "pet 3"


async def test_without_a_document_method_and_path_are_enough(pets: PetApi) -> None:
    api = Api(source_at(pets.url))
    assert (await api.output(operation="GET /pets", query={"limit": 2, "kind": "cat"}))["status"] == 200
    assert pets.last.query == "limit=2&kind=cat"
    with pytest.raises(OperationNotFound, match="getPet") as missing:
        await api.run(operation="getPet")
    assert "GET /pets/{id}" in missing.value.advice()


async def test_a_faulty_request_is_never_sent(api: Api, pets: PetApi) -> None:
    asked = len(pets.seen)
    for faulty in ({"query": {"limit": 0}}, {"query": {"limt": 3}}, {"query": {"page": "one"}}):
        with pytest.raises(ApiRequestInvalid):
            await api.run(operation="listPets", **faulty)
    assert len(pets.seen) == asked


async def test_a_body_is_sent_and_what_it_made_comes_back(api: Api, pets: PetApi) -> None:
    output = await api.output(operation="createPet", body={"name": "Bella", "kind": "dog"})
    assert (output["status"], output["body"]["name"], len(pets.pets)) == (201, "Bella", 8)


async def test_changing_and_removing(api: Api, pets: PetApi) -> None:
    await api.run("change", operation="replacePet", path={"pet_id": 1}, body={"name": "New"})
    gone = await api.run("remove", operation="deletePet", path={"pet_id": 2})
    assert (pets.pets[1]["name"], 2 in pets.pets, gone.output) == (
        "New",
        False,
        {"status": 204, "headers": {}, "body": None, "warnings": []},
    )


async def test_forms_are_sent_as_the_document_says(api: Api) -> None:
    login = await api.output(operation="login", body={"user": "a b", "password": "p&q=é"})
    assert login["body"] == {"user": "a b", "password": "p&q=é"}
    photo = {"filename": "cat.txt", "content": "meow", "content_type": "text/plain"}
    sent = await api.output(operation="addPhoto", path={"pet_id": 1}, body={"photo": photo, "title": "Cat"})
    assert sent["body"]["parts"] == [["cat.txt", "meow"], [None, "Cat"]]


async def test_a_binary_answer_becomes_a_file_of_the_tree(api: Api) -> None:
    result = await api.run(operation="getPhoto", path={"pet_id": 1}, save_as="images/cat.png")
    assert [(file.path, file.content) for file in result.files] == [("images/cat.png", PNG)]
    assert result.output == {"status": 200, "headers": {}, "file": "images/cat.png", "warnings": []}


async def test_an_answer_that_is_no_json_can_be_read_as_text(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(200, body=b"{nope")]
    output = await api.output(operation="getPet", path={"pet_id": 1}, answer="text")
    assert output["body"] == "{nope"


async def test_a_status_that_is_expected_is_an_answer(api: Api) -> None:
    output = await api.output(operation="getPet", path={"pet_id": 99}, expect=[200, 404])
    assert (output["status"], output["body"]) == (404, {"detail": "there is no pet 99"})


async def test_an_answer_that_the_document_forbids_is_told_or_refused(api: Api, pets: PetApi) -> None:
    pets.pets[1] = {"id": 1, "name": "A", "kind": "cat", "tags": []}
    fine = await api.output(operation="getPet", path={"pet_id": 1}, check_response="fail")
    assert fine["warnings"] == []
    pets.faults = [Fault(200, body=b'{"id": "one"}')]
    odd = await api.output(operation="getPet", path={"pet_id": 2}, check_response="warn")
    assert "body: 'name' is a required property" in odd["warnings"]
    pets.faults = [Fault(200, body=b'{"id": "one"}')]
    with pytest.raises(ApiAnswerUnusable, match="'name' is a required property"):
        await api.run(operation="getPet", path={"pet_id": 3}, check_response="fail")


async def test_the_output_has_the_parts_that_its_schema_names(api: Api) -> None:
    kind = ApiCall()
    for settings in ({}, {"save_as": "a"}, {"paginate": {"by": "link"}}):
        config = ApiCallConfig(source="shop", operation="GET /pets", **settings)
        output = await api.output(operation="GET /pets", **settings)
        assert output.keys() == kind.output_schema(config)["properties"].keys()
        assert kind.writes_files(config) == bool(kind.static_paths(config)) == ("save_as" in settings)


def test_faults_of_a_configuration_are_found_before_a_run() -> None:
    for faulty in (
        {"paginate": {"by": "cursor"}},
        {"paginate": {"by": "page"}},
        {"paginate": {"by": "link", "items": "$["}},
        {"paginate": {"by": "link"}, "save_as": "a"},
        {"expect": [99]},
        {"operation": "   "},
    ):
        with pytest.raises(ValueError, match="Value error"):
            ApiCallConfig.model_validate({"source": "shop", "operation": "GET /a", **faulty})


def test_a_description_is_plain_data(api: Api) -> None:
    assert api.description is not None
    assert ApiDescription.model_validate(api.description.model_dump(mode="json")) == api.description
