"""What an API may do wrong: what is tried again, what is not, and what a person reads."""

from typing import Any

import pytest

from repomill.calls.ledger import CallState, LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.errors import (
    ApiAnswerUnusable,
    ApiStatusUnexpected,
    CallUnavailable,
    CallUncertain,
    RecordingMissing,
    RepomillError,
)
from tests.fakes.api_calls import ROOT, Api, source_at
from tests.servers.pet_api import Fault, PetApi, pet_api
from tests.servers.processes import free_ports

GET: dict[str, Any] = {"operation": "GET /pets/1"}
POST: dict[str, Any] = {"operation": "POST /pets", "body": {"name": "Bella"}}
BARE: dict[str, Any] = {**POST, "idempotency_key": False}


@pytest.fixture
def api(pets: PetApi) -> Api:
    return Api(source_at(pets.url))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408])
async def test_what_may_be_repeated_is_repeated_while_the_api_is_busy(api: Api, pets: PetApi, status: int) -> None:
    pets.faults = [Fault(status, times=2)]
    assert (await api.output(**GET))["status"] == 200
    assert api.waits == [0.5, 1.0]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_methods_that_do_the_same_twice_are_repeated(api: Api, pets: PetApi, method: str) -> None:
    pets.faults = [Fault(503, is_done=True)]
    await api.run(operation=f"{method} /pets/1", body={"name": "a"} if method == "PUT" else None)
    assert len(pets.seen) == 2


async def test_the_wait_that_the_api_names_is_kept(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(429, headers={"Retry-After": "7"}), Fault(503, headers={"Retry-After": "3"})]
    await api.run(**GET)
    assert api.waits == [7.0, 3.0]


async def test_patience_has_an_end(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(503, times=9)]
    with pytest.raises(CallUnavailable, match="503"):
        await api.run(**GET)
    assert len(pets.seen) == api.attempts


async def test_half_an_answer_is_asked_for_again(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(drops=True)]
    assert (await api.output(**GET))["body"]["id"] == 1
    assert len(pets.seen) == 2


async def test_a_post_that_was_answered_by_half_is_sent_again_with_the_same_key(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(drops=True, is_done=True)]
    output = await api.output(**POST)
    keys = {seen.headers["idempotency-key"] for seen in pets.seen}
    assert (output["body"]["id"], len(pets.seen), len(keys), len(pets.pets)) == (8, 2, 1, 8)


@pytest.mark.parametrize("fault", [Fault(drops=True, is_done=True), Fault(500, is_done=True), Fault(503)])
async def test_a_post_without_a_key_is_never_sent_again(api: Api, pets: PetApi, fault: Fault) -> None:
    pets.faults = [Fault(**vars(fault))]
    with pytest.raises(CallUncertain):
        await api.run(**BARE)
    with pytest.raises(CallUncertain):  # nor by a resumed run
        await api.run(**BARE)
    assert len(pets.seen) == 1
    assert "idempotency-key" not in pets.last.headers


async def test_a_post_without_a_key_is_sent_again_where_nothing_was_done(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(429)]
    assert (await api.output(**BARE))["status"] == 201


async def test_a_key_of_the_nodes_own_is_kept(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(503)]
    await api.run(**POST, headers={"Idempotency-Key": "mine"})
    assert [seen.headers["idempotency-key"] for seen in pets.seen] == ["mine", "mine"]


async def test_keys_follow_from_execution_node_and_request(api: Api, pets: PetApi) -> None:
    async def key(root: str, node: str, name: str) -> str:
        api.ledger, api.root = MemoryCallLedger(ROOT), root
        await api.run(node, operation="POST /pets", body={"name": name})
        return pets.last.headers["idempotency-key"]

    first = await key("one", "a", "x")
    assert await key("one", "a", "x") == first
    others = {await key("two", "a", "x"), await key("one", "b", "x"), await key("one", "a", "y")}
    assert len(others | {first}) == 4


async def test_an_answer_that_came_is_not_asked_for_again(api: Api, pets: PetApi) -> None:
    first = await api.output(**POST)
    assert await api.output(**POST) == first
    assert len(pets.seen) == 1


async def test_an_api_that_does_not_listen_is_unavailable(api: Api) -> None:
    api.source = source_at(f"http://127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(CallUnavailable):
        await api.run(**BARE)  # nothing went out, so even this may be tried again
    assert len(api.waits) == api.attempts - 1


async def test_an_answer_that_never_comes_is_waited_for_no_longer_than_the_timeout() -> None:
    with pet_api() as pets:  # which may see a request only after it was given up: no other test is to find it there
        api = Api(source_at(pets.url, timeout=0.3), attempts=2)
        pets.faults = [Fault(stalls=True, times=9)]
        with pytest.raises(CallUnavailable, match=r"0\.3 s"):
            await api.run(**GET)
        with pytest.raises(CallUncertain):
            await api.run(**BARE)


@pytest.mark.parametrize("status", [400, 404, 409, 422, 501])
async def test_other_statuses_fail_with_what_the_api_said_and_are_not_kept(api: Api, pets: PetApi, status: int) -> None:
    pets.faults = [Fault(status, body=b'{"detail": "no such tea"}')]
    with pytest.raises(ApiStatusUnexpected, match="no such tea") as failed:
        await api.run(**GET)
    assert failed.value.status == status
    assert [row.state for row in api.ledger.rows.values()] == [CallState.RELEASED]
    assert (await api.output(**GET))["status"] == 200  # a resumed run asks again


@pytest.mark.parametrize("status", [200, 202, 302, 303])
@pytest.mark.parametrize("post", [POST, BARE])
async def test_a_post_that_was_done_is_kept_and_never_sent_again(
    api: Api, pets: PetApi, status: int, post: dict[str, Any]
) -> None:
    pets.faults = [Fault(status, headers={"Location": "/pets/8"}, is_done=True, body=b'{"id": 8}')]
    for _ in range(2):  # a resumed run fails alike
        with pytest.raises(ApiStatusUnexpected) as failed:
            await api.run(**post, expect=[201])
    assert failed.value.status == status
    assert (await api.output(**post, expect=[201, status]))["body"] == {"id": 8}
    assert (len(pets.seen), len(pets.pets)) == (1, 8)


@pytest.mark.parametrize("status", [307, 308])
async def test_a_post_that_is_to_be_sent_elsewhere_was_not_done(api: Api, pets: PetApi, status: int) -> None:
    pets.faults = [Fault(status, headers={"Location": "/animals"})]
    with pytest.raises(ApiStatusUnexpected, match="/animals, which is not followed"):
        await api.run(**BARE)
    assert (await api.output(**BARE))["status"] == 201


async def test_a_redirect_to_no_address_is_an_unexpected_status(api: Api, pets: PetApi) -> None:
    for request in (GET, BARE):
        pets.faults = [Fault(303, headers={"Location": "http://[nowhere"})]
        with pytest.raises(ApiStatusUnexpected):
            await api.run(**request)


async def test_json_that_is_none_is_told_and_asked_for_again_where_it_may_be(api: Api, pets: PetApi) -> None:
    pets.faults = [Fault(200, body=b"{nope")]
    with pytest.raises(ApiAnswerUnusable, match="not JSON"):
        await api.run(**GET)
    assert (await api.output(**GET))["status"] == 200
    pets.faults = [Fault(201, body=b"{nope", is_done=True)]
    with pytest.raises(ApiAnswerUnusable, match="not JSON"):
        await api.run(**POST)
    assert (await api.output(**POST, answer="text"))["body"] == "{nope"  # it was done, and is not done again
    assert len(pets.pets) == 8


async def test_an_answer_over_the_bound_is_cut_off(api: Api) -> None:
    api.max_size = 10
    with pytest.raises(ApiAnswerUnusable, match="more than 10 bytes"):
        await api.run(**GET)
    with pytest.raises(CallUncertain):
        await api.run(**BARE)


async def test_a_recorded_answer_needs_no_api(api: Api, pets: PetApi, tmp_path_factory: pytest.TempPathFactory) -> None:
    api.recordings = tmp_path_factory.mktemp("recordings")
    live = await api.output(**POST)
    pets.seen.clear()
    api.mode, api.ledger, api.root = LedgerMode.STRICT, MemoryCallLedger(ROOT), "another"
    assert await api.output(**POST) == live
    with pytest.raises(RecordingMissing, match="body"):
        await api.run(operation="POST /pets", body={"name": "Other"})
    assert pets.seen == []


async def test_every_failure_is_one_of_ours(api: Api, pets: PetApi) -> None:
    for status in range(300, 600, 7):
        pets.faults = [Fault(status)]
        api.attempts = 1
        with pytest.raises(RepomillError):
            await api.run(f"n{status}", **GET)
