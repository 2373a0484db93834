"""What a page of an answer holds: the items that a path names, and nothing where null stands for an empty list."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from repomill.apis.answers import ApiAnswer
from repomill.apis.pages import Paging, collect, select
from repomill.apis.requests import ApiRequest


class Shop:
    """Answers with one page after the other, and with the last one from then on."""

    def __init__(self, *bodies: Any) -> None:
        self.bodies = bodies
        self.asked: list[str] = []

    async def fetch(self, request: ApiRequest) -> ApiAnswer:
        self.asked.append(parse_qs(urlsplit(request.url).query)["page"][0])
        body = self.bodies[min(len(self.asked), len(self.bodies)) - 1]
        return ApiAnswer(200, {}, json.dumps(body).encode(), request.url)


@pytest.mark.parametrize("empty", [{"rows": None}, {"rows": []}, {}, None])
async def test_a_page_that_is_null_ends_the_walk(empty: Any) -> None:
    shop = Shop({"rows": [1, 2]}, {"rows": [3]}, empty)
    paging = Paging(by="page", parameter="page", items="$.rows")
    pages = await collect(ApiRequest("listTeas", "GET", "https://shop.test/teas"), paging, shop.fetch)
    assert (pages.items, pages.is_complete, shop.asked) == ((1, 2, 3), True, ["1", "2", "3"])


@pytest.mark.parametrize("items", ["$._embedded.*", "$..teas", "$._embedded.teas | $.teas"])
@pytest.mark.parametrize("empty", [[], None])
async def test_an_empty_page_ends_the_walk_whatever_path_names_its_list(items: str, empty: Any) -> None:
    shop = Shop({"_embedded": {"teas": [1, 2]}}, {"_embedded": {"teas": empty}})
    paging = Paging(by="page", parameter="page", items=items)
    pages = await collect(ApiRequest("listTeas", "GET", "https://shop.test/teas"), paging, shop.fetch)
    assert (pages.items, pages.is_complete, shop.asked) == ((1, 2), True, ["1", "2"])


@pytest.mark.parametrize(
    ("path", "body", "items"),
    [
        ("$.rows", {"rows": [[1, 2]]}, [[1, 2]]),
        ("$.rows", {"rows": [1, None]}, [1, None]),
        ("$.rows", {"rows": {"id": 1}}, [{"id": 1}]),
        ("$.rows[*]", {"rows": [[1, 2]]}, [[1, 2]]),
        ("$.rows[*]", {"rows": [[1, 2], [3]]}, [[1, 2], [3]]),
        ("$.rows[*]", {"rows": [None]}, [None]),
        ("$.rows[*].tags", {"rows": [{"tags": ["a"]}]}, [["a"]]),
        ("$[*]", [[1, 2]], [[1, 2]]),
        ("$", [1, 2], [1, 2]),
        ("$.rows[0].tags", {"rows": [{"tags": ["a"]}]}, ["a"]),
        ("$._embedded.*", {"_embedded": {"teas": [1, 2]}}, [1, 2]),
        ("$._embedded.*", {"_embedded": {"teas": None}}, []),
        ("$..items", {"data": {"items": [1, [2]]}}, [1, [2]]),
        ("$.*", {"rows": [{"id": 1}]}, [{"id": 1}]),
        ("$.data | $.items", {"items": [1]}, [1]),
        ("$.data[*] | $.items", {"data": [[1]], "items": [2]}, [[1], 2]),
        ("$.rows[?@.id]", {"rows": [{"id": 1}, {}]}, [{"id": 1}]),
    ],
)
def test_only_a_list_that_names_lead_to_stands_for_its_elements(path: str, body: Any, items: list[Any]) -> None:
    assert select(path, body) == items
