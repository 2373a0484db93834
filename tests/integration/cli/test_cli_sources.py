"""`repomill source`: discovering APIs and looking at what was found."""

import json
from typing import Any

from tests.fakes.api_documents import document, get, parameter, post
from tests.integration.cli.conftest import CommandLine

TEA = document({"/teas/{id}": get(parameter("id", "path"), operationId="getTea", summary="One tea")})


def write(repomill: CommandLine, stated: Any) -> None:
    (repomill.folder / "tea.json").write_text(json.dumps(stated))


def test_a_document_is_discovered_listed_and_shown(repomill: CommandLine) -> None:
    write(repomill, TEA)
    found = repomill.json("source", "discover", "tea", "tea.json")
    assert (found["version"], found["operations"], found["is_new"]) == (1, 1, True)
    (row,) = repomill.json("source", "list")
    assert (row["api"], row["title"], row["openapi"]) == ("tea", "Tea 1", "3.1.0")
    assert repomill.json("source", "show", "tea") == [
        {"method": "GET", "path": "/teas/{id}", "operation": "getTea", "summary": "One tea"}
    ]
    shown = repomill.json("source", "show", "tea", "getTea")
    assert shown["arguments"]["properties"]["path"]["required"] == ["id"]
    assert "| GET | `/teas/{id}` |" in repomill("source", "show", "tea", "--page").out


def test_changes_are_said(repomill: CommandLine) -> None:
    write(repomill, TEA)
    repomill("source", "discover", "tea", "tea.json")
    write(repomill, document({"/teas": post({})}))
    ended = repomill("source", "discover", "tea", "tea.json")
    assert (ended.code, "version     2" in ended.out) == (0, True)
    assert ended.err.splitlines() == ["removed GET /teas/{id}: breaking, it is gone", "added POST /teas"]


def test_what_is_wrong_is_said(repomill: CommandLine) -> None:
    assert "There is no API 'tea'" in repomill.fails(2, "source", "show", "tea")
    write(repomill, TEA)
    repomill("source", "discover", "tea", "tea.json")
    assert "Did you mean 'getTea'?" in repomill.fails(2, "source", "show", "tea", "getTee")
    assert "no name for an API" in repomill.fails(2, "source", "discover", "a b", "tea.json")
    write(repomill, {"swagger": "2.0"})
    assert "Swagger 2.0" in repomill.fails(2, "source", "discover", "tea", "tea.json")
    assert "cannot be read" in repomill.fails(3, "source", "discover", "tea", "gone.json")
    assert "No API is known" not in repomill("source", "list").err
