"""Documents become operations and schemas that stand for themselves; what is wrong in them is told with its place."""

import pytest
from jsonschema import Draft202012Validator

from repomill.apis.arguments import arguments_schema
from repomill.errors import ApiDocumentInvalid, ApiDocumentUnreadable, OperationNotFound
from tests.fakes.api_documents import ROOT, document, get, parameter, post, read

REF = {"$ref": "#/components/schemas/Node"}
NODE = {"type": "object", "properties": {"next": REF, "name": {"type": "string"}}, "required": ["name"]}


def test_an_operation_has_what_its_path_and_itself_say() -> None:
    item = get(parameter("id", "path", "integer"), parameter("q"), operationId="getTea", summary="One tea")
    item["parameters"] = [parameter("id", "path"), parameter("trace", "header")]
    found = read(document({"/tea/{id}": item}, servers=[{"url": "/v1"}])).operation("getTea")
    kinds = {each.name: each.value_schema["type"] for each in found.parameters}
    assert (found.place, found.summary, kinds) == (
        "GET /tea/{id}",
        "One tea",
        {"id": "integer", "trace": "string", "q": "string"},
    )


def test_servers_are_relative_to_the_document_and_have_their_variables_filled_in() -> None:
    servers = [{"url": "/v1"}, {"url": "https://{host}/", "variables": {"host": {"default": "eu.test"}}}]
    assert read(document({"/a": get()}, servers=servers)).servers == ("https://api.test/v1", "https://eu.test/")


def test_an_operation_is_found_by_name_or_by_method_and_path() -> None:
    found = read(document({"/tea": get(operationId="listTeas")}))
    assert found.operation("listTeas") is found.operation("get /tea")
    with pytest.raises(OperationNotFound) as missing:
        found.operation("listTea")
    assert "listTeas" in missing.value.advice()


def test_a_schema_that_holds_itself_stays_small() -> None:
    found = read(document({"/a": post(REF)}, {"Node": NODE}))
    schema = arguments_schema(found.operations[0], found.definitions)
    assert schema["$defs"]["Node"]["properties"]["next"] == {"$ref": "#/$defs/Node"}
    Draft202012Validator.check_schema(schema)


def test_references_that_double_at_every_step_stay_as_many_as_they_are() -> None:
    schemas = {f"S{n}": {"allOf": [{"$ref": f"#/components/schemas/S{n + 1}"}] * 10} for n in range(30)}
    found = read(document({"/a": post({"$ref": "#/components/schemas/S0"})}, schemas | {"S30": {"type": "object"}}))
    assert len(found.definitions) == 31


def test_what_openapi_30_says_in_its_own_words_becomes_json_schema() -> None:
    stated = {"type": "integer", "nullable": True, "minimum": 1, "exclusiveMinimum": True, "enum": [2, 3], "example": 2}
    found = read(document({"/a": post({"type": "object", "properties": {"n": stated}})}, openapi="3.0.3"))
    schema = arguments_schema(found.operations[0], {})["properties"]["body"]["properties"]["n"]
    assert schema == {"type": ["integer", "null"], "exclusiveMinimum": 1, "enum": [2, 3, None], "examples": [2]}


def test_properties_may_be_called_like_keywords() -> None:
    names = {name: {"type": "string"} for name in ("example", "default", "enum", "xml", "$ref")}
    found = read(document({"/a": post({"type": "object", "properties": names})}))
    assert arguments_schema(found.operations[0], {})["properties"]["body"]["properties"] == names


def test_parts_may_lie_in_other_documents() -> None:
    outer = {"Id": parameter("id", "path"), "Tea": {"type": "object", "properties": {"leaf": {"$ref": "#/Leaf"}}}}
    others = {"https://api.test/parts.json": outer | {"Leaf": {"type": "string"}}}
    item = post({"$ref": "parts.json#/Tea"}, parameters=[{"$ref": "parts.json#/Id"}])
    found = read(document({"/tea/{id}": item}), others)
    schema = arguments_schema(found.operations[0], found.definitions)
    assert schema["$defs"]["Leaf"] == {"type": "string"}
    assert schema["properties"]["path"]["required"] == ["id"]


def test_the_digest_is_that_of_all_documents() -> None:
    root = document({"/a": post({"$ref": "b.json"})})
    one, other = ({"https://api.test/b.json": {"type": kind}} for kind in ("object", "array"))
    assert read(root, one).digest != read(root, other).digest


def test_names_that_occur_twice_keep_apart() -> None:
    others = {"https://api.test/b.json": {"Tea": {"type": "string"}}}
    schema = {"anyOf": [{"$ref": "#/components/schemas/Tea"}, {"$ref": "b.json#/Tea"}]}
    found = read(document({"/a": post(schema)}, {"Tea": {"type": "integer"}}), others)
    assert found.definitions == {"Tea": {"type": "integer"}, "Tea_2": {"type": "string"}}


def test_what_is_odd_is_noted_and_the_rest_is_used() -> None:
    found = read(
        document(
            {"/a": post({"$ref": "#/components/schemas/Bad"}, operationId="x"), "/b": get(operationId="x")},
            {"Bad": {"type": "strange"}},
        )
    )
    assert [operation.name for operation in found.operations] == ["x", "GET /b"]
    assert found.definitions == {"Bad": {}}
    assert any("'x' occurs twice" in note for note in found.notes)
    assert any("Bad is not checked" in note for note in found.notes)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ([], "not an object"),
        ({"swagger": "2.0"}, "Swagger 2.0"),
        ({"openapi": "3.2.0"}, "'3.2.0', not 3.0 or 3.1"),
        ({"openapi": 3.1}, "3.1, not"),
        ({"openapi": "3.1.0", "paths": {}}, "'info' is a required property"),
        (document({"/a": {"get": {}}}, openapi="3.0.0"), "/paths/~1a/get: 'responses'"),
        (document({"/a": get({"name": "q"})}), "/paths/~1a/get/parameters/0"),
        (document({"/a": post({"$ref": "#/components/schemas/No"})}), "leads nowhere"),
        (document({"/a": get({"$ref": "#/components/parameters/A"})}), "leads nowhere"),
    ],
)
def test_what_is_no_openapi_document_is_refused_with_the_place(stated: object, reason: str) -> None:
    with pytest.raises(ApiDocumentInvalid, match=reason):
        read(stated)  # type: ignore[arg-type]  # what a file may hold


def test_references_in_a_circle_are_refused() -> None:
    parameters = {"A": {"$ref": "#/components/parameters/B"}, "B": {"$ref": "#/components/parameters/A"}}
    stated = document({"/a": get({"$ref": "#/components/parameters/A"})}) | {"components": {"parameters": parameters}}
    with pytest.raises(ApiDocumentInvalid, match="circle"):
        read(stated)


def test_a_broken_part_of_another_document_is_told() -> None:
    others = {"https://api.test/b.json": {"in": "query"}}
    with pytest.raises(ApiDocumentInvalid, match="name"):
        read(document({"/a": get({"$ref": "b.json"})}), others)


def test_a_missing_part_stops_the_reading() -> None:
    with pytest.raises(ApiDocumentUnreadable, match=r"gone\.json"):
        read(document({"/a": post({"$ref": "gone.json"})}))


def test_references_within_examples_are_data() -> None:
    schema = {"type": "object", "example": {"$ref": "https://elsewhere.test/x"}}
    assert read(document({"/a": post(schema)})).operations[0].body is not None
    assert ROOT.startswith("https")
