"""Items that come in pages are collected in order, within a bound."""

from typing import Any

import pytest

from repomill.errors import AddressRefused, ApiAnswerUnusable
from tests.fakes.api_calls import Api, described, source_at
from tests.servers.pet_api import Fault, PetApi

WAYS: list[tuple[str, dict[str, Any], int]] = [
    ("GET /pets", {"by": "link"}, 3),
    ("GET /pets", {"by": "page", "parameter": "page"}, 4),
    ("GET /cursor", {"by": "cursor", "next": "$.next", "parameter": "after", "items": "$.data.pets"}, 3),
    ("GET /cursor", {"by": "next", "next": "$.next_url", "items": "$.data.pets[*]"}, 3),
    ("GET /offset", {"by": "offset", "parameter": "offset", "items": "$.pets"}, 5),
]


@pytest.fixture
def api(pets: PetApi) -> Api:
    return Api(source_at(pets.url))


@pytest.mark.parametrize(("operation", "paginate", "pages"), WAYS)
async def test_all_pages_are_collected(api: Api, operation: str, paginate: dict[str, Any], pages: int) -> None:
    output = await api.output(operation=operation, paginate=paginate)
    assert [item["id"] for item in output["items"]] == [1, 2, 3, 4, 5, 6, 7]
    assert (output["pages"], output["complete"], output["status"]) == (pages, True, 200)


@pytest.mark.parametrize(("operation", "paginate", "pages"), WAYS)
async def test_no_more_pages_are_asked_for_than_allowed(
    api: Api, pets: PetApi, operation: str, paginate: dict[str, Any], pages: int
) -> None:
    output = await api.output(operation=operation, paginate=paginate | {"max_pages": 2})
    assert (output["pages"], output["complete"], len(pets.seen)) == (2, False, 2)
    assert pages > 2


async def test_other_parameters_go_along_and_the_first_number_may_be_named(api: Api, pets: PetApi) -> None:
    paging = {"by": "page", "parameter": "page", "start": 2}
    output = await api.output(operation="GET /pets", query={"limit": 2, "page": 9}, paginate=paging)
    assert [item["id"] for item in output["items"]] == [3, 4, 5, 6, 7]
    assert [seen.query for seen in pets.seen][:2] == ["limit=2&page=2", "limit=2&page=3"]


async def test_pages_that_were_answered_are_not_asked_for_again(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(200, times=0), Fault(404, times=0)]
    first = await api.output(operation="GET /pets", paginate={"by": "link"})
    assert await api.output(operation="GET /pets", paginate={"by": "link"}) == first
    assert len(pets.seen) == 3


async def test_a_link_back_to_an_earlier_page_ends_it(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(200, times=9, body=b"[1]", headers={"Link": '</pets>; rel="next"'})]
    with pytest.raises(ApiAnswerUnusable, match="was there before"):
        await api.run(operation="GET /pets", paginate={"by": "link"})


async def test_a_link_to_a_host_that_was_not_named_is_not_followed(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(200, body=b"[1]", headers={"Link": '<http://169.254.169.254/x>; rel="next"'})]
    with pytest.raises(AddressRefused, match=r"169\.254\.169\.254"):
        await api.run(operation="GET /pets", paginate={"by": "link"})


async def test_every_page_is_checked_against_the_document(pets: PetApi) -> None:
    api = Api(source_at(pets.url), await described(pets.url))
    settings: dict[str, Any] = {"operation": "listPets", "paginate": {"by": "page", "parameter": "page"}}
    assert (await api.output(**settings, check_response="fail"))["warnings"] == []
    bodies = (b'[{"name": "a"}]', b'[{"id": 1}]', b"[]")
    pets.faults = [Fault(200, body=body) for body in bodies]
    output = await api.output(**settings, query={"limit": 1}, check_response="warn")
    assert output["warnings"] == ["page 2: 0: 'name' is a required property"]
    pets.faults = [Fault(200, body=b'[{"id": 1}]')]
    with pytest.raises(ApiAnswerUnusable, match="page 1: 0: 'name' is a required property"):
        await api.run(**settings, query={"limit": 2}, check_response="fail")


async def test_a_page_that_is_no_json_is_told(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(200, body=b"<html>", headers={"Content-Type": "text/html"})]
    with pytest.raises(ApiAnswerUnusable, match="page 1 is not JSON"):
        await api.run(operation="GET /pets", paginate={"by": "link"})


async def test_a_page_without_items_has_none(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(200, body=b"5")]
    output = await api.output(operation="GET /pets", paginate={"by": "cursor", "next": "$.n", "parameter": "c"})
    assert (output["items"], output["complete"]) == ([], True)
